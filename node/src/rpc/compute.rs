// SPDX-License-Identifier: Apache-2.0
//! The `compute` namespace: what dApps read of Ergon, over the runtime API of `compute-primitives`.
//!
//! Conventions: amounts and work are decimal strings (they exceed 2^53), accounts are SS58 (hex is taken too), hashes and
//! cursors are 0x-prefixed hex. A lookup that finds nothing answers `null`. Bad input answers with error -32602 whose
//! `data.field` names the parameter. Every method takes the hash of a block as its last, optional parameter `at`; it
//! defaults to the best block.

mod parse;
mod types;

use compute_primitives::api::ComputeApi as ComputeRuntimeApi;
use ergon_runtime::{opaque::Block, AccountId, Balance, BlockNumber, Hash};
use jsonrpsee::{
    core::RpcResult,
    proc_macros::rpc,
    types::{error::ErrorCode, ErrorObject, ErrorObjectOwned},
};
use serde_json::Value;
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use std::sync::Arc;
use types::{AccountIncome, Asset, Census, HolderPage, IncomeLog, NetworkStats, PendingRewards, Rating};

/// Most holders, or assets, that one call returns.
const MAX_HOLDERS: u32 = 100;
const MAX_ASSETS: u32 = 1_000;

#[rpc(server, namespace = "compute")]
pub trait ComputeApi {
    /// One asset: kind, status, roles, bond, fractions, what it is owed. `null`: no such asset.
    #[method(name = "asset", blocking)]
    fn asset(&self, id: Option<Value>, at: Option<Value>) -> RpcResult<Option<Asset>>;

    /// Ids of the assets whose NFT `account` holds, in order, at most `limit` (1 to 1000, by default 1000) from id `start` on.
    #[method(name = "assetsOf", blocking)]
    fn assets_of(
        &self,
        account: Option<Value>,
        start: Option<Value>,
        limit: Option<Value>,
        at: Option<Value>,
    ) -> RpcResult<Vec<u64>>;

    /// The census that runs, or the last one.
    #[method(name = "census", blocking)]
    fn census(&self, at: Option<Value>) -> RpcResult<Census>;

    /// What the chain has verified of one asset. `null`: no such asset, or it never committed.
    #[method(name = "rating", blocking)]
    fn rating(&self, id: Option<Value>, at: Option<Value>) -> RpcResult<Option<Rating>>;

    /// Income that `account` could claim now, by asset, and its sum.
    #[method(name = "pendingRewards", blocking)]
    fn pending_rewards(&self, account: Option<Value>, at: Option<Value>) -> RpcResult<PendingRewards>;

    /// Holders of an asset's fractions, at most `limit` (1 to 100, by default 100), from `cursor` on. `null`: no such asset.
    #[method(name = "holders", blocking)]
    fn holders(
        &self,
        id: Option<Value>,
        cursor: Option<Value>,
        limit: Option<Value>,
        at: Option<Value>,
    ) -> RpcResult<Option<HolderPage>>;

    /// The network at a glance.
    #[method(name = "networkStats", blocking)]
    fn network_stats(&self, at: Option<Value>) -> RpcResult<NetworkStats>;

    /// What an asset earned in each census from `from` to `to` (by default all), as far back as its log reaches. `null`: no such
    /// asset.
    #[method(name = "incomeLog", blocking)]
    fn income_log(
        &self,
        id: Option<Value>,
        from: Option<Value>,
        to: Option<Value>,
        at: Option<Value>,
    ) -> RpcResult<Option<IncomeLog>>;

    /// What `account` earned by an asset in the censuses from `from` to `to` (by default all). `null`: no such asset.
    #[method(name = "income", blocking)]
    fn income(
        &self,
        account: Option<Value>,
        id: Option<Value>,
        from: Option<Value>,
        to: Option<Value>,
        at: Option<Value>,
    ) -> RpcResult<Option<AccountIncome>>;
}

/// Answers the `compute` namespace from a client.
pub struct Compute<C> {
    client: Arc<C>,
}

impl<C> Compute<C> {
    pub fn new(client: Arc<C>) -> Self {
        Self { client }
    }
}

impl<C> Compute<C>
where
    C: HeaderBackend<Block>,
{
    /// The block to read at: the one named, if the node knows it, else the best.
    fn block(&self, at: Option<Value>) -> RpcResult<Hash> {
        let Some(hash) = parse::optional("at", at, parse::hash)? else {
            return Ok(self.client.info().best_hash);
        };
        match self.client.number(hash) {
            Ok(Some(_)) => Ok(hash),
            Ok(None) => Err(invalid("at", "is not a block that this node knows")),
            Err(error) => Err(internal(error)),
        }
    }
}

