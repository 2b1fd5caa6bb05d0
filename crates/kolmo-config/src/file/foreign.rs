//! What other trainers call the keys of a run: nanoGPT, Hugging Face, PyTorch Lightning and lm-evaluation files are what
//! people come from.

/// What kolmo has in place of a key of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ours {
    /// The same under this name.
    Key(&'static str),
    /// Something else, or nothing.
    Else(&'static str),
}

use Ours::{Else, Key};

/// Names of others, with what is ours.
const NAMES: &[(&[&str], Ours)] = &[
    (
        &[
            "steps",
            "max_steps",
            "num_steps",
            "n_steps",
            "total_steps",
            "train_steps",
            "training_steps",
            "num_training_steps",
            "max_iters",
            "iters",
            "num_iters",
            "num_iterations",
            "iterations",
        ],
        Else("the length of a run is train.documents, its steps times train.batch_documents"),
    ),
    (
        &[
            "epochs",
            "epoch",
            "num_epochs",
            "n_epochs",
            "max_epochs",
            "num_train_epochs",
        ],
        Else(
            "there are no epochs, for every document is new: train.documents says how many there are",
        ),
    ),
    (
        &[
            "max_tokens",
            "num_tokens",
            "n_tokens",
            "total_tokens",
            "train_tokens",
        ],
        Else(
            "the length of a run is train.documents, and kolmo world stats says how many tokens a document has",
        ),
    ),
    (
        &[
            "batch_size",
            "batch",
            "train_batch_size",
            "global_batch_size",
            "micro_batch_size",
            "device_batch_size",
            "total_batch_size",
            "per_device_train_batch_size",
        ],
        Key("train.batch_documents"),
    ),
    (
        &[
            "gradient_accumulation_steps",
            "grad_accum",
            "grad_accum_steps",
            "accumulate_grad_batches",
        ],
        Else(
            "gradients are not accumulated over steps: train.batch_documents is the whole batch, train.shards its parts",
        ),
    ),
    (
        &[
            "block_size",
            "seq_len",
            "seq_length",
            "sequence_length",
            "sequence_len",
            "max_seq_len",
            "max_seq_length",
            "max_length",
            "context_length",
            "context_size",
            "context",
            "n_ctx",
            "n_positions",
            "max_position_embeddings",
        ],
        Else("a row of a batch is one document, whose length follows from [world]"),
    ),
    (
        &[
            "dropout",
            "dropout_rate",
            "dropout_p",
            "attention_dropout",
            "attn_dropout",
            "attn_pdrop",
            "resid_pdrop",
            "resid_dropout",
            "embd_pdrop",
            "hidden_dropout",
            "hidden_dropout_prob",
            "label_smoothing",
            "label_smoothing_factor",
        ],
        Else(
            "there is no dropout and no smoothing, for every document is new; train.optimizer.weight_decay is what there is",
        ),
    ),
    (
        &[
            "n_layer",
            "n_layers",
            "num_layers",
            "num_hidden_layers",
            "depth",
        ],
        Key("model.layers"),
    ),
    (
        &["n_head", "n_heads", "num_heads", "num_attention_heads"],
        Key("model.heads"),
    ),
    (
        &[
            "num_key_value_heads",
            "n_kv_head",
            "n_kv_heads",
            "num_kv_heads",
        ],
        Else("every head has keys and values of its own: model.heads"),
    ),
    (
        &[
            "n_embd",
            "n_embed",
            "d_embed",
            "embed_dim",
            "embedding_dim",
            "emb_dim",
            "model_dim",
            "hidden_size",
            "hidden_dim",
            "d_hidden",
            "dim",
            "width",
        ],
        Key("model.d_model"),
    ),
    (
        &[
            "n_inner",
            "d_ff",
            "ffn_dim",
            "ffn_hidden_size",
            "intermediate_size",
            "mlp_ratio",
            "mlp_dim",
        ],
        Else("the width of the feed-forward layer follows from model.arch and model.d_model"),
    ),
    (
        &[
            "vocab_size",
            "n_vocab",
            "vocabulary_size",
            "vocab",
            "padded_vocab_size",
        ],
        Else(
            "the vocabulary follows from [world]: its names, the values of its relations and its syntax",
        ),
    ),
    (
        &["tokenizer", "tokenizer_name", "encoding"],
        Else("a word of the world is a token: there is no tokenizer"),
    ),
    (
        &[
            "model_type",
            "architecture",
            "architectures",
            "model_name",
            "model_name_or_path",
        ],
        Key("model.arch"),
    ),
    (
        &[
            "tie_weights",
            "tie_embeddings",
            "tie_word_embeddings",
            "weight_tying",
            "tied",
        ],
        Key("model.tied_embeddings"),
    ),
    (
        &[
            "lr",
            "max_lr",
            "peak_lr",
            "base_lr",
            "learning_rate",
            "learningrate",
        ],
        Key("train.learning_rate"),
    ),
    (
        &["min_lr", "lr_min", "final_lr", "end_lr", "min_lr_ratio"],
        Else("the last learning rate is train.final_fraction of train.learning_rate"),
    ),
    (
        &[
            "lr_scheduler",
            "lr_scheduler_type",
            "lr_schedule",
            "scheduler",
            "lr_decay_style",
            "decay_lr",
        ],
        Key("train.schedule"),
    ),
    (
        &["warmup_ratio", "warmup_fraction", "warmup_frac"],
        Key("train.warmup"),
    ),
    (
        &[
            "warmup_steps",
            "warmup_iters",
            "num_warmup_steps",
            "lr_warmup_steps",
        ],
        Else("the warm-up is train.warmup, a fraction of the steps, or train.warmup_documents"),
    ),
    (
        &[
            "lr_decay_iters",
            "lr_decay_steps",
            "decay_steps",
            "cooldown_steps",
            "cooldown_iters",
            "num_decay_steps",
        ],
        Else("the cool-down is train.cooldown, a fraction of the steps"),
    ),
    (
        &["beta1", "adam_beta1", "adamw_beta1"],
        Key("train.optimizer.beta_1"),
    ),
    (
        &["beta2", "adam_beta2", "adamw_beta2"],
        Key("train.optimizer.beta_2"),
    ),
    (
        &["betas", "adam_betas", "momentum"],
        Else(
            "the decays of the moments of AdamW are train.optimizer.beta_1 and train.optimizer.beta_2",
        ),
    ),
    (
        &["eps", "adam_eps", "adam_epsilon", "epsilon"],
        Key("train.optimizer.epsilon"),
    ),
    (
        &["wd", "adam_weight_decay", "l2"],
        Key("train.optimizer.weight_decay"),
    ),
    (
        &[
            "grad_clip",
            "gradient_clip",
            "gradient_clip_val",
            "gradient_clipping",
            "clip_grad",
            "clip_grad_norm",
            "max_grad_norm",
            "max_norm",
            "clip",
        ],
        Key("train.clip_norm"),
    ),
    (
        &["optimizer", "optim", "optimiser", "optimizer_name"],
        Key("train.optimizer.name"),
    ),
    (
        &[
            "eval_interval",
            "eval_steps",
            "eval_every",
            "eval_freq",
            "eval_strategy",
            "evaluation_strategy",
            "val_check_interval",
        ],
        Else("eval.evaluations is how many there are, evenly spaced in the logarithm of the step"),
    ),
    (
        &[
            "eval_iters",
            "eval_batches",
            "eval_batch_size",
            "per_device_eval_batch_size",
        ],
        Else("eval.classes and eval.facts_per_class say how many facts are asked"),
    ),
    (
        &[
            "log_interval",
            "log_steps",
            "logging_steps",
            "log_every_n_steps",
            "log_freq",
        ],
        Key("train.log_every"),
    ),
    (
        &[
            "save_steps",
            "save_interval",
            "save_every",
            "checkpoint_interval",
            "checkpoint_every",
            "checkpoint_steps",
            "save_strategy",
        ],
        Else(
            "checkpoint.every_s is the seconds between checkpoints, and checkpoint.keep_every the steps between those that stay",
        ),
    ),
    (
        &["save_total_limit", "save_top_k", "max_checkpoints"],
        Key("checkpoint.keep_last"),
    ),
    (
        &["random_seed", "rng_seed", "manual_seed", "data_seed"],
        Key("seed"),
    ),
    (
        &["device", "devices", "accelerator"],
        Else("where a run is trained is said on the command line, by --device"),
    ),
    (
        &[
            "dtype",
            "torch_dtype",
            "precision",
            "mixed_precision",
            "bf16",
            "fp16",
            "tf32",
            "amp",
        ],
        Else("all numbers of a model have 32 bits"),
    ),
    (
        &[
            "out_dir",
            "output_dir",
            "save_dir",
            "run_dir",
            "logging_dir",
            "log_dir",
        ],
        Else("where a run goes is said on the command line, by --run-dir"),
    ),
    (
        &[
            "resume",
            "init_from",
            "resume_from",
            "resume_from_checkpoint",
            "load_checkpoint",
            "ckpt_path",
        ],
        Else(
            "a run goes on by itself, see --resume, and begins with another one's weights by kolmo finetune --from",
        ),
    ),
    (
        &[
            "num_workers",
            "dataloader_num_workers",
            "n_workers",
            "num_threads",
            "threads",
        ],
        Else("all cores are used, each with parts of a batch: train.shards"),
    ),
    (
        &[
            "dataset",
            "datasets",
            "dataset_name",
            "data_path",
            "data_dir",
            "train_file",
            "train_data",
        ],
        Else("documents are drawn from [world]"),
    ),
];

/// What kolmo has in place of the key `name` of others, if it is one.
pub(super) fn ours(name: &str) -> Option<Ours> {
    let name = name.to_lowercase().replace('-', "_");
    let entry = NAMES.iter().find(|(names, _)| names.contains(&&*name));
    entry.map(|(_, ours)| *ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        RunConfig,
        file::{key::KeyPath, shape::Shape},
    };

    #[test]
    fn every_key_that_is_named_is_there_and_no_name_is_twice() {
        let shape = Shape::of::<RunConfig>();
        let is_there = |key: &str| shape.at(&KeyPath::parse(key).0).is_some();
        let tables = ["train.", "model.", "eval.", "checkpoint."];
        for (_, ours) in NAMES {
            let text = match ours {
                Key(key) => key,
                Else(text) => text,
            };
            assert!(matches!(ours, Else(_)) || is_there(text), "{text}");
            let words = text.split([' ', ',', ':']);
            for word in words.filter(|word| tables.iter().any(|table| word.starts_with(table))) {
                assert!(is_there(word), "{word}");
            }
        }
        let mut names: Vec<&str> = NAMES
            .iter()
            .flat_map(|(names, _)| *names)
            .copied()
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
