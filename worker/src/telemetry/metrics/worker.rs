// SPDX-License-Identifier: Apache-2.0
//! The metrics of `run`.

use super::{egn, set, show, text, which, Maker};
use crate::{
    amount::rate,
    service::Snapshot,
    state::{Obstacle, Stage},
    telemetry::sensors::{Card, Throttle, Watched},
};
use prometheus::{Counter, Gauge, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The metrics of all devices of a process, on one page. Each device's have its asset as a label.
pub struct DevicesMetrics {
    registry: Registry,
    devices: Mutex<Vec<Device>>,
}

/// A device, from the beginning on.
struct Device {
    asset: u64,
    running: IntGauge,
    /// None of one that has not come so far as to be added.
    shown: Option<Shown>,
}

/// A device's metrics, and what they show.
struct Shown {
    metrics: WorkerMetrics,
    snapshot: watch::Receiver<Snapshot>,
    card: watch::Receiver<Watched>,
}

impl Shown {
    /// Whether there is still something behind it.
    fn is_running(&self) -> bool {
        self.snapshot.has_changed().is_ok()
    }
}

impl DevicesMetrics {
    /// For devices that are to prove for these assets.
    ///
    /// # Errors
    /// Two devices of one asset.
    pub fn new(assets: impl IntoIterator<Item = u64>) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let devices = assets
            .into_iter()
            .map(|asset| {
                let running = Maker::new(&registry, &[("asset", asset.to_string())]).int_gauge(
                    "ergon_worker_running",
                    "Whether this asset's device is at work here: 0 before it has begun, and once it has failed or ended",
                )?;
                Ok(Device {
                    asset,
                    running,
                    shown: None,
                })
            })
            .collect::<Result<_, prometheus::Error>>()?;
        Ok(Self {
            registry,
            devices: Mutex::new(devices),
        })
    }

    /// Shows a device that begins.
    ///
    /// # Errors
    /// One that is shown already, or is none of those that this was made for.
    pub fn add(
        &self,
        asset: u64,
        backend: &str,
        shape: &str,
        snapshot: watch::Receiver<Snapshot>,
        card: watch::Receiver<Watched>,
    ) -> Result<(), prometheus::Error> {
        let mut devices = self.devices();
        let unknown = || prometheus::Error::Msg(format!("no device proves for asset {asset} here"));
        let device = devices
            .iter_mut()
            .find(|device| device.asset == asset)
            .ok_or_else(unknown)?;
        let identity = card.borrow().card.clone();
        let metrics = WorkerMetrics::new(&self.registry, asset, backend, shape, identity.as_ref())?;
        device.shown = Some(Shown {
            metrics,
            snapshot,
            card,
        });
        Ok(())
    }

    /// The page for a scraper.
    pub fn page(&self) -> String {
        for Device { running, shown, .. } in &*self.devices() {
            running.set(shown.as_ref().is_some_and(Shown::is_running).into());
            let Some(shown) = shown else { continue };
            // Copied: whoever tells what is watched does not wait for the page.
            let (snapshot, card) = (shown.snapshot.borrow().clone(), shown.card.borrow().clone());
            shown.metrics.show(&snapshot, &card);
        }
        text(&self.registry)
    }

    fn devices(&self) -> MutexGuard<'_, Vec<Device>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The metrics of one device.
struct WorkerMetrics {
    connected: IntGauge,
    block: IntGauge,
    census: IntGauge,
    stage: IntGaugeVec,
    obstacle: IntGaugeVec,
    rate: Gauge,
    rounds: IntGauge,
    target: IntGauge,
    committed: IntGauge,
    rounds_total: IntCounter,
    work: Counter,
    failures: IntCounter,
    rescues: IntCounter,
    transactions: IntCounterVec,
    checks: IntCounterVec,
    checked_rounds: IntCounter,
    checked_leaves: IntCounter,
    withheld: IntGauge,
    emitted: Gauge,
    earned: Counter,
    unvested: Gauge,
    bond: Gauge,
    pace: Gauge,
    energy: Counter,
    energy_per_cu: Gauge,
    card: Option<CardMetrics>,
    /// What the asset had been paid when it was first seen here; and one scrape at a time.
    emitted_before: Mutex<Option<u128>>,
}

/// What the card says of itself.
struct CardMetrics {
    temperature: IntGauge,
    power: Gauge,
    power_limit: Gauge,
    energy: IntCounter,
    clock: IntGauge,
    utilization: IntGauge,
    memory_used: IntGauge,
    memory: IntGauge,
    throttle: IntGauge,
    throttled: IntGaugeVec,
}

impl WorkerMetrics {
    /// The metrics of the device of an asset.
    ///
    /// # Errors
    /// Two metrics of one name: a mistake here.
    fn new(
        registry: &Registry,
        asset: u64,
        backend: &str,
        shape: &str,
        card: Option<&Card>,
    ) -> Result<Self, prometheus::Error> {
        let of_card = |value: fn(&Card) -> String| card.map(value).unwrap_or_default();
        let labels = [
            ("asset", asset.to_string()),
            ("gpu", of_card(|card| card.index.to_string())),
            ("uuid", of_card(|card| card.uuid.clone())),
        ];
        let make = Maker::new(registry, &labels);
        let info = make.int_gauges(
            "ergon_worker_info",
            "Always 1. Which worker this is",
            &["version", "backend", "shape", "model"],
        )?;
        info.with_label_values(&[
            env!("CARGO_PKG_VERSION"),
            backend,
            shape,
            &of_card(|card| card.model.clone()),
        ])
        .set(1);
        Ok(Self {
            connected: make.int_gauge(
                "ergon_worker_connected",
                "Whether the chain is in reach",
            )?,
            block: make.int_gauge("ergon_worker_block", "Height of the best block")?,
            census: make.int_gauge("ergon_worker_census", "The census that runs, or the last one")?,
            stage: make.int_gauges(
                "ergon_worker_stage",
                "1 for where the worker stands, 0 for the others",
                &["stage"],
            )?,
            obstacle: make.int_gauges(
                "ergon_worker_obstacle",
                "1 for what keeps the worker from taking part, 0 for the others",
                &["obstacle"],
            )?,
            rate: make.gauge(
                "ergon_worker_rate_cu_per_second",
                "Work by the last round's duration, in CU/s (10^12 multiply-accumulates a second); 0 while no rounds are computed",
            )?,
            rounds: make.int_gauge("ergon_worker_rounds", "Rounds that are there in this census")?,
            target: make.int_gauge(
                "ergon_worker_rounds_target",
                "Rounds after which no more are computed in this census",
            )?,
            committed: make.int_gauge(
                "ergon_worker_committed_rounds",
                "Rounds that the unsettled commit claims",
            )?,
            rounds_total: make.int_counter("ergon_worker_rounds_total", "Rounds computed since the start")?,
            work: make.counter("ergon_worker_work_cu_total", "Work computed since the start, in CU")?,
            failures: make.int_counter(
                "ergon_worker_device_failures_total",
                "Rounds at which the device failed since the start",
            )?,
            rescues: make.int_counter(
                "ergon_worker_rescues_total",
                "Openings that the processor began in the device's place since the start",
            )?,
            transactions: make.int_counters(
                "ergon_worker_transactions_total",
                "What became of commits, openings and settlements since the start",
                &["task", "outcome"],
            )?,
            checks: make.int_counters(
                "ergon_worker_checks_total",
                "Checks of the device before commits since the start",
                &["result"],
            )?,
            checked_rounds: make.int_counter(
                "ergon_worker_checked_rounds_total",
                "Rounds computed again by those checks",
            )?,
            checked_leaves: make.int_counter(
                "ergon_worker_checked_leaves_total",
                "Leaves compared with the protocol's own arithmetic by those checks",
            )?,
            withheld: make.int_gauge(
                "ergon_worker_commit_withheld",
                "Whether the last commit was withheld because the check found the device faulty",
            )?,
            emitted: make.gauge(
                "ergon_worker_emitted_egn",
                "Paid for the asset's work since its registration, in EGN",
            )?,
            earned: make.counter("ergon_worker_earned_egn_total", "Of that, since the start, in EGN")?,
            unvested: make.gauge("ergon_worker_unvested_egn", "Of that, not vested yet, in EGN")?,
            bond: make.gauge("ergon_worker_bond_egn", "What is left of the bond, in EGN")?,
            pace: make.gauge(
                "ergon_worker_pace_ratio",
                "Part of the possible rounds that is aimed at: below 1 while the card is spared",
            )?,
            energy: make.counter(
                "ergon_worker_energy_joules_total",
                "Energy that the card says it has used since the start, idle time included",
            )?,
            energy_per_cu: make.gauge(
                "ergon_worker_energy_joules_per_cu",
                "That energy by the work since the start: the device's own claim, which nobody verifies",
            )?,
            card: card.map(|_| CardMetrics::new(&make)).transpose()?,
            emitted_before: Mutex::new(None),
        })
    }

    /// Takes over what is known of the device.
    fn show(&self, snapshot: &Snapshot, watched: &Watched) {
        let mut before = self.emitted_before.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &snapshot.state;
        self.connected.set(i64::from(snapshot.connected));
        let stage = state.stage();
        which(&self.stage, &Stage::NAMES, Some(stage.name()));
        let obstacle = state.standing_obstacle().map(|obstacle| obstacle.name());
        which(&self.obstacle, &Obstacle::NAMES, obstacle);
        if let Some(view) = state.view() {
            set(&self.block, view.best.number);
            set(&self.census, view.census.index);
            if let Some(asset) = &view.asset {
                let first = *before.get_or_insert(asset.emitted);
                self.emitted.set(egn(asset.emitted));
                show(&self.earned, egn(asset.emitted.saturating_sub(first)));
                self.unvested.set(egn(asset.unvested));
                self.bond.set(egn(asset.bond));
            }
        }
        let progress = &snapshot.progress;
        let round = progress.last_round.zip(state.target()).filter(|_| progress.busy);
        self.rate
            .set(round.map_or(0.0, |(round, (work, _))| rate(work.class, round)));
        set(&self.rounds, state.rounds());
        set(&self.target, state.target().map_or(0, |(_, rounds)| rounds));
        set(&self.committed, state.commit().map_or(0, |commit| commit.rounds));
        show(&self.rounds_total, progress.computed);
        // Shown to people only.
        let work = progress.work as f64 / 1e12;
        show(&self.work, work);
        show(&self.failures, progress.failures);
        show(&self.rescues, snapshot.rescues);
        for (task, outcome, count) in snapshot.tally.iter() {
            show(&self.transactions.with_label_values(&[task, outcome]), count);
        }
        let checks = progress.checks;
        show(&self.checks.with_label_values(&["passed"]), checks.passed);
        show(&self.checks.with_label_values(&["failed"]), checks.failed);
        show(&self.checked_rounds, checks.rounds);
        show(&self.checked_leaves, checks.leaves);
        self.withheld.set(i64::from(snapshot.withheld.is_some()));
        self.pace.set(state.pace().ratio());
        let joules = watched.energy.joules();
        show(&self.energy, joules);
        self.energy_per_cu
            .set(if work > 0.0 { joules / work } else { 0.0 });
        if let Some(card) = &self.card {
            card.show(watched);
        }
    }
}

impl CardMetrics {
    fn new(make: &Maker) -> Result<Self, prometheus::Error> {
        Ok(Self {
            temperature: make.int_gauge("DCGM_FI_DEV_GPU_TEMP", "Temperature, in degrees Celsius")?,
            power: make.gauge("DCGM_FI_DEV_POWER_USAGE", "Power, in watts")?,
            power_limit: make.gauge("DCGM_FI_DEV_ENFORCED_POWER_LIMIT", "Power limit, in watts")?,
            energy: make.int_counter(
                "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",
                "Energy since the driver was loaded, in millijoules",
            )?,
            clock: make.int_gauge("DCGM_FI_DEV_SM_CLOCK", "Clock of the multiprocessors, in MHz")?,
            utilization: make.int_gauge(
                "DCGM_FI_DEV_GPU_UTIL",
                "Part of the time in which it computed, in percent",
            )?,
            memory_used: make.int_gauge("DCGM_FI_DEV_FB_USED", "Memory that is taken, in MiB")?,
            memory: make.int_gauge("DCGM_FI_DEV_FB_TOTAL", "Memory, in MiB")?,
            throttle: make.int_gauge(
                "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS",
                "Why it runs slower than it could, as the driver's bits",
            )?,
            throttled: make.int_gauges(
                "ergon_worker_throttled",
                "1 for the reasons for which the card runs slower than it could",
                &["reason"],
            )?,
        })
    }

    fn show(&self, watched: &Watched) {
        // A card that does not answer shows zeroes, not what it said last.
        let reading = watched.reading.unwrap_or_default();
        let watts = |milliwatts: Option<u32>| f64::from(milliwatts.unwrap_or_default()) / 1e3;
        set(&self.temperature, reading.temperature.unwrap_or_default());
        self.power.set(watts(reading.power));
        self.power_limit.set(watts(reading.power_limit));
        show(&self.energy, reading.energy.unwrap_or_default());
        set(&self.clock, reading.clock.unwrap_or_default());
        set(&self.utilization, reading.utilization.unwrap_or_default());
        set(&self.memory_used, reading.memory_used.unwrap_or_default() >> 20);
        set(&self.memory, reading.memory.unwrap_or_default() >> 20);
        set(&self.throttle, reading.throttle.0);
        for (name, reason) in Throttle::NAMES {
            self.throttled
                .with_label_values(&[name])
                .set(i64::from(reading.throttle.has(reason)));
        }
    }
}
