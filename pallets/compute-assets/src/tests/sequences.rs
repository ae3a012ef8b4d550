// SPDX-License-Identifier: Apache-2.0
//! Random sequences of everything that can happen to assets, by people and by the other pallets.

use super::*;
use proptest::{prelude::*, test_runner::TestRunner};
use sp_core::storage::StateVersion;
use std::{cell::RefCell, collections::BTreeMap};

/// Who tries: mostly the one who may, or random sequences would do nothing but fail.
#[derive(Clone, Copy, Debug)]
enum Who {
    Owner,
    Operator,
    Nominee,
    /// One of those who have a bond for the asset.
    Bearer(usize),
    Person(u8),
}

/// Which asset: one of those alive, in order of id, or one that is not.
#[derive(Clone, Copy, Debug)]
enum Which {
    Live(usize),
    Unknown,
}

#[derive(Clone, Debug)]
enum Op {
    Wait {
        blocks: u64,
    },
    Announce {
        who: u8,
        device: u8,
    },
    WithdrawAnnouncement {
        who: u8,
        announcer: u8,
    },
    /// `device: None`: what was announced.
    Register {
        announcer: usize,
        device: Option<u8>,
        bond: Option<Balance>,
    },
    Nominate {
        asset: Which,
        who: Who,
        nominee: Option<u8>,
    },
    Accept {
        asset: Which,
        who: Who,
        bond: Balance,
    },
    Resign {
        asset: Which,
        who: Who,
    },
    BondExtra {
        asset: Which,
        who: Who,
        amount: Balance,
    },
    ReleaseBond {
        asset: Which,
        bearer: Who,
    },
    SetMetadata {
        asset: Which,
        who: Who,
    },
    Retire {
        asset: Which,
        who: Who,
    },
    Reap {
        asset: Which,
    },
    SendNft {
        asset: Which,
        who: Who,
        to: u8,
    },
    BurnNft {
        asset: Which,
        who: Who,
    },
    Oblige {
        asset: Which,
        bearer: Who,
        blocks: u64,
    },
    Slash {
        asset: Which,
        bearer: Who,
        amount: Balance,
        bounty: Option<(u8, Balance)>,
    },
    SetStatus {
        asset: Which,
        status: AssetStatus,
    },
    SetRate {
        asset: Which,
        rate: u128,
    },
    Deposit {
        asset: Which,
        owner: Who,
    },
    Withdraw {
        asset: Which,
        to: u8,
    },
    AddLien {
        asset: Which,
    },
    RemoveLien {
        asset: Which,
    },
}

fn person(number: u8) -> AccountId {
    AccountId::new([number + 1; 32])
}

fn device(number: u8) -> HardwareId {
    HardwareId([number; 32])
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![15 => any::<usize>().prop_map(Which::Live), 1 => Just(Which::Unknown)]
}

fn mostly(role: Who) -> impl Strategy<Value = Who> {
    prop_oneof![5 => Just(role), 1 => (0u8..5).prop_map(Who::Person)]
}

fn bearer() -> impl Strategy<Value = Who> {
    prop_oneof![12 => (0usize..3).prop_map(Who::Bearer), 1 => (0u8..5).prop_map(Who::Person)]
}

fn any_status() -> impl Strategy<Value = AssetStatus> {
    prop_oneof![
        3 => Just(AssetStatus::Provisional),
        3 => Just(AssetStatus::Active),
        3 => Just(AssetStatus::Offline),
        1 => Just(AssetStatus::Retired)
    ]
}

