// SPDX-License-Identifier: Apache-2.0
//! A runtime with the real balances, a small ledger of fractions, and a twin that notes what was decided.

use crate as pallet_asset_governance;
use crate::types::{Balance, Timing};
use crate::{FreezeReason, HoldReason, Pallet, Voters};
use compute_primitives::{AssetId, Holdings, OnVaultClosed, OperatorFees, Sale, Stewardship};
use frame_support::storage::with_storage_layer;
use frame_support::traits::fungible::{HoldConsideration, InspectHold as _};
use frame_support::traits::fungibles::{Inspect, InspectFreeze, MutateFreeze};
use frame_support::traits::tokens::{
    DepositConsequence, Fortitude, Preservation, Provenance, WithdrawConsequence,
};
use frame_support::traits::{ConstU128, ConstU32, Hooks, LinearStoragePrice};
use frame_support::{derive_impl, ensure, parameter_types};
use sp_runtime::traits::IdentityLookup;
use sp_runtime::{BuildStorage, DispatchError, DispatchResult, Perbill, TokenError};

pub type AccountId = u64;

pub const ALICE: AccountId = 1;
pub const BOB: AccountId = 2;
pub const CAROL: AccountId = 3;
pub const DAVE: AccountId = 4;
pub const EVE: AccountId = 5;
/// Has no currency.
pub const POOR: AccountId = 9;

pub const ED: Balance = 100;
pub const ENDOWMENT: Balance = 1_000_000;

pub const GPU: AssetId = AssetId(7);
pub const RIG: AssetId = AssetId(8);

pub const VOTING: u64 = 100;
pub const ENACTMENT: u64 = 50;
pub const LOCK: u64 = 10;
pub const MAX_OPEN: u32 = 5;

type Block = frame_system::mocking::MockBlock<Test>;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeViewFunction,
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(2)]
    pub type Twin = crate::mock::twin;
    #[runtime::pallet_index(54)]
    pub type AssetGovernance = pallet_asset_governance;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type Block = Block;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<ED>;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxFreezes = frame_support::traits::VariantCountOf<RuntimeFreezeReason>;
}

impl twin::Config for Test {}

parameter_types! {
    pub const ProposalReason: RuntimeHoldReason = RuntimeHoldReason::AssetGovernance(HoldReason::Proposal);
    pub const VoterReason: RuntimeHoldReason = RuntimeHoldReason::AssetGovernance(HoldReason::Voter);
    pub const MinimumPart: Perbill = Perbill::from_percent(20);
    pub const Quorum: Perbill = Perbill::from_percent(25);
    pub const Half: Perbill = Perbill::from_percent(50);
}

/// A thousand an item and one a byte.
type StoragePrice = LinearStoragePrice<ConstU128<1_000>, ConstU128<1>, Balance>;

impl pallet_asset_governance::Config for Test {
    type WeightInfo = ();
    type Fractions = Twin;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type Stewardship = Twin;
    type OperatorFees = Twin;
    type Sale = Twin;
    type ProposalConsideration = HoldConsideration<AccountId, Balances, ProposalReason, StoragePrice>;
    type VoterConsideration = HoldConsideration<AccountId, Balances, VoterReason, StoragePrice>;
    type MinimumPart = MinimumPart;
    type Quorum = Quorum;
    type Approval = Half;
    type SaleSupport = Half;
    type MaxOpen = ConstU32<MAX_OPEN>;
    type UriLimit = ConstU32<16>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Twin;
}

/// Stands for the ledger of fractions, and for all that holders decide on. In storage, so that what fails is seen to leave no trace.
#[frame_support::pallet(dev_mode)]
pub mod twin {
    use super::*;
    use frame_support::pallet_prelude::*;

    #[pallet::config]
    pub trait Config: frame_system::Config {}

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Freezes of other parts of the runtime.
    #[pallet::composite_enum]
    pub enum FreezeReason {
        Loan,
    }

    /// What was done in the owner's name.
    #[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
    pub enum Deed {
        Nominated(AssetId, Option<AccountId>),
        UriSet(AssetId, Vec<u8>),
        FeeSet(AssetId, Perbill),
        ReserveSet(AssetId, Option<Balance>),
        BidAccepted(AssetId, Balance),
    }

    #[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Encode, Decode, TypeInfo, MaxEncodedLen)]
    pub struct Account {
        pub free: Balance,
        pub held: Balance,
    }

    #[pallet::storage]
    pub type Supply<T> = StorageMap<_, Blake2_128Concat, AssetId, Balance>;

