// SPDX-License-Identifier: Apache-2.0
//! The settings of `stratum`: the table of that name in the file, the variables `ERGON_STRATUM_…`.

#[cfg(test)]
mod tests;

use super::{parsed, ConfigError};
use crate::stratum::{core::Room, difficulty::Difficulty, upstream};
use serde::Deserialize;
use std::{net::SocketAddr, num::NonZeroU32};

/// Where miners connect if nothing else is said: this machine alone, on Stratum's usual port.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:3333";

/// Threads of the embedded miner if nothing else is said.
const CPU_THREADS: usize = 1;

/// Connections at once, in all and from one address.
const ROOM: Room = Room {
    connections: 4_096,
    per_address: 1_024,
};

/// Shares a minute from each miner.
const SHARES_PER_MINUTE: u32 = 20;

/// Difficulty to begin with: an ASIC finds such shares several times a second, and whoever does not is soon given easier ones.
const DIFFICULTY: f64 = 1_024.0;

/// One layer of these settings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StratumLayer {
    /// Where miners connect.
    pub listen: Option<SocketAddr>,
    /// A pool for the time between censuses.
    pub upstream: Option<String>,
    /// The worker's name there.
    pub upstream_user: Option<String>,
    /// Its password there.
    pub upstream_password: Option<String>,
    /// Threads of the embedded miner; zero: none.
    pub cpu_threads: Option<usize>,
    /// Connections at once.
    pub connections: Option<usize>,
    /// Connections at once from one address.
    pub connections_per_address: Option<usize>,
    /// Shares a minute from each miner.
    pub shares_per_minute: Option<NonZeroU32>,
    /// Difficulty to begin with.
    pub difficulty: Option<f64>,
}

/// The variables, each with the setting of the same name.
pub const VARIABLES: [&str; 9] = [
    "ERGON_STRATUM_LISTEN",
    "ERGON_STRATUM_UPSTREAM",
    "ERGON_STRATUM_UPSTREAM_USER",
    "ERGON_STRATUM_UPSTREAM_PASSWORD",
    "ERGON_STRATUM_CPU_THREADS",
    "ERGON_STRATUM_CONNECTIONS",
    "ERGON_STRATUM_CONNECTIONS_PER_ADDRESS",
    "ERGON_STRATUM_SHARES_PER_MINUTE",
    "ERGON_STRATUM_DIFFICULTY",
];

impl StratumLayer {
    /// This layer, and where it says nothing, the one below.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        // A pool's account is one choice in three fields: a layer that names a pool hides the account of the layers below.
        let (user, password) = match self.upstream.is_some() {
            true => (self.upstream_user, self.upstream_password),
            false => (
                self.upstream_user.or(below.upstream_user),
                self.upstream_password.or(below.upstream_password),
            ),
        };
        Self {
            listen: self.listen.or(below.listen),
            upstream: self.upstream.or(below.upstream),
            upstream_user: user,
            upstream_password: password,
            cpu_threads: self.cpu_threads.or(below.cpu_threads),
            connections: self.connections.or(below.connections),
            connections_per_address: self.connections_per_address.or(below.connections_per_address),
            shares_per_minute: self.shares_per_minute.or(below.shares_per_minute),
            difficulty: self.difficulty.or(below.difficulty),
        }
    }

    /// What the environment says.
    ///
    /// # Errors
    /// [`ConfigError::Environment`].
    pub fn from_environment(text: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let [listen, upstream, user, password, threads, connections, per_address, shares, difficulty] =
            VARIABLES;
        Ok(Self {
            listen: parsed(listen, text(listen))?,
            upstream: text(upstream),
            upstream_user: text(user),
            upstream_password: text(password),
            cpu_threads: parsed(threads, text(threads))?,
            connections: parsed(connections, text(connections))?,
            connections_per_address: parsed(per_address, text(per_address))?,
            shares_per_minute: parsed(shares, text(shares))?,
            difficulty: parsed(difficulty, text(difficulty))?,
        })
    }
}

/// The settings, complete.
#[derive(Clone, Debug)]
pub struct Stratum {
    /// Where miners connect.
    pub listen: SocketAddr,
    /// A pool for the time between censuses.
    pub upstream: Option<upstream::Account>,
    /// Threads of the embedded miner; zero: none.
    pub cpu_threads: usize,
    /// Connections at once.
    pub room: Room,
    /// Shares a minute from each miner.
    pub shares_per_minute: u32,
    /// Difficulty to begin with.
    pub difficulty: Difficulty,
}

impl Stratum {
    /// Completes the merged layers.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub fn new(merged: StratumLayer) -> Result<Self, ConfigError> {
        let invalid = |message: String| ConfigError::Invalid(message);
        let listen = match merged.listen {
            Some(listen) => listen,
            None => DEFAULT_LISTEN
                .parse()
                .map_err(|error| invalid(format!("{DEFAULT_LISTEN}: {error}")))?,
        };
        let upstream = match (merged.upstream, merged.upstream_user) {
            (Some(address), Some(user)) => Some(upstream::Account {
                address: address
                    .parse()
                    .map_err(|error: upstream::NotAnAddress| invalid(error.to_string()))?,
                user,
                password: merged.upstream_password.unwrap_or_else(|| "x".into()),
            }),
            (Some(_), None) => {
                return Err(invalid(
                    "upstream is given, but not upstream-user: the worker's name at the pool".into(),
                ))
            }
            (None, Some(_)) => {
                return Err(invalid(
                    "upstream-user is given, but not upstream: the pool's address".into(),
                ))
            }
            (None, None) => None,
        };
        let difficulty = merged.difficulty.unwrap_or(DIFFICULTY);
        let room = Room {
            connections: merged.connections.unwrap_or(ROOM.connections),
            per_address: merged.connections_per_address.unwrap_or(ROOM.per_address),
        };
        if room.connections == 0 || room.per_address == 0 {
            return Err(invalid(
                "connections and connections-per-address must be at least 1".into(),
            ));
        }
        Ok(Self {
            listen,
            upstream,
            cpu_threads: merged.cpu_threads.unwrap_or(CPU_THREADS),
            room,
            shares_per_minute: merged
                .shares_per_minute
                .map_or(SHARES_PER_MINUTE, NonZeroU32::get),
            difficulty: Difficulty::from_json(&difficulty.into())
                .map_err(|error| invalid(error.to_string()))?,
        })
    }
}
