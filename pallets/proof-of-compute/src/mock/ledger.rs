// SPDX-License-Identifier: Apache-2.0
//! The neighbours' twin: assets with bonds in a real account, pots that are minted only when paid, streams
//! that hold what was paid. All in storage, so that a failed call undoes it, and all checked to the last unit
//! by [`check`].

use super::{AccountId, Balance, Balances, Test, UNIT};
use crate::{CensusBooks, PAID_KINDS};
use codec::{Decode, Encode, MaxEncodedLen};
use compute_primitives::{
    AssetId, AssetKind, AssetLife, AssetStatus, Bounty, CensusIndex, Emission, InspectAsset, OperatorBond,
    WorkRate,
};
use frame_support::{
    ensure, storage_alias,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
    Blake2_128Concat, Twox64Concat,
};
use sp_runtime::{AccountId32, DispatchError, DispatchResult, TokenError};

/// What a schedule gives a census for matrix work.
pub const SCHEDULED: Balance = 720 * UNIT;
/// What it gives for hashes.
pub const SCHEDULED_FOR_HASHES: Balance = 80 * UNIT;

pub struct Ledger;

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
pub struct Record {
    pub kind: AssetKind,
    pub status: AssetStatus,
    pub operator: Option<AccountId>,
    pub rate: WorkRate,
}

#[derive(Clone, Debug, PartialEq, Eq, Default, Encode, Decode, MaxEncodedLen)]
pub struct Bond {
    pub pledged: Balance,
    pub left: Balance,
    pub until: u32,
}

#[storage_alias]
pub type Records = StorageMap<Ledger, Twox64Concat, AssetId, Record>;
#[storage_alias]
pub type Bonds = StorageDoubleMap<
    Ledger,
    Twox64Concat,
    AssetId,
    Blake2_128Concat,
    AccountId32,
    Bond,
    frame_support::pallet_prelude::ValueQuery,
>;
#[storage_alias]
pub type Unvested =
    StorageMap<Ledger, Twox64Concat, AssetId, u128, frame_support::pallet_prelude::ValueQuery>;
/// Drawn, and neither paid nor put back.
#[storage_alias]
pub type Outstanding = StorageValue<Ledger, u128, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type Carry = StorageMap<Ledger, Twox64Concat, AssetKind, u128, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type Minted = StorageValue<Ledger, u128, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type Burnt = StorageValue<Ledger, u128, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type GenesisIssuance = StorageValue<Ledger, u128, frame_support::pallet_prelude::ValueQuery>;
/// Makes every put_back fail.
#[storage_alias]
pub type Jammed = StorageValue<Ledger, bool, frame_support::pallet_prelude::ValueQuery>;

fn bonds_account() -> AccountId {
    AccountId32::new([0xb0; 32])
}

fn streams_account() -> AccountId {
    AccountId32::new([0x57; 32])
}

pub fn genesis() {
    GenesisIssuance::put(Balances::total_issuance());
}

/// A provisional asset with a whole bond.
pub fn register(kind: AssetKind, operator: &AccountId, bond: Balance) -> AssetId {
    let asset = AssetId(Records::iter().count() as u64 + 1);
    let record = Record {
        kind,
        status: AssetStatus::Provisional,
        operator: Some(operator.clone()),
        rate: 0,
    };
    Records::insert(asset, record);
    post_bond(asset, operator, bond);
    asset
}

pub fn post_bond(asset: AssetId, operator: &AccountId, amount: Balance) {
    Balances::transfer(operator, &bonds_account(), amount, Preservation::Preserve).unwrap();
    Bonds::mutate(asset, operator, |bond| {
        bond.left += amount;
        bond.pledged = bond.pledged.max(bond.left);
    });
}

/// Puts back what was slashed.
pub fn make_whole(asset: AssetId, operator: &AccountId) {
    let bond = Bonds::get(asset, operator);
    post_bond(asset, operator, bond.pledged - bond.left);
}

pub fn set_operator(asset: AssetId, operator: Option<&AccountId>, bond: Balance) {
    Records::mutate(asset, |record| {
        record.as_mut().unwrap().operator = operator.cloned()
    });
    if let Some(operator) = operator {
        post_bond(asset, operator, bond);
    }
}

pub fn set_status(asset: AssetId, status: AssetStatus) {
    Records::mutate(asset, |record| record.as_mut().unwrap().status = status);
}

pub fn status(asset: AssetId) -> AssetStatus {
    Records::get(asset).unwrap().status
}

pub fn unvested(asset: AssetId) -> Balance {
    Unvested::get(asset)
}

/// Lets everything vest and reach `to`.
pub fn vest(asset: AssetId, to: &AccountId) {
    let amount = Unvested::take(asset);
    Balances::transfer(&streams_account(), to, amount, Preservation::Expendable).unwrap();
}

/// Issuance, accounts and books agree to the last unit.
pub fn check() {
    assert_eq!(
        Balances::total_issuance(),
        GenesisIssuance::get() + Minted::get() - Burnt::get(),
        "issuance = genesis + minted - burnt"
    );
    let bonds: Balance = Bonds::iter_values().map(|bond| bond.left).sum();
    assert_eq!(
        Balances::total_balance(&bonds_account()),
        bonds,
        "bonds are where they are recorded"
    );
    let unvested: Balance = Unvested::iter_values().sum();
    assert_eq!(
        Balances::total_balance(&streams_account()),
        unvested,
        "streams hold what has not vested"
    );
    let remaining: Balance = CensusBooks::<Test>::iter()
        .filter(|(_, kind, _)| PAID_KINDS.contains(kind))
        .map(|(.., books)| books.remaining)
        .sum();
    assert_eq!(
        Outstanding::get(),
        remaining,
        "what was drawn and not paid is in a census's books"
    );
    let paid: Balance = CensusBooks::<Test>::iter_values().map(|books| books.paid).sum();
    assert!(paid <= Minted::get(), "nothing is paid twice");
}

