// SPDX-License-Identifier: Apache-2.0
//! The node and its chain.

use super::{bad, Facts, Finding};
use crate::chain::ChainError;

/// A chain whose best block is older than this stands still, or the clock is wrong.
const STALE_MS: u64 = 60_000;
/// A best block so far ahead of the clock says that the clock is slow.
const AHEAD_MS: u64 = 10_000;
/// Blocks by which finality may lag before it is worth a word.
const LAG: u32 = 50;

pub(super) fn node(facts: &Facts) -> Finding {
    match (facts.compatible.as_ref().ok_or(None)?, &facts.url) {
        (Err(ChainError::Unreachable(reason)), _) => {
            bad(reason, "Start the node, or say its address: --url ws://HOST:9944")
        }
        (_, Some(url)) => Ok(url.clone()),
        (_, None) => Err(None),
    }
}

pub(super) fn chain(facts: &Facts) -> Finding {
    match facts.compatible.as_ref().ok_or(None)? {
        Ok(version) => Ok(format!("Ergon, runtime {version}")),
        Err(ChainError::Incompatible(reason)) => bad(
            format!("not a chain that this worker knows: {reason}"),
            "Use the worker that was released with the chain's runtime.",
        ),
        Err(ChainError::Unreachable(_)) => Err(None),
    }
}

pub(super) fn clock(facts: &Facts) -> Finding {
    let vitals = facts.vitals.as_ref().ok_or(None)?;
    let old = facts.now_ms.saturating_sub(vitals.time_ms);
    let ahead = vitals.time_ms.saturating_sub(facts.now_ms);
    if ahead > AHEAD_MS {
        return bad(
            format!("this machine is {} s behind the chain", ahead / 1000),
            "Set the clock, by NTP.",
        );
    }
    if old > STALE_MS {
        return bad(
            format!(
                "block {} is {} s old: the chain stands still, or this clock is ahead",
                vitals.best,
                old / 1000
            ),
            "Is the node synchronising? Then wait. Else set the clock, by NTP.",
        );
    }
    let lag = vitals.best.saturating_sub(vitals.finalized);
    match lag > LAG {
        true => Ok(format!(
            "block {}, but only {} is final: openings wait longer",
            vitals.best, vitals.finalized
        )),
        false => Ok(format!("block {}, {} s ago", vitals.best, old / 1000)),
    }
}
