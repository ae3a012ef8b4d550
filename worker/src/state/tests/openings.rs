// SPDX-License-Identifier: Apache-2.0
use super::*;

#[test]
fn the_seed_must_be_final_but_not_after_half_the_window() {
    let slow = |number| View {
        seed_is_final: false,
        ..with(drawn(105, 10), view(number))
    };
    let mut bench = Bench::new();
    bench.block(slow(108)).rounds(work(1, 1), 10);
    assert_eq!(bench.begun(), None);
    // Half of 108 to 113 is 110: sent upon 109.
    assert!(matches!(bench.block(slow(109)).begun(), Some(Task::Open { .. })));
}

#[test]
fn an_opening_is_computed_ahead_while_its_seed_is_not_final_and_again_for_another_seed() {
    let seeded = |number, seed| {
        let census = Census {
            open_seed: Some([seed; 32]),
            ..view(number).census
        };
        View {
            census,
            seed_is_final: false,
            ..with(drawn(105, 10), view(number))
        }
    };
    let ahead = |bench: &Bench| {
        bench.actions.iter().find_map(|action| match action {
            Action::Anticipate(Task::Open { open_seed, .. }) => Some(open_seed[0]),
            _ => None,
        })
    };
    let mut bench = Bench::new();
    bench.block(seeded(108, 5));
    assert_eq!(ahead(&bench), None, "its rounds are not there yet");
    bench.rounds(work(1, 1), 10);
    assert_eq!((ahead(&bench), bench.begun()), (Some(5), None));
    assert_eq!(bench.block(seeded(108, 5)).actions, [], "once is enough");
    bench.block(seeded(108, 6));
    assert_eq!((ahead(&bench), bench.begun()), (Some(6), None));
    // Half of the window is over.
    assert_eq!(ahead(bench.block(seeded(109, 6))), None);
    assert!(matches!(bench.begun(), Some(Task::Open { open_seed, .. }) if open_seed == [6; 32]));
}

#[test]
fn what_need_not_be_opened_is_not_computed_ahead() {
    for commit in [
        opened(105, 10),
        Commit {
            drawn: Some(false),
            ..drawn(105, 10)
        },
    ] {
        let mut bench = Bench::new();
        bench.block(with(commit, view(108))).rounds(work(1, 1), 10);
        assert_eq!(bench.actions, []);
    }
}

#[test]
fn a_device_that_is_lost_ends_the_worker_once_nothing_is_at_risk() {
    let ends = |bench: &Bench| bench.actions.contains(&Action::Stop(Stop::Lost));
    let mut bench = Bench::new();
    bench.state.lose_device();
    assert!(
        !ends(bench.event(Event::Disconnected)),
        "what is on the chain is not known yet"
    );
    assert!(ends(bench.block(view(101))));

    let mut bench = Bench::new();
    bench
        .block(with(commit(102, 10, 3), view(104)))
        .rounds(work(1, 1), 10);
    bench.state.lose_device();
    for number in [105, 107] {
        assert!(
            !ends(bench.block(with(commit(102, 10, 3), view(number)))),
            "{number}"
        );
    }
    assert!(!ends(bench.block(with(drawn(102, 10), view(110)))));
    assert!(matches!(bench.begun(), Some(Task::Open { .. })));
    bench.taken(111);
    assert!(ends(bench.block(with(opened(102, 10), view(111)))));
}

#[test]
fn openings_that_fail_are_tried_again_ever_more_rarely_and_not_after_the_deadline() {
    let long = |number| {
        let census = Census {
            open_until: 140,
            phase: Phase::Open,
            ..view(110).census
        };
        View {
            census,
            seed_is_final: true,
            ..with(drawn(105, 10), view(number))
        }
    };
    let mut bench = Bench::new();
    bench.block(long(110)).rounds(work(1, 1), 10);
    let mut tried = vec![110];
    for number in 111..=145 {
        if bench.state.pending().is_some() {
            bench.done(refused(number - 1));
        }
        if bench.block(long(number)).begun().is_some() {
            tried.push(number);
        }
    }
    assert_eq!(tried, [110, 111, 113, 117, 125, 133]);
}

