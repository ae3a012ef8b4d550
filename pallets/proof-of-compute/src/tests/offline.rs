// SPDX-License-Identifier: Apache-2.0
//! Assets whose worker is gone.

use crate::{math, mock::*, Error, Event, WeightInfo};
use compute_primitives::{api::Phase, AssetId, AssetKind, AssetStatus};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use sp_runtime::DispatchError;

fn mark(asset: AssetId) -> frame_support::dispatch::DispatchResultWithPostInfo {
    Poc::mark_offline(RuntimeOrigin::signed(account(20)), asset)
}

fn miss(censuses: u32) {
    for _ in 0..censuses {
        next_census();
        run_to_phase(Phase::Payment);
    }
}

#[test]
fn three_censuses_missed_make_an_asset_offline() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.pass(4);
        let rate = device(rig.asset).rate;
        for missed in 0..3 {
            assert_eq!(Poc::missed(rig.asset), missed);
            assert_eq!(Poc::effective_status(rig.asset), Some(AssetStatus::Active));
            assert_noop!(mark(rig.asset), Error::<Test>::NotMissed);
            miss(1);
        }
        // The status is implied before it is written.
        assert_eq!(ledger::status(rig.asset), AssetStatus::Active);
        assert_eq!(Poc::effective_status(rig.asset), Some(AssetStatus::Offline));
        let post = mark(rig.asset).unwrap();
        assert_eq!(
            (post.pays_fee, post.actual_weight),
            (Pays::No, Some(<() as WeightInfo>::mark_offline()))
        );
        let decayed = math::decayed_rate(AssetKind::Gpu, rate, 3);
        assert_eq!(ledger::status(rig.asset), AssetStatus::Offline);
        assert_eq!(ledger::Records::get(rig.asset).unwrap().rate, decayed);
        System::assert_last_event(
            Event::MarkedOffline {
                asset: rig.asset,
                missed: 3,
                rate: decayed,
            }
            .into(),
        );
        assert_noop!(mark(rig.asset), Error::<Test>::NotActive);
        // Back to work, back to active.
        rig.pass(4);
        assert_eq!(ledger::status(rig.asset), AssetStatus::Active);
        assert_eq!(Poc::missed(rig.asset), 0);
    })
}

#[test]
fn refused_for_assets_that_are_not_active_or_never_committed() {
    execute(|| {
        assert_noop!(mark(AssetId(9)), Error::<Test>::NoSuchAsset);
        let rig = Rig::new(1);
        assert_noop!(mark(rig.asset), Error::<Test>::NotActive);
        ledger::set_status(rig.asset, AssetStatus::Active);
        assert_noop!(mark(rig.asset), Error::<Test>::NotMissed);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(Poc::mark_offline(origin, rig.asset), DispatchError::BadOrigin);
        }
    })
}

#[test]
fn a_commit_that_awaits_its_settlement_is_settled_first() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.pass(4);
        let index = next_census();
        rig.commit(4).unwrap();
        run_to_phase(Phase::Open);
        rig.open().unwrap();
        run_to_phase(Phase::Payment);
        miss(2);
        assert_noop!(mark(rig.asset), Error::<Test>::NotMissed);
        miss(1);
        assert_ok!(mark(rig.asset));
        assert_eq!(device(rig.asset).last_census, index);
        assert_eq!(ledger::status(rig.asset), AssetStatus::Offline);
    })
}

#[test]
fn a_commit_of_the_running_census_is_left_alone() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.pass(4);
        miss(3);
        next_census();
        rig.commit(4).unwrap();
        assert_ok!(mark(rig.asset));
        assert!(device(rig.asset).commit.is_some());
        rig.finish();
        assert_eq!(ledger::status(rig.asset), AssetStatus::Active);
    })
}

#[test]
fn void_censuses_are_not_missed() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.pass(4);
        for _ in 0..5 {
            next_census();
            NoVrf::mutate(|blocks| blocks.extend([census().closes_at()]));
            run_to_phase(Phase::Void);
        }
        assert_eq!(Poc::missed(rig.asset), 0);
        assert_noop!(mark(rig.asset), Error::<Test>::NotMissed);
    })
}
