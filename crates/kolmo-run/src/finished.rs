//! A run that is done, whose files are held against each other before they are believed.
//!
//! `DONE` is written last and says how the run ended. What else it left may have lost its end since, by a disk or by a hand, and
//! would then speak of another moment of the run: so records have to rise to its last step, without a gap, and the last ones have
//! to be those of `DONE`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    answers_table::{AnswerRow, read_answers},
    compression::CompressionRecord,
    directory::{RunDirectory, write_json},
    error::{Error, Result},
    facts_table::{FactRow, FactsTable},
    files::{self, LARGEST_RECORD},
    manifest::Manifest,
    metrics::{EvaluationRecord, StepRecord, read_jsonl},
    there::is_there,
};

/// What `DONE` holds: the final figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalFigures {
    /// The run directory, as it was given.
    pub run_dir: PathBuf,
    /// How many parameters the model has.
    pub parameters: u64,
    /// The last step.
    pub last_step: StepRecord,
    /// The last evaluation.
    pub last_evaluation: EvaluationRecord,
    /// BLAKE3 hashes of the files of records that the run has, by name; none in a run of an earlier build.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub blake3: BTreeMap<String, String>,
}

/// All records of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// Those of `metrics.jsonl`.
    pub steps: Vec<StepRecord>,
    /// Those of `evaluations.jsonl`.
    pub evaluations: Vec<EvaluationRecord>,
}

/// A run that is done.
#[derive(Debug, Clone)]
pub struct FinishedRun {
    /// Its directory.
    pub directory: RunDirectory,
    /// How it ended.
    pub figures: FinalFigures,
}

impl FinalFigures {
    /// Those of the run in `directory`, which has made the last of its `steps` steps, with all of its records.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Jsonl`] if records cannot be read, [`Error::Altered`] if they are not those of such a run.
    pub fn of(directory: &RunDirectory, parameters: u64, steps: u64) -> Result<(Self, Records)> {
        let (all_steps, last_step) = logged(&directory.metrics(), steps)?;
        let (evaluations, last_evaluation) = asked(directory, steps)?;
        let figures = Self {
            run_dir: directory.root().to_path_buf(),
            parameters,
            last_step,
            last_evaluation,
            blake3: hashes(directory)?,
        };
        let records = Records {
            steps: all_steps,
            evaluations,
        };
        Ok((figures, records))
    }

    /// Writes `DONE`. Call it after everything else is on disk: whoever sees the file takes the run for complete.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn write(&self, directory: &RunDirectory) -> Result<()> {
        write_json(&directory.done(), self)
    }

    /// Reads `DONE` of a run of `steps` steps.
    fn read(directory: &RunDirectory, steps: u64) -> Result<Self> {
        let path = directory.done();
        let bytes = files::read(&path, LARGEST_RECORD).map_err(Error::io("read", &path))?;
        let figures: Self = serde_json::from_slice(&bytes).map_err(|source| Error::Json {
            path: path.clone(),
            source,
        })?;
        for step in [figures.last_step.step, figures.last_evaluation.step] {
            if step != steps {
                let reason = format!("its figures are of step {step}, and the run has {steps}");
                return Err(Error::Altered { path, reason });
            }
        }
        Ok(figures)
    }
}

impl FinishedRun {
    /// The run in `directory`, of `steps` steps, whose configuration has the hash `identity`, or one that begins so; none if it is
    /// not done.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Json`] if `DONE` or the manifest cannot be read, or whether it is done cannot be told; manifests of earlier
    /// builds can be, whatever they lack.
    /// [`Error::Altered`] if `DONE` is not that of such a run, [`Error::OtherConfig`] if it was made with another configuration.
    pub fn open(directory: &RunDirectory, identity: &str, steps: u64) -> Result<Option<Self>> {
        if !directory.is_done()? {
            return Ok(None);
        }
        let Some(mark) = directory.mark()? else {
            let path = directory.manifest();
            let reason = "it is missing, or not the manifest of a run".to_owned();
            return Err(Error::Altered { path, reason });
        };
        mark.check_config(directory, identity)?;
        Ok(Some(Self {
            directory: directory.clone(),
            figures: FinalFigures::read(directory, steps)?,
        }))
    }

