// SPDX-License-Identifier: Apache-2.0
//! The chain as a client sees it: reads at any block, events, transactions. By its metadata alone.
//!
//! What subxt calls the current block is the finalized one, a few blocks behind. Here everything happens at the best block: the
//! chain of a development node has one author and no forks.

mod submit;

pub use submit::{Call, Outcome};

use crate::{
    rpc::Rpc,
    value::{self, to_json},
};
use anyhow::{anyhow, bail, ensure, Context, Result};
use scale_value::Value;
use serde_json::{json, Value as Json};
use std::{future::Future, time::Duration};
use subxt::{client::OnlineClientAtBlock, dynamic, utils::H256, OnlineClient, SubstrateConfig};
use tokio::{
    sync::{Mutex, RwLock},
    time::{sleep, Instant},
};

/// How often the chain is asked for news.
const POLL: Duration = Duration::from_millis(200);

/// A block of the best chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its height.
    pub number: u32,
    /// Its hash.
    pub hash: H256,
}

impl Block {
    /// Its hash, as the JSON-RPC takes it.
    pub fn at(&self) -> String {
        format!("{:?}", self.hash)
    }
}

/// Something that a block says.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The pallet that says it.
    pub pallet: String,
    /// Its name.
    pub name: String,
    /// What it carries, in the shape of [`to_json`].
    pub fields: Json,
    /// The transaction that caused it; `None`: the block itself did.
    pub transaction: Option<u32>,
}

impl Event {
    /// Whether it is this one.
    pub fn is(&self, pallet: &str, name: &str) -> bool {
        self.pallet == pallet && self.name == name
    }

    /// Whether it is this one, of this asset.
    pub fn is_of(&self, pallet: &str, name: &str, asset: u64) -> bool {
        self.is(pallet, name) && self.asset() == Some(asset)
    }

    /// The asset that it is about.
    pub fn asset(&self) -> Option<u64> {
        self.fields.get("asset")?.as_str()?.parse().ok()
    }

    /// A number that it carries.
    pub fn number(&self, field: &str) -> Result<u128> {
        value::number(&self.fields, field).with_context(|| format!("{}.{}", self.pallet, self.name))
    }

    /// An account, hash or name that it carries; `None` if that is absent.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_str()
    }
}

#[derive(Clone)]
struct Connection {
    rpc: Rpc,
    client: OnlineClient<SubstrateConfig>,
}

/// A node's chain.
pub struct Chain {
    url: String,
    connection: RwLock<Connection>,
    /// One transaction at a time is numbered and signed.
    sending: Mutex<()>,
}

impl Chain {
    /// Connects, as soon as the node answers and its first block is there.
    ///
    /// # Errors
    /// That does not happen within `limit`.
    pub async fn connect(url: &str, limit: Duration) -> Result<Self> {
        let chain = Self {
            url: url.into(),
            connection: RwLock::new(connect(url, limit).await?),
            sending: Mutex::new(()),
        };
        chain
            .until("the first block", limit, |block| async move {
                Ok((block.number > 0).then_some(()))
            })
            .await?;
        Ok(chain)
    }

    /// Connects anew, after the node was away.
    pub async fn reconnect(&self, limit: Duration) -> Result<()> {
        let connection = connect(&self.url, limit).await?;
        *self.connection.write().await = connection;
        Ok(())
    }

    /// Where the node listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls any method of the node's JSON-RPC.
    pub async fn rpc(&self, method: &str, params: Json) -> Result<Json> {
        let rpc = self.connection.read().await.rpc.clone();
        rpc.call(method, params).await
    }

    /// Calls `compute_<method>` with parameters by name, at `block`.
    pub async fn compute(&self, method: &str, mut params: Json, block: Block) -> Result<Json> {
        if let Some(params) = params.as_object_mut() {
            params.insert("at".into(), json!(block.at()));
        }
        let method = format!("compute_{method}");
        self.rpc(&method, params).await.with_context(|| method.clone())
    }

