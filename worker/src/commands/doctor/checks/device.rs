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

pub(super) fn driver(facts: &Facts) -> Finding {
    match (facts.cards, facts.driver.as_ref().ok_or(None)?) {
        (_, Ok(driver)) => Ok(driver.clone()),
        (0, Err(_)) => Ok("no NVIDIA card, so none is needed".into()),
        (cards, Err(error)) => bad(
            format!("{cards} NVIDIA card(s), but no driver: {error}"),
            "Install the driver, 570 or later, and see that nvidia-smi shows the card; in a container, run it with --gpus all.",
        ),
    }
}

pub(super) fn nvrtc(facts: &Facts) -> Finding {
    match (facts.cards, facts.nvrtc.as_ref().ok_or(None)?) {
        (_, Ok(library)) => Ok(library.clone()),
        (0, Err(_)) => Ok("no NVIDIA card, so it is not needed".into()),
        (_, Err(error)) => bad(
            error,
            "Install CUDA's nvrtc 12 (Debian and Ubuntu of NVIDIA's repository: cuda-nvrtc-12-8), or name its folder in LD_LIBRARY_PATH.",
        ),
    }
}

pub(super) fn card(facts: &Facts) -> Finding {
    match facts.card.as_ref() {
        None => Ok("none is wished for".into()),
        Some(Ok(card)) => Ok(card.clone()),
        Some(Err((what, mend))) => bad(what.as_str(), mend.as_str()),
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
