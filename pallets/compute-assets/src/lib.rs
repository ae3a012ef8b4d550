// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod impl_bond;
mod impl_custody;
mod impl_inspect;
mod impl_life;
mod impl_stewardship;
mod impls;
mod math;
#[cfg(test)]
mod mock;
mod nft;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
pub mod types;
mod views;
pub mod weights;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use compute_primitives::{AssetId, AssetKind, AssetStatus, HardwareId, OnReap};
    use frame_support::{
        pallet_prelude::*,
        traits::{
            fungible::{self, Inspect as _},
            tokens::nonfungibles_v2::{Create, Inspect, InspectEnumerable, Mutate, Transfer},
            Consideration, Footprint,
        },
        PalletId,
    };
    use frame_system::pallet_prelude::*;
    use pallet_nfts::ItemConfig;
    use sp_core::H256;
    use sp_runtime::traits::Zero;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// The currency of bonds and deposits.
        type Currency: fungible::Mutate<Self::AccountId>
            + fungible::hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;

        /// The runtime's hold reasons, into which ours go.
        type RuntimeHoldReason: From<HoldReason>;

        /// pallet-nfts' id of a collection.
        type CollectionId: Parameter + Member + MaxEncodedLen + Copy;

        /// pallet-nfts: where the devices' NFTs live. The item's id is the asset's.
        ///
        /// It must take attribute keys of 10 and values of 2 + twice the encoded length of an account id (66) bytes,
        /// and metadata of `UriLimit` bytes.
        type Nfts: InspectEnumerable<Self::AccountId>
            + Inspect<Self::AccountId, ItemId = u64, CollectionId = Self::CollectionId>
            + Create<Self::AccountId, CollectionConfigOf<Self>>
            + Mutate<Self::AccountId, ItemConfig>
            + Transfer<Self::AccountId>;

        /// Told of an asset that is about to be reaped, while its owner is still known. An error puts the reaping off.
        type OnReap: OnReap;

        /// Deposit for an announcement, given back when it is revealed or withdrawn.
        type AnnouncementConsideration: Consideration<Self::AccountId, Footprint>;

        /// Deposit for what a registration stores besides the NFT, given back when the asset is reaped.
        type RegistrationConsideration: Consideration<Self::AccountId, Footprint>;

        /// Its account owns the collection and is its only admin. Nobody has its key.
        #[pallet::constant]
        type PalletId: Get<PalletId>;

        /// The least that an operator must have on hold for an asset on taking office.
        #[pallet::constant]
        type MinimumBond: Get<BalanceOf<Self>>;

        /// The most bonds an asset may have at a time: its operator's, and those of former operators whose obligations
        /// have not ended.
        #[pallet::constant]
        type MaxBearers: Get<u32>;

        /// The longest URI of an NFT's JSON, in bytes.
        #[pallet::constant]
        type UriLimit: Get<u32>;

        /// Blocks within which an announcement must be revealed.
        #[pallet::constant]
        type AnnouncementPeriod: Get<BlockNumberFor<Self>>;

        type WeightInfo: WeightInfo;
    }

    /// Why this pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// An operator's bond.
        Bond,
        /// The storage deposit of a registration.
        Registration,
        /// The storage deposit of an announcement.
        Announcement,
    }

    /// The collection of all devices, created at genesis.
    #[pallet::storage]
    pub type Collection<T: Config> = StorageValue<_, T::CollectionId>;

    /// The last id given to an asset. Ids are never reused: attributes of an NFT survive its burning.
    #[pallet::storage]
    pub type LastAssetId<T: Config> = StorageValue<_, AssetId, ValueQuery>;

    /// All assets that have not been reaped.
    #[pallet::storage]
    pub type Assets<T: Config> = CountedStorageMap<_, Twox64Concat, AssetId, AssetOf<T>>;

    /// The live asset of each hardware id.
    #[pallet::storage]
    pub type Hardware<T: Config> = StorageMap<_, Blake2_128Concat, HardwareId, AssetId>;

    /// Bonds, by asset and bearer.
    #[pallet::storage]
    pub type Bonds<T: Config> =
        StorageDoubleMap<_, Twox64Concat, AssetId, Blake2_128Concat, T::AccountId, BondOf<T>>;

    /// The standing announcement of each account.
    #[pallet::storage]
    pub type Announcements<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, AnnouncementOf<T>>;

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        /// A genesis that gives the pallet's account nothing (the default one) has no collection, and no device can be
        /// registered on its chain.
        fn build(&self) {
            let account = Pallet::<T>::account_id();
            if T::Currency::total_balance(&account).is_zero() {
                log::warn!("compute-assets: {account:?} has no funds, so there is no collection");
                return;
            }
            if let Err(error) = Pallet::<T>::create_collection() {
                panic!(
                    "compute-assets can't create its collection ({error:?}): its account must hold the collection's \
                     deposit and the existential deposit, and Balances must stand before it"
                );
            }
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A claim on a hardware id was opened. An earlier one of the same account is void.
        Announced { who: T::AccountId, commitment: H256 },
        /// An announcement was given up, or had expired and was cleared.
        AnnouncementWithdrawn { who: T::AccountId },
        /// A device became an asset. It is `Provisional`.
        Registered {
            asset: AssetId,
            owner: T::AccountId,
            kind: AssetKind,
            hardware: HardwareId,
        },
        /// The owner named an operator (`None`: took the name back).
        OperatorNominated {
            asset: AssetId,
            nominee: Option<T::AccountId>,
        },
        /// An operator took or left office.
        OperatorChanged {
            asset: AssetId,
            from: Option<T::AccountId>,
            to: Option<T::AccountId>,
        },
        /// A bond grew by `added`, to `amount`.
        BondIncreased {
            asset: AssetId,
            bearer: T::AccountId,
            added: BalanceOf<T>,
            amount: BalanceOf<T>,
            pledged: BalanceOf<T>,
        },
        /// What was left of a bond went back to its bearer.
        BondReleased {
            asset: AssetId,
            bearer: T::AccountId,
            amount: BalanceOf<T>,
        },
        /// A bond lost `amount`: `bounty` went to the reporter, the rest was burnt.
        BondSlashed {
            asset: AssetId,
            bearer: T::AccountId,
            amount: BalanceOf<T>,
            bounty: BalanceOf<T>,
            reporter: Option<T::AccountId>,
        },
        /// The NFT's JSON moved.
        MetadataSet { asset: AssetId, uri: UriOf<T> },
        /// The asset's life took a turn.
        StatusChanged {
            asset: AssetId,
            from: AssetStatus,
            to: AssetStatus,
        },
        /// Something encumbers the asset; `liens` do now.
        LienAdded { asset: AssetId, liens: u32 },
        /// An encumbrance ended; `liens` are left.
        LienRemoved { asset: AssetId, liens: u32 },
        /// The asset is gone: bonds and deposits are back, its hardware id is free.
        Reaped { asset: AssetId },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// There is no such asset.
        UnknownAsset,
        /// The collection was not created at genesis.
        NoCollection,
        /// Only the asset's owner may do this.
        NotOwner,
        /// Only the asset's operator may do this.
        NotOperator,
        /// The owner has not named the caller as operator.
        NotNominated,
        /// The asset has changed hands since the caller was named operator.
        NominationLapsed,
        /// That account is the operator already.
        AlreadyOperator,
        /// The caller has no announcement.
        NotAnnounced,
        /// An announcement can be revealed from the block after it on.
        AnnouncementTooRecent,
        /// The announcement was not revealed in time; announce again.
        AnnouncementExpired,
        /// Another's announcement can be cleared once it has expired.
        AnnouncementStands,
        /// Account, hardware id and salt are not those of the announcement.
        WrongReveal,
        /// A live asset has this hardware id; `Hardware` says which.
        AlreadyRegistered,
        /// The bond would stand below the minimum.
        BondTooLow,
        /// That account has no bond for the asset.
        NoBond,
        /// The bond, or one of the asset's bonds, is obliged for longer.
        BondObliged,
        /// The bearer is in office; it must resign or be replaced first.
        BearerInOffice,
        /// Too many bonds of former operators wait for release. Release those whose obligations have ended.
        TooManyBearers,
        /// The amount is zero.
        ZeroAmount,
        /// The bond holds less than the slash.
        BondExceeded,
        /// The bounty is more than the slash.
        BountyExceedsSlash,
        /// The asset is retired.
        Retired,
        /// The asset is not retired.
        NotRetired,
        /// Only the owner retires an asset, by `retire`.
        OwnerRetires,
        /// A vault, a lease or a loan encumbers the asset.
        Encumbered,
        /// Nothing encumbers the asset.
        NotEncumbered,
        /// That account does not keep the asset's NFT.
        NotInCustody,
        /// The URI is longer than `UriLimit`.
        UriTooLong,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Opens a claim on a hardware id, so that nobody who sees the registration in the pool can come first.
        ///
        /// - `commitment`: blake2-256 of the SCALE encoding of (caller, hardware id, salt of 32 bytes).
        ///
        /// It can be revealed by `register` from the next block on, within `AnnouncementPeriod` blocks. An earlier
        /// announcement of the caller is replaced.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::announce())]
        pub fn announce(origin: OriginFor<T>, commitment: H256) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_announce(who, commitment)
        }

        /// Reveals the caller's announcement and makes the device an asset: its NFT goes to the caller.
        ///
        /// - `uri`: address of the NFT's JSON.
        /// - `bond`: with it, at least `MinimumBond`, the caller is the operator too.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::register())]
        pub fn register(
            origin: OriginFor<T>,
            kind: AssetKind,
            hardware: HardwareId,
            salt: [u8; 32],
            uri: UriOf<T>,
            bond: Option<BalanceOf<T>>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_register(who, kind, hardware, salt, uri, bond)
        }

        /// Names an operator, who takes office by `accept_operator`; `None` takes the name back. Owner only.
        ///
        /// It lapses when the asset changes hands.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::nominate_operator())]
        pub fn nominate_operator(
            origin: OriginFor<T>,
            asset: AssetId,
            nominee: Option<T::AccountId>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_nominate_operator(who, asset, nominee)
        }

        /// Takes office as operator, with `bond` added to what the caller has on hold for this asset already; the sum
        /// must reach `MinimumBond`. Nominee only.
        ///
        /// The former operator's bond stays until its obligations end.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::accept_operator())]
        pub fn accept_operator(origin: OriginFor<T>, asset: AssetId, bond: BalanceOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_accept_operator(who, asset, bond)
        }

        /// Leaves office. The bond goes back at once if nothing obliges it, by `release_bond` later otherwise.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::resign_operator())]
        pub fn resign_operator(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_resign_operator(who, asset)
        }

        /// Adds to the caller's bond: fills what a slash took first, raises the pledge with the rest.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::bond_extra())]
        pub fn bond_extra(origin: OriginFor<T>, asset: AssetId, amount: BalanceOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_bond_extra(who, asset, amount)
        }

        /// Gives a bond back whose obligations have ended and whose bearer is out of office (or the asset retired).
        /// Anyone may.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::release_bond())]
        pub fn release_bond(origin: OriginFor<T>, asset: AssetId, bearer: T::AccountId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_release_bond(asset, bearer)
        }

        /// Sets the address of the NFT's JSON. Owner only.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::set_metadata())]
        pub fn set_metadata(origin: OriginFor<T>, asset: AssetId, uri: UriOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_metadata(who, asset, uri)
        }

        /// Gives the asset up: it earns no more, and can be reaped once its obligations have ended. There is no way
        /// back. Owner only, and only without liens.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::retire())]
        pub fn retire(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_retire(who, asset)
        }

        /// Clears a retired asset away once all obligations on it have ended: bonds and deposits go back, the NFT is
        /// burned, its hardware id is free. Anyone may.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::reap(T::MaxBearers::get()))]
        pub fn reap(origin: OriginFor<T>, asset: AssetId) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let bearers = Self::do_reap(asset)?;
            Ok(Some(T::WeightInfo::reap(bearers)).into())
        }

        /// Gives an announcement up, and its deposit back. The announcer may at any time, anyone once it has expired.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::withdraw_announcement())]
        pub fn withdraw_announcement(origin: OriginFor<T>, announcer: T::AccountId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_withdraw_announcement(who, announcer)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What this pallet and the NFT say of an asset.
        pub fn asset_details(asset: AssetId) -> Option<AssetDetailsOf<T>> {
            Self::details(asset)
        }

        /// The live asset that has this hardware id.
        pub fn asset_of_hardware(hardware: HardwareId) -> Option<AssetId> {
            Hardware::<T>::get(hardware)
        }

        /// The bond of `bearer` for an asset.
        pub fn bond_of(asset: AssetId, bearer: T::AccountId) -> Option<BondOf<T>> {
            Bonds::<T>::get(asset, bearer)
        }

        /// Whether `reap` would find all obligations on a retired asset ended.
        pub fn is_reapable(asset: AssetId) -> bool {
            Self::reapable(asset)
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(
                T::MaxBearers::get() >= 2,
                "an operator could not be replaced while its bond is obliged"
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
