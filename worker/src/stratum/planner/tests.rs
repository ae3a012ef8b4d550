// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::{
    chain::twin::{Faults, Schedule},
    stratum::chain::twin::ShareTwin,
};
use compute_proof::{
    hashrate::{Share, SHARES},
    Device,
};

const DEVICE: Device = Device {
    asset: 0,
    prover: [0xaa; 32],
};

/// Hashes with this as the largest.
fn best(largest: u64) -> Best {
    let mut best = Best::default();
    for step in 0..u64::from(SHARES) {
        let share = Share {
            extranonce1: [0; 4],
            extranonce2: [0; 8],
            ntime: 0,
            nonce: 0,
            version_bits: 0,
        };
        best.offer((largest - step).into(), share);
    }
    best
}

fn twin() -> ShareTwin {
    ShareTwin::new(Schedule::default(), DEVICE, Faults::default(), 1)
}

fn planner() -> Planner {
    Planner::new(DEVICE.asset, DEVICE.prover)
}

/// The view upon a height, with a commit.
fn view(height: u32, commit: Option<(u32, u8)>) -> ShareView {
    let twin = twin();
    while twin.ledger(|ledger| ledger.best().number) < height {
        twin.advance();
    }
    let mut view = twin.now();
    view.chain.commit = commit.map(|(committed_at, count)| Commit {
        census: 1,
        prover: DEVICE.prover,
        class: None,
        rounds: 0,
        commitment: [0; 32],
        committed_at,
        count,
        drawn: Some(false),
        opened: false,
    });
    view
}

fn slot(task: Option<Task>) -> Option<u8> {
    match task? {
        Task::Submit { slot, .. } => Some(slot),
        Task::Settle { .. } => panic!("a settlement"),
    }
}

/// Census 1 opens in block 2 and takes submissions up to block 7; the slots are blocks 4, 6 and 7.
#[test]
fn three_submissions_each_at_its_time_and_better_than_the_one_before() {
    let mut planner = planner();
    assert_eq!(
        planner.next(&view(2, None), Some(&best(1_000))),
        None,
        "too early"
    );
    let first = planner.next(&view(3, None), Some(&best(1_000)));
    assert_eq!(slot(first), Some(1));
    assert_eq!(
        planner.next(&view(3, None), Some(&best(900))),
        None,
        "one is on its way"
    );
    planner.on_done(first.unwrap(), &Outcome::Taken { at: 4 }, 3);
    let stands = Some((4, 1));
    assert_eq!(
        planner.next(&view(4, stands), Some(&best(900))),
        None,
        "the slot is used"
    );
    assert_eq!(
        planner.next(&view(5, stands), Some(&best(1_000))),
        None,
        "nothing better"
    );
    let second = planner.next(&view(5, stands), Some(&best(900)));
    assert_eq!(slot(second), Some(2));
    planner.on_done(second.unwrap(), &Outcome::Taken { at: 6 }, 5);
    let third = planner.next(&view(6, Some((6, 2))), Some(&best(800)));
    assert_eq!(slot(third), Some(3));
    planner.on_done(third.unwrap(), &Outcome::Taken { at: 7 }, 6);
    assert_eq!(planner.next(&view(7, Some((7, 3))), Some(&best(700))), None);
}

#[test]
fn too_few_shares_are_not_sent() {
    let mut few = Best::default();
    few.offer(5.into(), best(99).shares()[0]);
    assert_eq!(planner().next(&view(3, None), Some(&few)), None);
    assert_eq!(planner().next(&view(3, None), None), None);
}

#[test]
fn what_got_lost_is_sent_again_and_what_arrived_unheard_is_not_undone() {
    let mut planner = planner();
    let first = planner.next(&view(3, None), Some(&best(1_000))).unwrap();
    let lost = Outcome::Failed {
        reason: String::new(),
    };
    planner.on_done(first, &lost, 3);
    assert_eq!(
        planner.next(&view(3, None), Some(&best(1_000))),
        None,
        "not in the same block"
    );
    assert_eq!(
        slot(planner.clone().next(&view(4, None), Some(&best(1_000)))),
        Some(1)
    );
    // It had arrived: the next slot's must be as good.
    let stands = Some((4, 1));
    assert_eq!(planner.next(&view(4, stands), Some(&best(1_000))), None);
    assert_eq!(planner.next(&view(5, stands), Some(&best(1_001))), None);
    assert_eq!(slot(planner.next(&view(5, stands), Some(&best(1_000)))), Some(2));
}