    /// Assets that were bought out, and whose fractions wait to be cashed.
    #[pallet::storage]
    pub type Sold<T> = StorageMap<_, Blake2_128Concat, AssetId, ()>;

    #[pallet::storage]
    pub type Accounts<T> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, AccountId, Account, ValueQuery>;

    #[pallet::storage]
    #[pallet::unbounded]
    pub type Freezes<T> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        (AssetId, AccountId),
        Blake2_128Concat,
        RuntimeFreezeReason,
        Balance,
        ValueQuery,
    >;

    #[pallet::storage]
    #[pallet::unbounded]
    pub type Deeds<T> = StorageValue<_, Vec<Deed>, ValueQuery>;

    /// Every deed fails after it has written.
    #[pallet::storage]
    pub type Fails<T> = StorageValue<_, bool, ValueQuery>;

    /// Deeds close the vault on the way.
    #[pallet::storage]
    pub type Closes<T> = StorageValue<_, bool, ValueQuery>;
}

pub use twin::Deed;

pub const DEED_FAILED: DispatchError = DispatchError::Exhausted;

impl Twin {
    fn do_deed(asset: AssetId, deed: Deed) -> DispatchResult {
        twin::Deeds::<Test>::append(deed);
        if twin::Closes::<Test>::get() {
            sell(asset);
        }
        ensure!(!twin::Fails::<Test>::get(), DEED_FAILED);
        Ok(())
    }
}

impl Stewardship<AccountId> for Twin {
    fn nominate_operator(asset: AssetId, nominee: Option<AccountId>) -> DispatchResult {
        Self::do_deed(asset, Deed::Nominated(asset, nominee))
    }
    fn set_uri(asset: AssetId, uri: Vec<u8>) -> DispatchResult {
        Self::do_deed(asset, Deed::UriSet(asset, uri))
    }
}

impl OperatorFees for Twin {
    fn set_operator_fee(asset: AssetId, fee: Perbill) -> DispatchResult {
        Self::do_deed(asset, Deed::FeeSet(asset, fee))
    }
}

impl Sale for Twin {
    type Balance = Balance;
    fn set_reserve(asset: AssetId, reserve: Option<Balance>) -> DispatchResult {
        Self::do_deed(asset, Deed::ReserveSet(asset, reserve))
    }
    fn accept_bid(asset: AssetId, price: Balance) -> DispatchResult {
        Self::do_deed(asset, Deed::BidAccepted(asset, price))
    }
}

impl Holdings<AccountId> for Twin {
    type Balance = Balance;
    fn supply(asset: AssetId) -> Option<Balance> {
        if twin::Sold::<Test>::contains_key(asset) {
            return None;
        }
        twin::Supply::<Test>::get(asset)
    }
    fn outstanding(asset: AssetId) -> Balance {
        twin::Supply::<Test>::get(asset).unwrap_or_default()
    }
    fn balance(asset: AssetId, who: &AccountId) -> Balance {
        let account = twin::Accounts::<Test>::get(asset, who);
        account.free + account.held
    }
}

impl Inspect<AccountId> for Twin {
    type AssetId = AssetId;
    type Balance = Balance;

    fn total_issuance(asset: AssetId) -> Balance {
        twin::Supply::<Test>::get(asset).unwrap_or_default()
    }
    fn minimum_balance(_: AssetId) -> Balance {
        1
    }
    fn total_balance(asset: AssetId, who: &AccountId) -> Balance {
        <Self as Holdings<_>>::balance(asset, who)
    }
    fn balance(asset: AssetId, who: &AccountId) -> Balance {
        twin::Accounts::<Test>::get(asset, who).free
    }
    fn reducible_balance(asset: AssetId, who: &AccountId, _: Preservation, _: Fortitude) -> Balance {
        let account = twin::Accounts::<Test>::get(asset, who);
        account
            .free
            .saturating_sub(frozen_for_all(asset, *who).saturating_sub(account.held))
    }
    fn can_deposit(_: AssetId, _: &AccountId, _: Balance, _: Provenance) -> DepositConsequence {
        DepositConsequence::Success
    }
    fn can_withdraw(_: AssetId, _: &AccountId, _: Balance) -> WithdrawConsequence<Balance> {
        WithdrawConsequence::Success
    }
    fn asset_exists(asset: AssetId) -> bool {
        twin::Supply::<Test>::contains_key(asset)
    }
}

impl InspectFreeze<AccountId> for Twin {
    type Id = RuntimeFreezeReason;

