//! Who a GPU is: its name, the API that reaches it, the language of its kernels and its driver.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::{cubecl, tensor::Device};
use serde::Serialize;

use crate::device::ComputeDevice;

/// A GPU, as far as it says who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Adapter {
    /// What it calls itself.
    pub name: Option<String>,
    /// CubeCL's runtime with the language kernels are written in: `wgpu<wgsl>`, `wgpu<spirv>`,
    /// `cuda`, ...
    pub runtime: Option<String>,
    /// The graphics API, where wgpu reaches it.
    pub api: Option<String>,
    /// The driver and its version, where wgpu reaches it.
    pub driver: Option<String>,
}

impl Adapter {
    /// The adapter of `device`.
    pub fn of(device: &ComputeDevice) -> Self {
        // A broken driver panics inside the graphics stack. A run goes on without its name.
        let runtime = catch_unwind(AssertUnwindSafe(|| runtime(&device.device)));
        let (api, driver) = graphics(device).unzip();
        Self {
            name: device.adapter.clone(),
            runtime: runtime.ok().flatten().map(str::to_owned),
            api,
            driver,
        }
    }
}

fn runtime(device: &Device) -> Option<&'static str> {
    let all = cubecl::Device::enumerate_all();
    let pinned = all.iter().cloned().flat_map(on_each_api);
    let mut all = all.iter().cloned().chain(pinned);
    let found = all.find(|found| Device::new(found.clone()) == *device)?;
    Some(found.client().name())
}

#[cfg(feature = "wgpu")]
fn on_each_api(device: cubecl::Device) -> Vec<cubecl::Device> {
    use burn::tensor::wgpu::WgpuBackend;

    let apis = [WgpuBackend::Vulkan, WgpuBackend::Metal];
    let on = apis.into_iter().map(|api| device.clone().on(api).ok());
    on.flatten().collect()
}

#[cfg(not(feature = "wgpu"))]
fn on_each_api(_device: cubecl::Device) -> Vec<cubecl::Device> {
    Vec::new()
}

/// API and driver of the adapter, as wgpu names them.
#[cfg(feature = "wgpu")]
fn graphics(device: &ComputeDevice) -> Option<(String, String)> {
    use burn::tensor::wgpu::wgpu::{Backends, Instance, InstanceDescriptor};

    let name = device.adapter.as_deref()?;
    let listed = catch_unwind(|| {
        let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
        // Those CubeCL takes, best first.
        let apis = [
            Backends::VULKAN,
            Backends::METAL,
            Backends::DX12,
            Backends::GL,
        ];
        let apis = apis.into_iter();
        let listed = apis.map(|api| cubecl::future::block_on(instance.enumerate_adapters(api)));
        let listed = listed.flatten().map(|adapter| adapter.get_info());
        listed.collect::<Vec<_>>()
    });
    let found = listed.ok()?.into_iter().find(|found| found.name == name)?;
    let driver = format!("{} {}", found.driver, found.driver_info);
    Some((found.backend.to_string(), driver.trim().to_owned()))
}

#[cfg(not(feature = "wgpu"))]
fn graphics(_device: &ComputeDevice) -> Option<(String, String)> {
    None
}
