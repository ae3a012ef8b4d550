// SPDX-License-Identifier: Apache-2.0
//! Settlement: every commit ends once, whoever touches it.

use crate::{math, mock::*, Error, Event, WeightInfo};
use compute_primitives::{api::Phase, AssetId, AssetKind, AssetStatus, OnReap};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use sp_runtime::DispatchError;

#[test]
fn a_passed_census_pays_rates_and_makes_active() {
    execute(|| {
        let mut rig = Rig::with_bond(1, 16_000 * UNIT);
        let index = next_census();
        rig.commit(4).unwrap();
        run_to_phase(Phase::Open);
        rig.open().unwrap();
        run_to_phase(Phase::Payment);
        let post = rig.settle().unwrap();
        assert_eq!(
            (post.pays_fee, post.actual_weight),
            (Pays::No, Some(<() as WeightInfo>::settle_paying()))
        );
        let shown = (4u128 << 20) * 1000 / (6 * u128::from(SLOT_MS));
        let state = device(rig.asset);
        assert_eq!(
            (state.rate, state.last_census, state.verified_work),
            (shown / 16, index, 4 << 20)
        );
        assert_eq!(state.commit, None);
        assert_eq!(ledger::unvested(rig.asset), ledger::SCHEDULED);
        assert_eq!(ledger::status(rig.asset), AssetStatus::Active);
        assert_eq!(ledger::Records::get(rig.asset).unwrap().rate, shown / 16);
        assert_eq!(
            (
                Poc::verified_work_total(AssetKind::Gpu),
                Poc::network_rate(AssetKind::Gpu)
            ),
            (4 << 20, shown)
        );
        System::assert_last_event(
            Event::Paid {
                asset: rig.asset,
                census: index,
                work: 4 << 20,
                amount: ledger::SCHEDULED,
                cut: 0,
                rate: shown / 16,
            }
            .into(),
        );
        assert_noop!(rig.settle(), Error::<Test>::NoCommit);
    })
}

#[test]
fn shares_are_proportional_and_what_the_cap_cuts_goes_back() {
    execute(|| {
        let mut small = Rig::new(1);
        let mut large = Rig::with_bond(2, 32_000 * UNIT);
        let index = next_census();
        small.commit(1).unwrap();
        large.commit(2).unwrap();
        run_to_phase(Phase::Open);
        small.open().unwrap();
        large.open().unwrap();
        run_to_phase(Phase::Payment);
        small.settle().unwrap();
        large.settle().unwrap();
        // A third of the pot is more than a sixteenth of the small one's bond.
        assert_eq!(ledger::unvested(small.asset), BOND / 16);
        assert_eq!(ledger::unvested(large.asset), ledger::SCHEDULED * 2 / 3);
        let books = books(index);
        assert_eq!(books.put_back, ledger::SCHEDULED / 3 - BOND / 16);
        assert_eq!(books.remaining, 0);
    })
}

#[test]
fn a_commit_that_was_not_drawn_is_paid_without_an_opening() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.off_probation(2);
        rig.until_not_drawn(2);
        let passed = device(rig.asset).passed;
        run_to_phase(Phase::Payment);
        let before = ledger::unvested(rig.asset);
        rig.settle().unwrap();
        assert!(ledger::unvested(rig.asset) > before);
        assert_eq!(device(rig.asset).passed, passed);
    })
}

#[test]
fn settling_a_failure_slashes_and_burns_it_all() {
    execute(|| {
        let rig = Rig::new(1);
        let index = next_census();
        rig.lie(2).unwrap();
        run_to_phase(Phase::Payment);
        let issuance = Balances::total_issuance();
        let post = rig.settle().unwrap();
        assert_eq!(
            (post.pays_fee, post.actual_weight),
            (Pays::No, Some(<() as WeightInfo>::settle_slashing()))
        );
        assert_eq!(issuance - Balances::total_issuance(), BOND);
        System::assert_last_event(
            Event::Slashed {
                asset: rig.asset,
                census: index,
                prover: rig.operator.clone(),
                bond: BOND,
                unvested: 0,
                reporter: None,
                bounty: 0,
            }
            .into(),
        );
        assert_eq!(ledger::status(rig.asset), AssetStatus::Provisional);
        assert_eq!(device(rig.asset).verified_work, 0);
    })
}

#[test]
fn refused_unless_signed_and_without_a_commit() {
    execute(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(Poc::settle(origin, AssetId(1)), DispatchError::BadOrigin);
        }
        let rig = Rig::new(1);
        assert_noop!(rig.settle(), Error::<Test>::NoCommit);
    })
}

#[test]
fn refused_before_payment() {
    execute(|| {
        let rig = Rig::new(1);
        next_census();
        rig.lie(2).unwrap();
        while phase() != Phase::Payment {
            assert_noop!(rig.settle(), Error::<Test>::TooEarly);
            next_block();
        }
        assert_ok!(rig.settle());
    })
}

#[test]
fn a_settlement_may_come_censuses_later_and_is_rated_as_of_its_own() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.pass(4);
        let rate = device(rig.asset).rate;
        next_census();
        rig.commit(4).unwrap();
        run_to_phase(Phase::Open);
        rig.open().unwrap();
        next_census();
        next_census();
        run_to_phase(Phase::Work);
        // One census was missed since; the one that awaits its settlement was not.
        assert_eq!(Poc::missed(rig.asset), 1);
        rig.settle().unwrap();
        let shown = device(rig.asset).best;
        assert_eq!(device(rig.asset).rate, math::rerated(AssetKind::Gpu, rate, shown));
        assert_eq!(
            Poc::effective_rate(rig.asset),
            math::decayed_rate(AssetKind::Gpu, math::rerated(AssetKind::Gpu, rate, shown), 1)
        );
    })
}

