// SPDX-License-Identifier: Apache-2.0
//! What the user asks for: flags over environment over one TOML file. The merge is pure.

pub mod stratum;
#[cfg(test)]
mod tests;

use self::stratum::{Stratum, StratumLayer};
use crate::{
    prover::choice::{Backend, Wish},
    telemetry::server::Address,
};
use clap::ValueEnum;
use compute_proof::Class;
use serde::{Deserialize, Serialize};
use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Where a node listens if nothing else is said.
pub const DEFAULT_URL: &str = "ws://127.0.0.1:9944";

/// How output is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON value; logs as JSON lines.
    Json,
}

/// Which class of work to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The one that yields most work in a window, among those that the chain counts.
    Auto,
    /// This one.
    Class(Class),
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            name => name
                .parse()
                .map(Self::Class)
                .map_err(|_| "one of auto, xs, s, m, l, xl".into()),
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Which card proves for which asset, written `ASSET[:CARD]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The asset.
    pub asset: u64,
    /// Number of the card; without one, the first, or the processor.
    pub card: Option<usize>,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (asset, card) = match text.split_once(':') {
            Some((asset, card)) => (asset, Some(card)),
            None => (text, None),
        };
        let wrong = |_| format!("'{text}' is not ASSET[:CARD], such as 7:0");
        Ok(Self {
            asset: asset.trim().parse().map_err(wrong)?,
            card: card.map(|card| card.trim().parse()).transpose().map_err(wrong)?,
        })
    }
}

impl<'de> Deserialize<'de> for Assignment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Refuses two devices for one asset, one card for two assets, and several devices that would all be the first card.
fn check_devices(devices: &[Assignment], backend: Option<Backend>) -> Result<(), ConfigError> {
    let processor = matches!(backend, Some(Backend::Cpu | Backend::Path(_)));
    if let Some(device) = devices
        .iter()
        .find(|device| device.card.is_none() && devices.len() > 1 && !processor)
    {
        return Err(ConfigError::Invalid(format!(
            "devices: asset {} names no card: say ASSET:CARD, or a backend of the processor",
            device.asset
        )));
    }
    for (number, device) in devices.iter().enumerate() {
        for before in devices.iter().take(number) {
            if before.asset == device.asset {
                return Err(ConfigError::Invalid(format!(
                    "devices: asset {} stands twice",
                    device.asset
                )));
            }
            if let Some(card) = device.card.filter(|card| before.card == Some(*card)) {
                return Err(ConfigError::Invalid(format!(
                    "devices: card {card} stands twice, for assets {} and {}",
                    before.asset, device.asset
                )));
            }
        }
    }
    Ok(())
}

/// One layer of the configuration: what is not said in it is left to the layer below.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Layer {
    /// How output is written.
    pub format: Option<Format>,
    /// What is logged, such as `info` or `ergon_worker=debug`.
    pub log: Option<String>,
    /// Nodes, the preferred one first.
    pub url: Option<Vec<String>>,
    /// Where the rounds' roots and the lock are kept.
    pub data_dir: Option<PathBuf>,
    /// Encrypted key file.
    pub key: Option<PathBuf>,
    /// File that holds the key file's password, in its first line.
    pub password_file: Option<PathBuf>,
    /// Secret URI such as `//Alice`: for development chains.
    pub suri: Option<String>,
    /// The asset to prove.
    pub asset: Option<u64>,
    /// Several assets to prove, with their cards.
    pub devices: Option<Vec<Assignment>>,
    /// Class of work.
    pub shape: Option<Shape>,
    /// Backend to compute with.
    pub backend: Option<Backend>,
    /// Number of the card to compute with.
    pub card: Option<usize>,
    /// Threads to compute with.
    pub threads: Option<NonZeroUsize>,
    /// Rounds after which no more are computed in a census.
    pub max_rounds: Option<u32>,
    /// Where metrics are served.
    pub metrics: Option<String>,
    /// Of `stratum` alone.
    pub stratum: StratumLayer,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {message}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// What, and where.
        message: String,
    },
    /// An environment variable is not what it should be.
    #[error("the environment variable {name}: {message}")]
    Environment {
        /// The variable.
        name: &'static str,
        /// What is wrong.
        message: String,
    },
    /// Two things that exclude each other, or one that is missing.
    #[error("{0}")]
    Invalid(String),
}

