// SPDX-License-Identifier: Apache-2.0
//! What must hold after every block, one function an invariant.

use crate::{
    impls::exact,
    log::Sums as Earned,
    math::{scaled, SCALE},
    pallet::{
        AutoClaims, BooksTotal, Config, EmissionSplit, Histories, Ledgers, LogPages, Logs, OperatorFees,
        Pallet, Positions, Pots, ProtocolFee, TreasuryOwed, VestingPeriod, MAX_BOUNTY, MAX_OPERATOR_FEE,
        MAX_PROTOCOL_FEE,
    },
    types::{Balance, Sharers},
};
use alloc::collections::BTreeMap;
use compute_primitives::{AssetId, Holdings, InspectAsset};
use frame_support::{
    ensure,
    pallet_prelude::Get,
    sp_runtime::{traits::Zero, TryRuntimeError},
    traits::fungible::Inspect,
};
use sp_core::U256;

/// What the positions of one asset add up to.
#[derive(Default)]
struct Sums {
    /// Owed, with what is not settled yet, in units of 1/2^64.
    owed: U256,
    /// Fractions held.
    held: U256,
}

impl<T: Config> Pallet<T> {
    /// Checks every invariant.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_settings()?;
        Self::check_supply_cap()?;
        Self::check_streams()?;
        Self::check_positions()?;
        Self::check_books()?;
        Self::check_totals()?;
        Self::check_account()?;
        Self::check_auto_claims()?;
        Self::check_logs()?;
        Self::check_histories()?;
        Self::check_no_record_of_ended_assets()
    }

    /// Fees, split and vesting period are within their bounds.
    fn check_settings() -> Result<(), TryRuntimeError> {
        ensure!(
            ProtocolFee::<T>::get() <= MAX_PROTOCOL_FEE,
            "protocol fee above its bound"
        );
        ensure!(
            EmissionSplit::<T>::get().is_split(),
            "the emission's split exceeds 100%"
        );
        ensure!(!VestingPeriod::<T>::get().is_zero(), "vesting period of zero");
        for (_, operator) in OperatorFees::<T>::iter() {
            ensure!(operator.fee <= MAX_OPERATOR_FEE, "operator fee above its bound");
            ensure!(
                operator.raised_at <= Some(Self::now()),
                "operator fee raised in the future"
            );
        }
        Ok(())
    }

    /// Issued and outstanding never exceed the cap.
    fn check_supply_cap() -> Result<(), TryRuntimeError> {
        let outstanding = exact(Pots::<T>::get().outstanding())?;
        let committed = exact(T::Currency::total_issuance().checked_add(outstanding))?;
        ensure!(
            committed <= T::MaxSupply::get(),
            "issued and outstanding exceed the cap"
        );
        Ok(())
    }

    /// A stream runs forward, has something left, and has released no more than what is due.
    fn check_streams() -> Result<(), TryRuntimeError> {
        for (_, ledger) in Ledgers::<T>::iter() {
            let Some(stream) = ledger.stream else { continue };
            ensure!(stream.start < stream.end, "a stream that does not run forward");
            ensure!(stream.start <= Self::now(), "a stream from the future");
            ensure!(stream.released < stream.amount, "an empty stream was kept");
            ensure!(
                stream.released <= exact(stream.due(Self::now()))?,
                "a stream released more than what is due"
            );
        }
        Ok(())
    }

    /// A position exists exactly for those who hold fractions or are owed something; who holds nothing is owed whole units.
    fn check_positions() -> Result<(), TryRuntimeError> {
        for (who, asset, position) in Positions::<T>::iter() {
            let held = Self::held(asset, &who);
            ensure!(
                !held.is_zero() || !position.owed.is_zero(),
                "an empty position was kept"
            );
            if held.is_zero() {
                let whole = scaled(exact(position.whole())?);
                ensure!(
                    position.owed == whole,
                    "less than a unit is owed to someone who holds nothing"
                );
            }
            let per_share = Ledgers::<T>::get(asset).map_or(U256::zero(), |l| l.accumulator.per_share);
            ensure!(
                held.is_zero() || position.checkpoint <= per_share,
                "a position ahead of its ledger"
            );
        }
        for (asset, sums) in Self::sums()? {
            let outstanding = T::Holdings::outstanding(asset);
            ensure!(
                sums.held == U256::from(outstanding),
                "fractions are held that nobody settled"
            );
            if let Sharers::Fractions(supply) = Self::sharers(asset) {
                ensure!(
                    supply == outstanding,
                    "income is shared by other fractions than are held"
                );
            }
        }
        Ok(())
    }

    /// Invariant 2, to the last unit and its fractions: what an asset received = claimed + owed to its positions + remainder +
    /// in the stream + parked + slashed + the protocol's fee.
    fn check_books() -> Result<(), TryRuntimeError> {
        let sums = Self::sums()?;
        for (asset, ledger) in Ledgers::<T>::iter() {
            let positions = sums.get(&asset).map_or(U256::zero(), |sums| sums.owed);
            let accounted = exact(positions.checked_add(ledger.accumulator.remainder))?;
            ensure!(
                accounted == scaled(exact(ledger.owed())?),
                "an asset's books don't balance"
            );
        }
        Ok(())
    }

    /// The same over all assets together, ended ones included.
    fn check_totals() -> Result<(), TryRuntimeError> {
        let mut owed = U256::zero();
        for sums in Self::sums()?.values() {
            owed = exact(owed.checked_add(sums.owed))?;
        }
        for (_, ledger) in Ledgers::<T>::iter() {
            let rest = exact(
                ledger
                    .in_stream()
                    .and_then(|held| held.checked_add(ledger.parked)),
            )?;
            owed = exact(owed.checked_add(scaled(rest)))?;
            owed = exact(owed.checked_add(ledger.accumulator.remainder))?;
        }
        let totals = BooksTotal::<T>::get();
        ensure!(
            owed == scaled(exact(totals.owed())?),
            "the books of all assets don't balance"
        );
        ensure!(totals.burnt <= totals.slashed, "more was burnt than slashed");
        ensure!(
            TreasuryOwed::<T>::get() <= totals.protocol_fee,
            "more is owed to the treasury than was taken"
        );
        Ok(())
    }

    /// Invariant 3: the pallet's account holds what it owes, and its existential deposit.
    fn check_account() -> Result<(), TryRuntimeError> {
        let owed = exact(BooksTotal::<T>::get().owed())?;
        let owed = exact(owed.checked_add(TreasuryOwed::<T>::get()))?;
        let needed = exact(owed.checked_add(T::Currency::minimum_balance()))?;
        ensure!(
            T::Currency::balance(&Self::account_id()) >= needed,
            "the account holds less than it owes"
        );
        Ok(())
    }

    /// Terms for pushes are within their bounds.
    fn check_auto_claims() -> Result<(), TryRuntimeError> {
        for (_, standing) in AutoClaims::<T>::iter() {
            ensure!(
                standing.terms.threshold >= T::MinimumThreshold::get(),
                "a threshold below the least"
            );
            ensure!(
                standing.terms.bounty <= MAX_BOUNTY.mul_floor(standing.terms.threshold),
                "a bounty above its bound"
            );
        }
        Ok(())
    }

    /// An income log adds up to its asset's books, in its order, and has no pages that it does not reach.
    fn check_logs() -> Result<(), TryRuntimeError> {
        let mut pages = 0usize;
        for (asset, ledger) in Ledgers::<T>::iter() {
            let mut earned = Earned::default();
            if let Some(log) = Logs::<T>::get(asset) {
                earned = log.fallen.sums;
                let entries = Self::entries(asset, &log);
                for entry in &entries {
                    exact(earned.add(&entry.sums))?;
                }
                for pair in entries.windows(2) {
                    let [earlier, later] = pair else { continue };
                    ensure!(
                        earlier.census <= later.census && earlier.per_share <= later.per_share,
                        "an income log that runs back"
                    );
                }
                ensure!(
                    log.open.per_share == ledger.accumulator.per_share,
                    "income was shared and not logged"
                );
                let kept = u64::from(T::LogPageLength::get()).saturating_mul(T::MaxLogPages::get().into());
                ensure!(
                    log.closed <= kept || log.fallen.last.is_some(),
                    "entries fell out of an income log that was not full"
                );
                pages = pages.saturating_add(LogPages::<T>::iter_prefix(asset).count());
            }
            let released = ledger
                .emitted
                .checked_sub(ledger.slashed)
                .and_then(|left| left.checked_sub(ledger.in_stream()?));
            ensure!(
                earned.emission == exact(released)? && earned.revenue == ledger.revenue,
                "an income log misses income"
            );
            ensure!(
                earned.protocol_fee == ledger.protocol_fee && earned.operator_fee == ledger.operator_fee,
                "an income log misses fees"
            );
            ensure!(
                earned.net() == earned.credited.checked_add(ledger.parked),
                "an income log does not add up to what was credited"
            );
        }
        ensure!(
            LogPages::<T>::iter_keys().count() == pages,
            "a page of an income log that ended"
        );
        Ok(())
    }

    /// A history goes with a position, ends with what is held, runs forward, and tells what the position is owed, to the last
    /// fraction of a unit.
    fn check_histories() -> Result<(), TryRuntimeError> {
        for (who, asset, history) in Histories::<T>::iter() {
            let mut position = exact(Positions::<T>::get(&who, asset))?;
            let last = exact(history.records.last())?;
            let held = T::Holdings::balance(asset, &who);
            ensure!(last.held == held, "a holding changed and was not noted");
            let mut total = last.total;
            if let Some(ledger) = Ledgers::<T>::get(asset).filter(|_| !held.is_zero()) {
                exact(position.settle(&ledger.accumulator, held))?;
                total = exact(last.total_at(ledger.accumulator.per_share))?;
            }
            ensure!(
                total % SCALE == position.owed % SCALE,
                "a history that does not tell what is owed"
            );
            for pair in history.records.windows(2) {
                let [earlier, later] = pair else { continue };
                ensure!(
                    earlier.census < later.census
                        && earlier.checkpoint <= later.checkpoint
                        && earlier.total / SCALE <= later.total / SCALE,
                    "a history that runs back"
                );
            }
        }
        for (who, asset) in Positions::<T>::iter_keys() {
            ensure!(
                Histories::<T>::contains_key(&who, asset) || T::Holdings::balance(asset, &who).is_zero(),
                "fractions without a history"
            );
        }
        Ok(())
    }

    /// Invariant 6: of an asset that ended only debts stay.
    fn check_no_record_of_ended_assets() -> Result<(), TryRuntimeError> {
        let assets = Ledgers::<T>::iter_keys()
            .chain(OperatorFees::<T>::iter_keys())
            .chain(Logs::<T>::iter_keys());
        for asset in assets {
            ensure!(
                T::Assets::kind(asset).is_some(),
                "a record of an asset that ended"
            );
        }
        Ok(())
    }

    fn sums() -> Result<BTreeMap<AssetId, Sums>, TryRuntimeError> {
        let mut all = BTreeMap::<AssetId, Sums>::new();
        for (who, asset, mut position) in Positions::<T>::iter() {
            let held: Balance = Self::held(asset, &who);
            let accumulator = Ledgers::<T>::get(asset)
                .map(|ledger| ledger.accumulator)
                .unwrap_or_default();
            if !held.is_zero() {
                exact(position.settle(&accumulator, held))?;
            }
            let sums = all.entry(asset).or_default();
            sums.owed = exact(sums.owed.checked_add(position.owed))?;
            sums.held = exact(sums.held.checked_add(U256::from(held)))?;
        }
        Ok(all)
    }
}
