// SPDX-License-Identifier: Apache-2.0
use super::*;
use crate::{prover::ProverError, reference::ReferenceProver};
use compute_proof::{prove::LeafProof, Class};
use std::sync::{
    atomic::{AtomicBool, Ordering},
    Arc,
};

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xAA; 32],
};

fn work(census: u32) -> Work {
    Work {
        census,
        challenge: [u8::try_from(census).unwrap(); 32],
        class: Class::Xs,
    }
}

async fn until(engine: &Engine, work: Work, rounds: u32) {
    engine
        .progress()
        .wait_for(|progress| {
            progress
                .rounds
                .is_some_and(|(held, n)| held == work && n >= rounds)
        })
        .await
        .unwrap();
}

/// Computes rightly until told to lie, and how.
struct Moody {
    inner: ReferenceProver,
    wrong_roots: bool,
    wrong_leaves: Arc<AtomicBool>,
}

impl Prover for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn threads(&self) -> usize {
        1
    }

    fn root(&mut self, class: Class, seed: &Hash) -> Result<Hash, ProverError> {
        let mut seed = *seed;
        if self.wrong_roots {
            // Consistent with itself, but not the work that was asked for.
            seed[0] ^= 1;
        }
        self.inner.root(class, &seed)
    }

    fn leaves(&mut self, class: Class, seed: &Hash, indices: &[u32]) -> Result<Vec<LeafProof>, ProverError> {
        let mut leaves = self.inner.leaves(class, seed, indices)?;
        if self.wrong_leaves.load(Ordering::SeqCst) {
            leaves[0].leaf[0] ^= 1;
        }
        Ok(leaves)
    }

    fn time_product(&mut self, class: Class, seed: &Hash) -> Result<Duration, ProverError> {
        self.inner.time_product(class, seed)
    }
}

#[tokio::test]
async fn rounds_are_computed_up_to_the_limit_and_the_claim_can_be_opened() {
    let engine = Engine::start(DEVICE, ReferenceProver).unwrap();
    engine.hold(work(1), 5, Vec::new()).unwrap();
    until(&engine, work(1), 5).await;
    let prepared = engine.prepare(work(1)).await.unwrap();
    assert_eq!(prepared.claim.rounds, 5);
    assert_eq!(prepared.roots.len(), 5);
    let opening = engine.open(work(1), prepared.claim, [9; 32]).await.unwrap();
    verify(
        &DEVICE,
        &work(1).challenge,
        &prepared.claim,
        &[9; 32],
        &opening.top,
        &opening.samples,
    )
    .unwrap();
    assert!(!engine.progress().borrow().busy);
}

#[tokio::test]
async fn an_earlier_claim_of_fewer_rounds_can_still_be_opened() {
    let engine = Engine::start(DEVICE, ReferenceProver).unwrap();
    engine.hold(work(1), 3, Vec::new()).unwrap();
    until(&engine, work(1), 3).await;
    let first = engine.prepare(work(1)).await.unwrap().claim;
    engine.hold(work(1), 6, Vec::new()).unwrap();
    until(&engine, work(1), 6).await;
    engine.open(work(1), first, [9; 32]).await.unwrap();
}

#[tokio::test]
async fn saved_rounds_are_gone_on_from_and_give_the_same_claim() {
    let engine = Engine::start(DEVICE, ReferenceProver).unwrap();
    engine.hold(work(1), 6, Vec::new()).unwrap();
    until(&engine, work(1), 6).await;
    let whole = engine.prepare(work(1)).await.unwrap();
    let again = Engine::start(DEVICE, ReferenceProver).unwrap();
    again.hold(work(1), 6, whole.roots[..4].to_vec()).unwrap();
    until(&again, work(1), 6).await;
    assert_eq!(again.prepare(work(1)).await.unwrap(), whole);
}

