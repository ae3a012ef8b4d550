// SPDX-License-Identifier: Apache-2.0
//! `run`: the service.

use super::{asset, signer};
use crate::{
    chain::{client::Client, Chain, ChainError, Rules},
    cli::{KeyArgs, ProverArgs},
    config::{Config, Format, Layer, Shape},
    display,
    engine::Engine,
    error::{disk, Code, Error},
    keystore,
    lock::Lock,
    openings::Openings,
    prover::{
        choice::{self, processor},
        cuda, Prover, Rescue,
    },
    service::{Control, Ended, Service, Snapshot},
    shape::{self, Ladder},
    state::Settings,
    telemetry::{
        metrics::WorkerMetrics,
        nvml::Nvml,
        sensors::{watch_card, Watched},
        server::{self, Address},
    },
};
use compute_proof::{Class, Device, MAX_ROUNDS};
use indicatif::MultiProgress;
use serde::Serialize;
use std::{fmt, future::Future, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal,
    sync::{mpsc, watch},
    task::{spawn_blocking, JoinSet},
    time::{sleep, timeout},
};

/// A device may take so long to answer at the start: kernels are compiled, and classes measured.
const START: Duration = Duration::from_secs(180);

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub key: KeyArgs,
    /// The asset to prove
    #[arg(long, value_name = "N")]
    pub asset: Option<u64>,
    /// Class of work: auto, xs, s, m, l or xl [default: auto]
    #[arg(long)]
    pub shape: Option<Shape>,
    #[command(flatten)]
    pub prover: ProverArgs,
    /// Rounds after which no more are computed in a census [default: as many as the chain takes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_rounds: Option<u32>,
    /// Serve metrics for Prometheus: a port of this machine, or ADDRESS:PORT [default: none are served]
    #[arg(long, value_name = "[ADDRESS:]PORT")]
    pub metrics: Option<Address>,
    /// Check everything, say what would be done, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// FOR TESTS OF THE SLASH: claim FACTOR times the rounds that were computed. Costs the bond
    #[cfg(feature = "adversary")]
    #[arg(long, value_name = "FACTOR", hide = true, default_value_t = 1)]
    pub simulate_overclaim: u32,
}

impl Args {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        self.key.upon(self.prover.upon(Layer {
            asset: self.asset,
            shape: self.shape,
            max_rounds: self.max_rounds,
            metrics: self.metrics.map(|address| address.to_string()),
            ..layer
        }))
    }

    #[cfg(feature = "adversary")]
    fn engine(
        &self,
        device: Device,
        prover: Box<dyn Prover>,
        rescue: Option<Rescue>,
    ) -> std::io::Result<Engine> {
        Engine::start_overclaiming(device, prover, rescue, self.simulate_overclaim)
    }

    #[cfg(not(feature = "adversary"))]
    fn engine(
        &self,
        device: Device,
        prover: Box<dyn Prover>,
        rescue: Option<Rescue>,
    ) -> std::io::Result<Engine> {
        Engine::start(device, prover, rescue)
    }
}

/// What `run` prints at its end.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// The asset.
    pub asset: u64,
    /// Who proves.
    pub prover: String,
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
    /// Nothing was done.
    pub dry_run: bool,
}

