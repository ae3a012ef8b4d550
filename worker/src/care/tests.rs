// SPDX-License-Identifier: Apache-2.0
use super::*;
use crate::telemetry::sensors::Throttle;
use proptest::prelude::*;

fn at(temperature: u32) -> Reading {
    Reading {
        temperature: Some(temperature),
        slowdown: Some(90),
        ..Reading::default()
    }
}

fn thermal(temperature: Option<u32>) -> Reading {
    Reading {
        temperature,
        slowdown: Some(90),
        throttle: Throttle::THERMAL,
        ..Reading::default()
    }
}

#[test]
fn a_cool_card_works_as_hard_as_it_can() {
    assert_eq!(Pace::FULL.after(&at(60)), Pace::FULL);
    assert_eq!(Pace::FULL.after(&at(84)), Pace::FULL);
    assert_eq!(Pace::FULL.after(&Reading::default()), Pace::FULL);
}

#[test]
fn a_hot_card_aims_lower_and_lower_and_higher_again_once_it_is_cool() {
    let mut pace = Pace::FULL;
    for _ in 0..3 {
        pace = pace.after(&at(88));
    }
    assert_eq!(pace.of(1_000), 729);
    // Neither hot nor cool: it stays.
    assert_eq!(pace.after(&at(84)), pace);
    for _ in 0..6 {
        pace = pace.after(&at(70));
    }
    assert_eq!(pace, Pace::FULL);
}

#[test]
fn a_card_that_slows_down_for_heat_or_want_of_power_aims_lower_whatever_its_thermometer_says() {
    assert!(Pace::FULL.after(&thermal(Some(50))) < Pace::FULL);
    assert!(Pace::FULL.after(&thermal(None)) < Pace::FULL);
    let brake = Reading {
        throttle: Throttle::BRAKE,
        ..at(50)
    };
    assert!(Pace::FULL.after(&brake) < Pace::FULL);
}

#[test]
fn a_card_at_its_power_limit_is_as_it_should_be() {
    let capped = Reading {
        throttle: Throttle::POWER_CAP,
        ..at(60)
    };
    assert_eq!(Pace::FULL.after(&capped), Pace::FULL);
}

#[test]
fn a_limit_that_can_t_be_one_is_not_believed() {
    for slowdown in [Some(0), Some(255), None] {
        let reading = |temperature| Reading {
            slowdown,
            ..at(temperature)
        };
        assert_eq!(Pace::FULL.after(&reading(60)), Pace::FULL);
        assert_eq!(Pace::FULL.after(&reading(SLOWDOWN)), Pace::REST);
    }
}

#[test]
fn a_card_past_its_limit_rests_until_it_is_cool() {
    let rest = Pace::FULL.after(&at(90));
    assert_eq!(rest, Pace::REST);
    assert_eq!(rest.of(u32::MAX), 0);
    assert_eq!(rest.after(&at(85)), Pace::REST);
    assert_eq!(rest.after(&at(82)).of(1_000), 500);
}

proptest! {
    #[test]
    fn the_pace_stays_between_rest_and_full(temperatures in prop::collection::vec(0u32..120, 0..200), rounds: u32) {
        let mut pace = Pace::FULL;
        for temperature in temperatures {
            pace = pace.after(&at(temperature));
            prop_assert!(pace >= Pace::REST && pace <= Pace::FULL && pace.of(rounds) <= rounds);
        }
    }
}
