// SPDX-License-Identifier: Apache-2.0
//! The income log: what is written to it, and what is read from it.

use crate::{
    impls::exact,
    log::{statement, Entry, History, Log, Payee, Ring, Sums},
    pallet::{Config, Event, Histories, LogPages, Logs, Pallet, Pots},
    types::{Balance, EntryOf, LedgerOf, LogOf, LogPageOf, Shared},
};
use alloc::vec::Vec;
use compute_primitives::{
    api::{AccountIncome, CensusIncome, IncomeEntry, IncomeLog, IncomePayee, IncomeSums},
    AssetId, CensusIndex, InspectAsset,
};
use frame_support::{
    dispatch::DispatchClass,
    pallet_prelude::{DispatchResult, Get},
};
use sp_core::U256;

impl<T: Config> Pallet<T> {
    fn ring() -> Ring {
        Ring {
            length: T::LogPageLength::get(),
            pages: T::MaxLogPages::get(),
        }
    }

    /// Adds to the asset's log what a waterfall did. `ledger`: after it.
    pub(crate) fn log(
        asset: AssetId,
        ledger: &LedgerOf<T>,
        emission: Balance,
        revenue: Balance,
        shared: &Shared<T::AccountId>,
    ) -> DispatchResult {
        let sums = exact(Sums::of(emission, revenue, shared))?;
        if sums.is_empty() {
            return Ok(());
        }
        let census = Pots::<T>::get().census();
        let entry = Entry::of(census, sums, shared, ledger.accumulator.per_share);
        let log = match Logs::<T>::get(asset) {
            None => Log::begin(entry),
            Some(mut log) => {
                if let Some(closed) = exact(log.add(entry))? {
                    Self::tell(asset, &closed);
                    Self::file(asset, &mut log, closed)?;
                }
                log
            }
        };
        Logs::<T>::insert(asset, log);
        Ok(())
    }

    /// Puts a closed entry into its page. A page that begins anew lets what it held fall out.
    fn file(asset: AssetId, log: &mut LogOf<T>, entry: EntryOf<T>) -> DispatchResult {
        let (slot, begins) = exact(Self::ring().place(log.closed))?;
        let mut page = LogPages::<T>::get(asset, slot);
        if begins {
            for old in &page {
                exact(log.let_fall(old))?;
            }
            page = LogPageOf::<T>::default();
        }
        exact(page.try_push(entry).ok())?;
        LogPages::<T>::insert(asset, slot, page);
        log.closed = exact(log.closed.checked_add(1))?;
        Ok(())
    }

    fn tell(asset: AssetId, entry: &EntryOf<T>) {
        let Sums {
            emission,
            revenue,
            protocol_fee,
            operator_fee,
            credited,
            swept: _,
        } = entry.sums;
        Self::deposit_event(Event::IncomeLogged {
            asset,
            census: entry.census,
            emission,
            revenue,
            protocol_fee,
            operator_fee,
            credited,
        });
    }

    /// Removes the log of an asset that ends: its head, and at most [`Config::MaxLogPages`] pages.
    pub(crate) fn end_log(asset: AssetId) {
        let Some(log) = Logs::<T>::take(asset) else { return };
        Self::tell(asset, &log.open);
        let mut writes = 1u64;
        for slot in Self::ring().in_use(log.closed) {
            LogPages::<T>::remove(asset, slot);
            writes = writes.saturating_add(1);
        }
        // Who reaps does not know how long the log is. The block does.
        frame_system::Pallet::<T>::register_extra_weight_unchecked(
            T::DbWeight::get().writes(writes),
            DispatchClass::Normal,
        );
    }

    /// Notes that `who` holds `will_hold` fractions from now on, and gave `residue` back.
    pub(crate) fn note(
        asset: AssetId,
        who: &T::AccountId,
        per_share: U256,
        will_hold: Balance,
        residue: U256,
    ) -> DispatchResult {
        let mut history = match Histories::<T>::get(who, asset) {
            Some(history) => history,
            // Nothing that it held after the last one was forgotten.
            None => {
                History::begin(Logs::<T>::get(asset).map_or(CensusIndex(0), |log| log.remembered_since()))
            }
        };
        exact(history.note(Pots::<T>::get().census(), per_share, will_hold, residue))?;
        Histories::<T>::insert(who, asset, history);
        Ok(())
    }

