//! The exact predictors beside a training run: they read the very documents the model is trained on.

use std::f64::consts::LN_2;

use kolmo_config::Discount;
use kolmo_run::{CodeBits, EvaluationRecord, ExactCode, ExactLosses, OnlineClass, RoleBits};
use kolmo_theory::{BayesLearner, BayesState, ByRole, Floor};
use kolmo_world::{Batch, Document, Role, World};
use serde::{Deserialize, Serialize};

use crate::{classes::Class, error::ProbeError};

/// The predictor that knows the world and the Bayes learner, with the sums of their losses.
#[derive(Debug)]
pub struct Exact<'a> {
    world: &'a World,
    floor: Floor<'a>,
    bayes: BayesLearner<'a>,
    classes: Vec<ClassSums>,
    since_record: Sums,
    since_start: Sums,
    document: Document,
    nats: Vec<f64>,
}

/// Where the predictors stand between two batches. The one that knows the world learns nothing, and needs
/// no state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExactState {
    bayes: BayesState,
    classes: Vec<ClassSums>,
    since_record: Sums,
    since_start: Sums,
}

/// Nats by role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    floor: ByRole,
    bayes: ByRole,
}

/// Sums over the documents about a class, nats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct ClassSums {
    documents: u64,
    /// Not a number in a state that was kept before it was counted.
    #[serde(default = "not_counted")]
    model_value: f64,
    #[serde(default = "not_counted")]
    model_subject: f64,
    bayes_value: f64,
    bayes_subject: f64,
    floor_subject: f64,
}

fn not_counted() -> f64 {
    f64::NAN
}

impl<'a> Exact<'a> {
    /// Before the first document; `classes` are those of the evaluations.
    pub fn new(world: &'a World, discount: Discount, classes: &[Class]) -> Self {
        Self {
            world,
            floor: Floor::by_role(world),
            bayes: BayesLearner::new(world, discount),
            classes: vec![ClassSums::default(); classes.len()],
            since_record: Sums::default(),
            since_start: Sums::default(),
            document: Document::default(),
            nats: Vec::new(),
        }
    }

    /// Where the predictors stand.
    pub fn state(&self) -> ExactState {
        ExactState {
            bayes: self.bayes.state(),
            classes: self.classes.clone(),
            since_record: self.since_record,
            since_start: self.since_start,
        }
    }

    /// The predictors that `state` was taken from: they go on as if they had never stopped, bit for bit.
    ///
    /// # Errors
    /// [`ProbeError::State`] and [`ProbeError::Bayes`] if it is not of this world and these classes.
    pub fn resume(
        world: &'a World,
        discount: Discount,
        classes: &[Class],
        state: ExactState,
    ) -> Result<Self, ProbeError> {
        if state.classes.len() != classes.len() {
            return Err(ProbeError::State("the exact predictors"));
        }
        Ok(Self {
            bayes: BayesLearner::resume(world, discount, state.bayes)?,
            classes: state.classes,
            since_record: state.since_record,
            since_start: state.since_start,
            ..Self::new(world, discount, classes)
        })
    }

    /// Reads the documents of a batch, of these [classes](crate::classes::of_documents); the Bayes learner predicts each before it
    /// learns from it.
    pub fn read(&mut self, batch: &Batch, classes: &[u16]) {
        let mut sums = Sums::default();
        for (row, class) in classes.iter().enumerate() {
            batch.write_document(row, &mut self.document);
            let floor = self.floor.sum(&self.document, &mut self.nats);
            let bayes = self.bayes.sum(&self.document, &mut self.nats);
            sums.floor += floor;
            sums.bayes += bayes;
            if let Some(class) = self.classes.get_mut(usize::from(*class)) {
                class.documents += 1;
                class.bayes_value += bayes.value;
                class.bayes_subject += bayes.subject;
                class.floor_subject += floor.subject;
            }
        }
        for total in [&mut self.since_record, &mut self.since_start] {
            total.floor += sums.floor;
            total.bayes += sums.bayes;
        }
    }

    /// Adds what the model lost on documents that were read: `nats` has those of each class by role, in the order of
    /// [`Role::ALL`], behind each other.
    pub fn add(&mut self, nats: &[f32]) {
        for (class, by_role) in self
            .classes
            .iter_mut()
            .zip(nats.chunks_exact(Role::ALL.len()))
        {
            class.model_value += f64::from(by_role[Role::Value as usize]);
            class.model_subject += f64::from(by_role[Role::Subject as usize]);
        }
    }

    /// Losses since the call before, nats per token, beside those of the model: `nats` and `tokens` are
    /// its sums by role over the same documents, in the order of [`Role::ALL`]; `code` is its sum since the first document.
    pub fn losses(&mut self, nats: &[f64], tokens: &[u64], code: &ByRole) -> ExactLosses {
        let Sums { floor, bayes } = std::mem::take(&mut self.since_record);
        let per_document = self.world.relation_draw().per_document() as u64;
        let facts = self.bayes.documents() * per_document;
        let start = &self.since_start;
        let above_floor = |code: &ByRole| {
            let nats = code.total() - start.floor.total();
            mean(nats / LN_2, facts)
        };
        let code_redundancy = above_floor(code);
        let bayes_code_redundancy = above_floor(&start.bayes);
        let all: u64 = tokens.iter().sum();
        let of = |sums: &ByRole, role: Role| mean(sums.get(role), tokens[role as usize]);
        let above = |role: Role| {
            let redundancy = nats[role as usize] - floor.get(role);
            mean(redundancy, tokens[role as usize])
        };
        ExactLosses {
            floor: mean(floor.total(), all),
            floor_syntax: of(&floor, Role::Syntax),
            floor_subject: of(&floor, Role::Subject),
            floor_value: of(&floor, Role::Value),
            floor_eos: of(&floor, Role::Eos),
            redundancy: mean(nats.iter().sum::<f64>() - floor.total(), all),
            redundancy_syntax: above(Role::Syntax),
            redundancy_subject: above(Role::Subject),
            redundancy_value: above(Role::Value),
            redundancy_eos: above(Role::Eos),
            bayes: mean(bayes.total(), all),
            bayes_syntax: of(&bayes, Role::Syntax),
            bayes_subject: of(&bayes, Role::Subject),
            bayes_value: of(&bayes, Role::Value),
            bayes_eos: of(&bayes, Role::Eos),
            code_redundancy,
            bayes_code_redundancy,
        }
    }

