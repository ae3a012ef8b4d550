// SPDX-License-Identifier: Apache-2.0
//! Who has which extranonce1: no two connections the same, or they would hash the same headers.

#[cfg(test)]
mod tests;

use super::job::Split;
use std::collections::BTreeSet;

/// A connection's number among those that are open. Its extranonce1 follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat {
    number: u16,
    salt: u16,
}

impl Seat {
    /// The extranonce1; `None` if the split has no room for so high a number.
    pub fn extranonce1(self, split: Split) -> Option<Vec<u8>> {
        if usize::from(self.number) >= split.connections() {
            return None;
        }
        let [a, b] = self.salt.to_be_bytes();
        let [c, d] = self.number.to_be_bytes();
        let bytes = [a, b, c, d];
        let begin = bytes.len().checked_sub(split.extranonce1)?;
        bytes.get(begin..).map(<[u8]>::to_vec)
    }
}

/// The seats. One that was given back is the last to be given out again: within a census its next owner would begin where the
/// one before began.
#[derive(Clone, Debug)]
pub struct Seats {
    capacity: u32,
    salt: u16,
    taken: BTreeSet<u16>,
    next: u32,
}

impl Seats {
    /// As many as `split` tells apart. With different salts two lives of a server give out different extranonces, where the split
    /// has four bytes for them.
    pub fn new(split: Split, salt: u16) -> Self {
        Self {
            capacity: u32::try_from(split.connections()).unwrap_or(1 << 16).min(1 << 16),
            salt,
            taken: BTreeSet::new(),
            next: 0,
        }
    }

    /// A free seat; `None` if there is none.
    pub fn take(&mut self) -> Option<Seat> {
        let free = (0..self.capacity)
            .filter_map(|offset| u16::try_from((self.next + offset) % self.capacity).ok())
            .find(|number| !self.taken.contains(number))?;
        self.taken.insert(free);
        self.next = (u32::from(free) + 1) % self.capacity;
        Some(Seat {
            number: free,
            salt: self.salt,
        })
    }

    /// Takes a seat back.
    pub fn give_back(&mut self, seat: Seat) {
        self.taken.remove(&seat.number);
    }

    /// Seats that are taken.
    pub fn taken(&self) -> usize {
        self.taken.len()
    }
}
