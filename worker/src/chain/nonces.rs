// SPDX-License-Identifier: Apache-2.0
//! Nonces of one account that proves several assets: their calls may be on their way at once.

use std::collections::BTreeMap;

/// The nonces that are taken, by asset: an asset has one call on its way at a time.
#[derive(Debug, Default)]
pub struct Nonces(BTreeMap<u64, u64>);

impl Nonces {
    /// Takes the nonce of an asset's next call: the lowest from `next` on, the account's in the state, that no other asset has taken.
    ///
    /// So a call that is sent again because nobody knows what became of it has the nonce that it had, and at most one of the two is
    /// taken; and what was given back is taken first, as no later nonce counts before it.
    pub fn take(&mut self, asset: u64, next: u64) -> u64 {
        self.0.remove(&asset);
        self.0.retain(|_, taken| *taken >= next);
        let mut nonce = next;
        while self.0.values().any(|taken| *taken == nonce) {
            nonce = nonce.saturating_add(1);
        }
        self.0.insert(asset, nonce);
        nonce
    }

    /// Gives an asset's nonce back: its call was not taken, and never will be.
    pub fn give_back(&mut self, asset: u64) {
        self.0.remove(&asset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_several_assets_follow_each_other() {
        let mut nonces = Nonces::default();
        assert_eq!([7, 8, 9].map(|asset| nonces.take(asset, 4)), [4, 5, 6]);
        // The state has passed the first two.
        assert_eq!([7, 8].map(|asset| nonces.take(asset, 6)), [7, 8]);
        assert_eq!(nonces.take(9, 9), 9);
    }

    #[test]
    fn a_view_from_before_a_sibling_was_taken_does_not_take_its_nonce_again() {
        let mut nonces = Nonces::default();
        assert_eq!(nonces.take(7, 4), 4);
        // 7 was taken in a block that 8 has not seen yet.
        assert_eq!(nonces.take(8, 4), 5);
    }

    #[test]
    fn a_call_that_is_sent_again_has_the_nonce_that_it_had() {
        let mut nonces = Nonces::default();
        assert_eq!([7, 8].map(|asset| nonces.take(asset, 4)), [4, 5]);
        assert_eq!([8, 7].map(|asset| nonces.take(asset, 4)), [5, 4]);
    }

    #[test]
    fn what_was_given_back_is_taken_first_also_by_one_that_waits_behind_it() {
        let mut nonces = Nonces::default();
        assert_eq!([7, 8, 9].map(|asset| nonces.take(asset, 4)), [4, 5, 6]);
        nonces.give_back(7);
        assert_eq!(nonces.take(9, 4), 4);
        assert_eq!(nonces.take(7, 4), 6);
    }
}
