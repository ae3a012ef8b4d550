// SPDX-License-Identifier: Apache-2.0
//! One device of a process that proves: from its start to its end.

use super::{choose, or_stopped, reach, told_to_drain, told_to_stop, Args, Choice};
use crate::{
    chain::{client::Client, Rules},
    config::{Assignment, Config, Format, Shape},
    display,
    engine::Engine,
    error::{disk, Code, Error},
    lock::Lock,
    openings::Openings,
    prover::{
        choice::{self, processor, Wish},
        cuda, Prover,
    },
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
    time::timeout,
};

/// A device may take so long to answer at the start: kernels are compiled, and classes measured.
const START: Duration = Duration::from_secs(180);

/// What the devices of a process have in common.
pub struct Shared<'a> {
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
    /// Whether the process is to begin anew, because a device is lost to it.
    pub restart: watch::Sender<bool>,
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
/// [`Code`].
pub async fn prove(shared: &Shared<'_>, assignment: Assignment, lock: Arc<Lock>) -> Result<Proven, Error> {
    let &Shared { args, config, .. } = shared;
    let device = Device {
        asset: assignment.asset,
        prover: shared.client.prover().0,
    };
    let wish = Wish {
        card: assignment.card,
        ..config.prover
    };
    let openings = Openings::new(&config.data_dir, device).map_err(disk)?;
    let client = shared.client.beside(device.asset);
    let Ready {
        prover,
        rules,
        choice,
    } = match or_stopped(make_ready(&client, wish, config.shape)).await {
        Ok(Some(ready)) => ready,
        Ok(None) => return Err(stopped_early()),
        Err(error) if args.dry_run => return Err(error),
        Err(error) => return Err(finish_before(error, client, device, openings, config).await),
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
    let card = watch_sensors(prover.uuid(), &mut beside);
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
    let (ask, asked) = mpsc::channel(4);
    let watchers = watch::Sender::new(service.snapshot());
    shared
        .metrics
        .add(
            device.asset,
            backend,
            class.name(),
            watchers.subscribe(),
            card.clone(),
        )
        .map_err(|error| Error::new(Code::Failed, error))?;
    if let (Some(bars), Format::Text) = (shared.bars.clone(), config.format) {
        let watched = watchers.subscribe();
        beside.spawn(async move { display::draw(bars, device.asset, backend, watched, card).await });
    }
    beside.spawn(tell_faults(watchers.subscribe(), lock.clone()));
    beside.spawn(told_to_stop(ask.clone()));
    beside.spawn(told_to_begin_anew(shared.restart.subscribe(), ask.clone()));
    beside.spawn(told_to_drain(ask, lock));
    let ended = service.run(asked, watchers).await;
    if let Err(ServiceError::DeviceLost | ServiceError::ProverGone) = &ended {
        shared.restart.send_replace(true);
    }
    match ended? {
        Ended::Drained => proven.drained = true,
        Ended::Stopped { at_risk } => proven.at_risk = at_risk,
    }
    Ok(proven)
}

/// A device that is lost to this process may work again in the next one. The others finish the present census first.
async fn told_to_begin_anew(mut restart: watch::Receiver<bool>, ask: mpsc::Sender<Control>) {
    if restart.wait_for(|restart| *restart).await.is_ok() {
        tracing::info!("draining, for the process to begin anew: another device is lost to it");
        ask.send(Control::Drain).await.ok();
    }
    // Keeps the channel open: a service whose askers are gone would stop.
    std::future::pending::<()>().await;
}

/// What a worker begins with.
struct Ready {
    prover: Box<dyn Prover>,
    rules: Rules,
    choice: Choice,
}

/// Chooses what computes, reaches the chain, and measures what counts there.
async fn make_ready(client: &Client, wish: Wish, shape: Shape) -> Result<Ready, Error> {
    let mut prover = ask_device(move || Ok(choice::choose(&cuda::here(), &wish)?)).await?;
    let rules = reach(client).await?;
    ask_device(move || {
        let choice = choose(&mut *prover, &rules, shape)?;
        Ok(Ready {
            prover,
            rules,
            choice,
        })
    })
    .await
}

/// Asks something of the device in a thread of its own: one that hangs must not keep a commit of an earlier life from being opened.
async fn ask_device<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match timeout(START, spawn_blocking(question)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Err(Error::new(Code::Failed, error)),
        Err(_) => Err(
            Error::new(Code::Failed, format!("the device did not answer in {START:?}"))
                .mend("Does `nvidia-smi` answer? Restart the machine if it does not."),
        ),
    }
}

fn stopped_early() -> Error {
    Error::new(Code::Unreachable, "stopped before device and chain were ready")
}

