// SPDX-License-Identifier: Apache-2.0
//! The arithmetic, against exact or independent reckonings.

use crate::math::*;
use compute_primitives::AssetKind::{Gpu, Hashrate};
use proptest::prelude::*;
use sp_core::{U256, U512};

#[test]
fn rate_is_work_per_second_rounded_down() {
    assert_eq!(rate(6_000, 2, 3_000), Some(1_000));
    assert_eq!(rate(6_001, 2, 3_000), Some(1_000));
    assert_eq!(rate(5_999, 2, 3_000), Some(999));
    assert_eq!(rate(0, 5, 3_000), Some(0));
    // No slots count as one.
    assert_eq!(rate(3_000, 0, 3_000), Some(1_000));
    assert_eq!(rate(u128::MAX, 1, 1), None);
    assert_eq!(rate(1, 1, 0), None);
    assert_eq!(rate(u128::MAX, u64::MAX, u64::MAX), Some(1_000));
}

#[test]
fn decay_of_one_census_is_exact() {
    for value in [0, 1, 255, 256, 257, 1 << 40, u128::from(u64::MAX)] {
        assert_eq!(decayed_best(value, 1), value * 255 / 256);
        assert_eq!(decayed_rate(Gpu, value, 1), value * 3 / 4);
        assert_eq!(
            (decayed_best(value, 0), decayed_rate(Gpu, value, 0)),
            (value, value)
        );
    }
    assert_eq!(decayed_rate(Gpu, 256, 4), 81);
    assert_eq!(decayed_rate(Gpu, u128::MAX, u32::MAX), 0);
    assert_eq!(decayed_best(1 << 60, 100_000), 0);
}

#[test]
fn a_rating_reaches_what_it_is_shown() {
    let mut up = 0;
    let mut down = 1_000_000;
    for _ in 0..2_000 {
        up = rerated(Gpu, up, 500_000);
        down = rerated(Gpu, down, 500_000);
    }
    assert!((500_000 - 15..=500_000).contains(&up), "{up}");
    assert_eq!(down, 500_000);
    assert_eq!(rerated(Gpu, 0, 160), 10);
    assert_eq!(rerated(Gpu, 160, 0), 120);
    assert_eq!(rerated(Gpu, u128::MAX, 0), u128::MAX - u128::MAX.div_ceil(4));
}

#[test]
fn a_claim_within_five_percent_of_the_best_is_left_to_the_lottery() {
    assert!(!exceeds_best(105, 100));
    assert!(exceeds_best(106, 100));
    assert!(exceeds_best(1, 0));
    assert!(!exceeds_best(0, 0));
    assert!(!exceeds_best(u128::MAX, u128::MAX));
}

#[test]
fn the_denominator_has_a_floor() {
    assert_eq!(denominator(10, &[]), Some(10));
    assert_eq!(denominator(10, &[100, 200]), Some(75));
    assert_eq!(denominator(90, &[100, 200]), Some(90));
    assert_eq!(denominator(0, &[1]), Some(0));
    assert_eq!(denominator(0, &[u128::MAX, 1]), None);
}

#[test]
fn shares_of_an_empty_denominator_are_nothing() {
    assert_eq!(share(1_000, 0, 0), Some(0));
    assert_eq!(share(1_000, 1, 3), Some(333));
    assert_eq!(share(u128::MAX, 2, 1), None);
    assert_eq!(mul_div_floor(1, 1, 0), None);
}

#[test]
fn a_slash_takes_the_bond_first() {
    let all = |slash: Slash| {
        (
            slash.bond,
            slash.unvested,
            slash.bond_bounty,
            slash.unvested_bounty,
        )
    };
    assert_eq!(all(slash(1, 100, 100)), (48, 0, 4, 0));
    assert_eq!(all(slash(2, 90, 100)), (90, 6, 9, 0));
    // Remainders of both parts make another tenth together.
    assert_eq!(all(slash(2, 89, 100)), (89, 7, 8, 1));
    assert_eq!(all(slash(u128::MAX, 5, 6)), (5, 6, 0, 1));
    assert_eq!(slash(0, 5, 6), Slash::default());
    assert_eq!(slash(5, 0, 0), Slash::default());
}

#[test]
fn missed_counts_what_was_paid_since() {
    assert_eq!(missed(10, 7, false), 3);
    assert_eq!(missed(10, 7, true), 2);
    assert_eq!(missed(7, 7, true), 0);
}

#[test]
fn a_trigger_compares_the_first_eight_bytes() {
    let mut hash = [0xff; 32];
    assert!(!triggered(&hash, u64::MAX));
    hash[0] = 0xfe;
    assert!(triggered(&hash, u64::MAX));
    hash[7] = 0;
    assert!(triggered(&hash, 1 << 56));
    assert!(!triggered(&hash, 1 << 55));
}

