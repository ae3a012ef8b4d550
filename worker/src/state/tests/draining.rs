// SPDX-License-Identifier: Apache-2.0
use super::*;

#[test]
fn draining_without_anything_begun_ends_at_once() {
    let mut bench = Bench::new();
    bench.block(view(99));
    assert_eq!(bench.event(Event::Drain).actions, [Action::Stop(Stop::Drained)]);
    let mut fresh = Bench::new();
    assert_eq!(
        fresh.event(Event::Drain).actions,
        [],
        "what is on the chain is not known yet"
    );
    assert_eq!(
        fresh.block(view(117)).actions.last(),
        Some(&Action::Stop(Stop::Drained))
    );
}

#[test]
fn draining_finishes_the_census_and_takes_part_in_no_other() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(1, 1), 5);
    assert_eq!(bench.event(Event::Drain).actions, []);
    bench.taken(102);
    bench
        .block(with(commit(102, 5, 1), view(102)))
        .rounds(work(1, 1), 9);
    assert_eq!(
        bench.block(with(commit(102, 5, 1), view(104))).begun_commit(),
        Some(3)
    );
    bench.taken(105).block(with(commit(105, 9, 2), view(105)));
    assert!(matches!(
        bench.block(with(drawn(105, 9), view(110))).begun(),
        Some(Task::Open { .. })
    ));
    bench.taken(111);
    assert_eq!(
        bench.block(with(opened(105, 9), view(111))).actions,
        [Action::Pause]
    );
    assert_eq!(
        bench.block(with(opened(105, 9), view(117))).begun(),
        Some(Task::Settle { census: 1 })
    );
    bench.taken(118);
    assert_eq!(bench.actions, [Action::Stop(Stop::Drained)]);
}

#[test]
fn draining_does_not_wait_for_a_settlement_that_never_comes() {
    for commit in [drawn(105, 9), opened(105, 9)] {
        let mut bench = Bench::new();
        bench.block(with(commit, view(112)));
        bench.event(Event::Drain);
        bench.block(with(commit, view(117)));
        if bench.state.pending().is_some() {
            bench.done(refused(118));
        }
        assert_eq!(bench.actions.last(), Some(&Action::Stop(Stop::Drained)));
    }
}

#[test]
fn draining_does_not_wait_for_what_was_missed_in_an_earlier_census() {
    let mut bench = Bench::new();
    let next = Census {
        index: 2,
        challenge: [2; 32],
        ..view(100).census
    };
    bench.event(Event::Drain).block(with(
        drawn(105, 9),
        View {
            census: next,
            ..view(100)
        },
    ));
    assert_eq!(bench.actions.last(), Some(&Action::Stop(Stop::Drained)));
}

#[test]
fn a_draining_worker_sits_out_the_next_census() {
    let mut bench = Bench::new();
    bench
        .block(with(commit(105, 9, 3), view(106)))
        .event(Event::Drain);
    let next = Census {
        index: 2,
        challenge: [2; 32],
        ..view(100).census
    };
    let delayed = with(
        Commit {
            drawn: Some(false),
            ..commit(105, 9, 3)
        },
        View {
            census: next,
            ..view(100)
        },
    );
    bench.block(delayed);
    assert_eq!(bench.state.stage(), Stage::Blocked(Obstacle::Draining));
    assert_eq!(bench.begun(), Some(Task::Settle { census: 1 }));
}
