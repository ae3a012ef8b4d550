// SPDX-License-Identifier: Apache-2.0
//! The whole server: a chain in memory, real shares, the embedded miner, and a pool that checks what it is sent.

mod pool;

use super::*;
use crate::{
    chain::twin::{Faults, Schedule},
    stratum::{
        chain::twin::ShareTwin,
        job::Template,
        miner::{Meter, Miner},
        server::{self, Guest},
        sha256::Engine,
        upstream,
    },
};
use compute_proof::hashrate::SHARES;
use std::{num::NonZeroUsize, path::Path};
use tokio::{io::duplex, task::JoinHandle};

const DEVICE: Device = Device {
    asset: 0,
    prover: [0xaa; 32],
};

/// How long a block takes here.
const BLOCK: Duration = Duration::from_millis(200);

/// One at a time: the embedded miners would take each other's processor.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

struct Running {
    twin: ShareTwin,
    task: JoinHandle<Result<Ended, ServiceError>>,
    control: mpsc::Sender<Control>,
    watch: watch::Receiver<Snapshot>,
    meter: Meter,
    shared: Shared,
    _beside: JoinSet<()>,
}

fn schedule() -> Schedule {
    Schedule {
        window: 6,
        seed: 1,
        open: 1,
        report: 1,
        gap: 10,
        ..Schedule::default()
    }
}

impl Running {
    /// With the embedded miner, and a pool if there is one.
    fn start(twin: &ShareTwin, data: &Path, account: Option<upstream::Account>, split: Split) -> Self {
        let mut beside = JoinSet::new();
        let (to_pool, incoming) = mpsc::channel(16);
        let news = account.map(|account| {
            let (tell, news) = mpsc::channel(16);
            beside.spawn(upstream::run(account, incoming, tell));
            news
        });
        let options = Options {
            split,
            salt: 0x1234,
            room: Room {
                connections: 10,
                per_address: 10,
            },
            limits: Limits::default(),
            difficulty: Difficulty::from_hashes(1 << 42),
            per_minute: 20,
            window: BLOCK * 6,
            block: BLOCK,
        };
        let store = Store::new(data, DEVICE).unwrap();
        let service = Service::new(twin.clone(), DEVICE, store, options, to_pool, news);
        let context = service.context();
        let shared = context.shared.clone();
        let mut miner = Miner::start(Engine::fastest(), NonZeroUsize::MIN).unwrap();
        let meter = miner.meter();
        let (ours, theirs) = duplex(1 << 16);
        let guest = Guest::admit(&context, None).unwrap();
        let work = context.work.clone();
        beside.spawn(async move { drop(server::serve(theirs, guest, context).await) });
        beside.spawn(async move { drop(miner.run(ours, work).await) });
        let (control, asked) = mpsc::channel(4);
        let watchers = watch::Sender::new(service.snapshot());
        let watch = watchers.subscribe();
        let task = tokio::spawn(service.run(asked, watchers));
        Self {
            twin: twin.clone(),
            task,
            control,
            watch,
            meter,
            shared,
            _beside: beside,
        }
    }

