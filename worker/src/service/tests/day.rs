// SPDX-License-Identifier: Apache-2.0
//! A day of censuses on a public chain's schedule, with everything that goes wrong in a day: lost connections, forks, restarts, a slow device, calls
//! that get lost, and a clock that goes wrong.
//!
//! Time is paused and moves only with the blocks. After each block the test waits, in real time, until the worker has dealt with it. So all troubles are
//! the seed's, and come in the same blocks in every run; only how far a thread of the device or of the disk has got when its worker is killed is not, and may
//! decide whether a census has a commit at all.

use super::*;
use crate::{chain::Census, prover::Prover, reference::twin::ProverTwin};
use std::{
    sync::{Arc, Condvar, Mutex},
    time::Instant as RealTime,
};
use tokio::{task::yield_now, time::advance};

/// A day of blocks of three seconds.
const DAY: u32 = 28_800;
const BLOCK: Duration = Duration::from_secs(3);
const MAX_ROUNDS: u32 = 12;

/// A public chain's, whose censuses come as fast as they may.
const PUBLIC: Schedule = Schedule {
    window: 20,
    seed: 8,
    open: 100,
    report: 100,
    gap: 240,
    finality: 3,
    // Every commit is drawn.
    always: u32::MAX,
};

/// So many blocks in a row without trouble are enough for an opening, whatever was before: 12 for what was lost on its way to be given up (six blocks, by a
/// clock at twice the speed), 8 for the longest pause after a refusal, 4 to find the connection again, 12 to compute all rounds again, and 2 to open.
const ENOUGH: u32 = 38;

/// How far the device may compute.
#[derive(Default)]
struct Meter {
    rounds: Mutex<Allowed>,
    changed: Condvar,
}

#[derive(Default)]
struct Allowed {
    rounds: u32,
    starves: bool,
    closed: bool,
}

impl Meter {
    fn allow(&self, rounds: u32) {
        let mut allowed = self.rounds.lock().unwrap();
        // Time in which the device had nothing to do is not saved up.
        allowed.rounds = rounds;
        allowed.starves &= rounds == 0;
        self.changed.notify_all();
    }

    fn starves(&self) -> bool {
        self.rounds.lock().unwrap().starves
    }

    fn close(&self) {
        self.rounds.lock().unwrap().closed = true;
        self.changed.notify_all();
    }
}

/// A device that computes as many rounds as the meter allows.
fn metered(meter: Arc<Meter>) -> ProverTwin {
    ProverTwin::new("metered").with_root(move |class, seed| {
        let mut allowed = meter.rounds.lock().unwrap();
        while allowed.rounds == 0 && !allowed.closed {
            allowed.starves = true;
            allowed = meter.changed.wait(allowed).unwrap();
        }
        allowed.starves = false;
        allowed.rounds = allowed.rounds.saturating_sub(1);
        drop(allowed);
        ReferenceProver.root(class, seed)
    })
}

/// A worker's life, from its start to its end.
struct Life {
    running: Running,
    progress: watch::Receiver<Progress>,
    meter: Arc<Meter>,
}

impl Life {
    fn start(twin: &Twin, data: &Path) -> Self {
        let meter = Arc::<Meter>::default();
        let engine = Engine::start(DEVICE, Box::new(metered(meter.clone())), None).unwrap();
        let progress = engine.progress();
        let service = Service {
            chain: twin.clone(),
            engine,
            openings: Openings::new(data, DEVICE).unwrap(),
            settings: Settings {
                max_rounds: MAX_ROUNDS,
                ..settings()
            },
            block: BLOCK,
            card: watch::channel(Watched::default()).1,
        };
        let (control, asked) = mpsc::channel(4);
        let watchers = watch::Sender::new(service.snapshot());
        let watch = watchers.subscribe();
        let task = tokio::spawn(service.run(asked, watchers));
        let running = Running { task, control, watch };
        Self {
            running,
            progress,
            meter,
        }
    }

