//! A finished run as a compressor: what `compression.json` says.

use std::time::Instant;

use kolmo_config::RunConfig;
use kolmo_eval::code;
use kolmo_kernels::Workers;
use kolmo_model::{ComputeDevice, Model, weights as tensors};
use kolmo_probe::role_bits;
use kolmo_run::{CompressionRecord, CompressorRecord, TextRecord, WeightsRecord};
use kolmo_stats::Z95;
use kolmo_theory::{BayesLearner, ByRole, Floor};
use kolmo_world::{Document, Token, World, stream::VALIDATION_FIRST};

use crate::{
    bayes,
    container::Codec,
    documents::Predictor,
    error::{CodecError, Result},
    general,
    text::write_line,
    weights::{self, EXACT, ROUNDED},
};

/// A run that is measured.
#[derive(Debug, Clone, Copy)]
pub struct Trained<'a> {
    /// Its configuration.
    pub config: &'a RunConfig,
    /// Its world.
    pub world: &'a World,
    /// Its model, without automatic differentiation.
    pub model: &'a Model,
    /// Steps behind the weights.
    pub step: u64,
    /// Where the model is.
    pub device: &'a ComputeDevice,
    /// The threads.
    pub workers: &'a Workers,
}

impl Trained<'_> {
    /// Documents of the world that it was trained on.
    fn documents(&self) -> u64 {
        match self.config.finetune {
            Some(_) => self.config.documents_before(),
            None => self.step * self.config.train.batch_documents as u64,
        }
    }
}

/// Measures `run` on so many documents: its weights at every precision as the first part of a two-part code of what it was trained on, and
/// the code of what it has not seen beside those of other compressors. Whatever is compressed is decompressed again.
///
/// None if `wants_stop` said so on the way.
///
/// # Errors
/// A device that fails, and [`CodecError::NotGivenBack`] if something does not come back.
pub fn measure(
    run: Trained<'_>,
    documents: u64,
    wants_stop: &dyn Fn() -> bool,
) -> Result<Option<CompressionRecord>> {
    let trained_on = run.documents();
    let sampled = documents.min(trained_on);
    let sample: Vec<Document> = (0..sampled)
        .map(|k| run.world.document(part(k, trained_on, sampled)))
        .collect();
    let floor = floor(run.world, &sample);
    let original = tensors::read(run.model)?;
    let model = &run.config.model;
    let vocabulary = run.world.vocabulary().len();
    let specs = model.specs(vocabulary);
    let mut records = Vec::new();
    for bits in [EXACT].into_iter().chain(ROUNDED) {
        if wants_stop() {
            return Ok(None);
        }
        let packed = weights::compress(&original, &specs, bits)?;
        let unpacked = weights::decompress(&packed, &specs, bits)?;
        let rounded = tensors::write(run.model.clone(), unpacked)?;
        let nats = code(
            &rounded,
            run.world,
            &sample,
            &run.device.device,
            run.workers,
        )?;
        let above = nats
            .iter()
            .zip(&floor)
            .map(|(nats, floor)| *nats + floor.scaled(-1.0));
        let (redundancy, redundancy_half_width) = mean(&above.collect::<Vec<_>>());
        records.push(WeightsRecord {
            bits_per_weight: bits,
            description_bits: 8.0 * packed.len() as f64,
            redundancy: role_bits(&redundancy),
            redundancy_half_width,
        });
    }
    Ok(Some(CompressionRecord {
        step: run.step,
        documents: trained_on,
        parameters: model.parameters(vocabulary),
        sampled,
        floor: role_bits(&mean(&floor).0),
        weights: records,
        text: compare(run, documents)?.0,
    }))
}

/// Part k of `whole` in so many parts, without overflow.
fn part(k: u64, whole: u64, parts: u64) -> u64 {
    (u128::from(k) * u128::from(whole) / u128::from(parts.max(1))) as u64
}

/// What each of `documents` costs who knows the world, nats.
fn floor(world: &World, documents: &[Document]) -> Vec<ByRole> {
    let mut floor = Floor::by_role(world);
    let mut nats = Vec::new();
    let documents = documents.iter();
    documents
        .map(|document| floor.sum(document, &mut nats))
        .collect()
}