fn any_op() -> impl Strategy<Value = Op> {
    let who = || 0u8..5;
    let device = || 0u8..4;
    let amount = || 0u128..2_000;
    prop_oneof![
        5 => prop_oneof![4 => Just(1u64), 1 => 1u64..15].prop_map(|blocks| Op::Wait { blocks }),
        3 => (who(), device()).prop_map(|(who, device)| Op::Announce { who, device }),
        6 => (who(), who())
            .prop_map(|(who, announcer)| Op::WithdrawAnnouncement { who, announcer }),
        12 => (0usize..5, proptest::option::weighted(0.1, device()), proptest::option::of(900u128..3_000))
            .prop_map(|(announcer, device, bond)| Op::Register { announcer, device, bond }),
        6 => (which(), mostly(Who::Owner), proptest::option::weighted(0.9, who()))
            .prop_map(|(asset, who, nominee)| Op::Nominate { asset, who, nominee }),
        8 => (which(), mostly(Who::Nominee), amount())
            .prop_map(|(asset, who, bond)| Op::Accept { asset, who, bond }),
        2 => (which(), mostly(Who::Operator)).prop_map(|(asset, who)| Op::Resign { asset, who }),
        3 => (which(), bearer(), amount()).prop_map(|(asset, who, amount)| Op::BondExtra { asset, who, amount }),
        6 => (which(), bearer()).prop_map(|(asset, bearer)| Op::ReleaseBond { asset, bearer }),
        1 => (which(), mostly(Who::Owner)).prop_map(|(asset, who)| Op::SetMetadata { asset, who }),
        2 => (which(), mostly(Who::Owner)).prop_map(|(asset, who)| Op::Retire { asset, who }),
        4 => which().prop_map(|asset| Op::Reap { asset }),
        3 => (which(), mostly(Who::Owner), who()).prop_map(|(asset, who, to)| Op::SendNft { asset, who, to }),
        1 => (which(), mostly(Who::Owner)).prop_map(|(asset, who)| Op::BurnNft { asset, who }),
        5 => (which(), bearer(), 0u64..60)
            .prop_map(|(asset, bearer, blocks)| Op::Oblige { asset, bearer, blocks }),
        4 => (which(), bearer(), amount(), proptest::option::of((0u8..12, 0u128..300)))
            .prop_map(|(asset, bearer, amount, bounty)| Op::Slash { asset, bearer, amount, bounty }),
        3 => (which(), any_status()).prop_map(|(asset, status)| Op::SetStatus { asset, status }),
        1 => (which(), any::<u128>()).prop_map(|(asset, rate)| Op::SetRate { asset, rate }),
        3 => (which(), mostly(Who::Owner)).prop_map(|(asset, owner)| Op::Deposit { asset, owner }),
        3 => (which(), who()).prop_map(|(asset, to)| Op::Withdraw { asset, to }),
        1 => which().prop_map(|asset| Op::AddLien { asset }),
        5 => which().prop_map(|asset| Op::RemoveLien { asset }),
    ]
}

fn resolve(asset: Which) -> AssetId {
    let mut live = Assets::<Test>::iter_keys().collect::<Vec<_>>();
    live.sort();
    match asset {
        Which::Live(n) if !live.is_empty() => live[n % live.len()],
        _ => AssetId(LastAssetId::<Test>::get().0 + 1),
    }
}

fn account(asset: AssetId, who: Who) -> AccountId {
    let record = Assets::<Test>::get(asset);
    let found = match who {
        Who::Owner => <ComputeAssets as InspectAsset<_>>::owner(asset),
        Who::Operator => record.and_then(|record| record.operator),
        Who::Nominee => record.and_then(|record| Some(record.nomination?.nominee)),
        Who::Bearer(n) => Bonds::<Test>::iter_key_prefix(asset).nth(n),
        Who::Person(number) => Some(person(number)),
    };
    found.unwrap_or(CAROL)
}

/// The n-th of those who have announced a device, and the device.
fn announcement(n: usize) -> (AccountId, HardwareId) {
    let all = Announcements::<Test>::iter().collect::<Vec<_>>();
    let Some((who, announcement)) = all.get(n % all.len().max(1)) else {
        return (CAROL, device(0));
    };
    let announced = (0..4)
        .map(device)
        .find(|device| ComputeAssets::commitment(who, device, &SALT) == announcement.commitment)
        .unwrap();
    (who.clone(), announced)
}

