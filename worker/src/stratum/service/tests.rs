// SPDX-License-Identifier: Apache-2.0
//! The whole server: a chain in memory, real shares, the embedded miner, and a pool that checks what it is sent.

mod pool;

use super::*;
use crate::{
    chain::{
        twin::{Faults, Schedule},
        Phase,
    },
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
use std::{collections::BTreeSet, num::NonZeroUsize, path::Path};
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
        twin.measure(meter.clone());
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

    /// Makes blocks at their pace until `done`.
    async fn blocks(&self, mut done: impl FnMut(&ShareTwin) -> bool) {
        for _ in 0..400 {
            if done(&self.twin) {
                return;
            }
            self.twin.advance();
            sleep(BLOCK).await;
        }
        panic!("{:?} {:?}", self.twin.taken(), self.watch.borrow().last);
    }

    /// Makes blocks until a census later than `last` is over. Returns its number.
    async fn census_after(&self, last: u32) -> u32 {
        let census = || self.twin.now().chain.census;
        self.blocks(|_| census().index > last && census().phase == Phase::Payment)
            .await;
        census().index
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_censuses_are_proven_and_the_rate_is_that_of_the_miner() {
    let _turn = TURN.lock().await;
    let data = tempfile::tempdir().unwrap();
    let twin = ShareTwin::new(schedule(), DEVICE, Faults::default(), 1);
    let running = Running::start(&twin, data.path(), None, Split::CENSUS);
    let censuses = 4;
    let mut ratios = Vec::new();
    for census in 1..=censuses {
        // While nobody wants its hashes, it rests.
        let before = running.meter.hashes();
        assert_eq!(running.census_after(census - 1).await, census);
        let taken: Vec<_> = twin
            .taken()
            .into_iter()
            .filter(|taken| taken.census == census)
            .collect();
        assert!((1..=3).contains(&taken.len()), "census {census}: {taken:?}");
        assert!(taken.is_sorted_by(|a, b| a.hashes < b.hashes), "{taken:?}");
        let last = taken.last().unwrap();
        let ratio = last.hashes as f64 / (last.made - before) as f64;
        assert!((0.5..2.0).contains(&ratio), "census {census}: {ratio}");
        ratios.push(ratio);
    }
    // 5.5 standard errors: a chance of one in ten million. How good an estimate is, its own tests show.
    let mean = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / f64::from(censuses);
    assert!(
        mean.abs() < 5.5 / f64::from(censuses * SHARES).sqrt(),
        "{ratios:?}"
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
        let mut census = 0;
        for _ in 0..2 {
            census = running.census_after(census).await;
            // On a busy machine this may take more than one census.
            let accepted = pool.accepted();
            running.blocks(|_| pool.accepted() > accepted + 3).await;
        }
        assert_eq!(pool.rejected(), 0);
        assert_eq!(pool.connections(), 1);
        let censuses: BTreeSet<_> = twin.taken().iter().map(|taken| taken.census).collect();
        assert!(censuses.len() >= 2, "{censuses:?}");
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
    // Long enough for the second to come in time on a busy machine.
    let long = Schedule {
        window: 24,
        gap: 30,
        ..schedule()
    };
    let twin = ShareTwin::new(long, DEVICE, Faults::default(), 3);
    let first = Running::start(&twin, data.path(), None, Split::CENSUS);
    first.blocks(|twin| !twin.taken().is_empty()).await;
    first.control.send(Control::Stop).await.unwrap();
    assert_eq!(
        first.task.await.unwrap().unwrap(),
        Ended::Stopped { at_risk: None }
    );
    let second = Running::start(&twin, data.path(), None, Split::CENSUS);
    second
        .blocks(|twin| twin.now().chain.census.phase == Phase::Payment)
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
    // What waited for the fork that lost, some blocks of the new one have refused: its challenge is another, its window may not be open yet.
    let waited = twin.refused().len();
    assert_ne!(twin.now().chain.census.challenge, before);
    running
        .blocks(|twin| {
            let census = twin.now().chain.census;
            census.index == 3 && census.phase == Phase::Payment
        })
        .await;
    let known: Vec<_> = twin.taken().iter().map(|taken| taken.challenge).collect();
    assert!(!known.contains(&before) && known.len() >= 2, "{:?}", twin.taken());
    // And what no block had taken until then, later ones may.
    let others: Vec<_> = twin
        .refused()
        .into_iter()
        .enumerate()
        .filter(|(at, reason)| reason != "WrongChallenge" && (*at >= waited || reason != "WindowClosed"))
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
