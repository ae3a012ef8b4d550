// SPDX-License-Identifier: Apache-2.0
//! The card, from the bus up to the known answers: what is wrong with it first, and what mends that.

#[cfg(test)]
mod tests;

use super::checks::{bad, Finding};
use crate::{
    prover::{
        choice::{Backend, Wish},
        cuda::{Cuda, CudaError, Platform},
        Prover, ProverError,
    },
    telemetry::sensors::Sensors,
};
use rustix::{
    fs::{access, Access},
    io::Errno,
};
use std::{
    fs::{read_dir, read_link, read_to_string},
    path::{Path, PathBuf},
    sync::Arc,
};

/// NVIDIA, among the makers of things on the bus.
const NVIDIA: &str = "0x10de";
/// What draws or computes, among the things on the bus.
const DISPLAY: &str = "0x03";
/// NVIDIA's driver, among those that have what is on the bus.
const DRIVER: &str = "nvidia";
/// What makes the driver's files, as root: those of eight cards.
const MAKE_FILES: [&str; 2] = [
    "nvidia-modprobe -c255 -c0 -c1 -c2 -c3 -c4 -c5 -c6 -c7",
    "nvidia-modprobe -c0 -u",
];

/// What is known of the card that is, or would be, computed with.
#[derive(Clone, Debug)]
pub struct Card {
    /// NVIDIA's cards on the bus, each with the driver that has it, if one has.
    pub bus: Vec<Option<String>>,
    /// The first of the driver's files that can't be opened.
    pub shut: Option<Shut>,
    /// The card's name, if it computes the known answers.
    pub computes: Result<String, Failure>,
    /// The driver's version, or why the card's sensors can't be read.
    pub sensors: Result<String, String>,
}

/// A file that can't be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shut {
    /// Which.
    pub path: PathBuf,
    /// Why: [`Errno::NOENT`] if it is not there.
    pub reason: Errno,
}

/// Why no card computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong.
    pub what: String,
    /// What mends it.
    pub mend: String,
    /// Whether there is none, and nobody asked for one.
    pub absent: bool,
}

/// The check. `None`: no card is wished for.
pub fn check(card: Option<&Card>) -> Finding {
    let Some(card) = card else {
        return Ok("none is wished for".into());
    };
    match (&card.computes, &card.sensors) {
        (Ok(name), Ok(driver)) => Ok(format!("{name}, driver {driver}")),
        (Ok(name), Err(reason)) => bad(
            format!("{name} computes, but its sensors can't be read, and it is not spared when it is hot: {reason}"),
            "Install the driver's libnvidia-ml.so.1; in a container, let NVIDIA_DRIVER_CAPABILITIES name utility too.",
        ),
        (Err(failure), _) => missing(card, failure),
    }
}

/// What keeps the card from computing: the lowest layer that fails, as all above fail with it.
fn missing(card: &Card, failure: &Failure) -> Finding {
    if card.bus.is_empty() && failure.absent {
        return Ok(format!("none: {}", failure.what));
    }
    let count = card.bus.len();
    // A card that the bus does not show, as in some virtual machines, may have its driver all the same.
    if count > 0 && !card.bus.iter().flatten().any(|driver| driver == DRIVER) {
        let others: Vec<_> = card.bus.iter().flatten().map(String::as_str).collect();
        let whose = match others.is_empty() {
            true => "no driver has any".to_owned(),
            false => format!("NVIDIA's driver has none: {} does", others.join(", ")),
        };
        return bad(
            format!("NVIDIA cards on the bus: {count}, and {whose}"),
            "Install NVIDIA's driver, 570 or later, and start the machine anew: then `nvidia-smi` must show the card.",
        );
    }
    match &card.shut {
        Some(Shut { path, reason }) if count > 0 && *reason == Errno::NOENT => bad(
            format!("the driver is there, and {} is not", path.display()),
            format!(
                "As root: {}; the unit ergon-worker@ does that before it starts. In a container: run it with --gpus all.",
                MAKE_FILES.join(" && ")
            ),
        ),
        Some(Shut { path, reason }) if count > 0 => bad(
            format!("{} can't be opened: {reason}", path.display()),
            "Let this user open the driver's files: it makes them for all (0666) unless NVreg_DeviceFileMode says otherwise. A unit must not restrict devices.",
        ),
        _ => bad(&failure.what, &failure.mend),
    }
}

