// SPDX-License-Identifier: Apache-2.0
use super::*;

#[test]
fn a_whole_census_from_opening_to_settlement() {
    let mut bench = Bench::new();
    bench.block(view(99));
    assert_eq!((bench.state.stage(), bench.actions.len()), (Stage::Idle, 0));
    bench.block(view(100));
    assert_eq!(bench.state.stage(), Stage::Working);
    assert_eq!(
        bench.actions,
        [
            Action::Forget { before: 1 },
            Action::Compute {
                work: work(1, 1),
                rounds: 65_536
            }
        ]
    );
    // 40% of the window is block 102: sent upon 101.
    assert_eq!(bench.rounds(work(1, 1), 10).begun(), None);
    assert_eq!(bench.block(view(101)).begun_commit(), Some(1));
    assert_eq!(bench.taken(102).begun(), None);
    bench.block(with(commit(102, 10, 1), view(102)));
    assert_eq!(bench.rounds(work(1, 1), 20).begun(), None);
    // 75%: block 104.
    assert_eq!(
        bench.block(with(commit(102, 10, 1), view(103))).begun_commit(),
        Some(2)
    );
    bench.taken(104).rounds(work(1, 1), 30);
    // One block before the end: block 105.
    assert_eq!(
        bench.block(with(commit(104, 20, 2), view(104))).begun_commit(),
        Some(3)
    );
    bench.taken(105);
    bench.block(with(commit(105, 30, 3), view(105)));
    assert_eq!(
        bench.actions,
        [Action::Compute {
            work: work(1, 1),
            rounds: 30
        }]
    );
    assert_eq!(bench.state.stage(), Stage::Committed);
    bench.block(with(commit(105, 30, 3), view(106)));
    assert_eq!((bench.state.stage(), bench.begun()), (Stage::Committed, None));
    // Drawn; the seed is final from block 110 on.
    bench.block(with(drawn(105, 30), view(108)));
    assert_eq!((bench.state.stage(), bench.begun()), (Stage::Opening, None));
    bench.block(with(
        drawn(105, 30),
        View {
            seed_is_final: true,
            ..view(109)
        },
    ));
    let opening = Task::Open {
        work: work(1, 1),
        rounds: 30,
        commitment: [6; 32],
        open_seed: [5; 32],
    };
    assert_eq!(bench.begun(), Some(opening));
    assert_eq!(bench.taken(110).begun(), None);
    bench.block(with(opened(105, 30), view(110)));
    assert_eq!(bench.actions, [Action::Pause]);
    assert_eq!(bench.state.stage(), Stage::Waiting);
    bench.block(with(opened(105, 30), view(116)));
    assert_eq!(bench.begun(), None);
    bench.block(with(opened(105, 30), view(117)));
    assert_eq!(bench.begun(), Some(Task::Settle { census: 1 }));
    assert_eq!(bench.state.stage(), Stage::Settling);
    bench.taken(118);
    let rating = Rating {
        last_census: 1,
        ..Rating::default()
    };
    bench.block(View { rating, ..view(118) });
    assert_eq!((bench.state.stage(), bench.actions.len()), (Stage::Settled, 0));
}

#[test]
fn a_restart_finds_its_place_in_every_phase() {
    let at = |view: View| {
        let mut bench = Bench::new();
        bench.block(view);
        (bench.state.stage(), bench.actions.last().copied())
    };
    let all = Some(Action::Compute {
        work: work(1, 1),
        rounds: 65_536,
    });
    let claimed = |rounds| {
        Some(Action::Compute {
            work: work(1, 1),
            rounds,
        })
    };
    let forget = Some(Action::Forget { before: 1 });
    assert_eq!(at(view(50)), (Stage::Idle, None));
    assert_eq!(at(view(100)), (Stage::Working, all));
    assert_eq!(at(with(commit(102, 10, 1), view(103))), (Stage::Working, all));
    assert_eq!(at(view(105)), (Stage::Idle, forget));
    assert_eq!(
        at(with(commit(102, 10, 1), view(105))),
        (Stage::Committed, claimed(10))
    );
    assert_eq!(
        at(with(commit(105, 10, 3), view(105))),
        (Stage::Committed, claimed(10))
    );
    assert_eq!(at(view(107)), (Stage::Idle, forget));
    assert_eq!(
        at(with(commit(105, 10, 3), view(107))),
        (Stage::Committed, claimed(10))
    );
    assert_eq!(at(with(drawn(105, 10), view(109))), (Stage::Opening, claimed(10)));
    assert_eq!(at(with(opened(105, 10), view(109))), (Stage::Waiting, forget));
    let undrawn = Commit {
        drawn: Some(false),
        ..drawn(105, 10)
    };
    assert_eq!(at(with(undrawn, view(109))), (Stage::Waiting, forget));
    assert_eq!(at(with(undrawn, view(115))), (Stage::Waiting, forget));
    assert_eq!(at(with(drawn(105, 10), view(115))), (Stage::Missed, forget));
    assert_eq!(at(with(drawn(105, 10), view(120))), (Stage::Missed, forget));
    let settle = Some(Action::Begin(Task::Settle { census: 1 }));
    assert_eq!(at(with(undrawn, view(120))), (Stage::Settling, settle));
    assert_eq!(at(with(opened(105, 10), view(120))), (Stage::Settling, settle));
}

