// SPDX-License-Identifier: Apache-2.0
//! What all scenarios share: one node, its chain, accounts with money, and waiting for what a census brings.

pub mod cheat;
pub mod crash;
pub mod fork;
pub mod offline;
pub mod rates;
pub mod restart;
pub mod rig;
pub mod rpc;
pub mod sale;
pub mod stratum;
pub mod worker_commands;

use anyhow::{bail, ensure, Context, Result};
use blake2::{digest::consts::U32, Blake2b, Digest};
use ergon_e2e::{
    account::{unhex, Account},
    amount::UNIT,
    binaries::Binaries,
    chain::{Block, Call, Chain, Event},
    node::Node,
    process::{tail, Process},
    value::{bytes, number, small, text, uint},
    worker::Worker,
};
use scale_value::Value;
use serde_json::{json, Value as Json};
use std::{path::Path, time::Duration};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// A census opens about every 20 blocks of 3 s, at random: the next one is later than this once in a million times.
pub const CENSUS: Duration = Duration::from_secs(200);
/// Time for something that the next few blocks bring.
pub const SOON: Duration = Duration::from_secs(60);
/// The least bond.
pub const MINIMUM_BOND: u128 = 100 * UNIT;

/// The chain on which everything happens.
pub struct World {
    pub binaries: Binaries,
    pub chain: Chain,
    pub node: Mutex<Node>,
    /// Workers that go on running when their scenario is over, each with its asset.
    pub running: Mutex<Vec<(u64, Process)>>,
    folder: TempDir,
    /// Pays for everybody. It is the block author too, so its own balance says nothing.
    pub alice: Account,
}

