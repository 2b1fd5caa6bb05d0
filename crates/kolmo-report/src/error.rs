//! What can go wrong in a report, and what to do about it.

use std::io;
use std::path::PathBuf;

use plotters::drawing::DrawingAreaErrorKind;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a report. The cause is the error's `source`, so print the whole chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder of a run's figures cannot be made.
    #[error("could not create the folder {path}: check its parent's permissions and that no file has this name", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },

    /// Files of somebody else are where those of a report are to be, or the disk refuses.
    #[error(transparent)]
    Outputs(#[from] kolmo_run::Error),

    /// A figure is made but cannot be written.
    #[error("could not write {path}: check the folder's permissions and the free space, then repeat the command", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What writing it met.
        source: kolmo_run::Error,
    },

    /// The plotting library refused a figure.
    #[error(
        "could not draw the figure {figure}: the numbers are unharmed; please report this with the files of the run"
    )]
    Draw {
        /// Its name or title.
        figure: String,
        /// What the plotting library answered.
        source: DrawingAreaErrorKind<io::Error>,
    },

    /// A study is for a claim that there is not.
    #[error("there is no claim {name}; there are {names}")]
    NoClaim {
        /// What it is called.
        name: String,
        /// The names of all claims.
        names: String,
    },

    /// A sweep file names a number that does not decide its headline.
    #[error(
        "{study}: the headline {headline} is decided by {statistic}: name that in its report.headlines"
    )]
    Statistic {
        /// The study.
        study: String,
        /// The headline.
        headline: &'static str,
        /// What decides it.
        statistic: &'static str,
    },

    /// A sweep file does not say how near is near enough.
    #[error("{study}: the headline {headline} needs a margin: write one in its report.headlines")]
    NoMargin {
        /// The study.
        study: String,
        /// The headline.
        headline: &'static str,
    },

    /// A run's configuration is none, or not of this version.
    #[error("could not read {path}: if another version of kolmo made it, use that one", path = path.display())]
    Config {
        /// The configuration file.
        path: PathBuf,
        /// What is wrong with it.
        source: kolmo_config::ConfigError,
    },

    /// The run that another one fine-tunes is not the one that it began with.
    #[error("{path} is not of the run that was fine-tuned: restore it, or leave the fine-tuning out", path = path.display())]
    Base {
        /// The configuration file of what should be that run.
        path: PathBuf,
    },

    /// The records of a run cannot be read.
    #[error("could not read the run {run}: leave it out, or repeat it", run = run.display())]
    Records {
        /// The run's directory.
        run: PathBuf,
        /// What reading it met.
        source: kolmo_run::Error,
    },

    /// The file for a report is not called as one.
    #[error("{path} is no name for a report: let it end in .html, as report.html does", path = path.display())]
    Page {
        /// The file.
        path: PathBuf,
    },

    /// A figure is drawn but cannot be turned into pixels.
    #[error(
        "could not turn the figure {figure} into PNG ({reason}): its SVG and numbers are unharmed; please report this with the report's files"
    )]
    Png {
        /// Its name.
        figure: String,
        /// What the libraries answered.
        reason: String,
    },

    /// The figures are written but TensorBoard's view of them is not.
    #[error("could not write the figures for TensorBoard into {folder}: the report and its figures are complete; check the folder's permissions and the free space, then repeat the command", folder = folder.display())]
    TensorBoard {
        /// The folder of the event files.
        folder: PathBuf,
        /// What writing them met.
        source: kolmo_run::Error,
    },

    /// Numbers have no JSON form: their type is at fault, not the disk.
    #[error("could not turn numbers into JSON: their type needs a plain serde form")]
    Serialize {
        /// What serde objected to.
        source: serde_json::Error,
    },
}
