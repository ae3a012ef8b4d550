// SPDX-License-Identifier: Apache-2.0
//! What the holder of an asset's NFT, or anyone, can do to it by the calls of pallet-nfts itself.

use super::*;
use codec::Encode;
use frame_support::traits::{tokens::nonfungibles_v2::Trading, GetCallName};
use pallet_nfts::{
    AttributeNamespace, Call as NftsCall, CancelAttributesApprovalWitness, CollectionConfig,
    CollectionSettings, DestroyWitness, Error as NftsError, ItemConfig, MintSettings, MintType, MintWitness,
    PreSignedAttributes, PreSignedMint,
};
use sp_core::{sr25519, Pair};
use sp_runtime::MultiSignature;
use std::collections::BTreeSet;

type Outcome = Result<(), DispatchError>;

fn no_permission() -> Outcome {
    Err(NftsError::<Test>::NoPermission.into())
}

fn bounded<const N: u32>(text: &str) -> sp_runtime::BoundedVec<u8, sp_core::ConstU32<N>> {
    text.as_bytes().to_vec().try_into().unwrap()
}

/// Every call of pallet-nfts, as the holder would aim it at the asset or its collection, and what comes of it.
/// `locked`: under a lien.
fn attempts(holder: &sr25519::Pair, locked: bool) -> Vec<(NftsCall<Test>, Outcome)> {
    let collection = ComputeAssets::collection().unwrap();
    let item = ASSET.0;
    let who = account_of(holder.public());
    let config = CollectionConfig {
        settings: CollectionSettings::all_enabled(),
        max_supply: None,
        mint_settings: MintSettings::default(),
    };
    let status = || bounded::<10>("status");
    let item_locked = || Err(NftsError::<Test>::ItemLocked.into());
    let if_free = |outcome: Outcome| if locked { item_locked() } else { outcome };
    let disabled = || Err(NftsError::<Test>::MethodDisabled.into());
    let bad_origin = || Err(DispatchError::BadOrigin);

    let mint_data = Box::new(PreSignedMint {
        collection,
        item: 99,
        attributes: vec![],
        metadata: vec![],
        only_account: None,
        deadline: 1_000,
        mint_price: None,
    });
    let attributes = PreSignedAttributes {
        collection,
        item,
        attributes: vec![(b"status".to_vec(), b"active".to_vec())],
        namespace: AttributeNamespace::CollectionOwner,
        deadline: 1_000,
    };
    let sign = |data: Vec<u8>| MultiSignature::from(holder.sign(&data));

    vec![
        // The collection.
        (
            NftsCall::force_create {
                owner: who.clone(),
                config,
            },
            bad_origin(),
        ),
        (
            NftsCall::destroy {
                collection,
                witness: DestroyWitness {
                    item_metadatas: 1,
                    item_configs: 1,
                    attributes: 6,
                },
            },
            no_permission(),
        ),
        (
            NftsCall::lock_collection {
                collection,
                lock_settings: CollectionSettings::all_enabled(),
            },
            no_permission(),
        ),
        (
            NftsCall::transfer_ownership {
                collection,
                new_owner: who.clone(),
            },
            Err(NftsError::<Test>::Unaccepted.into()),
        ),
        (
            NftsCall::set_team {
                collection,
                issuer: None,
                admin: None,
                freezer: None,
            },
            no_permission(),
        ),
        (
            NftsCall::force_collection_owner {
                collection,
                owner: who.clone(),
            },
            bad_origin(),
        ),
        (
            NftsCall::force_collection_config { collection, config },
            bad_origin(),
        ),
        (
            NftsCall::set_collection_metadata {
                collection,
                data: bounded("x"),
            },
            no_permission(),
        ),
        (
            NftsCall::clear_collection_metadata { collection },
            no_permission(),
        ),
        (
            NftsCall::set_collection_max_supply {
                collection,
                max_supply: 1,
            },
            no_permission(),
        ),
        (
            NftsCall::update_mint_settings {
                collection,
                mint_settings: MintSettings::default(),
            },
            no_permission(),
        ),
        // Minting.
        (
            NftsCall::mint {
                collection,
                item: 99,
                mint_to: who.clone(),
                witness_data: None,
            },
            no_permission(),
        ),
        (
            NftsCall::force_mint {
                collection,
                item: 99,
                mint_to: who.clone(),
                item_config: ItemConfig::default(),
            },
            no_permission(),
        ),
        (
            NftsCall::mint_pre_signed {
                signature: sign(mint_data.encode()),
                mint_data,
                signer: who.clone(),
            },
            no_permission(),
        ),
        // The item's settings, metadata and attributes.
        (
            NftsCall::redeposit {
                collection,
                items: vec![item],
            },
            no_permission(),
        ),
        (NftsCall::lock_item_transfer { collection, item }, no_permission()),
        (
            NftsCall::unlock_item_transfer { collection, item },
            no_permission(),
        ),
        (
            NftsCall::lock_item_properties {
                collection,
                item,
                lock_metadata: true,
                lock_attributes: true,
            },
            no_permission(),
        ),
        (
            NftsCall::set_metadata {
                collection,
                item,
                data: bounded("x"),
            },
            no_permission(),
        ),
        (NftsCall::clear_metadata { collection, item }, no_permission()),
        (
            NftsCall::set_attribute {
                collection,
                maybe_item: Some(item),
                namespace: AttributeNamespace::ItemOwner,
                key: status(),
                value: bounded("active"),
            },
            disabled(),
        ),
        (
            NftsCall::force_set_attribute {
                set_as: None,
                collection,
                maybe_item: Some(item),
                namespace: AttributeNamespace::Pallet,
                key: status(),
                value: bounded("active"),
            },
            bad_origin(),
        ),
        (
            NftsCall::clear_attribute {
                collection,
                maybe_item: Some(item),
                namespace: AttributeNamespace::Pallet,
                key: status(),
            },
            no_permission(),
        ),
        (
            NftsCall::approve_item_attributes {
                collection,
                item,
                delegate: BOB,
            },
            disabled(),
        ),
        (
            NftsCall::cancel_item_attributes_approval {
                collection,
                item,
                delegate: BOB,
                witness: CancelAttributesApprovalWitness {
                    account_attributes: 0,
                },
            },
            disabled(),
        ),
        (
            NftsCall::set_attributes_pre_signed {
                signature: sign(attributes.encode()),
                data: attributes,
                signer: who.clone(),
            },
            disabled(),
        ),
        // Trading: all of it works, and none of it moves an encumbered asset.
        (
            NftsCall::approve_transfer {
                collection,
                item,
                delegate: BOB,
                maybe_deadline: None,
            },
            Ok(()),
        ),
        (
            NftsCall::cancel_approval {
                collection,
                item,
                delegate: BOB,
            },
            Ok(()),
        ),
        (
            NftsCall::clear_all_transfer_approvals { collection, item },
            Ok(()),
        ),
        (
            NftsCall::set_price {
                collection,
                item,
                price: Some(7),
                whitelisted_buyer: None,
            },
            Ok(()),
        ),
        (
            NftsCall::buy_item {
                collection,
                item,
                bid_price: 7,
            },
            no_permission(),
        ),
        (
            NftsCall::create_swap {
                offered_collection: collection,
                offered_item: item,
                desired_collection: collection,
                maybe_desired_item: Some(item),
                maybe_price: None,
                duration: 10,
            },
            Ok(()),
        ),
        (
            NftsCall::claim_swap {
                send_collection: collection,
                send_item: item,
                receive_collection: collection,
                receive_item: item,
                witness_price: None,
            },
            if_free(Ok(())),
        ),
        (
            NftsCall::cancel_swap {
                offered_collection: collection,
                offered_item: item,
            },
            if locked {
                Ok(())
            } else {
                Err(NftsError::<Test>::UnknownSwap.into())
            },
        ),
        (
            NftsCall::transfer {
                collection,
                item,
                dest: who,
            },
            if_free(Ok(())),
        ),
        // Nothing of ours.
        (
            NftsCall::pay_tips {
                tips: Default::default(),
            },
            Ok(()),
        ),
        (
            NftsCall::set_accept_ownership {
                maybe_collection: Some(collection),
            },
            Ok(()),
        ),
        (NftsCall::create { admin: BOB, config }, Ok(())),
        // The one that would hurt, and that the call filter refuses.
        (
            NftsCall::burn { collection, item },
            Err(frame_system::Error::<Test>::CallFiltered.into()),
        ),
    ]
}

