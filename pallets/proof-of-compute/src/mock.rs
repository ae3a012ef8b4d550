// SPDX-License-Identifier: Apache-2.0
//! A runtime of this pallet and real balances. Its neighbours are in [`ledger`]: small, but with real money
//! that must add up.

pub mod ledger;

use crate as pallet_proof_of_compute;
use crate::{CurrentCensus, Schedule, WorkLimits};
use codec::Encode;
use compute_primitives::{api::Phase, AssetId, AssetKind, CensusIndex};
use compute_proof::{
    hashrate::Share,
    prove::{open_with_known_seed, Opening, Product, Reference, RoundStore},
    Class,
};
use frame_support::{
    derive_impl,
    dispatch::DispatchResultWithPostInfo,
    parameter_types,
    traits::{ConstU32, ConstU64, ConstU8, Hooks, Randomness},
    weights::Weight,
};
use sp_core::H256;
use sp_runtime::{
    traits::{BlakeTwo256, IdentityLookup},
    AccountId32, BoundedVec, BuildStorage, Digest,
};
use std::collections::{BTreeMap, BTreeSet};

pub type Balance = u128;
pub type AccountId = AccountId32;
type Block = frame_system::mocking::MockBlockU32<Test>;

pub const UNIT: Balance = 1_000_000_000_000;
/// Blocks of the slashing horizon: short, so that tests live to see it.
pub const HORIZON: u32 = 120;
pub const MAX_ALWAYS: u32 = 5;
pub const SLOT_MS: u64 = 3_000;
pub const BOND: Balance = 1_000 * UNIT;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Poc: pallet_proof_of_compute,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type Hash = H256;
    type Hashing = BlakeTwo256;
    type AccountData = pallet_balances::AccountData<Balance>;
    type BlockWeights = BlockWeights;
    type BlockLength = BlockLength;
    type BlockHashCount = ConstU32<16>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type Balance = Balance;
    type ExistentialDeposit = ExistentialDeposit;
}

parameter_types! {
    pub const ExistentialDeposit: Balance = 1_000;
    pub const OpeningOverhead: Weight = Weight::from_parts(400_000_000, 0);
    pub BlockWeights: frame_system::limits::BlockWeights = frame_system::limits::BlockWeights::with_sensible_defaults(
        Weight::from_parts(2_000_000_000_000, u64::MAX),
        sp_runtime::Perbill::from_percent(75),
    );
    pub BlockLength: frame_system::limits::BlockLength =
        frame_system::limits::BlockLength::builder().max_length(5 * 1024 * 1024).build();
    /// Slot of the present block.
    pub static Slot: u64 = 1_000;
    /// Blocks that carry no VRF.
    pub static NoVrf: BTreeSet<u32> = BTreeSet::new();
    /// Blocks whose VRF is the one of the block before.
    pub static StaleVrf: BTreeSet<u32> = BTreeSet::new();
    /// Makes every run's VRFs its own.
    pub static VrfSalt: u64 = 0;
}

pub struct MockVrf;
impl Randomness<Option<H256>, u32> for MockVrf {
    fn random(subject: &[u8]) -> (Option<H256>, u32) {
        let mut of = System::block_number().saturating_sub(1);
        if NoVrf::get().contains(&of) {
            return (None, of);
        }
        while StaleVrf::get().contains(&of) {
            of -= 1;
        }
        let vrf = (subject, of, VrfSalt::get()).using_encoded(sp_io::hashing::blake2_256);
        (Some(H256(vrf)), of)
    }
}

impl crate::Config for Test {
    type Balance = Balance;
    type Assets = ledger::Ledger;
    type Emission = ledger::Ledger;
    type Randomness = MockVrf;
    type CurrentSlot = Slot;
    type SlotDuration = ConstU64<SLOT_MS>;
    type SlashingHorizon = ConstU32<HORIZON>;
    type MaxCommits = ConstU8<3>;
    type MaxAlways = ConstU32<MAX_ALWAYS>;
    type OpeningOverhead = OpeningOverhead;
    type WeightInfo = ();
}

