// SPDX-License-Identifier: Apache-2.0
//! What an asset is, who stands behind it, and what may be done with it.

use crate::{AssetId, Bounty, WorkRate};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::sp_runtime::{DispatchError, DispatchResult};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// The kind of device, and with it the kind of work that counts.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub enum AssetKind {
    /// int8 matrix work.
    Gpu,
    /// SHA-256d.
    Hashrate,
}

/// Where an asset stands in its life.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub enum AssetStatus {
    /// Registered, nothing proven yet.
    Provisional,
    /// Passed a census, and did not miss three since.
    Active,
    /// Missed three censuses in a row.
    Offline,
    /// Given up by its owner; waits to be reaped.
    Retired,
}

/// Asks what an asset is. `None`: there is no such asset.
pub trait InspectAsset<AccountId> {
    fn kind(asset: AssetId) -> Option<AssetKind>;
    fn status(asset: AssetId) -> Option<AssetStatus>;
    /// The NFT's holder: a person, or the vault once fractionalized.
    fn owner(asset: AssetId) -> Option<AccountId>;
    /// The account that proves and bears the bond, if one accepted the role.
    fn operator(asset: AssetId) -> Option<AccountId>;
}

/// What proofs do to an asset's life.
pub trait AssetLife {
    /// Writes the status and says so in an event if it changed. A retired asset stays retired.
    fn set_status(asset: AssetId, status: AssetStatus) -> DispatchResult;
    /// Writes the verified rate to the NFT's attributes.
    fn set_rate(asset: AssetId, rate: WorkRate) -> DispatchResult;
}

/// The operators' bonds. A bond is named by the asset and its *bearer*: the operator who posted it, in office or not.
pub trait OperatorBond<AccountId, BlockNumber> {
    type Balance;
    /// What is left of the bond.
    fn bonded(asset: AssetId, bearer: &AccountId) -> Self::Balance;
    /// Whether the bond stands at what its bearer pledged: a slashed bond does not until it is topped up.
    fn is_whole(asset: AssetId, bearer: &AccountId) -> bool;
    /// Keeps the bond from being released, and the asset from being reaped, up to and including block `until`. Only ever prolongs.
    fn oblige(asset: AssetId, bearer: &AccountId, until: BlockNumber) -> DispatchResult;
    /// Takes `amount` from the bond: `bounty` of it goes to the reporter, the rest is burnt.
    ///
    /// Fails, changing nothing, if the bond holds less than `amount` or the bounty is more than `amount`.
    fn slash(
        asset: AssetId,
        bearer: &AccountId,
        amount: Self::Balance,
        bounty: Option<Bounty<AccountId, Self::Balance>>,
    ) -> DispatchResult;
    /// Benchmarks: makes an active asset with a whole bond of `bond`, operated by `operator`.
    #[cfg(feature = "runtime-benchmarks")]
    fn create(operator: &AccountId, kind: AssetKind, bond: Self::Balance) -> Result<AssetId, DispatchError>;
}

/// Puts an asset's NFT into an account that may not lose it, and takes it out again.
pub trait Custody<AccountId> {
    /// Moves the NFT from its owner into `vault`, clears approvals, price and swaps, and places a lien. Fails under another lien.
    fn deposit(asset: AssetId, owner: &AccountId, vault: &AccountId) -> DispatchResult;
    /// Lifts the lien and moves the NFT from `vault` to `beneficiary`. Other liens go with it.
    fn withdraw(asset: AssetId, vault: &AccountId, beneficiary: &AccountId) -> DispatchResult;
}

/// What encumbers an asset: it can't be transferred or retired past a lien.
///
/// Liens are counted, not named: who places one keeps a record of it, and removes it once.
pub trait Liens {
    /// Encumbers a live asset. Fails, changing nothing, if there is no such asset or it is retired.
    fn add_lien(asset: AssetId) -> DispatchResult;
    /// Ends an encumbrance. Fails, changing nothing, if there is none.
    fn remove_lien(asset: AssetId) -> DispatchResult;
    /// How many liens are on the asset, a vault's among them.
    fn liens(asset: AssetId) -> u32;
}

/// Told before an asset's NFT is burned, while its owner is still known.
pub trait OnReap {
    fn on_reap(asset: AssetId) -> DispatchResult;
}

impl<AccountId> InspectAsset<AccountId> for () {
    fn kind(_: AssetId) -> Option<AssetKind> {
        None
    }
    fn status(_: AssetId) -> Option<AssetStatus> {
        None
    }
    fn owner(_: AssetId) -> Option<AccountId> {
        None
    }
    fn operator(_: AssetId) -> Option<AccountId> {
        None
    }
}

impl AssetLife for () {
    fn set_status(_: AssetId, _: AssetStatus) -> DispatchResult {
        Ok(())
    }
    fn set_rate(_: AssetId, _: WorkRate) -> DispatchResult {
        Ok(())
    }
}

impl<AccountId, BlockNumber> OperatorBond<AccountId, BlockNumber> for () {
    type Balance = u128;
    fn bonded(_: AssetId, _: &AccountId) -> u128 {
        0
    }
    fn is_whole(_: AssetId, _: &AccountId) -> bool {
        false
    }
    fn oblige(_: AssetId, _: &AccountId, _: BlockNumber) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
    fn slash(_: AssetId, _: &AccountId, _: u128, _: Option<Bounty<AccountId, u128>>) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn create(_: &AccountId, _: AssetKind, _: u128) -> Result<AssetId, DispatchError> {
        Err(DispatchError::Unavailable)
    }
}

impl<AccountId> Custody<AccountId> for () {
    fn deposit(_: AssetId, _: &AccountId, _: &AccountId) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
    fn withdraw(_: AssetId, _: &AccountId, _: &AccountId) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}

impl Liens for () {
    fn add_lien(_: AssetId) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
    fn remove_lien(_: AssetId) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
    fn liens(_: AssetId) -> u32 {
        0
    }
}

impl OnReap for () {
    fn on_reap(_: AssetId) -> DispatchResult {
        Ok(())
    }
}

/// In order; the first error ends it.
impl<A: OnReap, B: OnReap> OnReap for (A, B) {
    fn on_reap(asset: AssetId) -> DispatchResult {
        A::on_reap(asset)?;
        B::on_reap(asset)
    }
}
