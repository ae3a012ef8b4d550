// SPDX-License-Identifier: Apache-2.0
//! What the calls and the traits do: check, compute, write, tell.

use crate::{
    math::{self, Position, Stream},
    pallet::{
        BooksTotal, Config, EmissionSplit, Error, Event, GenesisConfig, Ledgers, OperatorFees, Pallet,
        Positions, ProtocolFee, TreasuryOwed, VestingPeriod, MAX_BOUNTY, MAX_FEE_RAISE, MAX_OPERATOR_FEE,
        MAX_PROTOCOL_FEE,
    },
    types::{Balance, LedgerOf, OperatorFee, PerKind, Shared, Sharers, Terms},
};
use compute_primitives::{AssetId, Holdings, InspectAsset};
use frame_support::{
    ensure,
    pallet_prelude::{DispatchError, DispatchResult, Get},
    sp_runtime::{
        traits::{AccountIdConversion, Saturating, Zero},
        ArithmeticError, Perbill,
    },
    storage::with_storage_layer,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{DepositConsequence, Preservation, Provenance},
    },
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::U256;

/// The error of a sum that does not fit, or of one that would be negative: never a wrong number.
pub(crate) fn exact<V>(sum: Option<V>) -> Result<V, DispatchError> {
    sum.ok_or(DispatchError::Arithmetic(ArithmeticError::Overflow))
}

/// `sum += amount`, or an error.
pub(crate) fn add(sum: &mut Balance, amount: Balance) -> DispatchResult {
    *sum = exact(sum.checked_add(amount))?;
    Ok(())
}

impl<T: Config> Pallet<T> {
    /// Relations between constants on which the rest relies.
    pub(crate) fn check_constants() {
        assert!(T::HalvingInterval::get() >= 1, "HalvingInterval is zero");
        assert!(
            T::Treasury::get() != Self::account_id(),
            "the treasury is the pallet's own account"
        );
        let threshold = T::MinimumThreshold::get();
        assert!(
            threshold.saturating_sub(MAX_BOUNTY.mul_floor(threshold)) >= T::Currency::minimum_balance(),
            "MinimumThreshold leaves less than the existential deposit"
        );
        assert!(T::LogPageLength::get() >= 1, "LogPageLength is zero");
        assert!(T::MaxLogPages::get() >= 2, "MaxLogPages is below two");
        assert!(T::MaxRecords::get() >= 1, "MaxRecords is zero");
    }

    /// Writes what genesis says, and endows the pallet's account. A genesis out of bounds is refused.
    pub(crate) fn begin(genesis: &GenesisConfig<T>) {
        assert!(genesis.vesting_period >= 1u32.into(), "vesting_period is zero");
        assert!(
            genesis.protocol_fee <= MAX_PROTOCOL_FEE,
            "protocol_fee is above 20%"
        );
        assert!(
            genesis.emission_split.is_split(),
            "emission_split adds up to more than 100%"
        );
        VestingPeriod::<T>::put(genesis.vesting_period);
        ProtocolFee::<T>::put(genesis.protocol_fee);
        EmissionSplit::<T>::put(genesis.emission_split);

        // The account outlives its balance, and holds the existential deposit beyond what it owes: so it can pay to the last unit.
        let account = Self::account_id();
        frame_system::Pallet::<T>::inc_providers(&account);
        let endowment = T::Currency::minimum_balance();
        if T::Currency::balance(&account) < endowment {
            assert!(
                T::Currency::mint_into(&account, endowment).is_ok(),
                "the pallet's account can't be endowed"
            );
        }
        assert!(
            T::Currency::total_issuance() <= T::MaxSupply::get(),
            "more is issued at genesis than may ever be"
        );
    }

    /// The account in which income waits for its holders.
    pub fn account_id() -> T::AccountId {
        T::PalletId::get().into_account_truncating()
    }

    pub(crate) fn now() -> BlockNumberFor<T> {
        frame_system::Pallet::<T>::block_number()
    }

    pub(crate) fn stream_of(asset: AssetId) -> Option<Stream<BlockNumberFor<T>>> {
        Ledgers::<T>::get(asset)?.stream
    }

