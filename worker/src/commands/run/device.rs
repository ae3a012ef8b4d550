// SPDX-License-Identifier: Apache-2.0
//! One device of a process that proves: from its start to its end.

use super::{
    before::{tell_risk, Before},
    drain_is_asked,
    ready::{is_of_device, make_ready, stopped_early, Ready, Unready},
    told_to_drain, Args,
};
use crate::{
    chain::client::Client,
    commands::signals::Signals,
    config::{Assignment, Config, Format},
    display,
    error::{disk, Error},
    lock::Lock,
    openings::Openings,
    prover::choice::{processor, Wish},
    service::{Control, Ended, Service, ServiceError, Snapshot},
    state::Settings,
    telemetry::{
        metrics::DevicesMetrics,
        nvml::Nvml,
        sensors::{watch_card, Watched},
    },
};
use compute_proof::{Device, MAX_ROUNDS};
use indicatif::MultiProgress;
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::{spawn_blocking, JoinSet},
    time::{sleep, timeout},
};
use tracing::Instrument;

/// A device that failed at its start, while others of the process work, is tried again after so long.
const AGAIN: Duration = Duration::from_secs(300);

/// A card's sensors are asked for so long at the start: a card that hangs must not keep the process from proving.
const SENSORS: Duration = Duration::from_secs(10);

/// What the devices of a process have in common.
pub struct Process<'a> {
    /// What was asked for.
    pub args: &'a Args,
    /// All of it.
    pub config: &'a Config,
    /// The chain, of whatever asset, and who proves.
    pub client: Client,
    /// Where the live lines are drawn, if they are.
    pub bars: Option<MultiProgress>,
    /// Of all devices.
    pub metrics: Arc<DevicesMetrics>,
    /// When to end.
    pub signals: Signals,
    /// Whether the process is to begin anew, because a device is lost to it.
    pub restart: watch::Sender<bool>,
    /// How many devices are at work, or about to be: see [`AtWork`].
    pub working: watch::Sender<usize>,
}

/// One of those that are at work.
pub struct AtWork<'a>(&'a watch::Sender<usize>);

