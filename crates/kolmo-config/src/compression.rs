//! `[compression]`: what is measured of a finished run as a compressor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// `[compression]`: a run that has this section is measured as a compressor after its last step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CompressionConfig {
    /// Documents that are coded: of those trained on, evenly spaced, for the model's two-part codes; and as many that it has not
    /// seen, for the comparison with other compressors.
    pub documents: u64,
}

impl Default for CompressionConfig {
    fn default() -> Self {
        Self { documents: 8192 }
    }
}

impl CompressionConfig {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if !(16..=1_000_000).contains(&self.documents) {
            let valid = "16 to 1000000";
            return Err(ConfigError::invalid(
                "compression.documents",
                self.documents,
                valid,
            ));
        }
        Ok(())
    }
}
