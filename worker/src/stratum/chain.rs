// SPDX-License-Identifier: Apache-2.0
//! What the server reads of the chain, and what it sends there.

mod client;
#[cfg(test)]
pub mod twin;

pub use client::HashrateChain;

use crate::chain::{ChainError, SubmitError, View};
use compute_proof::{hashrate::Share, Hash};
use std::future::Future;

/// Everything that is asked of the chain, read at one best block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareView {
    /// What any worker sees. A commit is a submission of shares.
    pub chain: View,
    /// When the census opened, in seconds of Unix time: no share may be older.
    pub opened: u32,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareCall {
    /// `ProofOfCompute.submit_shares`
    Submit {
        /// The asset.
        asset: u64,
        /// The census.
        census: u32,
        /// Its challenge.
        challenge: Hash,
        /// The smallest hashes' shares, in increasing order.
        shares: Vec<Share>,
    },
    /// `ProofOfCompute.settle`
    Settle {
        /// The asset.
        asset: u64,
    },
}

/// A chain that takes shares.
pub trait ShareChain: Clone + Send + Sync + 'static {
    /// The view at the best block; waits until that is another block than `seen`.
    fn view(&self, seen: Option<Hash>) -> impl Future<Output = Result<ShareView, ChainError>> + Send;

    /// Signs `call` and waits until a best block has taken it: its height. As [`Chain::submit`](crate::chain::Chain::submit).
    fn submit(
        &self,
        call: ShareCall,
        nonce: u64,
        before: Option<u32>,
    ) -> impl Future<Output = Result<u32, SubmitError>> + Send;
}
