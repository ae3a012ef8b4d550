// SPDX-License-Identifier: Apache-2.0
//! A worker is killed between its commit and its opening. Started again it opens, from what it had put on the disk. Both lives count what they do
//! in their metrics as the chain does.

use super::{World, CENSUS, MINIMUM_BOND, SOON};
use anyhow::{ensure, Result};
use ergon_e2e::{
    amount::UNIT,
    metrics,
    value::{number, small},
    worker::{Load, Worker},
};
use serde_json::json;
use std::{fs, sync::Arc};

const TRANSACTIONS: &str = "ergon_worker_transactions_total";

pub async fn run(world: Arc<World>) -> Result<()> {
    // With a key as owners have it: in an encrypted file.
    let (binary, url) = (&world.binaries.worker, world.chain.url());
    let worker = Worker::with_key_file(binary, world.folder(), url, "crash").await?;
    world.fund(worker.account(), 10_000 * UNIT).await?;
    let asset = worker
        .register("the device that crashes", 10 * MINIMUM_BOND)
        .await?;
    let load = Load {
        shape: "xs",
        max_rounds: Some(64),
        niced: false,
    };

    let process = worker.run(asset, &load)?;
    let (census, committed) = world.committed(asset).await?;
    let rating = world.rating(committed, asset).await?;
    let (claimed, commits) = (
        number(&rating, "commit.matrix.rounds")?,
        number(&rating, "commit.count")?,
    );
    metrics::until(&worker.log(), SOON, |page| {
        page.is("ergon_worker_census", &[], census.index.into())?;
        page.is("ergon_worker_committed_rounds", &[], claimed)?;
        page.is(TRANSACTIONS, &[("task", "commit"), ("outcome", "taken")], commits)?;
        page.at_least(
            "ergon_worker_rounds_total",
            &[],
            f64::from(u32::try_from(claimed)?),
        )
    })
    .await?;
    process.kill()?;
    let before = fs::read_to_string(worker.log())?;

    let block = world.chain.best().await?;
    let rating = world.rating(block, asset).await?;
    ensure!(
        rating.pointer("/commit/opened") == Some(&json!(false)),
        "killed after block {}, and yet: {rating}",
        committed.number
    );
    // At once: on a development chain the opening phase is over in 18 s.
    let process = worker.run(asset, &load)?;
    let opened = world
        .of_census("Opened", asset, census.index, block.number, SOON)
        .await?;
    ensure!(opened.number("rate")? > 0, "{opened:?}");
    let paid = world
        .of_census("Paid", asset, census.index, block.number, CENSUS)
        .await?;
    ensure!(paid.number("amount")? > 0, "{paid:?}");

    let page = metrics::scrape(&worker.log()).await?;
    page.is("ergon_worker_connected", &[], 1)?;
    page.is("ergon_worker_commit_withheld", &[], 0)?;
    page.is("ergon_worker_bond_egn", &[], 10 * MINIMUM_BOND / UNIT)?;
    metrics::until(&worker.log(), SOON, |page| {
        page.at_least(TRANSACTIONS, &[("task", "opening"), ("outcome", "taken")], 1.0)?;
        page.at_least("ergon_worker_earned_egn_total", &[], f64::MIN_POSITIVE)
    })
    .await?;

    let log = fs::read_to_string(worker.log())?;
    let since = log.get(before.len()..).unwrap_or_default();
    ensure!(
        since.contains("went on from saved rounds"),
        "the rounds were not taken from the disk:\n{since}"
    );
    let best = world.chain.best().await?;
    let rating = world.rating(best, asset).await?;
    ensure!(
        small(&rating, "failed")? == 0 && small(&rating, "passed")? >= 1,
        "{rating}"
    );
    ensure!(
        number(&world.asset(best, asset).await?, "bond")? == 10 * MINIMUM_BOND,
        "the bond was touched"
    );
    world.running.lock().await.push((asset, process));
    Ok(())
}
