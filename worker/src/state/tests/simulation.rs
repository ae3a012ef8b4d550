// SPDX-License-Identifier: Apache-2.0
//! Many censuses with everything that can go wrong, on the ledger that checks real proofs.
//!
//! Time is counted in steps; a block comes every few of them. The worker's thread, disk and transactions are played by
//! [`World`], which may kill the worker at any step. What must hold: no commit twice, never more than three, nothing that
//! the chain refuses without a fork or a crash being the cause, and every opening that could be made is made.

use super::*;
use crate::{
    chain::twin::{Chance, Fact, Ledger, Schedule, PLEDGED},
    prover::open,
    reference::ReferenceProver,
};
use compute_proof::{
    prove::{Product, Reference, RoundStore, RoundTree},
    Device,
};
use std::collections::HashMap;

/// Steps between two blocks, and what may happen in each, in thousandths.
#[derive(Clone, Copy)]
struct Weather {
    steps_per_block: u64,
    kill: u32,
    lose: u32,
    censor: u32,
    reorganize: u32,
    disconnect: u32,
    fault: u32,
}

const CALM: Weather = Weather {
    steps_per_block: 6,
    kill: 0,
    lose: 0,
    censor: 0,
    reorganize: 0,
    disconnect: 0,
    fault: 0,
};

/// A task between its beginning and its answer.
struct Flight {
    task: Task,
    /// Of the view upon which it was decided.
    nonce: u64,
    /// Steps until the device is done with it.
    prepared_in: u64,
    /// The call and its nonce, once it is sent.
    sent: Option<(u64, Call)>,
}

struct World {
    ledger: Ledger,
    chance: Chance,
    weather: Weather,
    device: Device,
    state: State,
    /// What the device holds in memory, and up to where it computes.
    held: Option<(Work, RoundStore)>,
    until: u32,
    disk: HashMap<(u32, Hash), Vec<Hash>>,
    flight: Option<Flight>,
    /// What a life before this one sent, still on its way.
    stray: Option<(u64, Call)>,
    /// Steps without connection.
    dark: u64,
    refused: Vec<String>,
    kills: u32,
    /// Times that the worker gave up and was started again.
    stops: u32,
    /// Kills and losses in the opening phase of a census: its opening may be late.
    troubled: Vec<u32>,
}

impl World {
    fn new(seed: u64, weather: Weather) -> Self {
        let device = Device { asset: 0, prover: ME };
        Self {
            ledger: Ledger::new(Schedule::default(), device),
            chance: Chance(seed),
            weather,
            device,
            state: State::new(settings()),
            held: None,
            until: 0,
            disk: HashMap::new(),
            flight: None,
            stray: None,
            dark: 0,
            refused: Vec::new(),
            kills: 0,
            stops: 0,
            troubled: Vec::new(),
        }
    }

    fn event(&mut self, event: Event) {
        let (state, actions) = step(self.state.clone(), event);
        self.state = state;
        for action in actions {
            match action {
                Action::Compute { work, rounds } => {
                    if self.held.as_ref().is_none_or(|(held, _)| *held != work) {
                        let known = self
                            .disk
                            .get(&(work.census, work.challenge))
                            .cloned()
                            .unwrap_or_default();
                        let store = RoundStore::from_roots(&work.challenge, &self.device, work.class, known);
                        self.held = Some((work, store.unwrap()));
                    }
                    self.until = rounds;
                    self.progress();
                }
                Action::Pause => self.until = 0,
                Action::Anticipate(_) => {}
                Action::Begin(task) => {
                    assert!(self.flight.is_none(), "two tasks at once");
                    let prepared_in = self.chance.below(8);
                    let nonce = self.state.view().unwrap().nonce;
                    self.flight = Some(Flight {
                        task,
                        nonce,
                        prepared_in,
                        sent: None,
                    });
                }
                Action::Forget { before } => self.disk.retain(|(census, _), _| *census >= before),
                Action::Stop(stop) => {
                    assert_eq!(stop, Stop::Faulty, "nobody asked for it");
                    self.stops += 1;
                    self.state = State::new(settings());
                    self.held = None;
                }
            }
        }
    }

    fn progress(&mut self) {
        if let Some((work, store)) = &self.held {
            let (work, rounds) = (*work, store.rounds());
            self.event(Event::Progress { work, rounds });
        }
    }

