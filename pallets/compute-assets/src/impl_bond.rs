// SPDX-License-Identifier: Apache-2.0
//! Lets proofs oblige and slash the operators' bonds.

use crate::*;
use compute_primitives::{AssetId, Bounty, OperatorBond};
#[cfg(feature = "runtime-benchmarks")]
use compute_primitives::{AssetKind, AssetLife, AssetStatus};
use frame_support::{
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{Inspect, MutateHold},
        tokens::{
            DepositConsequence, Fortitude::Force, Precision::Exact, Provenance::Extant, Restriction::Free,
        },
    },
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
    traits::{CheckedSub, Zero},
    DispatchResult,
};

impl<T: Config> OperatorBond<T::AccountId, BlockNumberFor<T>> for Pallet<T> {
    type Balance = BalanceOf<T>;

    fn bonded(asset: AssetId, bearer: &T::AccountId) -> BalanceOf<T> {
        Bonds::<T>::get(asset, bearer).map_or_else(Zero::zero, |bond| bond.amount)
    }

    fn is_whole(asset: AssetId, bearer: &T::AccountId) -> bool {
        Bonds::<T>::get(asset, bearer).is_some_and(|bond| bond.is_whole())
    }

    fn oblige(asset: AssetId, bearer: &T::AccountId, until: BlockNumberFor<T>) -> DispatchResult {
        let bond = Bonds::<T>::get(asset, bearer).ok_or(Error::<T>::NoBond)?;
        Bonds::<T>::insert(asset, bearer, bond.obliged(until));
        Ok(())
    }

    /// A bounty that its reporter's account can't take (it would stay below the existential deposit) is burnt with the
    /// rest: a slash never fails for its reporter's sake.
    fn slash(
        asset: AssetId,
        bearer: &T::AccountId,
        amount: BalanceOf<T>,
        bounty: Option<Bounty<T::AccountId, BalanceOf<T>>>,
    ) -> DispatchResult {
        let former = Bonds::<T>::get(asset, bearer).ok_or(Error::<T>::NoBond)?;
        let bond = former.slashed(amount).ok_or(Error::<T>::BondExceeded)?;
        let (reporter, bounty) = match bounty {
            Some(Bounty { reporter, amount }) => (Some(reporter), amount),
            None => (None, Zero::zero()),
        };
        ensure!(bounty <= amount, Error::<T>::BountyExceedsSlash);

        with_storage_layer(|| {
            let reason = HoldReason::Bond.into();
            let paid = match &reporter {
                Some(to) if T::Currency::can_deposit(to, bounty, Extant) == DepositConsequence::Success => {
                    T::Currency::transfer_on_hold(&reason, bearer, to, bounty, Exact, Free, Force)?
                }
                _ => Zero::zero(),
            };
            let burnt = amount.checked_sub(&paid).ok_or(Error::<T>::BountyExceedsSlash)?;
            T::Currency::burn_held(&reason, bearer, burnt, Exact, Force)?;
            Bonds::<T>::insert(asset, bearer, bond);
            Self::deposit_event(Event::BondSlashed {
                asset,
                bearer: bearer.clone(),
                amount,
                bounty: paid,
                reporter,
            });
            Ok(())
        })
    }

    /// A bond below `MinimumBond` is raised to it. The operator is the owner too.
    #[cfg(feature = "runtime-benchmarks")]
    fn create(
        operator: &T::AccountId,
        kind: AssetKind,
        bond: BalanceOf<T>,
    ) -> Result<AssetId, sp_runtime::DispatchError> {
        use compute_primitives::HardwareId;
        use frame_support::traits::{fungible::Mutate, Get};

        Self::fund(operator)?;
        T::Currency::mint_into(operator, bond)?;
        let bond = bond.max(T::MinimumBond::get());
        let number = LastAssetId::<T>::get().0.to_le_bytes();
        let hardware = HardwareId(sp_io::hashing::blake2_256(&number));
        let asset = Self::enrol(operator.clone(), kind, hardware, Default::default(), Some(bond))?;
        Self::set_status(asset, AssetStatus::Active)?;
        Ok(asset)
    }
}
