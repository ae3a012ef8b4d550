// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod impl_freeze;
mod impl_fungibles;
mod impl_hold;
mod impl_holdings;
mod impls;
mod ledger;
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
pub use types::{
    AccountData, AccountDataOf, BalanceOf, FreezesOf, HoldsOf, Offer, OfferOf, Vault, VaultOf, MAX_SUPPLY,
};
pub use views::{HolderPageOf, OfferPageOf, OfferTerms, VaultTerms, MAX_PAGE};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use compute_primitives::{AssetId, Custody, Income, InspectAsset};
    use frame_support::pallet_prelude::*;
    use frame_support::traits::{fungible, Consideration, Footprint, VariantCount};
    use frame_support::PalletId;
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::StaticLookup;

    #[pallet::config]
    pub trait Config: frame_system::Config {
        type WeightInfo: WeightInfo;

        /// The currency that fractions are bought with.
        type Currency: fungible::Mutate<Self::AccountId>;

        /// Knows the assets, and moves their NFTs into a vault and out of it.
        type Assets: InspectAsset<Self::AccountId> + Custody<Self::AccountId>;

        /// Settles a holder's income before its fractions change.
        type Income: Income<Self::AccountId, Balance = BalanceOf<Self>>;

        /// Why fractions are on hold: the runtime's reasons, this pallet's among them.
        type RuntimeHoldReason: From<HoldReason> + Parameter + Member + MaxEncodedLen + Copy + VariantCount;

        /// Why fractions are frozen: the runtime's reasons.
        type RuntimeFreezeReason: Parameter + Member + MaxEncodedLen + Copy + VariantCount;

        /// The storage deposit of a vault, paid by who fractionalizes.
        type VaultConsideration: Consideration<Self::AccountId, Footprint>;

        /// The storage deposit of an offer, paid by the seller.
        type OfferConsideration: Consideration<Self::AccountId, Footprint>;

        /// The vaults' accounts are derived from this and the asset's id.
        #[pallet::constant]
        type PalletId: Get<PalletId>;

        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper<Self::AccountId>;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Why something is on hold.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Fractions that a standing offer sells.
        Offer,
        /// Currency: the storage deposit of a vault.
        VaultDeposit,
        /// Currency: the storage deposit of an offer.
        OfferDeposit,
    }

    /// The assets that are owned in fractions.
    #[pallet::storage]
    pub type Vaults<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, VaultOf<T>>;

    /// The fractions of each holder.
    #[pallet::storage]
    pub type Accounts<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, T::AccountId, AccountDataOf<T>>;

    /// Fractions on hold, by reason. Together they are the `held` of the holder's account.
    #[pallet::storage]
    pub type Holds<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        AssetId,
        Blake2_128Concat,
        T::AccountId,
        HoldsOf<T>,
        ValueQuery,
    >;

    /// Freezes, by reason. They overlap: the largest counts, and is the `frozen` of the holder's account.
    #[pallet::storage]
    pub type Freezes<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        AssetId,
        Blake2_128Concat,
        T::AccountId,
        FreezesOf<T>,
        ValueQuery,
    >;

    /// Standing offers, by asset and seller.
    #[pallet::storage]
    pub type Offers<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, T::AccountId, OfferOf<T>>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An asset's NFT went into `vault`, and its owner got all its fractions.
        Fractionalized {
            asset: AssetId,
            who: T::AccountId,
            supply: BalanceOf<T>,
            vault: T::AccountId,
        },
        /// Fractions changed hands.
        Transferred {
            asset: AssetId,
            from: T::AccountId,
            to: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// A seller offers `amount` fractions. This replaces the seller's former offer.
        Offered {
            asset: AssetId,
            seller: T::AccountId,
            amount: BalanceOf<T>,
            unit_price: BalanceOf<T>,
            expires_at: Option<BlockNumberFor<T>>,
        },
        /// An offer was taken back with `amount` fractions unsold.
        OfferCancelled {
            asset: AssetId,
            seller: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// An offer whose time had passed was removed, with `amount` fractions unsold.
        OfferExpired {
            asset: AssetId,
            seller: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// `buyer` paid `price` in currency for `amount` fractions; the offer has `left` more.
        Bought {
            asset: AssetId,
            seller: T::AccountId,
            buyer: T::AccountId,
            amount: BalanceOf<T>,
            price: BalanceOf<T>,
            left: BalanceOf<T>,
        },
        /// The last holder gave all fractions up and got the NFT.
        Redeemed {
            asset: AssetId,
            who: T::AccountId,
            supply: BalanceOf<T>,
        },
        /// Another part of the runtime issued fractions.
        Minted {
            asset: AssetId,
            who: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// Another part of the runtime burnt free fractions.
        Burned {
            asset: AssetId,
            who: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// Another part of the runtime burnt fractions on hold.
        BurnedHeld {
            asset: AssetId,
            reason: T::RuntimeHoldReason,
            who: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// Another part of the runtime, such as a pool, put fractions into an account.
        Deposited {
            asset: AssetId,
            who: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// Another part of the runtime, such as a pool, took fractions out of an account.
        Withdrawn {
            asset: AssetId,
            who: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// Another part of the runtime put free fractions on hold.
        Held {
            asset: AssetId,
            reason: T::RuntimeHoldReason,
            who: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// Another part of the runtime set fractions on hold free.
        Released {
            asset: AssetId,
            reason: T::RuntimeHoldReason,
            who: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// Fractions on hold changed hands.
        TransferredOnHold {
            asset: AssetId,
            reason: T::RuntimeHoldReason,
            from: T::AccountId,
            to: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// Free fractions changed hands and are on hold there.
        TransferredAndHeld {
            asset: AssetId,
            reason: T::RuntimeHoldReason,
            from: T::AccountId,
            to: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// The account may not fall below `frozen` fractions; zero: it may.
        FrozenChanged {
            asset: AssetId,
            who: T::AccountId,
            frozen: BalanceOf<T>,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// There is no such asset.
        UnknownAsset,
        /// The asset was retired: it earns no more, and waits to be reaped.
        AssetRetired,
        /// The NFT belongs to someone else.
        NotOwner,
        /// The asset is already owned in fractions.
        AlreadyFractionalized,
        /// The asset is not owned in fractions.
        NotFractionalized,
        /// An asset has at least one fraction.
        ZeroSupply,
        /// An asset has at most 2^64 fractions.
        SupplyTooLarge,
        /// The amount is zero.
        ZeroAmount,
        /// The price is zero: to give fractions away, transfer them.
        ZeroPrice,
        /// The seller has no standing offer.
        NoOffer,
        /// The offer would have expired before it stands.
        ExpiryPassed,
        /// The offer's time has passed.
        OfferExpired,
        /// The offer's time has not passed: only the seller may end it.
        OfferStands,
        /// The seller can't buy of its own offer; it cancels it.
        OwnOffer,
        /// A fraction costs more than the buyer would pay.
        PriceTooHigh,
        /// The offer has fewer fractions left than that.
        OfferTooSmall,
        /// The asset is in more fractions than the buyer counts on, so each is a smaller part of it.
        SupplyTooHigh,
        /// The caller does not have all fractions.
        NotSoleHolder,
        /// Some of the caller's fractions are on hold: cancel the offer first.
        FractionsOnHold,
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
        /// Puts the caller's asset into a vault and gives the caller `supply` fractions of it, 1 to 2^64.
        ///
        /// Income until now is the caller's as owner; from now on it is the holders'. Takes a storage deposit, which comes back
        /// to the caller when the asset is redeemed, by whomever.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::fractionalize())]
        pub fn fractionalize(origin: OriginFor<T>, asset: AssetId, supply: BalanceOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_fractionalize(asset, who, supply)
        }

        /// Gives `amount` of the caller's free fractions to `dest`.
        ///
        /// Income until now stays the caller's.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::transfer())]
        pub fn transfer(
            origin: OriginFor<T>,
            asset: AssetId,
            dest: AccountIdLookupOf<T>,
            amount: BalanceOf<T>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let dest = T::Lookup::lookup(dest)?;
            Self::do_transfer(asset, &who, &dest, amount)
        }

        /// Offers `amount` of the caller's fractions at `unit_price` each, in the smallest unit of currency.
        ///
        /// An account has one offer an asset: this replaces the former one. The fractions go on hold and earn for the
        /// caller until they are sold. Takes a storage deposit, which comes back when the offer ends. From block `expires_at` on
        /// nothing of it can be bought, and anyone may remove it.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::offer())]
        pub fn offer(
            origin: OriginFor<T>,
            asset: AssetId,
            amount: BalanceOf<T>,
            unit_price: BalanceOf<T>,
            expires_at: Option<BlockNumberFor<T>>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_offer(asset, who, amount, unit_price, expires_at)
        }

        /// Ends the caller's offer; its fractions are free again.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::cancel_offer())]
        pub fn cancel_offer(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_cancel_offer(asset, who)
        }

        /// Buys `amount` fractions of the seller's offer, all or a part, at its price.
        ///
        /// The order says what it is for: a fraction costs at most `max_unit_price`, and is one of at most `max_supply`.
        ///
        /// The caller pays `amount` times the offer's price to the seller, and must keep the existential deposit: buying never
        /// ends an account.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::buy())]
        pub fn buy(
            origin: OriginFor<T>,
            asset: AssetId,
            seller: T::AccountId,
            amount: BalanceOf<T>,
            max_unit_price: BalanceOf<T>,
            max_supply: BalanceOf<T>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_buy(asset, who, seller, amount, max_unit_price, max_supply)
        }

        /// Gives up all fractions for the NFT. The caller must have every one of them, none on hold.
        ///
        /// Income until now is the caller's as holder; from now on it is the NFT owner's. Returns the storage deposit to
        /// who fractionalized.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::redeem())]
        pub fn redeem(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_redeem(asset, who)
        }

        /// Ends the offer of `seller`, whose time has passed: its fractions are free again and its deposit goes back. Anyone may
        /// call this.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::remove_expired_offer())]
        pub fn remove_expired_offer(
            origin: OriginFor<T>,
            asset: AssetId,
            seller: T::AccountId,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_remove_expired_offer(asset, seller)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The vault of an asset; `None`: it is whole.
        pub fn vault(asset: AssetId) -> Option<VaultTerms<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>> {
            Self::vault_terms(asset)
        }

        /// Fractions of `who`, free, on hold and frozen.
        pub fn account(asset: AssetId, who: T::AccountId) -> AccountDataOf<T> {
            Accounts::<T>::get(asset, who).unwrap_or_default()
        }

        /// A page of an asset's holders, at least 1 and at most 100; `None`: the asset is whole.
        ///
        /// `cursor` is what the last page gave as next: the SCALE encoding of its last account. That account may have left
        /// since. The page after a cursor that is no account is empty. The order is that of the storage, and means nothing.
        pub fn holders(asset: AssetId, cursor: Option<Vec<u8>>, limit: u32) -> Option<HolderPageOf<T>> {
            Self::holder_page(asset, cursor, limit)
        }

        /// The standing offer of `seller`.
        pub fn standing_offer(
            asset: AssetId,
            seller: T::AccountId,
        ) -> Option<OfferTerms<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>> {
            Self::offer_terms(asset, seller)
        }

        /// A page of an asset's offers, at most 100, from `cursor` on; and the next cursor, unless it was the last.
        pub fn standing_offers(asset: AssetId, cursor: Option<T::AccountId>, limit: u32) -> OfferPageOf<T> {
            Self::offer_page(asset, cursor, limit)
        }
    }

    type AccountIdLookupOf<T> = <<T as frame_system::Config>::Lookup as StaticLookup>::Source;
}
