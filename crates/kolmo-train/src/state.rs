//! `state.cbor` of a checkpoint: what the loop and its companions keep, each under a name.
//!
//! It is one CBOR map. Whoever keeps something encodes and decodes it itself, so that no one else knows what it is.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ciborium_ll::{Decoder, Encoder, Header};
use kolmo_run::{Error, RunDirectory};
use serde::{Serialize, de::DeserializeOwned, de::IgnoredAny};

use crate::error::TrainError;

/// The name of the file.
pub(crate) const STATE: &str = "state.cbor";

/// `value` as CBOR.
///
/// # Errors
/// [`TrainError::State`] if it has none.
pub fn cbor(value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, TrainError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes)
        .map_err(|error| TrainError::State(error.to_string()))?;
    Ok(bytes)
}

/// A state that is being written.
#[derive(Default)]
pub(crate) struct Keeping {
    names: Vec<&'static str>,
    /// Names and values, behind each other.
    entries: Vec<u8>,
}

impl Keeping {
    /// Adds `value`.
    pub fn put(&mut self, name: &'static str, value: &impl Serialize) -> Result<(), TrainError> {
        self.put_cbor(name, &cbor(value)?)
    }

    /// Adds a value that is CBOR already.
    pub fn put_cbor(&mut self, name: &'static str, value: &[u8]) -> Result<(), TrainError> {
        if self.names.contains(&name) {
            return Err(TrainError::State(format!("two of its parts are `{name}`")));
        }
        self.names.push(name);
        self.entries.extend(cbor(name)?);
        self.entries.extend(value);
        Ok(())
    }

    /// The content of the file.
    pub fn finish(self) -> Result<Vec<u8>, TrainError> {
        let mut header = Vec::new();
        Encoder::from(&mut header)
            .push(Header::Map(Some(self.names.len())))
            .map_err(|error| TrainError::State(error.to_string()))?;
        let mut bytes = self.entries;
        bytes.splice(0..0, header);
        Ok(bytes)
    }
}

/// A state that was read.
pub(crate) struct State<'a> {
    checkpoint: PathBuf,
    /// The values that nobody has asked for.
    left: BTreeMap<String, &'a [u8]>,
}

impl<'a> State<'a> {
    /// That of the checkpoint of `step` of `run`, whose file has `bytes`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if they are none.
    pub fn read(run: &RunDirectory, step: u64, bytes: &'a [u8]) -> Result<Self, TrainError> {
        let checkpoint = run.checkpoint(step);
        match values(bytes) {
            Ok(left) => Ok(Self { checkpoint, left }),
            Err(reason) => Err(unusable(&checkpoint, reason)),
        }
    }

    /// What is kept under `name`, which nobody has asked for.
    pub fn kept<'b>(&'b mut self, name: &'b str) -> Kept<'b> {
        Kept {
            cbor: self.left.remove(name),
            checkpoint: &self.checkpoint,
            name,
        }
    }

    /// That somebody has asked for everything.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if not: what is kept and not taken up would be lost.
    pub fn finish(self) -> Result<(), TrainError> {
        let names: Vec<&str> = self.left.keys().map(String::as_str).collect();
        match names.is_empty() {
            true => Ok(()),
            false => {
                let names = names.join(", ");
                let reason = format!("this kolmo cannot go on with {names}, which is in it");
                Err(unusable(&self.checkpoint, reason))
            }
        }
    }
}

/// What a checkpoint has under a name.
pub struct Kept<'a> {
    checkpoint: &'a Path,
    name: &'a str,
    cbor: Option<&'a [u8]>,
}

impl Kept<'_> {
    /// The value.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there is none, or another one.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, TrainError> {
        let missing = || unusable(self.checkpoint, format!("`{}` is missing", self.name));
        self.read_if_there()?.ok_or_else(missing)
    }

    /// The value; `None` in a checkpoint of a build that did not keep it.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is another one.
    pub fn read_if_there<T: DeserializeOwned>(&self) -> Result<Option<T>, TrainError> {
        let read = |cbor| {
            ciborium::from_reader(cbor)
                .map_err(|error| unusable(self.checkpoint, format!("`{}`: {error}", self.name)))
        };
        self.cbor.map(read).transpose()
    }
}

