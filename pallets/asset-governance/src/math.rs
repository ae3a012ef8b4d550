// SPDX-License-Identifier: Apache-2.0
//! When a vote is decided: pure, and exact. Parts are compared with whole fractions without any rounding that matters:
//! `n ≥ p·w ⟺ n ≥ ⌈p·w⌉` and `n > p·w ⟺ n > ⌊p·w⌋` for whole `n`.

use crate::types::Balance;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::Perbill;

/// Whether `amount` is at least `part` of `whole`.
pub fn reaches(amount: Balance, part: Perbill, whole: Balance) -> bool {
    amount >= part.mul_ceil(whole)
}

/// Whether `amount` is more than `part` of `whole`.
pub fn exceeds(amount: Balance, part: Perbill, whole: Balance) -> bool {
    amount > part.mul_floor(whole)
}

/// Fractions that voted.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Tally {
    pub ayes: Balance,
    pub nays: Balance,
}

impl Tally {
    /// With `added` more on one side. `None`: the sum of both sides overflows.
    pub fn with(self, aye: bool, added: Balance) -> Option<Self> {
        self.votes().checked_add(added)?;
        // Each side is at most the sum.
        Some(if aye {
            Self {
                ayes: self.ayes.saturating_add(added),
                ..self
            }
        } else {
            Self {
                nays: self.nays.saturating_add(added),
                ..self
            }
        })
    }

    /// All fractions that voted.
    pub fn votes(&self) -> Balance {
        // Checked when it was added up.
        self.ayes.saturating_add(self.nays)
    }
}

/// What a proposal needs to pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// At least this part of the supply votes.
    pub quorum: Perbill,
    /// More than this part of the votes are ayes.
    pub approval: Perbill,
    /// More than this part of the supply are ayes.
    pub support: Perbill,
}

/// How a vote stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum Verdict {
    Passed,
    Rejected,
    /// Votes that are still to come can change the outcome.
    Undecided,
}

impl Rule {
    /// Whether `tally` is enough, if nobody else votes.
    pub fn passes(&self, tally: Tally, supply: Balance) -> bool {
        reaches(tally.votes(), self.quorum, supply)
            && exceeds(tally.ayes, self.approval, tally.votes())
            && exceeds(tally.ayes, self.support, supply)
    }

