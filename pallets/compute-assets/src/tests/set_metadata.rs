// SPDX-License-Identifier: Apache-2.0

use super::*;

fn set_metadata(who: AccountId, text: &str) -> DispatchResult {
    dispatch(
        who,
        Call::set_metadata {
            asset: ASSET,
            uri: uri(text),
        },
    )
}

#[test]
fn set_metadata_should_write_the_nft_s_uri_without_another_deposit() {
    run(|| {
        register(ALICE, None);
        let before = Balances::balance(&ALICE);
        events();
        let longest = "x".repeat(64);
        assert_ok!(set_metadata(ALICE, &longest));
        assert_eq!(ComputeAssets::details(ASSET).unwrap().uri, longest.as_bytes());
        assert_eq!(Balances::balance(&ALICE), before);
        assert_eq!(
            events(),
            [Event::MetadataSet {
                asset: ASSET,
                uri: uri(&longest)
            }]
        );
    });
}

#[test]
fn set_metadata_should_fail_for_others_and_the_unknown() {
    run(|| {
        assert_noop!(set_metadata(ALICE, "a"), Error::<Test>::UnknownAsset);
        register(ALICE, None);
        assert_noop!(set_metadata(BOB, "a"), Error::<Test>::NotOwner);
        assert_ok!(send_nft(ALICE, ASSET, BOB));
        assert_noop!(set_metadata(ALICE, "a"), Error::<Test>::NotOwner);
        assert_ok!(set_metadata(BOB, "a"));
    });
}
