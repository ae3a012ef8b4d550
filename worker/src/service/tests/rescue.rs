// SPDX-License-Identifier: Apache-2.0
//! A device that errs, hangs or is lost after its commit: the commit is opened all the same.

use super::*;
use crate::{
    prover::{Prover, ProverError, Rescue},
    reference::twin::ProverTwin,
};
use std::sync::{
    atomic::{AtomicU32, AtomicU8, Ordering},
    Arc, Condvar, Mutex,
};

/// What a device does when it is asked for leaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Right,
    Wrong,
    Hangs,
}

/// A device whose mood a test chooses.
#[derive(Clone)]
struct Moody {
    mood: Arc<(Mutex<Mood>, Condvar)>,
    /// Rounds whose leaves it was asked for.
    asked: Arc<AtomicU32>,
}

impl Moody {
    fn new() -> Self {
        Self {
            mood: Arc::new((Mutex::new(Mood::Right), Condvar::new())),
            asked: Arc::default(),
        }
    }

    fn prover(&self) -> Box<ProverTwin> {
        let Self { mood, asked } = self.clone();
        let twin = ProverTwin::new("moody").with_leaves(move |class, seed, indices| {
            asked.fetch_add(1, Ordering::SeqCst);
            let mut leaves = ReferenceProver.leaves(class, seed, indices)?;
            let (mood, changed) = &*mood;
            let mood = changed
                .wait_while(mood.lock().unwrap(), |mood| *mood == Mood::Hangs)
                .unwrap();
            if *mood == Mood::Wrong {
                leaves[0].leaf[0] ^= 1;
            }
            Ok(leaves)
        });
        Box::new(twin)
    }

    fn becomes(&self, mood: Mood) {
        *self.mood.0.lock().unwrap() = mood;
        self.mood.1.notify_all();
    }
}

/// The processor in place of a device, as long as it is there.
fn processor() -> (Arc<AtomicU32>, Option<Rescue>) {
    let needed = Arc::<AtomicU32>::default();
    let counted = needed.clone();
    let rescue: Rescue = Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(ReferenceProver))
    });
    (needed, Some(rescue))
}

fn start(twin: &Twin, data: &Path, device: &Moody, rescue: Option<Rescue>) -> Running {
    Running::run(Service {
        engine: Engine::start(DEVICE, device.prover(), rescue).unwrap(),
        ..service(twin, data)
    })
}

/// Blocks until the chain is in `phase`.
async fn reach(twin: &Twin, running: &mut Running, phase: Phase) {
    while twin.ledger(|l| l.census().phase) != phase {
        twin.advance();
        running.settle(twin).await;
    }
}

/// Blocks until the commit is opened. Once that is due, the chain waits for it, however long it takes.
async fn open(twin: &Twin, running: &mut Running) {
    reach(twin, running, Phase::Open).await;
    while count(twin, openings) == 0 {
        let (census, best) = twin.ledger(|l| (l.census(), l.best()));
        assert_eq!(census.phase, Phase::Open, "it does not open");
        let is_due = best.number + 1 >= census.opens_at.midpoint(census.open_until);
        while is_due && twin.waiting() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        twin.advance();
        running.settle(twin).await;
    }
}

