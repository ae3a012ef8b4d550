// SPDX-License-Identifier: Apache-2.0
//! What happens next: a pure function of the bytes, the chain's state and what the actors remember.
//!
//! A new call of our pallets needs no line here: [`any`] makes one of every call that the runtime's types name. What it makes is
//! often refused, though. A generator of its own is a function of [`Draw`] and a line in [`CALLS`].

pub mod any;
mod assets;
mod buyout;
mod fractions;
mod governance;
mod outside;
mod pools;
mod proof;
mod rewards;

use crate::{
    accounts::Keys,
    chain::Gap,
    entropy::Entropy,
    scene::{everyone, Scene, Secrets},
};
use compute_primitives::{api::Phase, AssetId};
use ergon_runtime::*;

/// How a call reaches the runtime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// As `who`, through the call filter, without a transaction around it.
    Signed,
    /// In a transaction that `who` signed, with fees and this tip.
    Transaction { tip: Balance },
    /// As root, through the sudo pallet.
    Root,
}

/// What happens next.
#[derive(Debug)]
pub enum Step {
    Blocks {
        count: u32,
        gap: Gap,
    },
    Call {
        who: AccountId,
        way: Way,
        call: Box<RuntimeCall>,
    },
    /// Somebody reads.
    Look {
        asset: AssetId,
        who: AccountId,
    },
}

/// A call and who makes it.
pub type Made = Option<(AccountId, RuntimeCall)>;

/// A way to make a call.
pub struct Generator {
    /// How often, relative to the others, as things stand.
    pub weight: fn(&Scene) -> u32,
    pub make: fn(&mut Draw) -> Made,
}

const fn of(weight: fn(&Scene) -> u32, make: fn(&mut Draw) -> Made) -> Generator {
    Generator { weight, make }
}

/// All calls that are made with some sense.
pub const CALLS: &[Generator] = &[
    of(|scene| if scene.live() < 5 { 12 } else { 2 }, assets::announce),
    of(|scene| if scene.live() < 6 { 24 } else { 1 }, assets::register),
    of(|_| 3, assets::nominate_operator),
    of(|_| 5, assets::accept_operator),
    of(|_| 1, assets::resign_operator),
    of(|_| 4, assets::bond_extra),
    of(|_| 2, assets::release_bond),
    of(|_| 1, assets::set_metadata),
    of(|scene| if scene.live() > 4 { 1 } else { 0 }, assets::retire),
    of(|_| 3, assets::reap),
    of(|_| 1, assets::withdraw_announcement),
    of(
        |scene| if scene.phase() == Phase::Work { 45 } else { 2 },
        proof::commit,
    ),
    of(
        |scene| if scene.phase() == Phase::Work { 12 } else { 1 },
        proof::submit_shares,
    ),
    of(
        |scene| if scene.phase() == Phase::Open { 55 } else { 1 },
        proof::open,
    ),
    of(
        |scene| {
            if matches!(scene.phase(), Phase::Report | Phase::Payment) {
                8
            } else {
                1
            }
        },
        proof::report,
    ),
    of(
        |scene| if scene.phase() == Phase::Payment { 25 } else { 3 },
        proof::settle,
    ),
    of(|_| 2, proof::mark_offline),
    of(|_| 6, fractions::fractionalize),
    of(|_| 9, fractions::transfer),
    of(|_| 6, fractions::crumb),
    of(|_| 4, fractions::gather),
    of(|_| 7, fractions::offer),
    of(|_| 3, fractions::cancel_offer),
    of(|_| 9, fractions::buy),
    of(|_| 5, fractions::redeem),
    of(|_| 8, buyout::bid),
    of(|_| 2, buyout::withdraw_bid),
    of(|_| 4, buyout::accept_bid),
    of(|_| 4, buyout::settle_auction),
    of(|_| 4, buyout::cash_out),
    of(|_| 5, buyout::cash_out_for),
    of(|_| 3, buyout::claim_owed),
    of(|_| 2, buyout::remove_expired_offer),
    of(|_| 3, pools::create_pool),
    of(|_| 7, pools::add_liquidity),
    of(|_| 5, pools::remove_liquidity),
    of(|_| 6, pools::swap_exact_tokens_for_tokens),
    of(|_| 6, pools::swap_tokens_for_exact_tokens),
    of(|_| 3, pools::remove_all_liquidity),
    of(|_| 4, pools::transfer),
    of(|_| 4, pools::claim),
    of(|_| 4, pools::claim_for),
    of(|_| 4, pools::dissolve),
    of(|_| 2, pools::donate),
    of(|_| 7, rewards::claim),
    of(|_| 7, rewards::claim_for),
    of(|_| 6, rewards::pay_revenue),
    of(|_| 4, rewards::set_operator_fee),
    of(|_| 4, rewards::touch),
    of(|_| 2, rewards::set_auto_claim),
    of(|_| 4, governance::propose),
    of(|_| 5, governance::vote),
    of(|_| 5, governance::close),
    of(|_| 5, governance::unlock),
    of(|_| 5, outside::pay),
    of(|_| 5, outside::empty),
    of(|_| 1, outside::burn),
    of(|_| 1, outside::donate),
    of(|_| 4, outside::send_nft),
    of(|_| 3, outside::list_nft),
    of(|_| 3, outside::buy_nft),
    of(|_| 3, outside::swap_nft),
    of(|_| 2, outside::approve_nft),
    of(|_| 2, outside::meddle),
];

