// SPDX-License-Identifier: Apache-2.0
//! A job, wherever it comes from: what a miner is given to hash, and the header that a share stands for.

#[cfg(test)]
mod tests;

use super::protocol::notification;
use compute_proof::{
    device_key,
    hashrate::{self, sha256d, Share},
    Device, Hash,
};
use serde_json::json;
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// Bytes of the two extranonces in a device's coinbase.
pub const CENSUS_ROOM: usize = 12;

/// The most bytes that a pool may leave for its miners' extranonce2.
pub const MAX_ROOM: usize = 16;

/// Seconds that a share's time may be ahead of this machine's clock: half of what the chain takes, so that a clock that is a
/// little off costs nothing.
pub const MAX_TIME_AHEAD: u32 = hashrate::MAX_TIME_AHEAD / 2;

/// How the bytes that a job leaves for extranonces are divided: some are the connection's, the rest the miner's to roll.
///
/// A miner hashes `coinb1 ‖ extranonce1 ‖ extranonce2 ‖ coinb2`, and only the bytes count, not who chose them. So whatever of a
/// job's room is left over, and a pool's own extranonce1 too, goes into the `coinb1` that the miner is given. A split that
/// is no larger than any source's room then fits all of them: a miner keeps its extranonce1 and its extranonce2's length
/// when the source changes, even if it never heard of `mining.set_extranonce`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Bytes of extranonce1: these tell the connections apart.
    pub extranonce1: usize,
    /// Bytes of extranonce2.
    pub extranonce2: usize,
}

impl Split {
    /// That of a census alone: as in the coinbase.
    pub const CENSUS: Self = Self {
        extranonce1: 4,
        extranonce2: 8,
    };

    /// The smallest in use. It fits nearly every pool, for 256 connections.
    pub const NARROW: Self = Self {
        extranonce1: 1,
        extranonce2: 3,
    };

    /// The best that fits into `room` bytes and into a census; `None` if the miner would have less than two bytes to roll.
    pub fn within(room: usize) -> Option<Self> {
        let (extranonce1, extranonce2) = match room {
            0..=2 => return None,
            3 => (1, 2),
            4..=5 => (1, 3),
            6..=11 => (2, room.min(8) - 2),
            _ => return Some(Self::CENSUS),
        };
        Some(Self {
            extranonce1,
            extranonce2,
        })
    }

    /// Bytes of both.
    pub fn bytes(self) -> usize {
        self.extranonce1 + self.extranonce2
    }

    /// Connections that it tells apart.
    pub fn connections(self) -> usize {
        match self.extranonce1 {
            0 => 1,
            1 => 1 << 8,
            _ => 1 << 16,
        }
    }
}

/// A job's number, as miners are given it: unique while the server runs, and increasing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// Numbers that a job takes: its own, and those of the same job with another time, for single connections.
pub const REVISIONS: u64 = 256;

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl JobId {
    /// Reads what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits
            .then(|| u64::from_str_radix(text, 16).ok())
            .flatten()
            .map(Self)
    }
}

/// Jobs of one epoch belong together: a new epoch makes all earlier ones stale, as Stratum's `clean_jobs` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// Who wants a job's shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A census.
    Census {
        /// Its number.
        index: u32,
        /// Its challenge.
        challenge: Hash,
    },
    /// A pool.
    Upstream {
        /// The pool's name of the job.
        id: String,
    },
    /// Nobody: it keeps miners connected, and measures them.
    Idle,
}

/// What a job is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Who wants it.
    pub source: Source,
    /// Previous block, as in the header.
    pub previous: Hash,
    /// The coinbase before the extranonces' room.
    pub coinbase1: Vec<u8>,
    /// Bytes for extranonces.
    pub room: usize,
    /// The coinbase after it.
    pub coinbase2: Vec<u8>,
    /// What the coinbase's hash is hashed with on the way to the Merkle root.
    pub branches: Vec<Hash>,
    /// The header's version.
    pub version: u32,
    /// Bits of it that may be rolled.
    pub version_mask: u32,
    /// Target of the block, in compact form.
    pub nbits: u32,
    /// The time to begin with, in seconds of Unix time.
    pub ntime: u32,
    /// The least time that a share may have.
    pub earliest: u32,
}

impl Template {
    /// The job of a device in a census that opened at `opened`.
    pub fn census(device: &Device, index: u32, challenge: Hash, opened: u32, now: u32) -> Self {
        let (coinbase1, coinbase2) = hashrate::coinbase_parts(&device_key(&challenge, device));
        Self {
            source: Source::Census { index, challenge },
            previous: challenge,
            coinbase1: coinbase1.to_vec(),
            room: CENSUS_ROOM,
            coinbase2: coinbase2.to_vec(),
            branches: Vec::new(),
            version: hashrate::VERSION,
            version_mask: hashrate::VERSION_MASK,
            nbits: hashrate::NBITS,
            // A clock that is slow must not make shares older than their census.
            ntime: now.max(opened),
            earliest: opened,
        }
    }

    /// Whether it is a pool's.
    pub fn is_upstream(&self) -> bool {
        matches!(self.source, Source::Upstream { .. })
    }

    /// A job that is nobody's: that of a census which has no challenge.
    pub fn idle(device: &Device, now: u32) -> Self {
        Self {
            source: Source::Idle,
            ..Self::census(device, 0, [0; 32], now, now)
        }
    }
}

/// What a miner found, as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solution {
    /// All of the job's room.
    extranonce: [u8; MAX_ROOM],
    /// Seconds of Unix time.
    pub ntime: u32,
    /// The header's nonce.
    pub nonce: u32,
    /// The header's version.
    pub version: u32,
}

