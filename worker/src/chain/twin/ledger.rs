// SPDX-License-Identifier: Apache-2.0
//! The chain's rules as far as a worker meets them, in memory and without time of its own.
//!
//! Proofs are real: an opening is checked by `compute_proof::verify`. Blocks can be undone.

use crate::chain::*;
use compute_proof::{device_key, hash::keyed, is_drawn, verify, Claim, Class, Device, Hash};

/// Phase lengths in blocks: those of a development chain.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    pub window: u32,
    pub seed: u32,
    pub open: u32,
    pub report: u32,
    pub gap: u32,
    /// Blocks between the best and the finalized one.
    pub finality: u32,
    /// Openings that are always drawn.
    pub always: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            window: 6,
            seed: 2,
            open: 6,
            report: 3,
            gap: 18,
            finality: 2,
            always: 3,
        }
    }
}

/// What happened on the chain, block by block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Committed {
        census: u32,
        challenge: Hash,
        claim: Claim,
        count: u8,
    },
    Opened {
        census: u32,
    },
    Settled {
        census: u32,
        paid: bool,
    },
    Slashed {
        census: u32,
    },
    Refused {
        reason: String,
    },
}

/// The chain's state after one block.
#[derive(Clone, Debug)]
struct Block {
    id: BlockId,
    census: u32,
    challenge: Hash,
    opened_at: u32,
    commit: Option<Commit>,
    nonce: u64,
    passed: u32,
    last_census: u32,
    bond: u128,
    facts: Vec<Fact>,
}

/// A chain with one asset.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub schedule: Schedule,
    pub asset: Option<Asset>,
    device: Device,
    blocks: Vec<Block>,
    /// Makes the blocks of another fork others.
    salt: u8,
    /// Heights at which a census is held back, although the gap has passed.
    pub pauses: u32,
}

pub const PLEDGED: u128 = 1_000;

impl Ledger {
    pub fn new(schedule: Schedule, device: Device) -> Self {
        let genesis = Block {
            id: BlockId {
                number: 0,
                hash: [0; 32],
            },
            census: 0,
            challenge: [0; 32],
            opened_at: 0,
            commit: None,
            nonce: 0,
            passed: 0,
            last_census: 0,
            bond: PLEDGED,
            facts: Vec::new(),
        };
        Self {
            schedule,
            asset: Some(Asset {
                matrix: true,
                status: Status::Provisional,
                operator: Some(device.prover),
                bond: PLEDGED,
                bond_pledged: PLEDGED,
                emitted: 0,
                unvested: 0,
            }),
            device,
            blocks: vec![genesis],
            salt: 0,
            pauses: 0,
        }
    }

    fn last(&self) -> &Block {
        self.blocks.last().expect("genesis is never undone")
    }

    pub fn best(&self) -> BlockId {
        self.last().id
    }

    pub fn nonce(&self) -> u64 {
        self.last().nonce
    }

