//! What can be turned off on a GPU, as flags.

use kolmo_model::{ModelError, Switches};

/// The flags of a command that computes on a device.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct SwitchFlags {
    /// On a GPU, run every operation as a kernel of its own: slower, for a GPU that computes wrong
    /// numbers (`kolmo devices --check` finds out)
    #[arg(long)]
    pub no_fusion: bool,
    /// On a GPU, time as few kernels as can be before choosing one. CubeCL cannot do without:
    /// that takes a build without the cargo feature `autotune`
    #[arg(long)]
    pub minimal_autotune: bool,
}

impl SwitchFlags {
    /// Every combination, the one to be preferred first.
    pub const ALL: [Self; 4] = [
        Self::new(false, false),
        Self::new(true, false),
        Self::new(false, true),
        Self::new(true, true),
    ];

    const fn new(no_fusion: bool, minimal_autotune: bool) -> Self {
        Self {
            no_fusion,
            minimal_autotune,
        }
    }

    /// Whether anything is turned off.
    pub fn any(self) -> bool {
        self.no_fusion || self.minimal_autotune
    }

    /// The flags, as they are typed.
    pub fn flags(self) -> Vec<&'static str> {
        let flags = [
            (self.no_fusion, "--no-fusion"),
            (self.minimal_autotune, "--minimal-autotune"),
        ];
        let given = flags.into_iter().filter(|(given, _)| *given);
        given.map(|(_, flag)| flag).collect()
    }

    /// Puts them in force, before a device is opened.
    pub fn apply(self) -> Result<(), ModelError> {
        let switches = Switches {
            no_fusion: self.no_fusion,
            minimal_autotune: self.minimal_autotune,
        };
        switches.apply()
    }
}