impl<'a> AtWork<'a> {
    /// Counts one more.
    pub fn begin(working: &'a watch::Sender<usize>) -> Self {
        working.send_modify(|count| *count += 1);
        Self(working)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// What became of a device.
#[derive(Clone, Debug, Serialize)]
pub struct Proven {
    /// The asset.
    pub asset: u64,
    /// What computes.
    pub backend: &'static str,
    /// The class of work, by name.
    pub shape: &'static str,
    /// Rounds that fit a census's window, as measured at the start.
    pub rounds_expected: u32,
    /// Whether all that was begun is finished.
    pub drained: bool,
    /// The census whose commit may yet have to be opened.
    pub at_risk: Option<u32>,
}

/// Proves for an asset until told to end.
///
/// # Errors
/// [`Code`](crate::error::Code).
pub async fn prove(
    process: &Process<'_>,
    assignment: Assignment,
    lock: Arc<Lock>,
    mut at_work: AtWork<'_>,
) -> Result<Proven, Error> {
    let &Process { args, config, .. } = process;
    let device = Device {
        asset: assignment.asset,
        prover: process.client.prover().0,
    };
    let wish = Wish {
        card: assignment.card,
        ..config.prover
    };
    let openings = Openings::new(&config.data_dir, device).map_err(disk)?;
    let client = process.client.beside(device.asset);
    let before = Before {
        client: client.clone(),
        device,
        openings: openings.clone(),
        threads: config.prover.threads,
        signals: &process.signals,
    };
    let Ready {
        prover,
        uuid,
        rules,
        choice,
    } = loop {
        let ready = make_ready(&client, wish, config.shape);
        let (error, finishes, passes) = match process.signals.or_asked(ready).await {
            Ok(Ok(ready)) => break ready,
            Ok(Err(Unready { error, passes })) => {
                let finishes = is_of_device(&error);
                (error, finishes, passes)
            }
            Err(_) => (stopped_early(), true, false),
        };
        if args.dry_run || !finishes {
            return Err(error);
        }
        let error = before.clone().finish(error).await;
        if !passes {
            return Err(error);
        }
        drop(at_work);
        if !is_tried_again(process, &lock, &error).await {
            return Err(error);
        }
        at_work = AtWork::begin(&process.working);
    };
    let backend = prover.name();
    let class = choice.class;
    let settings = Settings {
        asset: device.asset,
        prover: device.prover,
        class,
        min_rounds: rules.min_rounds,
        max_rounds: config.max_rounds.unwrap_or(MAX_ROUNDS).min(rules.max_rounds),
        ladder: choice.ladder,
    };
    let mut proven = Proven {
        asset: device.asset,
        backend,
        shape: class.name(),
        rounds_expected: choice.rounds.min(settings.max_rounds),
        drained: false,
        at_risk: None,
    };
    if args.dry_run {
        return Ok(proven);
    }
    tracing::info!(
        asset = device.asset,
        prover = %client.prover(),
        backend,
        shape = class.name(),
        rounds_expected = proven.rounds_expected,
        "ready"
    );
    let mut beside = JoinSet::new();
    let card = watch_sensors(uuid, &mut beside).await;
    // The processor opens what a card can't. What the processor can't, nothing can.
    let rescue = prover.is_card().then(|| processor(config.prover.threads));
    let service = Service {
        chain: client,
        engine: args.engine(device, prover, rescue).map_err(disk)?,
        openings,
        settings,
        block: Duration::from_millis(rules.block_ms),
        card: card.clone(),
    };
    // Held until the service has ended: one whose askers are all gone would stop.
    let (ask, asked) = mpsc::channel(4);
    let watchers = watch::Sender::new(service.snapshot());
    let added = process.metrics.add(
        device.asset,
        backend,
        class.name(),
        watchers.subscribe(),
        card.clone(),
    );
    if let Err(error) = added {
        tracing::error!("this device has no metrics: {error}");
    }
    if let (Some(bars), Format::Text) = (process.bars.clone(), config.format) {
        let watched = watchers.subscribe();
        beside.spawn(async move { display::draw(bars, device.asset, backend, watched, card).await });
    }
    beside.spawn(tell_faults(watchers.subscribe(), lock.clone()).in_current_span());
    beside.spawn(process.signals.clone().tell(ask.clone()));
    beside.spawn(told_to_begin_anew(process.restart.subscribe(), ask.clone()).in_current_span());
    beside.spawn(told_to_drain(ask.clone(), lock).in_current_span());
    let ended = service.run(asked, watchers).await;
    let error = match ended {
        Ok(Ended::Drained) => {
            proven.drained = true;
            return Ok(proven);
        }
        Ok(Ended::Stopped { at_risk }) => {
            proven.at_risk = at_risk;
            // Said here too: of several devices, one that failed is all that the process says in the end.
            if let Some(census) = at_risk {
                tell_risk(census);
            }
            return Ok(proven);
        }
        Err(error) => error,
    };
    let begins_anew = matches!(error, ServiceError::DeviceLost | ServiceError::ProverGone);
    // The others finish their census first, which takes longer than what stands of this one may wait.
    let error = match error {
        ServiceError::ProverGone => before.finish(error.into()).await,
        error => error.into(),
    };
    if begins_anew {
        process.restart.send_replace(true);
    }
    drop(at_work);
    Err(error)
}

/// Waits until a device that failed at its start for `error` may be tried again: no, if the process is to end before, or this device alone, or
/// if no other is at work. Then the process ends too, and who starts it anew has the device tried again.
async fn is_tried_again(process: &Process<'_>, lock: &Lock, error: &Error) -> bool {
    let (mut restart, mut working) = (process.restart.subscribe(), process.working.subscribe());
    if *working.borrow() == 0 {
        return false;
    }
    tracing::error!("{error}; it is tried again in {AGAIN:?}");
    tokio::select! {
        waited = process.signals.or_asked(sleep(AGAIN)) => waited.is_ok(),
        () = drain_is_asked(lock) => false,
        _ = restart.wait_for(|restart| *restart) => false,
        _ = working.wait_for(|working| *working == 0) => false,
    }
}

/// A device that is lost to this process may work again in the next one. The others finish the present census first.
async fn told_to_begin_anew(mut restart: watch::Receiver<bool>, ask: mpsc::Sender<Control>) {
    if restart.wait_for(|restart| *restart).await.is_ok() {
        tracing::info!("draining, for the process to begin anew: another device is lost to it");
        ask.send(Control::Drain).await.ok();
    }
}

/// Has the sensors of the card of this UUID watched, if there is one and a driver for it.
async fn watch_sensors(uuid: Option<String>, beside: &mut JoinSet<()>) -> watch::Receiver<Watched> {
    let (sender, seen) = watch::channel(Watched::default());
    let Some(uuid) = uuid else { return seen };
    let wanted = uuid.clone();
    let found = spawn_blocking(move || {
        let sensors = Nvml::load()?;
        let card = sensors.cards().into_iter().find(|card| card.uuid == wanted);
        Ok((sensors, card))
    });
    let found = match timeout(SENSORS, found).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("the driver did not answer in {SENSORS:?}")),
    };
    match found {
        Ok((sensors, card)) => {
            sender.send_modify(|watched| watched.card = card);
            beside.spawn(watch_card(sensors, uuid, sender).in_current_span());
        }
        Err(reason) => tracing::warn!("the card's sensors can't be read: {reason}"),
    }
    seen
}