#[test]
fn an_opening_that_a_fault_spoiled_is_tried_again() {
    let mut bench = Bench::new();
    bench
        .block(with(drawn(105, 10), view(110)))
        .rounds(work(1, 1), 10);
    bench.done(faulty());
    assert!(matches!(
        bench.block(with(drawn(105, 10), view(111))).begun(),
        Some(Task::Open { .. })
    ));
}

#[test]
fn an_opening_that_a_reorganization_undid_is_made_again() {
    let mut bench = Bench::new();
    bench
        .block(with(drawn(105, 10), view(110)))
        .rounds(work(1, 1), 10);
    bench.taken(111).block(with(opened(105, 10), view(111)));
    assert_eq!(bench.state.stage(), Stage::Waiting);
    bench.block(with(drawn(105, 10), view(112)));
    assert_eq!(bench.state.stage(), Stage::Opening);
    assert!(matches!(bench.begun(), Some(Task::Open { .. })));
}

#[test]
fn what_is_not_drawn_or_not_ours_is_not_opened() {
    let mut bench = Bench::new();
    let undrawn = Commit {
        drawn: Some(false),
        ..drawn(105, 10)
    };
    bench.block(with(undrawn, view(111))).rounds(work(1, 1), 10);
    assert_eq!(bench.begun(), None);
    let theirs = Commit {
        prover: [9; 32],
        ..drawn(105, 10)
    };
    bench.block(with(theirs, view(111))).rounds(work(1, 1), 10);
    assert_eq!((bench.begun(), bench.state.commit()), (None, None));
    assert_eq!(bench.block(with(theirs, view(120))).begun(), None);
}

#[test]
fn a_faulty_device_commits_nothing_in_this_census_and_ends_the_worker_after_three() {
    let mut bench = Bench::new();
    for census in 1..=3 {
        let census_view = |number| {
            let census = Census {
                index: census,
                ..view(number).census
            };
            View {
                census,
                ..view(number)
            }
        };
        bench.block(census_view(101)).rounds(work(census, 1), 5);
        assert_eq!(bench.begun_commit(), Some(1));
        bench.done(faulty());
        if census < 3 {
            assert_eq!(bench.actions, [Action::Pause]);
            assert_eq!(bench.block(census_view(103)).begun(), None);
            assert_eq!(bench.state.stage(), Stage::Blocked(Obstacle::Faulty));
        }
    }
    assert_eq!(bench.actions, [Action::Stop(Stop::Faulty)]);
    // Nothing happens after the end.
    assert_eq!(bench.block(view(104)).actions, []);
}

#[test]
fn a_faulty_device_ends_no_worker_whose_commit_stands() {
    let third = |view: View| View {
        census: Census {
            index: 3,
            ..view.census
        },
        commit: view.commit.map(|commit| Commit { census: 3, ..commit }),
        ..view
    };
    let ends = |bench: &Bench| bench.actions.contains(&Action::Stop(Stop::Faulty));
    let mut bench = Bench::new();
    for census in 1..=2 {
        let census_view = View {
            census: Census {
                index: census,
                ..view(101).census
            },
            ..view(101)
        };
        bench.block(census_view).rounds(work(census, 1), 5);
        bench.done(faulty());
    }
    // Nothing was heard of the first commit of the third census, but it stands.
    bench.block(third(view(101))).rounds(work(3, 1), 5);
    bench.done(failed());
    bench
        .block(third(with(commit(102, 5, 1), view(103))))
        .rounds(work(3, 1), 9);
    assert_eq!(bench.begun_commit(), Some(2));
    assert!(!ends(bench.done(faulty())));
    bench.block(third(with(drawn(102, 5), view(110))));
    assert!(matches!(bench.begun(), Some(Task::Open { .. })));
    assert!(!ends(bench.taken(111)));
    assert!(ends(bench.block(third(with(opened(102, 5), view(111))))));
}