/// Looks at the card that this wish is about; `None` if it is about none.
///
/// `works` is what was chosen to compute; `bus` and `dev` are the system's folders of what is on the bus and of devices' files.
pub fn look(
    platform: &Arc<dyn Platform>,
    wish: &Wish,
    works: Option<&dyn Prover>,
    sensors: Result<Arc<dyn Sensors>, String>,
    (bus, dev): (&Path, &Path),
) -> Option<Card> {
    if matches!(wish.backend, Some(Backend::Cpu | Backend::Path(_))) {
        return None;
    }
    Some(Card {
        bus: on_the_bus(bus),
        shut: shut(dev),
        computes: computes(platform, wish, works.map(Prover::name)),
        sensors: driver(sensors, works.and_then(Prover::uuid)),
    })
}

/// The card that is computed with; or why the processor computes instead, or nothing does.
fn computes(
    platform: &Arc<dyn Platform>,
    wish: &Wish,
    works: Option<&'static str>,
) -> Result<String, Failure> {
    let index = wish.card.unwrap_or_default();
    let unasked = wish.backend.is_none() && wish.card.is_none();
    let failure = |error: CudaError| Failure {
        what: error.to_string(),
        mend: error.mend().to_owned(),
        absent: unasked && error.is_absence(),
    };
    let cards = platform.cards().map_err(failure)?;
    let name = cards
        .into_iter()
        .find(|card| card.index == index)
        .map(|card| card.name)
        .unwrap_or_default();
    if works.is_some_and(|works| works.starts_with("cuda-")) {
        return Ok(name);
    }
    let tried = match wish.backend {
        Some(Backend::Route(route)) => Cuda::new(platform, index, route),
        _ => Cuda::fastest(platform, index),
    };
    match tried {
        Ok(_) => Ok(name),
        Err(ProverError::Cuda(error)) => Err(failure(error)),
        Err(error) => Err(Failure {
            what: error.to_string(),
            mend: "Lower its clock or its temperature; the card computes wrongly.".into(),
            absent: false,
        }),
    }
}

/// NVIDIA's cards, each with the driver that has it.
fn on_the_bus(bus: &Path) -> Vec<Option<String>> {
    let says = |path: PathBuf, what: &str| read_to_string(path).is_ok_and(|text| text.starts_with(what));
    let driver = |thing: PathBuf| {
        let driver = read_link(thing.join("driver")).ok()?;
        Some(driver.file_name()?.to_string_lossy().into_owned())
    };
    read_dir(bus)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|thing| says(thing.join("vendor"), NVIDIA) && says(thing.join("class"), DISPLAY))
        .map(driver)
        .collect()
}

/// The first of the files that CUDA opens which this user can't.
fn shut(dev: &Path) -> Option<Shut> {
    let open = |path: &Path| access(path, Access::READ_OK | Access::WRITE_OK);
    let of_a_card = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = name.strip_prefix("nvidia").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    };
    let mut cards: Vec<_> = read_dir(dev)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(of_a_card)
        .collect();
    cards.sort();
    // Of the cards' own, one is enough: a container may have the second alone.
    let card = match cards.iter().find(|path| open(path).is_ok()).or(cards.first()) {
        Some(path) => path.clone(),
        None => dev.join("nvidia0"),
    };
    [dev.join("nvidiactl"), dev.join("nvidia-uvm"), card]
        .into_iter()
        .find_map(|path| open(&path).err().map(|reason| Shut { path, reason }))
}

/// The driver's version, if its management library knows the card of this UUID.
fn driver(sensors: Result<Arc<dyn Sensors>, String>, uuid: Option<String>) -> Result<String, String> {
    let sensors = sensors?;
    match uuid {
        Some(uuid) if sensors.cards().iter().all(|card| card.uuid != uuid) => {
            Err(format!("the management library does not know {uuid}"))
        }
        _ => Ok(sensors.driver().unwrap_or_else(|| "of unknown version".into())),
    }
}
