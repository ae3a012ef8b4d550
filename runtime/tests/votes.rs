// SPDX-License-Identifier: Apache-2.0
//! Holders decide through the real runtime what the owner would.

mod common;

use common::*;
use compute_primitives::AssetId;
use ergon_runtime::*;
use frame_support::{assert_noop, assert_ok};
use pallet_asset_governance::{Action, ActionOf, LastProposal, Outcome, ProposalId, Voters};
use sp_keyring::Sr25519Keyring;
use sp_runtime::traits::{Dispatchable, StaticLookup};
use sp_runtime::{DispatchResult, Perbill, TokenError};

type Error = pallet_asset_governance::Error<Runtime>;

fn dave() -> AccountId {
    Sr25519Keyring::Dave.to_account_id()
}

fn dispatch(who: AccountId, call: impl Into<RuntimeCall>) -> DispatchResult {
    call.into()
        .dispatch(signed(who))
        .map(|_| ())
        .map_err(|error| error.error)
}

fn give(asset: AssetId, from: AccountId, to: AccountId, amount: Balance) -> DispatchResult {
    let dest = <Runtime as frame_system::Config>::Lookup::unlookup(to);
    dispatch(
        from,
        pallet_fractional_ownership::Call::transfer { asset, dest, amount },
    )
}

fn propose(asset: AssetId, who: AccountId, action: ActionOf<Runtime>) -> DispatchResult {
    dispatch(who, pallet_asset_governance::Call::propose { asset, action })
}

fn vote(asset: AssetId, who: AccountId, aye: bool) -> DispatchResult {
    let proposal = LastProposal::<Runtime>::get();
    dispatch(who, pallet_asset_governance::Call::vote { asset, proposal, aye })
}

/// Anyone closes the last proposal; says how it ended.
fn close(asset: AssetId) -> Outcome {
    let proposal = LastProposal::<Runtime>::get();
    assert_ok!(dispatch(
        alice(),
        pallet_asset_governance::Call::close { asset, proposal }
    ));
    System::events()
        .into_iter()
        .rev()
        .find_map(|record| match record.event {
            RuntimeEvent::AssetGovernance(pallet_asset_governance::Event::Closed { outcome, .. }) => {
                Some(outcome)
            }
            _ => None,
        })
        .unwrap()
}

fn unlock(asset: AssetId, proposal: ProposalId, who: AccountId) -> DispatchResult {
    dispatch(
        alice(),
        pallet_asset_governance::Call::unlock { asset, proposal, who },
    )
}

/// Unlocks whatever anyone may.
fn unlock_all(asset: AssetId) {
    let voters: Vec<_> = Voters::<Runtime>::iter_prefix(asset).collect();
    for (who, voter) in voters {
        for vote in voter.votes {
            assert_ok!(unlock(asset, vote.proposal, who.clone()));
        }
    }
}

fn fee(percent: u32) -> ActionOf<Runtime> {
    Action::SetOperatorFee(Perbill::from_percent(percent))
}

/// Bob's device in a thousand fractions: Bob 600, Charlie 350, Dave 50.
fn vault() -> AssetId {
    let asset = register(&bob(), 1_000 * UNIT);
    assert_ok!(FractionalOwnership::fractionalize(
        signed(bob()),
        asset,
        1_000,
        Perbill::zero()
    ));
    assert_ok!(give(asset, bob(), charlie(), 350));
    assert_ok!(give(asset, bob(), dave(), 50));
    asset
}

