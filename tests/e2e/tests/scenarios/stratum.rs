// SPDX-License-Identifier: Apache-2.0
//! A miner and a pool that share no code with the worker: for the census the miner works for the chain, between censuses for the
//! pool, over one connection.

use super::{World, CENSUS, MINIMUM_BOND, SOON};
use anyhow::{ensure, Result};
use ergon_e2e::{
    amount::UNIT,
    history::History,
    metrics,
    process::{tail, Process},
    value::{number, text},
};
use serde_json::Value as Json;
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};
use tokio::time::{sleep, Instant};

const TRANSACTIONS: &str = "ergon_stratum_transactions_total";
const SHARES: &str = "ergon_stratum_shares_total";

/// Where the counterparts are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../stratum")
}

/// A program of `tests/stratum`.
pub fn counterpart(script: &str, arguments: &[&str], log: &Path) -> Result<Process> {
    let mut command = Command::new("nice");
    command
        .args(["-n", "10", "node"])
        .arg(folder().join(script))
        .args(arguments);
    Process::start(script, command, log)
}

/// The objects that a program has printed, one a line.
fn printed(log: &Path) -> Vec<Json> {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Waits for a line.
async fn line(log: &Path, wanted: impl Fn(&Json) -> bool) -> Result<Json> {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = printed(log).into_iter().find(|line| wanted(line)) {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "waited in vain. {}", tail(log));
        sleep(Duration::from_millis(100)).await;
    }
}

pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Waits until somebody listens.
pub async fn listening(port: u16, server: &mut Process) -> Result<()> {
    let deadline = Instant::now() + SOON;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        server.check()?;
        ensure!(
            Instant::now() < deadline,
            "nobody listens. {}",
            tail(server.log())
        );
        sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

fn is(event: &Json, what: &str) -> bool {
    event.get("event").and_then(Json::as_str) == Some(what)
}

pub async fn run(world: Arc<World>) -> Result<()> {
    let account = world.account("stratum", 10_000 * UNIT).await?;
    let worker = world.worker(&account)?;
    let asset = worker
        .register_as("hashrate", "the miners", 10 * MINIMUM_BOND)
        .await?;
    let place = |name: &str| -> PathBuf { worker.folder().join(name) };

    let pool_log = place("pool.log");
    let _pool = counterpart("upstream.mjs", &["--difficulty", "0.00002"], &pool_log)?;
    let ready = line(&pool_log, |event| is(event, "ready")).await?;
    let upstream = format!("stratum+tcp://127.0.0.1:{}", number(&ready["stratum"], "")?);
    let port = free_port()?;
    let options = [
        ("--listen", format!("127.0.0.1:{port}")),
        ("--cpu-threads", "0".into()),
        ("--difficulty", "0.00001".into()),
        ("--upstream", upstream),
        ("--upstream-user", "rig".into()),
    ];
    let from = world.chain.best().await?.number;
    let mut server = worker.stratum(asset, &options)?;
    listening(port, &mut server).await?;
    let (miner_log, transcript) = (place("miner.log"), place("transcript.jsonl"));
    let mut miner = counterpart(
        "miner.mjs",
        &[
            &format!("127.0.0.1:{port}"),
            "--user",
            "rig1",
            "--seconds",
            "1200",
            "--roll-version",
            "--roll-time",
            "--record",
            &transcript.display().to_string(),
        ],
        &miner_log,
    )?;

    // Two censuses: each counted, and paid.
    let mut next = from;
    for _ in 0..2 {
        let of = |name: &'static str| {
            move |event: &ergon_e2e::chain::Event| event.is_of("ProofOfCompute", name, asset)
        };
        let what = "shares of the miner on the chain";
        let (_, shown) = world
            .chain
            .until_event(what, next, CENSUS, of("SharesSubmitted"))
            .await?;
        ensure!(shown.number("hashes")? > 0, "{shown:?}");
        let (block, paid) = world
            .chain
            .until_event("their payment", next, CENSUS, of("Paid"))
            .await?;
        ensure!(paid.number("amount")? > 0 && paid.number("work")? > 0, "{paid:?}");
        next = block.number + 1;
        server.check()?;
        miner.check()?;
    }
    let best = world.chain.best().await?;
    let rating = world.rating(best, asset).await?;
    ensure!(
        number(&rating, "rate")? > 0 && number(&rating, "rateError")? > 0,
        "{rating}"
    );

    // The server saw its own submissions: it sent no more than there may be, and the chain refused none.
    let log = fs::read_to_string(worker.log())?;
    ensure!(
        !log.contains("submission refused"),
        "a submission was refused. {}",
        tail(&worker.log())
    );

    // Its metrics count what the chain has seen of it.
    let history = History::read(&world.chain, best).await?;
    let submitted = history
        .named("ProofOfCompute", "SharesSubmitted")
        .filter(|event| event.asset() == Some(asset))
        .count();
    metrics::until(&worker.log(), SOON, |page| {
        let submissions = |outcome| [("task", "submission"), ("outcome", outcome)];
        let least = f64::from(u32::try_from(submitted)?);
        page.at_least(TRANSACTIONS, &submissions("taken"), least)?;
        page.is(TRANSACTIONS, &submissions("refused"), 0)?;
        page.at_least(SHARES, &[("miner", "rig1"), ("verdict", "accepted")], least)?;
        page.is("ergon_stratum_connections", &[], 1)?;
        page.at_least("ergon_stratum_earned_egn_total", &[], f64::MIN_POSITIVE)
    })
    .await?;

    // In between, the pool judged shares of the same miner, and took them.
    let shares = || printed(&pool_log).into_iter().filter(|event| is(event, "share"));
    let (taken, all) = (
        shares()
            .filter(|share| share["accepted"] == Json::Bool(true))
            .count(),
        shares().count(),
    );
    ensure!(
        taken > 0 && taken * 10 >= all * 9,
        "the pool took {taken} of {all} shares. {}",
        tail(&pool_log)
    );
    // One connection for all of it, in which jobs of both came.
    let lines = printed(&transcript);
    let asked = |method: &str| {
        let said = |entry: &&Json| text(entry, "line").is_ok_and(|line| line.contains(method));
        lines.iter().filter(said).count()
    };
    ensure!(
        asked("\"mining.subscribe\"") == 1,
        "the miner connected more than once. {}",
        tail(&miner_log)
    );
    let previous = lines.iter().filter_map(|entry| {
        let line: Json = serde_json::from_str(entry["line"].as_str()?).ok()?;
        let is_job = line["method"].as_str() == Some("mining.notify");
        is_job.then(|| line["params"][1].as_str().map(ToOwned::to_owned))?
    });
    let sources: std::collections::BTreeSet<String> = previous.collect();
    ensure!(
        sources.len() >= 3,
        "jobs of {} blocks only. {}",
        sources.len(),
        tail(&miner_log)
    );
    Ok(())
}
