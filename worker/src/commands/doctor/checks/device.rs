// SPDX-License-Identifier: Apache-2.0
//! What computes.

use super::{bad, Facts, Finding};

pub(super) fn device(facts: &Facts) -> Finding {
    match facts.device.as_ref().ok_or(None)? {
        Ok(name) => Ok(name.clone()),
        Err(error) => bad(
            error,
            "See `devices`. A machine that fails the known answers has a fault.",
        ),
    }
}

pub(super) fn check(facts: &Facts) -> Finding {
    match &facts.fault {
        None => Ok("no commit is withheld".into()),
        Some(fault) => bad(
            format!("the last commit was withheld: {fault}"),
            "Lower the device's clock, power limit or temperature, and see that `bench` prints the checksum of the documentation. Memory errors: replace it.",
        ),
    }
}
