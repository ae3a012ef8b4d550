// SPDX-License-Identifier: Apache-2.0
//! What is done about an asset costs the same with three holders and with very many: the same storage is read and written.
//!
//! docs/holders.md has the table for a hundred thousand, and the command that prints it.

mod common;

use codec::Encode;
use common::*;
use compute_primitives::{AssetId, AssetKind, CensusIndex, Emission, Income, Sale};
use ergon_runtime::*;
use frame_support::{assert_ok, traits::fungible::NativeOrWithId};
use pallet_asset_governance::Action;
use sp_core::Blake2Hasher;
use sp_io::TestExternalities;
use sp_runtime::{traits::StaticLookup, Perbill};
use std::time::{Duration, Instant};

const SUPPLY: Balance = 10_000_000;

/// So many holders besides Bob, Charlie and Alice. A thousand tell as much as a hundred thousand, in a second.
fn many() -> u32 {
    match std::env::var("HOLDERS") {
        Ok(number) => number.parse().expect("HOLDERS is a number"),
        Err(_) => 1_000,
    }
}

fn holder(number: u32) -> AccountId {
    let mut id = [0xee; 32];
    id[..4].copy_from_slice(&number.to_le_bytes());
    id.into()
}

fn give(asset: AssetId, to: AccountId, amount: Balance) {
    let dest = <Runtime as frame_system::Config>::Lookup::unlookup(to);
    assert_ok!(FractionalOwnership::transfer(signed(bob()), asset, dest, amount));
}

fn emit(asset: AssetId) {
    let next = pallet_reward_distribution::Pots::<Runtime>::get().census().0 + 1;
    <RewardDistribution as Emission<AccountId>>::draw(AssetKind::Gpu, CensusIndex(next));
    assert_ok!(<RewardDistribution as Emission<AccountId>>::pay(
        asset,
        AssetKind::Gpu,
        UNIT
    ));
}

fn add_liquidity(asset: AssetId, who: AccountId) {
    assert_ok!(AssetConversion::add_liquidity(
        signed(who.clone()),
        Box::new(NativeOrWithId::Native),
        Box::new(NativeOrWithId::WithId(asset)),
        100 * UNIT,
        100_000,
        1,
        1,
        who,
    ));
}

fn pass(blocks: BlockNumber) {
    System::set_block_number(System::block_number() + blocks);
}

/// Bob's device: Charlie has a part and Alice, and `others` a fraction each. With a pool, and income that waits.
fn device(others: u32) -> (TestExternalities, AssetId) {
    let mut ext = chain(sp_genesis_builder::DEV_RUNTIME_PRESET);
    let asset = ext.execute_with(|| {
        let asset = register(&bob(), 1_000 * UNIT);
        assert_ok!(FractionalOwnership::fractionalize(
            signed(bob()),
            asset,
            SUPPLY,
            Perbill::from_percent(5)
        ));
        give(asset, charlie(), SUPPLY / 4);
        give(asset, alice(), SUPPLY / 10);
        for number in 0..others {
            give(asset, holder(number), 1);
            // Events of a hundred thousand transfers are no part of what is measured. To forget them takes time with all that the
            // overlay holds, so not each by itself.
            if number % 1_000 == 0 {
                System::reset_events();
            }
        }
        System::reset_events();
        assert_ok!(AssetConversion::create_pool(
            signed(bob()),
            Box::new(NativeOrWithId::Native),
            Box::new(NativeOrWithId::WithId(asset)),
        ));
        add_liquidity(asset, charlie());
        emit(asset);
        pass(5);
        assert_ok!(<RewardDistribution as Income<AccountId>>::touch(asset));
        emit(asset);
        pass(5);
        asset
    });
    (ext, asset)
}

type Act = fn(AssetId);