/// Environment variables besides [`stratum::VARIABLES`], each with the setting of the same name.
pub const VARIABLES: [&str; 15] = [
    "ERGON_FORMAT",
    "ERGON_LOG",
    "ERGON_URL",
    "ERGON_DATA_DIR",
    "ERGON_KEY",
    "ERGON_PASSWORD_FILE",
    "ERGON_SURI",
    "ERGON_ASSET",
    "ERGON_DEVICES",
    "ERGON_SHAPE",
    "ERGON_BACKEND",
    "ERGON_CARD",
    "ERGON_THREADS",
    "ERGON_MAX_ROUNDS",
    "ERGON_METRICS",
];

impl Layer {
    /// This layer, and where it says nothing, the one below.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        // The key is one choice in three fields: a layer that names a key hides the whole choice of the layers below.
        let key = match self.key.is_some() || self.suri.is_some() {
            true => (self.key, self.suri),
            false => (below.key, below.suri),
        };
        // What is proven is one choice in three fields. An empty list hides the devices below, and nothing else.
        let (asset, card, devices) = match (&self.devices, self.asset) {
            (Some(devices), _) if devices.is_empty() => {
                (self.asset.or(below.asset), self.card.or(below.card), self.devices)
            }
            (Some(_), _) => (self.asset, self.card, self.devices),
            // One of the devices below keeps its card.
            (None, Some(asset)) => {
                let device = below
                    .devices
                    .iter()
                    .flatten()
                    .find(|device| device.asset == asset);
                let card = device.map_or(below.card, |device| device.card);
                (self.asset, self.card.or(card), None)
            }
            (None, None) => (below.asset, self.card.or(below.card), below.devices),
        };
        Self {
            format: self.format.or(below.format),
            log: self.log.or(below.log),
            url: self.url.or(below.url),
            data_dir: self.data_dir.or(below.data_dir),
            key: key.0,
            suri: key.1,
            password_file: self.password_file.or(below.password_file),
            asset,
            devices,
            shape: self.shape.or(below.shape),
            backend: self.backend.or(below.backend),
            card,
            threads: self.threads.or(below.threads),
            max_rounds: self.max_rounds.or(below.max_rounds),
            metrics: self.metrics.or(below.metrics),
            stratum: self.stratum.over(below.stratum),
        }
    }

    /// What the environment says; `read` gives a variable's value.
    ///
    /// # Errors
    /// [`ConfigError::Environment`].
    pub fn from_environment(read: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let text = |name: &str| read(name).filter(|value| !value.is_empty());
        let format = text("ERGON_FORMAT")
            .map(|value| {
                Format::from_str(&value, true).map_err(|message| ConfigError::Environment {
                    name: "ERGON_FORMAT",
                    message,
                })
            })
            .transpose()?;
        Ok(Self {
            format,
            log: text("ERGON_LOG"),
            url: text("ERGON_URL").map(|urls| urls.split(',').map(|url| url.trim().to_owned()).collect()),
            data_dir: text("ERGON_DATA_DIR").map(Into::into),
            key: text("ERGON_KEY").map(Into::into),
            password_file: text("ERGON_PASSWORD_FILE").map(Into::into),
            suri: text("ERGON_SURI"),
            asset: parsed("ERGON_ASSET", text("ERGON_ASSET"))?,
            devices: text("ERGON_DEVICES")
                .map(|devices| devices.split(',').map(Assignment::from_str).collect())
                .transpose()
                .map_err(|message| ConfigError::Environment {
                    name: "ERGON_DEVICES",
                    message,
                })?,
            shape: parsed("ERGON_SHAPE", text("ERGON_SHAPE"))?,
            backend: parsed("ERGON_BACKEND", text("ERGON_BACKEND"))?,
            card: parsed("ERGON_CARD", text("ERGON_CARD"))?,
            threads: parsed("ERGON_THREADS", text("ERGON_THREADS"))?,
            max_rounds: parsed("ERGON_MAX_ROUNDS", text("ERGON_MAX_ROUNDS"))?,
            metrics: text("ERGON_METRICS"),
            stratum: StratumLayer::from_environment(text)?,
        })
    }

    /// What a file's text says.
    ///
    /// # Errors
    /// [`ConfigError::Parse`].
    pub fn from_toml(path: &Path, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            message: error.to_string(),
        })
    }
}

