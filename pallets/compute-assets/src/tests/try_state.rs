// SPDX-License-Identifier: Apache-2.0
//! Every check of try_state finds what it is for.

use super::*;

/// A chain with an asset that Alice owns and operates, broken by `breach`, must be reported by exactly this check.
fn finds(message: &'static str, breach: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        register(ALICE, Some(1_000));
        check_state();
        breach();
        assert_eq!(ComputeAssets::do_try_state(), Err(message.into()));
    });
}

fn with_asset(change: impl FnOnce(&mut AssetOf<Test>)) {
    Assets::<Test>::mutate(ASSET, |record| change(record.as_mut().unwrap()));
}

fn with_bond(change: impl FnOnce(&mut BondOf<Test>)) {
    Bonds::<Test>::mutate(ASSET, ALICE, |bond| change(bond.as_mut().unwrap()));
}

#[test]
fn try_state_should_find_a_lost_collection() {
    finds("no collection", Collection::<Test>::kill);
    finds("the collection is not the pallet's", || {
        let collection = ComputeAssets::collection().unwrap();
        pallet_nfts::Collection::<Test>::mutate(collection, |details| {
            details.as_mut().unwrap().owner = ALICE;
        });
    });
    finds("the pallet's account has no provider reference", || {
        frame_system::Account::<Test>::mutate(ComputeAssets::account_id(), |account| account.providers = 0);
    });
}

#[test]
fn try_state_should_find_ids_and_counts_that_are_off() {
    finds("an asset has an id that was never given", || {
        LastAssetId::<Test>::put(AssetId(0))
    });
    finds("the count of assets is off", || {
        let counter = frame_support::storage::storage_prefix(b"ComputeAssets", b"CounterForAssets");
        sp_io::storage::set(&counter, &codec::Encode::encode(&5u32));
    });
}

#[test]
fn try_state_should_find_a_burnt_and_a_foreign_nft() {
    finds("an asset has lost its NFT", || {
        let collection = ComputeAssets::collection().unwrap();
        // Past the call filter.
        assert_ok!(Nfts::burn(RuntimeOrigin::signed(ALICE), collection, ASSET.0));
    });
    finds("an NFT of the collection is no asset", || {
        let collection = ComputeAssets::collection().unwrap();
        let admin = RuntimeOrigin::signed(ComputeAssets::account_id());
        assert_ok!(Balances::force_set_balance(
            RuntimeOrigin::root(),
            ComputeAssets::account_id(),
            ENDOWMENT
        ));
        assert_ok!(Nfts::mint(admin, collection, 77, ALICE, None));
    });
}

#[test]
fn try_state_should_find_a_status_that_the_nft_does_not_show() {
    finds("an NFT shows another status than its asset has", || {
        with_asset(|record| record.status = AssetStatus::Active);
    });
}

#[test]
fn try_state_should_find_liens_and_the_flag_apart() {
    const MESSAGE: &str = "transfers are disabled without a lien, or enabled under one";
    finds(MESSAGE, || with_asset(|record| record.liens = 1));
    finds(MESSAGE, || {
        assert_ok!(ComputeAssets::add_lien(ASSET));
        with_asset(|record| record.liens = 0);
    });
}

#[test]
fn try_state_should_find_what_a_retired_asset_may_not_have() {
    finds("a retired asset is encumbered", || {
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        with_asset(|record| record.liens = 1);
        assert_ok!(ComputeAssets::forbid_transfer(ASSET));
    });
    finds("a retired asset awaits an operator", || {
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        with_asset(|record| {
            record.nomination = Some(Nomination {
                nominee: BOB,
                by: ALICE,
            })
        });
    });
}

#[test]
fn try_state_should_find_hardware_that_leads_astray() {
    finds("a hardware id leads to no asset", || {
        Hardware::<Test>::insert(HardwareId([1; 32]), AssetId(9))
    });
    finds("a hardware id leads to an asset with another one", || {
        Hardware::<Test>::insert(HardwareId([1; 32]), ASSET);
    });
    finds("an asset's hardware id is not taken", || {
        Hardware::<Test>::remove(HARDWARE)
    });
}

#[test]
fn try_state_should_find_bonds_that_are_off() {
    finds("a bond has outlived its asset", || {
        let bond = Bonds::<Test>::get(ASSET, ALICE).unwrap();
        Bonds::<Test>::insert(AssetId(9), ALICE, bond);
    });
    finds("a bond holds more than was pledged", || {
        with_bond(|bond| bond.pledged = 999)
    });
    finds("the count of an asset's bonds is off", || {
        with_asset(|record| record.bearers = 2)
    });
    finds("an asset has too many bonds", || {
        for who in [BOB, CAROL, DAVE] {
            Bonds::<Test>::insert(ASSET, who, Bond::default());
        }
        with_asset(|record| record.bearers = 4);
    });
    finds("an operator has no bond", || {
        with_asset(|record| record.operator = Some(BOB))
    });
    finds("a bearer's hold is not the sum of its bonds", || {
        with_bond(|bond| {
            bond.amount = 999;
        })
    });
}