    pub(crate) fn sharers(asset: AssetId) -> Sharers<T::AccountId> {
        // A vault owns the NFT of a fractionalized asset: it is never asked for, so it is never credited.
        match T::Holdings::supply(asset) {
            Some(0) => Sharers::Nobody,
            Some(supply) => Sharers::Fractions(supply),
            None => T::Assets::owner(asset).map_or(Sharers::Nobody, Sharers::Owner),
        }
    }

    fn terms(asset: AssetId) -> Terms<T::AccountId> {
        let fee = OperatorFees::<T>::get(asset).fee;
        let operator = if fee.is_zero() {
            None
        } else {
            T::Assets::operator(asset).map(|who| (who, fee))
        };
        Terms {
            protocol_fee: ProtocolFee::<T>::get(),
            operator,
            sharers: Self::sharers(asset),
        }
    }

    /// Fractions of `who`; zero for a whole asset. Those that a sale left over share nothing any more, but what they earned before
    /// it may still wait to be settled.
    pub(crate) fn held(asset: AssetId, who: &T::AccountId) -> Balance {
        if T::Holdings::outstanding(asset).is_zero() {
            0
        } else {
            T::Holdings::balance(asset, who)
        }
    }

    /// Takes what has vested by now out of the stream, without writing.
    fn release(ledger: &mut LedgerOf<T>) -> Result<Balance, DispatchError> {
        let Some(mut stream) = ledger.stream else {
            return Ok(0);
        };
        let amount = exact(stream.release(Self::now()))?;
        ledger.stream = (!stream.is_empty()).then_some(stream);
        Ok(amount)
    }

    /// Runs `amount` through the waterfall, into the ledger only.
    fn share(
        ledger: &mut LedgerOf<T>,
        amount: Balance,
        terms: &Terms<T::AccountId>,
    ) -> Result<Shared<T::AccountId>, DispatchError> {
        let operator_fee = terms.operator.as_ref().map_or(Perbill::zero(), |(_, fee)| *fee);
        let cut = exact(math::waterfall(amount, terms.protocol_fee, operator_fee))?;
        add(&mut ledger.protocol_fee, cut.protocol)?;
        add(&mut ledger.operator_fee, cut.operator)?;
        let mut shared = Shared {
            protocol: cut.protocol,
            operator: terms
                .operator
                .as_ref()
                .map(|(who, _)| (who.clone(), cut.operator)),
            holders: cut.holders,
            owner: None,
            parked: 0,
        };
        match &terms.sharers {
            Sharers::Nobody => {
                add(&mut ledger.parked, cut.holders)?;
                shared.holders = 0;
                shared.parked = cut.holders;
            }
            Sharers::Fractions(supply) => {
                add(&mut shared.holders, ledger.parked)?;
                ledger.parked = 0;
                exact(ledger.accumulator.distribute(shared.holders, *supply))?;
            }
            Sharers::Owner(owner) => {
                add(&mut shared.holders, ledger.parked)?;
                ledger.parked = 0;
                let whole = exact(ledger.accumulator.sweep(shared.holders))?;
                shared.owner = Some((owner.clone(), whole));
            }
        }
        Ok(shared)
    }

    /// Writes what a waterfall did beside the ledger, and says it.
    fn record(asset: AssetId, ledger: &LedgerOf<T>, shared: Shared<T::AccountId>) -> DispatchResult {
        if !shared.protocol.is_zero() {
            BooksTotal::<T>::try_mutate(|totals| add(&mut totals.protocol_fee, shared.protocol))?;
            Self::deposit_event(Event::ProtocolFeeTaken {
                asset,
                amount: shared.protocol,
            });
            Self::pay_treasury(shared.protocol)?;
        }
        if let Some((operator, amount)) = shared.operator {
            if !amount.is_zero() {
                Self::credit(asset, ledger, &operator, amount)?;
                Self::deposit_event(Event::OperatorFeeTaken {
                    asset,
                    operator,
                    amount,
                });
            }
        }
        match shared.owner {
            Some((owner, amount)) if !amount.is_zero() => {
                Self::credit(asset, ledger, &owner, amount)?;
                Self::deposit_event(Event::HoldersCredited {
                    asset,
                    owner: Some(owner),
                    amount,
                });
            }
            None if !shared.holders.is_zero() => {
                Self::deposit_event(Event::HoldersCredited {
                    asset,
                    owner: None,
                    amount: shared.holders,
                });
            }
            _ => {}
        }
        if !shared.parked.is_zero() {
            Self::deposit_event(Event::Parked {
                asset,
                amount: shared.parked,
            });
        }
        Ok(())
    }

