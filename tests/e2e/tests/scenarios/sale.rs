// SPDX-License-Identifier: Apache-2.0
//! The main job, as the demo plays it: two devices of different strength and a miner, one sold in part, all holders paid.

use super::World;
use anyhow::{ensure, Context, Result};
use ergon_e2e::{
    demo::{Demo, Plan},
    progress::Progress,
};
use std::sync::Arc;

pub async fn run(world: Arc<World>) -> Result<()> {
    let progress = Progress::plain("demo");
    let plan = Plan::usual()?;
    let demo = Demo {
        chain: &world.chain,
        worker: &world.binaries.worker,
        folder: world.folder(),
        progress: &progress,
        plan: plan.clone(),
    };
    let finished = demo.run().await?;
    let (table, [strong, weak, miner]) = (&finished.table, finished.assets);
    eprintln!("{table}");
    world
        .running
        .lock()
        .await
        .extend([strong, weak, miner].into_iter().zip(finished.workers));

    let wrong: Vec<_> = table.checks.iter().filter(|check| !check.agrees).collect();
    ensure!(
        wrong.is_empty() && table.sums_agree,
        "sums that don't agree: {wrong:?}"
    );
    ensure!(
        table.checks.len() > 40,
        "only {} sums were compared",
        table.checks.len()
    );
    let [first, second, third] = table.assets.as_slice() else {
        anyhow::bail!("three devices, and the table has {}", table.assets.len());
    };
    ensure!(
        (first.asset, second.asset, third.asset) == (strong, weak, miner),
        "the rows are of other assets"
    );
    ensure!(
        third.kind == "hashrate" && third.rate.0 > 0 && third.emitted.0 > 0,
        "the miner: {third:?}"
    );
    ensure!(
        first.rate > second.rate && second.rate.0 > 0,
        "rates {:?} and {:?}",
        first.rate,
        second.rate
    );
    ensure!(
        first.emitted > second.emitted && second.emitted.0 > 0,
        "{:?}, {:?}",
        first.emitted,
        second.emitted
    );
    ensure!(
        first.supply.map(|supply| supply.0) == Some(plan.supply) && second.supply.is_none(),
        "supplies"
    );

    let holder = |account: &ergon_e2e::account::Account| {
        let found = first
            .holders
            .iter()
            .find(|holder| holder.account == account.ss58());
        found.with_context(|| format!("{account:?} is no holder of asset {strong}"))
    };
    let (seller, buyer) = (holder(&plan.strong)?, holder(&plan.buyer)?);
    ensure!(
        buyer.share == "33.3333" && seller.share == "66.6667",
        "{} and {}",
        seller.share,
        buyer.share
    );
    // What was earned before the sale is the seller's, two thirds of what came after too.
    ensure!(
        buyer.paid.0 > 0 && seller.paid.0 > 2 * buyer.paid.0,
        "{:?} and {:?}",
        seller.paid,
        buyer.paid
    );
    ensure!(first.holders.len() == 2 && second.holders.len() == 1, "holders");
    Ok(())
}