#[test]
fn no_call_of_pallet_nfts_should_hurt_an_asset_in_its_holder_s_hands() {
    for locked in [false, true] {
        run(|| {
            let holder = sr25519::Pair::from_seed(&[42; 32]);
            let who = account_of(holder.public());
            assert_ok!(Balances::force_set_balance(
                RuntimeOrigin::root(),
                who.clone(),
                ENDOWMENT
            ));
            register(who.clone(), Some(1_000));
            if locked {
                assert_ok!(ComputeAssets::add_lien(ASSET));
            }
            let before = ComputeAssets::details(ASSET);

            let mut seen = BTreeSet::new();
            for (call, expected) in attempts(&holder, locked) {
                let name = frame_support::traits::GetCallName::get_call_name(&call);
                assert_eq!(dispatch(who.clone(), call), expected, "{name}, locked: {locked}");
                assert_eq!(ComputeAssets::details(ASSET), before, "{name}, locked: {locked}");
                check_state();
                seen.insert(name);
            }
            let all = NftsCall::<Test>::get_call_names()
                .iter()
                .copied()
                .collect::<BTreeSet<_>>();
            assert_eq!(seen, all, "a call of pallet-nfts is not tried");
        });
    }
}

#[test]
fn burning_past_the_call_filter_would_leave_an_asset_without_an_owner() {
    new_test_ext().execute_with(|| {
        register(ALICE, Some(1_000));
        let collection = ComputeAssets::collection().unwrap();
        assert_noop!(
            dispatch(
                ALICE,
                NftsCall::burn {
                    collection,
                    item: ASSET.0
                }
            ),
            frame_system::Error::<Test>::CallFiltered
        );
        assert_ok!(Nfts::burn(RuntimeOrigin::signed(ALICE), collection, ASSET.0));
        assert!(ComputeAssets::do_try_state().is_err());
        assert_noop!(
            dispatch(ALICE, Call::retire { asset: ASSET }),
            Error::<Test>::NotOwner
        );
        // The operator would still get out.
        assert_ok!(dispatch(ALICE, Call::resign_operator { asset: ASSET }));
        assert_eq!(bond_hold(&ALICE), 0);
    });
}