    /// Credits whole units to `who` by another right than fractions; what its fractions have earned stays to be settled.
    fn credit(asset: AssetId, ledger: &LedgerOf<T>, who: &T::AccountId, amount: Balance) -> DispatchResult {
        let mut position =
            Positions::<T>::get(who, asset).unwrap_or_else(|| Position::open(&ledger.accumulator));
        exact(position.credit(amount))?;
        Positions::<T>::insert(who, asset, position);
        Ok(())
    }

    /// Adds `fee` to what the treasury is owed and pays it, if the treasury can take it now.
    fn pay_treasury(fee: Balance) -> DispatchResult {
        let mut owed = TreasuryOwed::<T>::get();
        add(&mut owed, fee)?;
        match Self::pay_out(&T::Treasury::get(), owed) {
            Ok(()) => {
                TreasuryOwed::<T>::kill();
                Self::deposit_event(Event::TreasuryPaid { amount: owed });
            }
            // It can't, for whatever reason: the fee stays a debt, paid with the next one, and the income it came from goes on.
            Err(_) => TreasuryOwed::<T>::put(owed),
        }
        Ok(())
    }

    /// Pays out of the pallet's account, all or nothing.
    pub(crate) fn pay_out(to: &T::AccountId, amount: Balance) -> DispatchResult {
        match T::Currency::can_deposit(to, amount, Provenance::Extant) {
            DepositConsequence::Success => {}
            DepositConsequence::BelowMinimum => return Err(Error::<T>::BelowExistentialDeposit.into()),
            other => return other.into_result(),
        }
        with_storage_layer(|| {
            T::Currency::transfer(&Self::account_id(), to, amount, Preservation::Preserve).map(|_| ())
        })
    }

    /// What a touch does now, in the ledger only: what it releases, and how that is shared. `None`: it does nothing.
    fn flow(
        asset: AssetId,
        ledger: &mut LedgerOf<T>,
    ) -> Result<Option<(Balance, Shared<T::AccountId>)>, DispatchError> {
        let released = Self::release(ledger)?;
        if released.is_zero() && ledger.parked.is_zero() {
            return Ok(None);
        }
        Ok(Some((
            released,
            Self::share(ledger, released, &Self::terms(asset))?,
        )))
    }

    /// Releases what has vested of the asset, shares it, and returns the ledger as written. `None`: it never had income.
    ///
    /// Touching again in the same block changes nothing.
    pub(crate) fn touched(asset: AssetId) -> Result<Option<LedgerOf<T>>, DispatchError> {
        let Some(mut ledger) = Ledgers::<T>::get(asset) else {
            return Ok(None);
        };
        let Some((released, shared)) = Self::flow(asset, &mut ledger)? else {
            return Ok(Some(ledger));
        };
        Self::log(asset, &ledger, released, 0, &shared)?;
        if !released.is_zero() {
            Self::deposit_event(Event::Released {
                asset,
                amount: released,
            });
        }
        Self::record(asset, &ledger, shared)?;
        Ledgers::<T>::insert(asset, &ledger);
        Ok(Some(ledger))
    }

    pub(crate) fn do_touch(asset: AssetId) -> DispatchResult {
        with_storage_layer(|| Self::touched(asset).map(|_| ()))
    }

    /// Brings the position of `who`, who holds `held` fractions, up to the ledger, without writing. `None`: there is nothing.
    fn settled(
        ledger: &LedgerOf<T>,
        position: Option<Position>,
        held: Balance,
    ) -> Result<Option<Position>, DispatchError> {
        match position {
            Some(mut position) => {
                exact(position.settle(&ledger.accumulator, held))?;
                Ok(Some(position))
            }
            // Everyone who holds fractions was settled when they came.
            None if held.is_zero() => Ok(None),
            None => Err(Error::<T>::Unsettled.into()),
        }
    }