    /// How a vote stands among `supply` fractions; `over`: nobody can vote any more.
    ///
    /// Votes are final, so before its end a vote is decided as soon as no votes to come can change its outcome.
    pub fn verdict(&self, tally: Tally, supply: Balance, over: bool) -> Verdict {
        // More may have voted than there are now, if some were burnt since.
        let rest = supply.saturating_sub(tally.votes());
        // The worst that can come: for the quorum nobody else, for the approval the whole rest against it.
        let all_against = Tally {
            nays: tally.nays.saturating_add(rest),
            ..tally
        };
        let all_for = Tally {
            ayes: tally.ayes.saturating_add(rest),
            ..tally
        };
        if self.passes(tally, supply) && (over || self.passes(all_against, supply)) {
            Verdict::Passed
        } else if over || !self.passes(all_for, supply) {
            Verdict::Rejected
        } else {
            Verdict::Undecided
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As many as an asset may have.
    const MOST: Balance = 1 << 64;
    const BILLION: Balance = 1_000_000_000;

    fn rule(quorum: u32, approval: u32, support: u32) -> Rule {
        Rule {
            quorum: Perbill::from_percent(quorum),
            approval: Perbill::from_percent(approval),
            support: Perbill::from_percent(support),
        }
    }

    fn tally(ayes: Balance, nays: Balance) -> Tally {
        Tally { ayes, nays }
    }

    #[test]
    fn quorum_should_be_reached_and_the_others_exceeded() {
        let ordinary = rule(25, 50, 0);
        assert!(!ordinary.passes(tally(24, 0), 100));
        assert!(ordinary.passes(tally(25, 0), 100));
        assert!(!ordinary.passes(tally(50, 50), 100));
        assert!(ordinary.passes(tally(51, 49), 100));
        // A quarter of 101 is more than 25.
        assert!(!ordinary.passes(tally(25, 0), 101));
        assert!(ordinary.passes(tally(26, 0), 101));

        let sale = rule(25, 50, 50);
        assert!(!sale.passes(tally(50, 0), 100));
        assert!(sale.passes(tally(51, 0), 100));
        // Half of 101 is less than 51.
        assert!(!sale.passes(tally(50, 0), 101));
        assert!(sale.passes(tally(51, 0), 101));
    }

    #[test]
    fn a_vote_should_end_early_only_when_it_is_decided() {
        let ordinary = rule(25, 50, 0);
        let verdict = |ayes, nays| ordinary.verdict(tally(ayes, nays), 100, false);
        assert_eq!(verdict(50, 0), Verdict::Undecided);
        assert_eq!(verdict(51, 0), Verdict::Passed);
        assert_eq!(verdict(0, 49), Verdict::Undecided);
        assert_eq!(verdict(0, 50), Verdict::Rejected);
        assert_eq!(ordinary.verdict(tally(0, 0), 100, true), Verdict::Rejected);
        assert_eq!(ordinary.verdict(tally(25, 24), 100, true), Verdict::Passed);
        let steep = rule(60, 50, 0);
        assert_eq!(steep.verdict(tally(51, 0), 100, false), Verdict::Undecided);
        assert_eq!(steep.verdict(tally(51, 9), 100, false), Verdict::Passed);
        let sale = rule(25, 50, 50);
        assert_eq!(sale.verdict(tally(50, 49), 100, false), Verdict::Undecided);
        assert_eq!(sale.verdict(tally(49, 50), 100, false), Verdict::Rejected);
        assert_eq!(sale.verdict(tally(51, 0), 100, false), Verdict::Passed);
    }

    #[test]
    fn nothing_should_overflow() {
        let all = rule(100, 100, 100);
        for amount in [0, 1, MOST, Balance::MAX] {
            for supply in [0, 1, MOST, Balance::MAX] {
                for over in [false, true] {
                    all.verdict(tally(amount, amount), supply, over);
                }
            }
        }
        assert_eq!(tally(Balance::MAX, 0).with(false, 1), None);
        assert_eq!(tally(1, Balance::MAX - 1).with(true, 1), None);
        assert_eq!(tally(1, 2).with(true, 3), Some(tally(4, 2)));
        assert_eq!(tally(1, 2).with(false, 3), Some(tally(1, 5)));
    }

    fn part() -> impl Strategy<Value = Perbill> {
        prop_oneof![
            (0..=1_000_000_000u32).prop_map(Perbill::from_parts),
            (0..=100u32).prop_map(Perbill::from_percent),
        ]
    }

    fn any_rule() -> impl Strategy<Value = Rule> {
        (part(), part(), part()).prop_map(|(quorum, approval, support)| Rule {
            quorum,
            approval,
            support,
        })
    }

    /// A supply, votes within it, and more votes within what they leave.
    fn course() -> impl Strategy<Value = (Balance, Tally, Tally)> {
        prop_oneof![Just(MOST), 0..=MOST, 0..=200u128].prop_flat_map(|supply| {
            (0..=supply, 0..=supply, 0..=supply, 0..=supply).prop_map(move |cuts| {
                let mut cuts = [cuts.0, cuts.1, cuts.2, cuts.3];
                cuts.sort_unstable();
                let now = tally(cuts[0], cuts[1] - cuts[0]);
                let end = tally(now.ayes + cuts[2] - cuts[1], now.nays + cuts[3] - cuts[2]);
                (supply, now, end)
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn parts_should_be_compared_exactly(amount in 0..=MOST, part in part(), whole in 0..=MOST) {
            let (scaled, bound) = (amount * BILLION, Balance::from(part.deconstruct()) * whole);
            prop_assert_eq!(reaches(amount, part, whole), scaled >= bound);
            prop_assert_eq!(exceeds(amount, part, whole), scaled > bound);
        }

        #[test]
        fn bounds_should_be_compared_exactly(part in part(), whole in 0..=MOST) {
            let bound = Balance::from(part.deconstruct()) * whole;
            let (down, up) = (bound / BILLION, bound.div_ceil(BILLION));
            prop_assert!(reaches(up, part, whole));
            prop_assert!(up == 0 || !reaches(up - 1, part, whole));
            prop_assert!(!exceeds(down, part, whole));
            prop_assert!(exceeds(down + 1, part, whole));
        }

        #[test]
        fn an_early_verdict_should_be_the_last((supply, now, end) in course(), rule in any_rule()) {
            let early = rule.verdict(now, supply, false);
            if early != Verdict::Undecided {
                prop_assert_eq!(early, rule.verdict(end, supply, false));
                prop_assert_eq!(early, rule.verdict(end, supply, true));
            }
        }

        /// If the rest can't decide it, it is decided.
        #[test]
        fn an_undecided_vote_should_be_open_both_ways((supply, now, _) in course(), rule in any_rule()) {
            if rule.verdict(now, supply, false) == Verdict::Undecided {
                let rest = supply - now.votes();
                let most = tally(now.ayes + rest, now.nays);
                let least = tally(now.ayes, now.nays + rest);
                prop_assert_eq!(rule.verdict(most, supply, true), Verdict::Passed);
                let against = rule.verdict(least, supply, true) == Verdict::Rejected;
                let nobody = rule.verdict(now, supply, true) == Verdict::Rejected;
                prop_assert!(against || nobody);
            }
        }

        #[test]
        fn more_ayes_should_never_do_harm((supply, now, end) in course(), rule in any_rule()) {
            let more = tally(end.ayes, now.nays);
            prop_assert!(!rule.passes(now, supply) || rule.passes(more, supply));
        }

        #[test]
        fn a_vote_that_is_over_should_be_decided(ayes: Balance, nays: Balance, supply: Balance, rule in any_rule()) {
            prop_assert_ne!(rule.verdict(tally(ayes, nays), supply, true), Verdict::Undecided);
        }
    }
}
