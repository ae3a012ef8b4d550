// SPDX-License-Identifier: Apache-2.0

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn read(value: Value) -> Result<u64, NotADifficulty> {
    Difficulty::from_json(&value).map(Difficulty::hashes)
}

#[test]
fn difficulty_one_has_bitcoins_target() {
    let one = Difficulty::from_json(&json!(1)).unwrap();
    assert_eq!(one.target(), U256::from(0xffff) << 208);
    assert_eq!(one.to_json(), json!(1));
    let half = Difficulty::from_json(&json!(0.5)).unwrap();
    assert_eq!(half.target(), U256::from(0xffff) << 209);
}

#[test]
fn numbers_are_read_exactly_and_rounded_up() {
    assert_eq!(read(json!(1.5)), Ok(3 << 31));
    assert_eq!(read(json!(65536)), Ok(1 << 48));
    assert_eq!(read(json!(65536.0)), Ok(1 << 48));
    assert_eq!(read(json!(1e-30)), Ok(1));
    assert_eq!(read(json!(0.1)), Ok(429_496_730));
    assert_eq!(read(json!(4_294_967_295u64)), Ok(u64::MAX << 32));
}

#[test]
fn what_is_no_difficulty_is_refused() {
    for value in [
        json!(0),
        json!(0.0),
        json!(-1),
        json!(-0.5),
        json!(4_294_967_296u64),
        json!(1e300),
        json!("1"),
        json!(null),
        json!([]),
        json!(5e-324),
    ] {
        assert_eq!(read(value.clone()), Err(NotADifficulty), "{value}");
    }
}

#[test]
fn the_ends_do_not_overflow() {
    assert_eq!(Difficulty::from_hashes(0), Difficulty::MIN);
    assert_eq!(Difficulty::from_target(U256::zero()).hashes(), u64::MAX);
    assert_eq!(Difficulty::from_target(U256::MAX), Difficulty::MIN);
    assert!(Difficulty::from_hashes(u128::MAX).hashes() > u64::MAX >> 1);
    assert_eq!(
        Difficulty::from_hashes(u128::MAX).floor_power_of_two().hashes(),
        1 << 63
    );
}

proptest! {
    #[test]
    fn targets_and_difficulties_are_inverse(units in 1..=u64::MAX) {
        let difficulty = Difficulty(NonZeroU64::new(units).unwrap());
        prop_assert_eq!(Difficulty::from_target(difficulty.target()), difficulty);
    }

    #[test]
    fn what_is_handed_out_is_read_back_unchanged(hashes in 1..=u64::MAX, shift in 0u32..64) {
        let difficulty = Difficulty::from_hashes(u128::from(hashes >> shift));
        prop_assert_eq!(Difficulty::from_json(&difficulty.to_json()), Ok(difficulty));
        let text = difficulty.to_json().to_string();
        let parsed: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(Difficulty::from_json(&parsed), Ok(difficulty));
    }

    #[test]
    fn a_number_read_is_never_easier_than_the_number(number in 1e-9f64..4e9) {
        let difficulty = Difficulty::from_json(&json!(number)).unwrap();
        prop_assert!(difficulty.to_f64() >= number);
        prop_assert!(difficulty.to_f64() - number <= 1.0 / 4_294_967_296.0);
    }
}
