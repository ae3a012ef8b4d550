// SPDX-License-Identifier: Apache-2.0
//! Income that others push: on what terms, and what they get.

use crate::{
    impls::exact,
    pallet::{AutoClaims, Config, Error, Event, Pallet, MAX_BOUNTY},
    types::{AutoClaim, Standing, StandingOf},
};
use compute_primitives::AssetId;
use frame_support::{
    ensure,
    pallet_prelude::{DispatchResult, Get},
    traits::{Consideration, Contains, Footprint},
};

impl<T: Config> Pallet<T> {
    /// What an account's terms take of the storage.
    pub(crate) fn auto_claim_footprint() -> Footprint {
        Footprint::from_mel::<(T::AccountId, StandingOf<T>)>()
    }

    pub(crate) fn do_set_auto_claim(who: T::AccountId, terms: Option<AutoClaim>) -> DispatchResult {
        let standing = AutoClaims::<T>::get(&who);
        match terms {
            Some(terms) => {
                ensure!(
                    terms.threshold >= T::MinimumThreshold::get(),
                    Error::<T>::ThresholdTooLow
                );
                ensure!(
                    terms.bounty <= MAX_BOUNTY.mul_floor(terms.threshold),
                    Error::<T>::BountyAboveBound
                );
                let ticket = match standing {
                    Some(standing) => standing.ticket,
                    None => T::AutoClaimConsideration::new(&who, Self::auto_claim_footprint())?,
                };
                AutoClaims::<T>::insert(&who, Standing { terms, ticket });
            }
            None => {
                let standing = standing.ok_or(Error::<T>::NoAutoClaim)?;
                standing.ticket.drop(&who)?;
                AutoClaims::<T>::remove(&who);
            }
        }
        Self::deposit_event(Event::AutoClaimSet { who, terms });
        Ok(())
    }

    /// Pushes the income of `who`, as it wants it to be.
    pub(crate) fn do_claim_for(asset: AssetId, who: &T::AccountId, caller: &T::AccountId) -> DispatchResult {
        if caller == who {
            return Self::do_claim(asset, who, |amount| Self::pay_out(who, amount));
        }
        ensure!(
            T::PushFilter::contains(&(asset, who.clone())),
            Error::<T>::NotPushable
        );
        let Some(Standing { terms, .. }) = AutoClaims::<T>::get(who) else {
            return Self::do_claim(asset, who, |amount| Self::pay_out(who, amount));
        };
        Self::do_claim(asset, who, |amount| {
            ensure!(amount >= terms.threshold, Error::<T>::BelowThreshold);
            // A bounty that the caller can't take stays with the payee.
            let bounty = if terms.bounty > 0 && Self::pay_out(caller, terms.bounty).is_ok() {
                terms.bounty
            } else {
                0
            };
            Self::pay_out(who, exact(amount.checked_sub(bounty))?)?;
            Self::deposit_event(Event::Pushed {
                asset,
                who: who.clone(),
                caller: caller.clone(),
                bounty,
            });
            Ok(())
        })
    }
}
