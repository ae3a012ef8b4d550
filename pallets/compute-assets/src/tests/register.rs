// SPDX-License-Identifier: Apache-2.0

use super::*;
use codec::Encode;

#[test]
fn register_should_mint_the_nft_and_write_what_wallets_read() {
    run(|| {
        register(ALICE, None);
        let collection = ComputeAssets::collection().unwrap();

        assert_eq!(Nfts::owner(collection, ASSET.0), Some(ALICE));
        assert_eq!(
            Nfts::attribute(&collection, &ASSET.0, &[]),
            Some(b"ipfs://asset".to_vec())
        );
        assert_eq!(attribute(ASSET, "kind").unwrap(), "gpu");
        assert_eq!(attribute(ASSET, "status").unwrap(), "provisional");
        assert_eq!(attribute(ASSET, "rate").unwrap(), "0");
        assert_eq!(
            attribute(ASSET, "hardware").unwrap(),
            format!("0x{}", "ab".repeat(32))
        );
        assert_eq!(attribute(ASSET, "registered").unwrap(), "2");
        assert_eq!(
            attribute(ASSET, "registrant").unwrap(),
            format!("0x{}", "01".repeat(32))
        );
        assert_eq!(Hardware::<Test>::get(HARDWARE), Some(ASSET));
        assert_eq!(ComputeAssets::kind(ASSET), Some(AssetKind::Gpu));
        assert_eq!(status(), AssetStatus::Provisional);
        assert_eq!(ComputeAssets::owner(ASSET), Some(ALICE));
        assert_eq!(ComputeAssets::operator(ASSET), None);
        assert_eq!(
            events()[1..],
            [Event::Registered {
                asset: ASSET,
                owner: ALICE,
                kind: AssetKind::Gpu,
                hardware: HARDWARE
            }]
        );
    });
}

#[test]
fn register_should_take_the_deposits_and_return_the_announcement_s() {
    run(|| {
        register(ALICE, None);
        let registration = Balances::balance_on_hold(&HoldReason::Registration.into(), &ALICE);
        // Base and two a byte, at least for the URI, the record's hardware id and the map's.
        assert!(registration > 50 + 2 * (64 + 32 + 32));
        assert_eq!(
            Balances::balance_on_hold(&HoldReason::Announcement.into(), &ALICE),
            0
        );
        assert_eq!(Balances::balance(&ALICE), ENDOWMENT - registration - ITEM_DEPOSIT);
        assert_eq!(Announcements::<Test>::get(ALICE), None);
    });
}

#[test]
fn register_should_make_the_caller_operator_with_a_bond() {
    run(|| {
        register(ALICE, Some(1_500));
        assert_eq!(ComputeAssets::operator(ASSET), Some(ALICE));
        assert_eq!(bond(&ALICE), Some((1_500, 1_500, 0)));
        assert_eq!(bond_hold(&ALICE), 1_500);
        assert!(ComputeAssets::is_whole(ASSET, &ALICE));
        assert_eq!(
            events()[2..],
            [
                Event::BondIncreased {
                    asset: ASSET,
                    bearer: ALICE,
                    added: 1_500,
                    amount: 1_500,
                    pledged: 1_500
                },
                Event::OperatorChanged {
                    asset: ASSET,
                    from: None,
                    to: Some(ALICE)
                },
            ]
        );
    });
}

#[test]
fn register_should_take_hashrate_too() {
    run(|| {
        assert_ok!(announce(ALICE, HARDWARE));
        next_block();
        assert_ok!(dispatch(
            ALICE,
            Call::register {
                kind: AssetKind::Hashrate,
                hardware: HARDWARE,
                salt: SALT,
                uri: uri(""),
                bond: None
            }
        ));
        assert_eq!(ComputeAssets::kind(ASSET), Some(AssetKind::Hashrate));
        assert_eq!(attribute(ASSET, "kind").unwrap(), "hashrate");
    });
}

#[test]
fn register_should_give_every_asset_a_new_id() {
    run(|| {
        assert_eq!(register_with(ALICE, HardwareId([1; 32]), None), AssetId(1));
        assert_eq!(register_with(ALICE, HardwareId([2; 32]), None), AssetId(2));
        assert_eq!(register_with(BOB, HardwareId([3; 32]), None), AssetId(3));
        assert_eq!(ComputeAssets::count(), 3);
    });
}