    fn balance_frozen(asset: AssetId, id: &RuntimeFreezeReason, who: &AccountId) -> Balance {
        twin::Freezes::<Test>::get((asset, who), id)
    }
    fn can_freeze(_: AssetId, _: &RuntimeFreezeReason, _: &AccountId) -> bool {
        true
    }
}

impl MutateFreeze<AccountId> for Twin {
    /// As the real ledger: only who has fractions can have them frozen.
    fn set_freeze(
        asset: AssetId,
        id: &RuntimeFreezeReason,
        who: &AccountId,
        amount: Balance,
    ) -> DispatchResult {
        if amount == 0 {
            return Self::thaw(asset, id, who);
        }
        ensure!(
            twin::Accounts::<Test>::contains_key(asset, who),
            TokenError::CannotCreate
        );
        twin::Freezes::<Test>::insert((asset, who), id, amount);
        Ok(())
    }
    fn extend_freeze(
        asset: AssetId,
        id: &RuntimeFreezeReason,
        who: &AccountId,
        amount: Balance,
    ) -> DispatchResult {
        if amount <= Self::balance_frozen(asset, id, who) {
            return Ok(());
        }
        Self::set_freeze(asset, id, who, amount)
    }
    fn thaw(asset: AssetId, id: &RuntimeFreezeReason, who: &AccountId) -> DispatchResult {
        twin::Freezes::<Test>::remove((asset, who), id);
        Ok(())
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Twin {
    fn create_asset(owner: &AccountId, supply: Balance) -> Result<AssetId, DispatchError> {
        open(GPU, *owner, supply);
        Ok(GPU)
    }
}

/// What of `who`'s fractions may not leave, for all reasons together.
pub fn frozen_for_all(asset: AssetId, who: AccountId) -> Balance {
    twin::Freezes::<Test>::iter_prefix_values((asset, who))
        .max()
        .unwrap_or_default()
}

fn write(asset: AssetId, who: AccountId, account: twin::Account) {
    if account == twin::Account::default() {
        twin::Accounts::<Test>::remove(asset, who);
        // As the real ledger: freezes end with the account.
        let reasons: Vec<_> = twin::Freezes::<Test>::iter_key_prefix((asset, who)).collect();
        for reason in reasons {
            twin::Freezes::<Test>::remove((asset, who), reason);
        }
    } else {
        twin::Accounts::<Test>::insert(asset, who, account);
    }
}

/// Gives all fractions of a new vault to `who`.
pub fn open(asset: AssetId, who: AccountId, supply: Balance) {
    assert!(!twin::Supply::<Test>::contains_key(asset));
    twin::Supply::<Test>::insert(asset, supply);
    write(
        asset,
        who,
        twin::Account {
            free: supply,
            held: 0,
        },
    );
}

/// Takes what is not frozen: from the free fractions, or from those on hold.
fn take(asset: AssetId, who: AccountId, amount: Balance, on_hold: bool) -> DispatchResult {
    let mut account = twin::Accounts::<Test>::get(asset, who);
    let side = if on_hold {
        &mut account.held
    } else {
        &mut account.free
    };
    *side = side.checked_sub(amount).ok_or(TokenError::FundsUnavailable)?;
    ensure!(
        account.free + account.held >= frozen_for_all(asset, who),
        TokenError::Frozen
    );
    write(asset, who, account);
    Ok(())
}

fn put(asset: AssetId, who: AccountId, amount: Balance) {
    let mut account = twin::Accounts::<Test>::get(asset, who);
    account.free += amount;
    write(asset, who, account);
}

pub fn transfer(asset: AssetId, from: AccountId, to: AccountId, amount: Balance) -> DispatchResult {
    with_storage_layer(|| {
        take(asset, from, amount, false)?;
        put(asset, to, amount);
        Ok(())
    })
}

/// Puts free fractions on hold for an offer.
pub fn offer(asset: AssetId, who: AccountId, amount: Balance) -> DispatchResult {
    let mut account = twin::Accounts::<Test>::get(asset, who);
    account.free = account
        .free
        .checked_sub(amount)
        .ok_or(TokenError::FundsUnavailable)?;
    account.held += amount;
    write(asset, who, account);
    Ok(())
}

/// Buys fractions that are on offer.
pub fn buy(asset: AssetId, seller: AccountId, buyer: AccountId, amount: Balance) -> DispatchResult {
    with_storage_layer(|| {
        take(asset, seller, amount, true)?;
        put(asset, buyer, amount);
        Ok(())
    })
}

pub fn mint(asset: AssetId, who: AccountId, amount: Balance) {
    put(asset, who, amount);
    twin::Supply::<Test>::mutate_extant(asset, |supply| *supply += amount);
}

/// Burns all fractions of `who`, whatever is frozen, as a buyout's payment does.
pub fn burn_all(asset: AssetId, who: AccountId) {
    let all = Twin::total_balance(asset, &who);
    write(asset, who, twin::Account::default());
    twin::Supply::<Test>::mutate_extant(asset, |supply| *supply -= all);
}

/// As who has all fractions does: gives them up for the NFT.
pub fn redeem(asset: AssetId, who: AccountId) -> DispatchResult {
    let supply = twin::Supply::<Test>::get(asset).ok_or(DispatchError::CannotLookup)?;
    with_storage_layer(|| {
        take(asset, who, supply, false)?;
        twin::Supply::<Test>::remove(asset);
        AssetGovernance::on_vault_closed(asset)
    })
}

/// A buyout: the NFT goes to the winner, the fractions stay for their holders to cash.
pub fn sell(asset: AssetId) {
    twin::Sold::<Test>::insert(asset, ());
    AssetGovernance::on_vault_closed(asset).unwrap();
}

/// All holders were paid: the asset can be fractionalized anew.
pub fn cash_all(asset: AssetId) {
    let holders: Vec<_> = twin::Accounts::<Test>::iter_key_prefix(asset).collect();
    for who in holders {
        burn_all(asset, who);
    }
    twin::Supply::<Test>::remove(asset);
    twin::Sold::<Test>::remove(asset);
}

pub fn let_deeds_fail(fail: bool) {
    twin::Fails::<Test>::put(fail);
}

/// What was done in the owner's name since the last call of this.
pub fn deeds() -> Vec<Deed> {
    twin::Deeds::<Test>::take()
}

pub fn frozen(who: AccountId) -> Balance {
    Twin::balance_frozen(GPU, &FreezeReason::Vote.into(), &who)
}

/// The chain at block 1; five people have currency.
pub fn new_test_ext() -> sp_io::TestExternalities {
    let genesis = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: [ALICE, BOB, CAROL, DAVE, EVE]
                .map(|who| (who, ENDOWMENT))
                .to_vec(),
            ..Default::default()
        },
        asset_governance: pallet_asset_governance::GenesisConfig {
            timing: Timing {
                voting: VOTING,
                enactment: ENACTMENT,
                lock: LOCK,
            },
        },
        ..Default::default()
    };
    let mut ext = sp_io::TestExternalities::new(genesis.build_storage().unwrap());
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test and checks every invariant at its end.
pub fn build_and_execute(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        check();
    });
}

