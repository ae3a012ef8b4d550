// SPDX-License-Identifier: Apache-2.0
//! Every route of every card of this machine, where there are any, against the processor on fresh seeds.

use super::*;
use crate::prover::{cpu::Cpu, one_by_one};

/// Holds all routes of all cards to what the processor computes. Says of how many routes and classes.
fn compare(platform: &Arc<dyn Platform>, cards: &[Info], classes: &[Class]) -> usize {
    let mut cpu = Cpu::fastest(None).unwrap();
    let mut compared = 0;
    for &class in classes {
        let seed = fresh_seed();
        let somewhere = u32::from_le_bytes([seed[0], seed[1], seed[2], seed[3]]) % class.leaves();
        let indices = [0, class.leaves_per_row() - 1, somewhere, class.leaves() - 1];
        let leaves = cpu.leaves(class, &seed, &indices).unwrap();
        let root = fold(&NODE_KEY, keyed(&seed, &leaves[0].leaf), 0, &leaves[0].path);
        let routes = cards.iter().flat_map(|card| {
            let fits = |route: &Route| {
                route.check(card).is_ok() && route.library().is_none_or(|library| platform.has(library))
            };
            Route::ALL
                .into_iter()
                .filter(fits)
                .map(|route| (card.index, route))
        });
        for (index, route) in routes {
            let mut cuda = Cuda::unchecked(platform, index, route);
            match cuda.root(class, &seed) {
                Err(error) if error.is_memory() => {
                    println!("card {index}, {route}, {class}: skipped: {error}");
                    continue;
                }
                found => assert_eq!(found.unwrap(), root, "card {index}, {route}, {class}"),
            }
            assert_eq!(
                cuda.leaves(class, &seed, &indices).unwrap(),
                leaves,
                "card {index}, {route}, {class}"
            );
            // Seeds that the card derives itself, of rounds that overlap.
            assert_eq!(
                cuda.roots(class, &seed, 1, [ZERO, ZERO], 5).unwrap(),
                one_by_one(&mut cuda, class, &seed, 1, [ZERO, ZERO], 5).unwrap(),
                "card {index}, {route}, {class}"
            );
            println!("card {index}, {route}, {class}: equal");
            compared += 1;
        }
    }
    compared
}

#[test]
fn every_route_of_every_card_here_computes_what_the_processor_computes() {
    let platform = here();
    // None where there is no card, no compiler, or none that is new enough.
    let compared = match platform.cards() {
        Ok(cards) if platform.has(Library::Nvrtc) => compare(&platform, &cards, &Class::ALL),
        Ok(_) => 0,
        Err(error) => {
            println!("skipped: {error}");
            0
        }
    };
    assert!(
        compared > 0 || std::env::var_os("ERGON_REQUIRE_CARD").is_none(),
        "ERGON_REQUIRE_CARD is set, and no route of a card was compared"
    );
}

/// Where there is no card, that comparison is tried at least.
#[test]
fn the_comparison_compares() {
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    let platform = emulator.platform();
    let cards = platform.cards().unwrap();
    assert_eq!(compare(&platform, &cards, &[Class::Xs]), Route::ALL.len());
    emulator.fails(Fault::Miscomputes);
    let wrong = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        compare(&platform, &cards, &[Class::Xs])
    }));
    assert!(wrong.is_err());
}
