// SPDX-License-Identifier: Apache-2.0
//! The chain over JSON-RPC, by subxt.
//!
//! The best block is followed, not the finalized one that subxt takes by itself: a census's window is a few blocks long.

mod sending;

pub use sending::Taken;

use super::{metadata, nonces::Nonces, BlockId, Call, Chain, ChainError, Rules, SubmitError, View};
use compute_proof::{Class, Hash};
use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc, Mutex as SyncMutex,
    },
    time::Duration,
};
use subxt::{
    client::OnlineClientAtBlock,
    config::{Header, RpcConfigFor},
    rpcs::{methods::LegacyRpcMethods, RpcClient},
    utils::AccountId32,
    OnlineClient, SubstrateConfig,
};
use subxt_signer::sr25519::Keypair;
use tokio::{
    sync::{watch, Mutex},
    task::JoinSet,
    time::timeout,
};

/// No best block for so long: another endpoint may know more.
const STALL: Duration = Duration::from_secs(60);
/// The longest that a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The chain at one block.
pub type AtBlock = OnlineClientAtBlock<SubstrateConfig>;
/// A connection that works.
struct Connection {
    api: OnlineClient<SubstrateConfig>,
    url: String,
    /// The best block, as the node tells it.
    best: watch::Receiver<Option<Arc<AtBlock>>>,
    /// Ends with the connection.
    _follower: JoinSet<()>,
}

struct Inner {
    urls: Vec<String>,
    next_url: AtomicUsize,
    connection: Mutex<Option<Arc<Connection>>>,
    signer: Option<Keypair>,
    prover: AccountId32,
    nonces: SyncMutex<Nonces>,
}

/// A chain behind one or several endpoints, as one asset sees it.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    asset: u64,
}

/// A node that is no help.
pub(super) fn unreachable(error: impl std::fmt::Display) -> ChainError {
    ChainError::Unreachable(error.to_string())
}

/// An answer that this worker's types do not fit, or a node that does not answer.
pub(super) fn api_error(error: subxt::error::RuntimeApiError) -> ChainError {
    use subxt::error::RuntimeApiError as E;
    match error {
        E::IncompatibleCodegen => incompatible("its runtime API has changed"),
        E::TraitNotFound(name) => incompatible(format!("it has no runtime API {name}")),
        E::MethodNotFound {
            trait_name,
            method_name,
        } => incompatible(format!("its runtime API {trait_name} has no {method_name}")),
        error => unreachable(error),
    }
}

pub(super) fn incompatible(what: impl std::fmt::Display) -> ChainError {
    ChainError::Incompatible(what.to_string())
}

impl Client {
    /// A client for `asset`, proven by `prover`; `signer` is its key, where calls are to be sent. Does not connect yet.
    pub fn new(urls: Vec<String>, asset: u64, prover: AccountId32, signer: Option<Keypair>) -> Self {
        Self {
            inner: Arc::new(Inner {
                urls,
                next_url: AtomicUsize::new(0),
                connection: Mutex::new(None),
                signer,
                prover,
                nonces: SyncMutex::default(),
            }),
            asset,
        }
    }

    /// A client for another asset of the same account, over the same connection.
    #[must_use]
    pub fn beside(&self, asset: u64) -> Self {
        Self {
            inner: self.inner.clone(),
            asset,
        }
    }

    /// The account that proves.
    pub fn prover(&self) -> &AccountId32 {
        &self.inner.prover
    }

