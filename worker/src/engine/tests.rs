// SPDX-License-Identifier: Apache-2.0
use super::*;
use crate::{
    prover::{
        choice::{choose, processor, Backend, Wish},
        cuda::{
            emulator::{Emulator, Fault},
            Route,
        },
        ProverError,
    },
    reference::ReferenceProver,
};
use compute_proof::{prove::LeafProof, verify, Class};
use std::{
    num::NonZeroUsize,
    sync::{
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
};

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xAA; 32],
};

/// What is left of an opening window.
const LEFT: Duration = Duration::from_secs(300);

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
    let engine = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    engine.hold(work(1), 5, Vec::new()).unwrap();
    until(&engine, work(1), 5).await;
    let prepared = engine.prepare(work(1)).await.unwrap();
    assert_eq!(prepared.claim.rounds, 5);
    assert_eq!(prepared.roots.len(), 5);
    let opening = engine.open(work(1), prepared.claim, [9; 32], LEFT).await.unwrap();
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
    let one_by_one = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    let most = Arc::new(AtomicU32::new(0));
    let batches = Engine::start(DEVICE, Box::new(Overlapping(most.clone())), None).unwrap();
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
    assert!(prover.is_card());
    let rescue = Some(processor(NonZeroUsize::new(1)));
    Some((emulator, Engine::start(DEVICE, prover, rescue).unwrap()))
}

#[tokio::test]
async fn a_card_proves_what_the_reference_proves() {
    let Some((_, card)) = on_a_card() else { return };
    let reference = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    for engine in [&card, &reference] {
        engine.hold(work(1), 9, Vec::new()).unwrap();
        until(engine, work(1), 9).await;
    }
    let prepared = card.prepare(work(1)).await.unwrap();
    assert_eq!(prepared, reference.prepare(work(1)).await.unwrap());
    let seed = [9; 32];
    assert_eq!(
        card.open(work(1), prepared.claim, seed, LEFT).await.unwrap(),
        reference.open(work(1), prepared.claim, seed, LEFT).await.unwrap()
    );
}