/// What only root may do.
const ROOT_CALLS: &[fn(&mut Draw) -> Option<RuntimeCall>] = &[
    rewards::set_protocol_fee,
    rewards::set_emission_split,
    proof::set_schedule,
    pools::set_pool_fee,
];

#[derive(Clone, Copy)]
enum What {
    Blocks,
    Time,
    Call,
    Batch,
    Root,
    Any,
    Look,
}

/// Decides what happens next.
pub fn next(entropy: &mut Entropy, secrets: &mut Secrets) -> Step {
    let scene = Scene::look();
    let mut draw = Draw {
        entropy,
        secrets,
        scene: &scene,
    };
    let what = draw.entropy.weighted(&[
        (660, What::Call),
        (220, What::Blocks),
        (8, What::Time),
        (30, What::Batch),
        (8, What::Root),
        (55, What::Any),
        (15, What::Look),
    ]);
    let made = match what.unwrap_or(What::Blocks) {
        What::Blocks => return draw.blocks(),
        What::Time => return draw.time(),
        What::Look => {
            let (asset, who) = (draw.asset(), draw.anyone());
            return Step::Look { asset, who };
        }
        What::Call => draw.call(),
        What::Batch => outside::batch(&mut draw),
        What::Any => any::call(&mut draw),
        What::Root => {
            // There are few blocks without a census, and only then it may change its schedule.
            let make = if draw.entropy.percent(80) && !proof::census_runs(&draw) {
                Some(proof::set_schedule as fn(&mut Draw) -> Option<RuntimeCall>)
            } else {
                draw.entropy.pick(ROOT_CALLS).copied()
            };
            let call = make.and_then(|make| make(&mut draw));
            return match call {
                Some(call) if draw.entropy.percent(85) => Step::Call {
                    who: Keys::root().account().clone(),
                    way: Way::Root,
                    call: call.into(),
                },
                Some(call) => Step::Call {
                    who: draw.anyone(),
                    way: Way::Signed,
                    call: call.into(),
                },
                None => draw.blocks(),
            };
        }
    };
    let Some((who, call)) = made else {
        return draw.blocks();
    };
    // The account of a pool or of a vault has something coming too, but signs nothing.
    let who = match Keys::of(&who) {
        Some(_) => who,
        None => draw.anyone(),
    };
    let way = if draw.entropy.percent(12) {
        let tip = if draw.entropy.percent(20) {
            draw.entropy.range(1, MILLI_UNIT)
        } else {
            0
        };
        Way::Transaction { tip }
    } else {
        Way::Signed
    };
    let call = Box::new(call);
    Step::Call { who, way, call }
}