    /// Everything that happened on the present fork.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.blocks.iter().flat_map(|block| &block.facts)
    }

    /// Undoes the last `depth` blocks; those that follow are another fork's.
    pub fn undo(&mut self, depth: usize) {
        self.blocks
            .truncate(self.blocks.len().saturating_sub(depth).max(1));
        self.salt = self.salt.wrapping_add(1);
    }

    /// Appends a block that holds `calls`, each with its nonce. Answers what became of each: `None`, if the nonce is not
    /// the next one.
    pub fn advance(&mut self, calls: &[(u64, Call)]) -> Vec<Option<Result<(), String>>> {
        let parent = self.last();
        let number = parent.id.number + 1;
        let hash = keyed(
            &parent.id.hash,
            &[&number.to_le_bytes()[..], &[self.salt]].concat(),
        );
        let mut block = Block {
            id: BlockId { number, hash },
            facts: Vec::new(),
            ..parent.clone()
        };
        let begins = number == 2 || (number > 2 && number >= block.opened_at + self.schedule.gap);
        if begins && self.pauses == 0 {
            block.census += 1;
            block.opened_at = number;
            block.challenge = keyed(&parent.id.hash, &block.census.to_le_bytes());
        } else if begins {
            self.pauses -= 1;
        }
        self.blocks.push(block);
        self.report_if_missed();
        calls
            .iter()
            .map(|(nonce, call)| {
                if *nonce != self.nonce() {
                    return None;
                }
                let before = self.last().clone();
                let result = self.apply(call);
                if result.is_err() {
                    *self.blocks.last_mut().expect("just pushed") = before;
                }
                let block = self.blocks.last_mut().expect("just pushed");
                block.nonce += 1;
                if let Err(reason) = &result {
                    block.facts.push(Fact::Refused {
                        reason: reason.clone(),
                    });
                }
                Some(result)
            })
            .collect()
    }

    /// Somebody always reports in the first block in which it is possible.
    fn report_if_missed(&mut self) {
        if self.census().phase == Phase::Report {
            if let Some(commit) = self.commit() {
                if commit.census == self.census().index && commit.drawn == Some(true) && !commit.opened {
                    self.slash(commit.census);
                }
            }
        }
    }

    fn slash(&mut self, census: u32) {
        let block = self.blocks.last_mut().expect("genesis is never undone");
        block.bond = block.bond.saturating_sub(100);
        block.passed = 0;
        block.commit = None;
        block.facts.push(Fact::Slashed { census });
    }

    /// The operator fills the bond up.
    pub fn fill_bond(&mut self) {
        self.blocks.last_mut().expect("genesis is never undone").bond = PLEDGED;
    }

    fn open_seed(&self) -> Option<Hash> {
        let block = self.last();
        let stands = block.opened_at + self.schedule.window + self.schedule.seed;
        // A block's height is its place.
        let seeded = self.blocks.get(usize::try_from(stands.checked_sub(1)?).ok()?)?;
        (block.census > 0 && block.id.number >= stands)
            .then(|| keyed(&seeded.id.hash, &block.census.to_le_bytes()))
    }

    pub fn census(&self) -> Census {
        let block = self.last();
        let Schedule {
            window,
            seed,
            open,
            report,
            gap,
            ..
        } = self.schedule;
        let closes_at = block.opened_at + window;
        let opens_at = closes_at + seed;
        let number = block.id.number;
        let phase = match number {
            _ if block.census == 0 => Phase::Idle,
            n if n < closes_at => Phase::Work,
            n if n < opens_at => Phase::Seed,
            n if n < opens_at + open => Phase::Open,
            n if n < opens_at + open + report => Phase::Report,
            _ => Phase::Payment,
        };
        Census {
            index: block.census,
            phase,
            challenge: block.challenge,
            opened_at: block.opened_at,
            closes_at,
            opens_at,
            open_seed: self.open_seed(),
            open_until: opens_at + open - 1,
            not_before: block.opened_at + gap,
        }
    }

    pub fn commit(&self) -> Option<Commit> {
        let block = self.last();
        let mut commit = block.commit?;
        if commit.census == block.census {
            commit.drawn = self.open_seed().map(|seed| {
                let d = device_key(&block.challenge, &self.device);
                block.passed < self.schedule.always || commit.opened || is_drawn(&seed, &d)
            });
        }
        Some(commit)
    }

    pub fn view(&self) -> View {
        let block = self.last();
        let census = self.census();
        View {
            best: block.id,
            census,
            seed_is_final: census.open_seed.is_some()
                && block.id.number >= census.opens_at + self.schedule.finality,
            asset: self.asset.map(|asset| Asset {
                bond: block.bond,
                ..asset
            }),
            rating: Rating {
                passed: block.passed,
                last_census: block.last_census,
                ..Rating::default()
            },
            commit: self.commit(),
            nonce: block.nonce,
        }
    }

    fn apply(&mut self, call: &Call) -> Result<(), String> {
        match call {
            Call::Commit {
                asset,
                census,
                challenge,
                claim,
            } => {
                self.is_ours(*asset)?;
                self.take_commit(*census, challenge, claim)
            }
            Call::Open {
                asset,
                census,
                open_seed,
                top,
                samples,
            } => {
                self.is_ours(*asset)?;
                self.take_opening(*census, open_seed, top, samples)
            }
            Call::Settle { asset } => {
                self.is_ours(*asset)?;
                self.settle()
            }
        }
    }

    fn is_ours(&self, asset: u64) -> Result<(), String> {
        let operated = self.asset.is_some_and(|a| a.operator == Some(self.device.prover));
        (asset == self.device.asset && operated)
            .then_some(())
            .ok_or("NotOperator".into())
    }

    fn take_commit(&mut self, census: u32, challenge: &Hash, claim: &Claim) -> Result<(), String> {
        let now = self.census();
        if now.phase != Phase::Work || now.index != census {
            return Err("WindowClosed".into());
        }
        if now.challenge != *challenge {
            return Err("WrongChallenge".into());
        }
        if self.last().bond < PLEDGED {
            return Err("BondNotWhole".into());
        }
        let count = match self.commit() {
            Some(commit) if commit.census == census => commit.count,
            Some(_) => {
                self.settle()?;
                0
            }
            None => 0,
        };
        if count >= 3 {
            return Err("TooManyCommits".into());
        }
        let prover = self.device.prover;
        let block = self.blocks.last_mut().expect("genesis is never undone");
        block.commit = Some(Commit {
            census,
            prover,
            class: Some(claim.class),
            rounds: claim.rounds,
            commitment: claim.commitment,
            committed_at: block.id.number,
            count: count + 1,
            drawn: None,
            opened: false,
        });
        block.facts.push(Fact::Committed {
            census,
            challenge: *challenge,
            claim: *claim,
            count: count + 1,
        });
        Ok(())
    }

    fn take_opening(&mut self, census: u32, seed: &Hash, top: &Hash, samples: &[u8]) -> Result<(), String> {
        let now = self.census();
        let commit = self.commit().filter(|c| c.census == census).ok_or("NoCommit")?;
        if now.phase != Phase::Open || now.index != census {
            return Err("NotOpenPhase".into());
        }
        if now.open_seed != Some(*seed) {
            return Err("WrongSeed".into());
        }
        if commit.opened || commit.drawn != Some(true) {
            return Err("NotDrawn".into());
        }
        let claim = Claim {
            class: commit.class.ok_or("UnknownClass")?,
            rounds: commit.rounds,
            commitment: commit.commitment,
        };
        verify(&self.device, &now.challenge, &claim, seed, top, samples)
            .map_err(|error| error.to_string())?;
        let block = self.blocks.last_mut().expect("genesis is never undone");
        if let Some(commit) = &mut block.commit {
            commit.opened = true;
        }
        block.passed += 1;
        block.facts.push(Fact::Opened { census });
        Ok(())
    }

    fn settle(&mut self) -> Result<(), String> {
        let now = self.census();
        let commit = self.commit().ok_or("NoCommit")?;
        if commit.census == now.index && now.phase != Phase::Payment {
            return Err("TooEarly".into());
        }
        if commit.drawn == Some(true) && !commit.opened {
            self.slash(commit.census);
            return Ok(());
        }
        let block = self.blocks.last_mut().expect("genesis is never undone");
        block.commit = None;
        block.last_census = commit.census;
        block.facts.push(Fact::Settled {
            census: commit.census,
            paid: true,
        });
        Ok(())
    }

    /// Rules that a worker is given.
    pub fn rules(&self) -> Rules {
        Rules {
            classes: vec![Class::Xs, Class::S],
            min_rounds: 1,
            max_rounds: 65_536,
            window: self.schedule.window,
            block_ms: 3_000,
        }
    }
}