    pub(crate) fn do_settle(
        asset: AssetId,
        who: &T::AccountId,
        held: Balance,
        will_hold: Balance,
    ) -> DispatchResult {
        let ledger = Self::touched(asset)?;
        let known = ledger.is_some();
        let mut ledger = ledger.unwrap_or_default();
        let mut position = Self::settled(&ledger, Positions::<T>::get(who, asset), held)?
            .unwrap_or_else(|| Position::open(&ledger.accumulator));
        let per_share = ledger.accumulator.per_share;
        let mut residue = U256::zero();
        if will_hold.is_zero() {
            residue = position.take_residue();
            if !residue.is_zero() {
                ensure!(known, Error::<T>::Unsettled);
                exact(ledger.accumulator.absorb(residue))?;
                Ledgers::<T>::insert(asset, ledger);
            }
        }
        if will_hold.is_zero() && position.owed.is_zero() {
            Positions::<T>::remove(who, asset);
            Self::forget(asset, who)
        } else {
            Positions::<T>::insert(who, asset, position);
            if held == will_hold {
                return Ok(());
            }
            Self::note(asset, who, per_share, will_hold, residue)
        }
    }

    /// Takes what `who` has coming out of the books, and lets `pay` pay it.
    pub(crate) fn do_claim(
        asset: AssetId,
        who: &T::AccountId,
        pay: impl FnOnce(Balance) -> DispatchResult,
    ) -> DispatchResult {
        with_storage_layer(|| {
            let ledger = Self::touched(asset)?;
            let held = Self::held(asset, who);
            let position = Positions::<T>::get(who, asset);
            // An asset that ended has no ledger any more: what is left of it are whole units.
            let position = match &ledger {
                Some(ledger) => Self::settled(ledger, position, held)?,
                None => position,
            };
            let mut position = position.ok_or(Error::<T>::NothingToClaim)?;
            let amount = exact(position.take_whole())?;
            ensure!(!amount.is_zero(), Error::<T>::NothingToClaim);
            pay(amount)?;

            if held.is_zero() && position.owed.is_zero() {
                Positions::<T>::remove(who, asset);
                Self::forget(asset, who)?;
            } else {
                Positions::<T>::insert(who, asset, position);
            }
            if let Some(mut ledger) = ledger {
                add(&mut ledger.claimed, amount)?;
                Ledgers::<T>::insert(asset, ledger);
            }
            BooksTotal::<T>::try_mutate(|totals| add(&mut totals.claimed, amount))?;
            Self::deposit_event(Event::Claimed {
                asset,
                who: who.clone(),
                amount,
            });
            Ok(())
        })
    }

    /// What [`Self::do_claim`] would pay, whether or not the payee could take it.
    pub(crate) fn pending_of(asset: AssetId, who: &T::AccountId) -> Result<Balance, DispatchError> {
        let position = Positions::<T>::get(who, asset);
        let Some(mut ledger) = Ledgers::<T>::get(asset) else {
            return exact(position.unwrap_or_default().whole());
        };
        let flow = Self::flow(asset, &mut ledger)?;
        let mut position = Self::settled(&ledger, position, Self::held(asset, who))?.unwrap_or_default();
        if let Some((_, shared)) = flow {
            for (payee, amount) in shared.operator.iter().chain(&shared.owner) {
                if payee == who {
                    exact(position.credit(*amount))?;
                }
            }
        }
        exact(position.whole())
    }

