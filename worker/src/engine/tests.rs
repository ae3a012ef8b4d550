// SPDX-License-Identifier: Apache-2.0
use super::*;
use crate::{
    prover::{
        choice::{choose, Backend, Wish},
        cuda::{
            emulator::{Emulator, Fault},
            Route,
        },
        ProverError,
    },
    reference::ReferenceProver,
};
use compute_proof::{prove::LeafProof, Class};
use std::sync::{
    atomic::{AtomicBool, AtomicU32, Ordering},
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

/// The reference, with rounds that overlap as far as anyone can tell; notes how many were asked for at a time.
struct Overlapping(Arc<AtomicU32>);

impl Prover for Overlapping {
    fn name(&self) -> &'static str {
        "overlapping"
    }

    fn threads(&self) -> usize {
        1
    }

    fn at_once(&self) -> u32 {
        4
    }

    fn root(&mut self, class: Class, seed: &Hash) -> Result<Hash, ProverError> {
        ReferenceProver.root(class, seed)
    }

    fn roots(
        &mut self,
        class: Class,
        key: &Hash,
        first: u32,
        before: [Hash; 2],
        count: u32,
    ) -> Result<Vec<Hash>, ProverError> {
        self.0.fetch_max(count, Ordering::SeqCst);
        ReferenceProver.roots(class, key, first, before, count)
    }

    fn leaves(&mut self, class: Class, seed: &Hash, indices: &[u32]) -> Result<Vec<LeafProof>, ProverError> {
        ReferenceProver.leaves(class, seed, indices)
    }

    fn time_product(&mut self, class: Class, seed: &Hash) -> Result<Duration, ProverError> {
        ReferenceProver.time_product(class, seed)
    }
}

#[tokio::test]
async fn rounds_in_batches_are_the_same_rounds_and_never_more_than_are_wanted() {
    let one_by_one = Engine::start(DEVICE, ReferenceProver).unwrap();
    let most = Arc::new(AtomicU32::new(0));
    let batches = Engine::start(DEVICE, Overlapping(most.clone())).unwrap();
    for engine in [&one_by_one, &batches] {
        engine.hold(work(1), 11, Vec::new()).unwrap();
        until(engine, work(1), 11).await;
    }
    let prepared = batches.prepare(work(1)).await.unwrap();
    assert_eq!(prepared, one_by_one.prepare(work(1)).await.unwrap());
    assert_eq!(prepared.claim.rounds, 11);
    assert!((2..=4).contains(&most.load(Ordering::SeqCst)));
}

/// An engine on an emulated card; `None` where kernels can't be built.
fn on_a_card() -> Option<(Emulator, Engine)> {
    let emulator = Emulator::new((9, 0))?;
    let wish = Wish {
        backend: Some(Backend::Route(Route::Wgmma)),
        ..Wish::default()
    };
    let prover = choose(&emulator.platform(), &wish).unwrap();
    Some((emulator, Engine::start(DEVICE, prover).unwrap()))
}

#[tokio::test]
async fn a_card_proves_what_the_reference_proves() {
    let Some((_, card)) = on_a_card() else { return };
    let reference = Engine::start(DEVICE, ReferenceProver).unwrap();
    for engine in [&card, &reference] {
        engine.hold(work(1), 9, Vec::new()).unwrap();
        until(engine, work(1), 9).await;
    }
    let prepared = card.prepare(work(1)).await.unwrap();
    assert_eq!(prepared, reference.prepare(work(1)).await.unwrap());
    let seed = [9; 32];
    assert_eq!(
        card.open(work(1), prepared.claim, seed).await.unwrap(),
        reference.open(work(1), prepared.claim, seed).await.unwrap()
    );
}

#[tokio::test]
async fn a_card_that_is_lost_in_a_census_ends_it_cleanly_and_what_was_done_is_committed_and_opened() {
    let Some((emulator, engine)) = on_a_card() else {
        return;
    };
    engine.hold(work(1), 5, Vec::new()).unwrap();
    until(&engine, work(1), 5).await;
    emulator.fails(Fault::LostAtLaunch(7));
    emulator.fails(Fault::Gone);
    engine.hold(work(1), 1_000_000, Vec::new()).unwrap();
    while !emulator.has_lost_a_card() || engine.progress().borrow().busy {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The processor checks and opens in its place.
    let prepared = engine.prepare(work(1)).await.unwrap();
    assert_eq!(prepared.claim.rounds, 5);
    engine.open(work(1), prepared.claim, [9; 32]).await.unwrap();
    // Back for the next census.
    emulator.heals();
    engine.hold(work(2), 3, Vec::new()).unwrap();
    until(&engine, work(2), 3).await;
    assert_eq!(engine.prepare(work(2)).await.unwrap().claim.rounds, 3);
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
