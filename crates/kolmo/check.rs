//! `kolmo devices --check`: whether the same run gives the same curve on another device.

use std::{process::Stdio, time::Instant};

use anyhow::{Context, bail};
use kolmo_model::{DeviceName, device, settings};
use kolmo_train::parity::{self, Bound, Difference};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    exit::Usage,
    output::print,
    progress::{Volume, say},
    sweep,
    switches::SwitchFlags,
};

/// What `--json` prints.
#[derive(Serialize)]
struct Checked {
    reference: String,
    devices: Vec<CheckedDevice>,
}

#[derive(Serialize)]
struct CheckedDevice {
    name: String,
    bound: Bound,
    /// As it is, or as the flags given make it.
    trusted: bool,
    /// The flags that make it trusted; none does where this is `null`.
    trusted_with: Option<Vec<&'static str>>,
    trials: Vec<Trial>,
}

#[derive(Serialize)]
struct Trial {
    flags: Vec<&'static str>,
    trusted: bool,
    difference: Option<Difference>,
    /// What went wrong, where there are no curves to compare.
    error: Option<String>,
    settings: Value,
    seconds: f64,
}

/// What the process that makes a trial prints.
#[derive(Serialize, Deserialize)]
struct Measured {
    difference: Difference,
    settings: Value,
}

/// Checks the device named, or every device of this machine but a software adapter.
///
/// Every trial is a process of its own: settings are made once a process, and a driver that
/// crashes takes nothing with it.
pub fn run(
    device: Option<&str>,
    flags: SwitchFlags,
    json: bool,
    volume: Volume,
) -> anyhow::Result<()> {
    let names = match device {
        Some(name) => vec![name.parse::<DeviceName>()?.to_string()],
        None => others(),
    };
    let mut checked = Checked {
        reference: DeviceName::Flex.to_string(),
        devices: Vec::new(),
    };
    for name in names {
        checked.devices.push(check(name, flags, volume)?);
    }
    let text = match json {
        true => serde_json::to_string(&checked).context("the check has no JSON form")?,
        false => table(&checked),
    };
    let printed = print(&text);
    let untrusted: Vec<String> = checked
        .devices
        .iter()
        .filter(|device| !device.trusted)
        .map(advice)
        .collect();
    if untrusted.is_empty() {
        return Ok(printed?);
    }
    bail!("{}", untrusted.join("\n       "))
}

/// Every device that may be chosen without being named, but for the reference.
fn others() -> Vec<String> {
    let found = device::available().into_iter().map(|found| found.name);
    let found = found.filter(|name| !matches!(name, DeviceName::Flex | DeviceName::Software));
    found.map(|name| name.to_string()).collect()
}

/// The device as it is, and where that is not to be trusted with each of the switches.
fn check(name: String, flags: SwitchFlags, volume: Volume) -> anyhow::Result<CheckedDevice> {
    let device: DeviceName = name.parse()?;
    let bound = parity::bound(device);
    let mut trials: Vec<Trial> = Vec::new();
    let given = [flags];
    let combinations = match flags.any() || matches!(device, DeviceName::Flex | DeviceName::NdArray)
    {
        true => &given[..],
        false => &SwitchFlags::ALL,
    };
    for flags in combinations {
        if volume != Volume::Quiet {
            say(&format!("checking {name} {}", with(&flags.flags())));
        }
        trials.push(trial(&name, *flags, bound)?);
        if trials.len() == 1 && trials[0].trusted {
            break;
        }
    }
    Ok(CheckedDevice::new(name, bound, trials))
}

impl CheckedDevice {
    fn new(name: String, bound: Bound, trials: Vec<Trial>) -> Self {
        let trusted_with = trials.iter().find(|trial| trial.trusted);
        Self {
            name,
            bound,
            trusted: trials.first().is_some_and(|trial| trial.trusted),
            trusted_with: trusted_with.map(|trial| trial.flags.clone()),
            trials,
        }
    }
}

