// SPDX-License-Identifier: Apache-2.0

use super::*;

fn reap() -> DispatchResult {
    dispatch(EVE, Call::reap { asset: ASSET })
}

#[test]
fn reap_should_clear_everything_and_give_all_back() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 50);
        appoint(ALICE, BOB, 2_000);
        assert_ok!(send_nft(ALICE, ASSET, CAROL));
        assert_ok!(dispatch(CAROL, Call::retire { asset: ASSET }));
        System::set_block_number(51);
        events();
        assert_ok!(reap());

        assert_eq!(ReapsSeen::get(), [(ASSET, CAROL)]);
        for who in [ALICE, BOB, CAROL, EVE] {
            assert_eq!(Balances::balance(&who), ENDOWMENT, "{who:?}");
            assert_eq!(Balances::total_balance_on_hold(&who), 0, "{who:?}");
        }
        let collection = ComputeAssets::collection().unwrap();
        assert_eq!(Nfts::owner(collection, ASSET.0), None);
        assert_eq!(pallet_nfts::Attribute::<Test>::iter().count(), 0);
        assert_eq!(pallet_nfts::ItemMetadataOf::<Test>::iter().count(), 0);
        assert_eq!(pallet_nfts::ItemConfigOf::<Test>::iter().count(), 0);
        assert_eq!(Bonds::<Test>::iter().count(), 0);
        assert_eq!(Hardware::<Test>::iter().count(), 0);
        assert_eq!(ComputeAssets::count(), 0);
        assert_eq!(ComputeAssets::status(ASSET), None);
        let mut seen = events();
        assert_eq!(seen.pop(), Some(Event::Reaped { asset: ASSET }));
        assert_eq!(seen.len(), 2);
        assert!(seen.contains(&Event::BondReleased {
            asset: ASSET,
            bearer: ALICE,
            amount: 1_000
        }));
        assert!(seen.contains(&Event::BondReleased {
            asset: ASSET,
            bearer: BOB,
            amount: 2_000
        }));
    });
}

#[test]
fn reap_should_free_the_hardware_id_but_never_the_asset_s() {
    run(|| {
        register(ALICE, None);
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_ok!(reap());
        assert_eq!(register_with(BOB, HARDWARE, None), AssetId(2));
        assert_eq!(Hardware::<Test>::get(HARDWARE), Some(AssetId(2)));
    });
}

#[test]
fn reap_should_charge_for_the_bonds_there_were() {
    run(|| {
        register(ALICE, Some(1_000));
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        let post = ComputeAssets::reap(RuntimeOrigin::signed(EVE), ASSET).unwrap();
        assert_eq!(post.actual_weight, Some(<() as WeightInfo>::reap(1)));
    });
}

#[test]
fn reap_should_fail_until_the_last_obligation_has_ended() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 30);
        appoint(ALICE, BOB, 1_000);
        oblige(&BOB, 50);
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        for now in [2, 30, 31, 50] {
            System::set_block_number(now);
            assert!(!ComputeAssets::is_reapable(ASSET));
            assert_noop!(reap(), Error::<Test>::BondObliged);
        }
        System::set_block_number(51);
        assert!(ComputeAssets::is_reapable(ASSET));
        assert_ok!(reap());
    });
}

#[test]
fn reap_should_fail_for_a_live_and_an_unknown_asset() {
    run(|| {
        assert_noop!(reap(), Error::<Test>::UnknownAsset);
        register(ALICE, None);
        assert_noop!(reap(), Error::<Test>::NotRetired);
    });
}

#[test]
fn reap_should_fail_with_the_hook() {
    run(|| {
        register(ALICE, Some(1_000));
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        ReapFails::set(&true);
        assert_noop!(reap(), DispatchError::Other("not yet"));
        ReapFails::set(&false);
        assert_ok!(reap());
    });
}

/// Settling the last commit of an asset may find that it was drawn and never opened.
#[test]
fn reap_should_give_back_what_a_slash_by_the_hook_has_left() {
    run(|| {
        register(ALICE, Some(1_000));
        // Were more given back than is left, it would come out of this.
        let second = register_with(ALICE, HardwareId([2; 32]), Some(2_000));
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        ReapSlashes::set(&Some((ALICE, 600)));
        let issuance = Balances::total_issuance();
        events();
        assert_ok!(reap());
        assert_eq!(
            events()[1],
            Event::BondReleased {
                asset: ASSET,
                bearer: ALICE,
                amount: 400
            }
        );
        assert_eq!(Balances::total_issuance(), issuance - 600);
        assert_eq!(bond_hold(&ALICE), 2_000);
        assert_eq!(ComputeAssets::bonded(second, &ALICE), 2_000);
    });
}
