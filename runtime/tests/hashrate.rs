// SPDX-License-Identifier: Apache-2.0
//! Miners of SHA-256d through the real runtime: minted, proven, paid from their own pot, owned in fractions, gone.

mod common;

use common::*;
use compute_primitives::{api::Phase, AssetKind, AssetStatus};
use ergon_runtime::*;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{traits::StaticLookup, Perbill};

const BOND: Balance = 1_000 * UNIT;

#[test]
fn a_miner_is_minted_proven_paid_and_owned_in_fractions_like_a_card() {
    development(|| {
        let (miner, card) = (
            register_as(AssetKind::Hashrate, &bob(), BOND),
            register(&charlie(), BOND),
        );
        assert_ok!(FractionalOwnership::fractionalize(
            signed(bob()),
            miner,
            1_000,
            Perbill::zero()
        ));
        let dest = <Runtime as frame_system::Config>::Lookup::unlookup(alice());
        assert_ok!(FractionalOwnership::transfer(signed(bob()), miner, dest, 250));

        next_census();
        let hashes = hash(miner, &bob(), 200_000);
        work(card, &charlie(), 2);
        let census = ProofOfCompute::census_info();
        assert_eq!((census.hashrate.submissions, census.hashrate.hashes), (1, hashes));
        // A fifth of the emission is for hashes.
        assert_eq!(census.hashrate.pot, 200 * UNIT);
        assert_eq!(census.pot, 800 * UNIT);
        for asset in [miner, card] {
            assert_ok!(ProofOfCompute::settle(signed(alice()), asset));
        }
        check();
        let info = ProofOfCompute::rating_info(miner).unwrap();
        assert_eq!((info.verified_work, info.missed), (hashes, 0));
        assert!(info.rate > 0 && info.rate_error > 0 && info.rate_error < info.rate / 7);
        assert_eq!(ProofOfCompute::effective_status(miner), Some(AssetStatus::Active));
        // A sixteenth of the bond, since it was alone.
        assert_eq!(ProofOfCompute::census_info().hashrate.paid, BOND / 16);
        let stats = configs::compute::views::network_stats();
        assert!(stats.hashrate > 0 && stats.verified_hashes == hashes && stats.rate > 0);

        // It vests, and goes to whoever holds the fractions.
        for _ in 0..40 {
            next_block();
        }
        let net = BOND / 16 - BOND / 16 / 50;
        for (who, part) in [(bob(), 750), (alice(), 250)] {
            let pending = RewardDistribution::pending(miner, who.clone());
            assert_eq!(pending, net * part / 1_000);
            assert_ok!(RewardDistribution::claim(signed(who), miner));
        }
    });
}

#[test]
fn each_kind_of_work_is_for_its_kind_of_asset() {
    development(|| {
        let (miner, card) = (
            register_as(AssetKind::Hashrate, &bob(), BOND),
            register(&bob(), BOND),
        );
        next_census();
        let census = ProofOfCompute::census_info();
        let wrong = || pallet_proof_of_compute::Error::<Runtime>::WrongKind;
        assert_noop!(
            ProofOfCompute::commit(
                signed(bob()),
                miner,
                census.index,
                census.challenge,
                0,
                1,
                Default::default()
            ),
            wrong()
        );
        assert_noop!(
            ProofOfCompute::submit_shares(
                signed(bob()),
                card,
                census.index,
                census.challenge,
                Default::default()
            ),
            wrong()
        );
    });
}

#[test]
fn a_miner_that_is_given_up_gets_its_last_pay_and_its_bond() {
    development(|| {
        let miner = register_as(AssetKind::Hashrate, &bob(), BOND);
        next_census();
        hash(miner, &bob(), 500);
        assert_ok!(ComputeAssets::retire(signed(bob()), miner));
        run_to(Phase::Payment);
        assert_ok!(ProofOfCompute::settle(signed(alice()), miner));
        for _ in 0..40 {
            next_block();
        }
        assert_ok!(RewardDistribution::claim(signed(bob()), miner));
        assert!(Balances::free_balance(bob()) > 1_000_000 * UNIT - 2 * BOND);
        System::set_block_number(System::block_number() + configs::compute::SlashingHorizon::get() + 10);
        assert_ok!(ComputeAssets::reap(signed(bob()), miner));
        assert_eq!(Balances::reserved_balance(bob()), 0);
        assert_eq!(ProofOfCompute::rating_info(miner), None);
    });
}
