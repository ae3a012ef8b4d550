// SPDX-License-Identifier: Apache-2.0
//! Which shape a census is worked in, and how many rounds are aimed at.

use super::*;
use crate::{shape::Measured, telemetry::sensors::Reading};

fn measured(class: Class, millis: u64) -> Measured {
    Measured {
        class,
        round: Duration::from_millis(millis),
    }
}

/// A device that computes a round of S in a second, and one of XS in 10 ms, on a chain with a block in three seconds.
fn device() -> Settings {
    Settings {
        class: Class::S,
        ladder: Ladder::new(
            &[measured(Class::Xs, 10), measured(Class::S, 1_000)],
            Duration::from_secs(3),
        ),
        ..settings()
    }
}

fn target(bench: &Bench) -> (Class, u32) {
    let (work, rounds) = bench.state.target().expect("a census is open");
    (work.class, rounds)
}

#[test]
fn a_worker_that_comes_late_works_in_the_shape_that_still_fits() {
    let mut bench = Bench::with(device());
    // From block 100 to the last slot in block 105, fifteen rounds of S fit; from 103 on, six.
    assert_eq!(target(bench.block(view(100))).0, Class::S);
    // A census keeps the shape in which it was begun.
    assert_eq!(target(bench.block(view(103))).0, Class::S);
    let mut late = Bench::with(device());
    assert_eq!(target(late.block(view(103))).0, Class::Xs);
}

#[test]
fn a_device_that_has_become_slow_takes_a_smaller_shape_in_the_next_census() {
    let mut bench = Bench::with(device());
    bench.state.measured(Class::S, Duration::from_secs(4));
    assert_eq!(target(bench.block(view(100))).0, Class::Xs);
}

#[test]
fn one_slow_round_says_little() {
    let mut bench = Bench::with(device());
    bench.state.measured(Class::S, Duration::from_secs(1));
    bench.state.measured(Class::S, Duration::from_secs(4));
    assert_eq!(target(bench.block(view(100))).0, Class::S);
}

#[test]
fn a_commit_that_stands_is_raised_in_its_own_shape() {
    let commit = Commit {
        class: Some(Class::S),
        ..commit(102, 5, 1)
    };
    let mut late = Bench::with(device());
    assert_eq!(target(late.block(with(commit, view(103)))).0, Class::S);
}

#[test]
fn a_commit_is_never_replaced_by_one_of_less_work() {
    // What an earlier life sent arrives, in a larger shape.
    let commit = Commit {
        class: Some(Class::S),
        ..commit(103, 5, 1)
    };
    let small = work(1, 1);
    let mut late = Bench::with(device());
    late.block(view(103)).rounds(small, 600);
    late.done(failed()).block(with(commit, view(104)));
    assert_eq!(late.rounds(small, 900).begun(), None);
}

#[test]
fn a_card_that_is_hot_aims_at_fewer_rounds_and_one_past_its_limit_at_none() {
    let at = |temperature| Reading {
        temperature: Some(temperature),
        slowdown: Some(90),
        ..Reading::default()
    };
    let mut bench = Bench::with(device());
    assert_eq!(target(bench.block(view(100))), (Class::S, 65_536));
    let hot = Pace::FULL.after(&at(88));
    bench.event(Event::Pace(hot));
    assert_eq!(target(&bench), (Class::S, 13));
    bench.event(Event::Pace(hot.after(&at(90))));
    assert_eq!(target(&bench), (Class::S, 0));
    bench.event(Event::Pace(Pace::FULL));
    assert_eq!(target(&bench), (Class::S, 65_536));
}

#[test]
fn a_hot_card_still_aims_at_what_a_commit_needs() {
    let mut bench = Bench::with(Settings {
        min_rounds: 14,
        ..device()
    });
    let hot = Reading {
        temperature: Some(89),
        slowdown: Some(90),
        ..Reading::default()
    };
    bench.block(view(100));
    bench.event(Event::Pace(Pace::FULL.after(&hot)));
    assert_eq!(target(&bench), (Class::S, 14));
}
