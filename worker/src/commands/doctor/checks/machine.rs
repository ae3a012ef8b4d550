// SPDX-License-Identifier: Apache-2.0
//! What else a machine must have: room on the disk, and files that may be open.

use super::{bad, Facts, Finding};

/// Bytes below which the disk is full: the roots of a census are 2 MiB at most, and a few censuses are kept.
pub(super) const LEAST_DISK: u64 = 64 << 20;
/// Files and connections that a worker has open besides those of miners.
pub(super) const FILES: u64 = 64;

pub(super) fn disk(facts: &Facts) -> Finding {
    match facts.disk.as_ref().ok_or(None)? {
        Err(error) => bad(
            error,
            "Give the data folder to the worker's user, or name another: --data-dir.",
        ),
        Ok(free) if *free < LEAST_DISK => bad(
            format!("{} MiB are left in the data folder", free >> 20),
            "Make room: without the rounds' roots on the disk nothing is committed.",
        ),
        Ok(free) => Ok(format!("{} MiB are left in the data folder", free >> 20)),
    }
}

pub(super) fn files(facts: &Facts) -> Finding {
    let limit = facts.files.ok_or(None)?;
    let miners = match facts.view.as_ref().and_then(|view| view.asset) {
        Some(asset) if !asset.matrix => u64::try_from(facts.connections).unwrap_or(u64::MAX),
        _ => 0,
    };
    let needed = miners.saturating_add(FILES);
    match limit < needed {
        true => bad(
            format!("{limit} may be open at once, {needed} may be needed"),
            "Raise the limit: LimitNOFILE= in the unit, or ulimit -n; or lower --connections.",
        ),
        false => Ok(format!("{limit} may be open at once")),
    }
}
