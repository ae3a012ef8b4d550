// SPDX-License-Identifier: Apache-2.0
//! `stratum`: a Stratum V1 server, for SHA-256d miners as one device.

use super::{
    asset,
    run::{listen, reach, told_to_drain},
    signals::Signals,
    signer,
};
use crate::{
    chain::client::Client,
    cli::KeyArgs,
    config::{
        stratum::{Stratum, StratumLayer},
        Config, Format, Layer,
    },
    error::{disk, Code, Error},
    keystore,
    lock::Lock,
    service::Ended,
    stratum::{
        chain::{HashrateChain, ShareChain},
        display,
        job::Split,
        miner::Miner,
        planner::Planner,
        server::{self, Context, Guest, Limits},
        service::{Options, Service},
        sha256::Engine,
        statistics::Report,
        store::Store,
        upstream::{self, News},
    },
    telemetry::{
        metrics::StratumMetrics,
        server::{self as metrics_server, Address},
    },
};
use compute_proof::Device;
use indicatif::MultiProgress;
use serde::Serialize;
use std::{
    fmt,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::duplex,
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

/// How long a pool may take to say how many bytes it leaves for extranonces, before miners are let in.
const POOL_PATIENCE: Duration = Duration::from_secs(10);

/// Shares and news that wait between the pool's connection and the server.
const POOL_QUEUE: usize = 256;

/// How long the embedded miner waits before it begins again.
const AGAIN: Duration = Duration::from_secs(5);

/// Bytes between the embedded miner and the server.
const PIPE: usize = 64 << 10;

/// Arguments of `stratum`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub key: KeyArgs,
    /// The asset whose miners these are
    #[arg(long, value_name = "N")]
    pub asset: Option<u64>,
    /// Where miners connect [default: 127.0.0.1:3333]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Threads of the embedded miner; 0 for none [default: 1]
    #[arg(long, value_name = "N")]
    pub cpu_threads: Option<usize>,
    /// Pool to mine for between censuses, such as stratum+tcp://pool.example.org:3333
    #[arg(long, value_name = "URL", help_heading = "Upstream")]
    pub upstream: Option<String>,
    /// Worker's name at the pool
    #[arg(long, value_name = "NAME", help_heading = "Upstream")]
    pub upstream_user: Option<String>,
    /// Its password there [default: x]
    #[arg(long, value_name = "TEXT", help_heading = "Upstream")]
    pub upstream_password: Option<String>,
    /// Shares a minute from each miner [default: 20]
    #[arg(long, value_name = "N", help_heading = "Miners")]
    pub shares_per_minute: Option<NonZeroU32>,
    /// Difficulty that a new miner begins with; may be a fraction [default: 1024]
    #[arg(long, value_name = "D", help_heading = "Miners")]
    pub difficulty: Option<f64>,
    /// Connections at once [default: 4096]
    #[arg(long, value_name = "N", help_heading = "Miners")]
    pub connections: Option<usize>,
    /// Connections at once from one address [default: 1024]
    #[arg(long, value_name = "N", help_heading = "Miners")]
    pub connections_per_address: Option<usize>,
    /// Serve metrics for Prometheus: a port of this machine, or ADDRESS:PORT [default: none are served]
    #[arg(long, value_name = "[ADDRESS:]PORT")]
    pub metrics: Option<Address>,
    /// Check everything, say what would be done, and neither listen nor send anything
    #[arg(long)]
    pub dry_run: bool,
}

impl Args {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        self.key.upon(Layer {
            asset: self.asset,
            metrics: self.metrics.map(|address| address.to_string()),
            stratum: StratumLayer {
                listen: self.listen,
                upstream: self.upstream.clone(),
                upstream_user: self.upstream_user.clone(),
                upstream_password: self.upstream_password.clone(),
                cpu_threads: self.cpu_threads,
                connections: self.connections,
                connections_per_address: self.connections_per_address,
                shares_per_minute: self.shares_per_minute,
                difficulty: self.difficulty,
            },
            ..layer
        })
    }
}