#[tokio::test]
async fn a_card_that_is_lost_in_a_census_commits_to_nothing_more_and_what_stands_is_opened() {
    let Some((emulator, engine)) = on_a_card() else {
        return;
    };
    engine.hold(work(1), 5, Vec::new()).unwrap();
    until(&engine, work(1), 5).await;
    let prepared = engine.prepare(work(1)).await.unwrap();
    assert_eq!(prepared.claim.rounds, 5);
    assert!(!engine.is_lost());
    emulator.fails(Fault::LostAtLaunch(7));
    emulator.fails(Fault::Gone);
    engine.hold(work(1), 1_000_000, Vec::new()).unwrap();
    while !emulator.has_lost_a_card() || engine.progress().borrow().busy {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Another process may get it back.
    assert!(engine.is_lost());
    // The processor says nothing of the card, so it does not check in its place.
    let result = engine.prepare(work(1)).await;
    assert!(
        matches!(&result, Err(EngineError::Faulty(reason)) if reason.contains("lost")),
        "{result:?}"
    );
    // It opens in its place.
    engine.open(work(1), prepared.claim, [9; 32], LEFT).await.unwrap();
}

#[tokio::test]
async fn a_card_that_errs_silently_is_opened_for_by_the_processor() {
    let Some((emulator, engine)) = on_a_card() else {
        return;
    };
    engine.hold(work(1), 5, Vec::new()).unwrap();
    until(&engine, work(1), 5).await;
    let claim = engine.prepare(work(1)).await.unwrap().claim;
    emulator.fails(Fault::Miscomputes);
    engine.open(work(1), claim, [9; 32], LEFT).await.unwrap();
}

#[tokio::test]
async fn an_earlier_claim_of_fewer_rounds_can_still_be_opened() {
    let engine = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    engine.hold(work(1), 3, Vec::new()).unwrap();
    until(&engine, work(1), 3).await;
    let first = engine.prepare(work(1)).await.unwrap().claim;
    engine.hold(work(1), 6, Vec::new()).unwrap();
    until(&engine, work(1), 6).await;
    engine.open(work(1), first, [9; 32], LEFT).await.unwrap();
}

#[tokio::test]
async fn saved_rounds_are_gone_on_from_and_give_the_same_claim() {
    let engine = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    engine.hold(work(1), 6, Vec::new()).unwrap();
    until(&engine, work(1), 6).await;
    let whole = engine.prepare(work(1)).await.unwrap();
    let again = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    again.hold(work(1), 6, whole.roots[..4].to_vec()).unwrap();
    until(&again, work(1), 6).await;
    assert_eq!(again.prepare(work(1)).await.unwrap(), whole);
}

#[tokio::test]
async fn another_work_replaces_the_one_before() {
    let engine = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    engine.hold(work(1), 1_000_000, Vec::new()).unwrap();
    until(&engine, work(1), 1).await;
    engine.hold(work(2), 2, Vec::new()).unwrap();
    until(&engine, work(2), 2).await;
    assert!(engine.holds(work(2)) && !engine.holds(work(1)));
    assert_eq!(engine.prepare(work(1)).await, Err(EngineError::NotThere));
}

#[tokio::test]
async fn pause_stops_after_the_round_that_runs() {
    let engine = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    engine.hold(work(1), 1_000_000, Vec::new()).unwrap();
    until(&engine, work(1), 2).await;
    engine.pause().unwrap();
    engine
        .progress()
        .wait_for(|progress| !progress.busy)
        .await
        .unwrap();
    let (_, roots) = engine.roots().unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(engine.roots().unwrap().1, roots);
}

#[tokio::test]
async fn no_rounds_no_claim() {
    let engine = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
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
    let engine = Engine::start(DEVICE, Box::new(moody), None).unwrap();
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
    let engine = Engine::start(DEVICE, Box::new(moody), None).unwrap();
    engine.hold(work(1), 4, Vec::new()).unwrap();
    until(&engine, work(1), 4).await;
    let claim = engine.prepare(work(1)).await.unwrap().claim;
    wrong.store(true, Ordering::SeqCst);
    let result = engine.open(work(1), claim, [9; 32], LEFT).await;
    assert!(matches!(result, Err(EngineError::Faulty(_))), "{result:?}");
    let result = engine.prepare(work(1)).await;
    assert!(matches!(result, Err(EngineError::Faulty(_))), "{result:?}");
    // The fault passes: the opening is still possible.
    wrong.store(false, Ordering::SeqCst);
    engine.open(work(1), claim, [9; 32], LEFT).await.unwrap();
}

/// What opens in place of the device; counts how often it was needed.
fn rescue(needed: &Arc<AtomicU32>) -> Option<Rescue> {
    let needed = needed.clone();
    Some(Arc::new(move || {
        needed.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(ReferenceProver))
    }))
}

/// An engine with four rounds of work 1, and their claim.
async fn committed(prover: impl Prover + 'static, rescue: Option<Rescue>) -> (Engine, Claim) {
    let engine = Engine::start(DEVICE, Box::new(prover), rescue).unwrap();
    engine.hold(work(1), 4, Vec::new()).unwrap();
    until(&engine, work(1), 4).await;
    let (_, roots) = engine.roots().unwrap();
    let store = RoundStore::from_roots(&work(1).challenge, &DEVICE, Class::Xs, roots).unwrap();
    (engine, store.claim())
}

