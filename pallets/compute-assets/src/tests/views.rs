// SPDX-License-Identifier: Apache-2.0

use super::*;

#[test]
fn details_should_tell_all_of_an_asset() {
    run(|| {
        register(ALICE, None);
        appoint(ALICE, BOB, 1_000);
        assert_ok!(ComputeAssets::slash(ASSET, &BOB, 400, None));
        assert_ok!(dispatch(
            ALICE,
            Call::nominate_operator {
                asset: ASSET,
                nominee: Some(CAROL)
            }
        ));
        let expected = AssetDetails {
            id: ASSET,
            kind: AssetKind::Gpu,
            status: AssetStatus::Provisional,
            owner: ALICE,
            operator: Some(BOB),
            nominee: Some(CAROL),
            hardware: HARDWARE,
            uri: b"ipfs://asset".to_vec(),
            registered_at: 2,
            registrant: ALICE,
            liens: 0,
            bond: 600,
            bond_pledged: 1_000,
        };
        assert_eq!(ComputeAssets::details(ASSET), Some(expected.clone()));
        assert_eq!(ComputeAssets::asset_details(ASSET), Some(expected));
        assert_eq!(ComputeAssets::details(AssetId(2)), None);
        assert_eq!(ComputeAssets::bond_of(ASSET, BOB).unwrap().amount, 600);
        assert_eq!(ComputeAssets::bond_of(ASSET, ALICE), None);
    });
}

#[test]
fn assets_of_should_page_in_order_of_id() {
    run(|| {
        let mine = (1u8..=7)
            .map(|i| register_with(ALICE, HardwareId([i; 32]), None))
            .collect::<Vec<_>>();
        let other = register_with(BOB, HardwareId([8; 32]), None);
        assert_eq!(ComputeAssets::assets_of(&ALICE, AssetId(0), 100), mine);
        assert_eq!(ComputeAssets::assets_of(&ALICE, AssetId(0), 3), mine[..3]);
        assert_eq!(ComputeAssets::assets_of(&ALICE, AssetId(4), 3), mine[3..6]);
        assert_eq!(ComputeAssets::assets_of(&ALICE, AssetId(7), 3), mine[6..]);
        assert_eq!(ComputeAssets::assets_of(&ALICE, AssetId(8), 3), []);
        assert_eq!(ComputeAssets::assets_of(&ALICE, AssetId(0), 0), []);
        assert_eq!(ComputeAssets::assets_of(&BOB, AssetId(0), 10), [other]);
        assert_ok!(send_nft(ALICE, mine[0], BOB));
        assert_eq!(ComputeAssets::assets_of(&BOB, AssetId(0), 10), [mine[0], other]);
    });
}

#[test]
fn views_should_answer_for_what_is_not_there() {
    run(|| {
        assert_eq!(ComputeAssets::kind(ASSET), None);
        assert_eq!(ComputeAssets::status(ASSET), None);
        assert_eq!(<ComputeAssets as InspectAsset<_>>::owner(ASSET), None);
        assert_eq!(ComputeAssets::operator(ASSET), None);
        assert_eq!(ComputeAssets::asset_of_hardware(HARDWARE), None);
        assert!(!ComputeAssets::is_reapable(ASSET));
        assert_eq!(ComputeAssets::count(), 0);
    });
}