#[test]
fn a_refusal_is_not_repeated_in_its_slot() {
    let mut planner = planner();
    let first = planner.next(&view(3, None), Some(&best(1_000))).unwrap();
    let refused = Outcome::Refused {
        at: 4,
        reason: "ShareOrder".into(),
    };
    planner.on_done(first, &refused, 3);
    assert_eq!(planner.next(&view(4, None), Some(&best(900))), None);
    assert_eq!(slot(planner.next(&view(5, None), Some(&best(900)))), Some(2));
}

#[test]
fn a_second_life_makes_nothing_less_of_the_first_ones_submission() {
    let stands = Some((4, 1));
    let mut blank = planner();
    assert_eq!(
        blank.next(&view(5, stands), Some(&best(100))),
        None,
        "how good that was is not known"
    );
    let mut restored = planner();
    let challenge = view(5, stands).chain.census.challenge;
    restored.remember(challenge, 1_000.into());
    assert_eq!(restored.next(&view(5, stands), Some(&best(1_001))), None);
    assert_eq!(slot(restored.next(&view(5, stands), Some(&best(1_000)))), Some(2));
}

#[test]
fn the_window_is_open_for_those_alone_whose_shares_count() {
    let open = view(3, None);
    let planner = planner();
    assert_eq!(
        planner.window(&open).unwrap().challenge,
        open.chain.census.challenge
    );
    assert_eq!(planner.window(&view(1, None)), None);
    // What is sent upon block 7 would come too late.
    assert!(planner.window(&view(6, None)).is_some());
    assert_eq!(planner.window(&view(7, None)), None);
    let blocked = |change: fn(&mut ShareView)| {
        let mut view = open;
        change(&mut view);
        assert_eq!(planner.window(&view), None);
        assert_eq!(planner.stage(&view), Stage::Blocked);
        planner.obstacle(&view).unwrap()
    };
    assert_eq!(
        blocked(|view| view.chain.asset = None),
        Obstacle::Common(state::Obstacle::NoAsset)
    );
    assert_eq!(
        blocked(|view| view.chain.asset.as_mut().unwrap().matrix = true),
        Obstacle::WrongKind
    );
    assert_eq!(
        blocked(|view| view.chain.asset.as_mut().unwrap().status = Status::Retired),
        Obstacle::Common(state::Obstacle::Retired)
    );
    assert_eq!(
        blocked(|view| view.chain.asset.as_mut().unwrap().operator = None),
        Obstacle::Common(state::Obstacle::NotOperator)
    );
    assert_eq!(
        blocked(|view| view.chain.asset.as_mut().unwrap().bond -= 1),
        Obstacle::Common(state::Obstacle::BondShort { missing: 1 })
    );
}

#[test]
fn a_submission_is_settled_once_after_its_delay() {
    let mut planner = planner();
    // Payment begins in block 19; asset 0 waits for no other.
    let paying = view(19, Some((7, 3)));
    assert_eq!(paying.chain.census.phase, Phase::Payment);
    planner.on_view(&paying);
    let task = planner.next(&paying, None);
    assert_eq!(task, Some(Task::Settle { census: 1 }));
    planner.on_done(task.unwrap(), &Outcome::Taken { at: 20 }, 19);
    let later = view(20, Some((7, 3)));
    planner.on_view(&later);
    assert_eq!(planner.next(&later, None), None);
}

#[test]
fn draining_finishes_the_census_and_settles_it() {
    let mut planner = planner();
    planner.drain(1);
    assert!(
        planner.window(&view(3, None)).is_some(),
        "the present census is finished"
    );
    assert!(!planner.is_drained(&view(3, None)));
    assert!(planner.is_drained(&view(8, None)));
    assert!(!planner.is_drained(&view(8, Some((7, 3)))));
    let mut next = view(3, None);
    next.chain.census.index = 2;
    assert_eq!(
        planner.obstacle(&next),
        Some(Obstacle::Common(state::Obstacle::Draining))
    );
}

#[test]
fn every_stage_has_a_name_and_words_of_its_own() {
    let stages = [Stage::Waiting, Stage::Collecting, Stage::Blocked];
    assert_eq!(stages.map(Stage::name), Stage::NAMES);
    assert_eq!(Stage::NAMES, ["waiting", "collecting", "blocked"]);
    assert_eq!(
        stages.map(|stage| stage.to_string()),
        ["waiting for a census", "collecting shares", "not taking part"]
    );
}