    /// The endpoint in use.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn url(&self) -> Result<String, ChainError> {
        Ok(self.connection().await?.url.clone())
    }

    /// The chain at its best block.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn best(&self) -> Result<Arc<AtBlock>, ChainError> {
        let connection = self.connection().await?;
        let best = Self::best_of(&connection, |_| true).await;
        self.drop_if_broken(best, &connection).await
    }

    /// The chain at its finalized block.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn finalized(&self) -> Result<AtBlock, ChainError> {
        self.connection()
            .await?
            .api
            .at_current_block()
            .await
            .map_err(unreachable)
    }

    async fn connection(&self) -> Result<Arc<Connection>, ChainError> {
        let mut held = self.inner.connection.lock().await;
        if let Some(connection) = &*held {
            return Ok(connection.clone());
        }
        let mut last = unreachable("no endpoint is given");
        for _ in 0..self.inner.urls.len() {
            let index = self.inner.next_url.fetch_add(1, Ordering::Relaxed) % self.inner.urls.len();
            let Some(url) = self.inner.urls.get(index) else {
                continue;
            };
            match timeout(PATIENCE, connect(url)).await {
                Ok(Ok(connection)) => {
                    tracing::debug!(url, "connected");
                    return Ok(held.insert(Arc::new(connection)).clone());
                }
                Ok(Err(error @ ChainError::Incompatible(_))) => return Err(error),
                Ok(Err(ChainError::Unreachable(reason))) => last = unreachable(format!("{url}: {reason}")),
                Err(_) => last = unreachable(format!("{url} does not answer")),
            }
        }
        Err(last)
    }

    /// Forgets a connection that failed, so that the next call makes another.
    async fn drop_if_broken<T>(
        &self,
        result: Result<T, ChainError>,
        connection: &Arc<Connection>,
    ) -> Result<T, ChainError> {
        if result.is_err() {
            let mut held = self.inner.connection.lock().await;
            if held.as_ref().is_some_and(|held| Arc::ptr_eq(held, connection)) {
                *held = None;
            }
        }
        result
    }

    /// Waits for a best block that `fits`.
    async fn best_of(
        connection: &Connection,
        fits: impl Fn(&AtBlock) -> bool,
    ) -> Result<Arc<AtBlock>, ChainError> {
        let mut best = connection.best.clone();
        let found = async {
            let found = best
                .wait_for(|best| best.as_ref().is_some_and(|at| fits(at)))
                .await;
            found.ok().and_then(|at| at.clone())
        };
        match timeout(STALL, found).await {
            Ok(Some(at)) => Ok(at),
            Ok(None) => Err(unreachable("the connection broke")),
            Err(_) => Err(unreachable(format!(
                "no new block for {} seconds",
                STALL.as_secs()
            ))),
        }
    }

    async fn view_at(&self, connection: &Connection, at: &AtBlock) -> Result<View, ChainError> {
        let asset = || metadata::AssetId(self.asset);
        let apis = at.runtime_apis();
        let census = apis.call(metadata::runtime_apis().compute_api().census());
        let info = apis.call(metadata::runtime_apis().compute_api().asset(asset()));
        let rating = apis.call(metadata::runtime_apis().compute_api().rating(asset()));
        let (census, info, rating) = tokio::try_join!(census, info, rating).map_err(api_error)?;
        let nonce = at
            .tx()
            .account_nonce(&self.inner.prover)
            .await
            .map_err(unreachable)?;
        let seed_is_final = match census.open_seed {
            Some(_) => self.is_final(connection, &census).await?,
            None => false,
        };
        Ok(View {
            best: BlockId {
                number: height(at)?,
                hash: at.block_hash().0,
            },
            census: metadata::census(&census, seed_blocks(at, census.index.0).await?),
            seed_is_final,
            asset: info.as_ref().map(metadata::asset),
            rating: rating.as_ref().map(metadata::rating).unwrap_or_default(),
            commit: rating.as_ref().and_then(metadata::commit),
            nonce,
        })
    }

    /// Whether the finalized block has the same opening seed.
    async fn is_final(
        &self,
        connection: &Connection,
        census: &metadata::CensusInfo,
    ) -> Result<bool, ChainError> {
        let at = connection.api.at_current_block().await.map_err(unreachable)?;
        let call = metadata::runtime_apis().compute_api().census();
        let known = at.runtime_apis().call(call).await.map_err(api_error)?;
        Ok(known.index.0 == census.index.0 && known.open_seed == census.open_seed)
    }
}

/// A block's height.
pub(super) fn height(at: &AtBlock) -> Result<u32, ChainError> {
    u32::try_from(at.block_number()).map_err(|_| incompatible("its blocks have too high numbers"))
}

/// Blocks that make the opening seed of a census.
async fn seed_blocks(at: &AtBlock, census: u32) -> Result<u32, ChainError> {
    let entry = at
        .storage()
        .try_fetch(
            metadata::storage().proof_of_compute().censuses(),
            (metadata::CensusIndex(census),),
        )
        .await
        .map_err(storage_error)?;
    match entry {
        Some(entry) => Ok(entry.decode().map_err(incompatible)?.schedule.seed_blocks),
        None => Ok(0),
    }
}