#[test]
fn a_restart_in_the_opening_window_opens_as_soon_as_the_rounds_are_back() {
    let mut bench = Bench::new();
    bench.block(with(drawn(105, 30), view(111)));
    assert_eq!(bench.begun(), None);
    assert_eq!(bench.rounds(work(1, 1), 29).begun(), None);
    assert!(matches!(
        bench.rounds(work(1, 1), 30).begun(),
        Some(Task::Open { rounds: 30, .. })
    ));
}

#[test]
fn a_late_start_commits_once_a_slot_and_never_for_slots_gone_by() {
    let mut bench = Bench::new();
    bench.block(view(103)).rounds(work(1, 1), 5);
    assert_eq!(bench.begun_commit(), Some(2));
    bench.taken(104).rounds(work(1, 1), 6);
    assert_eq!(
        bench.block(with(commit(104, 5, 1), view(104))).begun_commit(),
        Some(3)
    );
}

#[test]
fn a_start_in_the_last_block_of_the_window_is_too_late() {
    let mut bench = Bench::new();
    bench.block(view(105)).rounds(work(1, 1), 5);
    assert_eq!((bench.begun(), bench.state.stage()), (None, Stage::Idle));
}

#[test]
fn the_first_round_that_is_done_after_a_slot_is_committed_at_once() {
    let mut bench = Bench::new();
    bench.block(view(102));
    assert_eq!(bench.begun(), None);
    assert_eq!(bench.rounds(work(1, 1), 1).begun_commit(), Some(1));
}

#[test]
fn fewer_rounds_than_the_chain_wants_are_not_committed() {
    let mut bench = Bench::with(Settings {
        min_rounds: 256,
        ..settings()
    });
    bench.block(view(102));
    assert_eq!(bench.rounds(work(1, 1), 255).begun(), None);
    assert_eq!(bench.rounds(work(1, 1), 256).begun_commit(), Some(1));
}

#[test]
fn the_same_rounds_are_not_committed_twice() {
    let mut bench = Bench::new();
    bench
        .block(with(commit(102, 10, 1), view(104)))
        .rounds(work(1, 1), 10);
    assert_eq!(bench.begun(), None);
    assert_eq!(bench.rounds(work(1, 1), 11).begun_commit(), Some(3));
}

#[test]
fn never_more_than_three_commits() {
    let mut bench = Bench::new();
    bench
        .block(with(commit(101, 10, 3), view(104)))
        .rounds(work(1, 1), 50);
    assert_eq!(bench.begun(), None);
}

#[test]
fn a_commit_that_came_late_is_replaced_in_the_last_slot_if_that_pays() {
    // A window of 20 blocks, 100 to 119: the last slot begins at 117.
    let long = |number| {
        let census = Census {
            phase: Phase::Work,
            closes_at: 120,
            ..view(100).census
        };
        View {
            census,
            ..view(number)
        }
    };
    let mut bench = Bench::new();
    bench
        .block(with(commit(117, 100, 1), long(117)))
        .rounds(work(1, 1), 110);
    assert_eq!(bench.begun(), None);
    assert_eq!(bench.rounds(work(1, 1), 111).begun_commit(), Some(3));
}

#[test]
fn one_task_at_a_time() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(1, 1), 5);
    assert!(bench.state.pending().is_some());
    for number in 102..105 {
        assert_eq!(bench.block(view(number)).begun(), None);
    }
    // The answer comes, nothing was sent: the next block may bring another attempt.
    assert_eq!(bench.done(failed()).begun(), None);
    assert_eq!(bench.block(view(105)).begun(), None, "the window is over");
}

#[test]
fn what_was_not_sent_is_tried_again_with_the_next_block() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(1, 1), 5);
    assert_eq!(bench.done(failed()).begun(), None);
    assert_eq!(bench.rounds(work(1, 1), 6).begun(), None);
    assert_eq!(bench.block(view(102)).begun_commit(), Some(1));
}

#[test]
fn a_refused_commit_is_not_tried_again_in_its_slot() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(1, 1), 5);
    bench.done(refused(102));
    assert_eq!(bench.block(view(102)).begun(), None);
    assert_eq!(bench.rounds(work(1, 1), 9).begun(), None);
    assert_eq!(bench.block(view(103)).begun_commit(), Some(2));
}