/// What `stratum` prints at its end.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// The asset.
    pub asset: u64,
    /// Who proves.
    pub prover: String,
    /// Where miners connect.
    pub listen: SocketAddr,
    /// The pool between censuses.
    pub upstream: Option<String>,
    /// Threads of the embedded miner.
    pub cpu_threads: usize,
    /// What they hash with.
    pub engine: &'static str,
    /// Why the asset takes no part in censuses as the chain stands, if so.
    pub obstacle: Option<String>,
    /// Submissions that the chain took.
    pub submissions: u32,
    /// Whether all that was begun is finished.
    pub drained: bool,
    /// What the miners delivered.
    pub statistics: Report,
    /// Nothing was done.
    pub dry_run: bool,
}

/// Runs the server until it is told to end.
///
/// # Errors
/// [`Code`].
pub async fn run(args: &Args, config: &Config, bars: Option<MultiProgress>) -> Result<Output, Error> {
    let settings = &config.stratum;
    let key = signer(config)?;
    let account = keystore::account(&key);
    let device = Device {
        asset: asset(config)?,
        prover: account.0,
    };
    let lock = Arc::new(Lock::take(&config.data_dir, device.asset)?);
    let engine = Engine::fastest();
    let client = Client::new(config.urls.clone(), device.asset, account, Some(key));
    let stopped = || Error::new(Code::Unreachable, "stopped before the chain was reached");
    let mut beside = JoinSet::new();
    let signals = Signals::listen(&mut beside)?;
    let rules = signals.or_asked(reach(&client)).await.map_err(|_| stopped())??;
    let chain = HashrateChain::new(client).await?;
    let view = chain.view(None).await?;
    let block = Duration::from_millis(rules.block_ms);
    let mut output = Output {
        asset: device.asset,
        prover: account.to_string(),
        listen: settings.listen,
        upstream: settings.upstream.as_ref().map(|pool| pool.address.to_string()),
        cpu_threads: settings.cpu_threads,
        engine: engine.name(),
        obstacle: Planner::new(device.asset, device.prover)
            .obstacle(&view)
            .map(|obstacle| obstacle.to_string()),
        submissions: 0,
        drained: false,
        statistics: Report::default(),
        dry_run: args.dry_run,
    };
    if args.dry_run {
        return Ok(output);
    }
    let pool = pool(settings, &mut beside).await?;
    let listener = TcpListener::bind(settings.listen).await.map_err(|error| {
        Error::new(
            Code::Config,
            format!("cannot listen on {}: {error}", settings.listen),
        )
        .mend("Name another with --listen.")
    })?;
    output.listen = listener.local_addr().unwrap_or(settings.listen);
    if !settings.listen.ip().is_loopback() {
        tracing::warn!(
            "listening beyond this machine: Stratum has no encryption and no passwords, whoever reaches the port can mine here"
        );
    }
    let metrics = listen(config.metrics).await;
    let options = Options {
        split: pool.split,
        salt: salt()?,
        room: settings.room,
        limits: Limits::default(),
        difficulty: settings.difficulty,
        per_minute: settings.shares_per_minute,
        window: block * rules.window,
        block,
    };
    let store = Store::new(&config.data_dir, device).map_err(disk)?;
    let service = Service::new(chain, device, store, options, pool.shares, pool.news);
    let context = service.context();
    embed(settings, engine, &context, &mut beside)?;
    beside.spawn(server::listen(listener, context));
    tracing::info!(
        asset = device.asset,
        prover = %account,
        listen = %output.listen,
        upstream = output.upstream,
        cpu_threads = settings.cpu_threads,
        engine = engine.name(),
        "ready"
    );
    // Held until the service has ended: one whose askers are all gone would stop.
    let (ask, asked) = mpsc::channel(4);
    let watchers = watch::Sender::new(service.snapshot());
    let watched = watchers.subscribe();
    if let Some(listener) = metrics {
        let metrics = StratumMetrics::new(device.asset, engine.name())
            .map_err(|error| Error::new(Code::Failed, error))?;
        let page = metrics_server::page_of(watchers.subscribe(), move |snapshot| metrics.page(snapshot));
        beside.spawn(metrics_server::serve(listener, page));
    }
    if let (Some(bars), Format::Text) = (bars, config.format) {
        let watched = watchers.subscribe();
        beside.spawn(async move { display::draw(bars, device.asset, watched).await });
    }
    beside.spawn(signals.tell(ask.clone()));
    beside.spawn(told_to_drain(ask.clone(), lock.clone()));
    output.drained = service.run(asked, watchers).await? == Ended::Drained;
    let last = watched.borrow();
    output.obstacle = last.obstacle.clone();
    output.submissions = last.submissions;
    output.statistics = last.report.clone();
    drop(last);
    Ok(output)
}

