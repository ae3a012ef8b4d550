// SPDX-License-Identifier: Apache-2.0
//! Every race that the worker can lose, one test each; and a simulation of many censuses with all of them at once.

mod commits;
mod draining;
mod openings;
mod shapes;
mod simulation;

use super::*;
use crate::{chain::*, shape::Ladder};
use compute_proof::{Class, Hash};

pub const ME: AccountId = [0xAA; 32];

pub fn settings() -> Settings {
    Settings {
        asset: 0,
        prover: ME,
        class: Class::Xs,
        min_rounds: 1,
        max_rounds: 65_536,
        ladder: Ladder::default(),
    }
}

/// The work of census `census` on the fork `fork`.
pub fn work(census: u32, fork: u8) -> Work {
    Work {
        census,
        challenge: [fork; 32],
        class: Class::Xs,
    }
}

pub fn asset() -> Asset {
    Asset {
        matrix: true,
        status: Status::Provisional,
        operator: Some(ME),
        bond: 100,
        bond_pledged: 100,
        emitted: 0,
        unvested: 0,
    }
}

/// Census 1, opened in block 100: window 100 to 105, seed 106 and 107, openings 108 to 113, reports 114 to 116.
pub fn view(number: u32) -> View {
    let phase = match number {
        0..=99 => Phase::Idle,
        100..=105 => Phase::Work,
        106..=107 => Phase::Seed,
        108..=113 => Phase::Open,
        114..=116 => Phase::Report,
        _ => Phase::Payment,
    };
    View {
        best: BlockId {
            number,
            hash: hash_of(number),
        },
        census: Census {
            index: u32::from(number >= 100),
            phase,
            challenge: [1; 32],
            opened_at: 100,
            closes_at: 106,
            opens_at: 108,
            open_seed: (number >= 108).then_some([5; 32]),
            open_until: 113,
            not_before: 118,
        },
        seed_is_final: number >= 110,
        asset: Some(asset()),
        rating: Rating::default(),
        commit: None,
        nonce: 0,
    }
}

pub fn hash_of(number: u32) -> Hash {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&number.to_le_bytes());
    hash
}

/// A commit of census 1 that block `at` took.
pub fn commit(at: u32, rounds: u32, count: u8) -> Commit {
    Commit {
        census: 1,
        prover: ME,
        class: Some(Class::Xs),
        rounds,
        commitment: [6; 32],
        committed_at: at,
        count,
        drawn: None,
        opened: false,
    }
}

pub fn with(commit: Commit, view: View) -> View {
    View {
        commit: Some(commit),
        ..view
    }
}

/// A state machine and what it said last.
pub struct Bench {
    pub state: State,
    pub actions: Vec<Action>,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(settings())
    }

    pub fn with(settings: Settings) -> Self {
        Self {
            state: State::new(settings),
            actions: Vec::new(),
        }
    }

    pub fn event(&mut self, event: Event) -> &mut Self {
        let (state, actions) = step(self.state.clone(), event);
        self.state = state;
        self.actions = actions;
        self
    }

    pub fn block(&mut self, view: View) -> &mut Self {
        self.event(Event::Block(Box::new(view)))
    }

    pub fn rounds(&mut self, work: Work, rounds: u32) -> &mut Self {
        self.event(Event::Progress { work, rounds })
    }

    pub fn done(&mut self, outcome: Outcome) -> &mut Self {
        let task = *self.state.pending().expect("a task is on its way");
        self.event(Event::Done { task, outcome })
    }

    pub fn taken(&mut self, at: u32) -> &mut Self {
        self.done(Outcome::Taken { at })
    }

    /// The task that was begun last, if one was.
    pub fn begun(&self) -> Option<Task> {
        self.actions.iter().find_map(|action| match action {
            Action::Begin(task) => Some(*task),
            _ => None,
        })
    }

    pub fn begun_commit(&self) -> Option<u8> {
        self.begun().and_then(|task| match task {
            Task::Commit { slot, .. } => Some(slot),
            _ => None,
        })
    }
}

pub fn failed() -> Outcome {
    Outcome::Failed {
        reason: "test".into(),
    }
}

pub fn refused(at: u32) -> Outcome {
    Outcome::Refused {
        at,
        reason: "test".into(),
    }
}

pub fn faulty() -> Outcome {
    Outcome::Faulty {
        reason: "test".into(),
    }
}

pub fn drawn(at: u32, rounds: u32) -> Commit {
    Commit {
        drawn: Some(true),
        ..commit(at, rounds, 3)
    }
}

pub fn opened(at: u32, rounds: u32) -> Commit {
    Commit {
        opened: true,
        ..drawn(at, rounds)
    }
}
