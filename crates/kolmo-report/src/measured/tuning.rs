//! What claims about fine-tuning have in common: variants, what was lost, what was learnt.

use kolmo_config::{FinetuneConfig, Method};
use kolmo_theory::information::{Fold, Told, recalibrated};
use kolmo_world::{
    LessonConfig,
    lesson::{LessonSyntax, Replayed, Subjects},
};

use crate::{
    error::Result,
    figures::chart::Datum,
    measured::runs::{number, templates},
    number::significant,
    study::{Study, StudyRun, groups},
};
use kolmo_stats::{Estimate, OfSeed};

/// Fine-tunings that are alike but for their seeds.
pub struct Variant<'a> {
    /// What sets it apart, for readers: `160256 parameters, old syntax, no replay`.
    pub name: String,
    /// The model that is tuned: `160256 parameters`.
    pub model: String,
    /// How it is tuned: `old syntax, no replay`.
    pub how: String,
    /// Its configuration.
    pub finetune: &'a FinetuneConfig,
    /// Its runs.
    pub runs: Vec<&'a StudyRun>,
}

/// The fine-tunings of `study` whose lesson is `such`.
pub fn variants(study: &Study, such: impl Fn(&LessonConfig) -> bool) -> Vec<Variant<'_>> {
    let lesson = |run: &&StudyRun| {
        let finetune = run.config.finetune.as_ref();
        finetune.is_some_and(|finetune| such(&finetune.lesson))
    };
    let alike = |run: &StudyRun| {
        let mut finetune = run.config.finetune.clone();
        if let Some(finetune) = &mut finetune {
            finetune.from = None;
            // Of the base, its length.
            if let Some(base) = &mut finetune.base {
                base.identity.clear();
            }
        }
        (run.but_seed(), finetune)
    };
    let groups = groups(study.tuned.iter().filter(lesson), alike);
    let differs =
        |of: &dyn Fn(&StudyRun) -> u64| groups.iter().any(|runs| of(runs[0]) != of(groups[0][0]));
    let wordings = differs(&templates);
    // What a number of templates does to the size of a model does not make it another one.
    let shape = |run: &StudyRun| run.config.model.parameters(0);
    let sizes = differs(&shape);
    let all = groups.iter().filter_map(|runs| {
        let finetune = runs[0].config.finetune.as_ref()?;
        let count = templates(runs[0]);
        let plural = if count == 1 { "" } else { "s" };
        let size = format!("{} parameters", runs[0].parameters);
        let wording = format!("{count} template{plural}");
        let model = match (sizes, wordings) {
            (true, true) => format!("{size}, {wording}"),
            (false, true) => wording,
            _ => size,
        };
        let how = how(finetune);
        let name = match sizes || wordings {
            true => format!("{model}, {how}"),
            false => how.clone(),
        };
        Some(Variant {
            name,
            model,
            how,
            finetune,
            runs: runs.clone(),
        })
    });
    let mut all: Vec<Variant<'_>> = all.collect();
    // An order that does not depend on how runs are called.
    all.sort_by_key(|variant| {
        let first = variant.runs[0];
        (templates(first), first.parameters, variant.how.clone())
    });
    // Where the rate sets them apart, it is said.
    let rate = |variant: &Variant<'_>| variant.runs[0].config.train.learning_rate;
    let rates: Vec<(String, f64)> = all.iter().map(|of| (of.name.clone(), rate(of))).collect();
    for variant in &mut all {
        let differs =
            |(name, other): &(String, f64)| *name == variant.name && *other != rate(variant);
        if rates.iter().any(differs) {
            let said = format!(", rate {}", significant(rate(variant)));
            variant.name += &said;
            variant.how += &said;
        }
    }
    // What else does has no words: they are numbered.
    let names: Vec<String> = all.iter().map(|variant| variant.name.clone()).collect();
    for (k, variant) in all.iter_mut().enumerate() {
        let number = number(&names, k);
        variant.name += &number;
        variant.how += &number;
    }
    all
}

/// The fine-tunings of `study` that teach new facts.
pub fn injections(study: &Study) -> Vec<Variant<'_>> {
    variants(study, |lesson| match lesson {
        LessonConfig::Injection { .. } => true,
        LessonConfig::Instruction { .. } => false,
    })
}

/// Whether a fine-tuning reads on in pre-training, and teaches nothing.
pub fn reads_on(finetune: &FinetuneConfig) -> bool {
    finetune.replay.share == 1.0 && finetune.replay.of == Replayed::Fresh
}

