// SPDX-License-Identifier: Apache-2.0
//! The records of the pools.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use compute_primitives::shares::{Accumulator, Position};
use scale_info::TypeInfo;
use sp_core::U256;

/// Amounts of the chain's token in its smallest unit, and of LP tokens.
///
/// Not generic: shares scale amounts by 2^64 within 256 bits.
pub type Balance = u128;

/// The id of a pool's LP token, as asset-conversion counts them.
pub type TokenId = u32;

/// What is known of the LP token of an asset's pool.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Pool {
    pub token: TokenId,
    /// How often the pool was dissolved. Tokens of an era before are none any more: they are settled when their holder is seen.
    pub era: u32,
    /// LP tokens issued, the pool's own among them.
    pub supply: Balance,
    /// LP tokens that the pool's own account has: the least liquidity, which nobody can take out. They earn nothing.
    pub own: Balance,
    /// Accounts that have a record.
    pub accounts: u64,
    /// Currency that waits for those who provide liquidity, or did.
    pub balance: Balance,
    /// Income per token.
    pub accumulator: Accumulator,
    /// The asset is gone: the record goes with the last account.
    pub is_closed: bool,
}

impl Pool {
    /// The tokens that share the income.
    pub fn earning(&self) -> Option<Balance> {
        self.supply.checked_sub(self.own)
    }
}

/// What one account has of a pool.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Account {
    /// The era of its tokens.
    pub era: u32,
    pub amount: Balance,
    pub position: Position,
}

/// An era that ended, as long as someone has tokens of it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Era {
    /// Income per token when it ended.
    pub per_share: U256,
    /// Tokens whose holders were not settled since.
    pub unsettled: Balance,
}

/// A pool as clients read it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct PoolTerms<AccountId> {
    /// The account that has the reserves.
    pub account: AccountId,
    pub token: TokenId,
    /// LP tokens issued.
    pub supply: Balance,
    /// Of them, those that share the income.
    pub earning: Balance,
    /// Currency that waits for those who provide liquidity, or did. What the pool's fractions earned since the last settlement comes
    /// to it.
    pub balance: Balance,
}