/// Runs the service until it is told to end.
///
/// # Errors
/// [`Code`].
pub async fn run(args: &Args, config: &Config, bars: Option<MultiProgress>) -> Result<Output, Error> {
    let key = signer(config)?;
    let account = keystore::account(&key);
    let device = Device {
        asset: asset(config)?,
        prover: account.0,
    };
    let lock = Arc::new(Lock::take(&config.data_dir, device.asset)?);
    let openings = Openings::new(&config.data_dir, device).map_err(disk)?;
    let client = Client::new(config.urls.clone(), device.asset, account, Some(key));
    let Ready {
        prover,
        rules,
        choice,
    } = match or_stopped(make_ready(&client, config)).await {
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
    let mut output = Output {
        asset: device.asset,
        prover: account.to_string(),
        backend,
        shape: class.name(),
        rounds_expected: choice.rounds.min(settings.max_rounds),
        drained: false,
        at_risk: None,
        dry_run: args.dry_run,
    };
    if args.dry_run {
        return Ok(output);
    }
    tracing::info!(
        asset = device.asset,
        prover = %account,
        backend,
        shape = class.name(),
        rounds_expected = output.rounds_expected,
        "ready"
    );
    let metrics = listen(config.metrics).await;
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
    if let Some(listener) = metrics {
        let identity = card.borrow().card.clone();
        let metrics = WorkerMetrics::new(device.asset, backend, class.name(), identity.as_ref())
            .map_err(|error| Error::new(Code::Failed, error))?;
        let card = card.clone();
        let page = server::page_of(watchers.subscribe(), move |snapshot| {
            let card = card.borrow().clone();
            metrics.page(snapshot, &card)
        });
        beside.spawn(server::serve(listener, page));
    }
    if let (Some(bars), Format::Text) = (bars, config.format) {
        let watched = watchers.subscribe();
        beside.spawn(async move { display::draw(bars, device.asset, backend, watched, card).await });
    }
    beside.spawn(tell_faults(watchers.subscribe(), lock.clone()));
    beside.spawn(told_to_stop(ask.clone()));
    beside.spawn(told_to_drain(ask, lock.clone()));
    let ended = service.run(asked, watchers).await?;
    match ended {
        Ended::Drained => output.drained = true,
        Ended::Stopped { at_risk } => output.at_risk = at_risk,
    }
    Ok(output)
}

/// What a worker begins with.
struct Ready {
    prover: Box<dyn Prover>,
    rules: Rules,
    choice: Choice,
}

/// Chooses what computes, reaches the chain, and measures what counts there.
async fn make_ready(client: &Client, config: &Config) -> Result<Ready, Error> {
    let (wish, shape) = (config.prover, config.shape);
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

/// Tries to reach the chain until it answers: a service may start before its node does.
pub(super) async fn reach(client: &Client) -> Result<Rules, Error> {
    let mut wait = Duration::from_secs(1);
    loop {
        let answer = async {
            client.check_compatible().await?;
            client.rules().await
        };
        match answer.await {
            Ok(rules) => return Ok(rules),
            Err(error @ ChainError::Incompatible(_)) => return Err(error.into()),
            Err(error @ ChainError::Unreachable(_)) => tracing::warn!("{error}; trying again"),
        }
        sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(5));
    }
}

/// A result, or nothing if a signal to stop comes first.
pub(super) async fn or_stopped<T>(work: impl Future<Output = Result<T, Error>>) -> Result<Option<T>, Error> {
    tokio::select! {
        result = work => result.map(Some),
        _ = stop_signal() => Ok(None),
    }
}

/// Opens the port for metrics, if they are wanted. A worker that cannot be watched works all the same.
pub(super) async fn listen(address: Option<Address>) -> Option<TcpListener> {
    let Address(address) = address?;
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!("cannot serve metrics on {address}: {error}; name another port with --metrics");
            return None;
        }
    };
    let address = listener.local_addr().unwrap_or(address);
    if !address.ip().is_loopback() {
        tracing::warn!("metrics are served beyond this machine: whoever reaches the port can read them");
    }
    tracing::info!("metrics: http://{address}/metrics");
    Some(listener)
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

/// What to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The class to work in.
    pub class: Class,
    /// How many rounds of it fit a window.
    pub rounds: u32,
    /// What was measured.
    pub ladder: Ladder,
}