    /// Where its figures come from.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Json`] if the manifest cannot be read, [`Error::OtherConfig`] if it was made with another configuration
    /// than one whose hash begins with `identity`.
    pub fn manifest(&self, identity: &str) -> Result<Manifest> {
        let manifest = Manifest::read(&self.directory)?;
        manifest.check_config(&self.directory, identity)?;
        Ok(manifest)
    }

    /// The evaluations, of which there is at least one. All files of records are held against their hashes.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Jsonl`] if they cannot be read, [`Error::Altered`] if they are not those of the run, or another file of
    /// records is not.
    pub fn evaluations(&self) -> Result<Vec<EvaluationRecord>> {
        let done = &self.figures.last_evaluation;
        let (evaluations, last) = asked(&self.directory, done.step)?;
        is_that_of_done(self.directory.evaluations(), &last, done)?;
        self.check_hashes()?;
        Ok(evaluations)
    }

    /// That every file of records is, byte for byte, what it was when the run ended.
    fn check_hashes(&self) -> Result<()> {
        let now = hashes(&self.directory)?;
        for name in RECORDS {
            let then = self.figures.blake3.get(name);
            if then.is_some() && then != now.get(name) {
                let path = self.directory.root().join(name);
                let reason = "its hash is not the one that DONE has".to_owned();
                return Err(Error::Altered { path, reason });
            }
        }
        Ok(())
    }

    /// All records.
    ///
    /// # Errors
    /// Those of [`evaluations`](Self::evaluations).
    pub fn records(&self) -> Result<Records> {
        Ok(Records {
            steps: steps(&self.directory, &self.figures.last_step)?,
            evaluations: self.evaluations()?,
        })
    }

    /// What it is as a compressor, which was measured.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Json`] if it cannot be read, [`Error::Altered`] if it is of another step.
    pub fn compression(&self) -> Result<CompressionRecord> {
        let record = CompressionRecord::read(&self.directory)?;
        let (found, last) = (record.step, self.figures.last_step.step);
        if found != last {
            let reason = format!("it is of step {found}, and the run has {last}");
            let path = self.directory.compression();
            return Err(Error::Altered { path, reason });
        }
        Ok(record)
    }
}

/// The files of records, which no one writes again once a run is done.
const RECORDS: [&str; 5] = [
    "metrics.jsonl",
    "evaluations.jsonl",
    "facts.parquet",
    "answers.parquet",
    "compression.json",
];

/// The hashes of those that are there.
fn hashes(directory: &RunDirectory) -> Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    for name in RECORDS {
        let path = directory.root().join(name);
        if !is_there(&path)? {
            continue;
        }
        let hash = files::hash(&path).map_err(Error::io("read", &path))?;
        hashes.insert(name.to_owned(), hash);
    }
    Ok(hashes)
}

/// The logged steps of a run that is done, of which `last` is the last one by its `DONE`.
///
/// # Errors
/// [`Error::Io`] or [`Error::Jsonl`] if they cannot be read, [`Error::Altered`] if they are not those of the run.
pub fn steps(directory: &RunDirectory, last: &StepRecord) -> Result<Vec<StepRecord>> {
    let path = directory.metrics();
    let (steps, found) = logged(&path, last.step)?;
    is_that_of_done(path, &found, last)?;
    Ok(steps)
}

/// The facts asked in a run that is done, evaluation after evaluation, as `evaluations` has them.
///
/// # Errors
/// [`Error::Io`], [`Error::Parquet`] or [`Error::FactsLayout`] if they cannot be read, [`Error::Altered`] if they are of other
/// evaluations.
pub fn facts(
    directory: &RunDirectory,
    evaluations: &[EvaluationRecord],
) -> Result<Vec<Vec<FactRow>>> {
    let path = directory.facts();
    let table = FactsTable::read(&path)?;
    let rows: Vec<FactRow> = table.rows().copied().collect();
    let asked = rows.chunk_by(|a, b| a.step == b.step);
    let asked: Vec<Vec<FactRow>> = asked.map(<[FactRow]>::to_vec).collect();
    let found = asked.iter().filter_map(|rows| rows.first());
    let found = found.map(|row| (row.step, row.documents));
    let expected = evaluations.iter().map(|at| (at.step, at.documents));
    if !found.eq(expected) {
        let reason = format!(
            "it has facts of {} evaluations, and they are not the {} of evaluations.jsonl",
            asked.len(),
            evaluations.len()
        );
        return Err(Error::Altered { path, reason });
    }
    Ok(asked)
}

