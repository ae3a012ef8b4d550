// SPDX-License-Identifier: Apache-2.0
//! One chain from genesis to its end, step by step, everything checked after each.

use crate::{
    accounts::Keys,
    books::Books,
    chain::{fingerprint, genesis, Chain, Outcome},
    entropy::{Entropy, STEP_LEN},
    generate::{self, Step, Way},
    look::look,
    panics,
    promise::Promise,
    report::Stats,
    scene::Secrets,
    unwind,
};
use ergon_runtime::*;
use frame_support::{
    dispatch::{DispatchErrorWithPostInfo, GetDispatchInfo, PostDispatchInfo},
    traits::{GetCallMetadata, TryState, TryStateSelect},
};
use sp_runtime::{traits::Dispatchable, DispatchError, TryRuntimeError};
use sp_state_machine::BasicExternalities;

/// How much is checked.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Every how many refused calls the whole state before and after is compared.
    pub compare_every: u64,
    /// Every how many steps FRAME's own pallets are checked too.
    pub check_all_every: u64,
    /// Whether the world is unwound in the end.
    pub unwind: bool,
    /// Whether the steps are written down.
    pub trace: bool,
}

impl Options {
    /// Everything, always.
    pub const THOROUGH: Self = Self {
        compare_every: 1,
        check_all_every: 8,
        unwind: true,
        trace: false,
    };
    /// For long runs.
    pub const FAST: Self = Self {
        compare_every: 8,
        check_all_every: 64,
        unwind: true,
        trace: false,
    };
}

/// Where a world broke.
#[derive(Clone, Debug)]
pub struct Broken {
    pub step: usize,
    pub what: String,
}

/// What a world did.
pub struct Outcomes {
    pub stats: Stats,
    pub broken: Option<Broken>,
    pub trace: Vec<String>,
}

/// Our pallets' and the NFTs' storage: what a failed call may not touch, whatever it cost.
const KEPT: &[&str] = &[
    "ComputeAssets",
    "ProofOfCompute",
    "FractionalOwnership",
    "RewardDistribution",
    "AssetGovernance",
    "AssetConversion",
    "LpTokens",
    "Nfts",
    "Sudo",
];

/// Money: what a failed call may touch only by its fee.
const MONEY: &[&str] = &["Balances", "TransactionPayment"];

/// Runs a world over these bytes.
pub fn run(data: &[u8], options: Options) -> Outcomes {
    let mut externalities = BasicExternalities::new(genesis().clone());
    externalities.execute_with(|| {
        let mut world = World::new(options);
        world.stats.worlds = 1;
        let steps = data.chunks(STEP_LEN);
        let mut broken = None;
        let mut done = 0;
        for bytes in steps {
            if let Err(what) = panics::caught(|| world.step(bytes)) {
                broken = Some(Broken { step: done, what });
                break;
            }
            done += 1;
        }
        if broken.is_none() && options.unwind {
            if let Err(what) = panics::caught(|| world.unwind()) {
                broken = Some(Broken { step: done, what });
            }
        }
        Outcomes {
            stats: world.stats,
            broken,
            trace: world.trace,
        }
    })
}

pub struct World {
    pub(crate) chain: Chain,
    secrets: Secrets,
    books: Books,
    stats: Stats,
    options: Options,
    trace: Vec<String>,
    refused: u64,
}

impl World {
    fn new(options: Options) -> Self {
        let books = Books::open();
        Self {
            chain: Chain::start(),
            secrets: Secrets::default(),
            books,
            stats: Stats::default(),
            options,
            trace: Vec::new(),
            refused: 0,
        }
    }

    fn step(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stats.steps += 1;
        let mut entropy = Entropy::new(bytes);
        match generate::next(&mut entropy, &mut self.secrets) {
            Step::Blocks { count, gap } => {
                self.note(|| format!("{count} block(s), {gap:?}"));
                self.blocks(count, gap)?;
            }
            Step::Look { asset, who } => look(asset, who)?,
            Step::Call { who, way, call } => {
                self.call(who, way, *call)?;
            }
        }
        self.check()
    }

