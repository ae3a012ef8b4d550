// SPDX-License-Identifier: Apache-2.0
//! A commit made for a census of another fork, which has another challenge, is refused here: only its fee is lost.

use super::{blake2_256, Census, World, MINIMUM_BOND};
use anyhow::{ensure, Context, Result};
use ergon_e2e::{account::Account, chain::Outcome};
use std::sync::Arc;

/// The challenge that the protocol derives from a parent block.
async fn challenge(world: &World, census: &Census, parent: u32) -> Result<[u8; 32]> {
    let genesis = world.chain.genesis().await?.hash;
    let parent = world.chain.block(parent).await?.context("no such block")?.hash;
    let index = census.index.to_le_bytes();
    Ok(blake2_256(&[
        b"ergon/challenge",
        genesis.as_bytes(),
        &index,
        parent.as_bytes(),
    ]))
}

/// A refused commit costs its fee, and neither the bond nor anything else.
async fn costs_its_fee_alone(world: &World, who: &Account, asset: u64, outcome: &Outcome) -> Result<()> {
    let block = outcome.block;
    let before = world.chain.block(block.number - 1).await?.context("no parent")?;
    let lost = world.chain.balance(before, &who.id()).await? - world.chain.balance(block, &who.id()).await?;
    ensure!(outcome.fee > 0, "a refused commit was free");
    ensure!(
        lost == outcome.fee,
        "{lost} is gone, of which {} is the fee",
        outcome.fee
    );
    ensure!(
        world.bond(block, asset).await? == (MINIMUM_BOND, MINIMUM_BOND),
        "the bond was touched"
    );
    ensure!(
        world.rating(block, asset).await?.is_null(),
        "the commit left a trace"
    );
    Ok(())
}

pub async fn run(world: Arc<World>) -> Result<()> {
    let chain = &world.chain;
    let owner = world.account("E2eFork", 3 * MINIMUM_BOND).await?;
    let asset = world.register(&owner, MINIMUM_BOND).await?;
    let commitment = blake2_256(&[b"real work, on another fork"]);

    let census = world.fresh_census().await?;
    let parent = census.opened_at - 1;
    ensure!(
        challenge(&world, &census, parent).await? == census.challenge,
        "the challenge is not the protocol's"
    );
    // A fork whose census of the same number opened upon another block.
    let foreign = challenge(&world, &census, parent - 1).await?;
    let call = census.commit(asset, &foreign, 10, &commitment);
    let outcome = chain.fail(&owner, &call, "ProofOfCompute.WrongChallenge").await?;
    costs_its_fee_alone(&world, &owner, asset, &outcome).await?;

    // One of a census that only the other fork has seen.
    let later = Census {
        index: census.index + 1,
        ..census.clone()
    };
    let call = later.commit(asset, &foreign, 10, &commitment);
    let outcome = chain.fail(&owner, &call, "ProofOfCompute.NoSuchCensus").await?;
    costs_its_fee_alone(&world, &owner, asset, &outcome).await?;

    // One that comes when the window has closed.
    world.phase_of(&census, &["seed"]).await?;
    let call = census.commit(asset, &census.challenge, 10, &commitment);
    let outcome = chain.fail(&owner, &call, "ProofOfCompute.WindowClosed").await?;
    costs_its_fee_alone(&world, &owner, asset, &outcome).await?;

    let over = world.phase_of(&census, &["payment"]).await?;
    ensure!(
        world.bond(over, asset).await? == (MINIMUM_BOND, MINIMUM_BOND),
        "the bond was touched"
    );
    ensure!(
        world.rating(over, asset).await?.is_null(),
        "a refused commit was held against its asset"
    );
    Ok(())
}
