// SPDX-License-Identifier: Apache-2.0
//! Benchmarks, run in the runtime with its real siblings. The list of open proposals is full.

use crate::types::{AccountIdOf, OpenProposal};
use crate::{
    Action, ActionOf, Balance, Call, Config, Durations, FreezeReason, LastProposal, Open, Pallet, ProposalId,
    Proposals, Voters,
};
use compute_primitives::{AssetId, OperatorFees};
use frame_benchmarking::v2::*;
use frame_support::traits::fungibles::MutateFreeze as _;
use frame_support::traits::{Consideration, Get};
use frame_system::RawOrigin;
use sp_runtime::traits::Saturating;
use sp_runtime::{DispatchError, DispatchResult, Perbill};

/// What the runtime does for these benchmarks.
pub trait BenchmarkHelper<AccountId> {
    /// Makes an asset in `supply` fractions, all of them `owner`'s, which has an operator.
    fn create_asset(owner: &AccountId, supply: Balance) -> Result<AssetId, DispatchError>;

    /// Lets the asset have income that no one has been credited with yet, so that a change of the operator's fee has all its work to
    /// do. May move the block number on.
    fn accrue_income(_asset: AssetId) -> DispatchResult {
        Ok(())
    }

    /// Lets a bid of `price` for the asset stand.
    fn place_bid(_asset: AssetId, _price: Balance) -> DispatchResult {
        Ok(())
    }
}

const SUPPLY: Balance = 1_000_000;
const PRICE: Balance = 1_000_000_000_000_000;

fn fail(error: DispatchError) -> BenchmarkError {
    BenchmarkError::Stop(error.into())
}

/// An account that can pay every deposit here.
fn rich<T: Config>(name: &'static str) -> T::AccountId {
    let who: T::AccountId = account(name, 0, 0);
    T::ProposalConsideration::ensure_successful(&who, Pallet::<T>::proposal_footprint());
    T::VoterConsideration::ensure_successful(&who, Pallet::<T>::voter_footprint());
    who
}

/// All fractions of an asset in the hands of `owner`, and open proposals of others but for `room` places.
fn vault_of<T: Config>(owner: &T::AccountId, room: u32) -> Result<AssetId, BenchmarkError> {
    let asset = T::BenchmarkHelper::create_asset(owner, SUPPLY).map_err(fail)?;
    // Both deposits, after whatever the asset cost.
    T::ProposalConsideration::ensure_successful(owner, Pallet::<T>::proposal_footprint());
    T::VoterConsideration::ensure_successful(owner, Pallet::<T>::voter_footprint());
    for index in 0..T::MaxOpen::get().saturating_sub(room) {
        let last = LastProposal::<T>::get();
        let proposal = ProposalId(last.0.saturating_add(1));
        let proposer: AccountIdOf<T> = account("proposer", index, 0);
        Open::<T>::try_append(asset, OpenProposal { proposal, proposer })
            .map_err(|()| BenchmarkError::Stop("the list is full"))?;
        LastProposal::<T>::put(proposal);
    }
    Ok(asset)
}

/// The owner's proposal, decided by its own vote.
fn proposed<T: Config>(
    asset: AssetId,
    owner: &T::AccountId,
    action: ActionOf<T>,
) -> Result<ProposalId, BenchmarkError> {
    Pallet::<T>::do_propose(asset, owner.clone(), action).map_err(fail)?;
    Ok(LastProposal::<T>::get())
}

fn longest_uri<T: Config>() -> ActionOf<T> {
    let uri = alloc::vec![b'x'; usize::try_from(T::UriLimit::get()).unwrap_or_default()];
    Action::SetUri(uri.try_into().unwrap_or_default())
}

fn skip<T: Config>(blocks: frame_system::pallet_prelude::BlockNumberFor<T>) {
    frame_system::Pallet::<T>::set_block_number(Pallet::<T>::now().saturating_add(blocks));
}

#[benchmarks]
mod benchmarks {
    use super::*;