#[tokio::test]
async fn wrong_leaves_without_an_error_are_left_to_the_rescue_and_right_ones_are_not() {
    let (wrong, needed) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let moody = Moody {
        inner: ReferenceProver,
        wrong_roots: false,
        wrong_leaves: wrong.clone(),
    };
    let (engine, claim) = committed(moody, rescue(&needed)).await;
    let right = engine.open(work(1), claim, [9; 32], LEFT).await.unwrap();
    assert_eq!(needed.load(Ordering::SeqCst), 0);
    wrong.store(true, Ordering::SeqCst);
    let rescued = engine.open(work(1), claim, [8; 32], LEFT).await.unwrap();
    assert_eq!(needed.load(Ordering::SeqCst), 1);
    verify(
        &DEVICE,
        &work(1).challenge,
        &claim,
        &[8; 32],
        &rescued.top,
        &rescued.samples,
    )
    .unwrap();
    assert_eq!(right.top, rescued.top);
    // The check is the device's alone.
    let result = engine.prepare(work(1)).await;
    assert!(matches!(result, Err(EngineError::Faulty(_))), "{result:?}");
    assert_eq!(needed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_neither_can_open_is_said_of_both() {
    // Its rounds are others than the rescue's; and a rescue that is not to be had.
    for (rescue, said) in [
        (rescue(&Arc::default()), "another root"),
        (
            Some(Arc::new(|| Err(ProverError::NoBackend)) as Rescue),
            "no backend",
        ),
    ] {
        let moody = Moody {
            inner: ReferenceProver,
            wrong_roots: true,
            wrong_leaves: Arc::default(),
        };
        let (engine, claim) = committed(moody, rescue).await;
        match engine.open(work(1), claim, [9; 32], LEFT).await {
            Err(EngineError::Faulty(reason)) => {
                let (device, processor) = reason.split_once("; on the processor: ").unwrap();
                assert!(device.contains("another root"), "{reason}");
                assert!(processor.contains(said), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Computes leaves once for each word that it gets, and without any once nobody is there to send one.
struct Waiting {
    word: mpsc::Receiver<()>,
    asked: Arc<AtomicU32>,
}

impl Prover for Waiting {
    fn name(&self) -> &'static str {
        "waiting"
    }

    fn threads(&self) -> usize {
        1
    }

    fn root(&mut self, class: Class, seed: &Hash) -> Result<Hash, ProverError> {
        ReferenceProver.root(class, seed)
    }

    fn leaves(&mut self, class: Class, seed: &Hash, indices: &[u32]) -> Result<Vec<LeafProof>, ProverError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.word.recv().ok();
        ReferenceProver.leaves(class, seed, indices)
    }

    fn time_product(&mut self, class: Class, seed: &Hash) -> Result<Duration, ProverError> {
        ReferenceProver.time_product(class, seed)
    }
}

fn waiting() -> (mpsc::Sender<()>, Arc<AtomicU32>, Waiting) {
    let (sender, word) = mpsc::channel();
    let asked = Arc::<AtomicU32>::default();
    (sender, asked.clone(), Waiting { word, asked })
}

#[tokio::test]
async fn a_device_that_hangs_is_opened_for_by_the_rescue_and_keeps_no_roots_to_itself() {
    let (word, _, prover) = waiting();
    let needed = Arc::default();
    let (engine, claim) = committed(prover, rescue(&needed)).await;
    engine
        .open(work(1), claim, [9; 32], Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(needed.load(Ordering::SeqCst), 1);
    // While it hangs still.
    assert_eq!(engine.roots().unwrap().1.len(), 4);
    drop(word);
}

#[tokio::test]
async fn a_device_that_is_only_slow_opens_if_it_is_first() {
    let (word, _, prover) = waiting();
    let (begun, rescued) = mpsc::channel();
    let never: Rescue = Arc::new(move || {
        begun.send(()).unwrap();
        loop {
            std::thread::park();
        }
    });
    let (engine, claim) = committed(prover, Some(never)).await;
    let opening = engine.open(work(1), claim, [9; 32], Duration::ZERO);
    let answers = async {
        tokio::task::spawn_blocking(move || rescued.recv())
            .await
            .unwrap()
            .unwrap();
        drop(word);
    };
    let (opening, ()) = tokio::join!(opening, answers);
    opening.unwrap();
}

#[tokio::test]
async fn a_device_without_a_rescue_has_all_the_time_it_needs() {
    let (engine, claim) = committed(ReferenceProver, None).await;
    engine
        .open(work(1), claim, [9; 32], Duration::ZERO)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_opening_that_was_begun_ahead_is_not_computed_twice_and_another_seed_ends_it() {
    let (word, asked, prover) = waiting();
    let (engine, claim) = committed(prover, None).await;
    // The rounds that each seed samples.
    let rounds = |seed: [u8; 32]| {
        let (_, roots) = engine.roots().unwrap();
        let store = RoundStore::from_roots(&work(1).challenge, &DEVICE, Class::Xs, roots).unwrap();
        let positions = store.positions(&seed).unwrap();
        let rounds: std::collections::BTreeSet<u32> =
            positions.iter().map(|position| position.round).collect();
        u32::try_from(rounds.len()).unwrap()
    };
    engine.anticipate(work(1), claim, [9; 32], LEFT).unwrap();
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // A fork has brought another seed: of the first opening not another round is begun.
    engine.anticipate(work(1), claim, [8; 32], LEFT).unwrap();
    // Whoever waited for it is gone for good once the runtime has been at it.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    drop(word);
    let opening = engine.open(work(1), claim, [8; 32], LEFT).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1 + rounds([8; 32]));
    let again = engine.open(work(1), claim, [8; 32], LEFT).await.unwrap();
    assert_eq!(again, opening);
    assert_eq!(asked.load(Ordering::SeqCst), 1 + rounds([8; 32]));
}

#[tokio::test]
async fn nothing_is_opened_of_rounds_that_are_not_there() {
    let (engine, claim) = committed(ReferenceProver, None).await;
    let more = Claim { rounds: 5, ..claim };
    for (work, claim) in [(work(2), claim), (work(1), more)] {
        let result = engine.open(work, claim, [9; 32], LEFT).await;
        assert_eq!(result, Err(EngineError::NotThere));
        assert_eq!(
            engine.anticipate(work, claim, [9; 32], LEFT),
            Err(EngineError::NotThere)
        );
    }
}

/// Fails at rounds while told to, in a way that it may get over.
struct Failing(Arc<AtomicBool>);

impl Prover for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    fn threads(&self) -> usize {
        1
    }

    fn root(&mut self, class: Class, seed: &Hash) -> Result<Hash, ProverError> {
        match self.0.load(Ordering::SeqCst) {
            true => Err(ProverError::Memory { class, bytes: 1 }),
            false => ReferenceProver.root(class, seed),
        }
    }

    fn leaves(&mut self, class: Class, seed: &Hash, indices: &[u32]) -> Result<Vec<LeafProof>, ProverError> {
        ReferenceProver.leaves(class, seed, indices)
    }

    fn time_product(&mut self, class: Class, seed: &Hash) -> Result<Duration, ProverError> {
        ReferenceProver.time_product(class, seed)
    }
}

#[tokio::test]
async fn a_device_that_fails_is_tried_again_in_the_next_work_and_given_up_after_two_in_a_row() {
    let fails = Arc::new(AtomicBool::new(true));
    let engine = Engine::start(DEVICE, Box::new(Failing(fails.clone())), None).unwrap();
    let fail = async |census, failures| {
        fails.store(true, Ordering::SeqCst);
        engine.hold(work(census), 2, Vec::new()).unwrap();
        engine
            .progress()
            .wait_for(|progress| progress.failures == failures && !progress.busy)
            .await
            .unwrap();
    };
    fail(1, 1).await;
    assert!(!engine.is_lost());
    fails.store(false, Ordering::SeqCst);
    engine.hold(work(2), 2, Vec::new()).unwrap();
    until(&engine, work(2), 2).await;
    fail(3, 2).await;
    assert!(!engine.is_lost());
    fail(4, 3).await;
    assert!(engine.is_lost());
}

#[tokio::test]
async fn the_thread_ends_with_the_last_handle() {
    let engine = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    engine.hold(work(1), 1_000_000, Vec::new()).unwrap();
    let mut progress = engine.progress();
    drop(engine);
    while progress.changed().await.is_ok() {}
}

#[cfg(feature = "adversary")]
#[tokio::test]
async fn an_overclaim_is_not_what_it_says() {
    let engine = Engine::start_overclaiming(DEVICE, Box::new(ReferenceProver), None, 50).unwrap();
    engine.hold(work(1), 4, Vec::new()).unwrap();
    until(&engine, work(1), 4).await;
    let claim = engine.prepare(work(1)).await.unwrap().claim;
    assert_eq!(claim.rounds, 200);
    let result = engine.open(work(1), claim, [9; 32], LEFT).await;
    assert!(matches!(result, Err(EngineError::Faulty(_))), "{result:?}");
}
