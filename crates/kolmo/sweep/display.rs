//! A sweep on the terminal: a bar for each run at work and one for all, or plain lines elsewhere.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar};
use kolmo_sweep::{
    RunStatus, State,
    execute::{Counts, Observer},
};

use crate::{
    plain::plain,
    progress::{Volume, duration, on_terminal, say, style},
    stop::StopRequest,
};

/// Shows a sweep on standard error.
pub struct Display {
    volume: Volume,
    stop: StopRequest,
    bars: Option<Bars>,
    started: Instant,
    last_line: Instant,
}

struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    runs: HashMap<String, ProgressBar>,
}

/// Time between two plain lines.
const PAUSE: Duration = Duration::from_secs(30);

impl Display {
    /// The display of a sweep that can be stopped by `stop`.
    pub fn new(volume: Volume, stop: StopRequest) -> Self {
        let bars = on_terminal(volume).then(|| {
            let all = MultiProgress::new();
            let total = all.add(bar(" runs"));
            Bars {
                all,
                total,
                runs: HashMap::new(),
            }
        });
        Self {
            volume,
            stop,
            bars,
            started: Instant::now(),
            last_line: Instant::now(),
        }
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        if let Some(bars) = &self.bars {
            let _ = bars.all.clear();
        }
    }

    /// Whether somebody asked the sweep to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_asked()
    }

    fn line(&self, text: &str) {
        match &self.bars {
            // Not through the bars, which may be hidden and then show nothing. They are drawn again with the next figures.
            Some(bars) => {
                let _ = bars.all.clear();
                say(text);
            }
            None => say(text),
        }
    }

    fn words(&self, counts: &Counts) -> String {
        let mut words = format!("| {} waiting", counts.waiting);
        for (count, what) in [(counts.failed, "failed"), (counts.diverged, "diverged")] {
            if count > 0 {
                words.push_str(&format!(", {count} {what}"));
            }
        }
        format!("{words} | {}", duration(self.started.elapsed()))
    }
}

fn bar(what: &str) -> ProgressBar {
    ProgressBar::no_length().with_style(style(what))
}

fn describe(run: &RunStatus) -> String {
    match run.loss {
        Some(loss) => format!("{} | loss {loss:.3} nats/token", run.label),
        None => run.label.clone(),
    }
}

impl Observer for Display {
    fn started(&mut self, run: &RunStatus, device: &str, threads: usize) {
        if self.volume == Volume::Quiet {
            return;
        }
        if self.bars.is_none() || self.volume == Volume::Verbose {
            let from = match run.step {
                0 => String::new(),
                step => format!(" from step {step}"),
            };
            self.line(&format!(
                "begins    {} {}{from} on {device}, threads: {threads}",
                run.id, run.label
            ));
        }
    }

    fn at_work(&mut self, runs: &[RunStatus], counts: &Counts) {
        let words = self.words(counts);
        if let Some(bars) = &mut self.bars {
            bars.total.set_length(counts.all as u64);
            bars.total.set_position(counts.done as u64);
            bars.total.set_message(words);
            bars.runs.retain(|id, bar| {
                let is_at_work = runs.iter().any(|run| run.id == *id);
                if !is_at_work {
                    bar.finish_and_clear();
                }
                is_at_work
            });
            for run in runs {
                let bar = bars.runs.entry(run.id.clone()).or_insert_with(|| {
                    let new = bar("");
                    bars.all.insert_before(&bars.total, new)
                });
                bar.set_length(run.steps);
                bar.set_position(run.step);
                bar.set_message(plain(&describe(run)).into_owned());
            }
        } else if self.volume != Volume::Quiet && self.last_line.elapsed() >= PAUSE {
            self.last_line = Instant::now();
            for run in runs {
                say(&format!(
                    "at work   {} step {}/{} {}",
                    run.id,
                    run.step,
                    run.steps,
                    describe(run)
                ));
            }
            say(&format!("{}/{} runs {words}", counts.done, counts.all));
        }
    }

    fn ended(&mut self, run: &RunStatus, last_words: Option<&str>, again: bool) {
        if self.volume == Volume::Quiet && last_words.is_none() {
            return;
        }
        let what = match (run.state, again) {
            (State::Failed, true) => "failed, and is begun again",
            (state, _) => state.name(),
        };
        let words = last_words
            .map(|words| format!(": {words}"))
            .unwrap_or_default();
        self.line(&format!("{what:9} {} {}{words}", run.id, describe(run)));
    }

    fn warning(&mut self, text: &str) {
        self.line(&format!("warning: {text}"));
    }

    // A second Ctrl-C ends this process at once; its runs save, and are found by the next one.
    fn wants_stop(&self) -> bool {
        self.stop.is_asked()
    }
}
