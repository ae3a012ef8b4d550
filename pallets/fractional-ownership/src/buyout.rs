// SPDX-License-Identifier: Apache-2.0
//! What the calls do about a sale of the whole asset: bids, the auction, its settlement.

use crate::types::AccountIdOf;
use crate::{
    math, Accounts, BalanceOf, Bid, BidOf, Bids, Config, Error, Event, HoldReason, Pallet, VaultOf, Vaults,
};
use compute_primitives::{AssetId, Custody, Income, OnVaultClosed};
use frame_support::ensure;
use frame_support::traits::fungible::{Inspect, MutateHold};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation, Restriction};
use frame_support::traits::{Consideration, Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{CheckedSub, Saturating, Zero};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult, TokenError};

impl<T: Config> Pallet<T> {
    /// The vault of an asset that is owned in fractions, and not sold.
    pub(crate) fn standing_vault(asset: AssetId) -> Result<VaultOf<T>, DispatchError> {
        let vault = Vaults::<T>::get(asset).ok_or(Error::<T>::NotFractionalized)?;
        ensure!(!vault.is_sold(), Error::<T>::AssetSold);
        Ok(vault)
    }

    pub(crate) fn do_bid(asset: AssetId, who: AccountIdOf<T>, price: BalanceOf<T>) -> DispatchResult {
        let vault = Self::standing_vault(asset)?;
        ensure!(!vault.supply.is_zero(), Error::<T>::NoFractions);
        let former = Bids::<T>::get(asset);
        ensure!(
            !former.as_ref().is_some_and(|bid| bid.has_ended(Self::now())),
            Error::<T>::AuctionEnded
        );
        ensure!(price >= Self::least(former.as_ref())?, Error::<T>::BidTooLow);

        // First, for it may be the caller's own.
        let ends_at = former.as_ref().and_then(|bid| bid.ends_at);
        if let Some(former) = former {
            Self::release_bid(asset, former)?;
        }
        let account = Self::account(asset, who.clone());
        let opens = vault.is_reserve(price) || Self::may_squeeze_out(&vault, account.total()?);
        let bid = Self::place(asset, who, price, &vault, account.free)?;
        match ends_at {
            Some(end) => Self::prolong(asset, bid, end),
            None if opens => Self::open_auction(asset, bid),
            None => Bids::<T>::insert(asset, bid),
        }
        Ok(())
    }

    /// The least that a bid must be at.
    pub(crate) fn least(former: Option<&BidOf<T>>) -> Result<BalanceOf<T>, DispatchError> {
        let least = match former {
            Some(bid) => Self::from_wide(math::least_above(
                Self::wide(bid.price)?,
                T::MinimumIncrement::get(),
            ))?,
            None => Zero::zero(),
        };
        Ok(least.max(T::MinimumBid::get()))
    }

    /// Whether so many fractions suffice to open an auction without the others.
    fn may_squeeze_out(vault: &VaultOf<T>, fractions: BalanceOf<T>) -> bool {
        !fractions.is_zero() && fractions >= T::SqueezeOutThreshold::get().mul_ceil(vault.supply)
    }

    /// Puts on hold what a bid takes: `fractions`, which are all free ones of the bidder, and the price of the others.
    fn place(
        asset: AssetId,
        bidder: AccountIdOf<T>,
        price: BalanceOf<T>,
        vault: &VaultOf<T>,
        fractions: BalanceOf<T>,
    ) -> Result<BidOf<T>, DispatchError> {
        // Never less than an account must have: so it can be set free, and paid into an account that has nothing.
        let payment = Self::from_wide(math::payment(
            Self::wide(price)?,
            Self::wide(vault.supply)?,
            Self::wide(fractions)?,
            Self::wide(T::Currency::minimum_balance())?,
        ))?;
        let reason = HoldReason::Buyout.into();
        if !fractions.is_zero() {
            Self::set_aside(asset, &bidder, &reason, fractions)?;
        }
        if !payment.is_zero() {
            // A hold may be put on what is frozen, but no one should pay with it.
            let spendable =
                T::Currency::reducible_balance(&bidder, Preservation::Preserve, Fortitude::Polite);
            ensure!(payment <= spendable, TokenError::FundsUnavailable);
            T::Currency::hold(&reason, &bidder, payment)?;
        }
        Self::deposit_event(Event::BidPlaced {
            asset,
            bidder: bidder.clone(),
            price,
            payment,
            fractions,
        });
        Ok(Bid {
            bidder,
            price,
            payment,
            fractions,
            ends_at: None,
        })
    }

    /// Writes the bid that an auction opens with.
    fn open_auction(asset: AssetId, mut bid: BidOf<T>) {
        let ends_at = Self::now().saturating_add(T::AuctionPeriod::get());
        bid.ends_at = Some(ends_at);
        Self::deposit_event(Event::AuctionOpened {
            asset,
            bidder: bid.bidder.clone(),
            price: bid.price,
            ends_at,
        });
        Bids::<T>::insert(asset, bid);
    }

    /// Writes a bid in an auction that ends at `end`, or later if the bid comes late.
    fn prolong(asset: AssetId, mut bid: BidOf<T>, end: BlockNumberFor<T>) {
        let ends_at = end.max(Self::now().saturating_add(T::AuctionExtension::get()));
        bid.ends_at = Some(ends_at);
        if ends_at > end {
            Self::deposit_event(Event::AuctionExtended { asset, ends_at });
        }
        Bids::<T>::insert(asset, bid);
    }