/// The mean, and half the width of the 95 % confidence interval of its total in bits.
fn mean(all: &[ByRole]) -> (ByRole, f64) {
    let n = all.len() as f64;
    let sum = all.iter().fold(ByRole::default(), |sum, one| sum + *one);
    let mean = sum.scaled(1.0 / n);
    let squares = all.iter().map(|one| (one.total() - mean.total()).powi(2));
    let error = (squares.sum::<f64>() / (n - 1.0) / n).sqrt();
    (mean, Z95 * error / std::f64::consts::LN_2)
}

/// A compressor at work on a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// Who it is, and what came of it.
    pub record: CompressorRecord,
    /// Seconds that compressing took.
    pub compress_s: f64,
    /// Seconds that decompressing took.
    pub decompress_s: f64,
}

/// So many documents that `run` has not seen, in every code, one after another; and how long each took.
///
/// # Errors
/// As of [`measure`].
pub fn compare(run: Trained<'_>, count: u64) -> Result<(TextRecord, Vec<Timed>)> {
    let Trained { world, workers, .. } = run;
    let documents: Vec<Document> = (0..count)
        .map(|k| world.document(VALIDATION_FIRST + k))
        .collect();
    let tokens: Vec<Vec<Token>> = documents.iter().map(|d| d.tokens.clone()).collect();
    let mut text = Vec::new();
    for document in &tokens {
        write_line(document, world.vocabulary(), &mut text);
    }

    let predictor = Predictor::new(run.model, &run.device.device, world.max_document_length());
    let codec = Codec::new(predictor, world.vocabulary(), workers)?;
    let model = timed(
        CompressorRecord::MODEL,
        &text,
        || {
            let mut file = Vec::new();
            let done = codec.compress(&text[..], &mut file, &mut |_| {})?;
            let lengths = (done.information_bits, done.coded_bits as f64);
            Ok((file, Some(lengths)))
        },
        |file| {
            let mut back = Vec::new();
            codec.decompress(file, &mut back, &mut |_| {})?;
            Ok(back)
        },
    )?;
    let mut all = vec![model];

    let learners = [
        (CompressorRecord::BAYES, run.documents()),
        (CompressorRecord::BAYES_UNTRAINED, 0),
    ];
    for (name, before) in learners {
        let mut learner = BayesLearner::new(world, run.config.eval.bayes_discount);
        let mut nats = Vec::new();
        for n in 0..before {
            learner.read(&world.document(n), &mut nats);
        }
        let mut same = learner.clone();
        all.push(timed(
            name,
            &tokens,
            || {
                let (code, information) = bayes::encode(&mut learner, &tokens)?;
                let coded = 8.0 * code.len() as f64;
                Ok((code, Some((information, coded))))
            },
            |code| bayes::decode(&mut same, code, tokens.len()),
        )?);
    }

    for general in general::ALL {
        let failed = |source| CodecError::Compressor {
            name: general.name,
            source,
        };
        all.push(timed(
            general.name,
            &text,
            || Ok((general.compress(&text).map_err(failed)?, None)),
            |code| general.decompress(code).map_err(failed),
        )?);
    }

    let nats = floor(world, &documents).into_iter();
    let record = TextRecord {
        first: VALIDATION_FIRST,
        documents: count,
        facts: documents.iter().map(|d| d.facts.len() as u64).sum(),
        bytes: text.len() as u64,
        floor_bits: role_bits(&nats.fold(ByRole::default(), |sum, one| sum + one)).total,
        compressors: all.iter().map(|timed| timed.record.clone()).collect(),
    };
    Ok((record, all))
}

/// A code; Σ −log2 P by the compressor's own probabilities and the length of the arithmetic code, bits, if it has any.
type Coded = (Vec<u8>, Option<(f64, f64)>);

/// Lets a compressor do its work and undo it.
fn timed<T: PartialEq>(
    name: &'static str,
    text: &T,
    compress: impl FnOnce() -> Result<Coded>,
    decompress: impl FnOnce(&[u8]) -> Result<T>,
) -> Result<Timed> {
    let started = Instant::now();
    let (code, lengths) = compress()?;
    let compress_s = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let back = decompress(&code)?;
    let decompress_s = started.elapsed().as_secs_f64();
    if back != *text {
        return Err(CodecError::NotGivenBack(name));
    }
    Ok(Timed {
        record: CompressorRecord {
            name: name.to_owned(),
            bits: 8.0 * code.len() as f64,
            information_bits: lengths.map(|(information, _)| information),
            coded_bits: lengths.map(|(_, coded)| coded),
        },
        compress_s,
        decompress_s,
    })
}
