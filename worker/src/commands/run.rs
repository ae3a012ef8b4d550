// SPDX-License-Identifier: Apache-2.0
//! `run`: the service.

mod before;
mod device;
mod ready;

pub use device::Proven;

use self::device::{AtWork, Process};
use super::{asset, signals::Signals, signer};
use crate::{
    chain::{client::Client, Chain, ChainError, Rules},
    cli::{KeyArgs, ProverArgs},
    config::{Assignment, Config, Layer, Shape},
    engine::Engine,
    error::{Code, Error},
    keystore,
    lock::Lock,
    prover::{Prover, Rescue},
    service::Control,
    shape::{self, Ladder},
    telemetry::{
        metrics::DevicesMetrics,
        server::{self, Address},
    },
};
use compute_proof::{Class, Device};
use futures::future::join_all;
use indicatif::MultiProgress;
use serde::Serialize;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
    time::sleep,
};
use tracing::Instrument;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub key: KeyArgs,
    /// The asset to prove
    #[arg(long, value_name = "N")]
    pub asset: Option<u64>,
    /// An asset to prove and the card for it, such as 7:0. Said several times, or with commas, one process proves several
    #[arg(long, value_name = "ASSET[:CARD]", value_delimiter = ',', conflicts_with_all = ["asset", "card"])]
    pub device: Vec<Assignment>,
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
            devices: Some(self.device.clone()).filter(|devices| !devices.is_empty()),
            shape: self.shape,
            max_rounds: self.max_rounds,
            metrics: self.metrics.map(|address| address.to_string()),
            ..layer
        }))
    }

    fn engine(
        &self,
        device: Device,
        prover: Box<dyn Prover>,
        rescue: Option<Rescue>,
    ) -> std::io::Result<Engine> {
        #[cfg(feature = "adversary")]
        return Engine::start_overclaiming(device, prover, rescue, self.simulate_overclaim);
        #[cfg(not(feature = "adversary"))]
        Engine::start(device, prover, rescue)
    }
}

/// What `run` prints at its end.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// Who proves.
    pub prover: String,
    /// Nothing was done.
    pub dry_run: bool,
    /// The devices, as they were named.
    pub devices: Vec<Proven>,
}

/// Runs the service until it is told to end: for every device one prover, all in this process.
///
/// # Errors
/// [`Code`]: of a device that failed. The others work on, unless what failed begins anew with the process: then they finish the
/// present census first.
pub async fn run(args: &Args, config: &Config, bars: Option<MultiProgress>) -> Result<Output, Error> {
    let key = signer(config)?;
    let account = keystore::account(&key);
    let assignments = assignments(config)?;
    let mut locks = Vec::new();
    for assignment in &assignments {
        locks.push(Arc::new(Lock::take(&config.data_dir, assignment.asset)?));
    }
    let mut beside = JoinSet::new();
    let signals = Signals::listen(&mut beside)?;
    let assets = assignments.iter().map(|assignment| assignment.asset);
    let metrics = DevicesMetrics::new(assets).map_err(|error| Error::new(Code::Failed, error))?;
    let metrics = Arc::new(metrics);
    if !args.dry_run {
        if let Some(listener) = listen(config.metrics).await {
            let metrics = metrics.clone();
            beside.spawn(server::serve(listener, Arc::new(move || metrics.page())));
        }
    }
    let process = Process {
        args,
        config,
        client: Client::new(config.urls.clone(), 0, account, Some(key)),
        bars,
        metrics,
        signals,
        restart: watch::Sender::new(false),
        working: watch::Sender::new(0),
    };
    let several = assignments.len() > 1;
    let proven = assignments.into_iter().zip(locks).map(|(assignment, lock)| {
        let span = match several {
            true => tracing::info_span!("device", asset = assignment.asset),
            false => tracing::Span::none(),
        };
        let prove = device::prove(&process, assignment, lock, AtWork::begin(&process.working));
        async move {
            let proven = prove.await;
            // In the end one error is told, and that late.
            match &proven {
                Err(error) if several => tracing::error!("{}", error.message),
                _ => {}
            }
            proven
        }
        .instrument(span)
    });
    Ok(Output {
        prover: account.to_string(),
        dry_run: args.dry_run,
        devices: all(join_all(proven).await)?,
    })
}

/// What all devices came to; or one's failure: of those one that a new start of the process may mend, if there is any, since exit codes tell
/// service managers that.
fn all(results: Vec<Result<Proven, Error>>) -> Result<Vec<Proven>, Error> {
    let (mut proven, mut failed) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(device) => proven.push(device),
            Err(error) => failed.push(error),
        }
    }
    match failed.into_iter().min_by_key(|error| error.code != Code::Failed) {
        Some(error) => Err(error),
        None => Ok(proven),
    }
}

/// Which devices prove for which assets.
fn assignments(config: &Config) -> Result<Vec<Assignment>, Error> {
    Ok(match config.devices.is_empty() {
        true => vec![Assignment {
            asset: asset(config)?,
            card: config.prover.card,
        }],
        false => config.devices.clone(),
    })
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

/// Waits until the device of this lock is asked to drain.
async fn drain_is_asked(lock: &Lock) {
    while !lock.drain_is_asked() {
        sleep(Duration::from_secs(1)).await;
    }
}

pub(super) async fn told_to_drain(ask: mpsc::Sender<Control>, lock: Arc<Lock>) {
    drain_is_asked(&lock).await;
    tracing::info!("draining: the present census is finished, no other begun");
    ask.send(Control::Drain).await.ok();
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, device) in self.devices.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            let Proven {
                asset,
                backend,
                shape,
                rounds_expected,
                ..
            } = device;
            match (self.dry_run, device.drained, device.at_risk) {
                (true, ..) => write!(
                    f,
                    "would prove asset {asset} as {} on {backend}, shape {shape}, about {rounds_expected} rounds a census",
                    self.prover
                ),
                (false, true, _) => write!(f, "asset {asset}: finished, nothing is left to open"),
                (false, false, None) => write!(f, "asset {asset}: stopped"),
                (false, false, Some(census)) => write!(
                    f,
                    "asset {asset}: stopped. The commit of census {census} may have to be opened: start again soon, or it costs the bond"
                ),
            }?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prover::cpu::Cpu;
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

    #[test]
    fn of_several_failures_one_that_a_new_start_may_mend_is_told() {
        let failed = |code| Err(Error::new(code, "gone"));
        let proven = |asset| {
            Ok(Proven {
                asset,
                backend: "cpu",
                shape: "s",
                rounds_expected: 1,
                drained: true,
                at_risk: None,
            })
        };
        let assets = all(vec![proven(7), proven(8)]).unwrap();
        assert_eq!(
            assets.iter().map(|device| device.asset).collect::<Vec<_>>(),
            [7, 8]
        );
        let code = |results| all(results).unwrap_err().code;
        assert_eq!(code(vec![proven(7), failed(Code::Device)]), Code::Device);
        let both = vec![failed(Code::Device), proven(7), failed(Code::Failed)];
        assert_eq!(code(both), Code::Failed);
    }
}
