// SPDX-License-Identifier: Apache-2.0
//! Nonces of one account that proves several assets: their calls may be on their way at once.

use std::collections::BTreeMap;

/// The nonces that are taken, by asset: an asset has one call on its way at a time.
#[derive(Debug, Default)]
pub struct Nonces(BTreeMap<u64, Taken>);

/// What one asset has taken.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    nonce: u64,
    /// A call is being made with it.
    reserved: bool,
    /// From this height on no block takes what was sent with it; 0, if nothing was.
    dead: u32,
}

impl Taken {
    /// Whether a block upon `best` may take what was sent with it.
    const fn lives(&self, best: u32) -> bool {
        best.saturating_add(1) < self.dead
    }
}

impl Nonces {
    /// Takes the nonce of an asset's next call at the height `best`: the lowest from `next` on, the account's in the state, that no other
    /// asset has taken. A nonce is free again once the state has passed it, or once what was sent with it is dead.
    ///
    /// Whoever waits for a call may have given it up long before it is dead. So a call that follows one which lives has the same nonce, and
    /// at most one of the two is taken. `None`, where that nonce would be of no use because a lower one has become free: it must be
    /// waited until the call that lives is dead.
    pub fn take(&mut self, asset: u64, next: u64, best: u32) -> Option<u64> {
        self.0
            .retain(|_, taken| taken.nonce >= next && (taken.reserved || taken.lives(best)));
        let free = (next..).find(|nonce| {
            let taken = |(of, taken): (&u64, &Taken)| *of != asset && taken.nonce == *nonce;
            !self.0.iter().any(taken)
        })?;
        let own = self.0.entry(asset).or_default();
        if own.lives(best) && own.nonce != free {
            return None;
        }
        own.nonce = free;
        own.reserved = true;
        Some(free)
    }

    /// An asset's call is on its way: no block takes it from the height `dead` on.
    pub fn sent(&mut self, asset: u64, dead: u32) {
        if let Some(taken) = self.0.get_mut(&asset) {
            taken.dead = taken.dead.max(dead);
        }
    }

    /// No call is being made any more. What was sent keeps its nonce; if nothing was, it is free.
    pub fn done(&mut self, asset: u64) {
        if let Some(taken) = self.0.get_mut(&asset) {
            taken.reserved = false;
        }
        self.0.retain(|_, taken| taken.reserved || taken.dead > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a nonce and sends a call with it that is dead after eight blocks.
    fn send(nonces: &mut Nonces, asset: u64, next: u64, best: u32) -> Option<u64> {
        let nonce = nonces.take(asset, next, best)?;
        nonces.sent(asset, best + 8);
        nonces.done(asset);
        Some(nonce)
    }

    #[test]
    fn calls_of_several_assets_follow_each_other() {
        let mut nonces = Nonces::default();
        assert_eq!(
            [7, 8, 9].map(|asset| send(&mut nonces, asset, 4, 10)),
            [Some(4), Some(5), Some(6)]
        );
        // The state has passed the first two.
        assert_eq!(
            [7, 8].map(|asset| send(&mut nonces, asset, 6, 11)),
            [Some(7), Some(8)]
        );
        assert_eq!(send(&mut nonces, 9, 9, 12), Some(9));
    }

    #[test]
    fn a_view_from_before_a_sibling_was_taken_does_not_take_its_nonce_again() {
        let mut nonces = Nonces::default();
        assert_eq!(send(&mut nonces, 7, 4, 10), Some(4));
        // 7 was taken in a block that 8 has not seen yet.
        assert_eq!(send(&mut nonces, 8, 4, 10), Some(5));
    }

    #[test]
    fn a_call_that_is_sent_again_while_the_first_lives_has_its_nonce() {
        let mut nonces = Nonces::default();
        assert_eq!(
            [7, 8].map(|asset| send(&mut nonces, asset, 4, 10)),
            [Some(4), Some(5)]
        );
        assert_eq!(
            [8, 7].map(|asset| send(&mut nonces, asset, 4, 16)),
            [Some(5), Some(4)]
        );
    }

    #[test]
    fn what_was_taken_and_not_sent_is_free() {
        let mut nonces = Nonces::default();
        assert_eq!(nonces.take(7, 4, 10), Some(4));
        assert_eq!(nonces.take(8, 4, 10), Some(5));
        nonces.done(7);
        assert_eq!(nonces.take(9, 4, 10), Some(4));
        assert_eq!(nonces.take(7, 4, 10), Some(6));
    }

    #[test]
    fn a_call_that_never_arrives_holds_its_siblings_up_until_it_is_dead_and_no_longer() {
        let mut nonces = Nonces::default();
        assert_eq!(send(&mut nonces, 7, 4, 10), Some(4));
        assert_eq!(send(&mut nonces, 8, 4, 10), Some(5));
        // 7 sends nothing more, and its call is lost. That of 8 waits for it in the pool.
        assert_eq!(send(&mut nonces, 8, 4, 16), Some(5));
        // The gap is to be filled, but what 8 has sent for the place behind it lives for a while: both could be taken.
        for best in 17..23 {
            assert_eq!(nonces.take(8, 4, best), None, "{best}");
        }
        assert_eq!(send(&mut nonces, 8, 4, 23), Some(4));
        // Another that has nothing on its way takes the gap at once.
        let mut nonces = Nonces::default();
        assert_eq!(send(&mut nonces, 7, 4, 10), Some(4));
        assert_eq!(send(&mut nonces, 8, 4, 17), Some(4));
    }

    #[test]
    fn what_is_not_sent_again_leaves_what_was_sent_its_nonce() {
        let mut nonces = Nonces::default();
        assert_eq!(send(&mut nonces, 7, 4, 10), Some(4));
        assert_eq!(nonces.take(7, 4, 12), Some(4));
        nonces.done(7);
        assert_eq!(nonces.take(8, 4, 12), Some(5));
    }
}