/// A variable's value.
fn parsed<T: FromStr>(name: &'static str, value: Option<String>) -> Result<Option<T>, ConfigError>
where
    T::Err: std::fmt::Display,
{
    value
        .map(|value| {
            value.parse().map_err(|error: T::Err| ConfigError::Environment {
                name,
                message: format!("{value}: {error}"),
            })
        })
        .transpose()
}

/// The configuration, complete.
#[derive(Clone, Debug)]
pub struct Config {
    /// How output is written.
    pub format: Format,
    /// What is logged.
    pub log: String,
    /// Nodes, the preferred one first; never empty.
    pub urls: Vec<String>,
    /// Where the rounds' roots and the lock are kept.
    pub data_dir: PathBuf,
    /// Whose key signs, if any is named.
    pub key: Option<KeyChoice>,
    /// The asset, if one is named.
    pub asset: Option<u64>,
    /// Several assets, and the cards that prove for them; then there is neither `asset` nor a card of `prover`.
    pub devices: Vec<Assignment>,
    /// Class of work.
    pub shape: Shape,
    /// What to compute with.
    pub prover: Wish,
    /// Rounds after which no more are computed in a census.
    pub max_rounds: Option<u32>,
    /// Where metrics are served, if they are.
    pub metrics: Option<Address>,
    /// Of `stratum` alone.
    pub stratum: Stratum,
}

/// Where the key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyChoice {
    /// A secret URI.
    Suri(String),
    /// An encrypted file.
    File {
        /// The file.
        path: PathBuf,
        /// File with its password.
        password_file: Option<PathBuf>,
    },
}

impl Config {
    /// Completes the merged layers. `home` is the user's folder for data, for the case that none is named.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub fn new(merged: Layer, home: Option<PathBuf>) -> Result<Self, ConfigError> {
        let invalid = |message: &str| Err(ConfigError::Invalid(message.into()));
        let urls = merged.url.unwrap_or_else(|| vec![DEFAULT_URL.into()]);
        if urls.is_empty() {
            return invalid("no url is given");
        }
        if let Some(url) = urls
            .iter()
            .find(|url| !url.starts_with("ws://") && !url.starts_with("wss://"))
        {
            return Err(ConfigError::Invalid(format!(
                "{url}: the worker speaks WebSocket: ws:// or wss://"
            )));
        }
        let key = match (merged.suri, merged.key) {
            (Some(_), Some(_)) => {
                return invalid("both a key file and a secret URI are given: which one signs?")
            }
            (Some(suri), None) => Some(KeyChoice::Suri(suri)),
            (None, Some(path)) => Some(KeyChoice::File {
                path,
                password_file: merged.password_file,
            }),
            (None, None) => None,
        };
        let Some(data_dir) = merged.data_dir.or(home) else {
            return invalid("there is no home folder: say --data-dir");
        };
        if merged.max_rounds == Some(0) {
            return invalid("max-rounds must be at least 1");
        }
        let devices = merged.devices.unwrap_or_default();
        if !devices.is_empty() && (merged.asset.is_some() || merged.card.is_some()) {
            return invalid("devices stand beside an asset or a card: which of them are meant?");
        }
        check_devices(&devices, merged.backend)?;
        Ok(Self {
            format: merged.format.unwrap_or_default(),
            log: merged.log.unwrap_or_else(|| "info".into()),
            urls,
            data_dir,
            key,
            asset: merged.asset,
            devices,
            shape: merged.shape.unwrap_or(Shape::Auto),
            prover: Wish {
                backend: merged.backend,
                card: merged.card,
                threads: merged.threads,
            },
            max_rounds: merged.max_rounds,
            metrics: merged
                .metrics
                .map(|text| text.parse())
                .transpose()
                .map_err(|error| ConfigError::Invalid(format!("metrics: {error}")))?,
            stratum: Stratum::new(merged.stratum)?,
        })
    }

    /// Reads environment and file, and puts the flags over them.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(flags: Layer, file: Option<&Path>) -> Result<Self, ConfigError> {
        let variable = |name: &str| std::env::var(name).ok();
        let environment = Layer::from_environment(variable)?;
        let named = file
            .map(Path::to_owned)
            .or_else(|| variable("ERGON_CONFIG").map(Into::into));
        let below = match named {
            Some(path) => match std::fs::read_to_string(&path) {
                Ok(text) => Layer::from_toml(&path, &text)?,
                Err(source) => return Err(ConfigError::Read { path, source }),
            },
            None => Layer::default(),
        };
        Self::new(flags.over(environment).over(below), data_home(variable))
    }
}

/// The folder for this program's data, by the XDG convention.
fn data_home(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let absolute = |path: String| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    variable("XDG_DATA_HOME")
        .and_then(absolute)
        .or_else(|| Some(absolute(variable("HOME")?)?.join(".local/share")))
        .map(|base| base.join("ergon-worker"))
}