/// The questions asked in a run that is done at its `last` evaluation, with their answers; none of a run that was not asked.
///
/// # Errors
/// [`Error::Io`] or [`Error::Parquet`] if they cannot be read, [`Error::Altered`] if there are none of that evaluation, and its
/// record says that there were.
pub fn answers(directory: &RunDirectory, last: &EvaluationRecord) -> Result<Vec<AnswerRow>> {
    let path = directory.answers();
    let was_asked = !last.interviews.is_empty();
    if !was_asked && !is_there(&path)? {
        return Ok(Vec::new());
    }
    let mut rows = read_answers(&path)?;
    rows.retain(|row| row.step == last.step);
    if was_asked && rows.is_empty() {
        let reason = format!("it has no answers of step {}, the last one", last.step);
        return Err(Error::Altered { path, reason });
    }
    Ok(rows)
}

/// A record of a moment of a run.
trait OfStep: DeserializeOwned + Clone {
    fn step(&self) -> u64;
}

impl OfStep for StepRecord {
    fn step(&self) -> u64 {
        self.step
    }
}

impl OfStep for EvaluationRecord {
    fn step(&self) -> u64 {
        self.step
    }
}

/// The records in the file at `path`, whose steps rise to `last`, and the last one of them.
fn records<T: OfStep>(path: &Path, last: u64) -> Result<(Vec<T>, T)> {
    let altered = |reason: String| Error::Altered {
        path: path.to_path_buf(),
        reason,
    };
    let records: Vec<T> = read_jsonl(path)?;
    let mut pairs = records.iter().zip(records.iter().skip(1));
    if let Some((before, after)) = pairs.find(|(a, b)| a.step() >= b.step()) {
        let (before, after) = (before.step(), after.step());
        return Err(altered(format!("step {after} comes behind step {before}")));
    }
    let Some(end) = records.last().cloned() else {
        return Err(altered(format!(
            "it has no records, and the run has {last} steps"
        )));
    };
    if end.step() != last {
        let found = end.step();
        return Err(altered(format!(
            "its last record is of step {found}, and the run has {last}"
        )));
    }
    Ok((records, end))
}

/// The logged steps in the file at `path`, a line every so many steps and one of the last step, `last`; and that line.
fn logged(path: &Path, last: u64) -> Result<(Vec<StepRecord>, StepRecord)> {
    let (steps, end): (Vec<StepRecord>, StepRecord) = records(path, last)?;
    let every = steps.first().map_or(last, |first| first.step.max(1));
    let mut places = (1..=last.div_ceil(every)).map(|k| (every * k).min(last));
    let mut found = steps.iter().map(|step| step.step);
    if let Some(place) = places.find(|place| found.next() != Some(*place)) {
        let reason = format!("it has no line of step {place}");
        let path = path.to_path_buf();
        return Err(Error::Altered { path, reason });
    }
    Ok((steps, end))
}

/// The evaluations of a run whose last step is `last`, and the last one of them. There are as many as facts were asked at.
fn asked(directory: &RunDirectory, last: u64) -> Result<(Vec<EvaluationRecord>, EvaluationRecord)> {
    let path = directory.evaluations();
    let (evaluations, end): (Vec<EvaluationRecord>, EvaluationRecord) = records(&path, last)?;
    let facts = directory.facts();
    // Without them there is nothing to hold it against.
    if is_there(&facts)? {
        let (count, found) = (FactsTable::count(&facts)?, evaluations.len());
        if count != found {
            let reason =
                format!("it has {found} evaluations, and facts.parquet has the facts of {count}");
            return Err(Error::Altered { path, reason });
        }
    }
    Ok((evaluations, end))
}