/// A worker that can't begin, because of `error`, opens all the same what an earlier life has committed to, as far as its rounds are on the disk.
/// Answers why it ends.
async fn finish_before(
    error: Error,
    client: Client,
    device: Device,
    openings: Openings,
    config: &Config,
) -> Error {
    if !may_stand(&error, &openings) {
        return error;
    }
    tracing::error!("{error}");
    tracing::info!("before it ends for that, the processor opens what may stand on the chain");
    let threads = config.prover.threads;
    let finished = async {
        let Some(rules) = or_stopped(reach(&client)).await? else {
            return Err(stopped_early());
        };
        let prover = ask_device(move || Ok(processor(threads)()?)).await?;
        let engine = Engine::start(device, prover, None).map_err(disk)?;
        let block = Duration::from_millis(rules.block_ms);
        let service = Service::finishing(client, engine, openings, device, block);
        let (ask, asked) = mpsc::channel(4);
        ask.send(Control::Drain).await.ok();
        let mut beside = JoinSet::new();
        beside.spawn(told_to_stop(ask));
        let watchers = watch::Sender::new(service.snapshot());
        Ok(service.run(asked, watchers).await?)
    };
    match finished.await {
        Ok(Ended::Drained) => tracing::info!("nothing is left to open"),
        Ok(Ended::Stopped { at_risk: None }) => {}
        Ok(Ended::Stopped {
            at_risk: Some(census),
        }) => tracing::warn!(
            census,
            "stopped: the commit may have to be opened; start again soon, or it costs the bond"
        ),
        Err(other) => tracing::error!("what may stand on the chain was not opened: {other}"),
    }
    error
}

/// Whether something may stand on the chain that can be opened in spite of `error`.
fn may_stand(error: &Error, openings: &Openings) -> bool {
    // A folder that can't be read is no reason to give a bond up.
    matches!(error.code, Code::Device | Code::Shape | Code::Failed)
        && !openings.is_empty().unwrap_or_default()
}

/// Has the sensors of the card of this UUID watched, if there is one and a driver for it.
fn watch_sensors(uuid: Option<String>, beside: &mut JoinSet<()>) -> watch::Receiver<Watched> {
    let (sender, seen) = watch::channel(Watched::default());
    let Some(uuid) = uuid else { return seen };
    match Nvml::load() {
        Ok(sensors) => {
            let card = sensors.cards().into_iter().find(|card| card.uuid == uuid);
            sender.send_modify(|watched| watched.card = card);
            beside.spawn(watch_card(sensors, uuid, sender));
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
    use crate::{prover::ProverError, state::Work};
    use compute_proof::Class;

    #[tokio::test]
    async fn an_error_at_the_start_is_reported_without_a_chain_where_no_rounds_are_on_the_disk() {
        let data = tempfile::tempdir().unwrap();
        let device = Device {
            asset: 0,
            prover: [0xAA; 32],
        };
        let openings = Openings::new(data.path(), device).unwrap();
        assert!(!may_stand(&Error::new(Code::Device, "gone"), &openings));
        let work = Work {
            census: 1,
            challenge: [1; 32],
            class: Class::Xs,
        };
        openings.save(&work, &[[1; 32]]).unwrap();
        for code in [Code::Device, Code::Shape, Code::Failed] {
            assert!(may_stand(&Error::new(code, "gone"), &openings));
        }
        assert!(!may_stand(
            &Error::new(Code::Incompatible, "another chain"),
            &openings
        ));
    }

    #[tokio::test]
    async fn a_question_that_the_device_can_t_answer_is_an_error() {
        let answer = ask_device(|| Ok(1)).await;
        assert_eq!(answer.unwrap(), 1);
        let refused = ask_device(|| Err::<(), _>(ProverError::NoBackend.into())).await;
        assert_eq!(refused.unwrap_err().code, Code::Device);
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_that_hangs_at_the_start_is_an_error_after_a_while() {
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let question = ask_device(move || {
            told.recv().ok();
            Ok(())
        });
        let passes = async {
            tokio::time::advance(START + Duration::from_secs(1)).await;
            drop(tell);
        };
        let (answer, ()) = tokio::join!(question, passes);
        let error = answer.unwrap_err();
        assert_eq!(error.code.number(), 1);
        assert!(error.to_string().contains("did not answer"), "{error}");
    }

    #[tokio::test]
    async fn a_device_that_is_lost_has_the_others_drain() {
        let restart = watch::Sender::new(false);
        let (ask, mut asked) = mpsc::channel(4);
        let mut beside = JoinSet::new();
        beside.spawn(told_to_begin_anew(restart.subscribe(), ask));
        tokio::task::yield_now().await;
        assert!(asked.try_recv().is_err());
        restart.send_replace(true);
        assert_eq!(asked.recv().await, Some(Control::Drain));
        drop(restart);
        tokio::task::yield_now().await;
        assert!(matches!(asked.try_recv(), Err(mpsc::error::TryRecvError::Empty)));
    }
}