#[test]
fn a_view_from_before_the_block_that_took_a_commit_does_not_bring_a_second_one() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(1, 1), 5);
    bench.taken(103).rounds(work(1, 1), 6);
    assert_eq!(bench.begun(), None);
    assert_eq!(bench.block(view(102)).begun(), None);
    assert_eq!(
        bench.block(with(commit(103, 5, 1), view(103))).begun_commit(),
        Some(2)
    );
}

#[test]
fn a_commit_that_a_reorganization_undid_is_made_again() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(1, 1), 5);
    bench.taken(102).block(with(commit(102, 5, 1), view(102)));
    assert_eq!(bench.begun(), None);
    // Another fork wins whose block 102 has no commit; the census is the same.
    bench.rounds(work(1, 1), 6);
    assert_eq!(bench.block(view(102)).begun_commit(), Some(1));
}

#[test]
fn another_challenge_starts_the_work_again() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(1, 1), 5);
    let other = |number| {
        let census = Census {
            challenge: [2; 32],
            ..view(number).census
        };
        View {
            census,
            ..view(number)
        }
    };
    bench.block(other(101));
    assert!(bench.actions.contains(&Action::Compute {
        work: work(1, 2),
        rounds: 65_536
    }));
    assert_eq!(bench.state.rounds(), 0);
    // The commit for the first challenge fails, and rounds of it that still arrive count for nothing.
    bench.done(failed());
    assert_eq!(bench.rounds(work(1, 1), 9).begun(), None);
    assert_eq!(bench.block(other(102)).begun(), None);
    let task = bench.rounds(work(1, 2), 1).begun();
    assert_eq!(
        task,
        Some(Task::Commit {
            work: work(1, 2),
            slot: 1
        })
    );
}

#[test]
fn rounds_of_another_work_are_never_committed_or_opened() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(7, 1), 500);
    assert_eq!(bench.begun(), None);
    bench.rounds(
        Work {
            class: Class::S,
            ..work(1, 1)
        },
        500,
    );
    assert_eq!(bench.begun(), None);
    bench
        .block(with(drawn(105, 10), view(111)))
        .rounds(work(1, 2), 10);
    assert_eq!(bench.begun(), None);
}

#[test]
fn a_commit_of_another_class_is_held_and_opened_as_what_it_is() {
    let small = Commit {
        class: Some(Class::S),
        ..drawn(105, 10)
    };
    let s = Work {
        class: Class::S,
        ..work(1, 1)
    };
    let mut bench = Bench::new();
    bench.block(with(small, view(111)));
    assert!(bench.actions.contains(&Action::Compute { work: s, rounds: 10 }));
    assert_eq!(bench.rounds(work(1, 1), 10).begun(), None);
    assert!(matches!(bench.rounds(s, 10).begun(), Some(Task::Open { work, .. }) if work == s));
}

/// Who ends in between loses the bond, if it is drawn.
#[test]
fn a_commit_is_at_risk_from_its_sending_until_it_is_opened_or_surely_not_drawn() {
    let mut bench = Bench::new();
    assert_eq!(bench.state.at_risk(), None);
    bench.block(view(101));
    assert_eq!(bench.state.at_risk(), None);
    assert_eq!(bench.rounds(work(1, 1), 10).begun_commit(), Some(1));
    assert_eq!(bench.state.at_risk(), Some(1), "on its way");
    // Taken by a block that is not seen yet.
    assert_eq!(bench.taken(102).state.at_risk(), Some(1));
    bench.block(with(commit(102, 10, 1), view(102)));
    assert_eq!(bench.state.at_risk(), Some(1));
    bench.block(with(commit(102, 10, 1), view(107)));
    assert_eq!(bench.state.at_risk(), Some(1));
    let spared = Commit {
        drawn: Some(false),
        ..commit(102, 10, 1)
    };
    assert_eq!(
        bench.block(with(spared, view(108))).state.at_risk(),
        Some(1),
        "by a seed that may yet be another"
    );
    assert_eq!(bench.block(with(spared, view(110))).state.at_risk(), None);
    assert_eq!(
        bench.block(with(drawn(102, 10), view(110))).state.at_risk(),
        Some(1)
    );
    assert_eq!(
        bench.block(with(opened(102, 10), view(111))).state.at_risk(),
        None
    );
}

#[test]
fn a_commit_of_which_nothing_is_heard_is_at_risk_while_it_may_be_taken() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(1, 1), 10);
    assert_eq!(bench.done(failed()).state.at_risk(), Some(1));
    // Block 105 is the last that may take it.
    assert_eq!(
        bench.event(Event::Block(Box::new(view(104)))).state.at_risk(),
        Some(1)
    );
    let mut late = Bench::new();
    late.block(view(101)).rounds(work(1, 1), 10);
    late.done(refused(102));
    assert_eq!(late.block(view(102)).state.at_risk(), None);
}
