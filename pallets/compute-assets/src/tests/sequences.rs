// SPDX-License-Identifier: Apache-2.0
//! Random sequences of everything that can happen to assets, by people and by the other pallets.

use super::*;
use proptest::prelude::*;
use sp_core::storage::StateVersion;

/// People are numbered 0..5, assets 1..=4 (more can't be: there are four devices, but ids go on), devices 0..4.
#[derive(Clone, Debug)]
enum Op {
    Wait(u64),
    Announce {
        who: u8,
        device: u8,
    },
    WithdrawAnnouncement {
        who: u8,
        announcer: u8,
    },
    Register {
        who: u8,
        device: u8,
        bond: Option<Balance>,
    },
    Nominate {
        who: u8,
        asset: u64,
        nominee: Option<u8>,
    },
    Accept {
        who: u8,
        asset: u64,
        bond: Balance,
    },
    Resign {
        who: u8,
        asset: u64,
    },
    BondExtra {
        who: u8,
        asset: u64,
        amount: Balance,
    },
    ReleaseBond {
        asset: u64,
        bearer: u8,
    },
    SetMetadata {
        who: u8,
        asset: u64,
    },
    Retire {
        who: u8,
        asset: u64,
    },
    Reap {
        asset: u64,
    },
    SendNft {
        who: u8,
        asset: u64,
        to: u8,
    },
    BurnNft {
        who: u8,
        asset: u64,
    },
    Oblige {
        asset: u64,
        bearer: u8,
        blocks: u64,
    },
    Slash {
        asset: u64,
        bearer: u8,
        amount: Balance,
        bounty: Option<(u8, Balance)>,
    },
    SetStatus {
        asset: u64,
        status: AssetStatus,
    },
    SetRate {
        asset: u64,
        rate: u128,
    },
    Deposit {
        asset: u64,
        owner: u8,
    },
    Withdraw {
        asset: u64,
        to: u8,
    },
    AddLien {
        asset: u64,
    },
    RemoveLien {
        asset: u64,
    },
}

fn person(number: u8) -> AccountId {
    AccountId::new([number + 1; 32])
}

fn device(number: u8) -> HardwareId {
    HardwareId([number; 32])
}

fn any_op() -> impl Strategy<Value = Op> {
    let who = || 0u8..5;
    let asset = || 1u64..6;
    let device = || 0u8..4;
    let amount = || 0u128..3_000;
    let status = prop_oneof![
        Just(AssetStatus::Provisional),
        Just(AssetStatus::Active),
        Just(AssetStatus::Offline),
        Just(AssetStatus::Retired)
    ];
    prop_oneof![
        4 => (1u64..12).prop_map(Op::Wait),
        4 => (who(), device()).prop_map(|(who, device)| Op::Announce { who, device }),
        1 => (who(), who()).prop_map(|(who, announcer)| Op::WithdrawAnnouncement { who, announcer }),
        6 => (who(), device(), proptest::option::of(500u128..3_000))
            .prop_map(|(who, device, bond)| Op::Register { who, device, bond }),
        5 => (who(), asset(), proptest::option::weighted(0.9, who()))
            .prop_map(|(who, asset, nominee)| Op::Nominate { who, asset, nominee }),
        5 => (who(), asset(), amount()).prop_map(|(who, asset, bond)| Op::Accept { who, asset, bond }),
        2 => (who(), asset()).prop_map(|(who, asset)| Op::Resign { who, asset }),
        2 => (who(), asset(), amount()).prop_map(|(who, asset, amount)| Op::BondExtra { who, asset, amount }),
        2 => (asset(), who()).prop_map(|(asset, bearer)| Op::ReleaseBond { asset, bearer }),
        1 => (who(), asset()).prop_map(|(who, asset)| Op::SetMetadata { who, asset }),
        2 => (who(), asset()).prop_map(|(who, asset)| Op::Retire { who, asset }),
        3 => asset().prop_map(|asset| Op::Reap { asset }),
        3 => (who(), asset(), who()).prop_map(|(who, asset, to)| Op::SendNft { who, asset, to }),
        1 => (who(), asset()).prop_map(|(who, asset)| Op::BurnNft { who, asset }),
        4 => (asset(), who(), 0u64..60)
            .prop_map(|(asset, bearer, blocks)| Op::Oblige { asset, bearer, blocks }),
        4 => (asset(), who(), amount(), proptest::option::of((0u8..12, 0u128..300)))
            .prop_map(|(asset, bearer, amount, bounty)| Op::Slash { asset, bearer, amount, bounty }),
        3 => (asset(), status).prop_map(|(asset, status)| Op::SetStatus { asset, status }),
        1 => (asset(), any::<u128>()).prop_map(|(asset, rate)| Op::SetRate { asset, rate }),
        3 => (asset(), who()).prop_map(|(asset, owner)| Op::Deposit { asset, owner }),
        3 => (asset(), who()).prop_map(|(asset, to)| Op::Withdraw { asset, to }),
        1 => asset().prop_map(|asset| Op::AddLien { asset }),
        2 => asset().prop_map(|asset| Op::RemoveLien { asset }),
    ]
}

