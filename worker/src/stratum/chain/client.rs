// SPDX-License-Identifier: Apache-2.0
//! The real chain.

use super::{ShareCall, ShareChain, ShareView};
use crate::chain::{
    client::{AtBlock, Client},
    metadata, Chain, ChainError, SubmitError, View,
};
use compute_proof::Hash;
use std::time::Duration;
use tokio::time::timeout;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A chain behind one or several endpoints, for an asset of hashrate.
#[derive(Clone)]
pub struct HashrateChain {
    client: Client,
    /// Milliseconds of a slot.
    slot_ms: u64,
}

impl HashrateChain {
    /// Asks the chain for its slots.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn new(client: Client) -> Result<Self, ChainError> {
        let slot_ms = client.rules().await?.block_ms;
        Ok(Self { client, slot_ms })
    }

    /// When the census of a view opened, in seconds of Unix time; `None` if the chain has gone on to another.
    async fn opened(&self, at: &AtBlock, view: &View) -> Result<Option<u32>, ChainError> {
        let unreachable = |error: &dyn std::fmt::Display| ChainError::Unreachable(error.to_string());
        let entry = at
            .storage()
            .try_fetch(
                metadata::storage().proof_of_compute().censuses(),
                (metadata::CensusIndex(view.census.index),),
            )
            .await
            .map_err(|error| unreachable(&error))?;
        let Some(entry) = entry else {
            return Ok((view.census.index == 0).then_some(0));
        };
        let census = entry
            .decode()
            .map_err(|error| ChainError::Incompatible(error.to_string()))?;
        if census.challenge.0 != view.census.challenge {
            return Ok(None);
        }
        let seconds = census.opened_slot.saturating_mul(self.slot_ms) / 1_000;
        Ok(Some(u32::try_from(seconds).unwrap_or(u32::MAX)))
    }
}

impl ShareChain for HashrateChain {
    async fn view(&self, seen: Option<Hash>) -> Result<ShareView, ChainError> {
        let mut seen = seen;
        loop {
            let chain = Chain::view(&self.client, seen).await?;
            let at = self.client.best().await?;
            let opened = timeout(PATIENCE, self.opened(&at, &chain))
                .await
                .map_err(|_| ChainError::Unreachable("the node does not answer".into()))?;
            if let Some(opened) = opened? {
                return Ok(ShareView { chain, opened });
            }
            // Another fork has won in between.
            seen = Some(chain.best.hash);
        }
    }

    async fn submit(&self, call: ShareCall, nonce: u64, before: Option<u32>) -> Result<u32, SubmitError> {
        match call {
            ShareCall::Submit {
                asset,
                census,
                challenge,
                shares,
            } => {
                let call = metadata::transactions().proof_of_compute().submit_shares(
                    metadata::AssetId(asset),
                    metadata::CensusIndex(census),
                    challenge.into(),
                    metadata::shares(&shares),
                );
                Ok(self.client.send(&call, Some(nonce), before).await?.at)
            }
            ShareCall::Settle { asset } => {
                let call = crate::chain::Call::Settle { asset };
                Chain::submit(&self.client, call, nonce, before).await
            }
        }
    }
}
