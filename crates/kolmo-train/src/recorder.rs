//! Everything a run writes while it goes on: JSON lines, the table of facts, event files.

use kolmo_run::{
    EvaluationRecord, FactRow, FactsTable, HparamValue, JsonlWriter, RunDirectory, StepRecord,
    TensorBoard,
};
use kolmo_world::World;
use toml::Value;

use crate::{config::RunConfig, error::TrainError};

/// The open files of a run.
pub(crate) struct Recorder<'a> {
    run: &'a RunDirectory,
    metrics: JsonlWriter<StepRecord>,
    evaluations: JsonlWriter<EvaluationRecord>,
    facts: FactsTable,
    tensorboard: TensorBoard,
}

impl<'a> Recorder<'a> {
    pub fn new(
        run: &'a RunDirectory,
        config: &RunConfig,
        world: &World,
    ) -> Result<Self, TrainError> {
        let relations = world.relations().iter();
        let names = relations
            .map(|relation| relation.name().to_owned())
            .collect();
        let tensorboard = TensorBoard::open(run.tensorboard());
        tensorboard.hparams(&hparams(config)?);
        Ok(Self {
            run,
            metrics: JsonlWriter::create(run.metrics())?,
            evaluations: JsonlWriter::create(run.evaluations())?,
            facts: FactsTable::new(names),
            tensorboard,
        })
    }

    pub fn step(&mut self, record: &StepRecord) -> Result<(), TrainError> {
        self.metrics.append(record)?;
        self.tensorboard.step(record);
        Ok(())
    }

    pub fn evaluation(
        &mut self,
        record: &EvaluationRecord,
        rows: Vec<FactRow>,
    ) -> Result<(), TrainError> {
        self.evaluations.append(record)?;
        self.facts.push(rows)?;
        self.facts.write(self.run.facts())?;
        self.tensorboard.evaluation(record);
        Ok(())
    }

    /// Closes the files. A failing event file is a warning: the JSON lines hold everything.
    pub fn finish(self) -> Vec<String> {
        let failed = self.tensorboard.finish().err();
        failed.map(|error| error.to_string()).into_iter().collect()
    }
}

fn hparams(config: &RunConfig) -> Result<Vec<(String, HparamValue)>, TrainError> {
    let keys = config.flatten()?.into_iter();
    let values = keys.map(|(key, value)| {
        let value = match value {
            Value::Integer(number) => HparamValue::Number(number as f64),
            Value::Float(number) => HparamValue::Number(number),
            Value::Boolean(on) => HparamValue::Boolean(on),
            Value::String(text) => HparamValue::Text(text),
            other => HparamValue::Text(other.to_string()),
        };
        (key, value)
    });
    Ok(values.collect())
}