    async fn kill(self) {
        self.running.kill().await;
        self.meter.close();
    }

    fn has_settled(&self, twin: &Twin) -> bool {
        let snapshot = self.running.watch.borrow();
        let (progress, state) = (*self.progress.borrow(), &snapshot.state);
        let seen = state.view().map(|view| view.best) == Some(twin.ledger(|l| l.best()));
        let starves = self.meter.starves();
        let rounds = match (state.target(), progress.rounds) {
            // It has what it was told to have, and the service knows it.
            (Some((work, until)), Some((held, rounds))) => {
                held == work && state.rounds() == rounds && (rounds >= until || starves)
            }
            (Some(_), None) => false,
            (None, _) => !progress.busy || starves,
        };
        // A device in the middle of a round hears nothing.
        let computed = rounds || (starves && progress == snapshot.progress);
        let sent = state.pending().is_none() || twin.is_awaited() || starves;
        (seen || !snapshot.connected) && computed && sent
    }

    /// Waits, in real time, until the worker has dealt with the last block.
    async fn settle(&self, twin: &Twin) {
        let begun = RealTime::now();
        loop {
            // So often that all that needs no thread is done.
            for _ in 0..20 {
                yield_now().await;
            }
            if self.has_settled(twin) {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "it does not settle: {:?}",
                *self.running.watch.borrow()
            );
            std::thread::sleep(Duration::from_micros(20));
        }
    }
}

/// What goes wrong, as counted.
#[derive(Debug, Default)]
struct Troubles {
    blackouts: u32,
    forks: u32,
    kills: u32,
    lost: u32,
    stalls: u32,
    jumps: u32,
}

/// The longest stretch of quiet blocks in the opening phase of each census, from where an opening could be made.
#[derive(Default)]
struct Quiet {
    census: u32,
    present: u32,
    longest: std::collections::HashMap<u32, u32>,
}

impl Quiet {
    fn note(&mut self, census: &Census, number: u32, quiet: bool) {
        let from = census.opens_at + PUBLIC.finality;
        let in_time = (from..=census.open_until).contains(&number);
        if self.census != census.index || !in_time || !quiet {
            self.present = 0;
        }
        self.census = census.index;
        if in_time && quiet {
            self.present += 1;
            let longest = self.longest.entry(census.index).or_default();
            *longest = (*longest).max(self.present);
        }
    }
}