    /// The best block.
    pub async fn best(&self) -> Result<Block> {
        self.head("chain_getBlockHash").await
    }

    /// The finalized block.
    pub async fn finalized(&self) -> Result<Block> {
        self.head("chain_getFinalizedHead").await
    }

    async fn head(&self, method: &str) -> Result<Block> {
        let hash = self.rpc(method, json!([])).await?;
        let header = self.rpc("chain_getHeader", json!([hash])).await?;
        let number = value::text(&header, "number")?;
        Ok(Block {
            number: u32::from_str_radix(number.trim_start_matches("0x"), 16)
                .with_context(|| format!("the block number {number}"))?,
            hash: parse_hash(&hash)?,
        })
    }

    /// The block of that height on the best chain, if it is there yet.
    pub async fn block(&self, number: u32) -> Result<Option<Block>> {
        match self.rpc("chain_getBlockHash", json!([number])).await? {
            Json::Null => Ok(None),
            hash => Ok(Some(Block {
                number,
                hash: parse_hash(&hash)?,
            })),
        }
    }

    /// The genesis block.
    pub async fn genesis(&self) -> Result<Block> {
        self.block(0).await?.context("the node has no genesis block")
    }

    async fn at(&self, block: Block) -> Result<OnlineClientAtBlock<SubstrateConfig>> {
        let client = self.connection.read().await.client.clone();
        Ok(client
            .at_block_hash_and_number(block.hash, block.number.into())
            .await?)
    }

    /// A storage value; null where there is none.
    pub async fn storage(&self, block: Block, pallet: &str, entry: &str, keys: Vec<Value>) -> Result<Json> {
        let named = || format!("{pallet}.{entry}");
        let at = self.at(block).await?;
        let address = dynamic::storage::<Vec<Value>, Value>(pallet, entry);
        let found = at.storage().try_fetch(address, keys).await.with_context(named)?;
        match found {
            Some(found) => Ok(to_json(&found.decode().with_context(named)?)),
            None => Ok(Json::Null),
        }
    }

    /// All entries of a map, each with its keys.
    pub async fn storage_map(
        &self,
        block: Block,
        pallet: &str,
        entry: &str,
    ) -> Result<Vec<(Vec<Json>, Json)>> {
        let named = || format!("{pallet}.{entry}");
        let at = self.at(block).await?;
        let address = dynamic::storage::<Vec<Value>, Value>(pallet, entry);
        let mut found = at
            .storage()
            .iter(address, Vec::<Value>::new())
            .await
            .with_context(named)?;
        let mut entries = Vec::new();
        while let Some(found) = found.next().await {
            let found = found.with_context(named)?;
            let keys = found
                .key()?
                .parts()
                .map(|part| {
                    let key: Option<Value> = part.decode_as()?;
                    Ok(key.map_or(Json::Null, |key| to_json(&key)))
                })
                .collect::<Result<Vec<_>>>()
                .with_context(named)?;
            entries.push((keys, to_json(&found.value().decode().with_context(named)?)));
        }
        Ok(entries)
    }

    /// A constant of the runtime.
    pub async fn constant(&self, pallet: &str, name: &str) -> Result<Json> {
        let at = self.at(self.best().await?).await?;
        let found = at.constants().entry(dynamic::constant::<Value>(pallet, name))?;
        Ok(to_json(&found))
    }

    /// What a block says, in order.
    pub async fn events(&self, block: Block) -> Result<Vec<Event>> {
        let at = self.at(block).await?;
        let events = at.events().fetch().await?;
        let mut found = Vec::new();
        for event in events.iter() {
            let event = event.with_context(|| format!("an event of block {}", block.number))?;
            let (pallet, name) = (event.pallet_name().to_owned(), event.event_name().to_owned());
            let whole: Value = event.decode_as().with_context(|| format!("{pallet}.{name}"))?;
            // The outer enum: { Pallet: { Event: fields } }, or { Pallet: "Event" } of one without fields.
            let fields = to_json(&whole)
                .get(&pallet)
                .and_then(|event| event.get(&name))
                .cloned();
            found.push(Event {
                pallet,
                name,
                fields: fields.unwrap_or(Json::Null),
                transaction: match event.phase() {
                    subxt::events::Phase::ApplyExtrinsic(index) => Some(index),
                    _ => None,
                },
            });
        }
        Ok(found)
    }

