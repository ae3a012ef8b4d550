// SPDX-License-Identifier: Apache-2.0
//! The kinds of work that a device may do.

use serde::Serialize;

/// What a device does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// int8 matrix work, which `run` proves
    #[default]
    Gpu,
    /// SHA-256d, which `stratum` proves
    Hashrate,
}

impl Kind {
    /// The subcommand that proves it.
    pub fn command(self) -> &'static str {
        match self {
            Self::Gpu => "run",
            Self::Hashrate => "stratum",
        }
    }
}