/// The class to work in: what is wished for, unless too few of its rounds fit a window; then a smaller one.
///
/// # Errors
/// [`Code::Shape`], [`Code::Device`].
pub fn choose(prover: &mut dyn Prover, rules: &Rules, wish: Shape) -> Result<Choice, Error> {
    let names = |classes: &[Class]| {
        classes
            .iter()
            .map(|class| class.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let rules_for = match wish {
        Shape::Auto => rules.clone(),
        // The smaller ones too: a window may turn out too short for this one.
        Shape::Class(class) if rules.classes.contains(&class) => Rules {
            classes: rules
                .classes
                .iter()
                .copied()
                .filter(|other| *other <= class)
                .collect(),
            ..rules.clone()
        },
        Shape::Class(class) => {
            return Err(
                Error::new(Code::Shape, format!("class {class} does not count on this chain"))
                    .mend(format!("These do: {}.", names(&rules.classes))),
            );
        }
    };
    let measured = shape::measure(prover, &rules_for)?;
    let asked = match wish {
        Shape::Auto => None,
        Shape::Class(class) => Some(class),
    };
    let ladder = Ladder::new(&measured, Duration::from_millis(rules.block_ms)).asked_for(asked);
    let rounds = |class: Class| {
        measured
            .iter()
            .find(|measured| measured.class == class)
            .map(|measured| shape::rounds(measured, &rules_for))
            .filter(|rounds| *rounds >= rules.min_rounds.max(1))
    };
    let class = match wish {
        // What was asked for is done, even if few rounds fit, as long as one commit does.
        Shape::Class(class) if rounds(class).is_some() => Some(class),
        _ => shape::best(&measured, &rules_for),
    };
    match class.and_then(|class| Some((class, rounds(class)?))) {
        Some((class, rounds)) => {
            if let Shape::Class(wish) = wish {
                if wish != class {
                    tracing::warn!("too few rounds of {wish} fit a window: it works in {class} instead");
                }
            }
            Ok(Choice {
                class,
                rounds,
                ladder,
            })
        }
        None => Err(Error::new(
            Code::Shape,
            format!(
                "this device does not compute {} rounds of {} in a window",
                rules.min_rounds,
                names(&rules_for.classes)
            ),
        )
        .mend("Let it have more threads.")),
    }
}

/// Waits for SIGINT or SIGTERM, and says how to end then.
async fn stop_signal() -> Control {
    #[cfg(unix)]
    {
        if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
            return tokio::select! {
                _ = terminate.recv() => Control::Leave,
                interrupted = signal::ctrl_c() => {
                    drop(interrupted);
                    Control::Stop
                }
            };
        }
    }
    drop(signal::ctrl_c().await);
    Control::Stop
}

/// Ctrl-C stops at once. SIGTERM, which service managers send, lets what stands on the chain be opened first; a second one stops at once.
pub(super) async fn told_to_stop(ask: mpsc::Sender<Control>) {
    let how = stop_signal().await;
    match how {
        Control::Leave => {
            tracing::info!("ending as soon as nothing is lost by it; a second signal ends at once")
        }
        _ => tracing::info!("stopping"),
    }
    // Nobody listens any more: then it has stopped.
    ask.send(how).await.ok();
    stop_signal().await;
    tracing::info!("stopping at once");
    ask.send(Control::Stop).await.ok();
}

pub(super) async fn told_to_drain(ask: mpsc::Sender<Control>, lock: Arc<Lock>) {
    while !lock.drain_is_asked() {
        sleep(Duration::from_secs(1)).await;
    }
    tracing::info!("draining: the present census is finished, no other begun");
    ask.send(Control::Drain).await.ok();
    // Keeps the channel open: a service whose askers are gone would stop.
    std::future::pending::<()>().await;
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            asset,
            prover,
            backend,
            shape,
            rounds_expected,
            ..
        } = self;
        if self.dry_run {
            return write!(
                f,
                "would prove asset {asset} as {prover} on {backend}, shape {shape}, about {rounds_expected} rounds a census"
            );
        }
        match (self.drained, self.at_risk) {
            (true, _) => write!(f, "asset {asset}: finished, nothing is left to open"),
            (false, None) => write!(f, "asset {asset}: stopped"),
            (false, Some(census)) => write!(
                f,
                "asset {asset}: stopped. The commit of census {census} may have to be opened: start again soon, or it costs the bond"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        prover::{cpu::Cpu, ProverError},
        state::Work,
    };
    use std::num::NonZeroUsize;

    fn rules(classes: &[Class], min_rounds: u32) -> Rules {
        Rules {
            classes: classes.to_vec(),
            min_rounds,
            max_rounds: 65_536,
            window: 6,
            block_ms: 3_000,
        }
    }

    #[test]
    fn a_shape_that_does_not_count_is_refused_and_those_that_do_are_named() {
        let mut cpu = Cpu::fastest(NonZeroUsize::new(1)).unwrap();
        let error = choose(
            &mut cpu,
            &rules(&[Class::Xs, Class::S], 1),
            Shape::Class(Class::M),
        )
        .unwrap_err();
        assert_eq!(error.code, Code::Shape);
        assert!(error.mend.unwrap().contains("xs, s"));
    }

    #[test]
    fn a_shape_that_is_asked_for_is_taken() {
        let mut cpu = Cpu::fastest(NonZeroUsize::new(1)).unwrap();
        let choice = choose(
            &mut cpu,
            &rules(&[Class::Xs, Class::S], 1),
            Shape::Class(Class::Xs),
        )
        .unwrap();
        assert_eq!(choice.class, Class::Xs);
        assert!(choice.rounds > 100);
        assert_eq!(choice.ladder, choice.ladder.asked_for(Some(Class::Xs)));
    }

    #[test]
    fn a_shape_of_which_too_few_rounds_fit_a_window_falls_back_to_a_smaller_one() {
        let mut cpu = Cpu::fastest(NonZeroUsize::new(1)).unwrap();
        // In a window of 60 ms hundreds of rounds of XS fit, and a few of S at most.
        let short = Rules {
            block_ms: 10,
            ..rules(&[Class::Xs, Class::S], 200)
        };
        let choice = choose(&mut cpu, &short, Shape::Class(Class::S)).unwrap();
        assert_eq!(choice.class, Class::Xs);
    }

    #[test]
    fn a_device_that_is_too_slow_is_told_so() {
        let mut cpu = Cpu::fastest(NonZeroUsize::new(1)).unwrap();
        let impossible = Rules {
            block_ms: 0,
            ..rules(&[Class::Xs], 1)
        };
        assert_eq!(
            choose(&mut cpu, &impossible, Shape::Auto).unwrap_err().code,
            Code::Shape
        );
    }

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
}