    fn compute(&mut self) {
        let Some((work, store)) = &mut self.held else {
            return;
        };
        if store.rounds() >= self.until || store.rounds() >= 5 {
            return;
        }
        let mut digests = vec![0; 64 * 64];
        let seed = store.next_seed();
        Reference.digests(work.class, store.rounds() + 1, &seed, &mut digests);
        store.push(RoundTree::new(&seed, digests).root()).unwrap();
        self.progress();
    }

    /// The device and the disk do their part of a task, and it is sent.
    fn prepare(&mut self) {
        let Some(flight) = &mut self.flight else { return };
        if flight.sent.is_some() {
            return;
        }
        if flight.prepared_in > 0 {
            flight.prepared_in -= 1;
            return;
        }
        let held = |work: &Work| {
            self.held
                .as_ref()
                .filter(|(held, _)| held == work)
                .map(|(_, store)| store)
        };
        let call = match &flight.task {
            Task::Commit { .. } if self.chance.of_thousand(self.weather.fault) => {
                return self.answer(Outcome::Faulty {
                    reason: "weather".into(),
                });
            }
            Task::Commit { work, .. } => match held(work) {
                None => {
                    return self.answer(Outcome::Failed {
                        reason: "gone".into(),
                    })
                }
                Some(store) => {
                    let claim = store.claim();
                    self.disk
                        .insert((work.census, work.challenge), store.roots().to_vec());
                    Call::Commit {
                        asset: 0,
                        census: work.census,
                        challenge: work.challenge,
                        claim,
                    }
                }
            },
            Task::Open {
                work,
                rounds,
                open_seed,
                ..
            } => match held(work) {
                None => {
                    return self.answer(Outcome::Failed {
                        reason: "gone".into(),
                    })
                }
                Some(store) => {
                    let opening = open(&mut ReferenceProver, &store.truncated(*rounds), open_seed).unwrap();
                    Call::Open {
                        asset: 0,
                        census: work.census,
                        open_seed: *open_seed,
                        top: opening.top,
                        samples: opening.samples,
                    }
                }
            },
            Task::Settle { .. } => Call::Settle { asset: 0 },
        };
        if self.dark > 0 || self.chance.of_thousand(self.weather.lose) {
            return self.answer(Outcome::Failed {
                reason: "lost".into(),
            });
        }
        flight.sent = Some((flight.nonce, call));
    }

    fn answer(&mut self, outcome: Outcome) {
        let flight = self.flight.take().expect("something is on its way");
        if let Outcome::Refused { reason, .. } = &outcome {
            self.refused.push(reason.clone());
        }
        self.event(Event::Done {
            task: flight.task,
            outcome,
        });
    }

    fn block(&mut self) {
        if self.chance.of_thousand(self.weather.reorganize) {
            let depth = 1 + self.chance.below(2) as usize;
            self.ledger.undo(depth);
            for _ in 0..depth {
                self.ledger.advance(&[]);
            }
            self.note_trouble();
        }
        let sent = self.flight.as_ref().and_then(|flight| flight.sent.clone());
        let censored = self.chance.of_thousand(self.weather.censor);
        if censored {
            self.note_trouble();
        }
        let stray = match self.chance.below(2) {
            0 => self.stray.take(),
            _ => None,
        };
        match sent.filter(|_| !censored) {
            None => drop(self.ledger.advance(stray.as_slice())),
            Some(sent) => {
                let calls: Vec<_> = stray.into_iter().chain([sent]).collect();
                let result = self.ledger.advance(&calls).remove(calls.len() - 1);
                let at = self.ledger.best().number;
                self.answer(match result {
                    Some(Ok(())) => Outcome::Taken { at },
                    Some(Err(reason)) => Outcome::Refused { at, reason },
                    None => Outcome::Failed {
                        reason: "stale".into(),
                    },
                });
            }
        }
        if self.chance.of_thousand(self.weather.disconnect) {
            self.dark = self.chance.below(3 * self.weather.steps_per_block);
            self.event(Event::Disconnected);
            self.note_trouble();
        }
        if self.dark == 0 {
            let view = self.ledger.view();
            self.event(Event::Block(Box::new(view)));
        }
    }

    fn note_trouble(&mut self) {
        let census = self.ledger.census();
        if matches!(census.phase, Phase::Open | Phase::Report) {
            self.troubled.push(census.index);
        }
    }

    /// SIGKILL: memory is lost, the disk stays, and what was sent may still arrive.
    fn kill(&mut self) {
        if let Some(sent) = self.flight.take().and_then(|flight| flight.sent) {
            match self.chance.below(3) {
                0 => drop(self.ledger.advance(&[sent])),
                1 => self.stray = Some(sent),
                _ => {}
            }
        }
        self.state = State::new(settings());
        self.held = None;
        self.until = 0;
        self.kills += 1;
        self.note_trouble();
        if self.dark == 0 {
            let view = self.ledger.view();
            self.event(Event::Block(Box::new(view)));
        }
    }

