// SPDX-License-Identifier: Apache-2.0
//! A device that computes wrongly commits to nothing, and everybody who looks is told why.

use super::*;
use crate::{reference::twin::ProverTwin, state::Obstacle};
use std::sync::{
    atomic::{AtomicBool, Ordering},
    Arc,
};

/// A card of which one unit is broken while told to be: consistent with itself, and wrong in an eighth of the cells.
fn with_a_broken_unit(broken: &Arc<AtomicBool>) -> ProverTwin {
    let broken = broken.clone();
    ProverTwin::bent("broken", move |digests| {
        if broken.load(Ordering::SeqCst) {
            digests[..8 * 64].iter_mut().for_each(|digest| *digest ^= 1);
        }
    })
}

#[tokio::test]
async fn a_broken_device_sends_no_commit_says_why_and_earns_again_once_it_is_mended() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let broken = Arc::new(AtomicBool::new(true));
    let service = Service {
        engine: Engine::start(DEVICE, Box::new(with_a_broken_unit(&broken)), None).unwrap(),
        ..service(&twin, data.path())
    };
    let (control, asked) = mpsc::channel(4);
    let watchers = watch::Sender::new(service.snapshot());
    let watch = watchers.subscribe();
    let task = tokio::spawn(service.run(asked, watchers));
    let mut running = Running { task, control, watch };
    while twin.ledger(|l| l.census().phase) != Phase::Seed {
        twin.advance();
        running.settle(&twin).await;
    }
    assert_eq!(twin.sent(), 0);
    {
        let snapshot = running.watch.borrow();
        assert_eq!(
            snapshot.state.standing_obstacle(),
            Some(Obstacle::Faulty),
            "it does not go on in this census"
        );
        let withheld = snapshot.withheld.clone().unwrap();
        assert_eq!(withheld.census, 1);
        assert!(
            withheld.reason.contains("round ") && withheld.reason.contains("cell ("),
            "{withheld}"
        );
        assert_eq!(snapshot.progress.checks.failed, 1);
        let counted: u64 = snapshot
            .tally
            .iter()
            .filter_map(|(task, outcome, count)| {
                (task == Tally::COMMIT && outcome == Tally::WITHHELD).then_some(count)
            })
            .sum();
        assert_eq!(counted, 1);
    }
    broken.store(false, Ordering::SeqCst);
    pass(&twin, &mut running, 1).await;
    assert_eq!(running.watch.borrow().withheld, None);
    assert!(count(&twin, commits) > 0 && count(&twin, slashes) == 0);
    running.kill().await;
}
