// SPDX-License-Identifier: Apache-2.0

use super::*;
use AssetStatus::{Active, Offline, Provisional, Retired};

#[test]
fn set_status_should_write_tell_and_show_a_change() {
    run(|| {
        register(ALICE, None);
        events();
        for (from, to, shown) in [
            (Provisional, Active, "active"),
            (Active, Offline, "offline"),
            (Offline, Active, "active"),
        ] {
            assert_ok!(ComputeAssets::set_status(ASSET, to));
            assert_eq!(status(), to);
            assert_eq!(attribute(ASSET, "status").unwrap(), shown);
            assert_eq!(
                events(),
                [Event::StatusChanged {
                    asset: ASSET,
                    from,
                    to
                }]
            );
        }
    });
}

#[test]
fn set_status_should_change_nothing_if_it_is_the_same_or_the_asset_is_retired() {
    run(|| {
        register(ALICE, None);
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        let second = register_with(ALICE, HardwareId([2; 32]), None);
        events();
        let root = sp_io::storage::root(sp_core::storage::StateVersion::V1);
        assert_ok!(ComputeAssets::set_status(ASSET, Active));
        assert_ok!(ComputeAssets::set_status(second, Provisional));
        assert_eq!(sp_io::storage::root(sp_core::storage::StateVersion::V1), root);
        assert_eq!(status(), Retired);
        assert_eq!(events(), []);
    });
}

#[test]
fn set_status_should_fail_for_the_unknown_and_never_retire() {
    run(|| {
        assert_noop!(
            ComputeAssets::set_status(ASSET, Active),
            Error::<Test>::UnknownAsset
        );
        register(ALICE, None);
        assert_noop!(
            ComputeAssets::set_status(ASSET, Retired),
            Error::<Test>::OwnerRetires
        );
    });
}

#[test]
fn set_rate_should_show_the_rate_and_take_the_greatest() {
    run(|| {
        register(ALICE, None);
        assert_ok!(ComputeAssets::set_rate(ASSET, 1_234_567));
        assert_eq!(attribute(ASSET, "rate").unwrap(), "1234567");
        assert_ok!(ComputeAssets::set_rate(ASSET, u128::MAX));
        assert_eq!(attribute(ASSET, "rate").unwrap(), u128::MAX.to_string());
    });
}

#[test]
fn set_rate_should_still_write_for_a_retired_asset() {
    run(|| {
        register(ALICE, None);
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_ok!(ComputeAssets::set_rate(ASSET, 5));
        assert_eq!(attribute(ASSET, "rate").unwrap(), "5");
    });
}

#[test]
fn set_rate_should_fail_for_the_unknown() {
    run(|| {
        // pallet-nfts would have written it, and it would never go away.
        assert_noop!(ComputeAssets::set_rate(ASSET, 1), Error::<Test>::UnknownAsset);
    });
}