#[tokio::test]
async fn another_work_replaces_the_one_before() {
    let engine = Engine::start(DEVICE, ReferenceProver).unwrap();
    engine.hold(work(1), 1_000_000, Vec::new()).unwrap();
    until(&engine, work(1), 1).await;
    engine.hold(work(2), 2, Vec::new()).unwrap();
    until(&engine, work(2), 2).await;
    assert!(engine.holds(work(2)) && !engine.holds(work(1)));
    assert_eq!(engine.prepare(work(1)).await, Err(EngineError::NotThere));
}

#[tokio::test]
async fn pause_stops_after_the_round_that_runs() {
    let engine = Engine::start(DEVICE, ReferenceProver).unwrap();
    engine.hold(work(1), 1_000_000, Vec::new()).unwrap();
    until(&engine, work(1), 2).await;
    engine.pause().unwrap();
    engine
        .progress()
        .wait_for(|progress| !progress.busy)
        .await
        .unwrap();
    let (_, roots) = engine.roots().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(engine.roots().await.unwrap().unwrap().1, roots);
}

#[tokio::test]
async fn no_rounds_no_claim() {
    let engine = Engine::start(DEVICE, ReferenceProver).unwrap();
    assert_eq!(engine.prepare(work(1)).await, Err(EngineError::NotThere));
    engine.hold(work(1), 0, Vec::new()).unwrap();
    assert_eq!(engine.prepare(work(1)).await, Err(EngineError::NotThere));
}

#[tokio::test]
async fn a_device_that_is_wrong_all_along_is_found_out_before_the_commit() {
    let moody = Moody {
        inner: ReferenceProver,
        wrong_roots: true,
        wrong_leaves: Arc::default(),
    };
    let engine = Engine::start(DEVICE, moody).unwrap();
    engine.hold(work(1), 4, Vec::new()).unwrap();
    until(&engine, work(1), 4).await;
    let result = engine.prepare(work(1)).await;
    assert!(matches!(result, Err(EngineError::Faulty(_))), "{result:?}");
}

#[tokio::test]
async fn a_device_that_becomes_wrong_opens_nothing_false() {
    let wrong = Arc::new(AtomicBool::new(false));
    let moody = Moody {
        inner: ReferenceProver,
        wrong_roots: false,
        wrong_leaves: wrong.clone(),
    };
    let engine = Engine::start(DEVICE, moody).unwrap();
    engine.hold(work(1), 4, Vec::new()).unwrap();
    until(&engine, work(1), 4).await;
    let claim = engine.prepare(work(1)).await.unwrap().claim;
    wrong.store(true, Ordering::SeqCst);
    let result = engine.open(work(1), claim, [9; 32]).await;
    assert!(matches!(result, Err(EngineError::Faulty(_))), "{result:?}");
    let result = engine.prepare(work(1)).await;
    assert!(matches!(result, Err(EngineError::Faulty(_))), "{result:?}");
    // The fault passes: the opening is still possible.
    wrong.store(false, Ordering::SeqCst);
    engine.open(work(1), claim, [9; 32]).await.unwrap();
}

#[tokio::test]
async fn the_thread_ends_with_the_last_handle() {
    let engine = Engine::start(DEVICE, ReferenceProver).unwrap();
    engine.hold(work(1), 1_000_000, Vec::new()).unwrap();
    let mut progress = engine.progress();
    drop(engine);
    while progress.changed().await.is_ok() {}
}

#[cfg(feature = "adversary")]
#[tokio::test]
async fn an_overclaim_is_not_what_it_says() {
    let engine = Engine::start_overclaiming(DEVICE, ReferenceProver, 50).unwrap();
    engine.hold(work(1), 4, Vec::new()).unwrap();
    until(&engine, work(1), 4).await;
    let claim = engine.prepare(work(1)).await.unwrap().claim;
    assert_eq!(claim.rounds, 200);
    let result = engine.open(work(1), claim, [9; 32]).await;
    assert!(matches!(result, Err(EngineError::Faulty(_))), "{result:?}");
}