#[test]
fn a_good_commit_forgives_earlier_faults() {
    let mut bench = Bench::new();
    for census in 1..=10 {
        let census_view = |number| {
            let census = Census {
                index: census,
                ..view(number).census
            };
            View {
                census,
                ..view(number)
            }
        };
        bench.block(census_view(101)).rounds(work(census, 1), 5);
        bench.done(if census % 3 == 0 {
            Outcome::Taken { at: 101 }
        } else {
            faulty()
        });
        assert!(!bench.actions.contains(&Action::Stop(Stop::Faulty)));
    }
}

#[test]
fn whoever_may_not_take_part_does_not_work_and_says_why() {
    let cases: [(Option<Asset>, Obstacle); 5] = [
        (None, Obstacle::NoAsset),
        (
            Some(Asset {
                matrix: false,
                ..asset()
            }),
            Obstacle::WrongKind,
        ),
        (
            Some(Asset {
                status: Status::Retired,
                ..asset()
            }),
            Obstacle::Retired,
        ),
        (
            Some(Asset {
                operator: None,
                ..asset()
            }),
            Obstacle::NotOperator,
        ),
        (
            Some(Asset { bond: 60, ..asset() }),
            Obstacle::BondShort { missing: 40 },
        ),
    ];
    for (asset, obstacle) in cases {
        let mut bench = Bench::new();
        bench.block(View { asset, ..view(101) });
        assert_eq!(bench.state.stage(), Stage::Blocked(obstacle));
        assert_eq!(bench.actions, [Action::Forget { before: 1 }]);
        assert_eq!(bench.rounds(work(1, 1), 5).begun(), None);
    }
    // Offline is no obstacle: a census passed makes the asset active again. A bond above the pledge is whole.
    let fine = Asset {
        status: Status::Offline,
        bond: 101,
        ..asset()
    };
    let mut bench = Bench::new();
    bench.block(View {
        asset: Some(fine),
        ..view(101)
    });
    assert_eq!(bench.state.stage(), Stage::Working);
}

#[test]
fn a_commit_is_opened_even_if_the_asset_was_retired_or_changed_hands_since() {
    for asset in [
        Asset {
            status: Status::Retired,
            ..asset()
        },
        Asset {
            operator: Some([9; 32]),
            ..asset()
        },
    ] {
        let mut bench = Bench::new();
        let asset = Some(asset);
        bench.block(View {
            asset,
            ..with(commit(102, 10, 1), view(104))
        });
        assert!(bench.actions.contains(&Action::Compute {
            work: work(1, 1),
            rounds: 10
        }));
        bench.rounds(work(1, 1), 10);
        assert_eq!(bench.begun(), None);
        bench.block(View {
            asset,
            ..with(drawn(102, 10), view(110))
        });
        assert!(matches!(bench.begun(), Some(Task::Open { .. })));
    }
}

#[test]
fn settlement_waits_its_turn_and_is_sent_once() {
    let asset = (1..100).find(|asset| settle_delay(*asset) == 3).unwrap();
    let mut bench = Bench::with(Settings { asset, ..settings() });
    for number in 117..120 {
        assert_eq!(bench.block(with(opened(105, 10), view(number))).begun(), None);
    }
    bench.block(with(opened(105, 10), view(120)));
    assert_eq!(bench.begun(), Some(Task::Settle { census: 1 }));
    // Refused or taken, it is not sent again; lost, it is.
    bench.done(failed());
    assert_eq!(
        bench.block(with(opened(105, 10), view(121))).begun(),
        Some(Task::Settle { census: 1 })
    );
    bench.done(refused(122));
    for number in 122..130 {
        assert_eq!(bench.block(with(opened(105, 10), view(number))).begun(), None);
    }
}

#[test]
fn a_commit_drawn_and_not_opened_is_left_for_others_to_settle() {
    let mut bench = Bench::new();
    bench.block(with(drawn(105, 10), view(120)));
    assert_eq!((bench.begun(), bench.state.stage()), (None, Stage::Missed));
}

