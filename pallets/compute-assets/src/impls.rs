// SPDX-License-Identifier: Apache-2.0
//! The work behind the calls: check, compute, write, tell.

use crate::*;
use alloc::vec::Vec;
use codec::{Encode, MaxEncodedLen};
use compute_primitives::{AssetId, AssetKind, AssetStatus, HardwareId, OnReap};
use frame_support::{
    ensure,
    traits::{fungible::MutateHold, tokens::Precision::Exact, Consideration, Footprint, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_runtime::{
    traits::{AccountIdConversion, Saturating, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

impl<T: Config> Pallet<T> {
    /// The account that owns the collection. It must hold pallet-nfts' `CollectionDeposit` and the existential deposit
    /// before genesis is built.
    pub fn account_id() -> T::AccountId {
        T::PalletId::get().into_account_truncating()
    }

    /// The collection of all devices: what the runtime's call filter protects from `Nfts::burn`.
    pub fn collection() -> Option<T::CollectionId> {
        Collection::<T>::get()
    }

    /// What [`Pallet::announce`] takes for a device that `who` will register.
    pub fn commitment(who: &T::AccountId, hardware: &HardwareId, salt: &[u8; 32]) -> H256 {
        H256((who, hardware, salt).using_encoded(sp_io::hashing::blake2_256))
    }

    pub(crate) fn now() -> BlockNumberFor<T> {
        frame_system::Pallet::<T>::block_number()
    }

    pub(crate) fn asset(asset: AssetId) -> Result<AssetOf<T>, DispatchError> {
        Ok(Assets::<T>::get(asset).ok_or(Error::<T>::UnknownAsset)?)
    }

    /// The asset, if `who` owns it.
    fn asset_of(asset: AssetId, who: &T::AccountId) -> Result<AssetOf<T>, DispatchError> {
        let record = Self::asset(asset)?;
        ensure!(Self::nft_owner(asset).as_ref() == Some(who), Error::<T>::NotOwner);
        Ok(record)
    }

    pub(crate) fn do_announce(who: T::AccountId, commitment: H256) -> DispatchResult {
        let ticket = match Announcements::<T>::get(&who) {
            Some(former) => former.ticket,
            None => T::AnnouncementConsideration::new(&who, Self::announcement_footprint())?,
        };
        Announcements::<T>::insert(
            &who,
            Announcement {
                commitment,
                announced_at: Self::now(),
                ticket,
            },
        );
        Self::deposit_event(Event::Announced { who, commitment });
        Ok(())
    }

    pub(crate) fn do_withdraw_announcement(who: T::AccountId, announcer: T::AccountId) -> DispatchResult {
        let announcement = Announcements::<T>::get(&announcer).ok_or(Error::<T>::NotAnnounced)?;
        ensure!(
            who == announcer || Self::has_expired(announcement.announced_at),
            Error::<T>::AnnouncementStands
        );
        announcement.ticket.drop(&announcer)?;
        Announcements::<T>::remove(&announcer);
        Self::deposit_event(Event::AnnouncementWithdrawn { who: announcer });
        Ok(())
    }

    fn has_expired(announced_at: BlockNumberFor<T>) -> bool {
        Self::now() > announced_at.saturating_add(T::AnnouncementPeriod::get())
    }

    pub(crate) fn do_register(
        who: T::AccountId,
        kind: AssetKind,
        hardware: HardwareId,
        salt: [u8; 32],
        uri: UriOf<T>,
        bond: Option<BalanceOf<T>>,
    ) -> DispatchResult {
        let announcement = Announcements::<T>::get(&who).ok_or(Error::<T>::NotAnnounced)?;
        ensure!(
            Self::now() > announcement.announced_at,
            Error::<T>::AnnouncementTooRecent
        );
        ensure!(
            !Self::has_expired(announcement.announced_at),
            Error::<T>::AnnouncementExpired
        );
        ensure!(
            announcement.commitment == Self::commitment(&who, &hardware, &salt),
            Error::<T>::WrongReveal
        );

        announcement.ticket.drop(&who)?;
        Announcements::<T>::remove(&who);
        Self::enrol(who, kind, hardware, uri, bond).map(|_| ())
    }

    /// Mints and records a device whose claim has been checked.
    pub(crate) fn enrol(
        who: T::AccountId,
        kind: AssetKind,
        hardware: HardwareId,
        uri: UriOf<T>,
        bond: Option<BalanceOf<T>>,
    ) -> Result<AssetId, DispatchError> {
        ensure!(
            !Hardware::<T>::contains_key(hardware),
            Error::<T>::AlreadyRegistered
        );
        let asset = AssetId(
            LastAssetId::<T>::get()
                .0
                .checked_add(1)
                .ok_or(ArithmeticError::Overflow)?,
        );
        let mut record = Asset {
            kind,
            status: AssetStatus::Provisional,
            hardware,
            registered_at: Self::now(),
            registrant: who.clone(),
            ticket: T::RegistrationConsideration::new(&who, Self::registration_footprint())?,
            operator: None,
            nomination: None,
            liens: 0,
            bearers: 0,
        };
        Self::mint(asset, &record, &who, &uri)?;
        LastAssetId::<T>::put(asset);
        Hardware::<T>::insert(hardware, asset);
        Self::deposit_event(Event::Registered {
            asset,
            owner: who.clone(),
            kind,
            hardware,
        });
        if let Some(bond) = bond {
            Self::install(asset, &mut record, who, bond)?;
        }
        Assets::<T>::insert(asset, record);
        Ok(asset)
    }

    pub(crate) fn do_nominate_operator(
        who: T::AccountId,
        asset: AssetId,
        nominee: Option<T::AccountId>,
    ) -> DispatchResult {
        let mut record = Self::asset_of(asset, &who)?;
        ensure!(record.status != AssetStatus::Retired, Error::<T>::Retired);
        ensure!(
            nominee.is_none() || nominee != record.operator,
            Error::<T>::AlreadyOperator
        );
        record.nomination = nominee.clone().map(|nominee| Nomination { nominee, by: who });
        Assets::<T>::insert(asset, record);
        Self::deposit_event(Event::OperatorNominated { asset, nominee });
        Ok(())
    }

    pub(crate) fn do_accept_operator(
        who: T::AccountId,
        asset: AssetId,
        bond: BalanceOf<T>,
    ) -> DispatchResult {
        let mut record = Self::asset(asset)?;
        ensure!(record.status != AssetStatus::Retired, Error::<T>::Retired);
        let nomination = record.nomination.take().ok_or(Error::<T>::NotNominated)?;
        ensure!(nomination.nominee == who, Error::<T>::NotNominated);
        ensure!(
            Self::nft_owner(asset).as_ref() == Some(&nomination.by),
            Error::<T>::NominationLapsed
        );
        Self::install(asset, &mut record, who, bond)?;
        Assets::<T>::insert(asset, record);
        Ok(())
    }

    /// Puts `who` into office with `added` more on hold; the former operator leaves it.
    fn install(
        asset: AssetId,
        record: &mut AssetOf<T>,
        who: T::AccountId,
        added: BalanceOf<T>,
    ) -> DispatchResult {
        let from = record.operator.take();
        // First, for it may make room for the new bond.
        if let Some(former) = &from {
            Self::leave(asset, record, former)?;
        }
        let bond = Self::raise_bond(asset, record, &who, added)?;
        ensure!(bond.amount >= T::MinimumBond::get(), Error::<T>::BondTooLow);
        record.operator = Some(who.clone());
        Self::deposit_event(Event::OperatorChanged {
            asset,
            from,
            to: Some(who),
        });
        Ok(())
    }

    /// Lets a bond go with its bearer's office, unless it is obliged for longer.
    fn leave(asset: AssetId, record: &mut AssetOf<T>, bearer: &T::AccountId) -> DispatchResult {
        match Bonds::<T>::get(asset, bearer) {
            Some(bond) if bond.is_free(Self::now()) => Self::give_back(asset, record, bearer, bond),
            _ => Ok(()),
        }
    }

    pub(crate) fn do_resign_operator(who: T::AccountId, asset: AssetId) -> DispatchResult {
        let mut record = Self::asset(asset)?;
        ensure!(record.operator.as_ref() == Some(&who), Error::<T>::NotOperator);
        record.operator = None;
        Self::leave(asset, &mut record, &who)?;
        Assets::<T>::insert(asset, record);
        Self::deposit_event(Event::OperatorChanged {
            asset,
            from: Some(who),
            to: None,
        });
        Ok(())
    }

    pub(crate) fn do_bond_extra(who: T::AccountId, asset: AssetId, amount: BalanceOf<T>) -> DispatchResult {
        let mut record = Self::asset(asset)?;
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        ensure!(Bonds::<T>::contains_key(asset, &who), Error::<T>::NoBond);
        // The number of bearers, which alone could change in the record, stays.
        Self::raise_bond(asset, &mut record, &who, amount)?;
        Ok(())
    }

    /// Puts `added` on hold and into the bond of `bearer`, opening one if need be.
    pub(crate) fn raise_bond(
        asset: AssetId,
        record: &mut AssetOf<T>,
        bearer: &T::AccountId,
        added: BalanceOf<T>,
    ) -> Result<BondOf<T>, DispatchError> {
        let former = match Bonds::<T>::get(asset, bearer) {
            Some(bond) => bond,
            None => {
                ensure!(record.bearers < T::MaxBearers::get(), Error::<T>::TooManyBearers);
                record.bearers.saturating_inc();
                Bond::default()
            }
        };
        let bond = former.topped_up(added).ok_or(ArithmeticError::Overflow)?;
        T::Currency::hold(&HoldReason::Bond.into(), bearer, added)?;
        Bonds::<T>::insert(asset, bearer, bond);
        Self::deposit_event(Event::BondIncreased {
            asset,
            bearer: bearer.clone(),
            added,
            amount: bond.amount,
            pledged: bond.pledged,
        });
        Ok(bond)
    }

    /// Releases and forgets a bond.
    fn give_back(
        asset: AssetId,
        record: &mut AssetOf<T>,
        bearer: &T::AccountId,
        bond: BondOf<T>,
    ) -> DispatchResult {
        record.bearers = record.bearers.checked_sub(1).ok_or(ArithmeticError::Underflow)?;
        T::Currency::release(&HoldReason::Bond.into(), bearer, bond.amount, Exact)?;
        Bonds::<T>::remove(asset, bearer);
        Self::deposit_event(Event::BondReleased {
            asset,
            bearer: bearer.clone(),
            amount: bond.amount,
        });
        Ok(())
    }

    pub(crate) fn do_release_bond(asset: AssetId, bearer: T::AccountId) -> DispatchResult {
        let mut record = Self::asset(asset)?;
        let bond = Bonds::<T>::get(asset, &bearer).ok_or(Error::<T>::NoBond)?;
        ensure!(
            record.operator.as_ref() != Some(&bearer) || record.status == AssetStatus::Retired,
            Error::<T>::BearerInOffice
        );
        ensure!(bond.is_free(Self::now()), Error::<T>::BondObliged);
        Self::give_back(asset, &mut record, &bearer, bond)?;
        Assets::<T>::insert(asset, record);
        Ok(())
    }

    pub(crate) fn do_set_metadata(who: T::AccountId, asset: AssetId, uri: UriOf<T>) -> DispatchResult {
        Self::asset_of(asset, &who)?;
        Self::write_uri(asset, &uri)?;
        Self::deposit_event(Event::MetadataSet { asset, uri });
        Ok(())
    }

    pub(crate) fn do_retire(who: T::AccountId, asset: AssetId) -> DispatchResult {
        let mut record = Self::asset_of(asset, &who)?;
        ensure!(record.status != AssetStatus::Retired, Error::<T>::Retired);
        ensure!(record.liens == 0, Error::<T>::Encumbered);
        record.nomination = None;
        Self::turn(asset, &mut record, AssetStatus::Retired)?;
        Assets::<T>::insert(asset, record);
        Ok(())
    }

    /// Writes a status to the record and the NFT, and tells, if it is another.
    pub(crate) fn turn(asset: AssetId, record: &mut AssetOf<T>, to: AssetStatus) -> DispatchResult {
        let from = record.status;
        if from == to {
            return Ok(());
        }
        record.status = to;
        Self::write_status(asset, to)?;
        Self::deposit_event(Event::StatusChanged { asset, from, to });
        Ok(())
    }

    /// Answers the number of bonds given back.
    pub(crate) fn do_reap(asset: AssetId) -> Result<u32, DispatchError> {
        ensure!(
            Self::asset(asset)?.status == AssetStatus::Retired,
            Error::<T>::NotRetired
        );
        ensure!(Self::reapable(asset), Error::<T>::BondObliged);
        T::OnReap::on_reap(asset)?;

        // Read only now: the hook may settle a last commit, and slash.
        let mut record = Self::asset(asset)?;
        // At most `MaxBearers`.
        let bonds = Bonds::<T>::iter_prefix(asset).collect::<Vec<_>>();
        let bearers = record.bearers;
        for (bearer, bond) in bonds {
            Self::give_back(asset, &mut record, &bearer, bond)?;
        }
        Self::burn(asset)?;
        record.ticket.drop(&record.registrant)?;
        Hardware::<T>::remove(record.hardware);
        Assets::<T>::remove(asset);
        Self::deposit_event(Event::Reaped { asset });
        Ok(bearers)
    }

    fn announcement_footprint() -> Footprint {
        Footprint::from_parts(
            1,
            T::AccountId::max_encoded_len().saturating_add(AnnouncementOf::<T>::max_encoded_len()),
        )
    }

    /// What a registration stores in this pallet, and in pallet-nfts without a deposit there: a URI may grow to the limit
    /// later, so it counts in full.
    pub(crate) fn registration_footprint() -> Footprint {
        let hardware = HardwareId::max_encoded_len().saturating_add(AssetId::max_encoded_len());
        let nft = (UriOf::<T>::max_encoded_len()).saturating_add(Self::attributes_len());
        Footprint::from_parts(
            1,
            AssetOf::<T>::max_encoded_len()
                .saturating_add(hardware)
                .saturating_add(nft),
        )
    }
}
