// SPDX-License-Identifier: Apache-2.0
//! The real node and real workers on one chain, an asset for each scenario.
//!
//! A census takes about a minute, so the scenarios share them: those that don't disturb each other run at the same time, then
//! the node itself is killed, and in the end all money on the chain is counted.

mod scenarios;

use anyhow::Result;
use scenarios::{
    cheat, crash, fork, offline, rates, restart, rig, rpc, sale, stratum, worker_commands, World,
};
use std::{future::Future, sync::Arc, time::Instant};
use tokio::task::JoinSet;

/// Scenarios that run at the same time, and how they ended.
struct Stage {
    world: Arc<World>,
    /// Of `ERGON_SCENARIOS`: for whoever works on one of them.
    chosen: Option<Vec<String>>,
    running: JoinSet<(&'static str, Instant, Result<()>)>,
    failures: Vec<String>,
}

impl Stage {
    fn new(world: World) -> Self {
        let chosen = std::env::var("ERGON_SCENARIOS").ok();
        Self {
            world: Arc::new(world),
            chosen: chosen.map(|names| names.split(',').map(|name| name.trim().to_owned()).collect()),
            running: JoinSet::new(),
            failures: Vec::new(),
        }
    }

    fn add<F>(&mut self, name: &'static str, scenario: impl FnOnce(Arc<World>) -> F)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        if self
            .chosen
            .as_ref()
            .is_some_and(|chosen| !chosen.iter().any(|chosen| chosen == name))
        {
            eprintln!("left out: {name}");
            return;
        }
        let (begun, scenario) = (Instant::now(), scenario(self.world.clone()));
        self.running.spawn(async move { (name, begun, scenario.await) });
    }

    /// Waits for all of them.
    async fn end(&mut self) {
        while let Some(ended) = self.running.join_next().await {
            match ended {
                Ok((name, begun, Ok(()))) => eprintln!("ok: {name} ({} s)", begun.elapsed().as_secs()),
                Ok((name, begun, Err(error))) => {
                    eprintln!("FAILED: {name} ({} s): {error:#}", begun.elapsed().as_secs());
                    self.failures.push(format!("{name}: {error:#}"));
                }
                Err(error) => self.failures.push(error.to_string()),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_chain() {
    let world = World::start().await;
    let mut stage = Stage::new(world.unwrap_or_else(|error| panic!("{error:#}")));
    // A worker killed between commit and opening restarts and still opens.
    stage.add("crash", crash::run);
    // A worker that claims work it has not done is slashed.
    stage.add("cheat", cheat::run);
    // A commit made for another fork's challenge is refused and costs its bond nothing.
    stage.add("fork", fork::run);
    // An asset whose worker is gone becomes offline.
    stage.add("offline", offline::run);
    // The main job: an asset is sold in part, and every holder is paid to the last unit.
    stage.add("sale", sale::run);
    // Several devices in one process.
    stage.add("rig", rig::run);
    // A miner and a pool that others wrote, or that share no code with the worker.
    stage.add("stratum", stratum::run);
    // For as many censuses as one likes, what the chain counts of miners against what they report themselves.
    if std::env::var_os(rates::CENSUSES).is_some() {
        stage.add("rates", rates::run);
    }
    // The worker's commands answer in JSON.
    stage.add("worker_commands", worker_commands::run);
    stage.end().await;

    if stage.failures.is_empty() {
        // The JSON-RPC answers about the assets of the stage before, and names what is wrong in a question.
        stage.add("rpc", rpc::run);
        stage.end().await;
        // A node killed in the middle of a census comes back, and no payment is lost or doubled.
        stage.add("restart", restart::run);
        stage.end().await;
    }
    if !stage.failures.is_empty() {
        eprintln!("{}", stage.world.tails().await);
        panic!(
            "{} scenarios failed:\n{}",
            stage.failures.len(),
            stage.failures.join("\n")
        );
    }
}
