//! A GPU that the machine has and a build for the CPU alone cannot use.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What the operating system calls the first GPU that it knows of, if this build has no backend for any.
///
/// Linux and macOS say so without a graphics library; on other systems it finds nothing. That a driver serves the GPU is
/// not certain: a build with the feature `gpu` has to ask.
pub fn unused_gpu() -> Option<String> {
    let is_cpu_build = !cfg!(any(feature = "wgpu", feature = "cuda", feature = "rocm"));
    match is_cpu_build {
        false => None,
        true if cfg!(target_os = "macos") => Some("that of this Mac".to_owned()),
        true if cfg!(target_os = "linux") => on_linux(Path::new("/")),
        true => None,
    }
}

/// The first GPU of a Linux system with this root, by the files of its drivers.
fn on_linux(root: &Path) -> Option<String> {
    let nvidia = entries(&root.join("proc/driver/nvidia/gpus"));
    let models = nvidia.iter().filter_map(|gpu| {
        let text = fs::read_to_string(gpu.join("information")).ok()?;
        let model = text.lines().find_map(|line| line.strip_prefix("Model:"))?;
        Some(model.trim().to_owned())
    });
    let cards = entries(&root.join("dev/dri"));
    let cards = cards.iter().filter_map(|card| {
        let node = card.file_name()?.to_str()?;
        let of = root.join("sys/class/drm").join(node).join("device/vendor");
        let vendor = node.starts_with("renderD").then_some(of)?;
        // Others are virtual: a window of the host and no processor.
        match fs::read_to_string(vendor).ok()?.trim() {
            "0x10de" => Some("of NVIDIA"),
            "0x1002" => Some("of AMD"),
            "0x8086" => Some("of Intel"),
            _ => None,
        }
    });
    let devices = [
        ("dev/nvidia0", "of NVIDIA"),
        ("dev/kfd", "of AMD"),
        ("dev/dxg", "of Windows, below this system"),
    ];
    let devices = devices
        .into_iter()
        .filter_map(|(file, name)| root.join(file).exists().then_some(name));
    let mut named = models.chain(cards.map(str::to_owned).chain(devices.map(str::to_owned)));
    named.next()
}

/// What is in a folder, in alphabetical order; nothing where it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).into_iter().flatten();
    let mut entries: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found on a system that has these files and no others.
    fn found(files: &[(&str, &str)]) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        on_linux(root.path())
    }

    #[test]
    fn a_gpu_is_found_by_the_files_of_its_driver() {
        let information = "Model: \t\t NVIDIA H200\nIRQ:   \t\t 44\n";
        let nvidia = (
            "proc/driver/nvidia/gpus/0000:1b:00.0/information",
            information,
        );
        let card = ("dev/dri/renderD128", "");
        let vendor = |id| ("sys/class/drm/renderD128/device/vendor", id);
        for (files, expected) in [
            (vec![nvidia, card, vendor("0x8086\n")], Some("NVIDIA H200")),
            (vec![("dev/nvidia0", "")], Some("of NVIDIA")),
            (vec![card, vendor("0x1002\n")], Some("of AMD")),
            (vec![card, vendor("0x8086\n")], Some("of Intel")),
            (vec![("dev/kfd", "")], Some("of AMD")),
            (vec![("dev/dxg", "")], Some("of Windows, below this system")),
            // The card of a virtual machine, one that this container may not open, and a screen without a processor.
            (vec![card, vendor("0x1af4\n")], None),
            (vec![vendor("0x10de\n")], None),
            (
                vec![
                    ("dev/dri/card0", ""),
                    ("sys/class/drm/card0/device/vendor", "0x10de\n"),
                ],
                None,
            ),
            (vec![], None),
        ] {
            assert_eq!(found(&files).as_deref(), expected, "{files:?}");
        }
    }

    #[test]
    fn a_build_with_a_gpu_backend_leaves_none_unused() {
        if cfg!(any(feature = "wgpu", feature = "cuda", feature = "rocm")) {
            assert_eq!(unused_gpu(), None);
        }
    }
}