/// How it is tuned.
pub fn how(finetune: &FinetuneConfig) -> String {
    let replay = match (finetune.replay.share, finetune.replay.of) {
        (0.0, _) => "no replay".to_owned(),
        (share, Replayed::Fresh) => format!("{} replayed", percent(share)),
        (share, Replayed::Seen) => format!("{} replayed of those seen", percent(share)),
        (share, Replayed::Generated) => format!("{} replayed of its own", percent(share)),
    };
    let lesson = match &finetune.lesson {
        _ if finetune.replay.share == 1.0 => return "control".to_owned(),
        LessonConfig::Instruction { fraction } => format!("{} taught", percent(*fraction)),
        LessonConfig::Injection {
            subjects, syntax, ..
        } => {
            let syntax = match syntax {
                LessonSyntax::Old => "old syntax",
                LessonSyntax::New => "new syntax",
            };
            match subjects {
                Subjects::New => syntax.to_owned(),
                Subjects::Old => format!("{syntax}, known subjects"),
            }
        }
    };
    match finetune.method {
        Method::Full => format!("{lesson}, {replay}"),
        Method::Lora => format!("{lesson}, {replay}, rank {}", finetune.rank),
    }
}

/// What a run knew of old facts before its first step, bits.
pub fn bits_before(run: &StudyRun) -> f64 {
    run.evaluations
        .first()
        .map_or(f64::NAN, |first| first.bits_stored)
}

/// The share of what it knew that a run has lost; below 0 if it has gained.
pub fn lost(run: &StudyRun) -> f64 {
    1.0 - run.last().bits_stored / bits_before(run)
}

/// The wording that a fine-tuning teaches in.
pub fn taught_in(finetune: &FinetuneConfig) -> &'static str {
    match finetune.lesson {
        LessonConfig::Injection {
            syntax: LessonSyntax::Old,
            ..
        } => "statement",
        LessonConfig::Injection {
            syntax: LessonSyntax::New,
            ..
        }
        | LessonConfig::Instruction { .. } => "question",
    }
}

/// What a run knows of new facts at its end, bits, asked as they were taught.
///
/// # Errors
/// Answers that cannot be read.
pub fn new_bits(run: &StudyRun, finetune: &FinetuneConfig) -> Result<f64> {
    let wording = taught_in(finetune);
    let answers = run.answers()?;
    let new = answers
        .iter()
        .filter(|row| row.cohort == "injected" && row.wording == wording);
    let relations = run.world.relations();
    let place = |name: &str| {
        relations
            .iter()
            .position(|relation| relation.name() == name)
    };
    let told = new.map(|row| Told {
        fold: Fold::of(row.subject, place(&row.relation).unwrap_or_default()),
        stands_for: row.stands_for as f64,
        content: row.content_nats,
        loss: row.loss_nats,
        confidence: row.confidence,
    });
    let known = recalibrated(&told.collect::<Vec<_>>()).known;
    Ok(known.nats / std::f64::consts::LN_2)
}

/// x where y, in the order of `points`, reaches `level` for the first time, on straight lines between them; not a number if it
/// never does.
pub fn crossing(points: &[(f64, f64)], level: f64) -> f64 {
    let Some(k) = points.iter().position(|(_, y)| *y >= level) else {
        return f64::NAN;
    };
    let (x1, y1) = points[k];
    let Some((x0, y0)) = k.checked_sub(1).map(|k| points[k]) else {
        return x1;
    };
    x0 + (x1 - x0) * (level - y0) / (y1 - y0)
}

/// Whether all weights are taught, and no sentence of pre-training comes in between.
pub fn is_bare(finetune: &FinetuneConfig) -> bool {
    finetune.method == Method::Full && finetune.replay.share == 0.0
}

fn percent(share: f64) -> String {
    format!("{} %", significant(100.0 * share))
}

/// Of each class of the runs, the mean share of its bits that is gone, the rarest class first.
pub fn class_losses(runs: &[&StudyRun]) -> Vec<Datum> {
    let count = runs[0].last().classes.len();
    let class = |k: usize| {
        let class = &runs[0].last().classes[k];
        let shares = runs.iter().filter_map(|run| {
            let before = run.evaluations.first()?.classes.get(k)?.bits_stored;
            let share = || 1.0 - run.last().classes[k].bits_stored / before;
            // Of what was not known there is no share.
            (before > 1.0).then(|| (run.config.seed, share()))
        });
        let shares: Vec<OfSeed<f64>> = shares.collect();
        let estimate = Estimate::over_seeds(&shares).ok();
        Datum {
            x: class.mass / class.facts as f64,
            y: estimate.map_or(f64::NAN, |estimate| estimate.value),
            // More than all cannot be gone.
            ci95: estimate.map(|estimate| estimate.within([f64::NEG_INFINITY, 1.0]).ci95),
        }
    };
    (0..count).rev().map(class).collect()
}