/// Every invariant of the pallet; and what only a test can see: that each deposit on hold has what it is for, and that nothing is
/// frozen that did not vote.
pub fn check() {
    AssetGovernance::do_try_state().unwrap();
    AssetGovernance::integrity_test();
    for who in [ALICE, BOB, CAROL, DAVE, EVE, POOR] {
        let proposals = crate::Proposals::<Test>::iter_values()
            .filter(|record| record.proposer == who)
            .count();
        let voters = Voters::<Test>::iter_keys()
            .filter(|(_, voter)| *voter == who)
            .count();
        assert_eq!(
            Balances::balance_on_hold(&HoldReason::Proposal.into(), &who),
            proposals as Balance * proposal_deposit()
        );
        assert_eq!(
            Balances::balance_on_hold(&HoldReason::Voter.into(), &who),
            voters as Balance * voter_deposit()
        );
        for asset in [GPU, RIG] {
            let heaviest = AssetGovernance::votes(asset, who)
                .iter()
                .map(|vote| vote.weight)
                .max()
                .unwrap_or_default();
            let frozen = Twin::balance_frozen(asset, &FreezeReason::Vote.into(), &who);
            assert!(frozen <= heaviest, "frozen without a vote");
            assert!(
                frozen <= Twin::total_balance(asset, &who),
                "more frozen than held"
            );
        }
    }
}

pub fn proposal_deposit() -> Balance {
    1_000 + Balance::from(Pallet::<Test>::proposal_footprint().size)
}

pub fn voter_deposit() -> Balance {
    1_000 + Balance::from(Pallet::<Test>::voter_footprint().size)
}

pub fn advance(blocks: u64) {
    System::set_block_number(System::block_number() + blocks);
}
