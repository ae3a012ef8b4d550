// SPDX-License-Identifier: Apache-2.0
//! The emission: pots drawn, verified work paid, unvested emission slashed.

use crate::{
    impls::{add, exact},
    math::{self, Stream},
    pallet::{BooksTotal, Config, EmissionSplit, Error, Event, Ledgers, Pallet, Pots, VestingPeriod},
    types::Balance,
};
use compute_primitives::{AssetId, AssetKind, Bounty, CensusIndex, Emission, InspectAsset};
use frame_support::{
    ensure,
    pallet_prelude::{DispatchResult, Get},
    storage::with_storage_layer,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
};

impl<T: Config> Emission<T::AccountId> for Pallet<T> {
    type Balance = Balance;

    /// A census has one pot: drawing again for it, or for an earlier one, gives zero.
    fn draw(kind: AssetKind, census: CensusIndex) -> Balance {
        let mut pots = Pots::<T>::get();
        // What is issued and outstanding leaves no room once it reaches the cap, also if others issued beyond it.
        let committed = pots
            .outstanding()
            .and_then(|drawn| drawn.checked_add(T::Currency::total_issuance()));
        let room = committed
            .and_then(|sum| T::MaxSupply::get().checked_sub(sum))
            .unwrap_or(0);
        let scheduled = math::scheduled(
            T::InitialEmission::get(),
            T::HalvingInterval::get(),
            *EmissionSplit::<T>::get().get(kind),
            census,
        );
        let pot = pots.get_mut(kind);
        if census <= pot.drawn_for {
            return 0;
        }
        let amount = math::pot(scheduled, pot.returned, room);
        let Some(outstanding) = pot.outstanding.checked_add(amount) else {
            return 0;
        };
        pot.outstanding = outstanding;
        pot.returned = 0;
        pot.drawn_for = census;
        Pots::<T>::put(pots);
        let carried = amount.saturating_sub(scheduled);
        Self::deposit_event(Event::PotDrawn {
            kind,
            census,
            amount,
            carried,
        });
        amount
    }

    fn put_back(kind: AssetKind, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let mut pots = Pots::<T>::get();
        let pot = pots.get_mut(kind);
        pot.outstanding = pot
            .outstanding
            .checked_sub(amount)
            .ok_or(Error::<T>::ExceedsOutstanding)?;
        add(&mut pot.returned, amount)?;
        Pots::<T>::put(pots);
        Self::deposit_event(Event::PotReturned { kind, amount });
        Ok(())
    }

    fn pay(asset: AssetId, kind: AssetKind, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let found = T::Assets::kind(asset).ok_or(Error::<T>::UnknownAsset)?;
        ensure!(found == kind, Error::<T>::WrongKind);
        let issued = exact(T::Currency::total_issuance().checked_add(amount))?;
        ensure!(issued <= T::MaxSupply::get(), Error::<T>::SupplyCapReached);
        with_storage_layer(|| {
            Pots::<T>::try_mutate(|pots| -> DispatchResult {
                let pot = pots.get_mut(kind);
                pot.outstanding = pot
                    .outstanding
                    .checked_sub(amount)
                    .ok_or(Error::<T>::ExceedsOutstanding)?;
                Ok(())
            })?;
            let mut ledger = Self::touched(asset)?.unwrap_or_default();
            let stream = Stream::deposit(ledger.stream, amount, Self::now(), VestingPeriod::<T>::get());
            ledger.stream = Some(exact(stream)?);
            add(&mut ledger.emitted, amount)?;
            Ledgers::<T>::insert(asset, ledger);
            BooksTotal::<T>::try_mutate(|totals| add(&mut totals.emitted, amount))?;
            T::Currency::mint_into(&Self::account_id(), amount)?;
            Self::deposit_event(Event::EmissionPaid { asset, kind, amount });
            Ok(())
        })
    }

    fn unvested(asset: AssetId) -> Balance {
        Pallet::<T>::unvested(asset)
    }

    fn slash_unvested(
        asset: AssetId,
        amount: Balance,
        bounty: Option<Bounty<T::AccountId, Balance>>,
    ) -> DispatchResult {
        let offered = bounty.as_ref().map_or(0, |bounty| bounty.amount);
        ensure!(offered <= amount, Error::<T>::BountyTooHigh);
        if amount == 0 {
            return Ok(());
        }
        with_storage_layer(|| {
            let mut ledger = Self::touched(asset)?.ok_or(Error::<T>::ExceedsUnvested)?;
            let stream = ledger.stream.ok_or(Error::<T>::ExceedsUnvested)?;
            let left = stream
                .slash(amount, Self::now())
                .ok_or(Error::<T>::ExceedsUnvested)?;
            ledger.stream = (!left.is_empty()).then_some(left);
            add(&mut ledger.slashed, amount)?;
            Ledgers::<T>::insert(asset, ledger);

            // A reporter that can't take its bounty does not save the cheat: it is burnt with the rest.
            let (paid, reporter) = match bounty {
                Some(Bounty {
                    reporter,
                    amount: bounty,
                }) if bounty > 0 && Self::pay_out(&reporter, bounty).is_ok() => (bounty, Some(reporter)),
                _ => (0, None),
            };
            let burnt = exact(amount.checked_sub(paid))?;
            T::Currency::burn_from(
                &Self::account_id(),
                burnt,
                Preservation::Preserve,
                Precision::Exact,
                Fortitude::Force,
            )?;
            BooksTotal::<T>::try_mutate(|totals| -> DispatchResult {
                add(&mut totals.slashed, amount)?;
                add(&mut totals.burnt, burnt)
            })?;
            Self::deposit_event(Event::UnvestedSlashed {
                asset,
                amount,
                bounty: paid,
                reporter,
            });
            Ok(())
        })
    }
}