    /// Forgets how the holding of `who` changed, who holds nothing and was paid everything.
    pub(crate) fn forget(asset: AssetId, who: &T::AccountId) -> DispatchResult {
        if Histories::<T>::take(who, asset).is_none() {
            return Ok(());
        }
        // Without a log no fraction has earned anything yet.
        Logs::<T>::mutate_extant(asset, |log| {
            log.forgotten = Some(Pots::<T>::get().census());
        });
        Ok(())
    }

    /// The entries that are kept, in their order, the open one last.
    pub(crate) fn entries(asset: AssetId, log: &LogOf<T>) -> Vec<EntryOf<T>> {
        Self::ring()
            .in_use(log.closed)
            .flat_map(|slot| LogPages::<T>::get(asset, slot))
            .chain(core::iter::once(log.open.clone()))
            .collect()
    }

    pub(crate) fn log_of(
        asset: AssetId,
        from: CensusIndex,
        to: CensusIndex,
    ) -> Option<IncomeLog<T::AccountId, Balance>> {
        let Some(log) = Logs::<T>::get(asset) else {
            return T::Assets::kind(asset).map(|_| IncomeLog {
                from,
                complete: true,
                total: Sums::default().shown(),
                entries: Vec::new(),
            });
        };
        let kept = Self::entries(asset, &log);
        let mut total = log.fallen.sums;
        for entry in &kept {
            total.add(&entry.sums)?;
        }
        let known = from.max(log.known_from());
        Some(IncomeLog {
            from: known,
            complete: known == from,
            total: total.shown(),
            entries: kept
                .into_iter()
                .filter(|entry| (from..=to).contains(&entry.census))
                .map(Entry::shown)
                .collect(),
        })
    }

    pub(crate) fn income_of(
        asset: AssetId,
        who: &T::AccountId,
        from: CensusIndex,
        to: CensusIndex,
    ) -> Option<AccountIncome<Balance>> {
        let mut income = AccountIncome {
            from,
            complete: true,
            fractions: 0,
            owner: 0,
            operator: 0,
            censuses: Vec::new(),
        };
        let Some(log) = Logs::<T>::get(asset) else {
            return T::Assets::kind(asset).map(|_| income);
        };
        let kept = Self::entries(asset, &log);
        let history = Histories::<T>::get(who, asset);
        let told = statement(&log, &kept, history.as_ref(), who, from, to)?;
        (income.from, income.complete) = (told.from, told.from == from);
        for row in told.rows {
            income.fractions = income.fractions.checked_add(row.fractions)?;
            income.owner = income.owner.checked_add(row.owner)?;
            income.operator = income.operator.checked_add(row.operator)?;
            income.censuses.push(CensusIncome {
                census: row.census,
                fractions: row.fractions,
                owner: row.owner,
                operator: row.operator,
            });
        }
        Some(income)
    }
}

impl Sums {
    /// For the runtime API. A sum that the books contradict is shown as zero; `try_state` finds it.
    fn shown(self) -> IncomeSums<Balance> {
        IncomeSums {
            emission: self.emission,
            revenue: self.revenue,
            protocol_fee: self.protocol_fee,
            operator_fee: self.operator_fee,
            net: self.net().unwrap_or(0),
            credited: self.credited,
        }
    }
}

impl<AccountId> Entry<AccountId> {
    fn shown(self) -> IncomeEntry<AccountId, Balance> {
        IncomeEntry {
            census: self.census,
            sums: self.sums.shown(),
            payee: match self.payee {
                Payee::Nobody => IncomePayee::Nobody,
                Payee::Fractions => IncomePayee::Fractions,
                Payee::Owner(owner) => IncomePayee::Owner(owner),
            },
            operator: self.operator,
        }
    }
}