#[test]
fn the_commitment_is_the_hash_of_account_hardware_and_salt() {
    let mut bytes = ALICE.encode();
    bytes.extend(HARDWARE.0);
    bytes.extend(SALT);
    assert_eq!(
        ComputeAssets::commitment(&ALICE, &HARDWARE, &SALT).0,
        sp_io::hashing::blake2_256(&bytes)
    );
}

#[test]
fn register_should_fail_without_an_announcement() {
    run(|| {
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, None)),
            Error::<Test>::NotAnnounced
        );
    });
}

#[test]
fn register_should_fail_in_the_block_of_the_announcement() {
    run(|| {
        assert_ok!(announce(ALICE, HARDWARE));
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, None)),
            Error::<Test>::AnnouncementTooRecent
        );
    });
}

#[test]
fn register_should_fail_after_the_period_and_not_in_its_last_block() {
    run(|| {
        assert_ok!(announce(ALICE, HARDWARE));
        System::set_block_number(1 + ANNOUNCEMENT_PERIOD + 1);
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, None)),
            Error::<Test>::AnnouncementExpired
        );
        System::set_block_number(1 + ANNOUNCEMENT_PERIOD);
        assert_ok!(dispatch(ALICE, register_call(HARDWARE, None)));
    });
}

#[test]
fn register_should_fail_for_another_salt_hardware_or_account() {
    run(|| {
        assert_ok!(announce(ALICE, HARDWARE));
        // Bob copies the commitment that he saw.
        let commitment = ComputeAssets::commitment(&ALICE, &HARDWARE, &SALT);
        assert_ok!(dispatch(BOB, Call::announce { commitment }));
        next_block();
        assert_noop!(
            dispatch(BOB, register_call(HARDWARE, None)),
            Error::<Test>::WrongReveal
        );
        assert_noop!(
            dispatch(ALICE, register_call(HardwareId([1; 32]), None)),
            Error::<Test>::WrongReveal
        );
        let call = Call::register {
            kind: AssetKind::Gpu,
            hardware: HARDWARE,
            salt: [8; 32],
            uri: uri(""),
            bond: None,
        };
        assert_noop!(dispatch(ALICE, call), Error::<Test>::WrongReveal);
    });
}

#[test]
fn register_should_fail_for_live_hardware_and_the_map_tells_which_asset_has_it() {
    run(|| {
        register(ALICE, None);
        assert_ok!(announce(BOB, HARDWARE));
        next_block();
        assert_noop!(
            dispatch(BOB, register_call(HARDWARE, None)),
            Error::<Test>::AlreadyRegistered
        );
        assert_eq!(ComputeAssets::asset_of_hardware(HARDWARE), Some(ASSET));
    });
}

#[test]
fn register_should_fail_below_the_minimum_bond() {
    run(|| {
        assert_ok!(announce(ALICE, HARDWARE));
        next_block();
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, Some(MINIMUM_BOND - 1))),
            Error::<Test>::BondTooLow
        );
        assert_ok!(dispatch(ALICE, register_call(HARDWARE, Some(MINIMUM_BOND))));
    });
}

#[test]
fn register_should_fail_without_the_bond_or_the_deposits() {
    run(|| {
        assert_ok!(announce(ALICE, HARDWARE));
        next_block();
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, Some(ENDOWMENT))),
            TokenError::FundsUnavailable
        );
        let poor = dispatch(
            ALICE,
            pallet_balances::Call::transfer_keep_alive {
                dest: BOB,
                value: ENDOWMENT - 200,
            },
        );
        assert_ok!(poor);
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, None)),
            TokenError::FundsUnavailable
        );
    });
}

#[test]
fn register_should_fail_when_ids_run_out() {
    new_test_ext().execute_with(|| {
        LastAssetId::<Test>::put(AssetId(u64::MAX));
        assert_ok!(announce(ALICE, HARDWARE));
        next_block();
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, None)),
            ArithmeticError::Overflow
        );
        check_state();
    });
}

#[test]
fn register_should_fail_without_the_collection() {
    run(|| {
        assert_ok!(announce(ALICE, HARDWARE));
        next_block();
        let collection = Collection::<Test>::take();
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, None)),
            Error::<Test>::NoCollection
        );
        Collection::<Test>::set(collection);
    });
}