    /// Free and held money of an account together.
    pub async fn balance(&self, block: Block, account: &[u8; 32]) -> Result<u128> {
        let found = self
            .storage(block, "System", "Account", vec![value::bytes(account)])
            .await?;
        let (free, reserved) = (
            value::number(&found, "data.free")?,
            value::number(&found, "data.reserved")?,
        );
        free.checked_add(reserved).context("a balance beyond 128 bits")
    }

    /// Asks `check` at every new best block until it answers.
    ///
    /// # Errors
    /// It does not within `limit`, or fails.
    pub async fn until<T, F>(
        &self,
        what: &str,
        limit: Duration,
        mut check: impl FnMut(Block) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<Option<T>>>,
    {
        let deadline = Instant::now() + limit;
        let mut seen = None;
        loop {
            let best = self.best().await.with_context(|| format!("waiting for {what}"))?;
            if seen != Some(best.hash) {
                seen = Some(best.hash);
                let found = check(best)
                    .await
                    .with_context(|| format!("waiting for {what}, at block {}", best.number))?;
                if let Some(found) = found {
                    return Ok(found);
                }
            }
            ensure!(
                Instant::now() < deadline,
                "waited {limit:?} for {what}, until block {}, in vain",
                best.number
            );
            sleep(POLL).await;
        }
    }

    /// The block after the best one.
    pub async fn next_block(&self) -> Result<Block> {
        let now = self.best().await?;
        self.until("the next block", Duration::from_secs(60), |block| async move {
            Ok((block.number > now.number).then_some(block))
        })
        .await
    }

    /// Waits until the census is in one of `phases`: the census, in the shape of `compute_census`, and where it was read.
    pub async fn until_phase(&self, phases: &[&str], limit: Duration) -> Result<(Block, Json)> {
        self.until(
            &format!("a census in phase {}", phases.join(" or ")),
            limit,
            |block| async move {
                let census = self.compute("census", json!({}), block).await?;
                let phase = value::text(&census, "phase")?;
                Ok(phases.contains(&phase).then_some((block, census)))
            },
        )
        .await
    }

    /// Waits for an event from block `from` on.
    pub async fn until_event(
        &self,
        what: &str,
        from: u32,
        limit: Duration,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<(Block, Event)> {
        let deadline = Instant::now() + limit;
        let mut next = from;
        loop {
            match self.block(next).await? {
                Some(block) => {
                    if let Some(event) = self.events(block).await?.into_iter().find(&wanted) {
                        return Ok((block, event));
                    }
                    next += 1;
                }
                None => sleep(POLL).await,
            }
            ensure!(
                Instant::now() < deadline,
                "waited {limit:?} for {what}, from block {from} to {next}, in vain"
            );
        }
    }
}

async fn connect(url: &str, limit: Duration) -> Result<Connection> {
    let deadline = Instant::now() + limit;
    loop {
        let attempt = async {
            let rpc = Rpc::connect(url).await?;
            let client = OnlineClient::from_rpc_client(rpc.client()).await?;
            Ok::<_, anyhow::Error>(Connection { rpc, client })
        };
        match attempt.await {
            Ok(connection) => return Ok(connection),
            Err(error) if Instant::now() >= deadline => {
                return Err(error.context(format!("{url} did not answer within {limit:?}")));
            }
            Err(_) => sleep(POLL).await,
        }
    }
}

fn parse_hash(hash: &Json) -> Result<H256> {
    let text = hash.as_str().ok_or_else(|| anyhow!("{hash} is not a hash"))?;
    match crate::account::unhex(text) {
        Ok(bytes) => Ok(H256(bytes)),
        Err(error) => bail!("{text} is not a hash: {error}"),
    }
}
