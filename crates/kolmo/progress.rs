//! How a run is shown: a bar on a terminal, plain lines elsewhere.

use std::{
    io::{Write, stderr},
    path::Path,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kolmo_probe::Cohort;
use kolmo_run::{EvaluationRecord, StepRecord};
use kolmo_train::Observer;

use crate::{plain::plain, stop::StopRequest};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volume {
    /// Warnings and errors.
    Quiet,
    /// The course of things.
    Normal,
    /// Every logged step.
    Verbose,
}

/// Shows a run on standard error.
pub struct Progress {
    volume: Volume,
    steps: u64,
    /// Steps that were done when it began.
    from: u64,
    bar: Option<ProgressBar>,
    started: Instant,
    last_line: Instant,
    /// Of the last evaluation, in words.
    value_loss: Option<String>,
    stop: StopRequest,
}

/// Time between two plain lines.
const PAUSE: Duration = Duration::from_secs(5);

impl Progress {
    /// The display of a run of `steps` steps, which can be stopped by `stop`.
    pub fn new(volume: Volume, steps: u64, stop: StopRequest) -> Self {
        Self {
            volume,
            steps,
            from: 0,
            stop,
            bar: bar(volume, steps),
            started: Instant::now(),
            last_line: Instant::now(),
            value_loss: None,
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            // Not through the bar, which may be hidden and then shows nothing.
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }

    fn describe(&self, record: &StepRecord) -> String {
        let value = self.value_loss.as_deref().unwrap_or("not measured yet");
        // What matters most comes first: a narrow terminal cuts off the rest.
        format!(
            "ETA {} | loss {:.3} nats/token | value loss {value} | lr {:.1e} | grad {:.2} | {:.0} tokens/s",
            duration(self.eta(record.step)),
            record.loss,
            record.lr,
            record.grad_norm,
            record.tokens_per_s,
        )
    }

    fn eta(&self, step: u64) -> Duration {
        let done = step.saturating_sub(self.from).max(1) as f64;
        let left = self.steps.saturating_sub(step) as f64 / done;
        self.started.elapsed().mul_f64(left)
    }
}

/// A bar up to `length`, if there is a terminal to show it on.
fn bar(volume: Volume, length: u64) -> Option<ProgressBar> {
    on_terminal(volume).then(|| ProgressBar::new(length).with_style(style("")))
}

/// Whether bars are wanted, and there is a terminal that can show them: one called dumb cannot.
pub fn on_terminal(volume: Volume) -> bool {
    volume != Volume::Quiet && !ProgressDrawTarget::stderr().is_hidden()
}

/// The style of a bar that counts `what`, with a space before it.
pub fn style(what: &str) -> ProgressStyle {
    // One line, however narrow the terminal is: what does not fit is cut off. A terminal writes ^C where the cursor is:
    // that is three columns back, or the line would become two, of which one would stay.
    let style = ProgressStyle::with_template(&format!(
        "{{bar:12}} {{percent:>3}}% {{pos}}/{{len}}{what} {{elapsed}} {{wide_msg}}   \x1b[3D"
    ));
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Shows how many of something there are, on standard error.
pub struct Count {
    volume: Volume,
    /// Of what: `documents`.
    what: &'static str,
    total: u64,
    bar: Option<ProgressBar>,
    /// How many were there already.
    before: u64,
    started: Instant,
    last_line: Instant,
}

impl Count {
    /// The display of a count of `what` that goes from `before` to `total`.
    pub fn new(volume: Volume, what: &'static str, before: u64, total: u64) -> Self {
        Self {
            volume,
            what,
            total,
            bar: bar(volume, total),
            before,
            started: Instant::now(),
            last_line: Instant::now(),
        }
    }

    /// Shows that there are `done` now.
    pub fn set(&mut self, done: u64) {
        let elapsed = self.started.elapsed().as_secs_f64();
        let rate = (done - self.before) as f64 / elapsed.max(1e-9);
        let left = self.total.saturating_sub(done) as f64 / rate.max(1e-9);
        let eta = duration(Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX));
        let what = self.what;
        let text = format!("{rate:.0} {what}/s | ETA {eta}");
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(text);
        } else if self.volume != Volume::Quiet && self.last_line.elapsed() >= PAUSE {
            self.last_line = Instant::now();
            say(&format!("{what} {done}/{} | {text}", self.total));
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn begin(&mut self, step: u64) {
        self.from = step;
        self.started = Instant::now();
        if let Some(bar) = &self.bar {
            bar.set_position(step);
        }
        if step > 0 && self.volume != Volume::Quiet {
            self.line(&format!("goes on from its checkpoint of step {step}"));
        }
    }

    fn branch(&mut self, step: u64, trunk: &Path) {
        if self.volume != Volume::Quiet {
            let trunk = trunk.display();
            self.line(&format!("begins with the first {step} steps of {trunk}"));
        }
    }

    fn checkpoint(&mut self, step: u64) {
        if self.volume == Volume::Verbose {
            self.line(&format!("saved after step {step}"));
        }
    }

    fn warning(&mut self, text: &str) {
        self.line(&format!("warning: {text}"));
    }

    fn wants_stop(&self) -> bool {
        self.stop.is_asked()
    }

    fn step(&mut self, record: &StepRecord) {
        if let Some(bar) = &self.bar {
            bar.set_position(record.step);
            bar.set_message(self.describe(record));
        }
        let due = self.last_line.elapsed() >= PAUSE && self.bar.is_none();
        let wanted = match self.volume {
            Volume::Quiet => false,
            Volume::Normal => due,
            Volume::Verbose => true,
        };
        if wanted {
            self.last_line = Instant::now();
            let text = self.describe(record);
            self.line(&format!("step {}/{} | {text}", record.step, self.steps));
        }
    }

    fn evaluation(&mut self, record: &EvaluationRecord) {
        let taught = taught(record);
        self.value_loss = Some(format!("{:.3} nats/fact{taught}", record.value_loss));
        if self.volume == Volume::Quiet {
            return;
        }
        let [lo, hi] = record.value_loss_ci95;
        self.line(&format!(
            "documents {} | value loss {:.3} [{lo:.3}, {hi:.3}] nats/fact{taught} | Bayes {:.3} | accuracy {:.1} % | {:.0} bits stored",
            record.documents,
            record.value_loss,
            record.bayes_value_loss,
            100.0 * record.accuracy,
            record.bits_stored,
        ));
    }
}

/// In fine-tuning the loss of what is taught, in each wording, as the end of what is said of the facts of the world.
fn taught(record: &EvaluationRecord) -> String {
    let mut words = String::new();
    for cohort in [Cohort::Taught, Cohort::Injected] {
        let all = record.interviews.iter();
        let asked: Vec<String> = all
            .filter(|asked| asked.cohort == cohort.name())
            .map(|asked| format!("{} {:.3}", asked.wording, asked.value_loss))
            .collect();
        if !asked.is_empty() {
            words.push_str(&format!(", {}: {}", cohort.name(), asked.join(", ")));
        }
    }
    words
}

/// A line on standard error. Nobody listening is no reason to stop.
pub fn say(text: &str) {
    let _ = writeln!(stderr(), "{}", plain(text));
}

/// 1h02m, 3m07s, 12s.
pub fn duration(time: Duration) -> String {
    let s = time.as_secs();
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) => format!("{h}h{m:02}m"),
    }
}