pub fn account(seed: u8) -> AccountId {
    AccountId32::new([seed; 32])
}

/// A chain in its first block.
pub fn new_test_ext(schedule: Schedule) -> sp_io::TestExternalities {
    Slot::set(1_000);
    NoVrf::set(BTreeSet::new());
    StaleVrf::set(BTreeSet::new());
    VrfSalt::set(0);
    let storage = RuntimeGenesisConfig {
        system: Default::default(),
        balances: pallet_balances::GenesisConfig {
            balances: (1..=20).map(|seed| (account(seed), 1_000_000 * UNIT)).collect(),
            ..Default::default()
        },
        poc: crate::GenesisConfig {
            schedule,
            limits: WorkLimits::development(),
            ..Default::default()
        },
    }
    .build_storage()
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        ledger::genesis();
        begin_block(H256::repeat_byte(0x67));
    });
    ext
}

/// Runs a test from block 1 on, on the development schedule with every block a trigger, and checks every
/// invariant after it: the pallet's and the money's.
pub fn execute(test: impl FnOnce()) {
    execute_with(
        Schedule {
            trigger: u64::MAX,
            ..Schedule::DEVELOPMENT
        },
        test,
    )
}

pub fn execute_with(schedule: Schedule, test: impl FnOnce()) {
    new_test_ext(schedule).execute_with(|| {
        test();
        check();
    })
}

pub fn check() {
    Poc::do_try_state().unwrap();
    ledger::check();
}

fn begin_block(parent: H256) {
    let number = System::block_number() + 1;
    Slot::mutate(|slot| *slot += 1);
    System::initialize(&number, &parent, &Digest::default());
    let weight = Poc::on_initialize(number);
    System::register_extra_weight_unchecked(weight, frame_support::dispatch::DispatchClass::Mandatory);
}

/// Ends this block and begins the next.
///
/// Computing a storage root takes most of a block's time here, so the parent's hash is a stand-in;
/// [`next_sealed_block`] has the real one.
pub fn next_block() {
    let number = System::block_number();
    Poc::on_finalize(number);
    begin_block(H256((b"block", number).using_encoded(sp_io::hashing::blake2_256)));
}

/// Ends this block as `frame_system` does, hash and all, and begins the next.
pub fn next_sealed_block() {
    Poc::on_finalize(System::block_number());
    let parent = System::finalize().hash();
    begin_block(parent);
}

pub fn run_to(block: u32) {
    while System::block_number() < block {
        next_block();
    }
}

pub fn current() -> CensusIndex {
    CurrentCensus::<Test>::get()
}

pub fn census() -> crate::CensusOf<Test> {
    crate::Censuses::<Test>::get(current()).unwrap()
}

pub fn books(census: CensusIndex) -> crate::BooksOf<Test> {
    crate::CensusBooks::<Test>::get(census, AssetKind::Gpu).unwrap()
}

pub fn hash_books(census: CensusIndex) -> crate::BooksOf<Test> {
    crate::CensusBooks::<Test>::get(census, AssetKind::Hashrate).unwrap()
}

pub fn device(asset: AssetId) -> crate::DeviceOf<Test> {
    crate::Devices::<Test>::get(asset).unwrap()
}

pub fn phase() -> Phase {
    Poc::census_info().phase
}

/// Runs until the next census opens, and answers its index.
pub fn next_census() -> CensusIndex {
    let last = current();
    run_until(|| current() != last);
    current()
}

pub fn run_to_phase(wanted: Phase) {
    run_until(|| phase() == wanted)
}

fn run_until(there: impl Fn() -> bool) {
    let patience = System::block_number() + 1_000;
    while !there() {
        assert!(System::block_number() < patience, "waited in vain");
        next_block();
    }
}

/// A device: its asset, its operator, and what it worked out for which census.
pub struct Rig {
    pub asset: AssetId,
    pub operator: AccountId,
    stores: BTreeMap<CensusIndex, RoundStore>,
}

