// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::MAX_SUPPLY;
use proptest::prelude::*;
use sp_core::U256;

fn wide(number: u128) -> U256 {
    number.into()
}

/// A supply, and a part of it.
fn supply_and_part() -> impl Strategy<Value = (u128, u128)> {
    prop_oneof![1..=20u128, 1..=MAX_SUPPLY, Just(MAX_SUPPLY)]
        .prop_flat_map(|supply| (Just(supply), prop_oneof![0..=supply, Just(0), Just(supply)]))
}

fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![0..=1_000u128, 0..=1u128 << 90, any::<u128>(), Just(u128::MAX)]
}

#[test]
fn payment_should_be_the_part_that_is_not_ones_own() {
    assert_eq!(payment(1_000, 10, 0, 0), Some(1_000));
    assert_eq!(payment(1_000, 10, 9, 0), Some(100));
    assert_eq!(payment(1_000, 3, 1, 0), Some(667));
    assert_eq!(payment(1_000, 3, 2, 0), Some(334));
    assert_eq!(payment(1_000, 3, 3, 500), Some(0));
    assert_eq!(payment(1_000, 1_000, 999, 500), Some(500));
    assert_eq!(payment(1_000, 3, 4, 0), None);
    assert_eq!(payment(u128::MAX, MAX_SUPPLY, 0, 0), Some(u128::MAX));
}

#[test]
fn last_payout_should_be_the_exact_rest() {
    assert_eq!(payout(1_000, 1, 3), Some(333));
    assert_eq!(payout(667, 1, 2), Some(333));
    assert_eq!(payout(334, 1, 1), Some(334));
    assert_eq!(payout(5, 1, 10), Some(0));
    assert_eq!(payout(5, 0, 0), None);
    assert_eq!(payout(u128::MAX, MAX_SUPPLY, MAX_SUPPLY), Some(u128::MAX));
}

#[test]
fn least_bid_should_always_be_more() {
    let five = Perbill::from_percent(5);
    assert_eq!(least_above(1_000, five), Some(1_050));
    assert_eq!(least_above(1_001, five), Some(1_052));
    assert_eq!(least_above(1, five), Some(2));
    assert_eq!(least_above(0, five), Some(1));
    assert_eq!(least_above(7, Perbill::zero()), Some(8));
    assert_eq!(least_above(u128::MAX, five), None);
}

proptest! {
    #[test]
    fn payment_should_be_raised_by_less_than_a_unit(price in amount(), (supply, own) in supply_and_part()) {
        let paid = wide(payment(price, supply, own, 0).unwrap());
        let exact = wide(price) * wide(supply - own);
        prop_assert!(paid * wide(supply) >= exact);
        prop_assert!(paid * wide(supply) < exact + wide(supply));
    }

    /// Committing one's own fractions is as good as selling them to oneself, never better.
    #[test]
    fn ones_own_fractions_should_never_be_worth_more_than_the_others(
        price in amount(), (supply, own) in supply_and_part(),
    ) {
        let saved = price - payment(price, supply, own, 0).unwrap();
        prop_assert!(saved <= payout(price, own, supply).unwrap());
    }

    #[test]
    fn payouts_should_add_up_to_the_cash_in_whatever_order(
        cash in amount(),
        parts in prop::collection::vec(1..=1u128 << 58, 1..40),
    ) {
        let (mut left, mut supply) = (cash, parts.iter().sum::<u128>());
        let whole = supply;
        let mut paid = 0u128;
        for (turn, part) in parts.iter().enumerate() {
            let payout = payout(left, *part, supply).unwrap();
            // Within a unit for each of those who came before.
            let exact = wide(cash) * wide(*part) / wide(whole);
            prop_assert!(wide(payout) + wide(1) >= exact);
            prop_assert!(wide(payout) <= exact + wide(turn as u128) + wide(1));
            left -= payout;
            supply -= part;
            paid += payout;
        }
        prop_assert_eq!((left, supply, paid), (0, 0, cash));
    }

    #[test]
    fn least_bid_should_be_an_increment_above(price in 0..=u128::MAX / 4, parts in 0..=1_000_000_000u32) {
        let increment = Perbill::from_parts(parts);
        let least = least_above(price, increment).unwrap();
        prop_assert!(least > price);
        prop_assert!(least - price >= increment.mul_floor(price));
        prop_assert!(least - price <= increment.mul_floor(price) + 1);
    }
}