fn trial(name: &str, flags: SwitchFlags, bound: Bound) -> anyhow::Result<Trial> {
    let started = Instant::now();
    let output = sweep::trainer(&flags)?
        .command()
        .args(["devices", "--trial", "--device", name])
        .args(flags.flags())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .context("could not start a process to check the device")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    let last = last.unwrap_or_default();
    if output.status.code() == Some(2) {
        let problem = last.trim_start_matches("error: ");
        return Err(Usage(problem.to_owned()).into());
    }
    let measured = serde_json::from_slice::<Measured>(&output.stdout).ok();
    let measured = measured.filter(|_| output.status.success());
    let error = match measured {
        Some(_) => None,
        None => Some(format!("{}: {last}", output.status)),
    };
    let (difference, settings) = match measured {
        Some(measured) => (Some(measured.difference), measured.settings),
        None => (None, Value::Null),
    };
    Ok(Trial {
        flags: flags.flags(),
        trusted: difference
            .as_ref()
            .is_some_and(|difference| difference.relative <= bound.relative),
        difference,
        error,
        settings,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// One trial, in the process made for it.
pub fn run_trial(device: &str, flags: SwitchFlags) -> anyhow::Result<()> {
    let device: DeviceName = device.parse()?;
    flags.apply()?;
    let device = device.open()?;
    let curves = parity::train(&device)?;
    let reference = parity::train(&DeviceName::Flex.open()?)?;
    let measured = Measured {
        difference: parity::compare(&reference, &curves),
        settings: settings::in_force(&device),
    };
    let json = serde_json::to_string(&measured).context("the trial has no JSON form")?;
    Ok(print(&json)?)
}

fn with(flags: &[&str]) -> String {
    match flags {
        [] => "as it is".to_owned(),
        flags => format!("with {}", flags.join(" ")),
    }
}

fn table(checked: &Checked) -> String {
    let mut lines = vec![format!(
        "{} steps of a tiny gpt and a tiny llama; every loss and gradient norm beside those of {}\n",
        parity::STEPS,
        checked.reference
    )];
    if checked.devices.is_empty() {
        lines.push("no other device was found; name a software adapter to check it".to_owned());
        return lines.join("\n");
    }
    lines.push(format!(
        "{:9} {:33} {:>18} {:>7} {:>8}  {}",
        "device", "", "largest difference", "bound", "time (s)", "verdict"
    ));
    for device in &checked.devices {
        for trial in &device.trials {
            let difference = trial.difference.as_ref().map(Difference::to_string);
            lines.push(format!(
                "{:9} {:33} {:>18} {:>7} {:>8.1}  {}",
                device.name,
                with(&trial.flags),
                difference.as_deref().unwrap_or("none"),
                format!("{:.0e}", device.bound.relative),
                trial.seconds,
                if trial.trusted {
                    "trusted"
                } else {
                    "NOT trusted"
                },
            ));
        }
    }
    lines.push(String::new());
    for device in &checked.devices {
        for trial in &device.trials {
            let with = with(&trial.flags);
            match (&trial.difference, &trial.error) {
                (Some(difference), _) => lines.push(format!(
                    "{} {with} differs most in: {}",
                    device.name, difference.place
                )),
                (None, error) => lines.push(format!(
                    "{} {with} failed: {}",
                    device.name,
                    error.as_deref().unwrap_or("no word of why")
                )),
            }
        }
    }
    let mut reasons: Vec<&str> = checked.devices.iter().map(|d| d.bound.reason).collect();
    reasons.dedup();
    lines.extend(reasons.into_iter().map(|reason| format!("bound: {reason}")));
    lines.join("\n")
}

/// What to do with a device that is not to be trusted.
fn advice(device: &CheckedDevice) -> String {
    let name = &device.name;
    match &device.trusted_with {
        Some(flags) => format!(
            "{name} is to be trusted only with {0}: train with --device {name} {0}",
            flags.join(" ")
        ),
        None if device.trials.len() > 1 => format!(
            "{name} is not to be trusted, whatever is switched off: train on flex, or build kolmo without \
             autotune as docs/devices.md says and check again"
        ),
        None => format!("{name} is not to be trusted so: train on flex"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(outcomes: &[bool]) -> CheckedDevice {
        let trials = SwitchFlags::ALL.iter().zip(outcomes);
        let trials = trials.map(|(flags, trusted)| Trial {
            flags: flags.flags(),
            trusted: *trusted,
            difference: None,
            error: Some("signal: 11".to_owned()),
            settings: Value::Null,
            seconds: 1.0,
        });
        CheckedDevice::new("vulkan:1".to_owned(), parity::FLOAT32, trials.collect())
    }

    #[test]
    fn the_first_combination_that_can_be_trusted_is_the_advice() {
        assert!(device(&[true]).trusted);
        let device_with = device(&[false, false, true, true]);
        assert!(!device_with.trusted);
        let text = advice(&device_with);
        assert!(
            text.contains("vulkan:1 is to be trusted only with --minimal-autotune:"),
            "{text}"
        );
        let text = advice(&device(&[false; 4]));
        assert!(text.contains("train on flex"), "{text}");
    }

    #[test]
    fn the_table_says_why_a_trial_failed() {
        let checked = Checked {
            reference: "flex".to_owned(),
            devices: vec![device(&[false, true])],
        };
        let text = table(&checked);
        assert!(
            text.contains("vulkan:1 as it is failed: signal: 11"),
            "{text}"
        );
        assert_eq!(text.matches("NOT trusted").count(), 1, "{text}");
    }
}
