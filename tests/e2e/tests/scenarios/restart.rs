// SPDX-License-Identifier: Apache-2.0
//! The node is killed in the middle of a census, after commits and before openings, and started again on its data.
//!
//! No payment may be lost or doubled, and all money on the chain must still add up.

use super::{World, CENSUS, SOON};
use anyhow::{ensure, Context, Result};
use ergon_e2e::{
    books::audit,
    chain::Event,
    history::History,
    value::{number, small, text},
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// A census's payment to an asset, and how often it was made.
type Payments = BTreeMap<(u64, u128), Vec<u128>>;

fn payments(history: &History) -> Result<Payments> {
    let mut found = Payments::new();
    for event in history.named("ProofOfCompute", "Paid") {
        let key = (
            event.asset().context("a payment to no asset")?,
            event.number("census")?,
        );
        found.entry(key).or_default().push(event.number("amount")?);
    }
    Ok(found)
}

pub async fn run(world: Arc<World>) -> Result<()> {
    let chain = &world.chain;
    let workers: Vec<u64> = world
        .running
        .lock()
        .await
        .iter()
        .map(|(asset, _)| *asset)
        .collect();
    ensure!(workers.len() >= 3, "only {} workers run", workers.len());

    // All of them have committed, none has opened.
    let asset = *workers.first().context("no worker")?;
    let (census, committed) = world.committed(asset).await?;
    for asset in &workers {
        let rating = world.rating(committed, *asset).await?;
        let commit = rating.get("commit").filter(|commit| !commit.is_null());
        let commit = commit.with_context(|| format!("asset {asset} has not committed: {rating}"))?;
        ensure!(
            small(commit, "census")? == census.index,
            "asset {asset} committed in another census: {commit}"
        );
    }
    let finalized = chain.finalized().await?;
    let before = History::read(chain, finalized).await?;
    let paid_before = payments(&before)?;
    let issued = chain
        .storage(finalized, "Balances", "TotalIssuance", vec![])
        .await?;

    let mut node = world.node.lock().await;
    node.kill()?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    node.restart()?;
    chain.reconnect(3 * SOON).await.with_context(|| node.tail())?;
    drop(node);

    // What was final still is, to the unit.
    ensure!(
        chain.has(finalized).await?,
        "block {} was final and is gone",
        finalized.number
    );
    let found = chain
        .storage(finalized, "Balances", "TotalIssuance", vec![])
        .await?;
    ensure!(
        found == issued,
        "the issuance at block {} was {issued} and is {found}",
        finalized.number
    );
    chain
        .until("a block of the restarted node", SOON, |block| async move {
            Ok((block.number > committed.number).then_some(()))
        })
        .await?;

    // The census goes on: every worker opens what it had committed, and is paid for it.
    for asset in &workers {
        // Shares are their own proof: a miner has nothing to open.
        if text(&world.asset(committed, *asset).await?, "kind")? == "gpu" {
            world
                .of_census("Opened", *asset, census.index, census.opened_at, SOON + SOON)
                .await?;
        }
        let paid: Event = world
            .of_census("Paid", *asset, census.index, census.opened_at, CENSUS)
            .await?;
        ensure!(paid.number("amount")? > 0, "{paid:?}");
    }
    for (asset, worker) in world.running.lock().await.iter_mut() {
        worker
            .check()
            .with_context(|| format!("the worker of asset {asset}"))?;
    }

    let best = chain.best().await?;
    let history = History::read(chain, best).await?;
    let paid = payments(&history)?;
    for (key, amounts) in &paid_before {
        ensure!(
            paid.get(key) == Some(amounts),
            "the payment {key:?} was {amounts:?} and is {:?}",
            paid.get(key)
        );
    }
    for (key, amounts) in &paid {
        ensure!(amounts.len() == 1, "{key:?} was paid {} times", amounts.len());
    }
    // Nobody was slashed but the cheat, whom somebody reported.
    for slashed in history.named("ProofOfCompute", "Slashed") {
        ensure!(
            slashed.text("reporter").is_some(),
            "somebody was slashed for the restart: {slashed:?}"
        );
    }

    // All money on the chain, of all assets that there are.
    let count = number(
        &chain
            .storage(best, "ComputeAssets", "LastAssetId", vec![])
            .await?,
        "",
    )?;
    let assets: Vec<u64> = (1..=u64::try_from(count)?).collect();
    let mut accounts: Vec<String> = history
        .named("RewardDistribution", "Claimed")
        .filter_map(|event| event.text("who").map(Into::into))
        .collect();
    for asset in &assets {
        let found = chain.compute("asset", json!({ "id": asset }), best).await?;
        let operator: subxt::utils::AccountId32 = text(&found, "operator")?.parse().context("an address")?;
        accounts.push(ergon_e2e::account::hex(&operator.0));
    }
    accounts.sort();
    accounts.dedup();
    let checks = audit(chain, &history, &assets, &accounts).await?;
    let wrong: Vec<_> = checks.iter().filter(|check| !check.agrees).collect();
    ensure!(wrong.is_empty(), "sums that don't agree: {wrong:#?}");
    eprintln!(
        "{} sums agree over {} assets and {} accounts",
        checks.len(),
        assets.len(),
        accounts.len()
    );
    Ok(())
}
