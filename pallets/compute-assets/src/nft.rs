// SPDX-License-Identifier: Apache-2.0
//! The NFT's side of an asset: the collection, the item, and what wallets and explorers read of it.
//!
//! All attribute values are UTF-8 text, because wallets show them as they are.

use crate::*;
use alloc::{format, vec::Vec};
use codec::{Encode, MaxEncodedLen};
use compute_primitives::{AssetId, AssetKind, AssetStatus, WorkRate};
use frame_support::traits::tokens::nonfungibles_v2::{Create, Inspect, Mutate, Transfer};
use pallet_nfts::ItemConfig;
use sp_core::hexdisplay::HexDisplay;
use sp_runtime::{DispatchError, DispatchResult, SaturatedConversion};

/// `gpu` or `hashrate`.
pub const KIND: &[u8] = b"kind";
/// `provisional`, `active`, `offline` or `retired`.
pub const STATUS: &[u8] = b"status";
/// Verified work per second, as a decimal number.
pub const RATE: &[u8] = b"rate";
/// The hardware id, `0x` and hex.
pub const HARDWARE: &[u8] = b"hardware";
/// The block of the registration, as a decimal number.
pub const REGISTERED: &[u8] = b"registered";
/// The account that registered the device: `0x` and the hex of its encoding.
pub const REGISTRANT: &[u8] = b"registrant";

const ALL: [&[u8]; 6] = [KIND, STATUS, RATE, HARDWARE, REGISTERED, REGISTRANT];

fn hex(bytes: &[u8]) -> Vec<u8> {
    format!("0x{}", HexDisplay::from(&bytes)).into_bytes()
}

pub(crate) fn kind_text(kind: AssetKind) -> &'static [u8] {
    match kind {
        AssetKind::Gpu => b"gpu",
        AssetKind::Hashrate => b"hashrate",
    }
}

pub(crate) fn status_text(status: AssetStatus) -> &'static [u8] {
    match status {
        AssetStatus::Provisional => b"provisional",
        AssetStatus::Active => b"active",
        AssetStatus::Offline => b"offline",
        AssetStatus::Retired => b"retired",
    }
}

impl<T: Config> Pallet<T> {
    /// Creates the collection, paid for by the pallet's account, which gets a provider reference: it may never be reaped.
    ///
    /// For genesis, or the migration that adds this pallet to a running chain.
    pub fn create_collection() -> DispatchResult {
        let account = Self::account_id();
        frame_system::Pallet::<T>::inc_providers(&account);
        let config = CollectionConfigOf::<T> {
            settings: pallet_nfts::CollectionSettings::all_enabled(),
            max_supply: None,
            mint_settings: Default::default(),
        };
        Collection::<T>::put(T::Nfts::create_collection(&account, &account, &config)?);
        Ok(())
    }

    pub(crate) fn existing_collection() -> Result<T::CollectionId, DispatchError> {
        Ok(Collection::<T>::get().ok_or(Error::<T>::NoCollection)?)
    }

    /// The NFT's holder.
    pub(crate) fn nft_owner(asset: AssetId) -> Option<T::AccountId> {
        T::Nfts::owner(&Collection::<T>::get()?, &asset.0)
    }

    /// Mints the NFT to `owner`, who pays the item's deposit.
    pub(crate) fn mint(
        asset: AssetId,
        record: &AssetOf<T>,
        owner: &T::AccountId,
        uri: &UriOf<T>,
    ) -> DispatchResult {
        let collection = Self::existing_collection()?;
        T::Nfts::mint_into(&collection, &asset.0, owner, &ItemConfig::default(), false)?;
        T::Nfts::set_item_metadata(None, &collection, &asset.0, uri)?;
        let registered = format!("{}", record.registered_at.saturated_into::<u64>());
        let set = |key, value: &[u8]| T::Nfts::set_attribute(&collection, &asset.0, key, value);
        set(KIND, kind_text(record.kind))?;
        set(STATUS, status_text(record.status))?;
        set(RATE, b"0")?;
        set(HARDWARE, &hex(&record.hardware.0))?;
        set(REGISTERED, registered.as_bytes())?;
        set(REGISTRANT, &hex(&record.registrant.encode()))
    }

    /// Bytes of all attributes at their longest, with keys.
    pub(crate) fn attributes_len() -> usize {
        let keys: usize = ALL.iter().map(|key| key.len()).sum();
        // The longest kind, status, rate (u128) and block (u64), then the hex of the hardware id and of the account.
        let values = 8 + 11 + 39 + 66 + 20;
        keys.saturating_add(values).saturating_add(
            T::AccountId::max_encoded_len()
                .saturating_mul(2)
                .saturating_add(2),
        )
    }

    pub(crate) fn write_status(asset: AssetId, status: AssetStatus) -> DispatchResult {
        T::Nfts::set_attribute(
            &Self::existing_collection()?,
            &asset.0,
            STATUS,
            status_text(status),
        )
    }

    pub(crate) fn write_rate(asset: AssetId, rate: WorkRate) -> DispatchResult {
        T::Nfts::set_attribute(
            &Self::existing_collection()?,
            &asset.0,
            RATE,
            format!("{rate}").as_bytes(),
        )
    }

    pub(crate) fn write_uri(asset: AssetId, uri: &UriOf<T>) -> DispatchResult {
        T::Nfts::set_item_metadata(None, &Self::existing_collection()?, &asset.0, uri)
    }

    pub(crate) fn read_uri(asset: AssetId) -> Option<Vec<u8>> {
        // pallet-nfts answers an empty key with the metadata.
        T::Nfts::attribute(&Collection::<T>::get()?, &asset.0, &[])
    }

    pub(crate) fn send(asset: AssetId, to: &T::AccountId) -> DispatchResult {
        T::Nfts::transfer(&Self::existing_collection()?, &asset.0, to)
    }

    pub(crate) fn forbid_transfer(asset: AssetId) -> DispatchResult {
        T::Nfts::disable_transfer(&Self::existing_collection()?, &asset.0)
    }

    pub(crate) fn allow_transfer(asset: AssetId) -> DispatchResult {
        T::Nfts::enable_transfer(&Self::existing_collection()?, &asset.0)
    }

    /// Clears the attributes, which would survive, and burns the NFT; its minter gets the item's deposit back.
    pub(crate) fn burn(asset: AssetId) -> DispatchResult {
        let collection = Self::existing_collection()?;
        for key in ALL {
            T::Nfts::clear_attribute(&collection, &asset.0, key)?;
        }
        T::Nfts::burn(&collection, &asset.0, None)
    }
}
