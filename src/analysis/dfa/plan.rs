//! The plan of a DFA: window sizes and starts as plain data.

use serde::{Deserialize, Serialize};

/// How the windows of one size lie on the trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// One after the other from the first sample.
    None,
    /// A start every `n / 2` samples, up to the last window that fits.
    #[default]
    Half,
}

/// The settings of a DFA, as a settings file holds them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Window sizes in samples, strictly increasing.
    pub windows: Vec<usize>,
    /// How windows lie.
    pub overlap: Overlap,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            windows: vec![10, 12, 14, 17, 21, 25, 30, 36, 43, 52, 62, 74, 89, 107, 125],
            overlap: Overlap::Half,
        }
    }
}