/// What is measured, with what must be done before.
const ACTS: &[(&str, Act, Act)] = &[
    (
        "a tenant pays (`pay_revenue`)",
        |_| (),
        |asset| {
            assert_ok!(RewardDistribution::pay_revenue(signed(alice()), asset, UNIT));
        },
    ),
    (
        "a census is paid (`Emission::pay`)",
        |_| (),
        |asset| {
            assert_ok!(<RewardDistribution as Emission<AccountId>>::pay(
                asset,
                AssetKind::Gpu,
                UNIT
            ));
        },
    ),
    (
        "`transfer` of fractions",
        |_| (),
        |asset| give(asset, charlie(), 5),
    ),
    (
        "`claim`",
        |_| (),
        |asset| {
            assert_ok!(RewardDistribution::claim(signed(charlie()), asset));
        },
    ),
    ("`propose`", |_| (), propose),
    ("`vote`", propose, |asset| {
        let proposal = pallet_asset_governance::LastProposal::<Runtime>::get();
        assert_ok!(AssetGovernance::vote(signed(bob()), asset, proposal, true));
    }),
    (
        "`close`, which opens the auction",
        |asset| {
            assert_ok!(FractionalOwnership::bid(signed(alice()), asset, 100 * UNIT));
            propose_sale(asset);
        },
        |asset| {
            let proposal = pallet_asset_governance::LastProposal::<Runtime>::get();
            assert_ok!(AssetGovernance::close(signed(alice()), asset, proposal));
            assert!(FractionalOwnership::highest_bid(asset).unwrap().ends_at.is_some());
        },
    ),
    (
        "`bid`",
        |_| (),
        |asset| {
            assert_ok!(FractionalOwnership::bid(signed(alice()), asset, 100 * UNIT));
        },
    ),
    (
        "`settle_auction`, which dissolves the pool",
        end_auction,
        |asset| {
            assert_ok!(FractionalOwnership::settle_auction(signed(bob()), asset));
        },
    ),
    ("`cash_out`", sell, |asset| {
        assert_ok!(FractionalOwnership::cash_out(signed(bob()), asset));
    }),
    ("`add_liquidity`", |_| (), |asset| add_liquidity(asset, charlie())),
    (
        "a swap",
        |_| (),
        |asset| {
            assert_ok!(AssetConversion::swap_exact_tokens_for_tokens(
                signed(alice()),
                vec![
                    Box::new(NativeOrWithId::Native),
                    Box::new(NativeOrWithId::WithId(asset))
                ],
                UNIT,
                1,
                alice(),
                true,
            ));
        },
    ),
    (
        "`claim` of what LP tokens earned",
        |_| (),
        |asset| {
            assert_ok!(LpTokens::claim(signed(charlie()), asset));
        },
    ),
];

fn propose(asset: AssetId) {
    assert_ok!(AssetGovernance::propose(
        signed(charlie()),
        asset,
        Action::SetReserve(Some(UNIT))
    ));
}

/// By Bob, who has more than half.
fn propose_sale(asset: AssetId) {
    assert_ok!(AssetGovernance::propose(
        signed(bob()),
        asset,
        Action::AcceptBid(100 * UNIT)
    ));
    pass(AssetGovernance::timing().voting);
}

fn end_auction(asset: AssetId) {
    assert_ok!(<FractionalOwnership as Sale>::set_reserve(asset, Some(UNIT)));
    assert_ok!(FractionalOwnership::bid(signed(alice()), asset, 100 * UNIT));
    pass(configs::compute::AuctionPeriod::get());
}

fn sell(asset: AssetId) {
    end_auction(asset);
    assert_ok!(FractionalOwnership::settle_auction(signed(bob()), asset));
}

struct Cost {
    /// Distinct keys read from the backend.
    reads: usize,
    writes: usize,
    /// Bytes of the trie that prove what was read: they grow with the depth of the trie.
    proof: usize,
    took: Duration,
}

/// Does it on a chain that is thrown away afterwards.
fn cost(ext: &mut TestExternalities, asset: AssetId, prepare: Act, act: Act) -> Cost {
    ext.execute_with(|| {
        prepare(asset);
        System::reset_events();
    });
    ext.commit_all().unwrap();
    let recorder = sp_trie::recorder::Recorder::<Blake2Hasher>::default();
    let began = Instant::now();
    ext.execute_with_recorder(recorder.clone(), || act(asset));
    Cost {
        took: began.elapsed(),
        reads: recorder.recorded_keys().values().map(|keys| keys.len()).sum(),
        writes: ext.overlayed_changes().changes().count(),
        proof: recorder.drain_storage_proof().encoded_size(),
    }
}

#[test]
fn nothing_costs_more_with_many_holders() {
    let many = many();
    println!("| | storage keys read / written | proof, 3 holders | proof, {many} more | time, as a ratio |");
    println!("|---|---|---|---|---|");
    let (mut few, asset) = device(0);
    let (mut crowd, _) = device(many);
    // Each is done on a copy of the same state.
    few.commit_all().unwrap();
    crowd.commit_all().unwrap();
    let (few, crowd) = (few.into_raw_snapshot(), crowd.into_raw_snapshot());
    for (name, prepare, act) in ACTS {
        let run = |(raw, root): &(Vec<_>, _)| {
            let mut ext =
                TestExternalities::from_raw_snapshot(raw.clone(), *root, sp_core::storage::StateVersion::V1);
            let cost = cost(&mut ext, asset, *prepare, *act);
            ext.execute_with(check_quickly);
            cost
        };
        let (one, other) = (run(&few), run(&crowd));
        println!(
            "| {name} | {} / {} | {} | {} | {:.1} |",
            one.reads,
            one.writes,
            one.proof,
            other.proof,
            other.took.as_secs_f64() / one.took.as_secs_f64()
        );
        assert!(one.reads > 0 && one.writes > 0, "{name}");
        assert_eq!((one.reads, one.writes), (other.reads, other.writes), "{name}");
    }
}

/// Every invariant, unless there are so many holders that it takes minutes.
fn check_quickly() {
    if many() <= 1_000 {
        check();
    }
}
