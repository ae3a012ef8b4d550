// SPDX-License-Identifier: Apache-2.0
//! The arithmetic of bonds: pure, nothing is rounded.

use crate::types::Bond;
use sp_runtime::traits::AtLeast32BitUnsigned;

impl<Balance, BlockNumber> Bond<Balance, BlockNumber>
where
    Balance: AtLeast32BitUnsigned + Copy,
    BlockNumber: Ord + Copy,
{
    /// The bond with `added` more: a gap that a slash has torn is filled first, what is above it raises the pledge.
    /// `None`: the sum overflows.
    pub fn topped_up(self, added: Balance) -> Option<Self> {
        let amount = self.amount.checked_add(&added)?;
        Some(Self {
            amount,
            pledged: self.pledged.max(amount),
            ..self
        })
    }

    /// The bond with `taken` less; the pledge stands. `None`: it holds less than that.
    pub fn slashed(self, taken: Balance) -> Option<Self> {
        let amount = self.amount.checked_sub(&taken)?;
        Some(Self { amount, ..self })
    }

    /// The bond obliged up to and including `until`, or longer if it was.
    pub fn obliged(self, until: BlockNumber) -> Self {
        Self {
            obliged_until: self.obliged_until.max(until),
            ..self
        }
    }

    /// Whether it stands at what was pledged.
    pub fn is_whole(&self) -> bool {
        self.amount == self.pledged
    }

    /// Whether no obligation holds it at block `now`.
    pub fn is_free(&self, now: BlockNumber) -> bool {
        now > self.obliged_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_bond() -> impl Strategy<Value = Bond<u128, u32>> {
        (any::<u64>(), any::<u64>(), any::<u32>()).prop_map(|(amount, gap, obliged_until)| Bond {
            amount: amount.into(),
            pledged: u128::from(amount) + u128::from(gap),
            obliged_until,
        })
    }

    proptest! {
        #[test]
        fn topping_up_fills_the_gap_before_it_raises_the_pledge(bond in any_bond(), added in any::<u64>()) {
            let added = u128::from(added);
            let after = bond.topped_up(added).unwrap();
            prop_assert_eq!(after.amount, bond.amount + added);
            let gap = bond.pledged - bond.amount;
            prop_assert_eq!(after.pledged, bond.pledged + added.saturating_sub(gap));
            prop_assert_eq!(after.is_whole(), added >= gap);
            prop_assert_eq!(after.obliged_until, bond.obliged_until);
        }

        #[test]
        fn a_slash_takes_exactly_what_it_says_or_nothing(bond in any_bond(), taken in any::<u64>()) {
            let taken = u128::from(taken);
            match bond.slashed(taken) {
                Some(after) => {
                    prop_assert_eq!(after.amount + taken, bond.amount);
                    prop_assert_eq!(after.pledged, bond.pledged);
                    prop_assert!(taken == 0 || !after.is_whole());
                }
                None => prop_assert!(taken > bond.amount),
            }
        }

        #[test]
        fn an_obligation_is_only_prolonged(bond in any_bond(), until in any::<u32>(), now in any::<u32>()) {
            let after = bond.obliged(until);
            prop_assert_eq!(after.obliged_until, bond.obliged_until.max(until));
            prop_assert_eq!(after.is_free(now), now > until && bond.is_free(now));
        }
    }

    #[test]
    fn a_sum_past_the_end_is_refused() {
        let bond = Bond {
            amount: u128::MAX,
            pledged: u128::MAX,
            obliged_until: 0u32,
        };
        assert_eq!(bond.topped_up(1), None);
    }
}