#[test]
fn other_collections_may_be_burned() {
    run(|| {
        let config = CollectionConfig {
            settings: CollectionSettings::all_enabled(),
            max_supply: None,
            mint_settings: MintSettings::default(),
        };
        assert_ok!(dispatch(BOB, NftsCall::create { admin: BOB, config }));
        let collection = ComputeAssets::collection().unwrap() + 1;
        assert_ok!(dispatch(
            BOB,
            NftsCall::mint {
                collection,
                item: 1,
                mint_to: BOB,
                witness_data: None
            }
        ));
        assert_ok!(dispatch(BOB, NftsCall::burn { collection, item: 1 }));
    });
}

#[test]
fn an_approved_delegate_and_a_buyer_should_get_the_asset_unless_it_is_encumbered() {
    run(|| {
        register(ALICE, None);
        let collection = ComputeAssets::collection().unwrap();
        let item = ASSET.0;
        let price = NftsCall::set_price {
            collection,
            item,
            price: Some(100),
            whitelisted_buyer: None,
        };
        let buy = || NftsCall::buy_item {
            collection,
            item,
            bid_price: 100,
        };
        assert_ok!(dispatch(ALICE, price));
        assert_ok!(ComputeAssets::add_lien(ASSET));
        assert_noop!(dispatch(BOB, buy()), NftsError::<Test>::ItemLocked);
        assert_ok!(ComputeAssets::remove_lien(ASSET));
        assert_ok!(dispatch(BOB, buy()));
        assert_eq!(ComputeAssets::owner(ASSET), Some(BOB));
        assert_eq!(Nfts::item_price(&collection, &item), None);

        let approve = NftsCall::approve_transfer {
            collection,
            item,
            delegate: CAROL,
            maybe_deadline: None,
        };
        assert_ok!(dispatch(BOB, approve));
        assert_ok!(send_nft(CAROL, ASSET, DAVE));
        assert_eq!(ComputeAssets::owner(ASSET), Some(DAVE));
    });
}

/// Whoever sends its NFT to an account without a key has thrown it away. The bond is not lost with it.
#[test]
fn an_nft_sent_to_a_keyless_account_by_hand_should_not_hold_its_operator() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 50);
        assert_ok!(send_nft(ALICE, ASSET, VAULT));
        // No deposit: no lien, and nothing to withdraw.
        assert_eq!(ComputeAssets::details(ASSET).unwrap().liens, 0);
        assert_noop!(
            ComputeAssets::withdraw(ASSET, &VAULT, &ALICE),
            Error::<Test>::NotEncumbered
        );
        assert_ok!(dispatch(ALICE, Call::resign_operator { asset: ASSET }));
        System::set_block_number(51);
        assert_ok!(dispatch(
            EVE,
            Call::release_bond {
                asset: ASSET,
                bearer: ALICE
            }
        ));
        assert_eq!(bond_hold(&ALICE), 0);
    });
}

/// pallet-nfts marks an item by which something was claimed in another's collection, in the system namespace and
/// without a deposit. The mark survives the asset; as ids are never reused, nobody inherits it.
#[test]
fn a_foreign_collection_s_claim_mark_should_hurt_nothing_and_outlive_the_asset() {
    run(|| {
        register(ALICE, None);
        let ours = ComputeAssets::collection().unwrap();
        let config = CollectionConfig {
            settings: CollectionSettings::all_enabled(),
            max_supply: None,
            mint_settings: MintSettings {
                mint_type: MintType::HolderOf(ours),
                ..Default::default()
            },
        };
        assert_ok!(dispatch(BOB, NftsCall::create { admin: BOB, config }));
        let witness_data = Some(MintWitness {
            owned_item: Some(ASSET.0),
            mint_price: None,
        });
        let claim = NftsCall::mint {
            collection: ours + 1,
            item: 1,
            mint_to: ALICE,
            witness_data,
        };
        assert_ok!(dispatch(ALICE, claim));
        assert_eq!(pallet_nfts::Attribute::<Test>::iter().count(), 7);
        check_state();

        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_ok!(dispatch(ALICE, Call::reap { asset: ASSET }));
        assert_eq!(pallet_nfts::Attribute::<Test>::iter().count(), 1);
        assert_eq!(register_with(ALICE, HARDWARE, None), AssetId(2));
    });
}
