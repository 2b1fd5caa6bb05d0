//! The events of an event file, as bytes, by TensorBoard's own protocol buffers.

use std::io;

use protobuf::{Message, well_known_types::Value};
use tensorboard_proto::api::{DataType, Experiment, HParamInfo, MetricInfo, MetricName};
use tensorboard_proto::event::{Event, SessionLog, SessionLog_SessionStatus};
use tensorboard_proto::plugin_hparams::{HParamsPluginData, SessionStartInfo};
use tensorboard_proto::summary::{
    Summary, Summary_Image, Summary_Value, SummaryMetadata, SummaryMetadata_PluginData,
};

use super::tags::{Scalar, VALUE_LOSS};

/// A picture, for TensorBoard's IMAGES page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its width, pixels.
    pub width: u32,
    /// Its height, pixels.
    pub height: u32,
    /// The content of a PNG file, in colour.
    pub png: Vec<u8>,
}

/// A setting of a run, for TensorBoard's HPARAMS page.
#[derive(Debug, Clone, PartialEq)]
pub enum HparamValue {
    /// A number; whole numbers too, for the page knows no others. One that is not finite is shown as text: the page hands
    /// numbers on as JSON, and shows no run at all if one of them has no JSON form.
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
pub(super) fn first(wall_time_s: f64) -> io::Result<Vec<u8>> {
    let mut event = Event::new();
    event.set_wall_time(wall_time_s);
    event.set_file_version("brain.Event:2".to_owned());
    Ok(event.write_to_bytes()?)
}

/// Tells a TensorBoard that is looking on to forget all points it has: they come again.
pub(super) fn restart(wall_time_s: f64) -> io::Result<Vec<u8>> {
    let mut log = SessionLog::new();
    log.set_status(SessionLog_SessionStatus::START);
    let mut event = Event::new();
    event.set_wall_time(wall_time_s);
    event.set_session_log(log);
    Ok(event.write_to_bytes()?)
}

/// One event with all scalars of a record.
pub(super) fn scalars(wall_time_s: f64, step: u64, scalars: &[Scalar]) -> io::Result<Vec<u8>> {
    let values = scalars.iter().map(|scalar| {
        let mut value = Summary_Value::new();
        value.set_tag(scalar.tag.clone());
        value.set_simple_value(scalar.value as f32);
        value
    });
    event(wall_time_s, step, values.collect())
}

/// One event with one picture.
pub(super) fn image(wall_time_s: f64, step: u64, tag: &str, image: Image) -> io::Result<Vec<u8>> {
    /// Red, green, blue and opacity.
    const CHANNELS: i32 = 4;
    let mut picture = Summary_Image::new();
    picture.set_width(i32::try_from(image.width).unwrap_or(i32::MAX));
    picture.set_height(i32::try_from(image.height).unwrap_or(i32::MAX));
    picture.set_colorspace(CHANNELS);
    picture.set_encoded_image_string(image.png);
    let mut value = Summary_Value::new();
    value.set_tag(tag.to_owned());
    value.set_image(picture);
    event(wall_time_s, step, vec![value])
}

/// The two events from which the HPARAMS page takes a run: which settings and results it is to
/// show, and the values of the settings.
pub(super) fn hparams(
    wall_time_s: f64,
    hparams: &[(String, HparamValue)],
) -> io::Result<[Vec<u8>; 2]> {
    let mut name = MetricName::new();
    name.set_tag(VALUE_LOSS.to_owned());
    let mut metric = MetricInfo::new();
    metric.set_name(name);
    let mut experiment = Experiment::new();
    experiment.mut_metric_infos().push(metric);
    let mut session = SessionStartInfo::new();
    session.set_start_time_secs(wall_time_s);
    for (name, setting) in hparams {
        let mut value = Value::new();
        let data_type = match setting {
            HparamValue::Text(text) => {
                value.set_string_value(text.clone());
                DataType::DATA_TYPE_STRING
            }
            HparamValue::Boolean(boolean) => {
                value.set_bool_value(*boolean);
                DataType::DATA_TYPE_BOOL
            }
            HparamValue::Number(number) if !number.is_finite() => {
                value.set_string_value(number.to_string());
                DataType::DATA_TYPE_STRING
            }
            HparamValue::Number(number) => {
                value.set_number_value(*number);
                DataType::DATA_TYPE_FLOAT64
            }
        };
        let mut info = HParamInfo::new();
        info.set_name(name.clone());
        info.set_field_type(data_type);
        experiment.mut_hparam_infos().push(info);
        session.mut_hparams().insert(name.clone(), value);
    }

    let mut shown = HParamsPluginData::new();
    shown.set_experiment(experiment);
    let mut started = HParamsPluginData::new();
    started.set_session_start_info(session);
    Ok([
        plugin_event(wall_time_s, "_hparams_/experiment", &shown)?,
        plugin_event(wall_time_s, "_hparams_/session_start_info", &started)?,
    ])
}

/// An event that carries `content` to the HPARAMS plugin.
fn plugin_event(wall_time_s: f64, tag: &str, content: &HParamsPluginData) -> io::Result<Vec<u8>> {
    let mut plugin = SummaryMetadata_PluginData::new();
    plugin.set_plugin_name("hparams".to_owned());
    plugin.set_content(content.write_to_bytes()?);
    let mut metadata = SummaryMetadata::new();
    metadata.set_plugin_data(plugin);
    let mut value = Summary_Value::new();
    value.set_tag(tag.to_owned());
    value.set_metadata(metadata);
    event(wall_time_s, 0, vec![value])
}

fn event(wall_time_s: f64, step: u64, values: Vec<Summary_Value>) -> io::Result<Vec<u8>> {
    let mut summary = Summary::new();
    summary.set_value(values.into());
    let mut event = Event::new();
    event.set_wall_time(wall_time_s);
    event.set_step(i64::try_from(step).unwrap_or(i64::MAX));
    event.set_summary(summary);
    Ok(event.write_to_bytes()?)
}

#[cfg(test)]
mod tests {
    use protobuf::well_known_types::Value_oneof_kind as Kind;

    use super::*;

    #[test]
    fn a_number_that_json_does_not_have_is_text() {
        let numbers = [1.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        let settings: Vec<_> = numbers
            .iter()
            .map(|number| (number.to_string(), HparamValue::Number(*number)))
            .collect();
        let [shown, started] = hparams(0.0, &settings).unwrap().map(|bytes| {
            let mut event: Event = Event::parse_from_bytes(&bytes).unwrap();
            let value = event.mut_summary().mut_value().remove(0);
            let content = value.get_metadata().get_plugin_data().get_content();
            HParamsPluginData::parse_from_bytes(content).unwrap()
        });
        let values = started.get_session_start_info().get_hparams();
        let kinds = numbers.map(|number| values[&number.to_string()].kind.clone().unwrap());
        assert_eq!(
            kinds,
            [
                Kind::number_value(1.5),
                Kind::string_value("inf".to_owned()),
                Kind::string_value("-inf".to_owned()),
                Kind::string_value("NaN".to_owned())
            ]
        );
        let columns = shown.get_experiment().get_hparam_infos().iter();
        let types: Vec<DataType> = columns.map(HParamInfo::get_field_type).collect();
        assert_eq!(types[0], DataType::DATA_TYPE_FLOAT64);
        assert_eq!(types[1..], [DataType::DATA_TYPE_STRING; 3]);
    }
}