    pub(crate) fn do_pay_revenue(
        asset: AssetId,
        payer: &T::AccountId,
        amount: Balance,
        preservation: Preservation,
    ) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        ensure!(T::Assets::kind(asset).is_some(), Error::<T>::UnknownAsset);
        with_storage_layer(|| {
            let mut ledger = Self::touched(asset)?.unwrap_or_default();
            T::Currency::transfer(payer, &Self::account_id(), amount, preservation)?;
            Self::deposit_event(Event::RevenuePaid {
                asset,
                payer: payer.clone(),
                amount,
            });

            BooksTotal::<T>::try_mutate(|totals| add(&mut totals.revenue, amount))?;
            add(&mut ledger.revenue, amount)?;
            let shared = Self::share(&mut ledger, amount, &Self::terms(asset))?;
            Self::log(asset, &ledger, 0, amount, &shared)?;
            Self::record(asset, &ledger, shared)?;
            Ledgers::<T>::insert(asset, ledger);
            Ok(())
        })
    }

    pub(crate) fn do_set_operator_fee(asset: AssetId, who: &T::AccountId, fee: Perbill) -> DispatchResult {
        ensure!(T::Assets::kind(asset).is_some(), Error::<T>::UnknownAsset);
        ensure!(
            T::Assets::owner(asset).as_ref() == Some(who),
            Error::<T>::NotOwner
        );
        Self::change_operator_fee(asset, fee)
    }

    /// Within the bounds that hold for whoever decides. On an error nothing has changed.
    pub(crate) fn change_operator_fee(asset: AssetId, fee: Perbill) -> DispatchResult {
        ensure!(fee <= MAX_OPERATOR_FEE, Error::<T>::FeeTooHigh);
        let OperatorFee {
            fee: old,
            mut raised_at,
        } = OperatorFees::<T>::get(asset);
        let now = Self::now();
        if fee > old {
            ensure!(
                fee.saturating_sub(old) <= MAX_FEE_RAISE,
                Error::<T>::RaiseTooSteep
            );
            if let Some(raised_at) = raised_at {
                ensure!(
                    now.saturating_sub(raised_at) >= T::FeeRaiseInterval::get(),
                    Error::<T>::RaiseTooSoon
                );
            }
            raised_at = Some(now);
        }
        Self::do_touch(asset)?;
        OperatorFees::<T>::insert(asset, OperatorFee { fee, raised_at });
        Self::deposit_event(Event::OperatorFeeSet { asset, fee });
        Ok(())
    }

    pub(crate) fn do_set_protocol_fee(fee: Perbill) -> DispatchResult {
        ensure!(fee <= MAX_PROTOCOL_FEE, Error::<T>::FeeTooHigh);
        ProtocolFee::<T>::put(fee);
        Self::deposit_event(Event::ProtocolFeeSet { fee });
        Ok(())
    }

    pub(crate) fn do_set_emission_split(split: PerKind<Perbill>) -> DispatchResult {
        ensure!(split.is_split(), Error::<T>::SplitTooHigh);
        EmissionSplit::<T>::put(split);
        Self::deposit_event(Event::EmissionSplitSet { split });
        Ok(())
    }

    /// Credits everything to the owner and removes the asset's records.
    pub(crate) fn do_close(asset: AssetId) -> DispatchResult {
        ensure!(
            T::Holdings::supply(asset).is_none() && T::Holdings::outstanding(asset).is_zero(),
            Error::<T>::StillFractionalized
        );
        let ledger = Self::touched(asset)?;
        OperatorFees::<T>::remove(asset);
        let Some(mut ledger) = ledger else { return Ok(()) };
        ensure!(ledger.stream.is_none(), Error::<T>::StillVesting);
        ensure!(ledger.parked.is_zero(), Error::<T>::StillParked);
        // What the divisions of closed vaults left over are whole units by now, since everyone was settled.
        let swept = exact(ledger.accumulator.sweep(0))?;
        ensure!(ledger.accumulator.remainder.is_zero(), Error::<T>::Unsettled);
        if !swept.is_zero() {
            let owner = T::Assets::owner(asset).ok_or(Error::<T>::UnknownAsset)?;
            Self::credit(asset, &ledger, &owner, swept)?;
            Self::deposit_event(Event::HoldersCredited {
                asset,
                owner: Some(owner),
                amount: swept,
            });
        }
        Ledgers::<T>::remove(asset);
        Self::end_log(asset);
        Self::deposit_event(Event::BooksClosed {
            asset,
            emitted: ledger.emitted,
            revenue: ledger.revenue,
            claimed: ledger.claimed,
            protocol_fee: ledger.protocol_fee,
            operator_fee: ledger.operator_fee,
            slashed: ledger.slashed,
        });
        Ok(())
    }
}
