// SPDX-License-Identifier: Apache-2.0
mod card;
mod opening;

use super::*;
use crate::{
    prover::ProverError,
    reference::{twin::ProverTwin, ReferenceProver},
};
use compute_proof::{verify, Class};
use std::sync::{
    atomic::{AtomicBool, AtomicU32, Ordering},
    mpsc,
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

#[tokio::test]
async fn rounds_in_batches_are_the_same_rounds_and_never_more_than_are_wanted() {
    let one_by_one = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    let most = Arc::new(AtomicU32::new(0));
    let asked = most.clone();
    let overlapping = ProverTwin::new("overlapping").overlapping(4, move |roots| {
        asked.fetch_max(u32::try_from(roots.len()).unwrap(), Ordering::SeqCst);
    });
    let batches = Engine::start(DEVICE, Box::new(overlapping), None).unwrap();
    for engine in [&one_by_one, &batches] {
        engine.hold(work(1), 11, Vec::new()).unwrap();
        until(engine, work(1), 11).await;
    }
    let prepared = batches.prepare(work(1)).await.unwrap();
    assert_eq!(prepared, one_by_one.prepare(work(1)).await.unwrap());
    assert_eq!(prepared.claim.rounds, 11);
    assert!((2..=4).contains(&most.load(Ordering::SeqCst)));
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
async fn a_device_that_fails_is_tried_again_in_the_next_work_and_given_up_after_two_in_a_row() {
    let fails = Arc::new(AtomicBool::new(true));
    let failing = fails.clone();
    let prover =
        ProverTwin::new("failing").with_root(move |class, seed| match failing.load(Ordering::SeqCst) {
            // It may get over that.
            true => Err(ProverError::Memory { class, bytes: 1 }),
            false => ReferenceProver.root(class, seed),
        });
    let engine = Engine::start(DEVICE, Box::new(prover), None).unwrap();
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