pub(super) fn storage_error(error: subxt::error::StorageError) -> ChainError {
    match error {
        subxt::error::StorageError::IncompatibleCodegen => incompatible("its storage has changed"),
        error => unreachable(error),
    }
}

async fn connect(url: &str) -> Result<Connection, ChainError> {
    let rpc = RpcClient::from_insecure_url(url).await.map_err(unreachable)?;
    let legacy = LegacyRpcMethods::<RpcConfigFor<SubstrateConfig>>::new(rpc.clone());
    let api = OnlineClient::<SubstrateConfig>::from_rpc_client(rpc)
        .await
        .map_err(unreachable)?;
    let (tell, best) = watch::channel(None);
    let mut blocks = api.stream_best_blocks().await.map_err(unreachable)?;
    // The stream begins with a handful of finalized blocks. What is older than the node's best block is not news.
    let newest = match legacy.chain_get_header(None).await {
        Ok(Some(header)) => header.number(),
        _ => api.at_current_block().await.map_err(unreachable)?.block_number(),
    };
    let mut follower = JoinSet::new();
    follower.spawn(async move {
        while let Some(Ok(block)) = blocks.next().await {
            if block.number() < newest {
                continue;
            }
            // A block that is gone before it could be looked at does not matter: a better one follows.
            if let Ok(at) = block.at().await {
                if tell.send(Some(Arc::new(at))).is_err() {
                    return;
                }
            }
        }
    });
    Ok(Connection {
        api,
        url: url.to_owned(),
        best,
        _follower: follower,
    })
}

impl Chain for Client {
    async fn rules(&self) -> Result<Rules, ChainError> {
        let at = self.best().await?;
        let storage = at.storage();
        let limits = storage
            .entry(metadata::storage().proof_of_compute().limits())
            .map_err(storage_error)?;
        let limits = limits
            .fetch(())
            .await
            .map_err(storage_error)?
            .decode()
            .map_err(incompatible)?;
        let schedule = storage
            .entry(metadata::storage().proof_of_compute().current_schedule())
            .map_err(storage_error)?;
        let schedule = schedule
            .fetch(())
            .await
            .map_err(storage_error)?
            .decode()
            .map_err(incompatible)?;
        let block_ms = at
            .constants()
            .entry(metadata::ergon::constants().proof_of_compute().slot_duration())
            .map_err(incompatible)?;
        Ok(Rules {
            classes: limits
                .classes
                .0
                .iter()
                .filter_map(|class| Class::try_from(*class).ok())
                .collect(),
            min_rounds: limits.min_rounds,
            max_rounds: limits.max_rounds,
            window: schedule.window,
            block_ms,
        })
    }

    async fn view(&self, seen: Option<Hash>) -> Result<View, ChainError> {
        let connection = self.connection().await?;
        let view = async {
            let at = Self::best_of(&connection, |at| Some(at.block_hash().0) != seen).await?;
            timeout(PATIENCE, self.view_at(&connection, &at))
                .await
                .map_err(|_| unreachable("the node does not answer"))?
        };
        let view = view.await;
        self.drop_if_broken(view, &connection).await
    }

    async fn submit(&self, call: Call, nonce: u64, before: Option<u32>) -> Result<u32, SubmitError> {
        use metadata::{AssetId, CensusIndex};
        let nonce = Some(nonce);
        let pallet = metadata::transactions().proof_of_compute();
        let taken = match call {
            Call::Commit {
                asset,
                census,
                challenge,
                claim,
            } => {
                let call = pallet.commit(
                    AssetId(asset),
                    CensusIndex(census),
                    challenge.into(),
                    claim.class.index(),
                    claim.rounds,
                    claim.commitment.into(),
                );
                self.send(&call, nonce, before).await?
            }
            Call::Open {
                asset,
                census,
                open_seed,
                top,
                samples,
            } => {
                let samples = metadata::samples(samples);
                let call = pallet.open(
                    AssetId(asset),
                    CensusIndex(census),
                    open_seed.into(),
                    top.into(),
                    samples,
                );
                self.send(&call, nonce, before).await?
            }
            Call::Settle { asset } => self.send(&pallet.settle(AssetId(asset)), nonce, before).await?,
        };
        Ok(taken.at)
    }
}
