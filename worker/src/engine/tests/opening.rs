// SPDX-License-Identifier: Apache-2.0
//! What is opened, by whom, when the device errs, hangs or is late.

use super::*;

/// A device that is consistent with itself, but does not the work that it is asked for.
fn of_other_work() -> ProverTwin {
    ProverTwin::new("of other work").with_root(|class, seed| {
        let mut seed = *seed;
        seed[0] ^= 1;
        ReferenceProver.root(class, &seed)
    })
}

/// A device whose leaves are wrong while it is told to lie.
fn wrong_while(wrong: &Arc<AtomicBool>) -> ProverTwin {
    let wrong = wrong.clone();
    ProverTwin::new("wrong").with_leaves(move |class, seed, indices| {
        let mut leaves = ReferenceProver.leaves(class, seed, indices)?;
        if wrong.load(Ordering::SeqCst) {
            leaves[0].leaf[0] ^= 1;
        }
        Ok(leaves)
    })
}

#[tokio::test]
async fn a_device_that_is_wrong_all_along_is_found_out_before_the_commit() {
    let moody = of_other_work();
    let engine = Engine::start(DEVICE, Box::new(moody), None).unwrap();
    engine.hold(work(1), 4, Vec::new()).unwrap();
    until(&engine, work(1), 4).await;
    let result = engine.prepare(work(1)).await;
    assert!(matches!(result, Err(EngineError::Faulty(_))), "{result:?}");
}

#[tokio::test]
async fn a_device_that_becomes_wrong_opens_nothing_false() {
    let wrong = Arc::new(AtomicBool::new(false));
    let moody = wrong_while(&wrong);
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
    let moody = wrong_while(&wrong);
    let (engine, claim) = committed(moody, rescue(&needed)).await;
    let right = engine.open(work(1), claim, [9; 32], LEFT).await.unwrap();
    assert_eq!(needed.load(Ordering::SeqCst), 0);
    wrong.store(true, Ordering::SeqCst);
    assert_eq!(engine.rescues(), 0);
    let rescued = engine.open(work(1), claim, [8; 32], LEFT).await.unwrap();
    assert_eq!((needed.load(Ordering::SeqCst), engine.rescues()), (1, 1));
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
        let moody = of_other_work();
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

/// A device that computes leaves once for each word that it gets, and without any once nobody is there to send one; how often it was asked.
fn waiting() -> (mpsc::Sender<()>, Arc<AtomicU32>, ProverTwin) {
    let (sender, word) = mpsc::channel();
    let asked = Arc::<AtomicU32>::default();
    let counted = asked.clone();
    let prover = ProverTwin::new("waiting").with_leaves(move |class, seed, indices| {
        counted.fetch_add(1, Ordering::SeqCst);
        word.recv().ok();
        ReferenceProver.leaves(class, seed, indices)
    });
    (sender, asked, prover)
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

/// Opens by a device that answers only once its rescue, which does `rescue`, has begun.
async fn open_late(rescue: fn() -> Result<Box<dyn Prover>, ProverError>) -> Result<Opening, EngineError> {
    let (word, _, prover) = waiting();
    let (begun, rescued) = mpsc::channel();
    let told: Rescue = Arc::new(move || {
        begun.send(()).unwrap();
        rescue()
    });
    let (engine, claim) = committed(prover, Some(told)).await;
    let opening = engine.open(work(1), claim, [9; 32], Duration::ZERO);
    let answers = async {
        tokio::task::spawn_blocking(move || rescued.recv())
            .await
            .unwrap()
            .unwrap();
        // If it fails, that has been heard of by then, as far as a test can tell.
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(word);
    };
    tokio::join!(opening, answers).0
}

#[tokio::test]
async fn a_device_that_is_only_slow_opens_if_it_is_first() {
    let never = || loop {
        std::thread::park();
    };
    open_late(never).await.unwrap();
}

#[tokio::test]
async fn a_slow_device_is_waited_for_where_the_rescue_fails() {
    open_late(|| Err(ProverError::NoBackend)).await.unwrap();
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