    fn unwind(&mut self) -> Result<(), String> {
        unwind::unwind(self)
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if self.options.trace {
            let mut line = format!("#{}: {}", System::block_number(), what());
            if line.len() > 400 {
                let end = (0..=400).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
                line.truncate(end);
                line.push('…');
            }
            self.trace.push(line);
        }
    }

    /// Ends this block and makes `count` more, the first of them after `gap`.
    pub(crate) fn blocks(&mut self, count: u32, gap: crate::chain::Gap) -> Result<(), String> {
        for index in 0..count {
            self.block(if index == 0 { gap } else { Default::default() })?;
        }
        if gap.blocks > 0 {
            // Had these blocks been, each would have cleared what was due in it.
            let horizon = configs::compute::SlashingHorizon::get();
            for _ in 0..1_000 {
                let oldest = pallet_proof_of_compute::OldestCensus::<Runtime>::get();
                let current = pallet_proof_of_compute::CurrentCensus::<Runtime>::get();
                let due = pallet_proof_of_compute::Censuses::<Runtime>::get(oldest)
                    .is_some_and(|census| System::block_number() > census.closes_at() + horizon);
                if oldest >= current || !due {
                    return Ok(());
                }
                self.block(Default::default())?;
            }
            return Err("censuses whose horizon has passed are not cleared".into());
        }
        Ok(())
    }

    fn block(&mut self, gap: crate::chain::Gap) -> Result<(), String> {
        self.chain.next(gap);
        self.stats.blocks += 1;
        self.enter()
    }

    /// Takes the events since the last time into the books.
    fn enter(&mut self) -> Result<(), String> {
        let events: Vec<RuntimeEvent> = System::read_events_no_consensus()
            .map(|record| record.event)
            .collect();
        System::reset_events();
        self.books.enter(&events)
    }

    /// Makes a call, counts it, and checks what can be told from the call alone. Whether it was accepted.
    pub(crate) fn call(&mut self, who: AccountId, way: Way, call: RuntimeCall) -> Result<bool, String> {
        let name = name_of(&call);
        let counted = self.refused.is_multiple_of(self.options.compare_every.max(1));
        let before = counted.then(|| (fingerprint(KEPT), fingerprint(MONEY)));
        let promised = Promise::of(&who, way, &call);
        let expected = call.clone();
        let described = self
            .options
            .trace
            .then(|| format!("{} {way:?}: {call:?}", Keys::name(&who)));

        let refusal = match way {
            Way::Transaction { tip } if Keys::of(&who).is_some() => {
                let keys = Keys::of(&who).ok_or("no key")?;
                match self.chain.submit(keys, call, tip) {
                    Outcome::Done => None,
                    Outcome::Failed(error) => Some((error_name(&error), false)),
                    Outcome::Invalid(error) => Some((format!("{error:?}"), true)),
                }
            }
            Way::Root => {
                let call = RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: Box::new(call) });
                dispatch(call, who.clone())?
                    .map(|error| (error_name(&error), true))
                    .or_else(|| {
                        System::read_events_no_consensus().find_map(|record| match record.event {
                            RuntimeEvent::Sudo(pallet_sudo::Event::Sudid {
                                sudo_result: Err(error),
                            }) => Some((error_name(&error), true)),
                            _ => None,
                        })
                    })
            }
            _ => dispatch(call, who.clone())?.map(|error| (error_name(&error), true)),
        };

        self.stats
            .count(&name, refusal.as_ref().map(|(why, _)| why.as_str()));
        if let Some(described) = described {
            let outcome = refusal
                .as_ref()
                .map_or("accepted", |(why, _)| why.as_str())
                .to_owned();
            self.note(|| format!("{described} → {outcome}"));
        }
        match &refusal {
            Some((why, nothing_paid)) => {
                self.refused += 1;
                if let Some((kept, money)) = before {
                    if fingerprint(KEPT) != kept || *nothing_paid && fingerprint(MONEY) != money {
                        return Err(format!("{name} was refused ({why}) and changed something"));
                    }
                }
            }
            None => self.accepted(&expected, promised)?,
        }
        self.enter()?;
        Ok(refusal.is_none())
    }

    /// What an accepted call must have done.
    fn accepted(&mut self, call: &RuntimeCall, promised: Option<Promise>) -> Result<(), String> {
        match call {
            RuntimeCall::Balances(pallet_balances::Call::burn { value, .. }) => self.books.burn(*value),
            RuntimeCall::Balances(
                pallet_balances::Call::transfer_keep_alive {
                    dest: Address::Id(dest),
                    value,
                }
                | pallet_balances::Call::transfer_allow_death {
                    dest: Address::Id(dest),
                    value,
                },
            ) if Keys::of(dest).is_none() => self.books.donate(dest.clone(), *value),
            _ => {}
        }
        match promised {
            Some(promise) => promise.check(),
            None => Ok(()),
        }
    }

    /// Everything that must hold after every step.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        ours().map_err(|error| format!("try_state: {error:?}"))?;
        self.books.check()?;
        if self
            .stats
            .steps
            .is_multiple_of(self.options.check_all_every.max(1))
        {
            AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All)
                .map_err(|error| format!("try_state of all pallets: {error:?}"))?;
        }
        Ok(())
    }
}

