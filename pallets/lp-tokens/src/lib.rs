// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod impl_fungibles;
mod impl_reap;
mod impl_vault_closed;
mod impls;
mod types;
mod views;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
pub mod weights;

pub use pallet::*;
pub use types::{Account, Balance, Era, Pool, PoolTerms, TokenId};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use compute_primitives::{AssetId, Cash, Collect, Holdings, Revenue};
    use frame_support::pallet_prelude::*;
    use frame_support::traits::{fungible, fungibles};
    use frame_support::PalletId;
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::StaticLookup;

    #[pallet::config]
    pub trait Config: frame_system::Config {
        type WeightInfo: WeightInfo;

        /// The chain's token: one side of every pool.
        type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>;

        /// Knows which assets are owned in fractions.
        type Holdings: Holdings<Self::AccountId, Balance = Balance>;

        /// The fractions: the other side.
        type Fractions: fungibles::Mutate<Self::AccountId, AssetId = AssetId, Balance = Balance>;

        /// Pays what the fractions in a pool earned.
        type Income: Collect<Self::AccountId, Balance = Balance>;

        /// Pays what the fractions in a pool are worth once the asset was sold.
        type Cash: Cash<Self::AccountId, Balance = Balance>;

        /// Takes what a pool leaves that nobody has a part in: it is the asset's income.
        type Revenue: Revenue<Self::AccountId, Balance = Balance>;

        /// The pools' accounts are derived from this and the asset's id; the account in which income waits from this alone.
        #[pallet::constant]
        type PalletId: Get<PalletId>;

        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper<Self::AccountId>;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// The LP token of each asset's pool.
    #[pallet::storage]
    pub type Pools<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, Pool>;

    /// Which asset's pool an LP token is of.
    #[pallet::storage]
    pub type Tokens<T: Config> = StorageMap<_, Twox64Concat, TokenId, AssetId>;

    /// The LP tokens of each account, and what they earned.
    #[pallet::storage]
    pub type Accounts<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, T::AccountId, Account>;

    /// Eras that ended and whose holders were not all seen since.
    #[pallet::storage]
    pub type Eras<T: Config> = StorageDoubleMap<_, Blake2_128Concat, AssetId, Twox64Concat, u32, Era>;

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Pallet::<T>::endow();
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A pool of the asset's fractions was made. Its reserves are in `account`.
        Opened {
            asset: AssetId,
            token: TokenId,
            account: T::AccountId,
        },
        /// What the fractions in the pool earned was divided among the LP tokens.
        Collected { asset: AssetId, amount: Balance },
        /// LP tokens were issued.
        Minted {
            asset: AssetId,
            who: T::AccountId,
            amount: Balance,
        },
        /// LP tokens were burnt.
        Burned {
            asset: AssetId,
            who: T::AccountId,
            amount: Balance,
        },
        /// LP tokens changed hands.
        Transferred {
            asset: AssetId,
            from: T::AccountId,
            to: T::AccountId,
            amount: Balance,
        },
        /// What an account's LP tokens earned was paid to it.
        Claimed {
            asset: AssetId,
            who: T::AccountId,
            amount: Balance,
        },
        /// The only provider took everything out, the least liquidity too: its `tokens` are burnt and the pool is as new.
        Emptied {
            asset: AssetId,
            who: T::AccountId,
            tokens: Balance,
            currency: Balance,
            fractions: Balance,
        },
        /// The pool of a sold asset ended: the cash of its fractions and its currency were divided among the LP tokens, which are
        /// none any more. What nobody had a part in, `left`, became the asset's income.
        Dissolved {
            asset: AssetId,
            cash: Balance,
            currency: Balance,
            left: Balance,
        },
        /// The asset was sold, but its pool could not be dissolved. `dissolve` tries again.
        DissolutionFailed { asset: AssetId, error: DispatchError },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The account is not that of a pool of fractions, so no LP token can be made for it.
        NotPoolAccount,
        /// The asset is not owned in fractions.
        NotFractionalized,
        /// The asset has a pool already.
        PoolExists,
        /// There is no pool of the asset's fractions.
        UnknownPool,
        /// The amount is zero.
        ZeroAmount,
        /// The account has nothing coming.
        NothingToClaim,
        /// The payee would stay below the existential deposit.
        BelowExistentialDeposit,
        /// The asset was not sold as a whole, or all its fractions are cashed: its pool goes on.
        NotSold,
        /// Others have LP tokens too; or nobody has, and the caller has not all fractions that the pool has not, or the asset is sold.
        NotSoleProvider,
        /// The pool has neither reserves nor LP tokens.
        NothingToDissolve,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Gives `amount` of the caller's LP tokens to `dest`. What they earned until now stays the caller's.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::transfer())]
        pub fn transfer(
            origin: OriginFor<T>,
            asset: AssetId,
            dest: AccountIdLookupOf<T>,
            amount: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let dest = T::Lookup::lookup(dest)?;
            Self::do_transfer(asset, &who, &dest, amount)
        }

        /// Pays the caller what its LP tokens earned.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::claim())]
        pub fn claim(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_claim(asset, who)
        }

        /// Pays `who` what its LP tokens earned. Anyone may call this.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::claim())]
        pub fn claim_for(origin: OriginFor<T>, asset: AssetId, who: T::AccountId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_claim(asset, who)
        }

        /// Ends the pool of an asset that was sold as a whole: its fractions are cashed, and that and its currency are divided
        /// among the LP tokens, whose holders claim it like income. The sale itself does it; this is for what comes into the pool's
        /// account later, or if that failed. Anyone may call this.
        ///
        /// The fractions of the asset's next vault may have liquidity in the same pool.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::dissolve())]
        pub fn dissolve(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_dissolve(asset)
        }

        /// Takes everything out of the pool. The caller must have all LP tokens but the pool's own; or, where nobody has any, all
        /// fractions but the pool's.
        ///
        /// asset-conversion lets nobody take the last fraction out, nor the last existential deposit, and keeps the least liquidity.
        /// Here all of it goes to the caller, so that the fractions can be redeemed. What the tokens earned is claimed as ever.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::remove_all_liquidity())]
        pub fn remove_all_liquidity(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_remove_all(asset, who)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The pool of an asset's fractions, if it was ever made.
        pub fn pool(asset: AssetId) -> Option<PoolTerms<T::AccountId>> {
            Self::pool_terms(asset)
        }

        /// LP tokens of `who`.
        pub fn tokens(asset: AssetId, who: T::AccountId) -> Balance {
            Self::tokens_of(asset, &who)
        }

        /// What `who` could claim, of what was collected until now. What the pool's fractions have earned since is not in it yet.
        pub fn pending(asset: AssetId, who: T::AccountId) -> Balance {
            Self::settled_until_now(asset, &who)
        }
    }

    type AccountIdLookupOf<T> = <<T as frame_system::Config>::Lookup as StaticLookup>::Source;
}
