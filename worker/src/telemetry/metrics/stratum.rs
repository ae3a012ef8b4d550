// SPDX-License-Identifier: Apache-2.0
//! The metrics of `stratum`.

use super::{egn, set, show, text, which, Maker};
use crate::{
    service::Tally,
    stratum::{
        planner::{Obstacle, Stage},
        service::Snapshot,
        statistics::{Counts, Report, OTHERS},
    },
};
use prometheus::{Counter, Gauge, GaugeVec, IntCounterVec, IntGauge, IntGaugeVec, Registry};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

/// Miners that have series of their own. The others are shown together: whoever reaches the port chooses names, and must not fill a database with them.
pub const MINERS: usize = 100;

/// Whose job is given out.
const SOURCES: [&str; 3] = ["census", "upstream", "idle"];

/// What is remembered between two scrapes.
#[derive(Default)]
struct Memory {
    shares: Shown,
    /// What the asset had been paid when it was first seen here.
    emitted: Option<u128>,
}

/// What was shown of shares: a counter shows what came since, so that it never falls, whoever is forgotten or gets a series of its own.
#[derive(Default)]
struct Shown {
    /// Miners with series of their own.
    known: BTreeSet<String>,
    /// What each miner of the last report had brought by then.
    before: BTreeMap<String, Counts>,
    /// And all together.
    total: Counts,
}

/// What a page shows of a miner, or of all those without series of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct News {
    /// Shares since the last page.
    shares: Counts,
    hashes_per_second: f64,
}

impl Shown {
    /// What has come since the last report, by series; and those series that end. Whoever has series of its own keeps them as long as it is in the report. All
    /// that no miner brought who has them comes under [`OTHERS`], so that the series add up to what came.
    fn news<'a>(&mut self, report: &'a Report) -> (BTreeMap<&'a str, News>, Vec<String>) {
        let names: BTreeSet<&str> = report.miners.iter().map(|row| row.miner.as_str()).collect();
        let (known, ended) = std::mem::take(&mut self.known)
            .into_iter()
            .partition::<BTreeSet<_>, _>(|name| names.contains(name.as_str()));
        self.known = known;
        let mut rest = report.total.since(self.total);
        let mut news = BTreeMap::<&str, News>::new();
        let mut others = News::default();
        for row in &report.miners {
            if row.miner != OTHERS && self.known.len() < MINERS {
                self.known.insert(row.miner.clone());
            }
            if !self.known.contains(&row.miner) {
                others.hashes_per_second += row.hashes_per_second;
                continue;
            }
            // Whoever was forgotten and came again has begun anew.
            let before = self.before.get(&row.miner).copied().unwrap_or_default();
            let fresh = row.counts.since(before);
            let shares = match before.plus(fresh) == row.counts {
                true => fresh,
                false => row.counts,
            };
            rest = rest.since(shares);
            let hashes_per_second = row.hashes_per_second;
            news.insert(
                &row.miner,
                News {
                    shares,
                    hashes_per_second,
                },
            );
        }
        others.shares = rest;
        if report.miners.len() > self.known.len() || rest != Counts::default() {
            news.insert(OTHERS, others);
        }
        self.total = report.total;
        self.before = report
            .miners
            .iter()
            .map(|row| (row.miner.clone(), row.counts))
            .collect();
        (news, ended.into_iter().collect())
    }
}

/// The metrics of one Stratum server.
pub struct StratumMetrics {
    registry: Registry,
    connected: IntGauge,
    block: IntGauge,
    census: IntGauge,
    stage: IntGaugeVec,
    obstacle: IntGaugeVec,
    source: IntGaugeVec,
    connections: IntGauge,
    best_shares: IntGauge,
    best_hashes: Gauge,
    hashrate: Gauge,
    error: Gauge,
    shares: IntCounterVec,
    miner_hashrate: GaugeVec,
    submissions: IntCounterVec,
    emitted: Gauge,
    earned: Counter,
    unvested: Gauge,
    bond: Gauge,
    memory: Mutex<Memory>,
}

