// SPDX-License-Identifier: Apache-2.0
//! A worker that can't begin, but whose earlier life has committed: it opens, and begins nothing.

use super::*;

async fn finish(twin: &Twin, data: &Path) -> Ended {
    let engine = Engine::start(DEVICE, Box::new(ReferenceProver), None).unwrap();
    let openings = Openings::new(data, DEVICE).unwrap();
    let block = Duration::from_millis(200);
    let running = Running::run(Service::finishing(twin.clone(), engine, openings, DEVICE, block));
    running.control.send(Control::Drain).await.unwrap();
    running.end(twin).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_life_committed_to_is_opened_and_settled_and_nothing_is_begun() {
    for phase in [Phase::Work, Phase::Seed, Phase::Open] {
        let data = tempfile::tempdir().unwrap();
        let twin = twin(Faults::default(), 1);
        let mut running = Running::start(&twin, data.path());
        while count(&twin, commits) == 0 || twin.ledger(|l| l.census().phase) != phase {
            twin.advance();
            running.settle(&twin).await;
        }
        running.kill().await;
        let before = count(&twin, commits);
        assert_eq!(finish(&twin, data.path()).await, Ended::Drained);
        assert_eq!(count(&twin, commits), before, "killed in {phase:?}");
        let done = (count(&twin, openings), count(&twin, settlements));
        assert_eq!(done, (1, 1), "killed in {phase:?}");
        assert_eq!(count(&twin, slashes) + count(&twin, refusals), 0);
    }
}

#[tokio::test]
async fn before_the_chain_was_seen_what_is_on_the_disk_may_stand_on_it() {
    let out_of_reach = || {
        let faults = Faults {
            disconnect: 1_000,
            ..Faults::default()
        };
        twin(faults, 1)
    };
    let work = Work {
        census: 1,
        challenge: [1; 32],
        class: Class::Xs,
    };
    let data = tempfile::tempdir().unwrap();
    // Nothing is there: there is nothing to wait for.
    let running = Running::start(&out_of_reach(), data.path());
    running.control.send(Control::Leave).await.unwrap();
    let ended = running.task.await.unwrap().unwrap();
    assert_eq!(ended, Ended::Stopped { at_risk: None });
    Openings::new(data.path(), DEVICE)
        .unwrap()
        .save(&work, &[[1; 32]])
        .unwrap();
    let mut running = Running::start(&out_of_reach(), data.path());
    running.control.send(Control::Leave).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_millis(100), &mut running.task).await;
    assert!(ended.is_err(), "{ended:?}");
    running.control.send(Control::Stop).await.unwrap();
    let ended = running.task.await.unwrap().unwrap();
    assert_eq!(ended, Ended::Stopped { at_risk: Some(1) });
}

#[tokio::test]
async fn where_nothing_stands_it_ends_without_having_sent_anything() {
    let data = tempfile::tempdir().unwrap();
    let twin = twin(Faults::default(), 1);
    while twin.ledger(|l| l.census().phase) != Phase::Work {
        twin.advance();
    }
    // Rounds that an earlier life computed and did not commit to.
    let census = twin.ledger(|l| l.census());
    let work = Work {
        census: census.index,
        challenge: census.challenge,
        class: Class::Xs,
    };
    let openings = Openings::new(data.path(), DEVICE).unwrap();
    openings.save(&work, &[[1; 32]; 4]).unwrap();
    assert_eq!(finish(&twin, data.path()).await, Ended::Drained);
    assert_eq!(twin.sent(), 0);
}