fn unusable(checkpoint: &Path, reason: String) -> TrainError {
    let error = Error::Checkpoint {
        path: checkpoint.to_path_buf(),
        reason: format!("{STATE} cannot be read: {reason}"),
    };
    error.into()
}

/// The value of each name in the map `bytes`.
fn values(bytes: &[u8]) -> Result<BTreeMap<String, &[u8]>, String> {
    let mut rest = bytes;
    let Ok(Header::Map(Some(count))) = Decoder::from(&mut rest).pull() else {
        return Err("it is no map".to_owned());
    };
    let mut values = BTreeMap::new();
    for _ in 0..count {
        let name: String =
            ciborium::from_reader(&mut rest).map_err(|error| format!("a name: {error}"))?;
        let from = rest;
        let _: IgnoredAny =
            ciborium::from_reader(&mut rest).map_err(|error| format!("`{name}`: {error}"))?;
        let value = &from[..from.len() - rest.len()];
        if values.insert(name.clone(), value).is_some() {
            return Err(format!("`{name}` is there twice"));
        }
    }
    match rest.is_empty() {
        true => Ok(values),
        false => Err("there is something behind it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Struct {
        step: u64,
        sums: [f64; 2],
        counts: Vec<u64>,
        exact: Option<bool>,
    }

    fn example() -> Vec<u8> {
        let mut keeping = Keeping::default();
        keeping.put("step", &7u64).unwrap();
        keeping.put("sums", &[0.1, 3.0]).unwrap();
        keeping.put("counts", &vec![1u64, 1 << 40]).unwrap();
        keeping.put("exact", &None::<bool>).unwrap();
        keeping.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<State<'_>, TrainError> {
        State::read(&RunDirectory::at("run"), 7, bytes)
    }

    #[test]
    fn it_is_what_serde_makes_of_a_structure() {
        let all = Struct {
            step: 7,
            sums: [0.1, 3.0],
            counts: vec![1, 1 << 40],
            exact: None,
        };
        assert_eq!(example(), cbor(&all).unwrap());
    }

    #[test]
    fn what_was_kept_is_taken_up_and_nothing_is_left_behind() {
        let example = example();
        let mut state = read(&example).unwrap();
        assert_eq!(
            state.kept("counts").read::<Vec<u64>>().unwrap(),
            [1, 1 << 40]
        );
        assert_eq!(state.kept("step").read::<u64>().unwrap(), 7);
        assert_eq!(state.kept("exact").read::<Option<bool>>().unwrap(), None);
        let new = state.kept("new").read_if_there::<u64>().unwrap();
        assert_eq!(new, None);
        let missing = state.kept("new").read::<u64>().unwrap_err();
        assert!(missing.is_damage() && missing.to_string().contains("`new` is missing"));
        let left = state.finish().unwrap_err().to_string();
        assert!(left.contains("cannot go on with sums"), "{left}");
    }

    #[test]
    fn what_is_no_state_is_damage() {
        let sound = example();
        for end in 0..sound.len() {
            assert!(read(&sound[..end]).is_err_and(|error| error.is_damage()));
        }
        assert!(read(&[&sound[..], &[0]].concat()).is_err());
        let wrong = read(&sound)
            .unwrap()
            .kept("sums")
            .read::<u64>()
            .unwrap_err();
        assert!(
            wrong.is_damage() && wrong.to_string().contains("`sums`"),
            "{wrong}"
        );
    }

    #[test]
    fn no_two_parts_have_one_name() {
        let mut keeping = Keeping::default();
        keeping.put("step", &1).unwrap();
        assert!(keeping.put("step", &2).is_err());
    }
}
