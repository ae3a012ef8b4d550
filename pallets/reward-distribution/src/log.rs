// SPDX-License-Identifier: Apache-2.0
//! The income log, pure: what an asset earned in each census, and what one account's fractions did.
//!
//! A census's income is what went through the waterfall from its draw until the next one. Nothing is divided here: the log adds up
//! what was shared, so it adds up to the books. An account's income by its fractions is a difference of two totals, each floored to
//! whole units, so that the incomes of adjoining ranges add up to that of both, and no rounding makes a unit.

use crate::{
    math::SCALE,
    types::{Balance, Shared},
};
use alloc::vec::Vec;
use codec::{Decode, Encode, MaxEncodedLen};
use compute_primitives::CensusIndex;
use core::mem;
use frame_support::{
    pallet_prelude::{BoundedVec, Get},
    CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use scale_info::TypeInfo;
use sp_core::U256;

/// What went through an asset's waterfall.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Sums {
    /// Emission that had vested and was released.
    #[codec(compact)]
    pub emission: Balance,
    /// Payments of tenants.
    #[codec(compact)]
    pub revenue: Balance,
    #[codec(compact)]
    pub protocol_fee: Balance,
    #[codec(compact)]
    pub operator_fee: Balance,
    /// Credited to the holders, with what had been parked before.
    #[codec(compact)]
    pub credited: Balance,
    /// Whole units that the owner got beyond it: what divisions among holders of fractions had left over. They were counted as
    /// credited when they were divided.
    #[codec(compact)]
    pub swept: Balance,
}

impl Sums {
    /// What one run through the waterfall adds.
    pub fn of<AccountId>(emission: Balance, revenue: Balance, shared: &Shared<AccountId>) -> Option<Self> {
        let swept = match &shared.owner {
            Some((_, whole)) => whole.checked_sub(shared.holders)?,
            None => 0,
        };
        Some(Self {
            emission,
            revenue,
            protocol_fee: shared.protocol,
            operator_fee: shared.operator.as_ref().map_or(0, |(_, fee)| *fee),
            credited: shared.holders,
            swept,
        })
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn add(&mut self, other: &Self) -> Option<()> {
        *self = Self {
            emission: self.emission.checked_add(other.emission)?,
            revenue: self.revenue.checked_add(other.revenue)?,
            protocol_fee: self.protocol_fee.checked_add(other.protocol_fee)?,
            operator_fee: self.operator_fee.checked_add(other.operator_fee)?,
            credited: self.credited.checked_add(other.credited)?,
            swept: self.swept.checked_add(other.swept)?,
        };
        Some(())
    }

    /// What came in.
    pub fn gross(&self) -> Option<Balance> {
        self.emission.checked_add(self.revenue)
    }

    /// What the fees left of it for the holders, credited at once or parked.
    pub fn net(&self) -> Option<Balance> {
        self.gross()?
            .checked_sub(self.protocol_fee)?
            .checked_sub(self.operator_fee)
    }
}

/// To whom an entry's net was credited.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Payee<AccountId> {
    /// To nobody so far.
    #[default]
    Nobody,
    /// To the holders of fractions.
    Fractions,
    /// To the whole asset's owner.
    Owner(AccountId),
}

/// What an asset earned in one census for the same payee, under the same operator.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Entry<AccountId> {
    pub census: CensusIndex,
    pub payee: Payee<AccountId>,
    /// Who got the operator's fee.
    pub operator: Option<AccountId>,
    pub sums: Sums,
    /// Income per fraction since the first, at the entry's end.
    pub per_share: U256,
}

impl<AccountId: Clone + PartialEq> Entry<AccountId> {
    pub fn of(census: CensusIndex, sums: Sums, shared: &Shared<AccountId>, per_share: U256) -> Self {
        let payee = match &shared.owner {
            Some((owner, whole)) if *whole > 0 => Payee::Owner(owner.clone()),
            None if shared.holders > 0 => Payee::Fractions,
            _ => Payee::Nobody,
        };
        let operator = shared.operator.as_ref().filter(|(_, fee)| *fee > 0);
        Self {
            census,
            payee,
            operator: operator.map(|(who, _)| who.clone()),
            sums,
            per_share,
        }
    }

    /// Whether `next` can be told of in the same entry.
    pub fn goes_on_in(&self, next: &Self) -> bool {
        let same_payee =
            self.payee == Payee::Nobody || next.payee == Payee::Nobody || self.payee == next.payee;
        let same_operator =
            self.operator.is_none() || next.operator.is_none() || self.operator == next.operator;
        self.census == next.census && same_payee && same_operator
    }

