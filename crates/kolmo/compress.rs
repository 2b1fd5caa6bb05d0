//! `kolmo compress` and `kolmo decompress`: a trained model as a lossless compressor.

use std::{
    fs::{self, File},
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use kolmo_codec::{Codec, CodecError, Predictor};
use kolmo_kernels::Workers;
use kolmo_run::{RunDirectory, atomic};
use kolmo_world::Lesson;
use serde::Serialize;

use crate::{
    exit::Usage,
    progress::{Count, Volume, print, say},
    settings,
    weights::Weights,
};

/// Behind the name of a compressed file.
const ENDING: &str = "kolmo";

/// Compress a file with the predictions of a trained model
///
/// Lines in the language of the run's world, such as `kolmo world sample` prints, take about as many bits as the model loses on
/// them; all others are left to zstd. The same run with the same checkpoint gives the text back, see kolmo decompress.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo world sample configs/quickstart.toml -n 100000 --first 5e6 > text
  kolmo compress runs/quickstart-1bc37c7e text")]
pub struct Compress {
    #[command(flatten)]
    common: Common,
    /// Where the compressed file goes; by default FILE.kolmo
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Give back a file that kolmo compress has compressed
///
/// It takes the model that compressed it, on the same kind of processor and device: predictions in other bits would decode to
/// nothing. Nothing is written unless the checksum of the whole text is right.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo decompress runs/quickstart-1bc37c7e text.kolmo --out text.again")]
pub struct Decompress {
    #[command(flatten)]
    common: Common,
    /// Where the text goes; by default FILE without .kolmo
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// The run directory
    run_dir: PathBuf,
    /// The file
    file: PathBuf,
    #[command(flatten)]
    weights: Weights,
    /// Print one JSON object with the sizes on standard output
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Sizes {
    /// Of the text.
    bytes: u64,
    /// Lines of the text.
    lines: u64,
    /// Lines that the model has coded.
    modelled_lines: u64,
    /// Bytes of the others.
    other_bytes: u64,
    /// Σ −log2 P of the lines that the model has coded, and of which they are.
    information_bits: f64,
    /// Length of their arithmetic code.
    coded_bits: u64,
    /// Of the compressed file.
    written_bytes: u64,
}

/// The same of `kolmo decompress`.
#[derive(Serialize)]
struct Text {
    /// Of the text.
    bytes: u64,
}

/// Runs `kolmo compress`.
pub fn compress(arguments: &Compress, volume: Volume) -> anyhow::Result<()> {
    let Compress { common, out } = arguments;
    let default = || {
        let mut name = common.file.clone().into_os_string();
        name.push(".");
        name.push(ENDING);
        name.into()
    };
    let out = out.clone().unwrap_or_else(default);
    let done = common.with_codec(&out, volume, |codec, file, writer, progress| {
        codec.compress(file, writer, progress)
    })?;
    if volume != Volume::Quiet {
        say(&describe(&done, &out));
    }
    if common.json {
        let sizes = Sizes {
            bytes: done.bytes,
            lines: done.lines,
            modelled_lines: done.modelled,
            other_bytes: done.other_bytes,
            information_bits: done.information_bits,
            coded_bits: done.coded_bits,
            written_bytes: done.written,
        };
        print(&serde_json::to_string(&sizes).context("the sizes have no JSON form")?)?;
    }
    Ok(())
}

/// Runs `kolmo decompress`.
pub fn decompress(arguments: &Decompress, volume: Volume) -> anyhow::Result<()> {
    let Decompress { common, out } = arguments;
    let default = || {
        let is_ours = common.file.extension().is_some_and(|name| name == ENDING);
        is_ours.then(|| common.file.with_extension(""))
    };
    let Some(out) = out.clone().or_else(default) else {
        let file = common.file.display();
        let problem = format!("{file} does not end in .{ENDING}: name the text with --out");
        return Err(Usage(problem).into());
    };
    let bytes = common.with_codec(&out, volume, |codec, file, writer, progress| {
        codec.decompress(file, writer, progress)
    })?;
    if volume != Volume::Quiet {
        say(&format!("{}: {bytes} bytes", out.display()));
    }
    if common.json {
        let text = Text { bytes };
        print(&serde_json::to_string(&text).context("the size has no JSON form")?)?;
    }
    Ok(())
}

impl Common {
    /// Lets `work` read the file and write `out`, which is there only if all went well.
    fn with_codec<T>(
        &self,
        out: &Path,
        volume: Volume,
        work: impl FnOnce(
            &Codec<'_>,
            BufReader<File>,
            &mut dyn Write,
            &mut dyn FnMut(u64),
        ) -> Result<T, CodecError>,
    ) -> anyhow::Result<T> {
        // A link to nowhere included.
        if fs::symlink_metadata(out).is_ok() {
            let problem = format!(
                "{} is there already: name another --out, or remove it",
                out.display()
            );
            return Err(Usage(problem).into());
        }
        let shown = self.file.display();
        let file = File::open(&self.file).with_context(|| format!("could not open {shown}"))?;
        let length = file.metadata().map_or(0, |about| about.len());
        let run = RunDirectory::at(&self.run_dir);
        let (config, world) = settings::world_of_run(&run)?;
        let loaded = self.weights.load(&run, &config, &world)?;
        let lesson = config.lesson(&world)?;
        let lesson = lesson.as_ref().map_or(0, Lesson::max_document_length);
        let room = world.max_document_length().max(lesson);
        let workers = Workers::of_machine().context("no threads to compute with")?;
        let predictor = Predictor::new(&loaded.model, &loaded.device.device, room);
        let codec = Codec::new(predictor, world.vocabulary(), &workers)?;

        let mut count = Count::new(volume, "bytes", 0, length);
        let mut result = None;
        let written = atomic::write(out, |writer| {
            let done = work(&codec, BufReader::new(file), writer, &mut |bytes| {
                count.set(bytes);
            });
            let is_done = done.is_ok();
            result = Some(done);
            match is_done {
                true => Ok(()),
                false => Err(io::ErrorKind::Other.into()),
            }
        });
        count.finish();
        match result {
            Some(Err(error)) => {
                let place = match error.is_of_output() {
                    true => out.display(),
                    false => shown,
                };
                Err(anyhow::Error::new(error).context(format!("{place}")))
            }
            Some(Ok(done)) => written.map(|()| done).map_err(Into::into),
            None => Err(written.err().map_or_else(
                || anyhow::Error::msg("nothing was written"),
                anyhow::Error::new,
            )),
        }
    }
}

fn describe(done: &kolmo_codec::Compressed, out: &Path) -> String {
    let mut text = format!(
        "{}: {} bytes of {}",
        out.display(),
        done.written,
        done.bytes
    );
    let lines = done.modelled as f64;
    if done.modelled > 0 {
        text += &format!(
            "\nthe model: {} of {} lines, {:.2} bits each ({:.2} by its probabilities)",
            done.modelled,
            done.lines,
            done.coded_bits as f64 / lines,
            done.information_bits / lines,
        );
    }
    if done.other_bytes > 0 {
        text += &format!("\nzstd: {} bytes of the text", done.other_bytes);
    }
    text
}