    /// Adds to an evaluation the code lengths since the first document, `model` being the model's own in
    /// nats by role, and what the Bayes learner lost on each class since the evaluation before.
    pub fn complete(&mut self, record: &mut EvaluationRecord, model: &ByRole) {
        record.exact = self.code(model);
        for (class, online) in record.classes.iter_mut().zip(self.online()) {
            class.online = online;
        }
    }

    fn code(&self, model: &ByRole) -> ExactCode {
        let parameters = self.bayes.parameters();
        ExactCode {
            bayes_discount: Some(parameters.discount),
            bayes_concentration: Some(parameters.concentration),
            distinct_subjects: self.bayes.distinct(),
            code_bits: CodeBits {
                model: role_bits(model),
                bayes: role_bits(&self.since_start.bayes),
                floor: role_bits(&self.since_start.floor),
            },
        }
    }

    fn online(&mut self) -> Vec<OnlineClass> {
        let per_document = self.world.relation_draw().per_document() as f64;
        let of = |class: &mut ClassSums| {
            let sums = std::mem::take(class);
            let documents = sums.documents as f64;
            let mean = |sum: f64| (sums.documents > 0).then(|| sum / documents);
            OnlineClass {
                stream_documents: sums.documents,
                stream_value_loss: mean(sums.model_value / per_document),
                stream_subject_loss: mean(sums.model_subject),
                bayes_stream_value_loss: mean(sums.bayes_value / per_document),
                bayes_stream_subject_loss: mean(sums.bayes_subject),
                floor_stream_subject_loss: mean(sums.floor_subject),
            }
        };
        self.classes.iter_mut().map(of).collect()
    }
}

/// None of nothing, and of what was not counted.
fn mean(sum: f64, count: u64) -> Option<f64> {
    (count > 0 && !sum.is_nan()).then(|| sum / count as f64)
}

/// `nats` in bits, with their sum.
pub fn role_bits(nats: &ByRole) -> RoleBits {
    let bits = nats.scaled(1.0 / LN_2);
    RoleBits {
        syntax: bits.syntax,
        subject: bits.subject,
        value: bits.value,
        eos: bits.eos,
        total: bits.total(),
    }
}

#[cfg(test)]
mod tests {
    use kolmo_theory::expected_floor;
    use kolmo_world::WorldConfig;

    use super::*;
    use crate::classes::{classes, of_documents};

    #[test]
    fn records_add_up_to_the_code() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let classes = classes(&world, 1..=u64::MAX, 5);
        let mut exact = Exact::new(&world, Discount::Law, &classes);
        let (mut floor, mut bayes, mut documents, mut values) = (0.0, 0.0, 0, 0.0);
        for step in 0..40 {
            let batch = world.batch(step * 64, 64);
            exact.read(&batch, &of_documents(&world, &classes, &batch));
            if step % 4 == 3 {
                let counts = Role::ALL.map(|role| {
                    let of = |n: u64| world.batch(n * 64, 64).roles;
                    let roles = (step - 3..=step).flat_map(of);
                    roles.filter(|r| *r == Some(role)).count() as u64
                });
                let losses = exact.losses(&[1.0; 4], &counts, &ByRole::default());
                let all: u64 = counts.iter().sum();
                floor += losses.floor.unwrap() * all as f64;
                bayes += losses.bayes.unwrap() * all as f64;
                let redundancy = (4.0 / all as f64) - losses.floor.unwrap();
                assert!((losses.redundancy.unwrap() - redundancy).abs() < 1e-12);
                assert_eq!(losses.floor_value, Some(0.0));
            }
            if step % 20 == 19 {
                for class in exact.online() {
                    documents += class.stream_documents;
                    let value = class.bayes_stream_value_loss.unwrap_or(0.0);
                    values += value * class.stream_documents as f64;
                }
            }
        }
        let code = exact.code(&ByRole::default());
        assert_eq!(documents, 40 * 64);
        assert!((code.code_bits.floor.total * LN_2 / floor - 1.0).abs() < 1e-12);
        assert!((code.code_bits.bayes.total * LN_2 / bayes - 1.0).abs() < 1e-12);
        assert!((code.code_bits.bayes.value * LN_2 / values - 1.0).abs() < 1e-12);
        assert_eq!(code.code_bits.model.total, 0.0);
        let mean = code.code_bits.floor.total * LN_2 / 2560.0;
        let mut floor = Floor::by_role(&world);
        let costs = (0..2560).map(|n| floor.sum(&world.document(n), &mut exact.nats).total());
        let squares: f64 = costs.map(|cost| (cost - mean).powi(2)).sum();
        let error = squares.sqrt() / 2560.0;
        assert!(
            (mean - expected_floor(&world).total()).abs() < 4.0 * error,
            "{mean} ± {error}"
        );
    }
}
