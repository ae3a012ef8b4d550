// SPDX-License-Identifier: Apache-2.0
//! The whole service against the chain in memory: real proofs, real files, real threads.

mod care;
mod check;
mod day;
mod finishing;
mod rescue;

use super::*;
use crate::{
    chain::twin::{Chance, Fact, Faults, Ledger, Schedule, Twin, PLEDGED},
    chain::Phase,
    reference::ReferenceProver,
};
use std::{
    future::{poll_fn, Future},
    path::Path,
    pin::pin,
    task::Poll,
};
use tokio::{task::JoinHandle, time::Instant};

const DEVICE: Device = Device {
    asset: 0,
    prover: [0xAA; 32],
};

fn settings() -> Settings {
    Settings {
        asset: DEVICE.asset,
        prover: DEVICE.prover,
        class: Class::Xs,
        min_rounds: 1,
        max_rounds: 4,
        ladder: Ladder::default(),
    }
}

fn twin(faults: Faults, seed: u64) -> Twin {
    Twin::new(Ledger::new(Schedule::default(), DEVICE), faults, seed)
}

fn service(twin: &Twin, data: &Path) -> Service<Twin> {
    Service {
        chain: twin.clone(),
        engine: Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap(),
        openings: Openings::new(data, DEVICE).unwrap(),
        settings: settings(),
        block: Duration::from_millis(200),
        // Without sensors.
        card: watch::channel(Watched::default()).1,
    }
}

/// A service that runs.
struct Running {
    task: JoinHandle<Result<Ended, ServiceError>>,
    control: mpsc::Sender<Control>,
    watch: watch::Receiver<Snapshot>,
}

impl Running {
    fn start(twin: &Twin, data: &Path) -> Self {
        Self::run(service(twin, data))
    }

    fn run(service: Service<Twin>) -> Self {
        let (control, asked) = mpsc::channel(4);
        let watchers = watch::Sender::new(service.snapshot());
        let watch = watchers.subscribe();
        let task = tokio::spawn(service.run(asked, watchers));
        Self { task, control, watch }
    }

    /// SIGKILL, as far as a task can suffer it: at its next await, nothing of it runs any more.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    /// Waits until the service has dealt with the chain's best block: its rounds are there, and what it began waits for a
    /// block or is done. Gives up after a while: faults may have left it nothing to wait for.
    async fn settle(&mut self, twin: &Twin) {
        let patience = Instant::now() + Duration::from_millis(400);
        while Instant::now() < patience {
            {
                let snapshot = self.watch.borrow_and_update();
                let seen = snapshot.state.view().map(|view| view.best) == Some(twin.ledger(|l| l.best()));
                let computed = match snapshot.state.target() {
                    Some((_, until)) => snapshot.state.rounds() >= until.min(settings().max_rounds),
                    None => true,
                };
                let sent = snapshot.state.pending().is_none() || twin.waiting() > 0;
                if seen && computed && sent {
                    return;
                }
            }
            let changed = tokio::time::timeout(Duration::from_millis(2), self.watch.changed()).await;
            if matches!(changed, Ok(Err(_))) {
                return;
            }
        }
    }

