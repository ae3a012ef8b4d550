// SPDX-License-Identifier: Apache-2.0
//! One process proves two assets of one account. Both commit in the same censuses, though their calls come from one account, and both are paid;
//! one page of metrics tells them apart.

use super::{World, CENSUS, MINIMUM_BOND, SOON};
use anyhow::{ensure, Context, Result};
use ergon_e2e::{amount::UNIT, metrics, value::small, worker::Load};
use std::sync::Arc;

const TRANSACTIONS: &str = "ergon_worker_transactions_total";

pub async fn run(world: Arc<World>) -> Result<()> {
    let owner = world.account("rig", 10_000 * UNIT).await?;
    let worker = world.worker(&owner)?;
    let assets = [
        worker
            .register("the first device of the rig", MINIMUM_BOND)
            .await?,
        worker
            .register("the second device of the rig", MINIMUM_BOND)
            .await?,
    ];
    let load = Load {
        shape: "xs",
        max_rounds: Some(64),
        niced: false,
    };
    let mut process = worker.run_several(&assets, &load)?;

    let [first, second] = assets;
    let (census, committed) = world.committed(first).await?;
    let rating = world.rating(committed, second).await?;
    let commit = rating.get("commit").filter(|commit| !commit.is_null());
    let commit = commit.with_context(|| format!("asset {second} has not committed: {rating}"))?;
    ensure!(small(commit, "census")? == census.index, "{commit}");

    for asset in assets {
        world
            .of_census("Opened", asset, census.index, census.opened_at, SOON + SOON)
            .await?;
        let paid = world
            .of_census("Paid", asset, census.index, census.opened_at, CENSUS)
            .await?;
        ensure!(paid.number("amount")? > 0, "{paid:?}");
    }
    metrics::until(&worker.log(), SOON, |page| {
        for asset in assets.map(|asset| asset.to_string()) {
            let count = |task, outcome| [("asset", asset.as_str()), ("task", task), ("outcome", outcome)];
            page.at_least(TRANSACTIONS, &count("commit", "taken"), 1.0)?;
            page.at_least(TRANSACTIONS, &count("opening", "taken"), 1.0)?;
            // Neither took the other's nonce.
            page.is(TRANSACTIONS, &count("commit", "failed"), 0)?;
            page.is(TRANSACTIONS, &count("commit", "refused"), 0)?;
        }
        Ok(())
    })
    .await?;
    process.check()?;
    world.running.lock().await.push((first, process));
    Ok(())
}
