// SPDX-License-Identifier: Apache-2.0

use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Lines of a cost that go through in `time` if they come without pause.
fn through(cost: Cost, time: u64) -> u32 {
    let mut budget = Budget::new(seconds(0));
    let mut count = 0;
    for millis in 0..time * 1_000 {
        if !budget.spend(cost, Duration::from_millis(millis), 25) {
            return count;
        }
        count += 1;
    }
    count
}

#[test]
fn an_honest_miner_is_never_cut_off() {
    let mut budget = Budget::new(seconds(0));
    for tenth in 0..6_000u64 {
        assert!(budget.spend(Cost::Line, Duration::from_millis(tenth * 100), 25));
    }
}

#[test]
fn a_flood_is_cut_off_soon() {
    // A line a millisecond.
    assert!((500..600).contains(&through(Cost::Line, 10)));
    assert!((100..110).contains(&through(Cost::BadShare, 10)));
    assert_eq!(through(Cost::Garbage, 10), 10);
}

#[test]
fn whoever_brings_all_shares_of_a_short_window_alone_is_let_through() {
    for seconds in [6, 18, 60] {
        let window = Duration::from_secs(seconds);
        // A power of two below the ceiling: up to twice as many.
        let most = 2 * u64::from(ABUNDANCE * SHARES) / seconds;
        assert!(refill(window) > most, "{seconds}");
    }
    refill(Duration::ZERO);
    assert_eq!(refill(Duration::MAX), 25);
}

#[test]
fn a_clock_that_goes_back_gives_nothing() {
    let mut budget = Budget::new(seconds(100));
    for _ in 0..10 {
        assert!(budget.spend(Cost::Garbage, seconds(0), 25));
    }
    assert!(!budget.spend(Cost::Garbage, seconds(100), 25));
    assert!(budget.spend(Cost::Garbage, seconds(103), 25));
}

#[test]
fn a_gate_lets_few_lines_through_and_counts_the_others() {
    let mut gate = Gate::default();
    let passed = (0..1_000).filter(|_| gate.pass(seconds(1)).is_some()).count();
    assert_eq!(passed, 5);
    assert_eq!(gate.pass(seconds(12)), Some(995));
    assert_eq!(gate.pass(seconds(12)), Some(0));
}