/// The operation's name, and what came of it.
fn apply(op: Op) -> (&'static str, DispatchResult) {
    let call = |asset: Which, who: Who, to_call: fn(AssetId) -> Call<Test>| {
        let asset = resolve(asset);
        dispatch(account(asset, who), to_call(asset))
    };
    match op {
        Op::Wait { blocks } => {
            System::set_block_number(System::block_number() + blocks);
            ("wait", Ok(()))
        }
        Op::Announce { who, device: number } => ("announce", announce(person(who), device(number))),
        Op::WithdrawAnnouncement { who, announcer } => (
            "withdraw_announcement",
            dispatch(
                person(who),
                Call::withdraw_announcement {
                    announcer: person(announcer),
                },
            ),
        ),
        Op::Register {
            announcer,
            device: number,
            bond,
        } => {
            let (who, announced) = announcement(announcer);
            let call = register_call(number.map_or(announced, device), bond);
            ("register", dispatch(who, call))
        }
        Op::Nominate { asset, who, nominee } => {
            let asset = resolve(asset);
            let call = Call::nominate_operator {
                asset,
                nominee: nominee.map(person),
            };
            ("nominate_operator", dispatch(account(asset, who), call))
        }
        Op::Accept { asset, who, bond } => {
            let asset = resolve(asset);
            let call = Call::accept_operator { asset, bond };
            ("accept_operator", dispatch(account(asset, who), call))
        }
        Op::Resign { asset, who } => (
            "resign_operator",
            call(asset, who, |asset| Call::resign_operator { asset }),
        ),
        Op::BondExtra { asset, who, amount } => {
            let asset = resolve(asset);
            (
                "bond_extra",
                dispatch(account(asset, who), Call::bond_extra { asset, amount }),
            )
        }
        Op::ReleaseBond { asset, bearer } => {
            let asset = resolve(asset);
            let call = Call::release_bond {
                asset,
                bearer: account(asset, bearer),
            };
            ("release_bond", dispatch(EVE, call))
        }
        Op::SetMetadata { asset, who } => (
            "set_metadata",
            call(asset, who, |asset| Call::set_metadata { asset, uri: uri("b") }),
        ),
        Op::Retire { asset, who } => ("retire", call(asset, who, |asset| Call::retire { asset })),
        Op::Reap { asset } => ("reap", call(asset, Who::Person(4), |asset| Call::reap { asset })),
        Op::SendNft { asset, who, to } => {
            let asset = resolve(asset);
            ("send_nft", send_nft(account(asset, who), asset, person(to)))
        }
        Op::BurnNft { asset, who } => {
            let asset = resolve(asset);
            let collection = ComputeAssets::collection().unwrap();
            let call = pallet_nfts::Call::burn {
                collection,
                item: asset.0,
            };
            ("burn_nft", dispatch(account(asset, who), call))
        }
        Op::Oblige {
            asset,
            bearer,
            blocks,
        } => {
            let asset = resolve(asset);
            let until = System::block_number() + blocks;
            (
                "oblige",
                ComputeAssets::oblige(asset, &account(asset, bearer), until),
            )
        }
        Op::Slash {
            asset,
            bearer,
            amount,
            bounty,
        } => {
            let asset = resolve(asset);
            let bounty = bounty.map(|(who, amount)| Bounty {
                reporter: person(who),
                amount,
            });
            (
                "slash",
                ComputeAssets::slash(asset, &account(asset, bearer), amount, bounty),
            )
        }
        Op::SetStatus { asset, status } => ("set_status", ComputeAssets::set_status(resolve(asset), status)),
        Op::SetRate { asset, rate } => ("set_rate", ComputeAssets::set_rate(resolve(asset), rate)),
        Op::Deposit { asset, owner } => {
            let asset = resolve(asset);
            (
                "deposit",
                ComputeAssets::deposit(asset, &account(asset, owner), &VAULT),
            )
        }
        Op::Withdraw { asset, to } => (
            "withdraw",
            ComputeAssets::withdraw(resolve(asset), &VAULT, &person(to)),
        ),
        Op::AddLien { asset } => ("add_lien", ComputeAssets::add_lien(resolve(asset))),
        Op::RemoveLien { asset } => ("remove_lien", remove_lien_of_another(resolve(asset))),
    }
}

/// The vault's own lien is the vault's to lift.
fn remove_lien_of_another(asset: AssetId) -> DispatchResult {
    let kept = <ComputeAssets as InspectAsset<_>>::owner(asset) == Some(VAULT);
    if kept && Assets::<Test>::get(asset).is_some_and(|record| record.liens == 1) {
        return Err(DispatchError::Other("the vault's"));
    }
    ComputeAssets::remove_lien(asset)
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

/// Runs a sequence on a chain with three assets; answers what succeeded.
fn run_sequence(ops: Vec<Op>) -> Vec<&'static str> {
    let mut succeeded = Vec::new();
    new_test_ext().execute_with(|| {
        for (owner, number) in [(ALICE, 0), (BOB, 1), (CAROL, 2)] {
            register_with(owner, device(number), Some(1_000));
        }
        events();
        let mut issuance = Balances::total_issuance();
        let mut last = LastAssetId::<Test>::get();
        for (n, op) in ops.into_iter().enumerate() {
            // Roots are slow to compute: every fourth failure is checked for changes.
            let root = (n % 4 == 0).then(|| sp_io::storage::root(StateVersion::V1));
            let (name, done) = apply(op.clone());
            match (done, root) {
                (Ok(()), _) => succeeded.push(name),
                (Err(_), Some(before)) => {
                    let after = sp_io::storage::root(StateVersion::V1);
                    assert_eq!(after, before, "{op:?} failed and changed state");
                }
                (Err(_), None) => (),
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
    succeeded
}

#[test]
fn any_sequence_should_keep_the_invariants_and_let_everyone_out() {
    let succeeded = RefCell::new(BTreeMap::<&str, u32>::new());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..Default::default()
    });
    runner
        .run(&proptest::collection::vec(any_op(), 1..120), |ops| {
            for name in run_sequence(ops) {
                *succeeded.borrow_mut().entry(name).or_default() += 1;
            }
            Ok(())
        })
        .unwrap();
    // Sequences in which nothing succeeds would show nothing.
    let succeeded = succeeded.into_inner();
    for name in [
        "announce",
        "withdraw_announcement",
        "register",
        "nominate_operator",
        "accept_operator",
        "resign_operator",
        "bond_extra",
        "release_bond",
        "set_metadata",
        "retire",
        "reap",
        "send_nft",
        "oblige",
        "slash",
        "set_status",
        "set_rate",
        "deposit",
        "withdraw",
        "add_lien",
        "remove_lien",
    ] {
        assert!(succeeded.contains_key(name), "{name}: {succeeded:?}");
    }
    assert_eq!(succeeded.get("burn_nft"), None);
}
