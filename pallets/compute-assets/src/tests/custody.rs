// SPDX-License-Identifier: Apache-2.0

use super::*;
use frame_support::traits::tokens::nonfungibles_v2::Trading;

fn liens() -> u32 {
    ComputeAssets::details(ASSET).unwrap().liens
}

#[test]
fn deposit_should_move_the_nft_and_lock_it_in() {
    run(|| {
        register(ALICE, Some(1_000));
        events();
        assert_ok!(ComputeAssets::deposit(ASSET, &ALICE, &VAULT));
        assert_eq!(ComputeAssets::owner(ASSET), Some(VAULT));
        assert_eq!(liens(), 1);
        assert_eq!(ComputeAssets::operator(ASSET), Some(ALICE));
        assert_eq!(
            events(),
            [Event::LienAdded {
                asset: ASSET,
                liens: 1
            }]
        );
        // Even if the vault had a key.
        assert_noop!(
            send_nft(VAULT, ASSET, BOB),
            pallet_nfts::Error::<Test>::ItemLocked
        );
        assert_noop!(
            dispatch(VAULT, Call::retire { asset: ASSET }),
            Error::<Test>::Encumbered
        );
    });
}

#[test]
fn deposit_should_clear_price_approvals_and_swap() {
    run(|| {
        register(ALICE, None);
        let collection = ComputeAssets::collection().unwrap();
        let item = ASSET.0;
        for call in [
            pallet_nfts::Call::set_price {
                collection,
                item,
                price: Some(5),
                whitelisted_buyer: None,
            },
            pallet_nfts::Call::approve_transfer {
                collection,
                item,
                delegate: BOB,
                maybe_deadline: None,
            },
            pallet_nfts::Call::create_swap {
                offered_collection: collection,
                offered_item: item,
                desired_collection: collection,
                maybe_desired_item: None,
                maybe_price: None,
                duration: 100,
            },
        ] {
            assert_ok!(dispatch(ALICE, call));
        }
        assert_ok!(ComputeAssets::deposit(ASSET, &ALICE, &VAULT));
        assert_eq!(Nfts::item_price(&collection, &item), None);
        assert_eq!(pallet_nfts::PendingSwapOf::<Test>::get(collection, item), None);
        assert!(pallet_nfts::Item::<Test>::get(collection, item)
            .unwrap()
            .approvals
            .is_empty());
        assert_noop!(
            dispatch(
                BOB,
                pallet_nfts::Call::buy_item {
                    collection,
                    item,
                    bid_price: 5
                }
            ),
            pallet_nfts::Error::<Test>::NotForSale
        );
        assert_noop!(send_nft(BOB, ASSET, BOB), pallet_nfts::Error::<Test>::ItemLocked);
        assert_ok!(ComputeAssets::withdraw(ASSET, &VAULT, &ALICE));
        assert_noop!(
            send_nft(BOB, ASSET, BOB),
            pallet_nfts::Error::<Test>::NoPermission
        );
    });
}

#[test]
fn withdraw_should_unlock_and_hand_over() {
    run(|| {
        register(ALICE, None);
        assert_ok!(ComputeAssets::deposit(ASSET, &ALICE, &VAULT));
        events();
        assert_ok!(ComputeAssets::withdraw(ASSET, &VAULT, &BOB));
        assert_eq!(ComputeAssets::owner(ASSET), Some(BOB));
        assert_eq!(liens(), 0);
        assert_eq!(
            events(),
            [Event::LienRemoved {
                asset: ASSET,
                liens: 0
            }]
        );
        assert_ok!(send_nft(BOB, ASSET, CAROL));
        // And again.
        assert_ok!(ComputeAssets::deposit(ASSET, &CAROL, &VAULT));
        assert_ok!(ComputeAssets::withdraw(ASSET, &VAULT, &CAROL));
    });
}

#[test]
fn custody_should_take_every_live_status() {
    run(|| {
        register(ALICE, None);
        for status in [
            AssetStatus::Provisional,
            AssetStatus::Active,
            AssetStatus::Offline,
        ] {
            assert_ok!(ComputeAssets::set_status(ASSET, status));
            assert_ok!(ComputeAssets::deposit(ASSET, &ALICE, &VAULT));
            assert_ok!(ComputeAssets::withdraw(ASSET, &VAULT, &ALICE));
        }
    });
}

#[test]
fn deposit_should_void_the_owner_s_nomination() {
    run(|| {
        register(ALICE, None);
        assert_ok!(dispatch(
            ALICE,
            Call::nominate_operator {
                asset: ASSET,
                nominee: Some(BOB)
            }
        ));
        assert_ok!(ComputeAssets::deposit(ASSET, &ALICE, &VAULT));
        assert_noop!(
            dispatch(
                BOB,
                Call::accept_operator {
                    asset: ASSET,
                    bond: 1_000
                }
            ),
            Error::<Test>::NominationLapsed
        );
    });
}

