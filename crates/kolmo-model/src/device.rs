//! Where a model can live: names of devices, what this machine has, and which one `auto` takes.

use std::{fmt, str::FromStr};

use burn::tensor::{Device, DeviceType};

use crate::error::ModelError;

/// A device by name, as `--device` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceName {
    /// A real GPU if there is one, else [`Flex`](Self::Flex).
    Auto,
    /// The CPU, by Burn's fast backend.
    Flex,
    /// The CPU, by the independent second backend.
    NdArray,
    /// The k-th GPU of an API.
    Gpu(Api, usize),
    /// A software implementation of Vulkan, for tests. Never chosen unless named.
    Software,
}

/// The ways to a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// WGSL on whatever graphics API the machine prefers.
    Wgpu,
    /// SPIR-V on Vulkan.
    Vulkan,
    /// Metal.
    Metal,
    /// CUDA.
    Cuda,
    /// ROCm.
    Rocm,
}

impl Api {
    const ALL: [Self; 5] = [
        Self::Cuda,
        Self::Rocm,
        Self::Metal,
        Self::Vulkan,
        Self::Wgpu,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Wgpu => "wgpu",
            Self::Vulkan => "vulkan",
            Self::Metal => "metal",
            Self::Cuda => "cuda",
            Self::Rocm => "rocm",
        }
    }

    /// The cargo feature of a build that has it, with all that makes it fast.
    fn feature(self) -> &'static str {
        match self {
            Self::Wgpu => "gpu",
            Self::Vulkan | Self::Metal | Self::Cuda | Self::Rocm => self.name(),
        }
    }

    /// Burn's name for the API; none where the build lacks it.
    fn device_type(self) -> Option<DeviceType> {
        match self {
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Some(DeviceType::Wgpu),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Some(DeviceType::Vulkan),
            #[cfg(feature = "metal")]
            Self::Metal => Some(DeviceType::Metal),
            #[cfg(feature = "cuda")]
            Self::Cuda => Some(DeviceType::Cuda),
            #[cfg(feature = "rocm")]
            Self::Rocm => Some(DeviceType::Rocm),
            #[allow(unreachable_patterns)]
            _ => None,
        }
    }

    /// Every adapter this API reaches, software ones included; none where the build lacks the API.
    fn adapters(self) -> Option<Vec<Device>> {
        let device_type = self.device_type()?;
        // A driver that is there but broken panics inside the graphics stack. That must not take a
        // run on the CPU with it.
        let listed = std::panic::catch_unwind(|| Device::enumerate(device_type).into_vec());
        Some(listed.unwrap_or_default())
    }
}

/// The names there are; k counts the GPUs of an API from 0.
pub const NAMES: &str =
    "auto, flex, ndarray, wgpu[:k], vulkan[:k], metal[:k], cuda[:k], rocm[:k], software";

impl FromStr for DeviceName {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let unknown = || ModelError::UnknownDevice {
            name: text.to_owned(),
            hint: match text.to_ascii_lowercase().as_str() {
                "cpu" => "the CPU is flex; ",
                "gpu" => "auto takes a GPU where there is one; ",
                "mps" => "that of a Mac is metal; ",
                "nvidia" => "that of NVIDIA is cuda; ",
                "amd" | "hip" => "that of AMD is rocm; ",
                _ => "",
            },
            valid: NAMES,
        };
        let (name, index) = match text.split_once(':') {
            Some((name, index)) => (name, Some(index.parse().map_err(|_| unknown())?)),
            None => (text, None),
        };
        let api = Api::ALL.into_iter().find(|api| api.name() == name);
        match (name, index, api) {
            ("auto", None, _) => Ok(Self::Auto),
            ("flex", None, _) => Ok(Self::Flex),
            ("ndarray", None, _) => Ok(Self::NdArray),
            ("software", None, _) => Ok(Self::Software),
            (_, index, Some(api)) => Ok(Self::Gpu(api, index.unwrap_or(0))),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Flex => write!(f, "flex"),
            Self::NdArray => write!(f, "ndarray"),
            Self::Gpu(api, 0) => write!(f, "{}", api.name()),
            Self::Gpu(api, index) => write!(f, "{}:{index}", api.name()),
            Self::Software => write!(f, "software"),
        }
    }
}

/// A device ready for use.
#[derive(Debug, Clone)]
pub struct ComputeDevice {
    /// Burn's handle, without automatic differentiation.
    pub device: Device,
    /// The name that was resolved: never [`DeviceName::Auto`].
    pub name: DeviceName,
    /// What the hardware calls itself, where it says so.
    pub adapter: Option<String>,
}

impl DeviceName {
    /// Whether CubeCL runs it: a GPU, or software that plays one.
    pub fn on_cubecl(self) -> bool {
        matches!(self, Self::Gpu(..) | Self::Software)
    }

    /// Bytes that one tensor may have: what a graphics API binds at once. Nothing says so of CUDA, ROCm and CPUs.
    pub fn largest_tensor(self) -> Option<u64> {
        /// The most that wgpu binds of a storage buffer.
        const BOUND: u64 = 2 << 30;
        match self {
            Self::Gpu(Api::Wgpu | Api::Vulkan | Api::Metal, _) | Self::Software => Some(BOUND),
            Self::Gpu(Api::Cuda | Api::Rocm, _) | Self::Auto | Self::Flex | Self::NdArray => None,
        }
    }

