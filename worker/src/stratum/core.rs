// SPDX-License-Identifier: Apache-2.0
//! What all connections share, behind one lock that is held for moments: seats, the census's smallest hashes, statistics.

#[cfg(test)]
mod tests;

use super::{
    best::Best,
    job::Split,
    limit::Gate,
    seats::{Seat, Seats},
    statistics::{Report, Statistics, Verdict},
};
use compute_proof::{hashrate::Share, Hash};
use primitive_types::U256;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Connections that are open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// In all.
    pub connections: usize,
    /// From one address; of IPv6, from one network of 64 bits.
    pub per_address: usize,
}

/// Why a connection is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// [`Room::connections`].
    #[error("as many connections are open as there may be")]
    Connections,
    /// [`Room::per_address`].
    #[error("as many connections are open from this address as there may be")]
    Address,
    /// No extranonce1 is left.
    #[error("every extranonce1 is taken: the pool leaves too few bytes for more connections")]
    Seats,
}

/// A connection that has been let in.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    /// Its seat.
    pub seat: Seat,
    address: Option<IpAddr>,
}

#[derive(Debug)]
struct Core {
    room: Room,
    seats: Seats,
    open: usize,
    addresses: HashMap<IpAddr, usize>,
    challenge: Option<Hash>,
    best: Best,
    statistics: Statistics,
    gates: HashMap<&'static str, Gate>,
}

/// The shared state.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Mutex<Core>>);

/// The network that one subscriber has to himself: of IPv6, 64 bits.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

impl Shared {
    /// With nobody there.
    pub fn new(room: Room, split: Split, salt: u16) -> Self {
        Self(Arc::new(Mutex::new(Core {
            room,
            seats: Seats::new(split, salt),
            open: 0,
            addresses: HashMap::new(),
            challenge: None,
            best: Best::default(),
            statistics: Statistics::default(),
            gates: HashMap::new(),
        })))
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        // Nothing that is done under the lock leaves anything half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in. Those without an address come from this process.
    ///
    /// # Errors
    /// [`Full`].
    pub fn admit(&self, address: Option<IpAddr>) -> Result<Admission, Full> {
        let address = address.map(household);
        let mut core = self.core();
        if let Some(address) = address {
            if core.open >= core.room.connections {
                return Err(Full::Connections);
            }
            if core.addresses.get(&address).copied().unwrap_or(0) >= core.room.per_address {
                return Err(Full::Address);
            }
        }
        let seat = core.seats.take().ok_or(Full::Seats)?;
        if let Some(address) = address {
            core.open += 1;
            *core.addresses.entry(address).or_insert(0) += 1;
        }
        Ok(Admission { seat, address })
    }

    /// A connection has ended.
    pub fn leave(&self, admission: Admission) {
        let mut core = self.core();
        core.seats.give_back(admission.seat);
        let Some(address) = admission.address else {
            return;
        };
        core.open = core.open.saturating_sub(1);
        if let Some(count) = core.addresses.get_mut(&address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                core.addresses.remove(&address);
            }
        }
    }

    /// Connections that are open, those of this process included.
    pub fn connections(&self) -> usize {
        self.core().seats.taken()
    }

    /// Begins to collect for another census, or none. What was collected for the one before is dropped.
    pub fn collect(&self, challenge: Option<Hash>) {
        let mut core = self.core();
        if core.challenge != challenge {
            core.challenge = challenge;
            core.best = Best::default();
        }
    }

    /// Drops collected shares older than the census's opening. Says whether there were any.
    pub fn not_before(&self, opened: u32) -> bool {
        self.core().best.not_before(opened)
    }

    /// Keeps a share if it is among the smallest of the census that runs.
    pub fn offer(&self, challenge: &Hash, hash: U256, share: Share) -> bool {
        let mut core = self.core();
        core.challenge == Some(*challenge) && core.best.offer(hash, share)
    }

    /// The challenge of the census that is collected for.
    pub fn challenge(&self) -> Option<Hash> {
        self.core().challenge
    }

    /// The smallest hashes of the census with this challenge.
    pub fn best(&self, challenge: &Hash) -> Option<Best> {
        let core = self.core();
        (core.challenge == Some(*challenge)).then(|| core.best.clone())
    }

    /// A miner is there.
    pub fn seen(&self, user: &str, now: Duration) {
        self.core().statistics.seen(user, now);
    }

    /// Counts a share.
    pub fn count(&self, user: &str, verdict: Verdict, now: Duration) {
        self.core().statistics.count(user, verdict, now);
    }

    /// The statistics.
    pub fn report(&self, now: Duration) -> Report {
        self.core().statistics.report(now)
    }

    /// Whether a log line of a kind may be written; then, how many were held back.
    pub fn may_log(&self, kind: &'static str, now: Duration) -> Option<u64> {
        self.core().gates.entry(kind).or_default().pass(now)
    }
}
