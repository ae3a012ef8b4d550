// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod buyout;
mod cash;
mod impl_freeze;
mod impl_fungibles;
mod impl_hold;
mod impl_holdings;
mod impl_sale;
mod impls;
mod ledger;
pub mod math;
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
    AccountData, AccountDataOf, BalanceOf, Bid, BidOf, FreezesOf, HoldsOf, Offer, OfferOf, Vault, VaultOf,
    MAX_ROYALTY, MAX_SUPPLY,
};
pub use views::{BidTerms, HolderPageOf, OfferPageOf, OfferTerms, VaultTerms, MAX_PAGE};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use compute_primitives::{AssetId, Custody, Income, InspectAsset, OnVaultClosed};
    use frame_support::pallet_prelude::*;
    use frame_support::traits::{fungible, Consideration, Contains, Footprint, VariantCount};
    use frame_support::PalletId;
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::StaticLookup;
    use sp_runtime::Perbill;

    #[pallet::config]
    pub trait Config: frame_system::Config {
        type WeightInfo: WeightInfo;

        /// The currency that fractions, and whole assets, are bought with.
        type Currency: fungible::Mutate<Self::AccountId>
            + fungible::MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

        /// Knows the assets, and moves their NFTs into a vault and out of it.
        type Assets: InspectAsset<Self::AccountId> + Custody<Self::AccountId>;

        /// Settles a holder's income before its fractions change.
        type Income: Income<Self::AccountId, Balance = BalanceOf<Self>>;

        /// Told when an asset is not owned in fractions any more.
        type OnVaultClosed: OnVaultClosed;

        /// Whose fractions of a sold asset others may cash. Not those of the asset's own pool: with currency only, it would let no one
        /// out. Into such an account no fractions of a sold asset go.
        type CashableByOthers: Contains<(AssetId, Self::AccountId)>;

        /// Why fractions, and currency, are on hold: the runtime's reasons, this pallet's among them.
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

        /// The least that a whole asset is bid for. At least the existential deposit.
        #[pallet::constant]
        type MinimumBid: Get<BalanceOf<Self>>;

        /// By how much a bid must be above the one before.
        #[pallet::constant]
        type MinimumIncrement: Get<Perbill>;

        /// The part of all fractions whose holder opens an auction without the others.
        #[pallet::constant]
        type SqueezeOutThreshold: Get<Perbill>;

        /// Blocks from the opening of an auction to its end. At least 1.
        #[pallet::constant]
        type AuctionPeriod: Get<BlockNumberFor<Self>>;

        /// Blocks that are left for others after each bid in an auction. At least 1.
        #[pallet::constant]
        type AuctionExtension: Get<BlockNumberFor<Self>>;

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
        /// Fractions and currency that a bid for a whole asset pays with. In a vault's account: what the asset was sold for.
        Buyout,
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

    /// The highest bid for each asset that someone wants as a whole.
    #[pallet::storage]
    pub type Bids<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, BidOf<T>>;

    /// Proceeds of sold assets whose payee could not take them yet. They wait in the vault's account.
    #[pallet::storage]
    pub type Owed<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, T::AccountId, BalanceOf<T>>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An asset's NFT went into `vault`, and its owner got all its fractions.
        Fractionalized {
            asset: AssetId,
            who: T::AccountId,
            supply: BalanceOf<T>,
            vault: T::AccountId,
            royalty: Perbill,
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
        /// `buyer` paid `price` in currency for `amount` fractions; the offer has `left` more. `royalty` of the price went to the
        /// first owner, the rest to the seller.
        Bought {
            asset: AssetId,
            seller: T::AccountId,
            buyer: T::AccountId,
            amount: BalanceOf<T>,
            price: BalanceOf<T>,
            royalty: BalanceOf<T>,
            left: BalanceOf<T>,
        },
        /// The last holder gave all fractions up and got the NFT.
        Redeemed {
            asset: AssetId,
            who: T::AccountId,
            supply: BalanceOf<T>,
        },
        /// The holders set the price from which on a bid for the whole asset opens an auction; `None`: no bid does so by itself.
        ReserveSet {
            asset: AssetId,
            reserve: Option<BalanceOf<T>>,
        },
        /// `bidder` bids `price` for the whole asset: `payment` in currency, and its own `fractions`.
        BidPlaced {
            asset: AssetId,
            bidder: T::AccountId,
            price: BalanceOf<T>,
            payment: BalanceOf<T>,
            fractions: BalanceOf<T>,
        },
        /// A bid ended, outbid or withdrawn or for nothing: what was on hold for it is free again.
        BidReleased {
            asset: AssetId,
            bidder: T::AccountId,
            price: BalanceOf<T>,
        },
        /// The asset goes to the highest bidder by block `ends_at`.
        AuctionOpened {
            asset: AssetId,
            bidder: T::AccountId,
            price: BalanceOf<T>,
            ends_at: BlockNumberFor<T>,
        },
        /// A late bid prolonged the auction.
        AuctionExtended {
            asset: AssetId,
            ends_at: BlockNumberFor<T>,
        },
        /// `buyer` got the NFT. Those who have one of the `claims` fractions left share the `proceeds`.
        Sold {
            asset: AssetId,
            buyer: T::AccountId,
            price: BalanceOf<T>,
            proceeds: BalanceOf<T>,
            claims: BalanceOf<T>,
        },
        /// `amount` fractions of a sold asset were burnt for `cash`. `owed`: the account could not take it, and claims it later.
        CashedOut {
            asset: AssetId,
            who: T::AccountId,
            amount: BalanceOf<T>,
            cash: BalanceOf<T>,
            owed: bool,
        },
        /// Cash that was owed was paid.
        OwedPaid {
            asset: AssetId,
            who: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// The last fraction of a sold asset was cashed. The asset may be fractionalized again.
        VaultClosed { asset: AssetId },
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
        /// The royalty is above 10%.
        RoyaltyTooHigh,
        /// The asset was sold as a whole, and not all of its fractions are cashed yet.
        AssetSold,
        /// The asset was not sold as a whole.
        NotSold,
        /// The asset has no fractions that could be bought.
        NoFractions,
        /// The bid is below the least that is taken, or not far enough above the one before; or it is below what is accepted.
        BidTooLow,
        /// Nobody bids for the asset.
        NoBid,
        /// The bid is another's.
        NotBidder,
        /// An auction runs: it ends by itself.
        AuctionRunning,
        /// No auction runs: the bid only stands.
        NoAuction,
        /// The auction is over: settle it.
        AuctionEnded,
        /// The caller has too small a part of all fractions to decide alone.
        TooFewFractions,
        /// The account has no fractions that could be cashed: none, or all on hold for another reason than an offer.
        NothingToCash,
        /// Only the account itself may cash its fractions.
        NotCashableByOthers,
        /// No cash is owed to the account.
        NothingOwed,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            use frame_support::traits::fungible::Inspect as _;

            assert!(
                T::MinimumBid::get() >= T::Currency::minimum_balance(),
                "MinimumBid is below the existential deposit"
            );
            assert!(
                T::AuctionPeriod::get() >= 1u32.into() && T::AuctionExtension::get() >= 1u32.into(),
                "an auction would be over in the block in which it opens"
            );
            assert!(
                T::SqueezeOutThreshold::get() > Perbill::from_percent(50),
                "SqueezeOutThreshold is no majority"
            );
        }

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
        /// to the caller when the vault ends, by whomever. The caller gets `royalty`, at most 10%, of the price when others sell
        /// their fractions by an offer.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::fractionalize())]
        pub fn fractionalize(
            origin: OriginFor<T>,
            asset: AssetId,
            supply: BalanceOf<T>,
            royalty: Perbill,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_fractionalize(asset, who, supply, royalty)
        }

        /// Gives `amount` of the caller's free fractions to `dest`.
        ///
        /// Income until now stays the caller's. Fractions of a sold asset are cashed instead.
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
        /// The caller pays `amount` times the offer's price, and must keep the existential deposit: buying never ends an account.
        /// The first owner's royalty is a part of the price; what is left goes to the seller.
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
        /// who fractionalized. A bid that stands is set free; while an auction runs this is refused, as the highest bidder is bound.
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

        /// Bids `price` for the whole asset. It must be at least `MinimumBid`, and `MinimumIncrement` above the bid before, whose
        /// money and fractions are free again at once.
        ///
        /// All free fractions of the caller go on hold, frozen or not, and count as payment; the rest of the price goes on hold in
        /// currency: `price · (supply - fractions) / supply`, raised, and at least the existential deposit. The caller keeps the
        /// existential deposit beside it.
        ///
        /// At or above the reserve, or by who has at least `SqueezeOutThreshold` of all fractions, the bid opens an auction; else
        /// it stands until the holders accept it or the bidder withdraws it. In an auction, a bid binds, and leaves the others at
        /// least `AuctionExtension` blocks.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::bid())]
        pub fn bid(origin: OriginFor<T>, asset: AssetId, price: BalanceOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_bid(asset, who, price)
        }

        /// Takes the caller's bid back. Not while an auction runs.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::withdraw_bid())]
        pub fn withdraw_bid(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_withdraw_bid(asset, who)
        }

        /// Opens the auction with the bid that stands, if it is at `price` or above. By who has at least `SqueezeOutThreshold` of all
        /// fractions.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::accept_bid())]
        pub fn accept_bid(origin: OriginFor<T>, asset: AssetId, price: BalanceOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_accept_bid(asset, &who, price)
        }

        /// Settles an auction that is over: the NFT goes to the highest bidder, and what it paid waits for those who have fractions
        /// left. Anyone may call this.
        ///
        /// Income until now is the holders'; from now on it is the NFT owner's.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::settle_auction().saturating_add(T::OnVaultClosed::weight_of_sale()))]
        pub fn settle_auction(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_settle_auction(asset)
        }

        /// Burns the caller's fractions of a sold asset for their part of the cash. Its offer ends; what is on hold for other
        /// reasons stays, to be cashed when it is released.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::cash_out())]
        pub fn cash_out(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_cash_out(asset, &who, &who)?;
            Ok(())
        }

        /// Does for `who` what [`Pallet::cash_out`] does: the cash goes to `who`. Anyone may call this for anyone, so that no one keeps
        /// a sold asset's vault from closing; a pool's account may be excepted.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::cash_out_for())]
        pub fn cash_out_for(origin: OriginFor<T>, asset: AssetId, who: T::AccountId) -> DispatchResult {
            let caller = ensure_signed(origin)?;
            if caller != who {
                Self::ensure_cashable_by_others(asset, &who)?;
            }
            Self::do_cash_out(asset, &who, &who)?;
            Ok(())
        }

        /// Pays `who` the cash of a sold asset that it could not take before. Anyone may call this.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::claim_owed())]
        pub fn claim_owed(origin: OriginFor<T>, asset: AssetId, who: T::AccountId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_claim_owed(asset, who)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The vault of an asset; `None`: it is whole. With `cash` it was sold as a whole, and its fractions are claims on that.
        pub fn vault(asset: AssetId) -> Option<VaultTerms<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>> {
            Self::vault_terms(asset)
        }

        /// Fractions of `who`, free, on hold and frozen.
        pub fn account(asset: AssetId, who: T::AccountId) -> AccountDataOf<T> {
            Accounts::<T>::get(asset, who).unwrap_or_default()
        }

        /// The highest bid for an asset.
        pub fn highest_bid(
            asset: AssetId,
        ) -> Option<BidTerms<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>> {
            Self::bid_terms(asset)
        }

        /// The least that may be bid for an asset now; `None`: nothing may.
        pub fn least_bid(asset: AssetId) -> Option<BalanceOf<T>> {
            Self::least_bid_of(asset)
        }

        /// What cashing all free and offered fractions of `who` would pay now. Zero unless the asset was sold.
        pub fn cash_of(asset: AssetId, who: T::AccountId) -> BalanceOf<T> {
            Self::payable(asset, &who)
        }

        /// Cash of a sold asset that `who` could not take yet.
        pub fn owed(asset: AssetId, who: T::AccountId) -> BalanceOf<T> {
            Owed::<T>::get(asset, who).unwrap_or_default()
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
