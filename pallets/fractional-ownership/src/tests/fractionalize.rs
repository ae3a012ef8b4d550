// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::{Vaults, MAX_SUPPLY};
use compute_primitives::{AssetStatus, Holdings, InspectAsset};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::traits::AccountIdConversion;
use sp_runtime::TokenError;

fn fractionalize(who: AccountId, asset: AssetId, supply: Balance) -> sp_runtime::DispatchResult {
    dispatch(|| FractionalOwnership::fractionalize(RuntimeOrigin::signed(who), asset, supply, NO_ROYALTY))
}

#[test]
fn owner_should_get_all_fractions_for_the_nft() {
    build_and_execute(|| {
        let vault = FractionalOwnership::vault_account(GPU);
        assert_eq!(<FractionalOwnership as Holdings<_>>::supply(GPU), None);

        assert_ok!(fractionalize(ALICE, GPU, SUPPLY));

        assert_eq!(<FractionalOwnership as Holdings<_>>::supply(GPU), Some(SUPPLY));
        assert_eq!(fractions(GPU, ALICE), (SUPPLY, 0));
        assert_eq!(Twin::owner(GPU), Some(vault.clone()));
        let record = Vaults::<Test>::get(GPU).unwrap();
        assert_eq!((record.supply, record.holders, record.opened_at), (SUPPLY, 1, 1));
        assert_eq!(record.depositor, ALICE);
        assert_eq!(
            events(),
            [Event::Fractionalized {
                asset: GPU,
                who: ALICE,
                supply: SUPPLY,
                vault,
                royalty: NO_ROYALTY
            }]
        );
    });
}

#[test]
fn income_should_be_released_to_the_owner_before_the_nft_leaves() {
    build_and_execute(|| {
        assert_ok!(fractionalize(ALICE, GPU, SUPPLY));
        assert_eq!(
            steps(),
            [
                Step::Touch {
                    asset: GPU,
                    owner: ALICE,
                    supply: None
                },
                Step::Deposit {
                    asset: GPU,
                    owner: ALICE,
                    vault: FractionalOwnership::vault_account(GPU)
                },
                settle(GPU, ALICE, 0, SUPPLY),
            ]
        );
    });
}

#[test]
fn vault_account_should_be_its_assets_alone_and_need_no_currency() {
    build_and_execute(|| {
        let vault = FractionalOwnership::vault_account(GPU);
        assert_ne!(vault, FractionalOwnership::vault_account(RIG));
        assert_eq!(
            PalletIdOf::try_from_sub_account::<AssetId>(&vault).unwrap().1,
            GPU
        );
        assert_ok!(fractionalize(ALICE, GPU, SUPPLY));
        assert!(!System::account_exists(&vault));
    });
}

type PalletIdOf = frame_support::PalletId;

#[test]
fn storage_deposit_should_be_held_from_the_caller() {
    build_and_execute(|| {
        assert_ok!(fractionalize(ALICE, GPU, SUPPLY));
        assert_eq!(deposited(ALICE), vault_deposit());
        assert_eq!(free(ALICE), ENDOWMENT - vault_deposit());
    });
}

#[test]
fn supply_should_be_from_1_to_2_to_the_64() {
    build_and_execute(|| {
        assert_noop!(fractionalize(ALICE, GPU, 0), Error::ZeroSupply);
        assert_noop!(fractionalize(ALICE, GPU, MAX_SUPPLY + 1), Error::SupplyTooLarge);
        assert_noop!(fractionalize(ALICE, GPU, Balance::MAX), Error::SupplyTooLarge);
        assert_ok!(fractionalize(ALICE, GPU, MAX_SUPPLY));
        assert_ok!(fractionalize(BOB, RIG, 1));
        assert_eq!(fractions(GPU, ALICE), (1 << 64, 0));
        assert_eq!(fractions(RIG, BOB), (1, 0));
    });
}

#[test]
fn unknown_asset_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(fractionalize(ALICE, NONE, SUPPLY), Error::UnknownAsset);
    });
}

#[test]
fn retired_asset_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(fractionalize(ALICE, SCRAP, SUPPLY), Error::AssetRetired);
    });
}

#[test]
fn every_other_status_should_be_accepted() {
    for status in [
        AssetStatus::Provisional,
        AssetStatus::Active,
        AssetStatus::Offline,
    ] {
        build_and_execute(|| {
            give(GPU, ALICE, status);
            assert_ok!(fractionalize(ALICE, GPU, SUPPLY));
        });
    }
}

#[test]
fn anyone_but_the_owner_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(fractionalize(BOB, GPU, SUPPLY), Error::NotOwner);
    });
}

#[test]
fn fractionalized_asset_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(fractionalize(ALICE, GPU, SUPPLY), Error::AlreadyFractionalized);
    });
}

#[test]
fn owner_who_can_not_pay_the_deposit_should_be_refused() {
    build_and_execute(|| {
        give(GPU, DAVE, AssetStatus::Active);
        assert_noop!(fractionalize(DAVE, GPU, SUPPLY), TokenError::FundsUnavailable);
        assert_ok!(Balances::transfer_allow_death(
            RuntimeOrigin::signed(ALICE),
            DAVE,
            vault_deposit()
        ));
        assert_noop!(fractionalize(DAVE, GPU, SUPPLY), TokenError::FundsUnavailable);
    });
}

#[test]
fn custody_that_fails_should_leave_nothing() {
    build_and_execute(|| {
        crate::mock::twin::Nfts::<Test>::mutate(GPU, |nft| nft.as_mut().unwrap().lien = true);
        assert_noop!(
            fractionalize(ALICE, GPU, SUPPLY),
            sp_runtime::DispatchError::BadOrigin
        );
        crate::mock::twin::Nfts::<Test>::mutate(GPU, |nft| nft.as_mut().unwrap().lien = false);
    });
}

#[test]
fn settlement_that_fails_should_leave_nothing() {
    build_and_execute(|| {
        let_settlement_fail(ALICE);
        assert_noop!(fractionalize(ALICE, GPU, SUPPLY), SETTLEMENT_FAILED);
    });
}

#[test]
fn sold_asset_should_be_refused_until_its_last_fraction_is_cashed() {
    build_and_execute(|| {
        open_vault();
        sell(BOB, PRICE);
        assert_noop!(fractionalize(BOB, GPU, 5), Error::AssetSold);
        assert_noop!(fractionalize(CAROL, GPU, 5), Error::AssetSold);
        assert_ok!(cash_out(ALICE));
        assert_ok!(fractionalize(BOB, GPU, 5));
        assert_eq!(fractions(GPU, BOB), (5, 0));
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(
            FractionalOwnership::fractionalize(RuntimeOrigin::none(), GPU, SUPPLY, NO_ROYALTY),
            sp_runtime::DispatchError::BadOrigin
        );
    });
}
