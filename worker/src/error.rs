// SPDX-License-Identifier: Apache-2.0
//! How a command fails: what went wrong, what mends it, and the exit code that says which.

use crate::{
    chain::{ChainError, SubmitError},
    commands::{bench, prove, verify},
    config::ConfigError,
    keystore::KeyError,
    prover::ProverError,
    service::ServiceError,
};
use serde::Serialize;
use std::fmt;

/// Why a command failed, as its exit code. Documented in docs/worker.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 1: what was checked is not so, or a reason without a number of its own.
    Failed = 1,
    /// 3: the configuration is wrong. (2 is the parser's: the command line is wrong.)
    Config = 3,
    /// 4: the key or its password.
    Key = 4,
    /// 5: no node answers.
    Unreachable = 5,
    /// 6: a node answers, but its chain is not one that this worker knows.
    Incompatible = 6,
    /// 7: the asset: unknown, of another kind, retired.
    Asset = 7,
    /// 8: the account is not the asset's operator.
    Operator = 8,
    /// 9: the bond is not whole.
    Bond = 9,
    /// 10: the account can't pay.
    Balance = 10,
    /// 11: the device can't compute, or computes wrongly.
    Device = 11,
    /// 12: the shape is not allowed on this chain, or too large for this device.
    Shape = 12,
    /// 13: the clock and the chain disagree, or the chain stands still.
    Clock = 13,
    /// 14: the chain refused the call.
    Refused = 14,
    /// 15: a worker for this asset runs already; or, for `drain`, none does.
    Running = 15,
    /// 16: the disk.
    Disk = 16,
}

impl Code {
    /// All codes, for the documentation's test.
    pub const ALL: [Self; 15] = [
        Self::Failed,
        Self::Config,
        Self::Key,
        Self::Unreachable,
        Self::Incompatible,
        Self::Asset,
        Self::Operator,
        Self::Bond,
        Self::Balance,
        Self::Device,
        Self::Shape,
        Self::Clock,
        Self::Refused,
        Self::Running,
        Self::Disk,
    ];

    /// The number that the process ends with.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// A command failed.
#[derive(Debug)]
pub struct Error {
    /// Which kind of failure.
    pub code: Code,
    /// What went wrong.
    pub message: String,
    /// What mends it, where something does.
    pub mend: Option<String>,
}

impl Error {
    /// A failure.
    pub fn new(code: Code, message: impl fmt::Display) -> Self {
        Self {
            code,
            message: message.to_string(),
            mend: None,
        }
    }

    /// Adds what mends it.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.mend {
            Some(mend) => write!(f, "\n{mend}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::new(Code::Config, error)
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::new(Code::Key, error)
    }
}

impl From<ChainError> for Error {
    fn from(error: ChainError) -> Self {
        match &error {
            ChainError::Unreachable(_) => {
                Self::new(Code::Unreachable, error).mend("Is the node running, and is --url its address?")
            }
            ChainError::Incompatible(_) => Self::new(Code::Incompatible, error)
                .mend("Use the worker that was released with the chain's runtime."),
        }
    }
}

impl From<SubmitError> for Error {
    fn from(error: SubmitError) -> Self {
        Self::new(Code::Refused, error)
    }
}

impl From<ProverError> for Error {
    fn from(error: ProverError) -> Self {
        let (code, mend) = match &error {
            // Whoever starts the worker again may mend it.
            ProverError::Cuda(error) if error.may_pass() => (Code::Failed, Some(error.mend())),
            ProverError::Cuda(error) => (Code::Device, Some(error.mend())),
            _ => (Code::Device, None),
        };
        Self {
            mend: mend.map(str::to_owned),
            ..Self::new(code, error)
        }
    }
}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Chain(error) => error.into(),
            // Whoever starts the worker again may mend it: nothing shows that the device computes wrongly.
            ServiceError::ProverGone | ServiceError::DeviceLost => Self::new(Code::Failed, error)
                .mend("Start it again. `dmesg` and `nvidia-smi` say what is wrong with a card."),
            ServiceError::Faulty => Self::new(Code::Device, error)
                .mend("Lower its clock or its temperature, and see that `bench` prints the checksum of the documentation."),
        }
    }
}

impl From<bench::Error> for Error {
    fn from(error: bench::Error) -> Self {
        error.0.into()
    }
}

impl From<prove::Error> for Error {
    fn from(error: prove::Error) -> Self {
        match error {
            prove::Error::Prover(error) => error.into(),
            error => Self::new(Code::Device, error),
        }
    }
}

impl From<verify::Error> for Error {
    fn from(error: verify::Error) -> Self {
        Self::new(Code::Failed, error)
    }
}

/// A failure of the disk.
pub fn disk(error: std::io::Error) -> Error {
    Error::new(Code::Disk, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_is_documented_once() {
        let page = include_str!("../../docs/worker.md");
        for code in Code::ALL {
            let row = format!("| {} |", code.number());
            assert_eq!(page.matches(&row).count(), 1, "{row}");
        }
    }

    #[test]
    fn codes_are_distinct_and_leave_the_parsers_alone() {
        let mut numbers = Code::ALL.map(Code::number).to_vec();
        numbers.dedup();
        assert_eq!(numbers.len(), Code::ALL.len());
        assert!(!numbers.contains(&0) && !numbers.contains(&2));
    }
}