#[test]
fn a_void_census_is_settled_and_not_opened() {
    let mut bench = Bench::new();
    let census = Census {
        phase: Phase::Void,
        open_seed: None,
        ..view(108).census
    };
    bench.block(View {
        census,
        ..with(commit(105, 10, 3), view(108))
    });
    assert_eq!(bench.begun(), Some(Task::Settle { census: 1 }));
}

#[test]
fn the_settlement_of_the_last_census_does_not_keep_the_next_from_starting() {
    let mut bench = Bench::with(Settings {
        asset: 1,
        ..settings()
    });
    let next = Census {
        index: 2,
        challenge: [2; 32],
        ..view(100).census
    };
    bench.block(View {
        census: next,
        ..with(opened(90, 10), view(100))
    });
    assert_eq!(bench.state.stage(), Stage::Working);
    assert!(bench.actions.contains(&Action::Compute {
        work: work(2, 2),
        rounds: 65_536
    }));
    // The old commit's rounds do not count against the new one's, nor do its three commits.
    let census = Census {
        phase: Phase::Work,
        ..next
    };
    bench.block(View {
        census,
        ..with(
            Commit {
                count: 3,
                ..opened(90, 500)
            },
            view(101),
        )
    });
    bench.rounds(work(2, 2), 1);
    assert_eq!(
        bench.begun(),
        Some(Task::Commit {
            work: work(2, 2),
            slot: 1
        })
    );
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(1, 1), 5);
    let task = *bench.state.pending().unwrap();
    bench.taken(102);
    // The same answer again, and one to a task of another census.
    bench.event(Event::Done {
        task,
        outcome: faulty(),
    });
    bench.event(Event::Done {
        task: Task::Settle { census: 9 },
        outcome: refused(500),
    });
    assert_eq!(bench.actions, []);
    bench
        .block(with(commit(102, 5, 1), view(103)))
        .rounds(work(1, 1), 9);
    assert_eq!(bench.begun_commit(), Some(2));
}

#[test]
fn the_same_block_twice_brings_nothing_new() {
    let mut bench = Bench::new();
    bench.block(view(100));
    assert_eq!(bench.block(view(100)).actions, []);
    bench.rounds(work(1, 1), 5).block(view(101));
    assert!(bench.begun().is_some());
    assert_eq!(bench.block(view(101)).actions, []);
}

#[test]
fn work_goes_on_while_the_chain_is_out_of_reach() {
    let mut bench = Bench::new();
    bench.block(view(100)).rounds(work(1, 1), 5);
    assert_eq!(bench.event(Event::Disconnected).actions, []);
    assert_eq!(bench.rounds(work(1, 1), 9).actions, []);
    assert_eq!(bench.block(view(103)).begun_commit(), Some(2));
}

#[test]
fn a_chain_that_comes_back_shorter_is_followed() {
    let mut bench = Bench::new();
    bench.block(view(101)).rounds(work(1, 1), 5);
    bench.taken(105_000);
    assert_eq!(bench.block(view(102)).begun(), None);
    assert_eq!(bench.event(Event::Disconnected).begun(), None);
    assert_eq!(bench.block(view(102)).begun_commit(), Some(1));
}

#[test]
fn nothing_begins_upon_a_view_from_before_the_connection_broke() {
    let mut bench = Bench::new();
    bench.block(view(101)).event(Event::Disconnected);
    assert_eq!(bench.rounds(work(1, 1), 5).begun(), None);
    assert_eq!(bench.block(view(102)).begun_commit(), Some(1));
}

#[test]
fn old_rounds_are_deleted_once_a_census() {
    let mut bench = Bench::new();
    let forgets = |bench: &Bench| {
        bench
            .actions
            .iter()
            .filter(|a| matches!(a, Action::Forget { .. }))
            .count()
    };
    bench.block(view(99));
    assert_eq!(forgets(&bench), 0);
    bench.block(view(100));
    assert_eq!(forgets(&bench), 1);
    bench.block(view(101));
    assert_eq!(forgets(&bench), 0);
}
