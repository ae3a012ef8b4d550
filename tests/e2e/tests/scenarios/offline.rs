// SPDX-License-Identifier: Apache-2.0
//! An asset that has earned and whose worker is gone: three missed censuses make it offline.

use super::{World, CENSUS, MINIMUM_BOND, SOON};
use anyhow::{ensure, Result};
use ergon_e2e::{
    chain::Call,
    value::{number, small, text, uint},
    worker::Load,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Three censuses, about a minute each, at random.
const THREE_CENSUSES: Duration = Duration::from_secs(400);

pub async fn run(world: Arc<World>) -> Result<()> {
    let chain = &world.chain;
    let owner = world.account("E2eOffline", 5 * MINIMUM_BOND).await?;
    let worker = world.worker(&owner)?;
    let asset = worker.register("the device that goes away", MINIMUM_BOND).await?;
    let call = |name| Call::new("ProofOfCompute", name, [uint(asset)]);
    chain
        .fail(&world.alice, &call("mark_offline"), "ProofOfCompute.NotActive")
        .await?;

    let process = worker.run(
        asset,
        &Load {
            shape: "xs",
            max_rounds: Some(64),
            niced: false,
        },
    )?;
    let (census, committed) = world.committed(asset).await?;
    world
        .of_census("Opened", asset, census.index, committed.number, SOON)
        .await?;
    process.kill()?;

    // Anybody may settle what it has earned.
    world.phase_of(&census, &["payment"]).await?;
    let settled = chain.succeed(&world.alice, &call("settle")).await?;
    ensure!(
        settled.event("ProofOfCompute", "Paid")?.number("amount")? > 0,
        "{settled:?}"
    );
    let found = world.asset(settled.block, asset).await?;
    ensure!(text(&found, "status")? == "active", "{found}");
    let rate = number(&found, "rate")?;
    ensure!(rate > 0, "{found}");
    chain
        .fail(&world.alice, &call("mark_offline"), "ProofOfCompute.NotMissed")
        .await?;

    let offline = chain
        .until("an asset that goes offline", THREE_CENSUSES, |block| {
            let world = world.clone();
            async move {
                let found = world.asset(block, asset).await?;
                Ok((text(&found, "status")? == "offline").then_some(block))
            }
        })
        .await?;
    let rating = world.rating(offline, asset).await?;
    ensure!(small(&rating, "missed")? == 3, "{rating}");
    // A quarter less for each.
    ensure!(
        number(&rating, "rate")? <= rate * 27 / 64,
        "{rating}, from {rate}"
    );
    ensure!(
        small(&rating, "failed")? == 0,
        "a missed census is no failure: {rating}"
    );
    ensure!(
        world.bond(offline, asset).await? == (MINIMUM_BOND, MINIMUM_BOND),
        "a missed census cost bond"
    );
    let written = chain
        .storage(offline, "ComputeAssets", "Assets", vec![uint(asset)])
        .await?;
    ensure!(
        text(&written, "status")? == "Active",
        "nobody has written it down yet: {written}"
    );

    let marked = chain.succeed(&world.alice, &call("mark_offline")).await?;
    ensure!(marked.fee == 0, "writing down the truth costs {}", marked.fee);
    let changed = marked.event("ComputeAssets", "StatusChanged")?;
    ensure!(changed.fields.get("to") == Some(&json!("Offline")), "{changed:?}");
    chain
        .fail(&world.alice, &call("mark_offline"), "ProofOfCompute.NotActive")
        .await?;
    world
        .chain
        .until("the mark", CENSUS, |block| {
            let world = world.clone();
            async move {
                let written = world
                    .chain
                    .storage(block, "ComputeAssets", "Assets", vec![uint(asset)])
                    .await?;
                Ok((text(&written, "status")? == "Offline").then_some(()))
            }
        })
        .await
}