impl Rig {
    /// A device operated by `account(seed)`, with a whole bond of `bond`.
    pub fn with_bond(seed: u8, bond: Balance) -> Self {
        let operator = account(seed);
        let asset = ledger::register(AssetKind::Gpu, &operator, bond);
        Self {
            asset,
            operator,
            stores: BTreeMap::new(),
        }
    }

    pub fn new(seed: u8) -> Self {
        Self::with_bond(seed, BOND)
    }

    pub fn proof_device(&self) -> compute_proof::Device {
        Poc::proof_device(self.asset, &self.operator)
    }

    /// Really works for the present census.
    pub fn work_with(&mut self, product: &mut impl Product, rounds: u32) -> &RoundStore {
        let challenge = census().challenge.0;
        let store = compute_proof::prove::prove(product, &challenge, &self.proof_device(), Class::Xs, rounds)
            .unwrap();
        self.stores.insert(current(), store);
        &self.stores[&current()]
    }

    pub fn work(&mut self, rounds: u32) -> &RoundStore {
        self.work_with(&mut Reference, rounds)
    }

    pub fn store(&self) -> &RoundStore {
        &self.stores[&current()]
    }

    /// Whether there is work to open in the present census.
    pub fn has_worked(&self) -> bool {
        self.stores.contains_key(&current())
    }

    pub fn commit_claim(&self, rounds: u32, commitment: H256) -> DispatchResultWithPostInfo {
        self.commit_class(Class::Xs, rounds, commitment)
    }

    pub fn commit_class(&self, class: Class, rounds: u32, commitment: H256) -> DispatchResultWithPostInfo {
        Poc::commit(
            RuntimeOrigin::signed(self.operator.clone()),
            self.asset,
            current(),
            census().challenge,
            class.index(),
            rounds,
            commitment,
        )
    }

    /// Works and commits.
    pub fn commit(&mut self, rounds: u32) -> DispatchResultWithPostInfo {
        let claim = self.work(rounds).claim();
        self.commit_claim(claim.rounds, H256(claim.commitment))
    }

    /// Claims work that nobody did.
    pub fn lie(&self, rounds: u32) -> DispatchResultWithPostInfo {
        self.commit_claim(rounds, H256::repeat_byte(0x1e))
    }

    pub fn opening_with(&self, product: &mut impl Product) -> Opening {
        let open_seed = census().open_seed.unwrap().0;
        compute_proof::prove::open(product, self.store(), &open_seed).unwrap()
    }

    pub fn opening(&self) -> Opening {
        self.opening_with(&mut Reference)
    }

    pub fn submit(&self, opening: Opening) -> DispatchResultWithPostInfo {
        self.submit_under(census().open_seed.unwrap_or_default(), opening)
    }

    pub fn submit_under(&self, open_seed: H256, opening: Opening) -> DispatchResultWithPostInfo {
        submit(self.operator.clone(), self.asset, current(), open_seed, opening)
    }

    pub fn open(&self) -> DispatchResultWithPostInfo {
        self.submit(self.opening())
    }

    pub fn settle(&self) -> DispatchResultWithPostInfo {
        Poc::settle(RuntimeOrigin::signed(account(20)), self.asset)
    }

    pub fn report_by(&self, reporter: u8, census: CensusIndex) -> DispatchResultWithPostInfo {
        Poc::report(RuntimeOrigin::signed(account(reporter)), self.asset, census)
    }

    /// Whether the commit in the present census is drawn.
    pub fn is_drawn(&self) -> bool {
        Poc::rating_info(self.asset)
            .unwrap()
            .commit
            .unwrap()
            .drawn
            .unwrap()
    }

    /// One whole census with honest work, opened if drawn, settled. Answers what it was paid.
    pub fn pass(&mut self, rounds: u32) -> Balance {
        next_census();
        self.commit(rounds).unwrap();
        self.finish()
    }