    /// Adds `next`, with which this entry goes on.
    pub fn merge(&mut self, next: Self) -> Option<()> {
        self.sums.add(&next.sums)?;
        if self.payee == Payee::Nobody {
            self.payee = next.payee;
        }
        self.operator = self.operator.take().or(next.operator);
        self.per_share = next.per_share;
        Some(())
    }
}

/// What is not kept entry by entry any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Fallen {
    pub sums: Sums,
    /// The census of the last entry that fell out; of others of this census it may be that they are kept.
    pub last: Option<CensusIndex>,
    /// Income per fraction at that entry's end.
    pub per_share: U256,
}

/// The head of an asset's log. Closed entries are in pages.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Log<AccountId> {
    /// The entry that goes on.
    pub open: Entry<AccountId>,
    /// Entries closed since the first.
    pub closed: u64,
    pub fallen: Fallen,
    /// The last census in which a history was forgotten, because its account held nothing and was paid everything.
    pub forgotten: Option<CensusIndex>,
}

impl<AccountId: Clone + PartialEq> Log<AccountId> {
    pub fn begin(entry: Entry<AccountId>) -> Self {
        Self {
            open: entry,
            closed: 0,
            fallen: Fallen::default(),
            forgotten: None,
        }
    }

    /// Adds `next`. What it ends is returned, to be filed.
    pub fn add(&mut self, next: Entry<AccountId>) -> Option<Option<Entry<AccountId>>> {
        if self.open.goes_on_in(&next) {
            self.open.merge(next)?;
            return Some(None);
        }
        Some(Some(mem::replace(&mut self.open, next)))
    }

    /// Keeps the sums of an entry that falls out.
    pub fn let_fall(&mut self, entry: &Entry<AccountId>) -> Option<()> {
        self.fallen.sums.add(&entry.sums)?;
        self.fallen.last = Some(entry.census);
        self.fallen.per_share = entry.per_share;
        Some(())
    }

    /// The first census of which nothing has fallen out.
    pub fn known_from(&self) -> CensusIndex {
        after(self.fallen.last)
    }

    /// The first census since which no history was forgotten.
    pub fn remembered_since(&self) -> CensusIndex {
        after(self.forgotten)
    }
}

/// The census after `last`, or the time before the first.
fn after(last: Option<CensusIndex>) -> CensusIndex {
    CensusIndex(last.map_or(0, |last| last.0.saturating_add(1)))
}

/// Where closed entries go: a ring of `pages` pages, of `length` entries each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ring {
    pub length: u32,
    pub pages: u32,
}

impl Ring {
    /// The page for the entry that is closed after `closed` others, and whether it begins a page. `None`: a ring of nothing.
    pub fn place(&self, closed: u64) -> Option<(u32, bool)> {
        let length = u64::from(self.length);
        let slot = closed.checked_div(length)?.checked_rem(u64::from(self.pages))?;
        Some((u32::try_from(slot).ok()?, closed.checked_rem(length)? == 0))
    }

    /// The pages that are in use after `closed` entries, the oldest first.
    pub fn in_use(&self, closed: u64) -> impl Iterator<Item = u32> {
        let pages = u64::from(self.pages);
        let written = closed.div_ceil(u64::from(self.length).max(1));
        (written.saturating_sub(pages)..written).filter_map(move |page| {
            let slot = page.checked_rem(pages)?;
            u32::try_from(slot).ok()
        })
    }
}

/// An account's fractions as they stood at the end of one census.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Record {
    pub census: CensusIndex,
    /// What the account's fractions had earned up to `checkpoint`, in units of 1/2^64, less the residues that it gave back.
    pub total: U256,
    /// Income per fraction when the holding changed for the last time in this census.
    pub checkpoint: U256,
    /// Fractions held from then on.
    #[codec(compact)]
    pub held: Balance,
}

impl Record {
    /// What had been earned when the income per fraction stood at `per_share`.
    pub fn total_at(&self, per_share: U256) -> Option<U256> {
        let each = per_share.checked_sub(self.checkpoint)?;
        self.total.checked_add(each.checked_mul(U256::from(self.held))?)
    }
}

/// How an account's holding of one asset changed, at most one record a census; the oldest make room for new ones.
#[derive(
    CloneNoBound, PartialEqNoBound, EqNoBound, DebugNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[scale_info(skip_type_params(L))]
#[codec(mel_bound(L: Get<u32>))]
pub struct History<L: Get<u32>> {
    /// The census from which on the account held nothing that is not told here: what it held before may have been forgotten.
    pub since: CensusIndex,
    /// Whether records made room for others.
    pub shortened: bool,
    pub records: BoundedVec<Record, L>,
}

