// SPDX-License-Identifier: Apache-2.0
//! Reports of those that were drawn and did not open.

use crate::{mock::*, Error, Event, WeightInfo};
use compute_primitives::{api::Phase, AssetId, CensusIndex};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use sp_runtime::DispatchError;

#[test]
fn a_report_in_time_slashes_pays_the_reporter_and_leaves_the_denominator() {
    execute(|| {
        let mut honest = Rig::new(1);
        let liar = Rig::new(2);
        let index = next_census();
        honest.commit(2).unwrap();
        liar.lie(6).unwrap();
        run_to_phase(Phase::Open);
        honest.open().unwrap();
        run_to_phase(Phase::Report);

        let reporter = Balances::free_balance(account(9));
        let issuance = Balances::total_issuance();
        let post = liar.report_by(9, index).unwrap();
        assert_eq!(
            (post.pays_fee, post.actual_weight),
            (Pays::No, Some(<() as WeightInfo>::report()))
        );
        // The liar's share would have been 6/8 of the pot: 48 of these are far more than its bond.
        assert_eq!(ledger::Bonds::get(liar.asset, &liar.operator).left, 0);
        assert_eq!(Balances::free_balance(account(9)) - reporter, BOND / 10);
        assert_eq!(issuance - Balances::total_issuance(), BOND - BOND / 10);
        System::assert_last_event(
            Event::Slashed {
                asset: liar.asset,
                census: index,
                prover: liar.operator.clone(),
                bond: BOND,
                unvested: 0,
                reporter: Some(account(9)),
                bounty: BOND / 10,
            }
            .into(),
        );
        let state = device(liar.asset);
        assert_eq!((state.commit, state.failed, state.passed), (None, 1, 0));
        assert_eq!((books(index).claimed, books(index).failed), (8 << 20, 6 << 20));

        run_to_phase(Phase::Payment);
        assert_eq!(books(index).denominator, 2 << 20);
        // The honest device has the pot for itself, but for the cap.
        honest.settle().unwrap();
        assert_eq!(ledger::unvested(honest.asset), BOND / 16);
    })
}

#[test]
fn a_later_report_slashes_too_and_its_share_goes_back() {
    execute(|| {
        let mut honest = Rig::new(1);
        let liar = Rig::new(2);
        let index = next_census();
        honest.commit(2).unwrap();
        liar.lie(6).unwrap();
        run_to_phase(Phase::Open);
        honest.open().unwrap();
        run_to_phase(Phase::Payment);
        assert_eq!(books(index).denominator, 8 << 20);
        assert_ok!(liar.report_by(9, index));
        assert_eq!(books(index).put_back, ledger::SCHEDULED * 6 / 8);
        assert_eq!((books(index).failed, books(index).settled), (0, 6 << 20));
        assert_eq!(ledger::Bonds::get(liar.asset, &liar.operator).left, 0);
        honest.settle().unwrap();
        assert_eq!(books(index).paid, BOND / 16);
        assert_eq!(books(index).remaining, 0);
    })
}

#[test]
fn a_report_is_taken_until_the_record_is_cleared() {
    execute(|| {
        let liar = Rig::new(1);
        let index = next_census();
        liar.lie(2).unwrap();
        run_to(census().closes_at() + HORIZON);
        assert_ok!(liar.report_by(9, index));
        assert_eq!(ledger::Bonds::get(liar.asset, &liar.operator).left, 0);
    });
    execute(|| {
        let liar = Rig::new(1);
        let index = next_census();
        liar.lie(2).unwrap();
        run_to(census().closes_at() + HORIZON + 1);
        assert_noop!(liar.report_by(9, index), Error::<Test>::NoSuchCensus);
    })
}

#[test]
fn refused_unless_signed() {
    execute(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(
                Poc::report(origin, AssetId(1), CensusIndex(1)),
                DispatchError::BadOrigin
            );
        }
    })
}