impl World {
    pub async fn start() -> Result<Self> {
        let binaries = Binaries::find()?;
        let folder = tempfile::Builder::new().prefix("ergon-e2e.").tempdir()?;
        let node = Node::start(&binaries.node, folder.path())?;
        let connected = Chain::connect(&node.url(), Duration::from_secs(180)).await;
        Ok(Self {
            chain: connected.with_context(|| node.tail())?,
            binaries,
            node: Mutex::new(node),
            running: Mutex::default(),
            folder,
            alice: Account::new("Alice")?,
        })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The last lines of all logs.
    pub async fn tails(&self) -> String {
        let mut logs = vec![self.node.lock().await.log()];
        let folders = std::fs::read_dir(self.folder()).into_iter().flatten().flatten();
        logs.extend(
            folders
                .map(|entry| entry.path().join("run.log"))
                .filter(|log| log.exists()),
        );
        logs.iter().map(|log| tail(log)).collect::<Vec<_>>().join("\n\n")
    }

    /// The account `//name` with so much money.
    pub async fn account(&self, name: &str, money: u128) -> Result<Account> {
        let account = Account::new(name)?;
        self.fund(&account, money).await?;
        Ok(account)
    }

    pub async fn fund(&self, account: &Account, money: u128) -> Result<()> {
        self.chain
            .succeed(&self.alice, &Call::pay(account, money))
            .await?;
        Ok(())
    }

    /// A worker of `account`.
    pub fn worker(&self, account: &Account) -> Result<Worker> {
        Worker::new(&self.binaries.worker, self.folder(), self.chain.url(), account)
    }

    /// Makes a device of `owner` an asset without the help of a worker: its id.
    pub async fn register(&self, owner: &Account, bond: u128) -> Result<u64> {
        let hardware = blake2_256(&[b"the device of ", owner.name().as_bytes()]);
        let salt = blake2_256(&[b"salt of ", owner.name().as_bytes()]);
        let commitment = blake2_256(&[&owner.id(), &hardware, &salt]);
        self.chain
            .succeed(
                owner,
                &Call::new("ComputeAssets", "announce", [bytes(&commitment)]),
            )
            .await?;
        let arguments = [
            Value::unnamed_variant("Gpu", []),
            bytes(&hardware),
            bytes(&salt),
            bytes(b"https://example.org/device.json"),
            Value::unnamed_variant("Some", [uint(bond)]),
        ];
        let registered = self
            .chain
            .succeed(owner, &Call::new("ComputeAssets", "register", arguments))
            .await?;
        let event = registered.event("ComputeAssets", "Registered")?;
        event.asset().context("the registration has no asset")
    }

    /// `compute_asset` at a block.
    pub async fn asset(&self, block: Block, asset: u64) -> Result<Json> {
        let found = self.chain.compute("asset", json!({ "id": asset }), block).await?;
        ensure!(!found.is_null(), "there is no asset {asset}");
        Ok(found)
    }

    /// `compute_rating` at a block; null if the asset never committed.
    pub async fn rating(&self, block: Block, asset: u64) -> Result<Json> {
        self.chain.compute("rating", json!({ "id": asset }), block).await
    }

    /// The bond of an asset's operator: what is left, and what was pledged.
    pub async fn bond(&self, block: Block, asset: u64) -> Result<(u128, u128)> {
        let found = self.asset(block, asset).await?;
        Ok((number(&found, "bond")?, number(&found, "bondPledged")?))
    }

    /// Waits for a census that begins from now on, and for one of its first blocks.
    pub async fn fresh_census(&self) -> Result<Census> {
        let now = self.chain.best().await?;
        let found = self
            .chain
            .until("a new census", CENSUS, |block| async move {
                let census = self.chain.compute("census", json!({}), block).await?;
                let opened = small(&census, "openedAt")?;
                let begins =
                    text(&census, "phase")? == "work" && opened >= now.number && block.number <= opened + 2;
                Ok(begins.then_some(census))
            })
            .await?;
        Census::new(&found)
    }

    /// Waits until `census` is in one of the phases.
    ///
    /// # Errors
    /// It is void, or over.
    pub async fn phase_of(&self, census: &Census, phases: &[&str]) -> Result<Block> {
        let what = format!("census {} in phase {}", census.index, phases.join(" or "));
        self.chain
            .until(&what, SOON + SOON, |block| async move {
                let found = self.chain.compute("census", json!({}), block).await?;
                ensure!(
                    small(&found, "index")? == census.index,
                    "another census has begun: {found}"
                );
                let phase = text(&found, "phase")?;
                if phase == "void" && !phases.contains(&"void") {
                    bail!("census {} is void", census.index);
                }
                Ok(phases.contains(&phase).then_some(block))
            })
            .await
    }

    /// Waits for the asset's commit of the running census, past the work window, not opened: the census.
    pub async fn committed(&self, asset: u64) -> Result<(Census, Block)> {
        let what = format!("a standing commit of asset {asset} that awaits its opening");
        let (block, found) = self
            .chain
            .until(&what, CENSUS, |block| async move {
                let census = self.chain.compute("census", json!({}), block).await?;
                if text(&census, "phase")? != "seed" {
                    return Ok(None);
                }
                let rating = self.rating(block, asset).await?;
                let Some(commit) = rating.get("commit").filter(|commit| !commit.is_null()) else {
                    return Ok(None);
                };
                let ours = small(commit, "census")? == small(&census, "index")?;
                let waits = commit.get("opened") == Some(&json!(false));
                Ok((ours && waits).then_some((block, census)))
            })
            .await?;
        Ok((Census::new(&found)?, block))
    }

    /// Waits for an event of an asset in a census, from block `from` on.
    pub async fn of_census(
        &self,
        name: &str,
        asset: u64,
        census: u32,
        from: u32,
        limit: Duration,
    ) -> Result<Event> {
        let what = format!("ProofOfCompute.{name} of asset {asset} in census {census}");
        let wanted = |event: &Event| {
            event.is_of("ProofOfCompute", name, asset)
                && event
                    .number("census")
                    .is_ok_and(|number| number == u128::from(census))
        };
        Ok(self.chain.until_event(&what, from, limit, wanted).await?.1)
    }
}

/// A census that runs.
#[derive(Clone, Debug)]
pub struct Census {
    pub index: u32,
    pub challenge: [u8; 32],
    pub opened_at: u32,
}

impl Census {
    fn new(census: &Json) -> Result<Self> {
        Ok(Self {
            index: small(census, "index")?,
            challenge: unhex(text(census, "challenge")?)?,
            opened_at: small(census, "openedAt")?,
        })
    }

    /// A commit of so many rounds of shape S.
    pub fn commit(&self, asset: u64, challenge: &[u8; 32], rounds: u32, commitment: &[u8; 32]) -> Call {
        let arguments = [
            uint(asset),
            uint(self.index),
            bytes(challenge),
            uint(1u8),
            uint(rounds),
            bytes(commitment),
        ];
        Call::new("ProofOfCompute", "commit", arguments)
    }
}

/// blake2-256 of the parts, one after the other.
pub fn blake2_256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Blake2b::<U32>::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}
