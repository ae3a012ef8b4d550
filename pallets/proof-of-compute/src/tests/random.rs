// SPDX-License-Identifier: Apache-2.0
//! Random devices over many censuses: honest, false, absent, late, changing hands. Whatever they do, all
//! invariants hold.

use crate::{mock::*, CensusBooks, Error, Event};
use compute_primitives::{api::Phase, AssetKind, AssetStatus};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A stream of numbers from a seed.
struct Dice([u8; 32]);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = sp_io::hashing::blake2_256(&self.0);
        u32::from_le_bytes([self.0[0], self.0[1], self.0[2], self.0[3]]) % sides
    }

    fn one_in(&mut self, sides: u32) -> bool {
        self.roll(sides) == 0
    }
}

/// Refusals that a random caller may meet; any other is a fault.
fn tolerate(result: frame_support::dispatch::DispatchResultWithPostInfo, refusals: &[Error<Test>]) {
    if let Err(error) = result {
        assert!(is_one_of(error.error, refusals), "{:?}", error.error);
    }
}

fn act(rig: &mut Rig, dice: &mut Dice) {
    let index = current();
    match phase() {
        Phase::Work => {
            let refusals = [
                Error::TooManyCommits,
                Error::BondNotWhole,
                Error::AssetRetired,
                Error::NotOperator,
                Error::TooManyAlways,
            ];
            match dice.roll(8) {
                0 | 1 => tolerate(rig.commit(1 + dice.roll(3)), &refusals),
                2 if dice.one_in(3) => tolerate(rig.lie(1 + dice.roll(20)), &refusals),
                _ => {}
            }
        }
        Phase::Open => {
            let opened = Poc::rating_info(rig.asset).and_then(|info| info.commit);
            let due = opened
                .is_some_and(|commit| commit.census == index && commit.drawn == Some(true) && !commit.opened);
            if due && rig.has_worked() && dice.one_in(2) {
                // A lie after honest work, or fewer rounds in a later commit, leave a store that is not what
                // was committed.
                tolerate(
                    rig.open(),
                    &[Error::OpeningCommitment, Error::OpeningLength, Error::NotProver],
                );
            }
        }
        Phase::Report | Phase::Payment => {
            let refusals = [
                Error::NoCommit,
                Error::NotDrawn,
                Error::AlreadyOpened,
                Error::TooEarly,
                Error::NoSuchCensus,
                Error::CensusVoid,
            ];
            if dice.one_in(4) {
                let back = dice.roll(2);
                tolerate(
                    rig.report_by(18, compute_primitives::CensusIndex(index.0 - back.min(index.0))),
                    &refusals,
                );
            }
            if dice.one_in(4) {
                tolerate(rig.settle(), &refusals);
            }
            if dice.one_in(6) {
                let result = Poc::mark_offline(RuntimeOrigin::signed(account(18)), rig.asset);
                tolerate(result, &[Error::NotActive, Error::NotMissed]);
            }
        }
        Phase::Idle | Phase::Seed | Phase::Void => {}
    }
}

/// What happens to assets beside their proofs.
fn live(rig: &Rig, dice: &mut Dice) {
    if dice.one_in(40) {
        let bond = ledger::Bonds::get(rig.asset, &rig.operator);
        if bond.left < bond.pledged {
            ledger::make_whole(rig.asset, &rig.operator);
        }
    }
    if dice.one_in(60) {
        ledger::vest(rig.asset, &account(17));
    }
    if dice.one_in(400) {
        ledger::set_operator(rig.asset, None, 0);
    }
    if dice.one_in(200) {
        ledger::set_operator(rig.asset, Some(&rig.operator), 0);
    }
    if dice.one_in(800) {
        ledger::set_status(rig.asset, AssetStatus::Retired);
    }
}

/// Runs so many censuses, and checks the invariants after one in so many blocks, and at the end.
fn run(seed: u64, censuses: u32, check_one_in: u32, seen: &mut BTreeSet<&'static str>) {
    execute(|| {
        VrfSalt::set(seed);
        let mut dice = Dice(sp_io::hashing::blake2_256(&seed.to_le_bytes()));
        let mut rigs: Vec<Rig> = (1..=6)
            .map(|seed| Rig::with_bond(seed, u128::from(seed) * 2_000 * UNIT))
            .collect();
        while current().0 < censuses {
            if dice.one_in(150) {
                NoVrf::mutate(|blocks| blocks.extend([System::block_number()]));
            }
            if dice.one_in(10) {
                Slot::mutate(|slot| *slot += 2);
            }
            if dice.one_in(30) {
                System::register_extra_weight_unchecked(
                    frame_support::weights::Weight::from_parts(u64::MAX / 4, 0),
                    frame_support::dispatch::DispatchClass::Operational,
                );
            }
            for rig in &mut rigs {
                act(rig, &mut dice);
                live(rig, &mut dice);
            }
            next_block();
            if dice.one_in(check_one_in) {
                check();
            }
        }
        for event in events() {
            match event {
                Event::Paid { .. } => seen.insert("paid"),
                Event::Slashed {
                    reporter: Some(_), ..
                } => seen.insert("reported"),
                Event::Slashed { reporter: None, .. } => seen.insert("slashed"),
                Event::CommitDropped { .. } => seen.insert("dropped"),
                Event::CensusVoided { .. } => seen.insert("voided"),
                Event::CensusCleared { .. } => seen.insert("cleared"),
                Event::MarkedOffline { .. } => seen.insert("offline"),
                Event::CommitRefused { .. } => seen.insert("refused"),
                Event::Opened { .. } => seen.insert("opened"),
                _ => continue,
            };
        }
        // After everyone has left, every census is cleared but the last, and each gave back what it did not
        // pay.
        run_to(System::block_number() + HORIZON + 40);
        for (index, kind, books) in CensusBooks::<Test>::iter() {
            // No one hashes here.
            assert!(kind == AssetKind::Gpu || books.put_back == books.pot - books.remaining);
            assert_eq!(
                books.pot,
                books.paid + books.put_back + books.remaining,
                "{index}"
            );
        }
    })
}

#[test]
fn everything_happens_and_nothing_is_lost() {
    let mut seen = BTreeSet::new();
    for seed in 0..6 {
        run(seed, 25, 5, &mut seen);
    }
    let all = [
        "paid", "reported", "slashed", "dropped", "voided", "cleared", "offline", "refused", "opened",
    ]
    .into();
    assert_eq!(seen, all);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn books_add_up_whatever_happens(seed: u64) {
        run(seed, 8, 1, &mut BTreeSet::new());
    }
}