/// What a generator decides with.
pub struct Draw<'a, 'b> {
    pub entropy: &'a mut Entropy<'b>,
    pub secrets: &'a mut Secrets,
    pub scene: &'a Scene,
}

impl Draw<'_, '_> {
    fn call(&mut self) -> Made {
        let weights: Vec<(u32, usize)> = CALLS
            .iter()
            .enumerate()
            .map(|(index, call)| ((call.weight)(self.scene), index))
            .collect();
        let index = self.entropy.weighted(&weights)?;
        (CALLS.get(index)?.make)(self)
    }

    fn blocks(&mut self) -> Step {
        let count = if self.entropy.percent(25) {
            self.entropy.small(2, 5)
        } else {
            1
        };
        let gap = Gap {
            empty_slots: if self.entropy.percent(5) {
                self.entropy.small(1, 4)
            } else {
                0
            },
            blocks: 0,
            no_vrf: self.entropy.percent(1),
        };
        Step::Blocks { count, gap }
    }

    /// Time passes: up to a day, or to an auction's end, or past all obligations, or past an epoch's end.
    fn time(&mut self) -> Step {
        let horizon = configs::compute::SlashingHorizon::get();
        let now = System::block_number();
        let mut ends: Vec<_> = pallet_fractional_ownership::Bids::<Runtime>::iter_values()
            .filter_map(|bid| bid.ends_at.filter(|end| *end > now))
            .collect();
        ends.sort();
        let end = self.entropy.pick(&ends).copied();
        let (empty_slots, blocks) = match self.entropy.small(0, 7) {
            // The last block of an auction, or one near it.
            0..=4 if end.is_some() => {
                let left = end.map_or(0, |end| end - now);
                (0, (left + self.entropy.small(0, 2)).saturating_sub(2))
            }
            0 => (200 + self.entropy.small(0, 700), 0),
            1 | 2 => (0, self.entropy.small(10, 100)),
            3 | 4 => (0, DAYS + self.entropy.small(0, 2)),
            5 => (0, self.entropy.small(100, DAYS)),
            _ => (0, horizon + self.entropy.small(0, 20)),
        };
        Step::Blocks {
            count: 1,
            gap: Gap {
                empty_slots,
                blocks,
                no_vrf: false,
            },
        }
    }

    pub fn anyone(&mut self) -> AccountId {
        let index = self.entropy.below(Keys::all().len());
        Keys::all()[index].account().clone()
    }

    /// Mostly this one, if there is one and it has a key.
    pub fn mostly(&mut self, who: Option<AccountId>) -> AccountId {
        match who.filter(|who| Keys::of(who).is_some()) {
            Some(who) if !self.entropy.percent(12) => who,
            _ => self.anyone(),
        }
    }

    /// Mostly a live asset.
    pub fn asset(&mut self) -> AssetId {
        match self.entropy.pick(&self.scene.assets) {
            Some(asset) if !self.entropy.percent(6) => *asset,
            _ => {
                let last = pallet_compute_assets::LastAssetId::<Runtime>::get().0;
                AssetId(u64::from(
                    self.entropy.small(0, u32::try_from(last).unwrap_or(0) + 1),
                ))
            }
        }
    }

    /// Mostly an asset with which this makes sense.
    pub fn asset_where(&mut self, fits: impl Fn(AssetId) -> bool) -> AssetId {
        let fitting: Vec<_> = self
            .scene
            .assets
            .iter()
            .copied()
            .filter(|asset| fits(*asset))
            .collect();
        match self.entropy.pick(&fitting) {
            Some(asset) if !self.entropy.percent(8) => *asset,
            _ => self.asset(),
        }
    }

    /// Mostly one of these.
    pub fn one_of(&mut self, who: &[AccountId]) -> AccountId {
        let picked = self.entropy.pick(who).cloned();
        self.mostly(picked)
    }

    /// Someone who holds nothing at genesis, or next to nothing.
    pub fn poor(&mut self) -> AccountId {
        let poor: Vec<_> = everyone()
            .filter(|who| Balances::free_balance(who) < UNIT)
            .collect();
        self.one_of(&poor)
    }
}
