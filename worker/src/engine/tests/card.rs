// SPDX-License-Identifier: Apache-2.0
//! An engine on an emulated card.

use super::*;
use crate::prover::{
    choice::{choose, processor, Backend, Wish},
    cuda::{
        emulator::{Emulator, Fault},
        Route,
    },
};
use std::num::NonZeroUsize;

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

/// One with five rounds of work 1, and their claim.
async fn committed_on_a_card() -> Option<(Emulator, Engine, Claim)> {
    let (emulator, engine) = on_a_card()?;
    engine.hold(work(1), 5, Vec::new()).unwrap();
    until(&engine, work(1), 5).await;
    let claim = engine.prepare(work(1)).await.unwrap().claim;
    assert_eq!(claim.rounds, 5);
    Some((emulator, engine, claim))
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
    assert_eq!(card.rescues(), 0);
}

#[tokio::test]
async fn a_card_that_is_lost_in_a_census_commits_to_nothing_more_and_what_stands_is_opened() {
    let Some((emulator, engine, claim)) = committed_on_a_card().await else {
        return;
    };
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
    engine.open(work(1), claim, [9; 32], LEFT).await.unwrap();
    assert_eq!(engine.rescues(), 1);
}

#[tokio::test]
async fn a_card_that_errs_silently_is_opened_for_by_the_processor() {
    let Some((emulator, engine, claim)) = committed_on_a_card().await else {
        return;
    };
    emulator.fails(Fault::Miscomputes);
    engine.open(work(1), claim, [9; 32], LEFT).await.unwrap();
    assert_eq!(engine.rescues(), 1);
}
