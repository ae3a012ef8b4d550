// SPDX-License-Identifier: Apache-2.0
//! Records of this pallet, and their shorthands under a `Config`.

use crate::Config;
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use compute_primitives::{AssetId, AssetKind, AssetStatus, HardwareId};
use frame_support::traits::fungible;
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_nfts::CollectionConfig;
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::BoundedVec;

/// A device on the chain. Its NFT's holder is the owner and is asked of pallet-nfts, never copied here.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Asset<AccountId, BlockNumber, Ticket> {
    pub kind: AssetKind,
    pub status: AssetStatus,
    pub hardware: HardwareId,
    pub registered_at: BlockNumber,
    /// Who registered the device and paid the deposits; they go back to this account.
    pub registrant: AccountId,
    /// The storage deposit for this record, the NFT's attributes and its URI.
    pub ticket: Ticket,
    pub operator: Option<AccountId>,
    pub nomination: Option<Nomination<AccountId>>,
    /// Vaults, leases and loans that keep the asset from being transferred or retired.
    pub liens: u32,
    /// Bonds recorded for the asset, of operators in office or not.
    pub bearers: u32,
}

/// An operator named by the owner. It lapses when the NFT changes hands, or a seller could put its own operator in
/// office after the sale.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Nomination<AccountId> {
    pub nominee: AccountId,
    /// The owner who named it.
    pub by: AccountId,
}

/// What an operator has put up for one asset. The arithmetic is in `math.rs`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Bond<Balance, BlockNumber> {
    /// What is left of it, on hold in the bearer's account.
    pub amount: Balance,
    /// The most it has been; it is *whole* while `amount` equals this.
    pub pledged: Balance,
    /// The last block in which it may not be released. Zero: no obligation yet.
    pub obliged_until: BlockNumber,
}

/// A claim on a hardware id that is not revealed yet.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Announcement<BlockNumber, Ticket> {
    pub commitment: H256,
    pub announced_at: BlockNumber,
    pub ticket: Ticket,
}

/// What a dApp shows of an asset, as far as this pallet knows it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct AssetDetails<AccountId, Balance, BlockNumber> {
    pub id: AssetId,
    pub kind: AssetKind,
    pub status: AssetStatus,
    /// The NFT's holder.
    pub owner: AccountId,
    pub operator: Option<AccountId>,
    /// Named by the present owner, and not in office yet.
    pub nominee: Option<AccountId>,
    pub hardware: HardwareId,
    /// Address of the NFT's JSON.
    pub uri: Vec<u8>,
    pub registered_at: BlockNumber,
    pub registrant: AccountId,
    pub liens: u32,
    /// What is left of the operator's bond, and what it pledged. Zero without an operator.
    pub bond: Balance,
    pub bond_pledged: Balance,
}

pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
pub type BalanceOf<T> = <<T as Config>::Currency as fungible::Inspect<AccountIdOf<T>>>::Balance;
pub type AssetOf<T> = Asset<AccountIdOf<T>, BlockNumberFor<T>, <T as Config>::RegistrationConsideration>;
pub type BondOf<T> = Bond<BalanceOf<T>, BlockNumberFor<T>>;
pub type AnnouncementOf<T> = Announcement<BlockNumberFor<T>, <T as Config>::AnnouncementConsideration>;
pub type AssetDetailsOf<T> = AssetDetails<AccountIdOf<T>, BalanceOf<T>, BlockNumberFor<T>>;
pub type UriOf<T> = BoundedVec<u8, <T as Config>::UriLimit>;
/// pallet-nfts' record of a collection's settings.
pub type CollectionConfigOf<T> =
    CollectionConfig<BalanceOf<T>, BlockNumberFor<T>, <T as Config>::CollectionId>;
