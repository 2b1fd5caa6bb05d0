//! Where the figures of a run come from: this binary, this machine, this command.

use kolmo_model::{ComputeDevice, device, settings};
use kolmo_run::{Build, Machine, Provenance, threads};

/// Version of kolmo.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Git revision, where it was built in a repository.
const REVISION: Option<&str> = option_env!("KOLMO_GIT_REVISION");

/// Beginnings of the names of variables that can change what is computed.
const VARIABLES: [&str; 8] = [
    "RAYON_", "CUBECL_", "BURN_", "WGPU_", "VK_", "CUDA_", "HIP_", "ROCR_",
];

/// Version and revision, for readers.
pub fn version() -> String {
    match REVISION {
        Some(revision) => format!("kolmo {VERSION} ({revision})"),
        None => format!("kolmo {VERSION}"),
    }
}

/// What this process is, training on `device`.
pub fn this(device: &ComputeDevice) -> Provenance {
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let matters = VARIABLES.iter().any(|start| name.starts_with(start));
        matters.then(|| (name, value.to_string_lossy().into_owned()))
    });
    Provenance {
        kolmo_version: VERSION.to_owned(),
        git_revision: REVISION.map(str::to_owned),
        build: Build {
            rustc: env!("KOLMO_RUSTC").to_owned(),
            target: env!("KOLMO_TARGET").to_owned(),
            opt_level: env!("KOLMO_OPT_LEVEL").to_owned(),
            rustflags: env!("KOLMO_RUSTFLAGS").to_owned(),
        },
        device: device.name.to_string(),
        adapter: device.adapter.clone(),
        backend_features: device::built_in().into_iter().map(str::to_owned).collect(),
        backend_settings: settings::in_force(device),
        threads: threads(),
        machine: Machine::this(),
        environment: variables.collect(),
        command_line: std::env::args_os()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
    }
}