/// The pool's ends.
struct Pool {
    split: Split,
    shares: mpsc::Sender<server::ToPool>,
    news: Option<mpsc::Receiver<News>>,
}

/// Connects to the pool, if there is one, and divides the extranonces so that they fit it and the census.
async fn pool(settings: &Stratum, beside: &mut JoinSet<()>) -> Result<Pool, Error> {
    let (shares, incoming) = mpsc::channel(POOL_QUEUE);
    let Some(account) = settings.upstream.clone() else {
        return Ok(Pool {
            split: Split::CENSUS,
            shares,
            news: None,
        });
    };
    let (tell, mut news) = mpsc::channel(POOL_QUEUE);
    beside.spawn(upstream::run(account, incoming, tell));
    let connected = async {
        loop {
            match news.recv().await {
                Some(News::Connected { room }) => return Some(room),
                Some(_) => {}
                None => return None,
            }
        }
    };
    let split = match timeout(POOL_PATIENCE, connected).await {
        Ok(Some(room)) => Split::within(room).unwrap_or_else(|| {
            tracing::warn!(
                "the pool leaves {room} bytes for extranonce2, too few to share between miners: none works for it"
            );
            Split::CENSUS
        }),
        Ok(None) | Err(_) => {
            tracing::warn!("the pool does not answer yet: miners get extranonces that fit nearly any, 256 connections at most");
            Split::NARROW
        }
    };
    Ok(Pool {
        split,
        shares,
        news: Some(news),
    })
}

/// Starts the embedded miner, if it is wanted.
fn embed(
    settings: &Stratum,
    engine: Engine,
    context: &Context,
    beside: &mut JoinSet<()>,
) -> Result<(), Error> {
    let Some(threads) = NonZeroUsize::new(settings.cpu_threads) else {
        return Ok(());
    };
    let mut miner = Miner::start(engine, threads).map_err(disk)?;
    let context = context.clone();
    beside.spawn(async move {
        loop {
            let stopped = match Guest::admit(&context, None) {
                Ok(guest) => {
                    let (ours, theirs) = duplex(PIPE);
                    let mut served = JoinSet::new();
                    served.spawn(server::serve(theirs, guest, context.clone()));
                    miner.run(ours, context.work.clone()).await.to_string()
                }
                Err(full) => full.to_string(),
            };
            tracing::warn!("the embedded miner has stopped: {stopped}; it begins again");
            sleep(AGAIN).await;
        }
    });
    Ok(())
}

fn salt() -> Result<u16, Error> {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_err(|error| Error::new(Code::Failed, error))?;
    Ok(u16::from_le_bytes(bytes))
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            asset,
            prover,
            listen,
            cpu_threads,
            engine,
            submissions,
            ..
        } = self;
        if self.dry_run {
            write!(
                f,
                "would serve miners of asset {asset} on {listen} as {prover}, {cpu_threads} threads of its own on {engine}"
            )?;
            if let Some(upstream) = &self.upstream {
                write!(f, ", between censuses for {upstream}")?;
            }
            return match &self.obstacle {
                Some(obstacle) => write!(f, "\nAs the chain stands it would not take part: {obstacle}"),
                None => Ok(()),
            };
        }
        writeln!(f, "{}", self.statistics)?;
        let end = if self.drained { "finished" } else { "stopped" };
        write!(f, "asset {asset}: {end}, {submissions} submissions taken")
    }
}
