// SPDX-License-Identifier: Apache-2.0
//! `ergon-demo`: the main job on a development chain of its own, with the real node and three real workers.

use anyhow::Result;
use clap::{Parser, ValueEnum};
use ergon_e2e::{
    binaries::Binaries,
    chain::Chain,
    demo::{Demo, Plan, Table},
    node::Node,
    process::{tail, Process},
    progress::Progress,
};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use tokio::signal::unix::{signal, SignalKind};

/// How long a node may take to make its first block: on a machine with nothing else to do a tenth of that.
const START: Duration = Duration::from_secs(180);

/// Starts a development chain, two workers of different strength and a SHA-256d miner, sells a third of one device, lets censuses pass, pays
/// every holder, and shows that the sums agree to the last unit.
#[derive(Debug, Parser)]
#[command(
    name = "ergon-demo",
    version,
    after_help = "Exit code: 0 if everything went through and the sums agree, else 1."
)]
struct Arguments {
    /// The node's program
    #[arg(long, value_name = "PATH")]
    node: PathBuf,
    /// The worker's program
    #[arg(long, value_name = "PATH")]
    worker: PathBuf,
    /// Where chain, workers and logs go; it must exist, and is not removed [default: a new folder, removed in the end]
    #[arg(long, value_name = "FOLDER")]
    base_path: Option<PathBuf>,
    /// Leave the chain and the workers running, and say how to look around and how to stop them
    #[arg(long)]
    keep: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// A table
    #[default]
    Text,
    /// One JSON document
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Dropping the future ends what it started.
    let outcome = tokio::select! {
        outcome = run(&arguments) => outcome,
        stopped = stopped() => stopped,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("error: the sums don't agree");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for somebody to stop this program.
async fn stopped() -> Result<bool> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        stopped = tokio::signal::ctrl_c() => stopped?,
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    anyhow::bail!("stopped")
}

/// Plays the demo and prints its result: whether the sums agree.
async fn run(arguments: &Arguments) -> Result<bool> {
    let binaries = Binaries::at(arguments.node.clone(), arguments.worker.clone())?;
    let own = match arguments.base_path {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("ergon-demo.").tempdir()?),
    };
    let folder: &Path = match (&arguments.base_path, &own) {
        (Some(path), _) => path,
        (None, Some(own)) => own.path(),
        (None, None) => anyhow::bail!("no folder to work in"),
    };
    let progress = Progress::new("");
    progress
        .step("starting a development chain: one validator, a block every 3 s, a census about every minute");
    let mut node = Node::start(&binaries.node, folder)?;
    let played = play(&mut node, &binaries, folder, &progress).await;
    progress.end();
    // Whoever named the folder shows its logs.
    let (table, workers) = played.map_err(|error| match own {
        Some(_) => anyhow::anyhow!("{error:#}\n\n{}", tail(&node.log())),
        None => error,
    })?;
    match arguments.format {
        Format::Text => println!("{table}"),
        Format::Json => println!("{}", serde_json::to_string_pretty(&table)?),
    }
    if arguments.keep {
        let ids = node
            .id()
            .into_iter()
            .chain(workers.iter().filter_map(Process::id));
        let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
        look_around(&node, &binaries, &table);
        if let Some(own) = own {
            eprintln!(
                "Stop and clean up:\n  kill {}; rm -r {}",
                ids.join(" "),
                own.keep().display()
            );
        }
        workers.into_iter().for_each(Process::leave);
        node.leave();
    }
    Ok(table.sums_agree)
}

async fn play(
    node: &mut Node,
    binaries: &Binaries,
    folder: &Path,
    progress: &Progress,
) -> Result<(Table, Vec<Process>)> {
    let chain = Chain::connect(&node.url(), START).await?;
    node.check()?;
    progress.step(format!("the chain runs: {}", node.url()));
    let demo = Demo {
        chain: &chain,
        worker: &binaries.worker,
        folder,
        progress,
        plan: Plan::usual()?,
    };
    let finished = demo.run().await;
    let checked = node.check();
    let finished = finished.or_else(|error| checked.and(Err(error)))?;
    progress.step(format!("done after {} s", progress.elapsed().as_secs()));
    Ok((finished.table, finished.workers))
}

fn look_around(node: &Node, binaries: &Binaries, table: &Table) {
    let (url, worker) = (node.url(), binaries.worker.display());
    let http = url.replacen("ws://", "http://", 1);
    let asset = table.assets.first().map_or(1, |row| row.asset);
    eprintln!("\nThe chain and its workers go on. Look around:");
    for (method, parameters) in [
        ("compute_networkStats", "[]".to_owned()),
        ("compute_census", "[]".to_owned()),
        ("compute_asset", format!("[{asset}]")),
        ("compute_holders", format!("[{asset}]")),
    ] {
        eprintln!(
            "  curl -s -H 'Content-Type: application/json' {http} \
             -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{method}\",\"params\":{parameters}}}'"
        );
    }
    eprintln!("  {worker} status --url {url} --asset {asset}");
    eprintln!("  tail -f {}", node.log().display());
    eprintln!("  in a browser: https://polkadot.js.org/apps/?rpc={url}");
}
