// SPDX-License-Identifier: Apache-2.0
//! A device that is owned in fractions is sold as a whole, through the real runtime: who gets what, and what stops it.

mod common;

use common::*;
use compute_primitives::{api::Phase, AssetId, InspectAsset, Liens, Sale};
use ergon_runtime::*;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{traits::StaticLookup, Perbill};

fn owner(asset: AssetId) -> Option<AccountId> {
    <ComputeAssets as InspectAsset<AccountId>>::owner(asset)
}

/// A device of Bob's that earned, three quarters his and one Charlie's.
fn shared_device() -> AssetId {
    let asset = register(&bob(), 1_000 * UNIT);
    next_census();
    work(asset, &bob(), 3);
    assert_ok!(ProofOfCompute::settle(signed(charlie()), asset));
    assert_ok!(FractionalOwnership::fractionalize(
        signed(bob()),
        asset,
        1_000_000,
        Perbill::from_percent(5)
    ));
    assert_ok!(FractionalOwnership::transfer(
        signed(bob()),
        asset,
        <Runtime as frame_system::Config>::Lookup::unlookup(charlie()),
        250_000
    ));
    check();
    asset
}

fn win(asset: AssetId, who: AccountId, price: Balance) {
    assert_ok!(<FractionalOwnership as Sale>::set_reserve(asset, Some(price)));
    assert_ok!(FractionalOwnership::bid(signed(who), asset, price));
}

fn end_auction() {
    System::set_block_number(System::block_number() + configs::compute::AuctionPeriod::get());
}

#[test]
fn what_was_earned_until_the_sale_is_the_holders_and_what_comes_after_is_the_buyers() {
    development(|| {
        let asset = shared_device();
        win(asset, alice(), 100 * UNIT);
        end_auction();
        let pending = |who| RewardDistribution::pending(asset, who);
        let (bobs, charlies) = (pending(bob()), pending(charlie()));
        assert!(bobs > 0 && charlies > 0);

        assert_ok!(FractionalOwnership::settle_auction(signed(charlie()), asset));
        check();
        assert_eq!(owner(asset), Some(alice()));
        assert_eq!((pending(bob()), pending(charlie())), (bobs, charlies));

        assert_ok!(RewardDistribution::pay_revenue(
            signed(charlie()),
            asset,
            10 * UNIT
        ));
        assert_eq!((pending(bob()), pending(charlie())), (bobs, charlies));
        assert!(pending(alice()) > 9 * UNIT);
        check();

        // In either order, and to the last unit.
        let before = Balances::free_balance(charlie());
        assert_ok!(RewardDistribution::claim(signed(charlie()), asset));
        check();
        assert_ok!(FractionalOwnership::cash_out(signed(charlie()), asset));
        check();
        assert_eq!(Balances::free_balance(charlie()), before + charlies + 25 * UNIT);
        let before = Balances::free_balance(bob());
        assert_ok!(FractionalOwnership::cash_out_for(signed(alice()), asset, bob()));
        check();
        assert_ok!(RewardDistribution::claim_for(signed(alice()), asset, bob()));
        assert!(Balances::free_balance(bob()) >= before + bobs + 75 * UNIT);
        assert_eq!(FractionalOwnership::vault(asset), None);

        // The buyer may do as the first owner did.
        assert_ok!(FractionalOwnership::fractionalize(
            signed(alice()),
            asset,
            10,
            Perbill::zero()
        ));
    });
}

#[test]
fn a_device_that_is_slashed_and_left_by_its_operator_during_the_auction_locks_nobody() {
    development(|| {
        let asset = shared_device();
        win(asset, alice(), 100 * UNIT);

        // Neither the account that has it nor those who share it can retire it.
        let vault = FractionalOwnership::vault_account(asset);
        assert_noop!(
            ComputeAssets::retire(signed(vault), asset),
            pallet_compute_assets::Error::<Runtime>::Encumbered
        );
        assert_noop!(
            ComputeAssets::retire(signed(bob()), asset),
            pallet_compute_assets::Error::<Runtime>::NotOwner
        );

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
        let bond = ComputeAssets::details(asset).unwrap().bond;
        assert_ok!(ProofOfCompute::report(signed(charlie()), asset, census.index));
        assert!(ComputeAssets::details(asset).unwrap().bond < bond);
        assert_ok!(ComputeAssets::resign_operator(signed(bob()), asset));
        check();

        end_auction();
        assert_ok!(FractionalOwnership::settle_auction(signed(charlie()), asset));
        check();
        for holder in [bob(), charlie()] {
            assert_ok!(FractionalOwnership::cash_out_for(signed(alice()), asset, holder));
        }
        assert_eq!(FractionalOwnership::vault(asset), None);
        assert_eq!(owner(asset), Some(alice()));
    });
}

/// A lease that outlives the sale is the buyer's to bear, and locks neither its money nor the device.
#[test]
fn a_lien_goes_with_the_device_to_its_buyer() {
    development(|| {
        let asset = shared_device();
        assert_ok!(<ComputeAssets as Liens>::add_lien(asset));
        win(asset, alice(), 100 * UNIT);
        end_auction();
        assert_ok!(FractionalOwnership::settle_auction(signed(alice()), asset));
        assert_eq!(owner(asset), Some(alice()));
        let encumbered = pallet_compute_assets::Error::<Runtime>::Encumbered;
        assert_noop!(ComputeAssets::retire(signed(alice()), asset), encumbered);
        check();
        assert_ok!(<ComputeAssets as Liens>::remove_lien(asset));
        assert_ok!(ComputeAssets::retire(signed(alice()), asset));
    });
}

/// The books of an asset close when everyone was settled, and anyone may see to that.
#[test]
fn a_sold_device_is_reaped_after_its_last_fraction_is_cashed() {
    development(|| {
        let asset = shared_device();
        win(asset, alice(), 100 * UNIT);
        end_auction();
        assert_ok!(FractionalOwnership::settle_auction(signed(alice()), asset));
        assert_ok!(ComputeAssets::retire(signed(alice()), asset));
        System::set_block_number(System::block_number() + configs::compute::SlashingHorizon::get() + 10);
        assert_ok!(FractionalOwnership::cash_out_for(signed(alice()), asset, bob()));
        assert_noop!(
            ComputeAssets::reap(signed(alice()), asset),
            pallet_reward_distribution::Error::<Runtime>::StillFractionalized
        );
        assert_ok!(FractionalOwnership::cash_out_for(
            signed(alice()),
            asset,
            charlie()
        ));
        assert_ok!(ComputeAssets::reap(signed(alice()), asset));
        check();
        for holder in [bob(), charlie()] {
            assert!(RewardDistribution::pending(asset, holder.clone()) > 0);
            assert_ok!(RewardDistribution::claim_for(signed(alice()), asset, holder));
        }
    });
}
