// SPDX-License-Identifier: Apache-2.0

mod dashboard;

use super::*;
use crate::{
    care::Pace,
    service::{Snapshot, Tally, Withheld},
    shape::Ladder,
    state::{step, Event, Obstacle, Settings, Stage, State},
    stratum::statistics::{Counts, Report, Row, OTHERS},
    telemetry::sensors::{Card, Energy, Reading, Throttle, Watched},
};
use compute_proof::Class;
use std::{collections::BTreeSet, time::Duration};
use tokio::sync::watch;

fn card() -> Card {
    Card {
        index: 3,
        uuid: "GPU-1".into(),
        model: "Fake \"X\"".into(),
        memory: 1 << 34,
    }
}

fn snapshot() -> Snapshot {
    let settings = Settings {
        asset: 7,
        prover: [1; 32],
        class: Class::S,
        min_rounds: 1,
        max_rounds: 9,
        ladder: Ladder::default(),
    };
    let mut tally = Tally::default();
    tally.count(Tally::COMMIT, Tally::TAKEN);
    tally.count(Tally::COMMIT, Tally::TAKEN);
    tally.count(Tally::OPENING, Tally::WITHHELD);
    let progress = crate::engine::Progress {
        computed: 5,
        work: 2_500_000_000_000,
        failures: 1,
        checks: crate::engine::Checks {
            passed: 4,
            failed: 2,
            rounds: 9,
            leaves: 99,
        },
        ..Default::default()
    };
    crate::service::Snapshot {
        state: State::new(settings),
        progress,
        connected: true,
        last: None,
        tally,
        rescues: 3,
        withheld: Some(Withheld {
            census: 1,
            reason: "x".into(),
        }),
    }
}

fn hot() -> Watched {
    let reading = Reading {
        temperature: Some(89),
        power: Some(300_500),
        power_limit: Some(350_000),
        energy: Some(77),
        throttle: Throttle::THERMAL,
        memory_used: Some(1 << 30),
        memory: Some(1 << 34),
        ..Reading::default()
    };
    let mut energy = Energy::default();
    let used = Reading {
        power: Some(100_000),
        ..Reading::default()
    };
    energy.add(&used, Duration::from_secs(10));
    Watched {
        card: Some(card()),
        reading: Some(reading),
        energy,
    }
}