/// A job.
#[derive(Debug)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// With which others it belongs.
    pub epoch: Epoch,
    /// What it is made of.
    pub template: Template,
    /// Its `mining.notify`, by bytes of padding, with and without `clean_jobs`: made once for all connections.
    lines: [[OnceLock<Arc<str>>; 2]; MAX_ROOM],
}

impl Job {
    /// A job.
    pub fn new(id: JobId, epoch: Epoch, template: Template) -> Self {
        Self {
            id,
            epoch,
            template,
            lines: Default::default(),
        }
    }

    /// Bytes of the room that a split leaves over; `None` if it does not fit.
    pub fn padding(&self, split: Split) -> Option<usize> {
        let room = self.template.room.min(MAX_ROOM);
        room.checked_sub(split.bytes())
    }

    /// The job as `mining.notify` for connections with this split; `None` if that does not fit.
    pub fn notify(&self, split: Split, clean: bool) -> Option<Arc<str>> {
        let padding = self.padding(split)?;
        let line = self.lines.get(padding)?.get(usize::from(clean))?;
        Some(line.get_or_init(|| self.render(padding, clean)).clone())
    }

    fn render(&self, padding: usize, clean: bool) -> Arc<str> {
        let template = &self.template;
        let mut coinbase1 = template.coinbase1.clone();
        coinbase1.resize(coinbase1.len() + padding, 0);
        let number = |number: u32| format!("{number:08x}");
        notification(
            "mining.notify",
            &json!([
                self.id.to_string(),
                hex::encode(swap_words(template.previous)),
                hex::encode(coinbase1),
                hex::encode(&template.coinbase2),
                template.branches.iter().map(hex::encode).collect::<Vec<_>>(),
                number(template.version),
                number(template.nbits),
                number(template.ntime),
                clean,
            ]),
        )
    }

    /// What a miner with these extranonces found; `None` if they do not fit.
    pub fn solution(
        &self,
        (extranonce1, extranonce2): (&[u8], &[u8]),
        ntime: u32,
        nonce: u32,
        version: u32,
    ) -> Option<Solution> {
        let split = Split {
            extranonce1: extranonce1.len(),
            extranonce2: extranonce2.len(),
        };
        let padding = self.padding(split)?;
        let mut extranonce = [0; MAX_ROOM];
        let bytes = extranonce1.iter().chain(extranonce2);
        for (place, byte) in extranonce.iter_mut().skip(padding).zip(bytes) {
            *place = *byte;
        }
        Some(Solution {
            extranonce,
            ntime,
            nonce,
            version,
        })
    }

    /// The bytes of the room, for a solution of this job.
    pub fn extranonce<'a>(&self, solution: &'a Solution) -> &'a [u8] {
        let room = self.template.room.min(MAX_ROOM);
        solution.extranonce.get(..room).unwrap_or(&solution.extranonce)
    }

    /// The hash of the header that a solution stands for.
    pub fn hash(&self, solution: &Solution) -> Hash {
        let template = &self.template;
        let room = self.extranonce(solution);
        let coinbase = [&template.coinbase1, room, &template.coinbase2].concat();
        let header = Header {
            version: solution.version,
            previous: template.previous,
            merkle_root: merkle_root(&coinbase, &template.branches),
            ntime: solution.ntime,
            nbits: template.nbits,
            nonce: solution.nonce,
        };
        sha256d(&header.encode())
    }

    /// A census's share; `None` if the job is not a census's.
    pub fn share(&self, solution: &Solution) -> Option<Share> {
        let Source::Census { .. } = self.template.source else {
            return None;
        };
        let (extranonce1, rest) = self.extranonce(solution).split_first_chunk()?;
        Some(Share {
            extranonce1: *extranonce1,
            extranonce2: rest.try_into().ok()?,
            ntime: solution.ntime,
            nonce: solution.nonce,
            version_bits: u16::try_from((solution.version & hashrate::VERSION_MASK) >> 13).ok()?,
        })
    }
}

/// A block header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Version.
    pub version: u32,
    /// Previous block.
    pub previous: Hash,
    /// Merkle root.
    pub merkle_root: Hash,
    /// Seconds of Unix time.
    pub ntime: u32,
    /// Target in compact form.
    pub nbits: u32,
    /// Nonce.
    pub nonce: u32,
}

impl Header {
    /// Its 80 bytes.
    pub fn encode(&self) -> [u8; 80] {
        let mut bytes = [0; 80];
        bytes[..4].copy_from_slice(&self.version.to_le_bytes());
        bytes[4..36].copy_from_slice(&self.previous);
        bytes[36..68].copy_from_slice(&self.merkle_root);
        bytes[68..72].copy_from_slice(&self.ntime.to_le_bytes());
        bytes[72..76].copy_from_slice(&self.nbits.to_le_bytes());
        bytes[76..].copy_from_slice(&self.nonce.to_le_bytes());
        bytes
    }
}

/// The Merkle root over a coinbase and its branches.
pub fn merkle_root(coinbase: &[u8], branches: &[Hash]) -> Hash {
    branches.iter().fold(sha256d(coinbase), |node, branch| {
        sha256d(&[node, *branch].concat())
    })
}

/// Each four bytes in reverse: how Stratum writes the previous block.
pub fn swap_words(mut hash: Hash) -> Hash {
    for word in hash.chunks_exact_mut(4) {
        word.reverse();
    }
    hash
}
