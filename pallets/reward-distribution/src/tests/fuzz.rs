// SPDX-License-Identifier: Apache-2.0
//! Twenty-four thousand random operations, of which not a unit may be lost.

use crate::{mock::*, pallet::*, types::AutoClaim, Balance};
use compute_primitives::{AssetId, Bounty, CensusIndex, Emission, Holdings, InspectAsset, OnReap};
use frame_support::{
    sp_runtime::Perbill,
    traits::{
        fungible::{Inspect, InspectHold, Mutate},
        tokens::Preservation,
    },
};

/// SplitMix64: the same sequence everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn amount(&mut self, most: Balance) -> Balance {
        // Of every magnitude, and often all.
        match self.below(4) {
            0 => most,
            1 => most.min(1 + Balance::from(self.below(9))),
            _ => Balance::from(self.next()) % (most + 1),
        }
    }
}

const PEOPLE: [AccountId; 6] = [ALICE, BOB, OPERATOR, POOR, 21, 22];

struct World {
    dice: Dice,
    assets: Vec<AssetId>,
    next: u64,
    claims: u32,
    bounties: u32,
    vaults: u32,
    reaped: u32,
}

impl World {
    fn who(&mut self) -> AccountId {
        PEOPLE[self.dice.below(PEOPLE.len() as u64) as usize]
    }

    fn asset(&mut self) -> AssetId {
        self.assets[self.dice.below(self.assets.len() as u64) as usize]
    }

    fn register(&mut self) {
        let id = AssetId(self.next);
        self.next += 1;
        let (owner, operator) = (self.who(), self.who());
        Assets::register(id, GPU, owner, Some(operator));
        self.assets.push(id);
    }

    fn step(&mut self) {
        let asset = self.asset();
        match self.dice.below(18) {
            0 | 1 => advance(self.dice.below(4)),
            2 => {
                let pots = Pots::<Test>::get();
                <RewardDistribution as Emission<_>>::draw(GPU, CensusIndex(pots.gpu.drawn_for.0 + 1));
            }
            3 | 4 => {
                let amount = self.dice.amount(Pots::<Test>::get().gpu.outstanding);
                <RewardDistribution as Emission<_>>::pay(asset, GPU, amount).unwrap();
            }
            5 => {
                let amount = self.dice.amount(Pots::<Test>::get().gpu.outstanding);
                <RewardDistribution as Emission<_>>::put_back(GPU, amount).unwrap();
            }
            6 => {
                let most = Balances::balance(&CHARLIE).saturating_sub(ED).min(5_000);
                let amount = self.dice.amount(most);
                let paid = RewardDistribution::pay_revenue(RuntimeOrigin::signed(CHARLIE), asset, amount);
                assert_eq!(paid.is_ok(), amount > 0);
            }
            7 | 8 => self.transfer(asset),
            9 | 10 => self.claim(asset),
            11 => {
                let amount = self.dice.amount(RewardDistribution::unvested(asset));
                let bounty = Bounty {
                    reporter: self.who(),
                    amount: amount / 10,
                };
                <RewardDistribution as Emission<_>>::slash_unvested(asset, amount, Some(bounty)).unwrap();
            }
            12 => {
                let fee = Perbill::from_parts(self.dice.below(500_000_001) as u32);
                OperatorFees::<Test>::insert(asset, crate::types::OperatorFee { fee, raised_at: None });
                let fee = Perbill::from_parts(self.dice.below(200_000_001) as u32);
                RewardDistribution::set_protocol_fee(RuntimeOrigin::root(), fee).unwrap();
            }
            13 => {
                let operator = self.who();
                Assets::set_operator(asset, (self.dice.below(3) > 0).then_some(operator));
            }
            // Sold whole without a word, or lost for a while.
            14 if Fractions::supply(asset).is_none() => {
                let owner = self.who();
                Assets::set_owner(asset, (self.dice.below(4) > 0).then_some(owner));
            }
            15 => self.open_or_close(asset),
            16 => self.reap(asset),
            17 => self.set_auto_claim(),
            _ => RewardDistribution::touch(RuntimeOrigin::signed(BOB), asset).unwrap(),
        }
        // The tenant gets its money from those who earn.
        if Balances::balance(&CHARLIE) < 1_000 {
            for who in PEOPLE {
                let rich = Balances::balance(&who).saturating_sub(ED);
                if rich > 0 {
                    <Balances as Mutate<_>>::transfer(&who, &CHARLIE, rich, Preservation::Preserve).unwrap();
                }
            }
        }
    }

    fn transfer(&mut self, asset: AssetId) {
        if Fractions::supply(asset).is_some() {
            let (from, to) = (self.who(), self.who());
            let amount = self.dice.amount(Fractions::balance(asset, &from));
            Fractions::transfer(asset, from, to, amount);
        }
    }

