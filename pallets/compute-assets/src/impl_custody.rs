// SPDX-License-Identifier: Apache-2.0
//! Liens, and the vault's hold on an NFT.
//!
//! pallet-nfts' flag is one bit, so liens are counted here, and the flag is set at the first and cleared at the last.

use crate::*;
use compute_primitives::{AssetId, AssetStatus, Custody, Liens};
use frame_support::{ensure, storage::with_storage_layer};
use sp_runtime::{ArithmeticError, DispatchResult};

impl<T: Config> Liens for Pallet<T> {
    fn add_lien(asset: AssetId) -> DispatchResult {
        let mut record = Self::asset(asset)?;
        ensure!(record.status != AssetStatus::Retired, Error::<T>::Retired);
        let liens = record.liens.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        with_storage_layer(|| {
            if record.liens == 0 {
                Self::forbid_transfer(asset)?;
            }
            record.liens = liens;
            Assets::<T>::insert(asset, record);
            Self::deposit_event(Event::LienAdded { asset, liens });
            Ok(())
        })
    }

    fn remove_lien(asset: AssetId) -> DispatchResult {
        let mut record = Self::asset(asset)?;
        let liens = record.liens.checked_sub(1).ok_or(Error::<T>::NotEncumbered)?;
        with_storage_layer(|| {
            if liens == 0 {
                Self::allow_transfer(asset)?;
            }
            record.liens = liens;
            Assets::<T>::insert(asset, record);
            Self::deposit_event(Event::LienRemoved { asset, liens });
            Ok(())
        })
    }

    fn liens(asset: AssetId) -> u32 {
        Assets::<T>::get(asset).map_or(0, |record| record.liens)
    }
}

impl<T: Config> Custody<T::AccountId> for Pallet<T> {
    /// Fails if the asset is retired or encumbered, or `owner` is not its owner.
    fn deposit(asset: AssetId, owner: &T::AccountId, vault: &T::AccountId) -> DispatchResult {
        let record = Self::asset(asset)?;
        ensure!(
            Self::nft_owner(asset).as_ref() == Some(owner),
            Error::<T>::NotOwner
        );
        ensure!(record.status != AssetStatus::Retired, Error::<T>::Retired);
        ensure!(record.liens == 0, Error::<T>::Encumbered);
        with_storage_layer(|| {
            // Clears approvals, price and swap; the other order would be refused.
            Self::send(asset, vault)?;
            Self::add_lien(asset)
        })
    }

    /// Fails if `vault` does not keep the NFT. A lien of another goes with the NFT: were a lease to keep it in, those who have the
    /// vault could keep it there for ever by leases, and with it the money of whoever bought it.
    fn withdraw(asset: AssetId, vault: &T::AccountId, beneficiary: &T::AccountId) -> DispatchResult {
        let record = Self::asset(asset)?;
        ensure!(
            Self::nft_owner(asset).as_ref() == Some(vault),
            Error::<T>::NotInCustody
        );
        with_storage_layer(|| {
            Self::remove_lien(asset)?;
            let encumbered = record.liens > 1;
            if encumbered {
                Self::allow_transfer(asset)?;
            }
            Self::send(asset, beneficiary)?;
            if encumbered {
                Self::forbid_transfer(asset)?;
            }
            Ok(())
        })
    }
}
