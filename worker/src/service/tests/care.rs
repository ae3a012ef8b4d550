// SPDX-License-Identifier: Apache-2.0
//! A card that overheats aims at fewer rounds, and opens what it has committed to all the same.

use super::*;
use crate::telemetry::sensors::Reading;

fn at(temperature: u32) -> Watched {
    Watched {
        reading: Some(Reading {
            temperature: Some(temperature),
            slowdown: Some(90),
            ..Reading::default()
        }),
        ..Watched::default()
    }
}

#[tokio::test]
async fn a_card_past_its_limit_rests_and_works_again_once_it_is_cool() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let (sensors, card) = watch::channel(at(50));
    let service = Service {
        card,
        ..service(&twin, data.path())
    };
    let (control, asked) = mpsc::channel(4);
    let watchers = watch::Sender::new(service.snapshot());
    let watch = watchers.subscribe();
    let task = tokio::spawn(service.run(asked, watchers));
    let mut running = Running { task, control, watch };
    // Past its limit before the census opens: it computes nothing.
    sensors.send_replace(at(95));
    running
        .watch
        .wait_for(|snapshot| snapshot.state.pace() == Pace::REST)
        .await
        .unwrap();
    while twin.ledger(|l| l.census().index) == 0 {
        twin.advance();
        running.settle(&twin).await;
    }
    assert_eq!(running.watch.borrow().progress.computed, 0);
    // Cool again: what is left of the window is enough for a commit.
    sensors.send_replace(at(50));
    running
        .watch
        .wait_for(|snapshot| snapshot.progress.computed > 0)
        .await
        .unwrap();
    // Hot again after the commit: the opening does not wait for that.
    while count(&twin, commits) == 0 {
        twin.advance();
        running.settle(&twin).await;
    }
    sensors.send_replace(at(95));
    pass(&twin, &mut running, 0).await;
    assert_eq!((count(&twin, openings), count(&twin, slashes)), (1, 0));
    running.kill().await;
}

#[tokio::test]
async fn a_worker_that_is_to_leave_goes_at_once_if_nothing_stands_on_the_chain() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    twin.advance();
    running.settle(&twin).await;
    running.control.send(Control::Leave).await.unwrap();
    assert_eq!(
        running.task.await.unwrap().unwrap(),
        Ended::Stopped { at_risk: None }
    );
}

#[tokio::test]
async fn a_worker_that_is_to_leave_waits_for_a_commit_that_is_on_its_way() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    while twin.ledger(|l| l.census().phase) != Phase::Work || twin.waiting() == 0 {
        twin.advance();
        running.settle(&twin).await;
    }
    // It waits in the pool: no block shows it.
    assert!(twin.ledger(|l| l.commit()).is_none());
    running.control.send(Control::Leave).await.unwrap();
    assert_eq!(running.end(&twin).await, Ended::Drained);
    assert_eq!((count(&twin, openings), count(&twin, slashes)), (1, 0));
}

#[tokio::test]
async fn an_earlier_census_that_is_only_to_be_settled_keeps_no_worker_from_leaving() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    while count(&twin, openings) == 0 {
        twin.advance();
        running.settle(&twin).await;
    }
    running.kill().await;
    // It comes back in the next census, with the one before still to be settled.
    while twin.ledger(|l| l.census().index) == 1 {
        twin.advance();
    }
    let mut running = Running::start(&twin, data.path());
    running.settle(&twin).await;
    assert!(twin.ledger(|l| l.commit()).is_some());
    running.control.send(Control::Leave).await.unwrap();
    assert_eq!(
        running.task.await.unwrap().unwrap(),
        Ended::Stopped { at_risk: None }
    );
}

#[tokio::test]
async fn a_worker_that_is_to_leave_opens_first_what_stands_on_the_chain() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    let mut running = Running::start(&twin, data.path());
    while twin.ledger(|l| l.census().phase) != Phase::Seed {
        twin.advance();
        running.settle(&twin).await;
    }
    running.control.send(Control::Leave).await.unwrap();
    assert_eq!(running.end(&twin).await, Ended::Drained);
    assert_eq!((count(&twin, openings), count(&twin, slashes)), (1, 0));
}