/// The value of the series of this name with these labels among its own.
fn value(page: &str, name: &str, labels: &[&str]) -> f64 {
    let found: Vec<&str> = page
        .lines()
        .filter(|line| line.split(['{', ' ']).next() == Some(name))
        .filter(|line| labels.iter().all(|label| line.contains(label)))
        .collect();
    let [line] = found[..] else {
        panic!("{name} {labels:?}: {found:?}")
    };
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// The names of all series of a page.
fn names(page: &str) -> BTreeSet<String> {
    page.lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// The page of devices on cards, each of its own asset.
fn devices_page(devices: &[(u64, Snapshot, Watched)]) -> String {
    let metrics = DevicesMetrics::new(devices.iter().map(|(asset, ..)| *asset)).unwrap();
    for (asset, snapshot, watched) in devices {
        let (snapshot, watched) = (
            watch::Sender::new(snapshot.clone()),
            watch::Sender::new(watched.clone()),
        );
        metrics
            .add(
                *asset,
                "cuda-mma",
                "xl",
                snapshot.subscribe(),
                watched.subscribe(),
            )
            .unwrap();
    }
    metrics.page()
}

fn worker_page() -> String {
    devices_page(&[(7, snapshot(), hot())])
}

#[test]
fn several_devices_are_on_one_page_each_by_its_asset() {
    let mut other = snapshot();
    other.progress.computed += 1;
    let page = devices_page(&[(7, snapshot(), hot()), (8, other, hot())]);
    assert_eq!(names(&page), names(&worker_page()));
    let computed = snapshot().progress.computed as f64;
    for (asset, rounds) in [("asset=\"7\"", computed), ("asset=\"8\"", computed + 1.0)] {
        assert_eq!(value(&page, "ergon_worker_rounds_total", &[asset]), rounds);
    }
    let metrics = DevicesMetrics::new([7]).unwrap();
    let (snapshot, watched) = (watch::Sender::new(snapshot()), watch::Sender::new(hot()));
    let add = || metrics.add(7, "cpu", "s", snapshot.subscribe(), watched.subscribe());
    add().unwrap();
    assert!(add().is_err(), "an asset has one device");
    let other = metrics.add(8, "cpu", "s", snapshot.subscribe(), watched.subscribe());
    assert!(other.unwrap_err().to_string().contains("asset 8"));
    assert!(DevicesMetrics::new([7, 7]).is_err(), "an asset has one device");
}

#[test]
fn a_device_that_has_not_begun_or_is_at_its_end_is_seen() {
    let metrics = DevicesMetrics::new([7, 8]).unwrap();
    let running = || {
        let page = metrics.page();
        ["asset=\"7\"", "asset=\"8\""].map(|asset| value(&page, "ergon_worker_running", &[asset]))
    };
    assert_eq!(running(), [0.0, 0.0]);
    let (snapshot, watched) = (watch::Sender::new(snapshot()), watch::Sender::new(hot()));
    metrics
        .add(7, "cpu", "s", snapshot.subscribe(), watched.subscribe())
        .unwrap();
    assert_eq!(running(), [1.0, 0.0]);
    drop(snapshot);
    assert_eq!(running(), [0.0, 0.0]);
}

#[test]
fn a_worker_shows_its_counts_its_check_and_its_card() {
    let page = worker_page();
    let commit = |outcome: &str| {
        let outcome = format!("outcome=\"{outcome}\"");
        value(
            &page,
            "ergon_worker_transactions_total",
            &["task=\"commit\"", &outcome],
        )
    };
    assert_eq!((commit("taken"), commit("refused")), (2.0, 0.0));
    assert_eq!(
        value(&page, "ergon_worker_checks_total", &["result=\"failed\""]),
        2.0
    );
    assert_eq!(value(&page, "ergon_worker_commit_withheld", &[]), 1.0);
    assert_eq!(value(&page, "ergon_worker_rescues_total", &[]), 3.0);
    assert_eq!(value(&page, "ergon_worker_work_cu_total", &[]), 2.5);
    assert_eq!(value(&page, "ergon_worker_energy_joules_per_cu", &[]), 400.0);
    let of_card = ["asset=\"7\"", "gpu=\"3\"", "uuid=\"GPU-1\""];
    assert_eq!(value(&page, "DCGM_FI_DEV_GPU_TEMP", &of_card), 89.0);
    assert_eq!(value(&page, "DCGM_FI_DEV_POWER_USAGE", &of_card), 300.5);
    assert_eq!(
        value(&page, "ergon_worker_throttled", &["reason=\"thermal\""]),
        1.0
    );
    assert_eq!(
        value(&page, "ergon_worker_throttled", &["reason=\"power_cap\""]),
        0.0
    );
    assert_eq!(value(&page, "ergon_worker_stage", &["stage=\"idle\""]), 1.0);
    assert!(page.contains(r#"model="Fake \"X\"""#));
}

#[test]
fn a_second_look_counts_nothing_twice() {
    let metrics = DevicesMetrics::new([7]).unwrap();
    let (snapshot, watched) = (
        watch::Sender::new(snapshot()),
        watch::Sender::new(Watched::default()),
    );
    metrics
        .add(7, "cpu", "s", snapshot.subscribe(), watched.subscribe())
        .unwrap();
    let first = metrics.page();
    assert_eq!(first, metrics.page());
    assert!(!first.contains("DCGM"), "a processor has no card");
}

#[test]
fn every_stage_and_obstacle_has_one_name() {
    let stages = [
        Stage::Idle,
        Stage::Blocked(Obstacle::Faulty),
        Stage::Working,
        Stage::Committed,
        Stage::Opening,
        Stage::Waiting,
        Stage::Missed,
        Stage::Settling,
        Stage::Settled,
    ];
    assert_eq!(stages.map(|stage| stage.name()), Stage::NAMES);
    let obstacles = [
        Obstacle::NoAsset,
        Obstacle::WrongKind,
        Obstacle::Retired,
        Obstacle::NotOperator,
        Obstacle::BondShort { missing: 1 },
        Obstacle::Faulty,
        Obstacle::Draining,
    ];
    assert_eq!(obstacles.map(|obstacle| obstacle.name()), Obstacle::NAMES);
    let distinct: BTreeSet<_> = Stage::NAMES.into_iter().chain(Obstacle::NAMES).collect();
    assert_eq!(distinct.len(), Stage::NAMES.len() + Obstacle::NAMES.len());
}

#[test]
fn a_spared_card_shows_its_pace() {
    let mut snapshot = snapshot();
    let reading = hot().reading.unwrap();
    (snapshot.state, _) = step(snapshot.state, Event::Pace(Pace::FULL.after(&reading)));
    let page = devices_page(&[(7, snapshot, hot())]);
    assert!(value(&page, "ergon_worker_pace_ratio", &[]) < 1.0);
}

fn row(miner: &str, accepted: u64) -> Row {
    Row {
        miner: miner.into(),
        counts: Counts {
            accepted,
            stale: 1,
            ..Counts::default()
        },
        hashes: "0".into(),
        hashes_per_second: 10.0,
        standard_error: 1.0,
        last_share_seconds: None,
    }
}

/// A snapshot in which these miners are told apart, and `gone` shares were accepted of others that no longer are.
fn after(gone: u64, miners: Vec<Row>) -> crate::stratum::service::Snapshot {
    let forgotten = Counts {
        accepted: gone,
        ..Counts::default()
    };
    crate::stratum::service::Snapshot {
        source: "census",
        report: Report {
            hashes_per_second: 123.0,
            standard_error: 4.0,
            total: miners.iter().map(|row| row.counts).fold(forgotten, Counts::plus),
            miners,
        },
        ..Default::default()
    }
}

fn report(miners: Vec<Row>) -> crate::stratum::service::Snapshot {
    after(0, miners)
}

fn accepted(page: &str, miner: &str) -> f64 {
    let miner = format!("miner=\"{miner}\"");
    value(
        page,
        "ergon_stratum_shares_total",
        &[&miner, "verdict=\"accepted\""],
    )
}

/// Series of miners.
fn series(page: &str) -> usize {
    page.lines()
        .filter(|line| line.starts_with("ergon_stratum_miner_hashes_per_second{"))
        .count()
}

#[test]
fn miners_are_told_apart_up_to_a_bound_and_keep_their_series() {
    let metrics = StratumMetrics::new(4, "sha-ni").unwrap();
    let many: Vec<Row> = (0..300).map(|n| row(&format!("m{n:03}"), n)).collect();
    let page = metrics.page(&report(many.clone()));
    assert_eq!(series(&page), stratum::MINERS + 1);
    let others: u32 = (100..300).sum();
    assert_eq!(accepted(&page, "m099"), 99.0);
    assert_eq!(accepted(&page, OTHERS), f64::from(others));
    // Another comes first by its name: who has series keeps them.
    let mut more = vec![row("a", 1)];
    more.extend(many);
    let page = metrics.page(&report(more));
    assert_eq!(series(&page), stratum::MINERS + 1);
    assert_eq!(accepted(&page, "m000"), 0.0);
    assert_eq!(accepted(&page, OTHERS), f64::from(others + 1));
    // Those who are gone make room; what was counted for another before stays there.
    let gone = u64::from((0..300).sum::<u32>());
    let page = metrics.page(&after(gone, vec![row("a", 3)]));
    assert_eq!(series(&page), 1);
    assert!(!page.contains("miner=\"m000\""));
    assert_eq!(accepted(&page, "a"), 2.0);
    assert_eq!(accepted(&page, OTHERS), f64::from(others + 1));
}

#[test]
fn no_counter_of_shares_falls_when_miners_are_forgotten_and_all_add_up() {
    let metrics = StratumMetrics::new(4, "sha-ni").unwrap();
    let many = |each: u64| {
        (0..150)
            .map(|n| row(&format!("m{n:03}"), each))
            .collect::<Vec<_>>()
    };
    let sum = |page: &str| {
        page.lines()
            .filter(|line| line.starts_with("ergon_stratum_shares_total{") && line.contains("\"accepted\""))
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum::<f64>()
    };
    let first = metrics.page(&report(many(10)));
    assert_eq!(
        (accepted(&first, "m000"), accepted(&first, OTHERS)),
        (10.0, 500.0)
    );
    // Those without series of their own are forgotten, after a share each that no page has shown.
    let second = metrics.page(&after(50 * 11, many(10).drain(..100).collect()));
    assert_eq!(
        (accepted(&second, "m000"), accepted(&second, OTHERS)),
        (10.0, 550.0)
    );
    assert_eq!(sum(&second), 1_550.0);
    // One with series of its own was forgotten, and has begun anew: it goes on, and what was never shown is not lost.
    let mut anew = many(10);
    anew.truncate(100);
    anew[0] = row("m000", 2);
    let third = metrics.page(&after(50 * 11 + 13, anew));
    assert_eq!(
        (accepted(&third, "m000"), accepted(&third, OTHERS)),
        (12.0, 553.0)
    );
    assert_eq!(sum(&third), 1_555.0);
}

#[test]
fn a_miners_name_breaks_no_line() {
    let metrics = StratumMetrics::new(4, "sha-ni").unwrap();
    let page = metrics.page(&report(vec![row("a\"} 1\nevil 2\\", 1)]));
    assert!(!page.lines().any(|line| line.starts_with("evil")), "{page}");
}
