// SPDX-License-Identifier: Apache-2.0
//! What the worker reads of the chain, and what it sends there.

pub mod client;
pub mod inspect;
pub mod metadata;
mod nonces;
#[cfg(test)]
pub mod twin;

use compute_proof::{Class, Hash};
use serde::Serialize;
use std::future::Future;

/// Public key of an account.
pub type AccountId = [u8; 32];

/// A block of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockId {
    /// Height.
    pub number: u32,
    /// Hash of the header.
    pub hash: Hash,
}

/// The phase of a census.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No census runs.
    Idle,
    /// Work and commits.
    Work,
    /// The opening seed is being collected.
    Seed,
    /// Those drawn open.
    Open,
    /// Those drawn that did not open are reported.
    Report,
    /// Over: commits are settled.
    Payment,
    /// Void: no pay, no slash.
    Void,
}

/// The census that runs, or the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// Running number; zero before the first.
    pub index: u32,
    /// Its phase at the block of the view.
    pub phase: Phase,
    /// The challenge.
    pub challenge: Hash,
    /// The block that opened it.
    pub opened_at: u32,
    /// First block in which no commit is taken any more.
    pub closes_at: u32,
    /// First block in which an opening is taken.
    pub opens_at: u32,
    /// The opening seed, once it stands.
    pub open_seed: Option<Hash>,
    /// Last block in which an opening is taken, as far as known.
    pub open_until: u32,
    /// No other census opens before this block.
    pub not_before: u32,
}

/// An unsettled commit, or submission of shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The census it belongs to.
    pub census: u32,
    /// Who proves.
    pub prover: AccountId,
    /// Shape of the rounds; `None` if this worker does not know it, or if these are hashes.
    pub class: Option<Class>,
    /// Rounds claimed. Zero: hashes.
    pub rounds: u32,
    /// The commitment. Zeros: hashes.
    pub commitment: Hash,
    /// The block that took it.
    pub committed_at: u32,
    /// Commits made in this census.
    pub count: u8,
    /// Whether it must be opened; `None` until the opening seed stands.
    pub drawn: Option<bool>,
    /// Whether it has been opened.
    pub opened: bool,
}

/// What the chain has verified of the asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rating {
    /// Verified multiply-accumulates, or hashes, per second.
    pub rate: u128,
    /// Its standard error. Zero for multiply-accumulates: these are counted.
    pub rate_error: u128,
    /// Multiply-accumulates, or hashes, paid for.
    pub verified_work: u128,
    /// Openings passed.
    pub passed: u32,
    /// Openings failed.
    pub failed: u32,
    /// The last census with success.
    pub last_census: u32,
    /// Censuses missed in a row.
    pub missed: u32,
}

/// Where an asset stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing proven yet.
    Provisional,
    /// It earns.
    Active,
    /// Missed three censuses in a row.
    Offline,
    /// Given up.
    Retired,
}

/// The asset, as far as the worker asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Whether matrix work counts for it.
    pub matrix: bool,
    /// Where it stands.
    pub status: Status,
    /// Who proves, if anybody accepted the role.
    pub operator: Option<AccountId>,
    /// What is left of the operator's bond, in the smallest unit.
    pub bond: u128,
    /// What the operator pledged.
    pub bond_pledged: u128,
    /// Paid for verified work since registration, in the smallest unit.
    pub emitted: u128,
    /// Of that, not vested yet.
    pub unvested: u128,
}

/// Everything the state machine asks of the chain, read at one best block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The best block, where all of it was read.
    pub best: BlockId,
    /// The census.
    pub census: Census,
    /// Whether the finalized block has the same opening seed for this census.
    pub seed_is_final: bool,
    /// The asset; `None`: there is no such asset.
    pub asset: Option<Asset>,
    /// The asset's rating.
    pub rating: Rating,
    /// The asset's unsettled commit, whoever made it.
    pub commit: Option<Commit>,
    /// The nonce of the account that proves.
    pub nonce: u64,
}

/// What counts on this chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Classes of work that count.
    pub classes: Vec<Class>,
    /// Fewest rounds that a commit may claim.
    pub min_rounds: u32,
    /// Most rounds that a commit may claim.
    pub max_rounds: u32,
    /// Blocks in which work and commits count.
    pub window: u32,
    /// Milliseconds a block.
    pub block_ms: u64,
}

/// What a running worker sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `ProofOfCompute.commit`
    Commit {
        /// The asset.
        asset: u64,
        /// The census.
        census: u32,
        /// Its challenge.
        challenge: Hash,
        /// What is claimed.
        claim: compute_proof::Claim,
    },
    /// `ProofOfCompute.open`
    Open {
        /// The asset.
        asset: u64,
        /// The census.
        census: u32,
        /// Its opening seed.
        open_seed: Hash,
        /// Root over the rounds' roots.
        top: Hash,
        /// The eight samples.
        samples: Vec<u8>,
    },
    /// `ProofOfCompute.settle`
    Settle {
        /// The asset.
        asset: u64,
    },
}

/// The chain could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No endpoint answers, or the connection broke.
    #[error("the chain cannot be reached: {0}")]
    Unreachable(String),
    /// An endpoint answers, but it is not a chain that this worker knows.
    #[error("this is not an Ergon chain that this worker knows: {0}")]
    Incompatible(String),
}

/// A call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// A block took it and the chain refused it; the fee is paid.
    #[error("refused in block {at}: {reason}")]
    Refused {
        /// The block.
        at: u32,
        /// The chain's error.
        reason: String,
    },
    /// No block took it, and none will.
    #[error("not taken: {0}")]
    NotTaken(String),
    /// It was sent; whether a block takes it is not known.
    #[error("sent, but nothing was heard of it: {0}")]
    Unknown(String),
}

/// A chain that a worker can follow and send to.
pub trait Chain: Clone + Send + Sync + 'static {
    /// What counts here.
    fn rules(&self) -> impl Future<Output = Result<Rules, ChainError>> + Send;

    /// The view at the best block; waits until that is another block than `seen`.
    ///
    /// After an error the next call connects anew, to the next endpoint if there are several.
    fn view(&self, seen: Option<Hash>) -> impl Future<Output = Result<View, ChainError>> + Send;

    /// Signs `call` and waits until a best block has taken it: its height.
    ///
    /// `nonce` is that of the view upon which the call was decided. So if anything that was sent for this asset earlier arrives in
    /// between, perhaps before a restart, the call is not taken: what it was decided upon is no longer so. Only where calls of other assets
    /// of the account are on their way in this process it has a later one.
    ///
    /// `before`: the call dies with the block before this one. One that comes too late would be refused, and cost a fee.
    fn submit(
        &self,
        call: Call,
        nonce: u64,
        before: Option<u32>,
    ) -> impl Future<Output = Result<u32, SubmitError>> + Send;
}