#[test]
fn missed_censuses_count_as_zero_in_the_next_rating() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.pass(4);
        let rate = device(rig.asset).rate;
        next_census();
        next_census();
        rig.pass(4);
        let shown = device(rig.asset).best;
        assert_eq!(
            device(rig.asset).rate,
            math::rerated(AssetKind::Gpu, math::decayed_rate(AssetKind::Gpu, rate, 2), shown)
        );
    })
}

#[test]
fn a_failure_counts_as_a_missed_census() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.pass(4);
        let rate = device(rig.asset).rate;
        next_census();
        rig.lie(4).unwrap();
        run_to_phase(Phase::Payment);
        rig.settle().unwrap();
        assert_eq!(Poc::missed(rig.asset), 1);
        assert_eq!(
            Poc::effective_rate(rig.asset),
            math::decayed_rate(AssetKind::Gpu, rate, 1)
        );
    })
}

#[test]
fn the_floor_under_the_denominator_holds_back_most_of_a_pot_when_others_leave() {
    execute(|| {
        let mut strong = Rig::with_bond(1, 32_000 * UNIT);
        let mut weak = Rig::with_bond(2, 32_000 * UNIT);
        next_census();
        strong.commit(15).unwrap();
        weak.commit(1).unwrap();
        run_to_phase(Phase::Open);
        strong.open().unwrap();
        weak.open().unwrap();
        run_to_phase(Phase::Payment);
        strong.settle().unwrap();
        weak.settle().unwrap();
        // Alone now, the weak one gets 1/8 of the pot: half the mean of the denominators is 8 rounds.
        let index = next_census();
        weak.commit(1).unwrap();
        let before = ledger::unvested(weak.asset);
        weak.finish();
        assert_eq!(books(index).denominator, 8 << 20);
        let pot = books(index).pot;
        assert_eq!(ledger::unvested(weak.asset) - before, pot / 8);
        assert_eq!(books(index).put_back, pot - pot / 8);
    })
}

#[test]
fn an_asset_without_operator_or_retired_still_settles() {
    execute(|| {
        let mut rigs = [Rig::new(1), Rig::new(2)];
        next_census();
        for rig in &mut rigs {
            rig.commit(2).unwrap();
        }
        run_to_phase(Phase::Open);
        for rig in &rigs {
            rig.open().unwrap();
        }
        run_to_phase(Phase::Payment);
        ledger::set_operator(rigs[0].asset, None, 0);
        ledger::set_status(rigs[1].asset, AssetStatus::Retired);
        for rig in &rigs {
            rig.settle().unwrap();
            assert_eq!(ledger::unvested(rig.asset), BOND / 16);
        }
        assert_eq!(ledger::status(rigs[0].asset), AssetStatus::Active);
        assert_eq!(ledger::status(rigs[1].asset), AssetStatus::Retired);
    })
}

#[test]
fn reaping_settles_first_and_leaves_nothing() {
    execute(|| {
        let mut rig = Rig::new(1);
        // An asset that never committed leaves nothing to settle.
        assert_ok!(Poc::on_reap(AssetId(77)));
        next_census();
        rig.commit(2).unwrap();
        assert_noop!(Poc::on_reap(rig.asset), Error::<Test>::TooEarly);
        run_to_phase(Phase::Open);
        rig.open().unwrap();
        run_to_phase(Phase::Payment);
        assert_ok!(Poc::on_reap(rig.asset));
        assert_eq!(ledger::unvested(rig.asset), BOND / 16);
        assert_eq!(Poc::rating_info(rig.asset), None);
        // What it did is still part of the sum.
        assert_eq!(Poc::verified_work_total(AssetKind::Gpu), 2 << 20);
    })
}

#[test]
fn a_failing_neighbour_undoes_the_whole_settlement() {
    execute(|| {
        let mut rig = Rig::new(1);
        let index = next_census();
        rig.commit(2).unwrap();
        run_to_phase(Phase::Open);
        rig.open().unwrap();
        run_to_phase(Phase::Payment);
        ledger::Jammed::put(true);
        assert_noop!(rig.settle(), DispatchError::Unavailable);
        assert_eq!(books(index).settled, 0);
        ledger::Jammed::put(false);
        assert_ok!(rig.settle());
    })
}

#[test]
fn views_show_the_commit_and_its_end() {
    execute(|| {
        assert_eq!(Poc::rating_info(AssetId(1)), None);
        let mut rig = Rig::new(1);
        let index = next_census();
        rig.commit(2).unwrap();
        let info = Poc::rating_info(rig.asset).unwrap();
        let commit = info.commit.unwrap();
        assert_eq!((commit.census, commit.drawn, commit.opened), (index, None, false));
        let census = Poc::census_info();
        assert_eq!(
            (census.commits, census.always, census.claimed_work),
            (1, 1, 2 << 20)
        );
        assert_eq!(census.pot, ledger::SCHEDULED);
        run_to_phase(Phase::Open);
        assert_eq!(
            Poc::rating_info(rig.asset).unwrap().commit.unwrap().drawn,
            Some(true)
        );
        rig.open().unwrap();
        run_to_phase(Phase::Payment);
        rig.settle().unwrap();
        let info = Poc::rating_info(rig.asset).unwrap();
        assert_eq!(
            (info.commit, info.passed, info.failed, info.last_census),
            (None, 1, 0, index)
        );
        assert_eq!(Poc::census_info().paid, BOND / 16);
        assert_eq!(Poc::effective_status(rig.asset), Some(AssetStatus::Active));
        assert_eq!(Poc::effective_status(AssetId(99)), None);
        assert_eq!(ledger::Records::get(rig.asset).unwrap().kind, AssetKind::Gpu);
    })
}