/// Writes down what the check before a commit found, for `status` and `doctor`.
async fn tell_faults(mut watched: watch::Receiver<Snapshot>, lock: Arc<Lock>) {
    let mut told = None;
    loop {
        let checked = {
            let snapshot = watched.borrow_and_update();
            // Before the first check of this life, what the last one found still stands.
            let checks = snapshot.progress.checks;
            (checks.passed + checks.failed > 0).then(|| snapshot.withheld.clone())
        };
        if let Some(fault) = checked.filter(|fault| told.as_ref() != Some(fault)) {
            let text = fault.as_ref().map(ToString::to_string);
            if let Err(error) = lock.tell_fault(text.as_deref()) {
                tracing::warn!("what the check found could not be written down: {error}");
            }
            told = Some(fault);
        }
        if watched.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Layer, error::Code};
    use clap::{Args as _, FromArgMatches};

    #[tokio::test(start_paused = true)]
    async fn beside_others_a_device_is_tried_again_until_it_is_to_end() {
        let data = tempfile::tempdir().unwrap();
        let lock = Lock::take(data.path(), 0).unwrap();
        let args =
            Args::from_arg_matches(&Args::augment_args(clap::Command::new("run")).get_matches_from(["run"]));
        let (args, config) = (args.unwrap(), Config::read(Layer::default(), None).unwrap());
        let mut process = Process {
            args: &args,
            config: &config,
            client: Client::new(Vec::new(), 0, [0xAA; 32].into(), None),
            bars: None,
            metrics: Arc::new(DevicesMetrics::new([0, 1]).unwrap()),
            signals: Signals::that_came(&[]),
            restart: watch::Sender::new(false),
            working: watch::Sender::new(0),
        };
        let error = Error::new(Code::Failed, "taken");
        let begun = tokio::time::Instant::now();
        assert!(!is_tried_again(&process, &lock, &error).await, "alone");
        let at_work = AtWork::begin(&process.working);
        assert!(is_tried_again(&process, &lock, &error).await);
        assert!(begun.elapsed() >= AGAIN);
        let (again, ()) = tokio::join!(is_tried_again(&process, &lock, &error), async {
            tokio::task::yield_now().await;
            drop(at_work);
        });
        assert!(!again, "the last that was at work is not any more");

        let begun = tokio::time::Instant::now();
        process.working.send_replace(1);
        process.restart.send_replace(true);
        assert!(!is_tried_again(&process, &lock, &error).await);
        process.restart.send_replace(false);
        process.signals = Signals::that_came(&[Control::Leave]);
        assert!(!is_tried_again(&process, &lock, &error).await);
        process.signals = Signals::that_came(&[]);
        crate::lock::ask_to_drain(data.path(), 0).unwrap();
        assert!(!is_tried_again(&process, &lock, &error).await);
        assert!(begun.elapsed() < AGAIN);
    }

    #[tokio::test]
    async fn a_device_that_is_lost_has_the_others_drain() {
        let restart = watch::Sender::new(false);
        let (ask, mut asked) = mpsc::channel(4);
        let mut beside = JoinSet::new();
        beside.spawn(told_to_begin_anew(restart.subscribe(), ask.clone()));
        tokio::task::yield_now().await;
        assert!(asked.try_recv().is_err());
        restart.send_replace(true);
        assert_eq!(asked.recv().await, Some(Control::Drain));
        drop(restart);
        tokio::task::yield_now().await;
        assert!(matches!(asked.try_recv(), Err(mpsc::error::TryRecvError::Empty)));
    }
}