fn apply(op: Op) -> DispatchResult {
    let id = AssetId;
    match op {
        Op::Wait(blocks) => {
            System::set_block_number(System::block_number() + blocks);
            Ok(())
        }
        Op::Announce { who, device: number } => announce(person(who), device(number)),
        Op::WithdrawAnnouncement { who, announcer } => dispatch(
            person(who),
            Call::withdraw_announcement {
                announcer: person(announcer),
            },
        ),
        Op::Register {
            who,
            device: number,
            bond,
        } => dispatch(person(who), register_call(device(number), bond)),
        Op::Nominate { who, asset, nominee } => dispatch(
            person(who),
            Call::nominate_operator {
                asset: id(asset),
                nominee: nominee.map(person),
            },
        ),
        Op::Accept { who, asset, bond } => dispatch(
            person(who),
            Call::accept_operator {
                asset: id(asset),
                bond,
            },
        ),
        Op::Resign { who, asset } => dispatch(person(who), Call::resign_operator { asset: id(asset) }),
        Op::BondExtra { who, asset, amount } => dispatch(
            person(who),
            Call::bond_extra {
                asset: id(asset),
                amount,
            },
        ),
        Op::ReleaseBond { asset, bearer } => dispatch(
            EVE,
            Call::release_bond {
                asset: id(asset),
                bearer: person(bearer),
            },
        ),
        Op::SetMetadata { who, asset } => dispatch(
            person(who),
            Call::set_metadata {
                asset: id(asset),
                uri: uri("b"),
            },
        ),
        Op::Retire { who, asset } => dispatch(person(who), Call::retire { asset: id(asset) }),
        Op::Reap { asset } => dispatch(EVE, Call::reap { asset: id(asset) }),
        Op::SendNft { who, asset, to } => send_nft(person(who), id(asset), person(to)),
        Op::BurnNft { who, asset } => {
            let collection = ComputeAssets::collection().unwrap();
            dispatch(
                person(who),
                pallet_nfts::Call::burn {
                    collection,
                    item: asset,
                },
            )
        }
        Op::Oblige {
            asset,
            bearer,
            blocks,
        } => ComputeAssets::oblige(id(asset), &person(bearer), System::block_number() + blocks),
        Op::Slash {
            asset,
            bearer,
            amount,
            bounty,
        } => {
            let bounty = bounty.map(|(who, amount)| Bounty {
                reporter: person(who),
                amount,
            });
            ComputeAssets::slash(id(asset), &person(bearer), amount, bounty)
        }
        Op::SetStatus { asset, status } => ComputeAssets::set_status(id(asset), status),
        Op::SetRate { asset, rate } => ComputeAssets::set_rate(id(asset), rate),
        Op::Deposit { asset, owner } => ComputeAssets::deposit(id(asset), &person(owner), &VAULT),
        Op::Withdraw { asset, to } => ComputeAssets::withdraw(id(asset), &VAULT, &person(to)),
        Op::AddLien { asset } => ComputeAssets::add_lien(id(asset)),
        Op::RemoveLien { asset } => {
            // The vault's own lien is the vault's to lift.
            let kept = ComputeAssets::owner(id(asset)) == Some(VAULT);
            if kept && Assets::<Test>::get(id(asset)).is_some_and(|record| record.liens == 1) {
                return Err(DispatchError::Other("the vault's"));
            }
            ComputeAssets::remove_lien(id(asset))
        }
    }
}

/// What slashes have burnt, as their events say.
fn burnt() -> Balance {
    events()
        .into_iter()
        .map(|event| match event {
            Event::BondSlashed { amount, bounty, .. } => amount - bounty,
            _ => 0,
        })
        .sum()
}

/// Whatever has happened: once the liens are gone and the obligations have ended, every asset can be given up and
/// everyone's funds are free.
fn everyone_gets_out() {
    for asset in Assets::<Test>::iter_keys().collect::<Vec<_>>() {
        while Assets::<Test>::get(asset).unwrap().liens > 1 {
            assert_ok!(ComputeAssets::remove_lien(asset));
        }
        if ComputeAssets::owner(asset) == Some(VAULT) {
            assert_ok!(ComputeAssets::withdraw(asset, &VAULT, &BOB));
        } else if Assets::<Test>::get(asset).unwrap().liens == 1 {
            assert_ok!(ComputeAssets::remove_lien(asset));
        }
        if ComputeAssets::status(asset) != Some(AssetStatus::Retired) {
            let owner = <ComputeAssets as InspectAsset<_>>::owner(asset).unwrap();
            assert_ok!(dispatch(owner, Call::retire { asset }));
        }
    }
    System::set_block_number(System::block_number() + 61);
    for asset in Assets::<Test>::iter_keys().collect::<Vec<_>>() {
        assert_ok!(dispatch(EVE, Call::reap { asset }));
    }
    for announcer in Announcements::<Test>::iter_keys().collect::<Vec<_>>() {
        assert_ok!(dispatch(EVE, Call::withdraw_announcement { announcer }));
    }
    for number in 0..12 {
        assert_eq!(Balances::total_balance_on_hold(&person(number)), 0);
        assert_eq!(
            Balances::balance(&person(number)),
            Balances::total_balance(&person(number))
        );
    }
    assert_eq!(Bonds::<Test>::iter().count(), 0);
    assert_eq!(pallet_nfts::Attribute::<Test>::iter().count(), 0);
    assert_eq!(pallet_nfts::ItemMetadataOf::<Test>::iter().count(), 0);
    check_state();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_sequence_keeps_the_invariants_and_lets_everyone_out(ops in proptest::collection::vec(any_op(), 1..120)) {
        new_test_ext().execute_with(|| {
            let mut issuance = Balances::total_issuance();
            let mut last = LastAssetId::<Test>::get();
            for op in ops {
                let root = sp_io::storage::root(StateVersion::V1);
                let done = apply(op.clone());
                if done.is_err() {
                    assert_eq!(sp_io::storage::root(StateVersion::V1), root, "{op:?} failed and changed state");
                }
                issuance -= burnt();
                assert_eq!(Balances::total_issuance(), issuance, "{op:?}");
                assert!(LastAssetId::<Test>::get() >= last);
                last = LastAssetId::<Test>::get();
                check_state();
            }
            everyone_gets_out();
            assert_eq!(Balances::total_issuance(), issuance);
        });
    }
}