    /// Opens if drawn, and settles.
    pub fn finish(&mut self) -> Balance {
        run_to_phase(Phase::Open);
        if self.is_drawn() {
            self.open().unwrap();
        }
        run_to_phase(Phase::Payment);
        let before = ledger::unvested(self.asset);
        self.settle().unwrap();
        ledger::unvested(self.asset) - before
    }

    /// Commits, and opens what is drawn, until a commit is not: in that census's opening phase.
    pub fn until_not_drawn(&mut self, rounds: u32) -> CensusIndex {
        for _ in 0..60 {
            let index = next_census();
            self.commit(rounds).unwrap();
            run_to_phase(Phase::Open);
            if !self.is_drawn() {
                return index;
            }
            self.open().unwrap();
        }
        panic!("drawn sixty times in a row")
    }

    /// Makes the device one that the lottery decides about.
    pub fn off_probation(&mut self, rounds: u32) {
        for _ in 0..crate::impls::PROBATION {
            self.pass(rounds);
        }
        assert_eq!(device(self.asset).passed, crate::impls::PROBATION);
    }
}

/// A miner: an asset of SHA-256d, and its operator.
pub struct Miner {
    pub asset: AssetId,
    pub operator: AccountId,
}

impl Miner {
    /// Operated by `account(seed)`, with a whole bond.
    pub fn new(seed: u8) -> Self {
        let operator = account(seed);
        let asset = ledger::register(AssetKind::Hashrate, &operator, BOND);
        Self { asset, operator }
    }

    /// The smallest of so many hashes for the present census.
    pub fn mine(&self, hashes: u32) -> Vec<Share> {
        let device = Poc::proof_device(self.asset, &self.operator);
        let now = Slot::get() * SLOT_MS / 1_000;
        compute_proof::prove::mine(&device, &census().challenge.0, now.try_into().unwrap(), hashes)
    }

    pub fn submit(&self, shares: Vec<Share>) -> DispatchResultWithPostInfo {
        Poc::submit_shares(
            RuntimeOrigin::signed(self.operator.clone()),
            self.asset,
            current(),
            census().challenge,
            shares.try_into().expect("a proof is no longer"),
        )
    }

    /// One whole census with so many hashes, settled. Answers what it was paid.
    pub fn pass(&self, hashes: u32) -> Balance {
        next_census();
        self.submit(self.mine(hashes)).unwrap();
        run_to_phase(Phase::Payment);
        self.settle()
    }

    pub fn settle(&self) -> Balance {
        let before = ledger::unvested(self.asset);
        Poc::settle(RuntimeOrigin::signed(account(20)), self.asset).unwrap();
        ledger::unvested(self.asset) - before
    }
}

pub fn submit(
    who: AccountId,
    asset: AssetId,
    census: CensusIndex,
    open_seed: H256,
    opening: Opening,
) -> DispatchResultWithPostInfo {
    let samples: BoundedVec<u8, ConstU32<{ compute_proof::MAX_SAMPLES_LEN }>> =
        opening.samples.try_into().expect("no opening is longer");
    Poc::open(
        RuntimeOrigin::signed(who),
        asset,
        census,
        open_seed,
        H256(opening.top),
        samples,
    )
}

/// The opening of someone who knew the seed beforehand.
pub fn forged(rig: &Rig, class: Class, rounds: u32, open_seed: H256) -> (compute_proof::Claim, Opening) {
    open_with_known_seed(
        &census().challenge.0,
        &rig.proof_device(),
        class,
        rounds,
        &open_seed.0,
    )
    .unwrap()
}

/// Events of this pallet so far, oldest first.
pub fn events() -> Vec<crate::Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Poc(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// Whether an error is one of these of the pallet's.
pub fn is_one_of(error: sp_runtime::DispatchError, errors: &[crate::Error<Test>]) -> bool {
    let sp_runtime::DispatchError::Module(module) = error else {
        return false;
    };
    errors
        .iter()
        .any(|expected| expected.encode()[..] == module.error[..1])
}