    /// Blocks until a worker that was told to has ended: how.
    async fn end(mut self, twin: &Twin) -> Ended {
        while !self.task.is_finished() {
            assert!(twin.ledger(|l| l.census().index) < 3, "it does not end");
            twin.advance();
            self.settle(twin).await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.task.await.unwrap().unwrap()
    }
}

/// Blocks until the census after `censuses` others has opened.
async fn pass(twin: &Twin, running: &mut Running, censuses: u32) {
    let last = twin.ledger(|l| l.census().index) + censuses;
    while twin.ledger(|l| l.census().index) <= last {
        twin.advance();
        running.settle(twin).await;
    }
}

fn count(twin: &Twin, is: impl Fn(&Fact) -> bool) -> usize {
    twin.ledger(|ledger| ledger.facts().filter(|fact| is(fact)).count())
}

fn commits(fact: &Fact) -> bool {
    matches!(fact, Fact::Committed { .. })
}

fn openings(fact: &Fact) -> bool {
    matches!(fact, Fact::Opened { .. })
}

fn settlements(fact: &Fact) -> bool {
    matches!(fact, Fact::Settled { .. })
}

fn slashes(fact: &Fact) -> bool {
    matches!(fact, Fact::Slashed { .. })
}

fn refusals(fact: &Fact) -> bool {
    matches!(fact, Fact::Refused { .. })
}

fn assert_no_double_commit(twin: &Twin) {
    let mut seen = std::collections::HashMap::<(u32, Hash), Vec<u32>>::new();
    twin.ledger(|ledger| {
        for fact in ledger.facts() {
            if let Fact::Committed {
                census,
                challenge,
                claim,
                ..
            } = fact
            {
                seen.entry((*census, *challenge)).or_default().push(claim.rounds);
            }
        }
    });
    for (work, rounds) in seen {
        assert!(
            rounds.len() <= 3 && rounds.is_sorted_by(|a, b| a < b),
            "{work:?}: {rounds:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_censuses_with_faults_lose_nothing_that_could_be_kept() {
    let data = tempfile::tempdir().unwrap();
    let faults = Faults {
        disconnect: 0,
        lose: 60,
        silence: 0,
        censor: 60,
    };
    let twin = twin(faults, 11);
    let mut running = Running::start(&twin, data.path());
    let mut chance = Chance(7);
    let mut kills = 0;
    for _ in 0..205 {
        let census = twin.ledger(|l| l.census().index);
        while twin.ledger(|l| l.census().index) == census {
            twin.advance();
            running.settle(&twin).await;
            if chance.of_thousand(15) {
                running.kill().await;
                running = Running::start(&twin, data.path());
                running.settle(&twin).await;
                kills += 1;
            }
        }
    }
    assert_no_double_commit(&twin);
    assert_eq!(count(&twin, slashes), 0, "a drawn commit was not opened");
    assert_eq!(count(&twin, refusals), 0);
    assert_eq!(twin.ledger(|l| l.view().asset.unwrap().bond), PLEDGED);
    assert!(kills > 20, "{kills}");
    assert!(count(&twin, settlements) > 190, "{}", count(&twin, settlements));
    assert!(count(&twin, openings) > 15);
}

#[tokio::test]
async fn a_calm_census_brings_commits_an_opening_and_a_settlement() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    pass(&twin, &mut running, 2).await;
    // Four rounds at most, all of them there for the first commit already: there is no more to claim later.
    assert!(count(&twin, commits) >= 2);
    assert_eq!(count(&twin, openings), 2);
    assert_eq!((count(&twin, slashes), count(&twin, refusals)), (0, 0));
    running.control.send(Control::Stop).await.unwrap();
    assert_eq!(
        running.task.await.unwrap().unwrap(),
        Ended::Stopped { at_risk: None }
    );
}

/// Lets a future go on for `polls` polls and then drops it where it stands.
async fn run_for<T>(future: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// A second life takes over in census 1 and must lose nothing.
async fn take_over(twin: &Twin, data: &Path, killed_at: &str) {
    let mut running = Running::start(twin, data);
    running.settle(twin).await;
    while twin.ledger(|l| l.census().index) < 2 {
        twin.advance();
        running.settle(twin).await;
    }
    running.kill().await;
    let facts = twin.ledger(|l| l.facts().cloned().collect::<Vec<_>>());
    assert_eq!(count(twin, slashes), 0, "killed {killed_at}: {facts:?}");
    assert_eq!(count(twin, refusals), 0, "killed {killed_at}: {facts:?}");
    assert_eq!(count(twin, openings), 1, "killed {killed_at}: {facts:?}");
    assert_no_double_commit(twin);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_await_of_the_loop_and_restarted_it_still_opens() {
    let mut killed = 0;
    for polls in 1..=40 {
        let data = tempfile::tempdir().unwrap();
        let twin = twin(Faults::default(), 1);
        twin.advance();
        twin.advance();
        // The first life ends at the given await, wherever in the census that is.
        let first = service(&twin, data.path());
        let (_control, asked) = mpsc::channel(1);
        let watchers = watch::Sender::new(first.snapshot());
        let watch = watchers.subscribe();
        let life = tokio::spawn(run_for(first.run(asked, watchers), polls));
        let mut blocks = Running {
            task: tokio::spawn(std::future::pending()),
            control: mpsc::channel(1).0,
            watch,
        };
        while blocks.watch.has_changed().is_ok() && twin.ledger(|l| l.census().phase) != Phase::Open {
            blocks.settle(&twin).await;
            if blocks.watch.has_changed().is_ok() {
                twin.advance();
            }
        }
        killed += usize::from(blocks.watch.has_changed().is_err());
        life.abort();
        drop(life.await);
        take_over(&twin, data.path(), &format!("at poll {polls}")).await;
    }
    assert!(killed > 10, "{killed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_of_a_task_and_restarted_it_still_opens() {
    // The commits are sent upon heights 3, 5 and 6, the opening upon 11: moments all over their making.
    let mut chance = Chance(5);
    for (height, tries) in [(3, 12), (5, 8), (6, 8), (11, 12)] {
        for _ in 0..tries {
            let data = tempfile::tempdir().unwrap();
            let twin = twin(Faults::default(), 1);
            let mut running = Running::start(&twin, data.path());
            while twin.ledger(|l| l.best().number) + 1 < height {
                twin.advance();
                running.settle(&twin).await;
            }
            twin.advance();
            let micros = chance.below(15_000);
            tokio::time::sleep(Duration::from_micros(micros)).await;
            running.kill().await;
            take_over(&twin, data.path(), &format!("{micros} µs after block {height}")).await;
        }
    }
}

#[tokio::test]
async fn killed_between_commit_and_opening_with_its_disk_lost_it_computes_again_and_opens() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    while twin.ledger(|l| l.census().phase) != Phase::Seed {
        twin.advance();
        running.settle(&twin).await;
    }
    assert!(twin.ledger(|l| l.commit()).is_some());
    running.kill().await;
    let empty = tempfile::tempdir().unwrap();
    let mut running = Running::start(&twin, empty.path());
    pass(&twin, &mut running, 1).await;
    assert!(count(&twin, openings) >= 1);
    assert_eq!(count(&twin, slashes), 0);
}

#[tokio::test]
async fn the_rounds_are_on_the_disk_before_the_commit_is_on_the_chain() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    while twin.sent() == 0 {
        twin.advance();
        running.settle(&twin).await;
    }
    let census = twin.ledger(|l| l.census());
    let work = Work {
        census: census.index,
        challenge: census.challenge,
        class: Class::Xs,
    };
    let saved = Openings::new(data.path(), DEVICE).unwrap().load(&work).unwrap();
    assert_eq!(saved.len(), 4);
    running.kill().await;
}

#[tokio::test]
async fn where_the_disk_fails_nothing_is_sent() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    running.settle(&twin).await;
    std::fs::remove_dir_all(data.path().join("openings")).unwrap();
    while twin.ledger(|l| l.census().phase) != Phase::Seed {
        twin.advance();
        running.settle(&twin).await;
    }
    assert_eq!(twin.sent(), 0);
    let last = running.watch.borrow().last.clone();
    assert!(
        matches!(last, Some((Task::Commit { .. }, Outcome::Failed { reason })) if reason.contains("saved"))
    );
    running.kill().await;
}

#[tokio::test]
async fn a_reorganization_across_the_opening_starts_the_work_again() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    for _ in 0..4 {
        twin.advance();
        running.settle(&twin).await;
    }
    let before = twin.ledger(|l| l.census().challenge);
    twin.reorganize(4);
    running.settle(&twin).await;
    assert_ne!(twin.ledger(|l| l.census().challenge), before);
    pass(&twin, &mut running, 1).await;
    assert!(count(&twin, openings) >= 1);
    assert_eq!(count(&twin, slashes), 0);
    // What waited in the pool for the fork that lost may be refused, and nothing else.
    let others = |fact: &Fact| matches!(fact, Fact::Refused { reason } if reason != "WrongChallenge");
    assert_eq!(count(&twin, others), 0);
}

#[tokio::test]
async fn a_lost_connection_is_found_again() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(
        Faults {
            disconnect: 1000,
            ..Faults::default()
        },
        1,
    );
    let mut running = Running::start(&twin, data.path());
    twin.advance();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!running.watch.borrow().connected);
    twin.set_faults(Faults::default());
    running
        .watch
        .wait_for(|snapshot| snapshot.connected && snapshot.state.view().is_some())
        .await
        .unwrap();
    running.kill().await;
}

#[tokio::test]
async fn draining_settles_and_ends() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    while count(&twin, commits) == 0 {
        twin.advance();
        running.settle(&twin).await;
    }
    running.control.send(Control::Drain).await.unwrap();
    assert_eq!(running.end(&twin).await, Ended::Drained);
    assert_eq!((count(&twin, openings), count(&twin, settlements)), (1, 1));
}

#[tokio::test]
async fn a_stop_says_what_is_at_risk_and_saves_the_rounds() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    while twin.ledger(|l| l.census().phase) != Phase::Seed {
        twin.advance();
        running.settle(&twin).await;
    }
    running.control.send(Control::Stop).await.unwrap();
    assert_eq!(
        running.task.await.unwrap().unwrap(),
        Ended::Stopped { at_risk: Some(1) }
    );
}
