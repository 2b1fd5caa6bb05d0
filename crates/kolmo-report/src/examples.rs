//! A world and records for the tests of this crate.

use kolmo_config::{ModelConfig, Transformer};
use kolmo_run::{
    ClassRecord, CompressionRecord, CompressorRecord, EvaluationRecord, ExactCode, ExactLosses,
    FactRow, OnlineClass, RoleBits, StepRecord, TextRecord, WeightsRecord,
};
use kolmo_theory::discovery::{expected_value_loss, mean_content};
use kolmo_world::config::RelationConfig;
use kolmo_world::{World, WorldConfig};

/// A world of 20 000 subjects, Zipf 1.5, with one relation of 50 values.
pub(crate) fn world() -> World {
    world_of(&[50])
}

/// The same with a relation for each number of values.
pub(crate) fn world_of(values: &[usize]) -> World {
    let relations = values
        .iter()
        .enumerate()
        .map(|(r, &values)| RelationConfig {
            name: format!("r{r}"),
            values: Some(values),
            weight: 1.0,
        });
    let config = WorldConfig {
        relations: relations.collect(),
        ..WorldConfig::default()
    };
    World::new(&config, 1).unwrap()
}

/// Class bounds, half a decade of ranks each.
pub(crate) const CLASSES: [(u64, u64); 8] = [
    (1, 2),
    (3, 7),
    (8, 24),
    (25, 77),
    (78, 249),
    (250, 799),
    (800, 2499),
    (2500, 20_000),
];

/// A model of such a width, with one head.
pub(crate) fn one_head(width: usize) -> ModelConfig {
    ModelConfig::gpt(Transformer {
        d_model: width,
        heads: 1,
        ..Transformer::default()
    })
}

/// What a learner measures whose loss is `factor` times the expected Bayes loss, ± 10 %.
pub(crate) fn evaluation(world: &World, documents: u64, factor: f64) -> EvaluationRecord {
    let bayes = expected_value_loss(world, 1..=u64::MAX, documents as f64);
    let h = mean_content(world);
    let loss = factor * bayes;
    EvaluationRecord {
        step: documents / 256,
        documents,
        value_loss: loss,
        value_loss_ci95: [0.9 * loss, 1.1 * loss],
        missing: loss.min(h),
        missing_recalibrated: loss.min(h),
        overconfidence: (loss - h).max(0.0),
        accuracy: 1.0 - bayes / h,
        bits_stored: 1e4,
        bits_stored_ci95: [9e3, 1.1e4],
        bits_stored_one_weight: 1e4,
        bits_per_parameter: 0.04,
        bayes_value_loss: bayes,
        bayes_value_loss_expected: bayes,
        exact: ExactCode::default(),
        classes: CLASSES
            .map(|ranks| class(world, ranks, documents, factor))
            .to_vec(),
        interviews: Vec::new(),
        companions: Default::default(),
    }
}

fn class(world: &World, (lo, hi): (u64, u64), documents: u64, factor: f64) -> ClassRecord {
    let mass = world.frequency().mass(lo..=hi);
    let facts = (hi + 1 - lo) * world.relations().len() as u64;
    let exposures = documents as f64 * mass / facts as f64;
    let h = mean_content(world);
    let bayes = h * (-exposures).exp();
    let loss = factor * bayes;
    ClassRecord {
        lo_rank: lo,
        hi_rank: hi,
        facts,
        measured: facts.min(500),
        mass,
        value_loss: loss,
        value_loss_ci95: [0.9 * loss, 1.1 * loss],
        missing: loss.min(h),
        missing_recalibrated: loss.min(h),
        overconfidence: (loss - h).max(0.0),
        accuracy: 1.0 - bayes / h,
        exposures,
        bayes_value_loss: bayes,
        bayes_value_loss_expected: bayes,
        online: OnlineClass::default(),
        bits_stored: 1e3,
        bits_stored_ci95: [9e2, 1.1e3],
        bits_stored_one_weight: 1e3,
    }
}

/// The last of `number` steps, of which nothing is known.
pub(crate) fn step(number: u64) -> StepRecord {
    StepRecord {
        step: number,
        documents: 256 * number,
        tokens: 4096 * number,
        loss: 1.0,
        loss_syntax: None,
        loss_subject: None,
        loss_value: None,
        loss_eos: None,
        exact: ExactLosses::default(),
        lr: 1e-3,
        grad_norm: 1.0,
        tokens_per_s: 1.0,
        elapsed_s: 1.0,
        companions: Default::default(),
    }
}

/// A fact that is known at the evaluation `at`.
pub(crate) fn fact(at: &EvaluationRecord, subject: u64) -> FactRow {
    FactRow {
        step: at.step,
        documents: at.documents,
        subject,
        relation: 0,
        probability: 1.0 / subject as f64,
        exposures: 1,
        loss_nats: 0.1,
        correct: true,
        answer_valid: true,
        confidence: 0.5,
        stands_for: 1,
        share: 0.01,
        name_loss_nats: 0.0,
    }
}

/// So many bits on the syntax, the subject and the value.
pub(crate) fn role_bits([syntax, subject, value]: [f64; 3]) -> RoleBits {
    RoleBits {
        syntax,
        subject,
        value,
        eos: 0.0,
        total: syntax + subject + value,
    }
}

/// A run of `documents` documents as a compressor: `redundancy` bits per document above a floor of 10 at full precision, and
/// a text of 1000 facts, in which the model is as good.
pub(crate) fn compression(
    parameters: u64,
    documents: u64,
    redundancy: [f64; 3],
) -> CompressionRecord {
    let weights = |bits: u32, worse: f64| WeightsRecord {
        bits_per_weight: bits,
        description_bits: f64::from(bits) * parameters as f64,
        redundancy: role_bits(redundancy.map(|bits| bits * worse)),
        redundancy_half_width: 0.01,
    };
    let facts = 1000.0;
    let compressor = |name: &str, information: Option<f64>, bits: f64| CompressorRecord {
        name: name.to_owned(),
        bits,
        information_bits: information,
        coded_bits: information.map(|bits| bits + 10.0),
    };
    let model = facts * (10.0 + redundancy.iter().sum::<f64>());
    CompressionRecord {
        step: documents / 256,
        documents,
        parameters,
        sampled: 1000,
        floor: role_bits([4.0, 6.0, 0.0]),
        weights: vec![weights(32, 1.0), weights(8, 1.01), weights(2, 5.0)],
        text: TextRecord {
            first: documents,
            documents: 1000,
            facts: 1000,
            bytes: 40_000,
            floor_bits: facts * 10.0,
            compressors: vec![
                compressor("model", Some(model), model + 10.0),
                compressor("bayes", Some(facts * 11.0), facts * 11.0 + 10.0),
                compressor("bayes_untrained", Some(facts * 30.0), facts * 30.0 + 10.0),
                compressor("zstd -19", None, facts * 60.0),
                compressor("xz -9", None, facts * 50.0),
            ],
        },
    }
}