impl<L: Get<u32>> History<L> {
    pub fn begin(since: CensusIndex) -> Self {
        Self {
            since,
            shortened: false,
            records: BoundedVec::new(),
        }
    }

    /// Notes that the account holds `will_hold` fractions from now on, and gives `residue` back.
    pub fn note(
        &mut self,
        census: CensusIndex,
        per_share: U256,
        will_hold: Balance,
        residue: U256,
    ) -> Option<()> {
        let last = self.records.last();
        let total = last
            .map_or(Some(U256::zero()), |last| last.total_at(per_share))?
            .checked_sub(residue)?;
        let record = Record {
            census,
            total,
            checkpoint: per_share,
            held: will_hold,
        };
        match self.records.last_mut() {
            Some(last) if last.census == census => *last = record,
            _ => {
                if self.records.is_full() {
                    self.records.remove(0);
                    self.shortened = true;
                }
                self.records.try_push(record).ok()?;
            }
        }
        Some(())
    }

    /// Whole units that the fractions had earned at the end of `census`, when the income per fraction stood at `per_share`. `None`:
    /// this is not kept.
    pub fn whole_at(&self, census: CensusIndex, per_share: U256) -> Option<Balance> {
        match self.records.iter().rev().find(|record| record.census <= census) {
            Some(record) => Balance::try_from(record.total_at(per_share)? / SCALE).ok(),
            None => (!self.shortened).then_some(0),
        }
    }
}

/// What one account earned in one census.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Earned {
    pub census: CensusIndex,
    pub fractions: Balance,
    pub owner: Balance,
    pub operator: Balance,
}

/// What an account earned in a range of censuses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Statement {
    /// Nothing is missing from this census on.
    pub from: CensusIndex,
    pub rows: Vec<Earned>,
}

/// What `who` earned from `from` to `to`, by the entries of an asset's log in their order, `log` being its head.
///
/// Of the owner's and the operator's income nothing is missing as far back as the log reaches. By fractions the account earned
/// what its history tells; where that does not reach back although fractions earned, something may be missing.
pub fn statement<AccountId: Clone + PartialEq, L: Get<u32>>(
    log: &Log<AccountId>,
    entries: &[Entry<AccountId>],
    history: Option<&History<L>>,
    who: &AccountId,
    from: CensusIndex,
    to: CensusIndex,
) -> Option<Statement> {
    // Who has no history held nothing since the last time that one was forgotten.
    let since = history.map_or(log.remembered_since(), |history| history.since);
    let whole_at = |census, per_share| match history {
        Some(history) => history.whole_at(census, per_share),
        None => Some(0),
    };
    let from = from.max(log.known_from());
    let mut statement = Statement {
        from,
        rows: Vec::new(),
    };
    let mut per_share = log.fallen.per_share;
    let mut kept = entries.iter().filter(|entry| entry.census <= to).peekable();
    while let Some(entry) = kept.next_if(|entry| entry.census < from) {
        per_share = entry.per_share;
    }
    // Census 0 is the time before the first: nothing was earned before it.
    let mut before = match from.0.checked_sub(1) {
        Some(past) => whole_at(CensusIndex(past), per_share),
        None => Some(0),
    };
    while let Some(census) = kept.peek().map(|entry| entry.census) {
        let mut earned = Earned {
            census,
            ..Default::default()
        };
        let mut by_fractions = false;
        while let Some(entry) = kept.next_if(|entry| entry.census == census) {
            per_share = entry.per_share;
            match &entry.payee {
                Payee::Fractions => by_fractions = true,
                Payee::Owner(owner) if owner == who => {
                    let whole = entry.sums.credited.checked_add(entry.sums.swept)?;
                    earned.owner = earned.owner.checked_add(whole)?;
                }
                Payee::Owner(_) | Payee::Nobody => {}
            }
            if entry.operator.as_ref() == Some(who) {
                earned.operator = earned.operator.checked_add(entry.sums.operator_fee)?;
            }
        }
        let after = whole_at(census, per_share);
        match (before, after) {
            (Some(before), Some(after)) if census >= since => {
                earned.fractions = after.checked_sub(before)?;
            }
            _ if by_fractions => statement.from = CensusIndex(census.0.saturating_add(1)),
            _ => {}
        }
        before = after;
        if earned.fractions > 0 || earned.owner > 0 || earned.operator > 0 {
            statement.rows.push(earned);
        }
    }
    Some(statement)
}

#[cfg(test)]
mod tests;