    fn claim(&mut self, asset: AssetId) {
        let who = self.who();
        let (amount, before) = (RewardDistribution::pending(asset, who), Balances::balance(&who));
        let terms = RewardDistribution::auto_claim(who).filter(|_| who != BOB);
        let bob = Balances::balance(&BOB);
        let claimed = RewardDistribution::claim_for(RuntimeOrigin::signed(BOB), asset, who);
        if let Some(terms) = terms.filter(|_| amount > 0) {
            if amount < terms.threshold {
                assert_eq!(claimed, Err(Error::<Test>::BelowThreshold.into()));
                return;
            }
            assert_eq!(claimed, Ok(()));
            assert_eq!(Balances::balance(&BOB), bob + terms.bounty);
            assert_eq!(Balances::balance(&who), before + amount - terms.bounty);
            self.claims += 1;
            self.bounties += u32::from(terms.bounty > 0);
        } else if amount == 0 {
            assert_eq!(claimed, Err(Error::<Test>::NothingToClaim.into()));
        } else if before + amount < ED {
            assert_eq!(claimed, Err(Error::<Test>::BelowExistentialDeposit.into()));
        } else {
            assert_eq!(claimed, Ok(()));
            assert_eq!(
                Balances::balance(&who),
                before + amount,
                "a view that is not what a claim pays"
            );
            self.claims += 1;
        }
    }

    fn set_auto_claim(&mut self) {
        let (who, threshold) = (self.who(), THRESHOLD + Balance::from(self.dice.below(100)));
        let bounty = self.dice.amount(threshold / 10);
        let terms = (self.dice.below(2) > 0).then_some(AutoClaim { threshold, bounty });
        // Who has too little for the deposit, or nothing to clear, is refused.
        RewardDistribution::set_auto_claim(RuntimeOrigin::signed(who), terms).ok();
    }

    fn open_or_close(&mut self, asset: AssetId) {
        match Fractions::supply(asset) {
            None if Assets::owner(asset).is_some() => {
                // The largest supply, the smallest, and what lies between.
                let supply = (1u128 << 64) >> self.dice.below(65);
                Fractions::open(asset, supply);
                self.vaults += 1;
            }
            Some(supply) => {
                // Somebody buys all of it.
                let buyer = self.who();
                for seller in PEOPLE {
                    let held = Fractions::balance(asset, &seller);
                    Fractions::transfer(asset, seller, buyer, held);
                }
                assert_eq!(Fractions::balance(asset, &buyer), supply);
                Fractions::close(asset, buyer);
            }
            None => {}
        }
    }

    fn reap(&mut self, asset: AssetId) {
        // Not always, so that some get old.
        if self.dice.below(3) > 0 || <RewardDistribution as OnReap>::on_reap(asset).is_err() {
            return;
        }
        Assets::burn(asset);
        self.assets.retain(|other| *other != asset);
        self.register();
        self.reaped += 1;
    }
}

fn campaign(seed: u64, steps: u32) {
    new_test_ext().execute_with(|| {
        let mut world = World {
            dice: Dice(seed),
            assets: Vec::new(),
            next: 1,
            claims: 0,
            bounties: 0,
            vaults: 0,
            reaped: 0,
        };
        for _ in 0..4 {
            world.register();
        }
        for step in 0..steps {
            world.step();
            if step % 60 == 0 {
                check();
            }
        }
        check();

        // In the end everything that vested is claimed, by everyone who can take it.
        for asset in world.assets.clone() {
            if Assets::owner(asset).is_none() {
                Assets::set_owner(asset, Some(ALICE));
            }
        }
        advance(VESTING);
        for (who, asset) in Positions::<Test>::iter_keys().collect::<Vec<_>>() {
            RewardDistribution::claim_for(RuntimeOrigin::signed(BOB), asset, who).ok();
        }
        check();
        for who in AutoClaims::<Test>::iter_keys().collect::<Vec<_>>() {
            RewardDistribution::set_auto_claim(RuntimeOrigin::signed(who), None).unwrap();
            assert_eq!(Balances::total_balance_on_hold(&who), 0);
        }
        assert!(
            world.claims > 60 && world.bounties > 5 && world.vaults > 10 && world.reaped > 2,
            "the campaign did too little: {} claims, {} bounties, {} vaults, {} reaped",
            world.claims,
            world.bounties,
            world.vaults,
            world.reaped
        );
    });
}

#[test]
fn not_a_unit_is_lost_in_24_000_operations() {
    for seed in 1..=8 {
        campaign(seed, 3_000);
    }
}