/// That the last record of the file at `path` is the one that `DONE` has.
fn is_that_of_done<T: Serialize>(path: PathBuf, last: &T, done: &T) -> Result<()> {
    // Numbers that are not finite are `null` in both.
    let json = |record: &T| {
        serde_json::to_value(record).map_err(|source| Error::Serialize {
            path: path.clone(),
            source,
        })
    };
    if json(last)? == json(done)? {
        return Ok(());
    }
    let reason = "its last record is not the one that DONE has".to_owned();
    Err(Error::Altered { path, reason })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::metrics::{JsonlWriter, examples};
    use crate::{Provenance, write_answers};

    const IDENTITY: &str = "af1349b9f5f9a1a6";

    /// A run of 30 steps that is done, with an evaluation after every tenth.
    fn run(folder: &tempfile::TempDir) -> RunDirectory {
        let run = RunDirectory::open_or_create(folder.path()).unwrap();
        let mut steps = JsonlWriter::create(run.metrics()).unwrap();
        let mut evaluations = JsonlWriter::create(run.evaluations()).unwrap();
        let mut facts = FactsTable::new(vec!["home".to_owned()]);
        for step in 1..=30 {
            let mut record = examples::step(step);
            record.grad_norm = f64::NAN;
            steps.append(&record).unwrap();
            if step % 10 == 0 {
                evaluations.append(&examples::evaluation(step)).unwrap();
                facts.push(vec![fact(step); 3]).unwrap();
            }
        }
        facts.write(run.facts()).unwrap();
        let provenance = Provenance::default();
        let manifest = Manifest::new(1, 7, IDENTITY.to_owned(), provenance);
        manifest.write(&run).unwrap();
        let (figures, _) = FinalFigures::of(&run, 7, 30).unwrap();
        figures.write(&run).unwrap();
        run
    }

    fn fact(step: u64) -> FactRow {
        FactRow {
            step,
            documents: 256 * step,
            subject: 1,
            relation: 0,
            probability: 0.5,
            exposures: 1,
            loss_nats: 0.1,
            correct: true,
            answer_valid: true,
            confidence: 0.5,
            stands_for: 1,
            share: 1.0,
            name_loss_nats: 0.0,
        }
    }

    fn open(run: &RunDirectory) -> Result<FinishedRun> {
        Ok(FinishedRun::open(run, IDENTITY, 30)?.unwrap())
    }

    /// The message of what must not be believed.
    fn refusal<T>(result: Result<T>) -> String {
        match result {
            Err(error @ Error::Altered { .. }) => error.to_string(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it is believed"),
        }
    }

    #[test]
    fn what_a_run_left_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let run = run(&folder);
        let finished = open(&run).unwrap();
        let records = finished.records().unwrap();
        assert_eq!((records.steps.len(), records.evaluations.len()), (30, 3));
        assert_eq!(finished.figures.last_step.step, 30);
        let facts = facts(&run, &records.evaluations).unwrap();
        assert_eq!(facts.iter().map(Vec::len).collect::<Vec<_>>(), [3; 3]);
        assert!(answers(&run, &records.evaluations[2]).unwrap().is_empty());
        // The name of a run in a sweep is the beginning of the hash.
        assert!(
            FinishedRun::open(&run, &IDENTITY[..12], 30)
                .unwrap()
                .is_some()
        );
        assert!(FinishedRun::open(&run, "e4", 30).is_err());
        fs::remove_file(run.done()).unwrap();
        assert!(FinishedRun::open(&run, IDENTITY, 30).unwrap().is_none());
    }

    #[test]
    fn records_that_lost_their_end_or_their_order_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let run = run(&folder);
        let finished = open(&run).unwrap();
        type Read = fn(&FinishedRun) -> Result<()>;
        let files: [(PathBuf, Read); 2] = [
            (run.metrics(), |run| {
                steps(&run.directory, &run.figures.last_step).map(|_| ())
            }),
            (run.evaluations(), |run| run.evaluations().map(|_| ())),
        ];
        for (path, read) in files {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let count = lines.len();
            let mut turned = lines.clone();
            turned.swap(0, 1);
            let mut gap = lines.clone();
            gap.remove(count - 2);
            let torn = text[..text.len() - 9].to_owned();
            let other = text.replacen("\"step\":30,", "\"step\":31,", 1);
            for (altered, reason) in [
                (String::new(), "it has no records"),
                (lines[..count - 1].join("\n"), "its last record is of step"),
                (torn, "its last record is of step"),
                (turned.join("\n"), "comes behind step"),
                (
                    format!("{text}{}\n", lines[count - 1]),
                    "comes behind step 30",
                ),
                (other, "its last record is of step 31"),
                (
                    gap.join("\n"),
                    match name.as_str() {
                        "metrics.jsonl" => "it has no line of step 29",
                        _ => "it has 2 evaluations, and facts.parquet has the facts of 3",
                    },
                ),
                (text.replace(":0.003,", ":0.004,"), "DONE"),
                (text.replace(":10000.0,", ":20000.0,"), "DONE"),
            ] {
                if altered == text {
                    continue;
                }
                fs::write(&path, altered).unwrap();
                let message = refusal(read(&finished));
                assert!(
                    message.contains(&name) && message.contains(reason),
                    "{message}"
                );
            }
            fs::write(&path, &text).unwrap();
            read(&finished).unwrap();
            fs::remove_file(&path).unwrap();
            assert!(matches!(read(&finished), Err(Error::Io { .. })));
            fs::write(&path, text).unwrap();
        }
    }

    #[test]
    fn a_figure_in_the_middle_that_is_another_by_now_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let run = run(&folder);
        let finished = open(&run).unwrap();
        for (path, key) in [
            (run.metrics(), "\"loss\":"),
            (run.evaluations(), "\"value_loss\":"),
        ] {
            let sound = fs::read(&path).unwrap();
            let text = String::from_utf8(sound.clone()).unwrap();
            let place = text.find(key).unwrap() + key.len();
            let mut altered = sound.clone();
            altered[place] = if altered[place] == b'7' { b'8' } else { b'7' };
            fs::write(&path, altered).unwrap();
            let message = refusal(finished.records());
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(message.contains(name), "{message}");
            fs::write(&path, sound).unwrap();
            finished.records().unwrap();
        }
        // Those of another run, sound in themselves.
        let mut other = FactsTable::new(vec!["home".to_owned()]);
        for step in [10, 20, 30] {
            let loss_nats = 0.2;
            let rows = vec![
                FactRow {
                    loss_nats,
                    ..fact(step)
                };
                3
            ];
            other.push(rows).unwrap();
        }
        other.write(run.facts()).unwrap();
        let message = refusal(finished.records());
        assert!(message.contains("facts.parquet"), "{message}");
        // Runs of earlier builds have no hashes.
        let figures = FinalFigures {
            blake3: BTreeMap::new(),
            ..finished.figures.clone()
        };
        figures.write(&run).unwrap();
        open(&run).unwrap().records().unwrap();
    }

    #[test]
    fn final_figures_of_another_moment_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let run = run(&folder);
        let message = refusal(FinishedRun::open(&run, IDENTITY, 40));
        assert!(
            message.contains("DONE") && message.contains("step 30"),
            "{message}"
        );
        for text in ["", "{}", "null", "{\"last_step\": null}"] {
            fs::write(run.done(), text).unwrap();
            let error = open(&run).unwrap_err();
            assert!(matches!(error, Error::Json { .. }), "{text}: {error}");
            assert!(error.to_string().contains("DONE"), "{error}");
        }
        fs::remove_file(run.done()).unwrap();
        fs::create_dir(run.done()).unwrap();
        assert!(matches!(open(&run), Err(Error::Io { .. })));
    }

    #[test]
    fn a_run_that_has_not_made_its_last_step_has_no_final_figures() {
        let folder = tempfile::tempdir().unwrap();
        let run = run(&folder);
        let message = refusal(FinalFigures::of(&run, 7, 31));
        assert!(message.contains("metrics.jsonl"), "{message}");
    }

    #[test]
    fn facts_and_answers_of_another_moment_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let run = run(&folder);
        let mut evaluations = open(&run).unwrap().evaluations().unwrap();
        let mut less = FactsTable::new(vec!["home".to_owned()]);
        less.push(vec![fact(10); 3]).unwrap();
        less.push(vec![fact(20); 3]).unwrap();
        less.write(run.facts()).unwrap();
        let message = refusal(facts(&run, &evaluations));
        assert!(message.contains("facts.parquet"), "{message}");

        let last = evaluations.last_mut().unwrap();
        let asked = crate::InterviewRecord {
            cohort: "stated".to_owned(),
            wording: "statement".to_owned(),
            measured: 1,
            value_loss: 1.0,
            value_loss_ci95: [1.0; 2],
            accuracy: 0.5,
            accuracy_ci95: [0.5; 2],
            answer_valid: 1.0,
            confidence: 0.5,
        };
        last.interviews.push(asked);
        assert!(matches!(answers(&run, last), Err(Error::Io { .. })));
        let row = |step| AnswerRow {
            step,
            ..AnswerRow::default()
        };
        write_answers(run.answers(), &[row(20)]).unwrap();
        let message = refusal(answers(&run, last));
        assert!(message.contains("answers.parquet"), "{message}");
        write_answers(run.answers(), &[row(20), row(30)]).unwrap();
        assert_eq!(answers(&run, last).unwrap(), [row(30)]);
    }
}