/// Every invariant of each of our pallets.
fn ours() -> Result<(), TryRuntimeError> {
    ComputeAssets::do_try_state()?;
    ProofOfCompute::do_try_state()?;
    FractionalOwnership::do_try_state()?;
    RewardDistribution::do_try_state()?;
    AssetGovernance::do_try_state()?;
    LpTokens::do_try_state()
}

/// Dispatches through the call filter; answers why it was refused.
fn dispatch(call: RuntimeCall, who: AccountId) -> Result<Option<DispatchError>, String> {
    let (name, declared) = (name_of(&call), call.get_dispatch_info().call_weight);
    let result = call.dispatch(RuntimeOrigin::signed(who));
    let (info, refusal): (PostDispatchInfo, _) = match result {
        Ok(info) => (info, None),
        Err(DispatchErrorWithPostInfo { post_info, error }) => (post_info, Some(error)),
    };
    match info.actual_weight {
        Some(weight) if weight.any_gt(declared) => Err(format!(
            "{name} weighed {weight:?}, more than the {declared:?} that it declares"
        )),
        _ => Ok(refusal),
    }
}

/// `Pallet.call`
pub fn name_of(call: &RuntimeCall) -> String {
    let metadata = call.get_call_metadata();
    format!("{}.{}", metadata.pallet_name, metadata.function_name)
}

/// `Pallet.Error`, or whatever else it is.
fn error_name(error: &DispatchError) -> String {
    match error {
        DispatchError::Module(module) => {
            let pallet = PALLETS
                .iter()
                .find(|(index, _)| *index == module.index)
                .map_or_else(|| module.index.to_string(), |(_, name)| (*name).to_owned());
            format!("{pallet}.{}", module.message.unwrap_or("?"))
        }
        other => format!("{other:?}"),
    }
}

/// Names of the pallets whose errors are met.
const PALLETS: &[(u8, &str)] = &[
    (0, "System"),
    (4, "Balances"),
    (10, "Utility"),
    (11, "Sudo"),
    (40, "Nfts"),
    (41, "AssetConversion"),
    (50, "ComputeAssets"),
    (51, "ProofOfCompute"),
    (52, "FractionalOwnership"),
    (53, "RewardDistribution"),
    (54, "AssetGovernance"),
    (55, "LpTokens"),
];