#[test]
fn refused_without_a_commit_in_that_census() {
    execute(|| {
        let rig = Rig::new(1);
        let index = next_census();
        assert_noop!(rig.report_by(9, index), Error::<Test>::NoCommit);
        rig.lie(2).unwrap();
        run_to_phase(Phase::Report);
        assert_noop!(rig.report_by(9, CensusIndex(7)), Error::<Test>::NoCommit);
        assert_ok!(rig.report_by(9, index));
        // Once is enough.
        assert_noop!(rig.report_by(9, index), Error::<Test>::NoCommit);
    })
}

#[test]
fn refused_before_the_deadline_has_passed() {
    execute(|| {
        let rig = Rig::new(1);
        let index = next_census();
        rig.lie(2).unwrap();
        while phase() != Phase::Report {
            assert_noop!(rig.report_by(9, index), Error::<Test>::TooEarly);
            next_block();
        }
        assert_eq!(System::block_number(), census().opening_ends_at());
        assert_ok!(rig.report_by(9, index));
    })
}

#[test]
fn refused_when_opened_or_not_drawn_or_void() {
    execute(|| {
        let mut rig = Rig::new(1);
        let index = next_census();
        rig.commit(2).unwrap();
        run_to_phase(Phase::Open);
        rig.open().unwrap();
        run_to_phase(Phase::Report);
        assert_noop!(rig.report_by(9, index), Error::<Test>::AlreadyOpened);
        run_to_phase(Phase::Payment);
        assert_noop!(rig.report_by(9, index), Error::<Test>::AlreadyOpened);
    });
    execute(|| {
        let mut rig = Rig::new(1);
        rig.off_probation(2);
        let index = rig.until_not_drawn(2);
        run_to_phase(Phase::Report);
        assert_noop!(rig.report_by(9, index), Error::<Test>::NotDrawn);
    });
    execute(|| {
        let rig = Rig::new(1);
        let index = next_census();
        rig.lie(2).unwrap();
        NoVrf::set([census().closes_at()].into());
        run_to(census().opening_ends_at());
        assert_noop!(rig.report_by(9, index), Error::<Test>::CensusVoid);
    })
}

#[test]
fn two_failures_are_each_subtracted_once() {
    execute(|| {
        let mut honest = Rig::new(1);
        let liars = [Rig::new(2), Rig::new(3)];
        let index = next_census();
        honest.commit(1).unwrap();
        liars[0].lie(3).unwrap();
        liars[1].lie(4).unwrap();
        run_to_phase(Phase::Open);
        honest.open().unwrap();
        run_to_phase(Phase::Report);
        assert_ok!(liars[0].report_by(9, index));
        assert_ok!(liars[1].report_by(9, index));
        run_to_phase(Phase::Payment);
        assert_eq!(books(index).denominator, 1 << 20);
        honest.settle().unwrap();
    })
}

#[test]
fn a_slash_past_the_bond_takes_the_unvested_and_the_bounty_of_both() {
    execute(|| {
        // Bonds so large that the cap does not bind, and unvested income beside a small remaining bond.
        let mut rig = Rig::with_bond(1, 16_000 * UNIT);
        rig.pass(2);
        let unvested = ledger::unvested(rig.asset);
        assert_eq!(unvested, ledger::SCHEDULED);
        let index = next_census();
        rig.lie(2).unwrap();
        run_to_phase(Phase::Report);
        let reporter = Balances::free_balance(account(9));
        assert_ok!(rig.report_by(9, index));
        // 48 pots of 720 exceed 16,000 + 720.
        assert_eq!(ledger::Bonds::get(rig.asset, &rig.operator).left, 0);
        assert_eq!(ledger::unvested(rig.asset), 0);
        assert_eq!(
            Balances::free_balance(account(9)) - reporter,
            (16_000 * UNIT + unvested) / 10
        );
    })
}

#[test]
fn a_slash_is_at_most_48_rewards() {
    execute(|| {
        let rig = Rig::with_bond(1, 100_000 * UNIT);
        let index = next_census();
        rig.lie(2).unwrap();
        run_to_phase(Phase::Report);
        assert_ok!(rig.report_by(9, index));
        let left = ledger::Bonds::get(rig.asset, &rig.operator).left;
        assert_eq!(left, 100_000 * UNIT - 48 * ledger::SCHEDULED);
    })
}