    /// The proposer's first vote.
    #[benchmark]
    fn propose() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner, 1)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), asset, longest_uri::<T>());

        assert!(Proposals::<T>::contains_key(asset, LastProposal::<T>::get()));
        assert!(Voters::<T>::contains_key(asset, &owner));
        Ok(())
    }

    /// The voter's first vote.
    #[benchmark]
    fn vote() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner, 1)?;
        let proposal = proposed::<T>(asset, &owner, longest_uri::<T>())?;
        // As if another had proposed it.
        let voter =
            Voters::<T>::take(asset, &owner).ok_or(BenchmarkError::Stop("the proposer has no vote"))?;
        voter.ticket.drop(&owner).map_err(fail)?;
        T::Fractions::thaw(asset, &FreezeReason::Vote.into(), &owner).map_err(fail)?;
        Proposals::<T>::mutate(asset, proposal, |record| {
            if let Some(record) = record {
                record.tally = Default::default();
            }
        });

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), asset, proposal, true);

        assert!(Voters::<T>::contains_key(asset, &owner));
        Ok(())
    }

    /// The voter's last vote.
    #[benchmark]
    fn unlock() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let caller: T::AccountId = whitelisted_caller();
        let asset = vault_of::<T>(&owner, 1)?;
        let proposal = proposed::<T>(asset, &owner, Action::NominateOperator(None))?;
        Pallet::<T>::do_close(asset, proposal).map_err(fail)?;
        skip::<T>(Durations::<T>::get().lock);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, proposal, owner.clone());

        assert!(!Voters::<T>::contains_key(asset, &owner));
        Ok(())
    }

    /// Passed, but too late.
    #[benchmark]
    fn close_unenacted() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner, 1)?;
        let proposal = proposed::<T>(asset, &owner, longest_uri::<T>())?;
        let timing = Durations::<T>::get();
        skip::<T>(timing.voting.saturating_add(timing.enactment));

        #[block]
        {
            Pallet::<T>::do_close(asset, proposal).map_err(fail)?;
        }

        assert!(!Proposals::<T>::contains_key(asset, proposal));
        Ok(())
    }

    #[benchmark]
    fn close_nominate_operator() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner, 1)?;
        let nominee: T::AccountId = account("nominee", 0, 0);
        let proposal = proposed::<T>(asset, &owner, Action::NominateOperator(Some(nominee)))?;

        #[block]
        {
            Pallet::<T>::do_close(asset, proposal).map_err(fail)?;
        }

        assert!(!Proposals::<T>::contains_key(asset, proposal));
        Ok(())
    }

    #[benchmark]
    fn close_set_uri() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner, 1)?;
        let proposal = proposed::<T>(asset, &owner, longest_uri::<T>())?;

        #[block]
        {
            Pallet::<T>::do_close(asset, proposal).map_err(fail)?;
        }

        assert!(!Proposals::<T>::contains_key(asset, proposal));
        Ok(())
    }

    /// With a fee in force until now, and income to which it applies.
    #[benchmark]
    fn close_set_operator_fee() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner, 1)?;
        T::OperatorFees::set_operator_fee(asset, Perbill::from_percent(1)).map_err(fail)?;
        let proposal = proposed::<T>(asset, &owner, Action::SetOperatorFee(Perbill::zero()))?;
        T::BenchmarkHelper::accrue_income(asset).map_err(fail)?;

        #[block]
        {
            Pallet::<T>::do_close(asset, proposal).map_err(fail)?;
        }

        assert!(!Proposals::<T>::contains_key(asset, proposal));
        Ok(())
    }

    #[benchmark]
    fn close_set_reserve() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner, 1)?;
        let proposal = proposed::<T>(asset, &owner, Action::SetReserve(Some(PRICE)))?;

        #[block]
        {
            Pallet::<T>::do_close(asset, proposal).map_err(fail)?;
        }

        assert!(!Proposals::<T>::contains_key(asset, proposal));
        Ok(())
    }

    #[benchmark]
    fn close_accept_bid() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner, 1)?;
        T::BenchmarkHelper::place_bid(asset, PRICE).map_err(fail)?;
        let proposal = proposed::<T>(asset, &owner, Action::AcceptBid(PRICE))?;

        #[block]
        {
            Pallet::<T>::do_close(asset, proposal).map_err(fail)?;
        }

        assert!(!Proposals::<T>::contains_key(asset, proposal));
        Ok(())
    }

    #[cfg(test)]
    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