    /// Removes a bid; its fractions and its money are free again.
    ///
    /// Does not fail: the fractions stay their holder's, so no income is settled; the money stays in its account, and is at least the
    /// existential deposit.
    pub(crate) fn release_bid(asset: AssetId, bid: BidOf<T>) -> DispatchResult {
        let reason = HoldReason::Buyout.into();
        if !bid.fractions.is_zero() {
            Self::set_free(asset, &bid.bidder, &reason, bid.fractions)?;
        }
        if !bid.payment.is_zero() {
            T::Currency::release(&reason, &bid.bidder, bid.payment, Precision::Exact)?;
        }
        Bids::<T>::remove(asset);
        Self::deposit_event(Event::BidReleased {
            asset,
            bidder: bid.bidder,
            price: bid.price,
        });
        Ok(())
    }

    /// The bid that stands, if no auction runs.
    pub(crate) fn standing_bid_of(asset: AssetId) -> Result<BidOf<T>, DispatchError> {
        let bid = Bids::<T>::get(asset).ok_or(Error::<T>::NoBid)?;
        ensure!(bid.ends_at.is_none(), Error::<T>::AuctionRunning);
        Ok(bid)
    }

    pub(crate) fn do_withdraw_bid(asset: AssetId, who: AccountIdOf<T>) -> DispatchResult {
        let bid = Self::standing_bid_of(asset)?;
        ensure!(bid.bidder == who, Error::<T>::NotBidder);
        Self::release_bid(asset, bid)
    }

    /// By who holds enough to open an auction without the others.
    pub(crate) fn do_accept_bid(asset: AssetId, who: &AccountIdOf<T>, price: BalanceOf<T>) -> DispatchResult {
        let vault = Self::standing_vault(asset)?;
        let fractions = Accounts::<T>::get(asset, who).unwrap_or_default().total()?;
        ensure!(
            Self::may_squeeze_out(&vault, fractions),
            Error::<T>::TooFewFractions
        );
        Self::do_open(asset, price)
    }

    /// Opens the auction with the bid that stands, if it is at `price` or above.
    pub(crate) fn do_open(asset: AssetId, price: BalanceOf<T>) -> DispatchResult {
        Self::standing_vault(asset)?;
        let bid = Self::standing_bid_of(asset)?;
        ensure!(bid.price >= price, Error::<T>::BidTooLow);
        Self::open_auction(asset, bid);
        Ok(())
    }

    /// A bid that stands at or above the new reserve opens the auction: no other rule would let it stand there.
    pub(crate) fn do_set_reserve(asset: AssetId, reserve: Option<BalanceOf<T>>) -> DispatchResult {
        let mut vault = Self::standing_vault(asset)?;
        vault.reserve = reserve;
        let bid = Bids::<T>::get(asset).filter(|bid| bid.ends_at.is_none() && vault.is_reserve(bid.price));
        Vaults::<T>::insert(asset, vault);
        Self::deposit_event(Event::ReserveSet { asset, reserve });
        if let Some(bid) = bid {
            Self::open_auction(asset, bid);
        }
        Ok(())
    }

    pub(crate) fn do_settle_auction(asset: AssetId) -> DispatchResult {
        let vault = Self::standing_vault(asset)?;
        let bid = Bids::<T>::get(asset).ok_or(Error::<T>::NoBid)?;
        ensure!(bid.ends_at.is_some(), Error::<T>::NoAuction);
        ensure!(bid.has_ended(Self::now()), Error::<T>::AuctionRunning);
        if vault.supply.is_zero() {
            // Other pallets burnt every fraction: there is no one to buy from, and `redeem` is the way out.
            return Self::release_bid(asset, bid);
        }

        // While the fractions still share: what has vested until now is their holders'.
        T::Income::touch(asset)?;
        let reason = HoldReason::Buyout.into();
        if !bid.fractions.is_zero() {
            Self::debit_hold(asset, &bid.bidder, &reason, bid.fractions)?;
        }
        // Read only now: the winner may be a holder less.
        let mut vault = Self::standing_vault(asset)?;
        vault.supply = vault
            .supply
            .checked_sub(&bid.fractions)
            .ok_or(ArithmeticError::Underflow)?;
        Bids::<T>::remove(asset);
        let account = Self::vault_account(asset);
        T::Assets::withdraw(asset, &account, &bid.bidder)?;
        let claims = vault.supply;
        let proceeds = if claims.is_zero() {
            // The winner had them all: nobody is to be paid, and nothing stays.
            if !bid.payment.is_zero() {
                T::Currency::release(&reason, &bid.bidder, bid.payment, Precision::Exact)?;
            }
            Vaults::<T>::remove(asset);
            vault.ticket.drop(&vault.depositor)?;
            Zero::zero()
        } else {
            Self::open_escrow(&account);
            T::Currency::transfer_on_hold(
                &reason,
                &bid.bidder,
                &account,
                bid.payment,
                Precision::Exact,
                Restriction::OnHold,
                Fortitude::Force,
            )?;
            vault.cash = Some(bid.payment);
            vault.reserve = None;
            Vaults::<T>::insert(asset, vault);
            bid.payment
        };
        Self::deposit_event(Event::Sold {
            asset,
            buyer: bid.bidder,
            price: bid.price,
            proceeds,
            claims,
        });
        if claims.is_zero() {
            Self::deposit_event(Event::VaultClosed { asset });
        }
        // Last, for it may cash fractions.
        T::OnVaultClosed::on_vault_closed(asset)
    }
}