    /// Opens the device.
    ///
    /// # Errors
    /// [`ModelError::DeviceUnavailable`] where the build or the machine lacks it.
    pub fn open(self) -> Result<ComputeDevice, ModelError> {
        match self {
            Self::Auto => Ok(gpus().into_iter().next().unwrap_or_else(flex)),
            Self::Flex => Ok(flex()),
            #[cfg(feature = "ndarray")]
            // Deprecated, and the one independent second implementation there is.
            #[allow(deprecated)]
            Self::NdArray => Ok(ComputeDevice {
                device: Device::ndarray(),
                name: self,
                adapter: None,
            }),
            #[cfg(not(feature = "ndarray"))]
            Self::NdArray => Err(self.not_built("ndarray")),
            Self::Gpu(api, index) => {
                let adapters = api
                    .adapters()
                    .ok_or_else(|| self.not_built(api.feature()))?;
                let mut found = identified(api, adapters).filter(|found| found.is_gpu);
                let found = found.nth(index).ok_or_else(|| {
                    self.unavailable("no such GPU was found; `kolmo devices` lists what there is")
                })?;
                Ok(found.into_device(self))
            }
            Self::Software => {
                let apis = [Api::Vulkan, Api::Wgpu].into_iter();
                let found = apis.filter_map(|api| Some((api, api.adapters()?)));
                let found: Vec<_> = found.collect();
                if found.is_empty() {
                    return Err(self.not_built(Api::Wgpu.feature()));
                }
                let found = found.into_iter();
                let mut adapters = found.flat_map(|(api, adapters)| identified(api, adapters));
                let found = adapters.find(|found| !found.is_gpu).ok_or_else(|| {
                    self.unavailable(
                        "no software adapter was found; name a driver in VK_DRIVER_FILES",
                    )
                })?;
                Ok(found.into_device(self))
            }
        }
    }

    fn not_built(self, feature: &str) -> ModelError {
        self.unavailable(&format!(
            "this kolmo was built without it; rebuild with `--features {feature}`"
        ))
    }

    fn unavailable(self, reason: &str) -> ModelError {
        ModelError::DeviceUnavailable {
            name: self.to_string(),
            reason: reason.to_owned(),
        }
    }
}

fn flex() -> ComputeDevice {
    ComputeDevice {
        device: Device::flex(),
        name: DeviceName::Flex,
        adapter: None,
    }
}

/// Every real GPU, by every API of this build, best API first.
fn gpus() -> Vec<ComputeDevice> {
    let apis = Api::ALL.into_iter();
    let found = apis.filter_map(|api| Some((api, identified(api, api.adapters()?))));
    let named = found.flat_map(|(api, adapters)| {
        let gpus = adapters.filter(|found| found.is_gpu).enumerate();
        gpus.map(move |(k, found)| found.into_device(DeviceName::Gpu(api, k)))
    });
    named.collect()
}

/// Everything that can train here: GPUs first, then the CPU, then a software adapter.
pub fn available() -> Vec<ComputeDevice> {
    let others = [DeviceName::Flex, DeviceName::NdArray, DeviceName::Software];
    let others = others.into_iter().filter_map(|name| name.open().ok());
    gpus().into_iter().chain(others).collect()
}

/// Every backend there is, by the name of its cargo feature; `flex` is always in.
pub const BACKENDS: [&str; 7] = ["flex", "ndarray", "wgpu", "vulkan", "metal", "cuda", "rocm"];

/// The backends of this build.
pub fn built_in() -> Vec<&'static str> {
    let there = [
        true,
        cfg!(feature = "ndarray"),
        cfg!(feature = "wgpu"),
        cfg!(feature = "vulkan"),
        cfg!(feature = "metal"),
        cfg!(feature = "cuda"),
        cfg!(feature = "rocm"),
    ];
    let backends = BACKENDS.into_iter().zip(there);
    backends
        .filter_map(|(name, there)| there.then_some(name))
        .collect()
}

/// An adapter and what it is.
struct Identified {
    device: Device,
    adapter: Option<String>,
    is_gpu: bool,
}

impl Identified {
    fn into_device(self, name: DeviceName) -> ComputeDevice {
        ComputeDevice {
            device: self.device,
            name,
            adapter: self.adapter,
        }
    }
}

/// Asks each adapter who it is. Those that fail to answer are left out.
fn identified(api: Api, adapters: Vec<Device>) -> impl Iterator<Item = Identified> {
    adapters.into_iter().filter_map(move |device| {
        let (adapter, physical) = identity(&device)?;
        Some(Identified {
            // CUDA and ROCm reach nothing but cards.
            is_gpu: physical || matches!(api, Api::Cuda | Api::Rocm),
            device,
            adapter,
        })
    })
}

/// Name of the hardware, and whether a card is behind it.
#[cfg(any(feature = "wgpu", feature = "cuda", feature = "rocm"))]
fn identity(device: &Device) -> Option<(Option<String>, bool)> {
    let asked = std::panic::AssertUnwindSafe(|| device.identity());
    let identity = std::panic::catch_unwind(asked).ok()?;
    Some(match identity {
        Some(identity) => (Some(identity.name), identity.physical.is_some()),
        None => (None, false),
    })
}

#[cfg(not(any(feature = "wgpu", feature = "cuda", feature = "rocm")))]
fn identity(_device: &Device) -> Option<(Option<String>, bool)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [
            "auto", "flex", "ndarray", "wgpu", "vulkan:1", "cuda", "software",
        ] {
            assert_eq!(name.parse::<DeviceName>().unwrap().to_string(), name);
        }
        for name in ["gpu", "flex:1", "wgpu:x", ""] {
            let error = name.parse::<DeviceName>().unwrap_err().to_string();
            assert!(error.contains("valid is auto, flex"), "{error}");
        }
    }

    #[test]
    fn the_cpu_is_always_there() {
        assert!(
            available()
                .iter()
                .any(|device| device.name == DeviceName::Flex)
        );
        assert_eq!(DeviceName::Flex.open().unwrap().name, DeviceName::Flex);
    }
}