/// Error -32602 that names the parameter, in its message and in `data.field`.
fn invalid(field: &str, why: impl std::fmt::Display) -> ErrorObjectOwned {
    ErrorObject::owned(
        ErrorCode::InvalidParams.code(),
        format!("invalid parameter `{field}`: {why}"),
        Some(serde_json::json!({ "field": field })),
    )
}

fn internal(error: impl std::fmt::Display) -> ErrorObjectOwned {
    ErrorObject::owned(ErrorCode::InternalError.code(), error.to_string(), None::<()>)
}

fn failed(error: ApiError) -> ErrorObjectOwned {
    internal(format!("the runtime did not answer: {error}"))
}

impl<C> ComputeApiServer for Compute<C>
where
    C: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
    C::Api: ComputeRuntimeApi<Block, AccountId, Balance, BlockNumber>,
{
    fn asset(&self, id: Option<Value>, at: Option<Value>) -> RpcResult<Option<Asset>> {
        let id = parse::required("id", id, parse::asset_id)?;
        let asset = self
            .client
            .runtime_api()
            .asset(self.block(at)?, id)
            .map_err(failed)?;
        Ok(asset.map(Into::into))
    }

    fn assets_of(
        &self,
        account: Option<Value>,
        start: Option<Value>,
        limit: Option<Value>,
        at: Option<Value>,
    ) -> RpcResult<Vec<u64>> {
        let account = parse::required("account", account, parse::account)?;
        let start = parse::optional("start", start, parse::asset_id)?.unwrap_or_default();
        let limit =
            parse::optional("limit", limit, |value| parse::limit(value, MAX_ASSETS))?.unwrap_or(MAX_ASSETS);
        let at = self.block(at)?;
        let assets = self
            .client
            .runtime_api()
            .assets_of(at, account, start, limit)
            .map_err(failed)?;
        Ok(assets.into_iter().map(|id| id.0).collect())
    }

    fn census(&self, at: Option<Value>) -> RpcResult<Census> {
        let at = self.block(at)?;
        Ok(self.client.runtime_api().census(at).map_err(failed)?.into())
    }

    fn rating(&self, id: Option<Value>, at: Option<Value>) -> RpcResult<Option<Rating>> {
        let id = parse::required("id", id, parse::asset_id)?;
        let rating = self
            .client
            .runtime_api()
            .rating(self.block(at)?, id)
            .map_err(failed)?;
        Ok(rating.map(Into::into))
    }

    fn pending_rewards(&self, account: Option<Value>, at: Option<Value>) -> RpcResult<PendingRewards> {
        let account = parse::required("account", account, parse::account)?;
        let at = self.block(at)?;
        Ok(self
            .client
            .runtime_api()
            .pending_rewards(at, account)
            .map_err(failed)?
            .into())
    }

    fn holders(
        &self,
        id: Option<Value>,
        cursor: Option<Value>,
        limit: Option<Value>,
        at: Option<Value>,
    ) -> RpcResult<Option<HolderPage>> {
        let id = parse::required("id", id, parse::asset_id)?;
        let cursor = parse::optional("cursor", cursor, parse::bytes)?;
        let limit =
            parse::optional("limit", limit, |value| parse::limit(value, MAX_HOLDERS))?.unwrap_or(MAX_HOLDERS);
        let at = self.block(at)?;
        let page = self
            .client
            .runtime_api()
            .holders(at, id, cursor, limit)
            .map_err(failed)?;
        Ok(page.map(Into::into))
    }

    fn network_stats(&self, at: Option<Value>) -> RpcResult<NetworkStats> {
        let at = self.block(at)?;
        Ok(self
            .client
            .runtime_api()
            .network_stats(at)
            .map_err(failed)?
            .into())
    }
    fn income_log(
        &self,
        id: Option<Value>,
        from: Option<Value>,
        to: Option<Value>,
        at: Option<Value>,
    ) -> RpcResult<Option<IncomeLog>> {
        let id = parse::required("id", id, parse::asset_id)?;
        let (from, to) = parse::censuses(from, to)?;
        let log = self
            .client
            .runtime_api()
            .income_log(self.block(at)?, id, from, to)
            .map_err(failed)?;
        Ok(log.map(Into::into))
    }

    fn income(
        &self,
        account: Option<Value>,
        id: Option<Value>,
        from: Option<Value>,
        to: Option<Value>,
        at: Option<Value>,
    ) -> RpcResult<Option<AccountIncome>> {
        let account = parse::required("account", account, parse::account)?;
        let id = parse::required("id", id, parse::asset_id)?;
        let (from, to) = parse::censuses(from, to)?;
        let income = self
            .client
            .runtime_api()
            .income(self.block(at)?, account, id, from, to)
            .map_err(failed)?;
        Ok(income.map(Into::into))
    }
}