/// Blocks until the census is over, with its commit opened.
async fn finish(twin: &Twin, running: &mut Running) {
    open(twin, running).await;
    reach(twin, running, Phase::Payment).await;
    assert_eq!((count(twin, openings), count(twin, slashes)), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_errs_silently_after_its_commit_is_opened_for_by_the_processor() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let (device, (needed, rescue)) = (Moody::new(), processor());
    let mut running = start(&twin, data.path(), &device, rescue);
    reach(&twin, &mut running, Phase::Seed).await;
    device.becomes(Mood::Wrong);
    finish(&twin, &mut running).await;
    assert_eq!(needed.load(Ordering::SeqCst), 1);
    assert_eq!(running.watch.borrow().rescues, 1);
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_hangs_in_the_check_of_its_second_commit_keeps_the_first_from_nothing() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let (device, (needed, rescue)) = (Moody::new(), processor());
    // So many rounds that there is always more to claim.
    let service = Service {
        engine: Engine::start(DEVICE, device.prover(), rescue).unwrap(),
        settings: Settings {
            max_rounds: 65_536,
            ..settings()
        },
        ..service(&twin, data.path())
    };
    let mut running = Running::run(service);
    while count(&twin, commits) == 0 {
        twin.advance();
        running.settle(&twin).await;
    }
    device.becomes(Mood::Hangs);
    finish(&twin, &mut running).await;
    assert_eq!(count(&twin, commits), 1);
    assert_eq!(needed.load(Ordering::SeqCst), 1);
    device.becomes(Mood::Right);
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_is_computed_from_the_first_block_with_its_seed_on_and_sent_later() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let device = Moody::new();
    let mut running = start(&twin, data.path(), &device, None);
    reach(&twin, &mut running, Phase::Seed).await;
    let (asked, sent) = (device.asked.load(Ordering::SeqCst), twin.sent());
    reach(&twin, &mut running, Phase::Open).await;
    assert!(!twin.ledger(|l| l.view().seed_is_final));
    // It need not be told: the device is asked.
    while device.asked.load(Ordering::SeqCst) == asked {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(twin.sent(), sent);
    assert!(running.watch.borrow().state.pending().is_none());
    // Another fork has another seed: what was computed ahead is of no use, and nothing of it is sent.
    let seed = twin.ledger(|l| l.census().open_seed);
    twin.reorganize(2);
    assert_ne!(twin.ledger(|l| l.census().open_seed), seed);
    finish(&twin, &mut running).await;
    assert_eq!(count(&twin, refusals), 0);
    running.kill().await;
}

/// A device that is lost to its process at the round after the rounds that it may compute.
fn losing(left: &Arc<AtomicU8>) -> ProverTwin {
    let [of_roots, of_leaves] = [left, left].map(Arc::clone);
    ProverTwin::new("losing")
        .with_root(move |class, seed| {
            let left = of_roots.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            match left {
                Ok(_) => ReferenceProver.root(class, seed),
                Err(_) => Err(lost()),
            }
        })
        .with_leaves(
            move |class, seed, indices| match of_leaves.load(Ordering::SeqCst) {
                0 => Err(lost()),
                _ => ReferenceProver.leaves(class, seed, indices),
            },
        )
}

fn lost() -> ProverError {
    ProverError::Cuda(crate::prover::cuda::CudaError::Lost {
        what: "compute",
        reason: "CUDA_ERROR_ECC_UNCORRECTABLE".into(),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_is_lost_ends_the_worker_with_a_code_that_starts_it_again_but_opens_first() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let (needed, rescue) = processor();
    let left = Arc::new(AtomicU8::new(5));
    let mut running = Running::run(Service {
        engine: Engine::start(DEVICE, Box::new(losing(&left)), rescue).unwrap(),
        ..service(&twin, data.path())
    });
    // Four rounds are committed to, and there is one more.
    reach(&twin, &mut running, Phase::Seed).await;
    assert!(count(&twin, commits) > 0);
    left.store(0, Ordering::SeqCst);
    open(&twin, &mut running).await;
    // Nobody is told anything any more once it has ended.
    while running.watch.has_changed().is_ok() {
        assert_eq!(twin.ledger(|l| l.census().index), 1, "it does not end");
        twin.advance();
        running.settle(&twin).await;
    }
    let error = running.task.await.unwrap().unwrap_err();
    assert!(matches!(error, ServiceError::DeviceLost), "{error}");
    assert_eq!(crate::error::Error::from(error).code.number(), 1);
    assert_eq!((count(&twin, openings), count(&twin, slashes)), (1, 0));
    assert_eq!(needed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_second_stop_ends_at_once_whatever_is_on_its_way() {
    for first in [Control::Leave, Control::Stop] {
        let data = tempfile::tempdir().unwrap();
        let twin = twin(Faults::default(), 1);
        let service = Service {
            // So long that nobody waits for two of them.
            block: Duration::from_secs(100_000),
            ..service(&twin, data.path())
        };
        let mut running = Running::run(service);
        // A commit is on its way, and no block comes to take it.
        while twin.waiting() == 0 {
            twin.advance();
            running.settle(&twin).await;
        }
        running.control.send(first).await.unwrap();
        running.control.send(Control::Stop).await.unwrap();
        assert_eq!(
            running.task.await.unwrap().unwrap(),
            Ended::Stopped { at_risk: Some(1) }
        );
    }
}
