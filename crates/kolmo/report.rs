//! `kolmo report`: runs and sweeps laid over theory.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use kolmo_config::ReportConfig;
use kolmo_report::{
    claims, headlines,
    html::{self, Place},
    report::{LeftOut, Reason, Report, Verdict},
    study::{Given, Study},
};
use kolmo_run::{RunDirectory, files, is_there};
use kolmo_sweep::{Planned, SweepDirectory, SweepFile};

use crate::{
    exit::Usage,
    output::print,
    progress::{Volume, say},
    provenance,
};

/// Lay runs or sweeps over theory: fits, verdicts and figures in one HTML file
///
/// A directory is a sweep's or a run's; runs that are given one by one are looked at together. Only runs that are done
/// count, each training once, and of a sweep those that were planned last. Which claims are looked at, and over which ranges, says the table report of the sweep file; without it, every claim that
/// the runs allow, over all of them. Beside the HTML file go report.json and figures/, as SVG, PNG and CSV, and
/// tensorboard/ with the figures as images.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo report runs/model_size runs/data_size -o report.html")]
pub struct Arguments {
    /// Directories of sweeps or runs
    #[arg(required = true, value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// The HTML file; by default report/report.html in the first directory
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the verdicts as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let studies = studies(&arguments.directories, volume)?;
    let place = match &arguments.output {
        Some(output) => Place::at(output)?,
        None => inside(&arguments.directories[0])?,
    };
    let titles: Vec<&str> = studies
        .iter()
        .map(|study| study.settings.title.as_str())
        .collect();
    let title = match &titles[..] {
        [title] if !title.is_empty() => (*title).to_owned(),
        _ => "Runs laid over theory".to_owned(),
    };
    write(&title, &studies, &place, arguments.json, volume)
}

/// Where a report goes unasked: into the folder of a run or a sweep.
pub fn inside(directory: &Path) -> anyhow::Result<Place> {
    let place = Place::at(directory.join("report/report.html"))?;
    let is_run = RunDirectory::at(directory).mark()?.is_some();
    Ok(match is_run || SweepDirectory::at(directory).is_ours()? {
        true => place.chosen(),
        false => place,
    })
}

/// Writes the report of `studies` to `place`, and shows its verdicts.
pub fn write(
    title: &str,
    studies: &[Study],
    place: &Place,
    json: bool,
    volume: Volume,
) -> anyhow::Result<()> {
    place.check()?;
    let mut sections = Vec::new();
    for study in studies {
        if volume != Volume::Quiet {
            tell_left_out(study);
        }
        sections.extend(claims::sections(study)?);
        sections.extend(headlines::appendices(study)?);
    }
    let left_out = studies.iter().flat_map(|study| &study.left_out);
    let report = Report {
        title: title.to_owned(),
        headlines: headlines::rows(studies)?,
        sections,
        left_out: left_out.cloned().collect(),
        provenance: provenance(studies),
    };
    html::write(place, &report)?;
    if json {
        print(report.json()?.trim_end())?;
    } else {
        print(table(&report).trim_end())?;
    }
    if volume != Volume::Quiet {
        say(&format!("\nwritten to {}", place.path().display()));
    }
    Ok(())
}

/// Says which runs no claim looks at: of those that are not done or not planned, which may be many, the number.
fn tell_left_out(study: &Study) {
    let name = &study.name;
    let (mut not_done, mut not_planned) = (0, 0);
    for LeftOut { run, reason, .. } in &study.left_out {
        match reason {
            Reason::NotDone => not_done += 1,
            Reason::NotPlanned => not_planned += 1,
            Reason::SameTraining { .. } => say(&format!("{name}: {run} is left out: {reason}")),
        }
    }
    if not_done > 0 {
        say(&format!(
            "{name}: {not_done} runs are not done and left out"
        ));
    }
    if not_planned > 0 {
        say(&format!(
            "{name}: {not_planned} runs are in its folder, not planned any more, and left out"
        ));
    }
}

/// What made the runs, and what made the report.
fn provenance(studies: &[Study]) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for study in studies {
        let count = study.runs.len() + study.tuned.len();
        let runs = format!("{count} runs of {}", study.name);
        lines.extend(
            study
                .made_by()
                .into_iter()
                .map(|maker| (runs.clone(), maker)),
        );
    }
    lines.push(("this report".to_owned(), provenance::version()));
    lines
}

/// A study for each sweep, and one of all single runs.
fn studies(directories: &[PathBuf], volume: Volume) -> anyhow::Result<Vec<Study>> {
    let mut studies = Vec::new();
    let mut single = Vec::new();
    let mut seen = HashSet::new();
    for directory in directories {
        // The same run twice is no second seed.
        let place = fs::canonicalize(directory).unwrap_or_else(|_| directory.clone());
        if !seen.insert(place) {
            continue;
        }
        if is_there(directory.join("config.toml"))? {
            single.push(directory.clone());
        } else if is_there(directory.join("sweep.toml"))? {
            studies.push(of_sweep(directory, volume)?);
        } else {
            let problem = format!(
                "{} is neither a run nor a sweep: a run has config.toml, a sweep has sweep.toml",
                directory.display()
            );
            return Err(Usage(problem).into());
        }
    }
    if let Some(first) = single.first() {
        let text = text_of(&first.join("config.toml"))?;
        let sources = vec![("config.toml".to_owned(), text)];
        let runs = single.iter().map(|directory| Given {
            directory: RunDirectory::at(directory),
            identity: None,
        });
        studies.push(Study::read(
            "runs",
            ReportConfig::default(),
            sources,
            runs.collect(),
        )?);
    }
    Ok(studies)
}

