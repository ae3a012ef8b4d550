// SPDX-License-Identifier: Apache-2.0
//! Key and asset: whether the chain lets this worker earn.

use super::{bad, Facts, Finding};
use crate::{amount::Egn, chain::Status};

pub(super) fn key(facts: &Facts) -> Finding {
    match &facts.account {
        Ok(account) => Ok(account.clone()),
        Err(error) => bad(
            error,
            "Make one: ergon-worker keys generate FILE; then say --key FILE.",
        ),
    }
}

pub(super) fn balance(facts: &Facts) -> Finding {
    let spendable = facts.spendable.ok_or(None)?;
    let fee = facts.fee.ok_or(None)?;
    match spendable >= fee {
        true => Ok(format!(
            "{}, and {} are needed up front",
            Egn(spendable),
            Egn(fee)
        )),
        false => bad(
            format!(
                "{}, but a call wants to see {} before it turns out free",
                Egn(spendable),
                Egn(fee)
            ),
            "Send it some EGN.",
        ),
    }
}

pub(super) fn asset(facts: &Facts) -> Finding {
    let Some(id) = facts.asset_id else {
        return bad(
            "none is given",
            "Say --asset N; or make one: ergon-worker register.",
        );
    };
    let view = facts.view.as_ref().ok_or(None)?;
    match view.asset {
        None => bad(
            format!("there is no asset {id}"),
            "Is the number right, and the chain? Else: ergon-worker register.",
        ),
        Some(asset) if asset.status == Status::Retired => bad(
            format!("asset {id} is retired"),
            "A retired asset does not come back: register the device again once it is reaped.",
        ),
        Some(asset) if !asset.matrix => Ok(format!(
            "{id}, {}; of SHA-256d miners: ergon-worker stratum",
            status_name(asset.status)
        )),
        Some(asset) => Ok(format!("{id}, {}", status_name(asset.status))),
    }
}

/// A status in a word.
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Provisional => "provisional: nothing proven yet",
        Status::Active => "active",
        Status::Offline => {
            "offline: missed three censuses in a row; the next that it passes makes it active again"
        }
        Status::Retired => "retired",
    }
}

pub(super) fn operator(facts: &Facts) -> Finding {
    let me = facts.me.ok_or(None)?;
    let asset = facts.view.as_ref().and_then(|view| view.asset).ok_or(None)?;
    match asset.operator {
        Some(operator) if operator == me => Ok("this account".into()),
        Some(operator) => bad(
            format!("another account: {}", subxt::utils::AccountId32(operator)),
            "Use its key; or let the owner nominate this account, and accept.",
        ),
        None => bad(
            "none",
            "Let the owner nominate this account (computeAssets.nominateOperator), and accept.",
        ),
    }
}

pub(super) fn bond(facts: &Facts) -> Finding {
    let asset = facts.view.as_ref().and_then(|view| view.asset).ok_or(None)?;
    if asset.operator.is_none() {
        return Err(None);
    }
    match asset.bond_pledged.checked_sub(asset.bond) {
        Some(missing @ 1..) => bad(
            format!(
                "{} of the {} pledged are missing: it was slashed",
                Egn(missing),
                Egn(asset.bond_pledged)
            ),
            "Fill it up: computeAssets.bondExtra. Until then no commit is taken.",
        ),
        _ => Ok(format!("{}, whole", Egn(asset.bond))),
    }
}

pub(super) fn shape(facts: &Facts) -> Finding {
    let asset = facts.view.as_ref().and_then(|view| view.asset);
    if asset.is_some_and(|asset| !asset.matrix) {
        return Ok("SHA-256d has none".into());
    }
    match facts.shape.as_ref().ok_or(None)? {
        Ok(shape) => Ok(shape.clone()),
        Err(error) => bad(
            error,
            "Take a smaller shape, or more threads; --shape auto finds one.",
        ),
    }
}

/// Not running is no fault: `doctor` is asked before the start, too.
pub(super) fn worker(facts: &Facts) -> Finding {
    match facts.running.ok_or(None)? {
        true => Ok("runs on this machine".into()),
        false => Ok("does not run on this machine's data folder: ergon-worker run".into()),
    }
}
