//! `kolmo compress` and `kolmo decompress`: a trained model as a lossless compressor.

mod files;

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::Context;
use kolmo_codec::{Codec, CodecError, Predictor};
use kolmo_kernels::Workers;
use kolmo_run::RunDirectory;
use kolmo_world::Lesson;
use serde::Serialize;

use self::files::{STANDARD, Source, Target, beside, is_standard, is_stream, shown};
use crate::{
    exit::{Unwritten, Usage},
    output::print,
    progress::{Count, Volume, say},
    settings,
    stop::StopRequest,
    weights::Weights,
};

/// Behind the name of a compressed file.
const ENDING: &str = "kolmo";

/// Time between two looks at whether somebody has asked it to stop.
const PAUSE: Duration = Duration::from_millis(20);

/// Compress a file with the predictions of a trained model
///
/// Lines in the language of the run's world, such as `kolmo world sample` prints, take about as many bits as the model loses on
/// them; all others are left to zstd. The same run with the same checkpoint gives the text back, see kolmo decompress.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo world sample configs/quickstart.toml -n 100000 --first 5e6 > text
  kolmo compress runs/quickstart-1bc37c7e text
  kolmo world sample configs/quickstart.toml | kolmo compress runs/quickstart-1bc37c7e - > text.kolmo")]
pub struct Compress {
    #[command(flatten)]
    common: Common,
    /// Where the compressed file goes, - for standard output; by default FILE.kolmo, or standard output if the text comes from no file
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
    /// Where the text goes, - for standard output; by default FILE without .kolmo, or standard output if it comes from no file
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, clap::Args)]
struct Common {
    /// The run directory
    run_dir: PathBuf,
    /// The file, or - for standard input
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
    let default = || match is_stream(&common.file) {
        true => STANDARD.into(),
        false => beside(&common.file, ENDING),
    };
    let out = out.clone().unwrap_or_else(default);
    if is_standard(&out) && io::stdout().is_terminal() {
        let problem = "a compressed file is not for a terminal: redirect it, or name an --out";
        return Err(Usage(problem.to_owned()).into());
    }
    let done = common.with_codec(&out, volume, |codec, file, writer, progress| {
        codec.compress(file, writer, progress)
    })?;
    if volume != Volume::Quiet {
        say(&describe(&done, &shown(&out)));
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
        if is_stream(&common.file) {
            return Some(STANDARD.into());
        }
        let is_ours = common.file.extension().is_some_and(|name| name == ENDING);
        is_ours.then(|| common.file.with_extension(""))
    };
    let Some(out) = out.clone().or_else(default) else {
        let file = common.file.display();
        let problem = format!("{file} does not end in .{ENDING}: name the text with --out");
        return Err(Usage(problem).into());
    };
    if is_standard(&common.file) && io::stdin().is_terminal() {
        let problem = "a compressed file does not come from a terminal: redirect it, or name it";
        return Err(Usage(problem.to_owned()).into());
    }
    let bytes = common.with_codec(&out, volume, |codec, file, writer, progress| {
        codec.decompress(file, writer, progress)
    })?;
    if volume != Volume::Quiet {
        say(&format!("{}: {bytes} bytes", shown(&out)));
    }
    if common.json {
        let text = Text { bytes };
        print(&serde_json::to_string(&text).context("the size has no JSON form")?)?;
    }
    Ok(())
}

/// What a thread does with a text and its code: [`Codec::compress`] or [`Codec::decompress`].
type Work<T> = fn(
    &Codec<'_>,
    BufReader<Box<dyn Read + Send>>,
    &mut BufWriter<File>,
    &mut dyn FnMut(u64),
) -> Result<T, CodecError>;

impl Common {
    /// Lets `work` read the file and write `out`, which is there only if all went well.
    fn with_codec<T: Send + 'static>(
        &self,
        out: &Path,
        volume: Volume,
        work: Work<T>,
    ) -> anyhow::Result<T> {
        if is_standard(out) && self.json {
            let problem = "--json prints on standard output, to which the file goes: name an --out";
            return Err(Usage(problem.to_owned()).into());
        }
        let stop = StopRequest::listen().context("could not listen for signals")?;
        let source = Source::open(&self.file)?;
        let target = Target::begin(out, &source)?;
        let writer = target.file().context("could not open the file anew")?;
        let (common, written) = (self.clone(), shown(out));
        let (done, end) = mpsc::sync_channel(1);
        // A thread of its own, since neither a model at work nor a pipe that brings nothing looks at signals.
        thread::spawn(move || {
            let result = common.code(source, writer, &written, volume, work);
            // Nobody waits where it was stopped.
            let _ = done.send(result);
        });
        let result = loop {
            match end.recv_timeout(PAUSE) {
                Ok(result) => break result?,
                Err(RecvTimeoutError::Timeout) if stop.is_asked() => {
                    // With it goes what was written.
                    drop(target);
                    return Err(Unwritten.into());
                }
                Err(RecvTimeoutError::Timeout) => {}
                // It has said its piece already.
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(anyhow::Error::msg("nothing was written"));
                }
            }
        };
        target.finish()?;
        Ok(result)
    }

    /// Lets `work` read `source` and write to `writer`, which is for the place that messages call `written`.
    fn code<T>(
        &self,
        source: Source,
        writer: File,
        written: &str,
        volume: Volume,
        work: Work<T>,
    ) -> anyhow::Result<T> {
        let run = RunDirectory::at(&self.run_dir);
        let (config, world) = settings::world_of_run(&run)?;
        let loaded = self.weights.load(&run, &config, &world)?;
        let lesson = config.lesson(&world)?;
        let lesson = lesson.as_ref().map_or(0, Lesson::max_document_length);
        let room = world.max_document_length().max(lesson);
        let workers = Workers::of_machine().context("no threads to compute with")?;
        let predictor = Predictor::new(&loaded.model, &loaded.device.device, room);
        let codec = Codec::new(predictor, world.vocabulary(), &workers)?;

        let Source {
            reader,
            shown,
            length,
            ..
        } = source;
        // Of what has no end that is known there is no share.
        let mut count = length.map(|length| Count::new(volume, "bytes", 0, length));
        let mut writer = BufWriter::new(writer);
        let mut progress = |bytes| {
            if let Some(count) = &mut count {
                count.set(bytes);
            }
        };
        let result = work(&codec, BufReader::new(reader), &mut writer, &mut progress);
        if let Some(count) = count {
            count.finish();
        }
        let result = result.map_err(|error| {
            let place = match error.is_of_output() {
                true => written.to_owned(),
                false => shown,
            };
            anyhow::Error::new(error).context(place)
        })?;
        let flushed = writer.flush();
        flushed.with_context(|| format!("could not write {written}"))?;
        Ok(result)
    }
}

fn describe(done: &kolmo_codec::Compressed, out: &str) -> String {
    let mut text = format!("{out}: {} bytes of {}", done.written, done.bytes);
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