/// The sweep in `directory`, as it was planned there last.
pub fn of_sweep(directory: &Path, volume: Volume) -> anyhow::Result<Study> {
    let sweep = SweepDirectory::at(directory);
    let (planned, text) = Planned::with_text(&sweep)?;
    let path = sweep.sweep();
    let file = SweepFile::parse(&text, &kolmo_report::choices());
    let file = file.with_context(|| format!("in {}", path.display()))?;
    let name = std::path::absolute(directory).unwrap_or_else(|_| directory.to_path_buf());
    let name = name
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if volume != Volume::Quiet && planned.is_outdated() {
        say(&format!(
            "{name}: {} was changed since its runs were planned, and the report is of what was planned; kolmo sweep run, submit \
             or commands plans it anew",
            planned.file
        ));
    }
    let runs = planned.runs.iter().map(|id| Given {
        directory: sweep.run(id),
        identity: Some(id.clone()),
    });
    let sources = vec![("sweep.toml".to_owned(), text)];
    let mut study = Study::read(&name, file.report, sources, runs.collect())?;
    let first = study.runs.iter().chain(&study.tuned).next();
    if let Some(first) = first {
        let text = text_of(&first.directory.config())?;
        let title = "config.toml of its first run".to_owned();
        study.sources.push((title, text));
    }
    let unplanned = unplanned(&sweep, &planned)?.into_iter();
    study.left_out.extend(unplanned.map(|run| LeftOut {
        study: name.clone(),
        run: run.display().to_string(),
        reason: Reason::NotPlanned,
    }));
    Ok(study)
}

/// The runs that are in the folder of `sweep` and are not `planned`.
fn unplanned(sweep: &SweepDirectory, planned: &Planned) -> anyhow::Result<Vec<PathBuf>> {
    let folder = sweep.runs();
    let problem = || format!("could not read {}", folder.display());
    let mut unplanned = Vec::new();
    for entry in fs::read_dir(&folder).with_context(problem)? {
        let entry = entry.with_context(problem)?;
        let name = entry.file_name();
        let is_planned = planned.runs.iter().any(|id| name == id.as_str());
        // What cannot be read may be one, and is left out all the same.
        let holds_a_run = || {
            let owner = RunDirectory::at(entry.path()).owner();
            owner.map_or(true, |mark| mark.is_some())
        };
        if !is_planned && holds_a_run() {
            unplanned.push(entry.path());
        }
    }
    unplanned.sort();
    Ok(unplanned)
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    let text = files::read_text(path);
    text.with_context(|| format!("could not read {}", path.display()))
}

/// The headlines that runs answer and the verdicts, a line each.
fn table(report: &Report) -> String {
    let mut text = headlines_table(report);
    text.push_str(&verdicts_table(report));
    text
}

fn headlines_table(report: &Report) -> String {
    let answered = report.headlines.iter().filter(|one| one.study.is_some());
    let answered: Vec<_> = answered.collect();
    if answered.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "    {:15}  {:>15}  {:>9}  {:>19}  {:>19}  {:>5}  verdict\n",
        "headline", "predicted", "measured", "95 % interval", "corrected", "seeds"
    );
    for one in answered {
        text.push_str(&format!(
            "{:2}  {:15}  {:>15}  {:>9}  {:>19}  {:>19}  {:>5}  {}\n",
            one.number,
            one.name,
            one.predicted_text(),
            one.measured_text(),
            one.interval_text(),
            one.corrected_text(),
            one.seeds_text(),
            one.outcome_text()
        ));
    }
    text.push('\n');
    text
}

fn verdicts_table(report: &Report) -> String {
    let verdicts: Vec<&Verdict> = report.verdicts().collect();
    if verdicts.is_empty() {
        return "no claim can be looked at: the runs vary neither in size nor in data nor seed\n"
            .to_owned();
    }
    let width = verdicts
        .iter()
        .map(|verdict| verdict.claim.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = format!(
        "{:width$}  {:>15}  {:>9}  {:>19}  {:>5}  {:7}  verdict\n",
        "claim", "predicted", "measured", "95 % interval", "seeds", "sort"
    );
    for verdict in &verdicts {
        text.push_str(&format!(
            "{:width$}  {:>15}  {:>9}  {:>19}  {:>5}  {:7}  {}\n",
            verdict.claim,
            verdict.predicted_text(),
            verdict.measured_text(),
            verdict.interval_text(),
            verdict
                .seeds
                .map_or("-".to_owned(), |seeds| seeds.to_string()),
            verdict.sort.name(),
            verdict.verdict.name()
        ));
    }
    text.push('\n');
    for (sort, counts) in report.counts() {
        let counts = counts.map(|(outcome, number)| format!("{number} {}", outcome.plural()));
        text.push_str(&format!("{:8}  {}\n", sort.plural(), counts.join(", ")));
    }
    text
}
