//! How Burn and CubeCL run a GPU: what can be switched, and what is in force.

use serde_json::Value;

use crate::device::ComputeDevice;
#[cfg(feature = "cubecl")]
use crate::error::ModelError;

/// What can be turned off where a GPU computes wrong numbers. Nothing is by default, and nothing of
/// it concerns the CPU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switches {
    /// Every operation runs as a kernel of its own.
    pub no_fusion: bool,
    /// CubeCL tunes as little as it can. Off it cannot be: that takes a build without the cargo
    /// feature `autotune`.
    pub minimal_autotune: bool,
}

#[cfg(feature = "cubecl")]
impl Switches {
    /// Puts them in force for the rest of the process, over `cubecl.toml`, `burn.toml` and the
    /// environment variables of both libraries. Call it before a device is opened.
    ///
    /// One setting comes on top: all threads share one stream of commands, unless a file says
    /// otherwise. With a stream for each, which is the default, each grows a pool of memory of its
    /// own (Burn's issues 4792 and 4971), and kolmo trains on one thread anyway.
    ///
    /// # Errors
    /// [`ModelError::Settings`] where a device was opened before.
    pub fn apply(self) -> Result<(), ModelError> {
        use burn::{
            BurnConfig,
            cubecl::config::{
                CubeClRuntimeConfig, RuntimeConfig, autotune::AutotuneLevel,
                streaming::StreamingConfig,
            },
        };
        let mut burn = BurnConfig::from_current_dir().override_from_env();
        if self.no_fusion {
            // The fields of BurnConfig are private, its serialised form is not.
            let problem = |error: serde_json::Error| ModelError::Settings(error.to_string());
            let mut fields = serde_json::to_value(&burn).map_err(problem)?;
            fields["fusion"]["beam_search"]["max_explorations"] = 0.into();
            burn = serde_json::from_value(fields).map_err(problem)?;
        }
        let mut cubecl = CubeClRuntimeConfig::from_current_dir().override_from_env();
        if self.minimal_autotune {
            cubecl.autotune.level = AutotuneLevel::Minimal;
        }
        if cubecl.streaming.max_streams == StreamingConfig::default().max_streams {
            cubecl.streaming.max_streams = 1;
        }
        if BurnConfig::try_set(burn) && CubeClRuntimeConfig::try_set(cubecl) {
            Ok(())
        } else {
            Err(ModelError::Settings(
                "a device was opened before they were made".to_owned(),
            ))
        }
    }
}

#[cfg(not(feature = "cubecl"))]
impl Switches {
    /// Nothing to be done: this build reaches no GPU.
    ///
    /// # Errors
    /// None.
    pub fn apply(self) -> Result<(), crate::error::ModelError> {
        Ok(())
    }
}

/// The settings in force on `device`: whether fusion and autotune are compiled in, the
/// configurations of Burn and CubeCL but for their loggers, and the adapter with its driver.
/// `null` for a CPU, which none of it concerns.
pub fn in_force(device: &ComputeDevice) -> Value {
    #[cfg(feature = "cubecl")]
    if device.name.on_cubecl() {
        return gpu::in_force(device);
    }
    let _ = device;
    Value::Null
}

#[cfg(feature = "cubecl")]
mod gpu {
    use burn::{
        BurnConfig,
        cubecl::config::{CubeClRuntimeConfig, RuntimeConfig},
    };
    use serde::Serialize;
    use serde_json::{Value, json};

    use crate::{adapter::Adapter, device::ComputeDevice};

    pub(super) fn in_force(device: &ComputeDevice) -> Value {
        json!({
            "adapter": Adapter::of(device),
            "fusion_built_in": cfg!(feature = "fusion"),
            "autotune_built_in": cfg!(feature = "autotune"),
            "burn": silent(&*BurnConfig::get()),
            "cubecl": silent(&*CubeClRuntimeConfig::get()),
        })
    }

    /// `config` without what only says where messages go.
    fn silent(config: &impl Serialize) -> Value {
        let mut value = serde_json::to_value(config).unwrap_or_default();
        remove_loggers(&mut value);
        value
    }

    fn remove_loggers(value: &mut Value) {
        if let Value::Object(fields) = value {
            for key in ["logger", "decisions"] {
                fields.shift_remove(key);
            }
            fields.values_mut().for_each(remove_loggers);
            fields.retain(|_, field| field.as_object().is_none_or(|object| !object.is_empty()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceName;

    #[test]
    fn the_cpu_has_no_settings() {
        assert_eq!(in_force(&DeviceName::Flex.open().unwrap()), Value::Null);
    }

    // The only test of this crate that sets them: a process can once.
    #[cfg(feature = "cubecl")]
    #[test]
    fn switches_come_into_force_once() {
        use burn::{
            BurnConfig,
            cubecl::config::{CubeClRuntimeConfig, RuntimeConfig, autotune::AutotuneLevel},
        };
        let switches = Switches {
            no_fusion: true,
            minimal_autotune: true,
        };
        // Another test of this process may have opened a device first.
        if switches.apply().is_ok() {
            let fusion = BurnConfig::get().fusion().clone();
            assert_eq!(fusion.beam_search.max_explorations, Some(0));
            let cubecl = CubeClRuntimeConfig::get();
            assert!(matches!(cubecl.autotune.level, AutotuneLevel::Minimal));
            assert_eq!(cubecl.streaming.max_streams, 1);
        }
        let error = Switches::default().apply().unwrap_err().to_string();
        assert!(error.contains("before they were made"), "{error}");
    }
}