impl StratumMetrics {
    /// The metrics of the server of an asset.
    ///
    /// # Errors
    /// Two metrics of one name: a mistake here.
    pub fn new(asset: u64, engine: &str) -> Result<Self, prometheus::Error> {
        let make = Maker::new(&Registry::new(), &[("asset", asset.to_string())]);
        make.int_gauges(
            "ergon_stratum_info",
            "Always 1. Which server this is",
            &["version", "engine"],
        )?
        .with_label_values(&[env!("CARGO_PKG_VERSION"), engine])
        .set(1);
        Ok(Self {
            connected: make.int_gauge("ergon_stratum_connected", "Whether the chain is in reach")?,
            block: make.int_gauge("ergon_stratum_block", "Height of the best block")?,
            census: make.int_gauge("ergon_stratum_census", "The census that runs, or the last one")?,
            stage: make.int_gauges(
                "ergon_stratum_stage",
                "1 for where the server stands, 0 for the others",
                &["stage"],
            )?,
            obstacle: make.int_gauges(
                "ergon_stratum_obstacle",
                "1 for what keeps the asset from taking part, 0 for the others",
                &["obstacle"],
            )?,
            source: make.int_gauges(
                "ergon_stratum_source",
                "1 for whose job the miners have, 0 for the others",
                &["source"],
            )?,
            connections: make.int_gauge("ergon_stratum_connections", "Connections")?,
            best_shares: make.int_gauge("ergon_stratum_best_shares", "Shares kept of this census")?,
            best_hashes: make.gauge(
                "ergon_stratum_best_hashes",
                "Hashes that those stand for; 0 while they are too few to tell",
            )?,
            hashrate: make.gauge(
                "ergon_stratum_hashes_per_second",
                "Hashes a second of all miners over the last ten minutes",
            )?,
            error: make.gauge("ergon_stratum_hashes_per_second_error", "Standard error of that")?,
            shares: make.int_counters(
                "ergon_stratum_shares_total",
                "Shares since the start, by miner",
                &["miner", "verdict"],
            )?,
            miner_hashrate: make.gauges(
                "ergon_stratum_miner_hashes_per_second",
                "Hashes a second over the last ten minutes, by miner",
                &["miner"],
            )?,
            submissions: make.int_counters(
                "ergon_stratum_transactions_total",
                "What became of submissions and settlements since the start",
                &["task", "outcome"],
            )?,
            emitted: make.gauge(
                "ergon_stratum_emitted_egn",
                "Paid for the asset's work since its registration, in EGN",
            )?,
            earned: make.counter(
                "ergon_stratum_earned_egn_total",
                "Of that, since the start, in EGN",
            )?,
            unvested: make.gauge("ergon_stratum_unvested_egn", "Of that, not vested yet, in EGN")?,
            bond: make.gauge("ergon_stratum_bond_egn", "What is left of the bond, in EGN")?,
            memory: Mutex::default(),
            registry: make.registry,
        })
    }

    /// The page for a scraper.
    pub fn page(&self, snapshot: &Snapshot) -> String {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        self.connected.set(i64::from(snapshot.connected));
        which(&self.stage, &Stage::NAMES, Some(snapshot.stage.name()));
        which(&self.obstacle, &Obstacle::NAMES, snapshot.obstacle_name);
        which(&self.source, &SOURCES, Some(snapshot.source));
        if let Some(view) = snapshot.view.map(|view| view.chain) {
            set(&self.block, view.best.number);
            set(&self.census, view.census.index);
            if let Some(asset) = &view.asset {
                let first = *memory.emitted.get_or_insert(asset.emitted);
                self.emitted.set(egn(asset.emitted));
                show(&self.earned, egn(asset.emitted.saturating_sub(first)));
                self.unvested.set(egn(asset.unvested));
                self.bond.set(egn(asset.bond));
            }
        }
        set(&self.connections, snapshot.connections);
        let (shares, hashes) = snapshot.best;
        set(&self.best_shares, shares);
        // Shown to people only.
        self.best_hashes.set(hashes.map_or(0.0, |hashes| hashes as f64));
        self.hashrate.set(snapshot.report.hashes_per_second);
        self.error.set(snapshot.report.standard_error);
        self.miner_hashrate.reset();
        let (news, ended) = memory.shares.news(&snapshot.report);
        for miner in &ended {
            for (verdict, _) in Counts::default().named() {
                // A series that was never there is not missed.
                self.shares.remove_label_values(&[miner, verdict]).ok();
            }
        }
        for (miner, news) in news {
            for (verdict, count) in news.shares.named() {
                self.shares.with_label_values(&[miner, verdict]).inc_by(count);
            }
            self.miner_hashrate
                .with_label_values(&[miner])
                .set(news.hashes_per_second);
        }
        for (task, outcome, count) in snapshot.tally.iter() {
            let task = if task == Tally::COMMIT { "submission" } else { task };
            if task != Tally::OPENING && outcome != Tally::WITHHELD {
                show(&self.submissions.with_label_values(&[task, outcome]), count);
            }
        }
        text(&self.registry)
    }
}