#[test]
fn a_spike_of_hashes_is_remembered_as_twice_the_mean() {
    assert_eq!(remembered(Hashrate, 5_000, &[]), Some(5_000));
    assert_eq!(remembered(Hashrate, 5_000, &[10, 11]), Some(21));
    assert_eq!(remembered(Hashrate, 15, &[10, 11]), Some(15));
    assert_eq!(remembered(Hashrate, 15, &[0, 0]), Some(1));
    assert_eq!(remembered(Hashrate, 1, &[u128::MAX, 1]), None);
    // A false claim of matrix work costs its bond.
    assert_eq!(remembered(Gpu, 5_000, &[10, 11]), Some(5_000));
}

proptest! {
    #[test]
    fn mul_div_floor_is_the_floor(a: u128, b: u128, c in 1u128..) {
        let exact = U512::from(a) * U512::from(b) / U512::from(c);
        let expected = u128::try_from(exact).ok();
        prop_assert_eq!(mul_div_floor(a, b, c), expected);
    }

    #[test]
    fn shares_never_exceed_the_pot(
        pot in 0u128..1 << 100,
        works in proptest::collection::vec(0u128..1 << 60, 1..50),
        spare in 0u128..1 << 60,
    ) {
        let denominator = works.iter().sum::<u128>() + spare;
        let paid: u128 = works.iter().map(|work| share(pot, *work, denominator).unwrap()).sum();
        let together = share(pot, works.iter().sum(), denominator).unwrap();
        // One by one at most what they get together, and that at most the pot; each loses less than one unit.
        prop_assert!(paid <= together && together <= pot);
        prop_assert!(together - paid <= works.len() as u128);
    }

    #[test]
    fn slashes_never_exceed_what_is_there(reward: u128, bond in 0u128..1 << 120, unvested in 0u128..1 << 120) {
        let Slash { bond: a, unvested: b, bond_bounty: x, unvested_bounty: y } = slash(reward, bond, unvested);
        prop_assert!(a <= bond && b <= unvested && x <= a && y <= b);
        prop_assert_eq!(a + b, reward.saturating_mul(48).min(bond + unvested));
        prop_assert_eq!(x + y, (a + b) / 10);
        prop_assert!(b == 0 || a == bond);
    }

    #[test]
    fn decay_is_close_from_below_and_never_rises(value: u128, times in 0u32..2_000) {
        for (decayed, kept) in [
            (decayed_best(value, times), (255u32, 256u32)),
            (decayed_rate(Gpu, value, times.min(60)), (3, 4)),
            (decayed_rate(Hashrate, value, times.min(400)), (15, 16)),
        ] {
            let times = match kept.0 {
                3 => times.min(60),
                15 => times.min(400),
                _ => times,
            };
            // The exact power in 256 bits of fraction, rounded down at each step and so at most `times` too
            // low in its last place.
            let one = U512::one() << 256;
            let exact = (0..times).fold(one, |power, _| power * U512::from(kept.0) / U512::from(kept.1));
            let exact = (U512::from(value) * exact) >> 256;
            let exact = u128::try_from(exact).unwrap();
            prop_assert!(decayed <= exact + 1);
            // 64 multiplications of 2^-64 fractions, each at most one too low.
            let slack = (U256::from(value) * U256::from(64u32)) >> 64;
            prop_assert!(exact - decayed.min(exact) <= u128::try_from(slack).unwrap() + 1);
        }
        prop_assert!(decayed_best(value, times + 1) <= decayed_best(value, times));
    }

    #[test]
    fn a_rating_moves_towards_what_is_shown_and_not_past_it(rate: u128, shown: u128) {
        for (kind, down) in [(Gpu, 4), (Hashrate, 16)] {
            let new = rerated(kind, rate, shown);
            prop_assert!(new >= rate.min(shown) && new <= rate.max(shown));
            let moved = new.abs_diff(rate);
            let gap = rate.abs_diff(shown);
            prop_assert_eq!(moved, if shown >= rate { gap / 16 } else { gap.div_ceil(down) });
        }
    }

    #[test]
    fn a_variance_decays_and_grows_by_what_an_estimate_adds(shown: u128, missed in 0u32..200) {
        let first = variance_with(U256::zero(), shown);
        let square = U256::from(shown) * U256::from(shown);
        // One part in 62 · 16^2, floored twice.
        prop_assert!(first * U256::from(62 * 256) <= square);
        prop_assert!(square - first * U256::from(62 * 256) < U256::from(2 * 62 * 256));
        prop_assert!(decayed_variance(first, missed) <= first);
        let error = standard_error(first);
        prop_assert!(U256::from(error) * U256::from(error) <= first);
    }

    #[test]
    fn a_cap_is_a_sixteenth(share: u128, bond: u128, unvested: u128) {
        let paid = capped(share, bond, unvested);
        prop_assert!(paid <= share);
        prop_assert!(U256::from(paid) * 16 <= U256::from(bond) + U256::from(unvested));
    }
}
