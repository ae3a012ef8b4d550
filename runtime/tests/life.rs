// SPDX-License-Identifier: Apache-2.0
//! A device's whole life through the real runtime, every invariant checked on the way.

mod common;

use common::*;
use compute_primitives::{api::Phase, AssetStatus, CensusIndex, Emission};
use ergon_runtime::*;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{traits::StaticLookup, Perbill};

fn lookup(who: AccountId) -> Address {
    <Runtime as frame_system::Config>::Lookup::unlookup(who)
}

#[test]
fn a_device_earns_is_shared_and_pays_its_holders_to_the_last_unit() {
    development(|| {
        let asset = register(&bob(), 1_000 * UNIT);
        assert_eq!(
            ComputeAssets::details(asset).unwrap().status,
            AssetStatus::Provisional
        );

        for rounds in [3, 4] {
            next_census();
            work(asset, &bob(), rounds);
            assert_ok!(ProofOfCompute::settle(signed(charlie()), asset));
            check();
        }
        assert_eq!(ComputeAssets::details(asset).unwrap().status, AssetStatus::Active);
        let emitted = RewardDistribution::books(asset).emitted;
        assert!(emitted > 0);

        assert_ok!(FractionalOwnership::fractionalize(
            signed(bob()),
            asset,
            1_000_000,
            Perbill::from_percent(5)
        ));
        assert_ok!(FractionalOwnership::transfer(
            signed(bob()),
            asset,
            lookup(charlie()),
            333_333
        ));
        check();

        next_census();
        work(asset, &bob(), 5);
        assert_ok!(ProofOfCompute::settle(signed(alice()), asset));
        // All of it vests.
        (0..30).for_each(|_| next_block());
        check();

        let issuance = Balances::total_issuance();
        let mut paid = 0;
        for holder in [bob(), charlie()] {
            let pending = RewardDistribution::pending(asset, holder.clone());
            let before = Balances::free_balance(&holder);
            assert!(pending > 0);
            assert_ok!(RewardDistribution::claim_for(
                signed(alice()),
                asset,
                holder.clone()
            ));
            assert_eq!(Balances::free_balance(&holder), before + pending);
            // The log tells the same, by census.
            let (first, last) = (CensusIndex(0), CensusIndex(u32::MAX));
            let income = RewardDistribution::income(asset, holder, first, last).unwrap();
            assert!(income.complete && !income.censuses.is_empty());
            assert_eq!(income.fractions + income.owner + income.operator, pending);
            paid += pending;
        }
        assert_eq!(Balances::total_issuance(), issuance);
        let log = RewardDistribution::income_log(asset, CensusIndex(1), CensusIndex(3)).unwrap();
        assert!(log.complete && log.entries.iter().any(|entry| entry.census == CensusIndex(3)));
        let books = RewardDistribution::books(asset);
        assert_eq!(
            (log.total.emission, log.total.protocol_fee),
            (books.emitted, books.protocol_fee)
        );
        // But for what two holders have of less than a unit.
        assert!(log.total.credited - paid <= 2);
        check();
    });
}

#[test]
fn a_claim_without_work_is_slashed_and_its_reporter_rewarded() {
    development(|| {
        let asset = register(&bob(), 100 * UNIT);
        next_census();
        let census = ProofOfCompute::census_info();
        assert_ok!(ProofOfCompute::commit(
            signed(bob()),
            asset,
            census.index,
            census.challenge,
            1,
            60_000,
            sp_core::H256::repeat_byte(1),
        ));
        run_to(Phase::Report);
        let (issuance, reporter) = (Balances::total_issuance(), Balances::free_balance(charlie()));
        assert_ok!(ProofOfCompute::report(signed(charlie()), asset, census.index));
        let slashed = 100 * UNIT - ComputeAssets::details(asset).unwrap().bond;
        assert!(slashed > 0);
        assert_eq!(Balances::free_balance(charlie()), reporter + slashed / 10);
        assert_eq!(Balances::total_issuance(), issuance - (slashed - slashed / 10));
    });
}

#[test]
fn a_retired_device_is_reaped_after_the_slashing_horizon() {
    development(|| {
        let asset = register(&bob(), 100 * UNIT);
        next_census();
        work(asset, &bob(), 2);
        assert_ok!(ComputeAssets::retire(signed(bob()), asset));
        let obliged = pallet_compute_assets::Error::<Runtime>::BondObliged;
        assert_noop!(ComputeAssets::reap(signed(charlie()), asset), obliged);
        // The horizon passes; blocks without censuses would change nothing.
        System::set_block_number(System::block_number() + configs::compute::SlashingHorizon::get() + 10);
        // What the last commit earned still has to vest, and nothing is reaped over its owner's head.
        assert!(ComputeAssets::reap(signed(charlie()), asset).is_err());
        assert_ok!(ProofOfCompute::settle(signed(charlie()), asset));
        System::set_block_number(System::block_number() + 20);
        assert_ok!(ComputeAssets::reap(signed(charlie()), asset));
        assert!(ComputeAssets::details(asset).is_none());
        assert_eq!(Balances::reserved_balance(bob()), 0);
        assert_eq!(<RewardDistribution as Emission<AccountId>>::unvested(asset), 0);
        let pending = RewardDistribution::pending(asset, bob());
        assert!(pending > 0);
        assert_ok!(RewardDistribution::claim(signed(bob()), asset));
    });
}