    fn run(&mut self, censuses: u32) {
        while self.ledger.census().index <= censuses {
            for _ in 0..self.weather.steps_per_block {
                self.dark = self.dark.saturating_sub(1);
                if self.chance.of_thousand(self.weather.kill) {
                    self.kill();
                }
                self.compute();
                self.prepare();
            }
            self.block();
        }
    }

    fn facts(&self) -> Vec<Fact> {
        self.ledger.facts().cloned().collect()
    }

    /// What must hold in any weather.
    fn check(&self) {
        let facts = self.facts();
        let mut counts = HashMap::<(u32, Hash), Vec<u32>>::new();
        for fact in &facts {
            if let Fact::Committed {
                census,
                challenge,
                claim,
                ..
            } = fact
            {
                counts
                    .entry((*census, *challenge))
                    .or_default()
                    .push(claim.rounds);
            }
        }
        for (work, rounds) in &counts {
            assert!(rounds.len() <= 3, "{work:?}: {rounds:?}");
            assert!(
                rounds.windows(2).all(|pair| pair[0] < pair[1]),
                "{work:?}: the same twice, {rounds:?}"
            );
        }
        for fact in &facts {
            if let Fact::Slashed { census } = fact {
                assert!(
                    self.troubled.contains(census),
                    "census {census}: drawn, could be opened, and was not"
                );
            }
        }
    }

    fn count(&self, is: impl Fn(&Fact) -> bool) -> usize {
        self.ledger.facts().filter(|fact| is(fact)).count()
    }
}

#[test]
fn in_calm_weather_every_census_earns() {
    let mut world = World::new(1, CALM);
    world.run(60);
    world.check();
    assert_eq!(world.refused, Vec::<String>::new());
    assert_eq!(world.count(|fact| matches!(fact, Fact::Settled { .. })), 60);
    assert_eq!(world.count(|fact| matches!(fact, Fact::Slashed { .. })), 0);
    assert!(world.count(|fact| matches!(fact, Fact::Opened { .. })) >= 3);
}

#[test]
fn kills_cost_no_bond() {
    let mut kills = 0;
    for seed in 0..8 {
        // On average a kill in every second census; the worker is back at once.
        let mut world = World::new(seed, Weather { kill: 5, ..CALM });
        world.run(30);
        world.check();
        assert_eq!(world.refused, Vec::<String>::new(), "seed {seed}");
        assert_eq!(
            world.count(|fact| matches!(fact, Fact::Slashed { .. })),
            0,
            "seed {seed}"
        );
        assert_eq!(world.ledger.view().asset.unwrap().bond, PLEDGED);
        kills += world.kills;
    }
    assert!(kills > 100, "{kills}");
}

#[test]
fn storms_break_no_rule() {
    let (mut opened, mut settled) = (0, 0);
    for seed in 0..12 {
        let storm = Weather {
            kill: 4,
            lose: 100,
            censor: 100,
            reorganize: 40,
            disconnect: 40,
            fault: 0,
            ..CALM
        };
        let mut world = World::new(1000 + seed, storm);
        world.run(25);
        world.check();
        // Refusals come from what a fork or a crash made stale, never from the worker's own doing.
        for reason in &world.refused {
            let stale = [
                "WrongChallenge",
                "WindowClosed",
                "WrongSeed",
                "NotOpenPhase",
                "NoCommit",
                "NotDrawn",
                "TooEarly",
                "TooManyCommits",
            ];
            assert!(stale.contains(&reason.as_str()), "seed {seed}: {reason}");
        }
        opened += world.count(|fact| matches!(fact, Fact::Opened { .. }));
        settled += world.count(|fact| matches!(fact, Fact::Settled { .. }));
    }
    assert!(
        opened > 30 && settled > 100,
        "{opened} openings, {settled} settlements"
    );
}

#[test]
fn a_device_that_faults_at_times_commits_nothing_false() {
    let mut world = World::new(3, Weather { fault: 300, ..CALM });
    world.run(40);
    world.check();
    assert_eq!(world.count(|fact| matches!(fact, Fact::Slashed { .. })), 0);
    let settled = world.count(|fact| matches!(fact, Fact::Settled { .. }));
    assert!((15..40).contains(&settled), "{settled}");
    assert!((1..10).contains(&world.stops), "{}", world.stops);
}