/// Takes `amount` from an account: the bounty to the reporter, the rest out of existence.
fn slash_from(
    account: &AccountId,
    amount: Balance,
    bounty: Option<Bounty<AccountId, Balance>>,
) -> DispatchResult {
    let to_reporter = bounty.as_ref().map_or(0, |bounty| bounty.amount);
    let burnt = amount
        .checked_sub(to_reporter)
        .ok_or(TokenError::FundsUnavailable)?;
    if let Some(bounty) = bounty {
        Balances::transfer(account, &bounty.reporter, bounty.amount, Preservation::Expendable)?;
    }
    Balances::burn_from(
        account,
        burnt,
        Preservation::Expendable,
        Precision::Exact,
        Fortitude::Force,
    )?;
    Burnt::mutate(|sum| *sum += burnt);
    Ok(())
}

impl InspectAsset<AccountId> for Ledger {
    fn kind(asset: AssetId) -> Option<AssetKind> {
        Records::get(asset).map(|record| record.kind)
    }
    fn status(asset: AssetId) -> Option<AssetStatus> {
        Records::get(asset).map(|record| record.status)
    }
    fn owner(asset: AssetId) -> Option<AccountId> {
        Records::get(asset).map(|_| super::account(19))
    }
    fn operator(asset: AssetId) -> Option<AccountId> {
        Records::get(asset)?.operator
    }
}

impl AssetLife for Ledger {
    fn set_status(asset: AssetId, status: AssetStatus) -> DispatchResult {
        Records::try_mutate(asset, |record| {
            let record = record.as_mut().ok_or(DispatchError::CannotLookup)?;
            if record.status != AssetStatus::Retired {
                record.status = status;
            }
            Ok(())
        })
    }
    fn set_rate(asset: AssetId, rate: WorkRate) -> DispatchResult {
        Records::try_mutate(asset, |record| {
            record.as_mut().ok_or(DispatchError::CannotLookup)?.rate = rate;
            Ok(())
        })
    }
}

impl OperatorBond<AccountId, u32> for Ledger {
    type Balance = Balance;
    fn bonded(asset: AssetId, bearer: &AccountId) -> Balance {
        Bonds::get(asset, bearer).left
    }
    fn is_whole(asset: AssetId, bearer: &AccountId) -> bool {
        let bond = Bonds::get(asset, bearer);
        bond.pledged > 0 && bond.left >= bond.pledged
    }
    fn oblige(asset: AssetId, bearer: &AccountId, until: u32) -> DispatchResult {
        Bonds::mutate(asset, bearer, |bond| bond.until = bond.until.max(until));
        Ok(())
    }
    fn slash(
        asset: AssetId,
        bearer: &AccountId,
        amount: Balance,
        bounty: Option<Bounty<AccountId, Balance>>,
    ) -> DispatchResult {
        Bonds::try_mutate(asset, bearer, |bond| {
            bond.left = bond
                .left
                .checked_sub(amount)
                .ok_or(TokenError::FundsUnavailable)?;
            slash_from(&bonds_account(), amount, bounty)
        })
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn create(operator: &AccountId, kind: AssetKind, bond: Balance) -> Result<AssetId, DispatchError> {
        Balances::mint_into(operator, bond + UNIT)?;
        GenesisIssuance::mutate(|sum| *sum += bond + UNIT);
        let asset = register(kind, operator, bond);
        set_status(asset, AssetStatus::Active);
        Ok(asset)
    }
}

impl Emission<AccountId> for Ledger {
    type Balance = Balance;
    fn draw(kind: AssetKind, _: CensusIndex) -> Balance {
        let scheduled = match kind {
            AssetKind::Gpu => SCHEDULED,
            AssetKind::Hashrate => SCHEDULED_FOR_HASHES,
        };
        // At most one scheduled pot is carried over; what is above that is never minted.
        let pot = scheduled + Carry::take(kind).min(scheduled);
        Outstanding::mutate(|sum| *sum += pot);
        pot
    }
    fn put_back(kind: AssetKind, amount: Balance) -> DispatchResult {
        ensure!(!Jammed::get(), DispatchError::Unavailable);
        Outstanding::try_mutate(|sum| -> DispatchResult {
            *sum = sum.checked_sub(amount).ok_or(TokenError::FundsUnavailable)?;
            Ok(())
        })?;
        Carry::mutate(kind, |sum| *sum += amount);
        Ok(())
    }
    fn pay(asset: AssetId, _: AssetKind, amount: Balance) -> DispatchResult {
        Outstanding::try_mutate(|sum| -> DispatchResult {
            *sum = sum.checked_sub(amount).ok_or(TokenError::FundsUnavailable)?;
            Ok(())
        })?;
        Balances::mint_into(&streams_account(), amount)?;
        Minted::mutate(|sum| *sum += amount);
        Unvested::mutate(asset, |sum| *sum += amount);
        Ok(())
    }
    fn unvested(asset: AssetId) -> Balance {
        Unvested::get(asset)
    }
    fn slash_unvested(
        asset: AssetId,
        amount: Balance,
        bounty: Option<Bounty<AccountId, Balance>>,
    ) -> DispatchResult {
        Unvested::try_mutate(asset, |sum| {
            *sum = sum.checked_sub(amount).ok_or(TokenError::FundsUnavailable)?;
            slash_from(&streams_account(), amount, bounty)
        })
    }
}
