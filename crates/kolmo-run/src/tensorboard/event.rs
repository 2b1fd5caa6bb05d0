//! The events of an event file, as bytes.
//!
//! The numbers are the field numbers of TensorBoard's own definitions: `event.proto`,
//! `summary.proto` and the HPARAMS plugin's `plugin_data.proto` and `api.proto`.

use super::tags::{Scalar, VALUE_LOSS};
use super::wire::Message;

/// A setting of a run, for TensorBoard's HPARAMS page.
#[derive(Debug, Clone, PartialEq)]
pub enum HparamValue {
    /// A number; whole numbers too, for the page knows no others.
    Number(f64),
    /// A name or anything that is neither number nor yes or no.
    Text(String),
    /// Yes or no.
    Boolean(bool),
}

impl From<f64> for HparamValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for HparamValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for HparamValue {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

/// The first event of every file. It tells the version of the format.
pub(super) fn first(wall_time_s: f64) -> Vec<u8> {
    let event = Message::new().double(1, wall_time_s);
    event.text(3, "brain.Event:2").into_bytes()
}

/// One event with all scalars of a record.
pub(super) fn scalars(wall_time_s: f64, step: u64, scalars: &[Scalar]) -> Vec<u8> {
    let summary = scalars.iter().fold(Message::new(), |summary, scalar| {
        let value = Message::new()
            .text(1, &scalar.tag)
            .float(2, scalar.value as f32);
        summary.message(1, value)
    });
    event(wall_time_s, step, summary)
}

/// The two events from which the HPARAMS page takes a run: which settings and results it is to
/// show, and the values of the settings.
pub(super) fn hparams(wall_time_s: f64, hparams: &[(String, HparamValue)]) -> [Vec<u8>; 2] {
    let metric_name = Message::new().text(2, VALUE_LOSS);
    let metric = Message::new().message(1, metric_name);
    let mut experiment = Message::new().message(5, metric);
    let mut session = Message::new();
    for (name, value) in hparams {
        let (data_type, value) = match value {
            HparamValue::Text(text) => (1, Message::new().text(3, text)),
            HparamValue::Boolean(boolean) => (2, Message::new().integer(4, u64::from(*boolean))),
            HparamValue::Number(number) => (3, Message::new().double(2, *number)),
        };
        let info = Message::new().text(1, name).integer(4, data_type);
        experiment = experiment.message(4, info);
        let entry = Message::new().text(1, name).message(2, value);
        session = session.message(1, entry);
    }
    let session = session.double(5, wall_time_s);

    let event = |tag: &str, content: Message| {
        let plugin = Message::new().text(1, "hparams").message(2, content);
        let metadata = Message::new().message(1, plugin);
        let value = Message::new().text(1, tag).message(9, metadata);
        event(wall_time_s, 0, Message::new().message(1, value))
    };
    [
        event(
            "_hparams_/experiment",
            Message::new().message(2, experiment),
        ),
        event(
            "_hparams_/session_start_info",
            Message::new().message(3, session),
        ),
    ]
}

fn event(wall_time_s: f64, step: u64, summary: Message) -> Vec<u8> {
    Message::new()
        .double(1, wall_time_s)
        .integer(2, step)
        .message(5, summary)
        .into_bytes()
}
