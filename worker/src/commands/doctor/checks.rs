// SPDX-License-Identifier: Apache-2.0
//! The checks: pure, from facts to findings.

mod asset;
mod chain;
mod device;
mod machine;
#[cfg(test)]
mod tests;

pub use asset::status_name;

use super::card::{self, Card};
use crate::{
    chain::{inspect::Vitals, AccountId, ChainError, Rules, View},
    error::Code,
};
use serde::Serialize;

/// What is known. `None`: it could not be asked.
#[derive(Clone, Debug)]
pub struct Facts {
    /// This machine's clock, in milliseconds since 1970.
    pub now_ms: u64,
    /// The backend, or why there is none.
    pub device: Option<Result<String, String>>,
    /// The card, if one is wished for.
    pub card: Option<Card>,
    /// What the last check before a commit found wrong.
    pub fault: Option<String>,
    /// Bytes that may still be written to the data folder, or why none may.
    pub disk: Option<Result<u64, String>>,
    /// Files and connections that a process may have open.
    pub files: Option<u64>,
    /// Connections of miners that may come.
    pub connections: usize,
    /// The endpoint that answered.
    pub url: Option<String>,
    /// Whether the chain is one that this worker knows.
    pub compatible: Option<Result<u32, ChainError>>,
    /// The chain's vital signs.
    pub vitals: Option<Vitals>,
    /// The account, or what is wrong with the key.
    pub account: Result<String, String>,
    /// Its public key.
    pub me: Option<AccountId>,
    /// What the account can pay with.
    pub spendable: Option<u128>,
    /// What the dearest call costs up front.
    pub fee: Option<u128>,
    /// The asset asked about.
    pub asset_id: Option<u64>,
    /// Whether a worker for it runs on this machine.
    pub running: Option<bool>,
    /// The chain's view of it.
    pub view: Option<View>,
    /// What counts on the chain.
    pub rules: Option<Rules>,
    /// The shape that fits, or why none does.
    pub shape: Option<Result<String, String>>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            now_ms: 0,
            device: None,
            card: None,
            fault: None,
            disk: None,
            files: None,
            connections: 0,
            url: None,
            compatible: None,
            vitals: None,
            account: Err("not read".into()),
            me: None,
            spendable: None,
            fee: None,
            asset_id: None,
            running: None,
            view: None,
            rules: None,
            shape: None,
        }
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It stands in the way of earning.
    Bad,
    /// It does not, but less may be earned than could be.
    Weak,
    /// It could not be checked, because something before it failed.
    Unknown,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub finding: String,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// The exit code that goes with it, if it is bad.
    pub code: Code,
}

/// Checks whose failure does not keep a worker from earning: it computes on the processor, or serves fewer miners.
const WEAK: [&str; 2] = ["card", "files"];

/// The check's ending, before it has a name.
pub(super) type Finding = Result<String, Option<(String, String)>>;

pub(super) fn bad(finding: impl Into<String>, mend: impl Into<String>) -> Finding {
    Err(Some((finding.into(), mend.into())))
}

/// All checks, in the order in which they matter.
pub fn examine(facts: &Facts) -> Vec<Check> {
    let checks: [(&'static str, Code, Finding); 15] = [
        ("device", Code::Device, device::device(facts)),
        ("card", Code::Device, card::check(facts.card.as_ref())),
        ("check", Code::Device, device::check(facts)),
        ("disk", Code::Disk, machine::disk(facts)),
        ("files", Code::Config, machine::files(facts)),
        ("node", Code::Unreachable, chain::node(facts)),
        ("chain", Code::Incompatible, chain::chain(facts)),
        ("clock", Code::Clock, chain::clock(facts)),
        ("key", Code::Key, asset::key(facts)),
        ("balance", Code::Balance, asset::balance(facts)),
        ("asset", Code::Asset, asset::asset(facts)),
        ("operator", Code::Operator, asset::operator(facts)),
        ("bond", Code::Bond, asset::bond(facts)),
        ("shape", Code::Shape, asset::shape(facts)),
        ("worker", Code::Running, asset::worker(facts)),
    ];
    checks
        .into_iter()
        .map(|(name, code, finding)| {
            let (verdict, finding, mend) = match finding {
                Ok(finding) => (Verdict::Good, finding, None),
                Err(Some((finding, mend))) if WEAK.contains(&name) => (Verdict::Weak, finding, Some(mend)),
                Err(Some((finding, mend))) => (Verdict::Bad, finding, Some(mend)),
                Err(None) => (Verdict::Unknown, "not checked".to_owned(), None),
            };
            Check {
                name,
                verdict,
                finding,
                mend,
                code,
            }
        })
        .collect()
}