    /// Makes blocks at their pace until `done`. Returns the hashes made up to each new submission, at the moment of sending it.
    async fn blocks(&self, mut done: impl FnMut(&ShareTwin) -> bool) -> Vec<u64> {
        let mut sent = Vec::new();
        let mut waiting = self.twin.waiting();
        for _ in 0..400 {
            if done(&self.twin) {
                return sent;
            }
            self.twin.advance();
            let until = Instant::now() + BLOCK;
            while Instant::now() < until {
                let now = self.twin.waiting();
                if now > waiting {
                    sent.push(self.meter.hashes());
                }
                waiting = now;
                sleep(Duration::from_millis(2)).await;
            }
        }
        panic!("{:?} {:?}", self.twin.taken(), self.watch.borrow().last);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_censuses_are_proven_and_the_rate_is_that_of_the_miner() {
    let _turn = TURN.lock().await;
    let data = tempfile::tempdir().unwrap();
    let twin = ShareTwin::new(schedule(), DEVICE, Faults::default(), 1);
    let running = Running::start(&twin, data.path(), None, Split::CENSUS);
    let censuses = 4;
    let (mut shown, mut made, mut squares) = (0.0, 0.0, 0.0);
    for census in 1..=censuses {
        let before = running.meter.hashes();
        let open = |twin: &ShareTwin| {
            let census_now = twin.now().chain.census;
            census_now.index == census && census_now.phase == crate::chain::Phase::Payment
        };
        let sent = running.blocks(open).await;
        let taken: Vec<_> = twin
            .taken()
            .into_iter()
            .filter(|taken| taken.census == census)
            .collect();
        assert!((1..=3).contains(&taken.len()), "census {census}: {taken:?}");
        assert!(taken.is_sorted_by(|a, b| a.hashes < b.hashes), "{taken:?}");
        // While nobody wants its hashes, it rests.
        let last = taken.last().unwrap().hashes as f64;
        let hashes = (sent[taken.len() - 1] - before) as f64;
        let error = 1.0 / f64::from(SHARES - 2).sqrt();
        assert!(
            (last / hashes - 1.0).abs() < 4.5 * error,
            "census {census}: {last} of {hashes}"
        );
        shown += last;
        made += hashes;
        squares += hashes * hashes;
    }
    let error = squares.sqrt() / made / f64::from(SHARES - 2).sqrt();
    assert!(
        (shown / made - 1.0).abs() < 3.0 * error,
        "{shown} of {made}, {error}"
    );
    assert!(twin.refused().is_empty(), "{:?}", twin.refused());
    assert!(
        twin.settled().len() as u32 >= censuses - 1,
        "{:?}",
        twin.settled()
    );
    let report = running.watch.borrow().report.clone();
    let [cpu] = &report.miners[..] else {
        panic!("{report:?}")
    };
    // Some may be low: who sends very many for one job is held to more, and a busy machine is slow to say so.
    assert_eq!(
        (cpu.miner.as_str(), cpu.counts.duplicate, cpu.counts.invalid),
        ("cpu", 0, 0)
    );
    assert!(cpu.counts.accepted > 4 * u64::from(SHARES));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_censuses_the_same_connection_mines_for_the_pool() {
    let _turn = TURN.lock().await;
    for split in [Split::NARROW, Split::CENSUS] {
        let pool = pool::Pool::open(4).await;
        let data = tempfile::tempdir().unwrap();
        let twin = ShareTwin::new(schedule(), DEVICE, Faults::default(), 2);
        let running = Running::start(&twin, data.path(), Some(pool.account()), split);
        let mut accepted = Vec::new();
        for census in 1..=2 {
            running
                .blocks(|twin| {
                    let now = twin.now().chain.census;
                    now.index == census && now.phase == crate::chain::Phase::Payment
                })
                .await;
            running
                .blocks(|_| pool.accepted() > accepted.last().copied().unwrap_or(0) + 3)
                .await;
            accepted.push(pool.accepted());
        }
        assert_eq!(pool.rejected(), 0);
        assert_eq!(pool.connections(), 1);
        let censuses: Vec<_> = twin.taken().iter().map(|taken| taken.census).collect();
        assert!(censuses.contains(&1) && censuses.contains(&2), "{censuses:?}");
        assert_eq!(running.shared.connections(), 1);
        let report = running.watch.borrow().report.clone();
        assert_eq!(
            (report.miners[0].counts.invalid, report.miners[0].counts.duplicate),
            (0, 0),
            "{report}"
        );
    }
}

/// Every connection is woken by each news: a pool must not decide how often.
#[tokio::test(start_paused = true)]
async fn a_pool_that_talks_without_pause_wakes_the_miners_ten_times_a_second() {
    let data = tempfile::tempdir().unwrap();
    let twin = ShareTwin::new(schedule(), DEVICE, Faults::default(), 6);
    let (tell, news) = mpsc::channel(16);
    let (to_pool, _shares) = mpsc::channel(16);
    let options = Options {
        split: Split::CENSUS,
        salt: 0,
        room: Room {
            connections: 1,
            per_address: 1,
        },
        limits: Limits::default(),
        difficulty: Difficulty::MIN,
        per_minute: 20,
        window: BLOCK * 6,
        block: BLOCK,
    };
    let store = Store::new(data.path(), DEVICE).unwrap();
    let service = Service::new(twin.clone(), DEVICE, store, options, to_pool, Some(news));
    let mut work = service.context().work;
    let (_control, asked) = mpsc::channel(4);
    let watchers = watch::Sender::new(service.snapshot());
    let mut beside = JoinSet::new();
    beside.spawn(async move { drop(service.run(asked, watchers).await) });
    beside.spawn(async move {
        for number in 0u32.. {
            let template = Template {
                source: Source::Upstream {
                    id: number.to_string(),
                },
                ..Template::idle(&DEVICE, number)
            };
            let job = News::Job {
                template,
                difficulty: Difficulty::MIN,
                clean: true,
            };
            if tell.send(job).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
    });
    let (mut woken, mut last) = (0, String::new());
    let end = tokio::time::Instant::now() + Duration::from_secs(5);
    while tokio::time::timeout_at(end, work.changed()).await.is_ok() {
        woken += 1;
        if let Source::Upstream { id } = &work.borrow_and_update().job.template.source {
            last.clone_from(id);
        }
    }
    assert!((30..=60).contains(&woken), "{woken}");
    // And what they get is the newest.
    assert!(last.parse::<u32>().unwrap() > 4_500, "{last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_life_goes_on_from_what_the_first_collected() {
    let _turn = TURN.lock().await;
    let data = tempfile::tempdir().unwrap();
    let twin = ShareTwin::new(schedule(), DEVICE, Faults::default(), 3);
    let first = Running::start(&twin, data.path(), None, Split::CENSUS);
    first.blocks(|twin| !twin.taken().is_empty()).await;
    first.control.send(Control::Stop).await.unwrap();
    assert_eq!(
        first.task.await.unwrap().unwrap(),
        Ended::Stopped { at_risk: None }
    );
    let second = Running::start(&twin, data.path(), None, Split::CENSUS);
    second
        .blocks(|twin| twin.now().chain.census.phase == crate::chain::Phase::Payment)
        .await;
    let taken = twin.taken();
    assert!(taken.len() >= 2, "{taken:?}");
    assert!(taken.is_sorted_by(|a, b| a.hashes < b.hashes), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_fork_begins_anew_and_faults_are_lived_through() {
    let _turn = TURN.lock().await;
    let data = tempfile::tempdir().unwrap();
    let faults = Faults {
        disconnect: 50,
        lose: 100,
        silence: 100,
        censor: 100,
    };
    let twin = ShareTwin::new(schedule(), DEVICE, faults, 4);
    let running = Running::start(&twin, data.path(), None, Split::CENSUS);
    running.blocks(|twin| twin.now().chain.best.number >= 4).await;
    let before = twin.now().chain.census.challenge;
    twin.reorganize(4);
    assert_ne!(twin.now().chain.census.challenge, before);
    running
        .blocks(|twin| {
            let census = twin.now().chain.census;
            census.index == 3 && census.phase == crate::chain::Phase::Payment
        })
        .await;
    let known: Vec<_> = twin.taken().iter().map(|taken| taken.challenge).collect();
    assert!(!known.contains(&before) && known.len() >= 2, "{:?}", twin.taken());
    // What waited for the fork that lost may be refused, and nothing else.
    let others: Vec<_> = twin
        .refused()
        .into_iter()
        .filter(|reason| reason != "WrongChallenge")
        .collect();
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_finishes_the_census_settles_it_and_ends() {
    let _turn = TURN.lock().await;
    let data = tempfile::tempdir().unwrap();
    let twin = ShareTwin::new(schedule(), DEVICE, Faults::default(), 5);
    let running = Running::start(&twin, data.path(), None, Split::CENSUS);
    running.blocks(|twin| !twin.taken().is_empty()).await;
    running.control.send(Control::Drain).await.unwrap();
    running.blocks(|_| running.task.is_finished()).await;
    assert_eq!(running.task.await.unwrap().unwrap(), Ended::Drained);
    assert_eq!(twin.settled(), [1]);
    assert!(twin.taken().iter().all(|taken| taken.census == 1));
}

/// Serves miners of others, and rents them out to a pool of others: for a trial by hand, as described in tests/stratum.
///
///     ERGON_TRIAL=127.0.0.1:3333 ERGON_TRIAL_POOL=127.0.0.1:3334 cargo test … serve_strangers -- --ignored --nocapture
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs miners that are no part of this test"]
async fn serve_strangers() {
    let listen = std::env::var("ERGON_TRIAL").expect("ERGON_TRIAL says where to listen");
    let pool = std::env::var("ERGON_TRIAL_POOL").ok();
    let schedule = Schedule {
        window: 20,
        gap: 40,
        ..schedule()
    };
    let data = tempfile::tempdir().unwrap();
    let twin = ShareTwin::new(schedule, DEVICE, Faults::default(), 9);
    let mut beside = JoinSet::new();
    let (to_pool, incoming) = mpsc::channel(16);
    let news = pool.map(|pool| {
        let account = upstream::Account {
            address: pool.parse().unwrap(),
            user: "trial".into(),
            password: "x".into(),
        };
        let (tell, news) = mpsc::channel(16);
        beside.spawn(upstream::run(account, incoming, tell));
        news
    });
    let second = Duration::from_secs(1);
    let options = Options {
        split: if news.is_some() {
            Split::NARROW
        } else {
            Split::CENSUS
        },
        salt: 7,
        room: Room {
            connections: 100,
            per_address: 100,
        },
        limits: Limits::default(),
        difficulty: Difficulty::from_hashes(1 << 20),
        per_minute: 20,
        window: second * 20,
        block: second,
    };
    let store = Store::new(data.path(), DEVICE).unwrap();
    let service = Service::new(twin.clone(), DEVICE, store, options, to_pool, news);
    let listener = tokio::net::TcpListener::bind(listen).await.unwrap();
    beside.spawn(server::listen(listener, service.context()));
    let (_control, asked) = mpsc::channel(4);
    let watchers = watch::Sender::new(service.snapshot());
    let watch = watchers.subscribe();
    beside.spawn(async move { drop(service.run(asked, watchers).await) });
    for _ in 0..170 {
        sleep(second).await;
        twin.advance();
        let snapshot = watch.borrow().clone();
        println!(
            "{} best {:?}",
            crate::stratum::display::line(&snapshot),
            snapshot.best
        );
    }
    println!("{}", watch.borrow().report);
    for taken in twin.taken() {
        println!(
            "census {}: {} hashes in block {}",
            taken.census, taken.hashes, taken.at
        );
    }
    assert!(!twin.taken().is_empty());
    assert!(twin.refused().is_empty(), "{:?}", twin.refused());
}