/// Lives through a day, and answers what went wrong in it.
async fn live(twin: &Twin, data: &Path, seed: u64) -> (Troubles, Quiet) {
    let mut chance = Chance(seed);
    let (mut troubles, mut quiet) = (Troubles::default(), Quiet::default());
    let mut life = Some(Life::start(twin, data));
    let (mut down, mut dark, mut stalled) = (0u32, 0u32, 0u32);
    // The worker's clock against the chain's, in thousandths.
    let mut speed = 1_000;
    while twin.ledger(|l| l.best().number) < DAY {
        let mut calm = true;
        if chance.of_thousand(5) {
            dark = 1 + u32::try_from(chance.below(12)).unwrap();
            troubles.blackouts += 1;
        }
        if chance.of_thousand(4) {
            stalled = 1 + u32::try_from(chance.below(15)).unwrap();
            troubles.stalls += 1;
        }
        if chance.of_thousand(4) {
            speed = 500 + chance.below(1_500);
        }
        let mut faults = Faults::default();
        if dark > 0 {
            (dark, calm, faults.disconnect) = (dark - 1, false, 1_000);
        }
        if chance.of_thousand(20) {
            (calm, troubles.lost) = (false, troubles.lost + 1);
            match chance.below(3) {
                0 => faults.lose = 1_000,
                1 => faults.silence = 1_000,
                _ => faults.censor = 1_000,
            }
        }
        twin.set_faults(faults);
        if let Some(life) = &life {
            let rounds = match stalled {
                0 => u32::try_from(1 + chance.below(2)).unwrap(),
                _ => 0,
            };
            life.meter.allow(rounds);
            calm &= rounds > 0;
            life.settle(twin).await;
        }
        stalled = stalled.saturating_sub(1);

        let mut passes = BLOCK.mul_f64(1_000.0 / f64::from(u32::try_from(speed).unwrap()));
        if chance.of_thousand(2) {
            // The machine slept.
            (passes, calm, troubles.jumps) = (Duration::from_secs(90), false, troubles.jumps + 1);
        }
        if chance.of_thousand(6) {
            twin.reorganize(usize::try_from(1 + chance.below(3)).unwrap());
            (calm, troubles.forks) = (false, troubles.forks + 1);
        } else {
            twin.advance();
        }
        // Either before it has seen the block, or with what it began upon it on its way.
        let killed = chance.of_thousand(5);
        if killed {
            (calm, troubles.kills) = (false, troubles.kills + 1);
            down = u32::try_from(chance.below(8)).unwrap();
        }
        if killed && chance.below(2) == 0 {
            if let Some(alive) = life.take() {
                alive.kill().await;
            }
        }
        advance(passes).await;

        match life.take() {
            Some(alive) => {
                alive.settle(twin).await;
                calm &= alive.running.watch.borrow().connected;
                match killed {
                    true => alive.kill().await,
                    false => life = Some(alive),
                }
            }
            None => calm = false,
        }
        if life.is_none() {
            match down {
                0 => life = Some(Life::start(twin, data)),
                _ => down -= 1,
            }
        }
        twin.ledger(|ledger| {
            let (census, best) = (ledger.census(), ledger.best());
            quiet.note(&census, best.number, calm);
            ledger.fill_bond();
        });
    }
    if let Some(life) = life {
        life.kill().await;
    }
    (troubles, quiet)
}

#[tokio::test(start_paused = true)]
async fn a_day_of_troubles_commits_nothing_twice_and_misses_no_opening_that_could_be_made() {
    let data = tempfile::tempdir().unwrap();
    let twin = Twin::new(Ledger::new(PUBLIC, DEVICE), Faults::default(), 1);
    let (troubles, quiet) = live(&twin, data.path(), 2_026).await;
    assert_no_double_commit(&twin);
    let missed: Vec<u32> = twin.ledger(|ledger| {
        let slashed = ledger.facts().filter_map(|fact| match fact {
            Fact::Slashed { census } => Some(*census),
            _ => None,
        });
        slashed.collect()
    });
    for census in &missed {
        let longest = quiet.longest.get(census).copied().unwrap_or_default();
        assert!(
            longest < ENOUGH,
            "census {census}: {longest} quiet blocks, and not opened; {troubles:?}"
        );
    }
    // What the chain refuses is what a fork or an earlier life has made stale.
    twin.ledger(|ledger| {
        for fact in ledger.facts() {
            if let Fact::Refused { reason } = fact {
                let stale = [
                    "WrongChallenge",
                    "WindowClosed",
                    "WrongSeed",
                    "NotOpenPhase",
                    "NoCommit",
                    "NotDrawn",
                    "TooEarly",
                ];
                assert!(stale.contains(&reason.as_str()), "{reason}");
            }
        }
    });
    let censuses = twin.ledger(|l| l.census().index);
    let (opened, settled) = (count(&twin, openings), count(&twin, settlements));
    eprintln!("{censuses} censuses, {settled} settled, {opened} opened, missed {missed:?}; {troubles:?}");
    assert!(censuses >= 115, "{censuses}");
    assert!(settled >= 110, "{settled}");
    assert!(
        opened >= 110 && missed.len() <= 1,
        "{opened} opened, missed {missed:?}"
    );
    let Troubles {
        blackouts,
        forks,
        kills,
        lost,
        stalls,
        jumps,
    } = troubles;
    let least = [blackouts, forks, kills, lost, stalls, jumps]
        .into_iter()
        .min()
        .unwrap();
    assert!(least > 20, "a day without troubles proves nothing");
}
