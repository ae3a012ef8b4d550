// SPDX-License-Identifier: Apache-2.0
//! Somebody claims work that nobody has done, and can't open it. A stranger reports it, and gets a tenth of the bond.

use super::{blake2_256, World, MINIMUM_BOND};
use anyhow::{ensure, Context, Result};
use ergon_e2e::{
    amount::UNIT,
    chain::Call,
    history::{sum, History},
    value::{bytes, number, small, uint},
};
use std::sync::Arc;

pub async fn run(world: Arc<World>) -> Result<()> {
    let chain = &world.chain;
    let cheat = world.account("E2eCheat", 50 * MINIMUM_BOND).await?;
    let reporter = world.account("E2eReporter", 10 * UNIT).await?;
    let bond = 30 * MINIMUM_BOND;
    let asset = world.register(&cheat, bond).await?;
    let report = |census: u32| Call::new("ProofOfCompute", "report", [uint(asset), uint(census)]);

    // Hours of work in one second.
    let census = world.fresh_census().await?;
    let claim = census.commit(
        asset,
        &census.challenge,
        60_000,
        &blake2_256(&[b"no work at all"]),
    );
    let committed = chain.succeed(&cheat, &claim).await?;
    let event = committed.event("ProofOfCompute", "Committed")?;
    ensure!(
        event.fields.get("always") == Some(&true.into()),
        "a newcomer must always be drawn: {event:?}"
    );
    ensure!(
        committed.fee == 0,
        "a commit that is taken costs {}",
        committed.fee
    );

    // An opening that is none: the cheat may try, for a fee.
    let block = world.phase_of(&census, &["open"]).await?;
    let seed = chain.compute("census", serde_json::json!({}), block).await?;
    let seed = ergon_e2e::account::unhex(ergon_e2e::value::text(&seed, "openSeed")?)?;
    let forged = [
        uint(asset),
        uint(census.index),
        bytes(&seed),
        bytes(&[7; 32]),
        bytes(&[7; 64]),
    ];
    let forged = Call::new("ProofOfCompute", "open", forged);
    ensure!(
        chain
            .fail(&cheat, &forged, "ProofOfCompute.OpeningLength")
            .await?
            .fee
            > 0,
        "a forged opening was free"
    );
    chain
        .fail(&reporter, &report(census.index), "ProofOfCompute.TooEarly")
        .await?;

    world.phase_of(&census, &["report"]).await?;
    let reported = chain.succeed(&reporter, &report(census.index)).await?;
    let slashed = reported.event("ProofOfCompute", "Slashed")?;
    let taken = slashed.number("bond")?;
    let bounty = slashed.number("bounty")?;
    // 48 rewards of such a claim are more than the bond: all of it goes.
    ensure!(taken == bond, "{taken} of {bond} were taken: {slashed:?}");
    ensure!(
        slashed.number("unvested")? == 0,
        "there was nothing unvested: {slashed:?}"
    );
    ensure!(bounty == taken / 10, "the bounty is {bounty}: {slashed:?}");
    ensure!(slashed.text("reporter") == Some(&reporter.hex()), "{slashed:?}");
    let burnt = reported.event("ComputeAssets", "BondSlashed")?;
    ensure!(
        burnt.number("amount")? == taken && burnt.number("bounty")? == bounty,
        "{burnt:?}"
    );

    // The reporter has its bounty, and paid nothing for a true report.
    let before = chain
        .block(reported.block.number - 1)
        .await?
        .context("no parent")?;
    let gained =
        chain.balance(reported.block, &reporter.id()).await? - chain.balance(before, &reporter.id()).await?;
    ensure!(gained == bounty, "the reporter gained {gained} of {bounty}");
    ensure!(
        world.bond(reported.block, asset).await? == (0, bond),
        "the bond that is left"
    );
    let lost = chain.balance(before, &cheat.id()).await? - chain.balance(reported.block, &cheat.id()).await?;
    ensure!(lost == bond, "the cheat lost {lost} of {bond}");

    // Once is enough, and there is nothing to report of the others.
    chain
        .fail(&reporter, &report(census.index), "ProofOfCompute.NoCommit")
        .await?;

    // Without a whole bond no more commits, and nothing was ever earned.
    let next = world.fresh_census().await?;
    let again = next.commit(asset, &next.challenge, 1, &[1; 32]);
    chain.fail(&cheat, &again, "ProofOfCompute.BondNotWhole").await?;
    let best = chain.best().await?;
    let rating = world.rating(best, asset).await?;
    ensure!(
        small(&rating, "failed")? == 1 && small(&rating, "passed")? == 0,
        "{rating}"
    );
    ensure!(number(&rating, "verifiedWork")? == 0, "{rating}");
    let history = History::read(chain, best).await?;
    let paid = history
        .named("ProofOfCompute", "Paid")
        .filter(|event| event.asset() == Some(asset));
    ensure!(sum(paid, "amount")? == 0, "the cheat was paid");
    Ok(())
}
