// SPDX-License-Identifier: Apache-2.0
//! Calls: signed, sent, and waited for until a best block has taken them.

use super::{height, AtBlock, Client, Nonces};
use crate::chain::SubmitError;
use std::sync::PoisonError;
use subxt::{
    client::OnlineClientAtBlockImpl,
    config::DefaultExtrinsicParamsBuilder,
    error::TransactionEventsError,
    extrinsics::ExtrinsicEvents,
    tx::{Payload, SubmittableTransaction, TransactionInBlock, TransactionStatus},
    SubstrateConfig,
};

/// A signed call dies after so many blocks, if it is not to die earlier.
const MORTALITY: u32 = 8;

type Signed = SubmittableTransaction<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;
type InBlock = TransactionInBlock<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;

/// A call that a block took.
pub struct Taken {
    /// The block's height.
    pub at: u32,
    /// What it made happen.
    pub events: ExtrinsicEvents<SubstrateConfig>,
}

impl Client {
    /// Signs a call upon a block, with the nonce of its state.
    ///
    /// # Errors
    /// [`SubmitError::NotTaken`].
    pub async fn sign<P: Payload>(&self, at: &AtBlock, call: &P) -> Result<Signed, SubmitError> {
        let birth = born(height(at).map_err(not_taken)?, None)?;
        self.sign_born(at, call, None, birth).await
    }

    /// Signs a call upon a block. `nonce`: that of the block's state, if none is given. `birth`: the block from which its life counts.
    async fn sign_born<P: Payload>(
        &self,
        at: &AtBlock,
        call: &P,
        nonce: Option<u64>,
        birth: u32,
    ) -> Result<Signed, SubmitError> {
        let signer = self
            .inner
            .signer
            .as_ref()
            .ok_or_else(|| not_taken("there is no key to sign with"))?;
        let born = at
            .online_client()
            .at_block(u64::from(birth))
            .await
            .map_err(not_taken)?
            .block_hash();
        let mut params =
            DefaultExtrinsicParamsBuilder::new().mortal_from_unchecked(MORTALITY.into(), birth.into(), born);
        if let Some(nonce) = nonce {
            params = params.nonce(nonce);
        }
        let tx = at.tx();
        let mut signable = tx
            .create_signable(call, &self.inner.prover, params.build())
            .await
            .map_err(not_taken)?;
        signable.sign(signer).map_err(not_taken)
    }

    /// Signs a call upon the best block, sends it, and waits until a best block has taken it. `before`: the first block in which the call
    /// is dead, if that matters. `next`: the account's nonce in the state upon which the call was decided, if calls of other assets may be
    /// on their way.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn send<P: Payload>(
        &self,
        call: &P,
        next: Option<u64>,
        before: Option<u32>,
    ) -> Result<Taken, SubmitError> {
        let at = self.best().await.map_err(not_taken)?;
        let best = height(&at).map_err(not_taken)?;
        let birth = born(best, before)?;
        let reserved = match next {
            Some(next) => Some(Reserved::take(self, next, best)?),
            None => None,
        };
        let nonce = reserved.as_ref().map(|reserved| reserved.nonce);
        let signed = self.sign_born(&at, call, nonce, birth).await?;
        // From here on it may be on its way, whatever is heard of it, and also if it is given up waiting for.
        if let Some(reserved) = &reserved {
            reserved.sent(birth.saturating_add(MORTALITY));
        }
        let mut progress = signed.submit_and_watch().await.map_err(unknown)?;
        loop {
            let status = match progress.next().await {
                None => return Err(unknown("the node stopped telling")),
                Some(Err(error)) => return Err(unknown(error)),
                Some(Ok(status)) => status,
            };
            match status {
                TransactionStatus::InBestBlock(block) | TransactionStatus::InFinalizedBlock(block) => {
                    return taken(&block).await;
                }
                TransactionStatus::Invalid { message } => return Err(not_taken(message)),
                TransactionStatus::Error { message } | TransactionStatus::Dropped { message } => {
                    return Err(unknown(message));
                }
                TransactionStatus::Validated
                | TransactionStatus::Broadcasted
                | TransactionStatus::NoLongerInBestBlock => {}
            }
        }
    }

    fn nonces<T>(&self, with: impl FnOnce(&mut Nonces) -> T) -> T {
        // Nothing panics while it is held; and whatever it holds is a guess that the chain judges.
        with(&mut self.inner.nonces.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A nonce while a call is made with it.
struct Reserved<'a> {
    client: &'a Client,
    nonce: u64,
}

impl<'a> Reserved<'a> {
    fn take(client: &'a Client, next: u64, best: u32) -> Result<Self, SubmitError> {
        let nonce = client
            .nonces(|nonces| nonces.take(client.asset, next, best))
            .ok_or_else(|| not_taken("what this asset sent before may still be taken"))?;
        Ok(Self { client, nonce })
    }

    fn sent(&self, dead: u32) {
        self.client.nonces(|nonces| nonces.sent(self.client.asset, dead));
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.client.nonces(|nonces| nonces.done(self.client.asset));
    }
}

/// The block in which a call upon block `best` is born.
fn born(best: u32, before: Option<u32>) -> Result<u32, SubmitError> {
    match before {
        Some(before) => birth(best, before).ok_or_else(|| not_taken("it would come too late")),
        None => Ok(best.saturating_sub(1)),
    }
}

/// The block in which a call is born, so that [`MORTALITY`] blocks later, in block `before` at the latest, it is dead, and so that
/// it can be taken upon block `best`. `None`, if no block is left that could take it.
///
/// Never the best block itself: a node whose pool has not followed to it yet would take the call for one of unknown birth. In a
/// chain's first blocks there is no past to be born in: the call may then outlive `before`.
fn birth(best: u32, before: u32) -> Option<u32> {
    let left = before.checked_sub(best)?.checked_sub(1)?;
    (left > 0).then(|| best.saturating_sub(1).min(before.saturating_sub(MORTALITY)))
}

fn not_taken(error: impl std::fmt::Display) -> SubmitError {
    SubmitError::NotTaken(error.to_string())
}

fn unknown(error: impl std::fmt::Display) -> SubmitError {
    SubmitError::Unknown(error.to_string())
}

/// What became of a call in the block that took it.
async fn taken(block: &InBlock) -> Result<Taken, SubmitError> {
    let at = block.at().await.map_err(unknown)?;
    let at = height(&at).map_err(unknown)?;
    match block.wait_for_success().await {
        Ok(events) => Ok(Taken { at, events }),
        Err(TransactionEventsError::ExtrinsicFailed(error)) => Err(SubmitError::Refused {
            at,
            reason: error.to_string(),
        }),
        Err(error) => Err(unknown(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_dead_when_it_must_be_and_can_be_taken_until_then() {
        for before in 100..140u32 {
            for best in before - 90..before {
                let Some(birth) = birth(best, before) else {
                    assert_eq!(best, before - 1, "nothing can be taken any more");
                    continue;
                };
                let death = birth + MORTALITY;
                assert!(
                    birth < best && death > best + 1 && death <= before,
                    "{best} {before}"
                );
            }
        }
        assert_eq!((birth(5, 5), birth(6, 5), birth(4, 5)), (None, None, None));
        assert_eq!(
            (birth(0, 5), birth(1, 5), birth(6, 20)),
            (Some(0), Some(0), Some(5))
        );
    }
}