#[test]
fn holders_set_the_operators_fee_within_its_bounds() {
    development(|| {
        let asset = vault();
        // The owner is a vault now; he who was it has no power of his own.
        assert_noop!(
            RewardDistribution::set_operator_fee(signed(bob()), asset, Perbill::from_percent(1)),
            pallet_reward_distribution::Error::<Runtime>::NotOwner
        );
        assert_ok!(propose(asset, bob(), fee(1)));
        assert_eq!(close(asset), Outcome::Enacted);
        assert_eq!(RewardDistribution::operator_fee(asset), Perbill::from_percent(1));
        check();

        // One percentage point a day, also for those who are all.
        assert_ok!(propose(asset, bob(), fee(2)));
        let too_soon = pallet_reward_distribution::Error::<Runtime>::RaiseTooSoon;
        assert_eq!(close(asset), Outcome::Failed(too_soon.into()));
        assert_eq!(RewardDistribution::operator_fee(asset), Perbill::from_percent(1));
        System::set_block_number(System::block_number() + DAYS);
        assert_ok!(propose(asset, bob(), fee(2)));
        assert_eq!(close(asset), Outcome::Enacted);
        assert_eq!(RewardDistribution::operator_fee(asset), Perbill::from_percent(2));
    });
}

#[test]
fn holders_name_an_operator_who_takes_office() {
    development(|| {
        let asset = vault();
        assert_ok!(propose(asset, charlie(), Action::NominateOperator(Some(dave()))));
        assert_ok!(vote(asset, bob(), false));
        assert_eq!(close(asset), Outcome::Rejected);
        assert_eq!(ComputeAssets::details(asset).unwrap().nominee, None);

        assert_ok!(propose(asset, bob(), Action::NominateOperator(Some(charlie()))));
        assert_eq!(close(asset), Outcome::Enacted);
        assert_ok!(ComputeAssets::accept_operator(
            signed(charlie()),
            asset,
            100 * UNIT
        ));
        assert_eq!(ComputeAssets::details(asset).unwrap().operator, Some(charlie()));
        check();
    });
}

#[test]
fn holders_move_the_nfts_json() {
    development(|| {
        let asset = vault();
        let uri = b"ipfs://device".to_vec();
        assert_ok!(propose(
            asset,
            bob(),
            Action::SetUri(uri.clone().try_into().unwrap())
        ));
        assert_eq!(close(asset), Outcome::Enacted);
        assert_eq!(ComputeAssets::details(asset).unwrap().uri, uri);
    });
}

#[test]
fn what_voted_can_be_neither_sent_nor_sold_nor_redeemed_until_unlocked() {
    development(|| {
        let asset = vault();
        assert_ok!(propose(asset, charlie(), fee(1)));
        assert_noop!(give(asset, charlie(), alice(), 1), TokenError::Frozen);
        // Through an offer, the fractions on hold.
        assert_ok!(FractionalOwnership::offer(signed(charlie()), asset, 350, 1, None));
        let buy = || {
            dispatch(
                alice(),
                pallet_fractional_ownership::Call::buy {
                    asset,
                    seller: charlie(),
                    amount: 350,
                    max_unit_price: 1,
                    max_supply: 1_000,
                },
            )
        };
        assert_noop!(buy(), TokenError::Frozen);
        // What is on hold votes too.
        assert_eq!(AssetGovernance::votes(asset, charlie())[0].weight, 350);

        assert_ok!(vote(asset, bob(), true));
        assert_eq!(close(asset), Outcome::Enacted);
        let proposal = LastProposal::<Runtime>::get();
        assert_noop!(unlock(asset, proposal, charlie()), Error::StillLocked);
        assert_noop!(buy(), TokenError::Frozen);
        System::set_block_number(System::block_number() + AssetGovernance::timing().lock);
        unlock_all(asset);
        assert_ok!(buy());
        check();

        // And all of it comes together again.
        assert_ok!(give(asset, alice(), bob(), 350));
        assert_ok!(give(asset, dave(), bob(), 50));
        assert_ok!(FractionalOwnership::redeem(signed(bob()), asset));
        let deposits = [charlie(), dave()].map(Balances::reserved_balance);
        assert_eq!(deposits, [0, 0]);
        assert_eq!(Voters::<Runtime>::iter().count(), 0);
    });
}

#[test]
fn a_part_below_a_twentieth_proposes_nothing() {
    development(|| {
        let asset = vault();
        assert_ok!(give(asset, dave(), bob(), 1));
        assert_noop!(propose(asset, dave(), fee(1)), Error::PartTooSmall);
        assert_ok!(give(asset, bob(), dave(), 1));
        assert_ok!(propose(asset, dave(), fee(1)));
    });
}