#[test]
fn deposit_should_fail_for_others_the_unknown_the_retired_and_the_encumbered() {
    run(|| {
        assert_noop!(
            ComputeAssets::deposit(ASSET, &ALICE, &VAULT),
            Error::<Test>::UnknownAsset
        );
        register(ALICE, None);
        assert_noop!(
            ComputeAssets::deposit(ASSET, &BOB, &VAULT),
            Error::<Test>::NotOwner
        );
        assert_ok!(ComputeAssets::add_lien(ASSET));
        assert_noop!(
            ComputeAssets::deposit(ASSET, &ALICE, &VAULT),
            Error::<Test>::Encumbered
        );
        assert_ok!(ComputeAssets::remove_lien(ASSET));
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_noop!(
            ComputeAssets::deposit(ASSET, &ALICE, &VAULT),
            Error::<Test>::Retired
        );
    });
}

#[test]
fn withdraw_should_fail_for_others() {
    run(|| {
        assert_noop!(
            ComputeAssets::withdraw(ASSET, &VAULT, &ALICE),
            Error::<Test>::UnknownAsset
        );
        register(ALICE, None);
        assert_noop!(
            ComputeAssets::withdraw(ASSET, &VAULT, &ALICE),
            Error::<Test>::NotInCustody
        );
        // Sent there by hand, not deposited: there is no lien to lift.
        assert_noop!(
            ComputeAssets::withdraw(ASSET, &ALICE, &BOB),
            Error::<Test>::NotEncumbered
        );
        assert_ok!(ComputeAssets::deposit(ASSET, &ALICE, &VAULT));
        assert_noop!(
            ComputeAssets::withdraw(ASSET, &BOB, &ALICE),
            Error::<Test>::NotInCustody
        );
        assert_ok!(ComputeAssets::withdraw(ASSET, &VAULT, &ALICE));
    });
}

/// The device is leased out while it is owned in fractions, and bought as a whole before the lease ends.
#[test]
fn lien_of_another_should_go_with_the_nft() {
    run(|| {
        register(ALICE, None);
        assert_ok!(ComputeAssets::deposit(ASSET, &ALICE, &VAULT));
        assert_ok!(ComputeAssets::add_lien(ASSET));
        assert_ok!(ComputeAssets::add_lien(ASSET));
        events();
        assert_ok!(ComputeAssets::withdraw(ASSET, &VAULT, &BOB));
        assert_eq!(
            events(),
            [Event::LienRemoved {
                asset: ASSET,
                liens: 2
            }]
        );
        assert_eq!(ComputeAssets::owner(ASSET), Some(BOB));
        assert_eq!(<ComputeAssets as Liens>::liens(ASSET), 2);

        // It binds the buyer as it bound the vault: no sale, no retirement, no other vault.
        assert_noop!(
            send_nft(BOB, ASSET, CAROL),
            pallet_nfts::Error::<Test>::ItemLocked
        );
        assert_noop!(
            dispatch(BOB, Call::retire { asset: ASSET }),
            Error::<Test>::Encumbered
        );
        assert_noop!(
            ComputeAssets::deposit(ASSET, &BOB, &VAULT),
            Error::<Test>::Encumbered
        );
        // And ends as it would have ended there.
        assert_ok!(ComputeAssets::remove_lien(ASSET));
        assert_ok!(ComputeAssets::remove_lien(ASSET));
        assert_ok!(send_nft(BOB, ASSET, CAROL));
    });
}

#[test]
fn liens_of_an_unknown_asset_should_be_none() {
    run(|| assert_eq!(<ComputeAssets as Liens>::liens(ASSET), 0));
}

#[test]
fn liens_should_be_counted_over_the_one_bit_of_the_nft() {
    run(|| {
        register(ALICE, None);
        assert_ok!(ComputeAssets::add_lien(ASSET));
        assert_ok!(ComputeAssets::add_lien(ASSET));
        assert_eq!(liens(), 2);
        assert_ok!(ComputeAssets::remove_lien(ASSET));
        assert_noop!(
            send_nft(ALICE, ASSET, BOB),
            pallet_nfts::Error::<Test>::ItemLocked
        );
        assert_ok!(ComputeAssets::remove_lien(ASSET));
        assert_ok!(send_nft(ALICE, ASSET, BOB));
    });
}

#[test]
fn liens_should_fail_for_the_unknown_the_retired_and_past_their_ends() {
    run(|| {
        assert_noop!(ComputeAssets::add_lien(ASSET), Error::<Test>::UnknownAsset);
        assert_noop!(ComputeAssets::remove_lien(ASSET), Error::<Test>::UnknownAsset);
        register(ALICE, None);
        assert_noop!(ComputeAssets::remove_lien(ASSET), Error::<Test>::NotEncumbered);
        assert_ok!(ComputeAssets::add_lien(ASSET));
        Assets::<Test>::mutate(ASSET, |record| record.as_mut().unwrap().liens = u32::MAX);
        assert_noop!(ComputeAssets::add_lien(ASSET), ArithmeticError::Overflow);
        Assets::<Test>::mutate(ASSET, |record| record.as_mut().unwrap().liens = 1);
        assert_ok!(ComputeAssets::remove_lien(ASSET));
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_noop!(ComputeAssets::add_lien(ASSET), Error::<Test>::Retired);
    });
}
