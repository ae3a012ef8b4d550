// SPDX-License-Identifier: Apache-2.0
//! The real server on loopback: honest miners, and those that are not.

mod hostile;
mod rig;

use super::*;
use crate::stratum::{
    core::Room,
    director::{Director, Window},
    job::Source,
    session::Forward,
};
use compute_proof::{
    device_key,
    hashrate::{share_hash, verify, MAX_TIME_AHEAD, SHARES},
    Device,
};
use rig::Rig;
use std::sync::{Arc, Mutex};
use tokio::time::timeout;

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xaa; 32],
};

/// A server with everything around it.
pub struct House {
    pub address: SocketAddr,
    pub context: Context,
    publish: watch::Sender<Arc<Work>>,
    director: Mutex<Director>,
    pub pool: mpsc::Receiver<ToPool>,
    _task: JoinSet<()>,
}

impl House {
    pub async fn open(limits: Limits, room: Room) -> Self {
        let mut director = Director::new(DEVICE, Duration::from_secs(60));
        let window = Window {
            index: 1,
            challenge: [1; 32],
            opened: unix_now(),
        };
        director.set_census(Some(window));
        let publish = watch::Sender::new(director.work(unix_now()));
        let (to_pool, pool) = mpsc::channel(16);
        let shared = Shared::new(room, Split::CENSUS, 0);
        shared.collect(Some([1; 32]));
        let context = Context {
            shared,
            split: Split::CENSUS,
            difficulty: Difficulty::from_hashes(64),
            // So many that the difficulty stays where it is.
            per_minute: 100_000,
            limits,
            work: publish.subscribe(),
            pool: to_pool,
            begun: Instant::now(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(listen(listener, context.clone()));
        Self {
            address,
            context,
            publish,
            director: Mutex::new(director),
            pool,
            _task: task,
        }
    }

    pub async fn usual() -> Self {
        let room = Room {
            connections: 4_000,
            per_address: 4_000,
        };
        Self::open(Limits::default(), room).await
    }

    pub fn direct(&self, change: impl FnOnce(&mut Director)) {
        let mut director = self.director.lock().unwrap();
        change(&mut director);
        self.publish.send_replace(director.work(unix_now()));
    }

    /// Takes the next share as the pool would.
    async fn take_share(&mut self) -> Forward {
        let next = timeout(Duration::from_secs(20), self.pool.recv());
        let ToPool { share, back, answer } = next.await.expect("no share for the pool").unwrap();
        let taken = Answer {
            result: Ok(()),
            ..answer
        };
        back.send(taken).await.unwrap();
        share
    }

    /// Waits until so many connections are open.
    pub async fn until_open(&self, wanted: impl Fn(usize) -> bool) {
        for _ in 0..1_000 {
            if wanted(self.context.shared.connections()) {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("{} connections are open", self.context.shared.connections());
    }
}

#[tokio::test]
async fn two_miners_fill_a_proof_that_the_chain_takes() {
    let house = House::usual().await;
    let (mut a, mut b) = (
        Rig::join(house.address, "a").await,
        Rig::join(house.address, "b").await,
    );
    for _ in 0..40 {
        a.mine().await.unwrap();
        b.mine().await.unwrap();
    }
    let best = house.context.shared.best(&[1; 32]).unwrap();
    assert_eq!(best.len(), SHARES as usize);
    let now = unix_now();
    let hashes = verify(
        &DEVICE,
        &[1; 32],
        &(now - 60..=now + MAX_TIME_AHEAD),
        &best.shares(),
    )
    .unwrap();
    let made = a.hashes + b.hashes;
    // Six standard errors: the difficulty is low enough for the smallest hashes to be among the shares.
    assert!(
        hashes.abs_diff(made.into()) < u128::from(made) * 3 / 4,
        "{hashes} of {made}"
    );
    let key = device_key(&[1; 32], &DEVICE);
    let seats: std::collections::HashSet<_> = best.shares().iter().map(|share| share.extranonce1).collect();
    assert_eq!(seats.len(), 2, "each has its own extranonce1");
    assert!(best
        .iter()
        .all(|(hash, share)| share_hash(&key, &[1; 32], share) == *hash));
    let report = house.context.shared.report(house.context.begun.elapsed());
    assert_eq!(
        report
            .miners
            .iter()
            .map(|row| row.counts.accepted)
            .collect::<Vec<_>>(),
        [40, 40]
    );
}

#[tokio::test]
async fn the_source_changes_under_a_connection_that_stays() {
    let mut house = House::usual().await;
    let mut rig = Rig::join(house.address, "a").await;
    rig.mine().await.unwrap();
    let template = crate::stratum::job::Template {
        source: Source::Upstream { id: "pool-1".into() },
        branches: vec![[9; 32]],
        ..crate::stratum::job::Template::idle(&DEVICE, unix_now())
    };
    house.direct(|director| {
        director.set_pool(template, Difficulty::from_hashes(32), true);
        director.set_census(None);
    });
    rig.job_with(|template| !template.branches.is_empty()).await;
    let (answer, forwarded) = tokio::join!(rig.mine(), house.take_share());
    answer.unwrap();
    assert_eq!(forwarded.job, "pool-1");
    assert_eq!(forwarded.extranonce2.len(), 12);
    // A pool that is not there is no reason to drop anybody.
    house.pool.close();
    while house.pool.recv().await.is_some() {}
    let refusal = rig.mine().await.unwrap_err();
    assert!(refusal.contains("pool"), "{refusal}");
    house.direct(|director| {
        let window = Window {
            index: 2,
            challenge: [2; 32],
            opened: unix_now(),
        };
        director.set_census(Some(window));
    });
    house.context.shared.collect(Some([2; 32]));
    rig.job_with(|template| template.previous == [2; 32]).await;
    rig.mine().await.unwrap();
    assert_eq!(house.context.shared.best(&[2; 32]).unwrap().len(), 1);
    assert_eq!(house.context.shared.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_ends_gives_its_seat_back() {
    let house = House::usual().await;
    let rigs = (
        Rig::join(house.address, "a").await,
        Rig::join(house.address, "b").await,
    );
    house.until_open(|open| open == 2).await;
    drop(rigs);
    house.until_open(|open| open == 0).await;
}

#[test]
fn every_end_that_is_a_fault_has_a_word_for_the_log() {
    assert_eq!(Ended::Closed.kind(), None);
    assert_eq!(Ended::Broken(String::new()).kind(), None);
    for ended in [
        Ended::LongLine(1),
        Ended::Slow,
        Ended::Flood(String::new()),
        Ended::Handshake,
        Ended::Idle,
    ] {
        assert!(ended.kind().is_some());
    }
}
