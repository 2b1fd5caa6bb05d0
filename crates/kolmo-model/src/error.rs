//! What can go wrong with a model.

/// A model that cannot be, a device that is not there, or weights that do not fit.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Sizes that cannot be.
    #[error(transparent)]
    Config(#[from] kolmo_config::ConfigError),
    /// A device that nobody could name.
    #[error("there is no device {name:?}: {hint}valid is {valid}")]
    UnknownDevice {
        /// What was asked for.
        name: String,
        /// What may have been meant, if others have such a name.
        hint: &'static str,
        /// The names there are.
        valid: &'static str,
    },
    /// A device that this build or this machine lacks.
    #[error("device {name} is not available: {reason}")]
    DeviceUnavailable {
        /// What was asked for.
        name: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// Settings of Burn or CubeCL that could not be made.
    #[error("the settings of the GPU could not be made: {0}")]
    Settings(String),
    /// A model that is not built as its architecture describes it: a mistake in one of the two.
    #[error("the architecture and its model do not agree: {0}")]
    Description(String),
    /// Weights that are not those of this model.
    #[error("the weights do not fit the model: {0}")]
    Weights(String),
    /// A tensor that could not be read back from its device.
    #[error("reading {what} from the device failed: {reason}")]
    Read {
        /// Which tensor.
        what: String,
        /// The device's reason.
        reason: String,
    },
}
