// SPDX-License-Identifier: Apache-2.0
//! What the machine says of itself.

use crate::{prover::cuda::nvrtc, telemetry::sensors::Sensors};
use rustix::{
    fs::{access, statvfs, Access},
    process::{getrlimit, Resource},
};
use std::{
    fs::{read_dir, read_to_string},
    path::{Path, PathBuf},
    sync::Arc,
};

/// NVIDIA, among the makers of things on the bus.
const NVIDIA: &str = "0x10de";
/// What draws or computes, among the things on the bus.
const DISPLAY: &str = "0x03";

/// NVIDIA's cards on the bus, whether a driver knows them or not. `bus`: the system's folder of what is on it.
pub fn cards(bus: &Path) -> usize {
    let says = |path: PathBuf, what: &str| read_to_string(path).is_ok_and(|text| text.starts_with(what));
    read_dir(bus)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            says(entry.path().join("vendor"), NVIDIA) && says(entry.path().join("class"), DISPLAY)
        })
        .count()
}

/// The driver and its cards, in words.
pub fn driver(sensors: Result<Arc<dyn Sensors>, String>) -> Result<String, String> {
    let sensors = sensors?;
    let version = sensors.driver().unwrap_or_else(|| "of unknown version".into());
    let cards: Vec<_> = sensors
        .cards()
        .iter()
        .map(|card| format!("{} ({}, {} MiB)", card.model, card.uuid, card.memory >> 20))
        .collect();
    match cards.is_empty() {
        true => Err(format!("driver {version} knows no card")),
        false => Ok(format!("driver {version}: {}", cards.join(", "))),
    }
}

/// Whether the compiler for kernels is found, as the backend looks for it.
pub fn nvrtc() -> Result<String, String> {
    match nvrtc::is_present() {
        true => Ok("found".into()),
        false => Err("libnvrtc is neither where libraries are nor where LD_LIBRARY_PATH says".into()),
    }
}

/// Bytes that this user may still write to a folder, whether it is there yet or not.
pub fn disk(folder: &Path) -> Result<u64, String> {
    let there = folder
        .ancestors()
        .map(|path| {
            if path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                path
            }
        })
        .find(|path| path.exists())
        .ok_or_else(|| format!("{}: there is no such disk", folder.display()))?;
    access(there, Access::WRITE_OK).map_err(|error| format!("{}: {error}", there.display()))?;
    let space = statvfs(there).map_err(|error| format!("{}: {error}", there.display()))?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Files and connections that this process may have open.
pub fn files() -> Option<u64> {
    // No limit is no obstacle.
    Some(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::sensors::{Card, Reading};
    use std::fs;

    #[test]
    fn cards_are_counted_on_the_bus_and_nothing_else_of_their_maker() {
        let bus = tempfile::tempdir().unwrap();
        for (name, vendor, class) in [
            ("1", "0x10de\n", "0x030200\n"),
            ("2", "0x10de\n", "0x030000\n"),
            // Its sound, another maker's card, and a thing that says nothing.
            ("3", "0x10de\n", "0x040300\n"),
            ("4", "0x1002\n", "0x030000\n"),
            ("5", "", ""),
        ] {
            let folder = bus.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("vendor"), vendor).unwrap();
            fs::write(folder.join("class"), class).unwrap();
        }
        assert_eq!(cards(bus.path()), 2);
        assert_eq!(cards(&bus.path().join("none")), 0);
    }

    struct Fake(Vec<Card>);

    impl Sensors for Fake {
        fn driver(&self) -> Option<String> {
            Some("570.1".into())
        }

        fn cards(&self) -> Vec<Card> {
            self.0.clone()
        }

        fn read(&self, _: &str) -> Option<Reading> {
            None
        }
    }

    #[test]
    fn a_driver_names_its_cards_and_one_without_cards_is_none() {
        let card = Card {
            index: 0,
            uuid: "GPU-1".into(),
            model: "Fake".into(),
            memory: 1 << 30,
        };
        let found = driver(Ok(Arc::new(Fake(vec![card])))).unwrap();
        assert_eq!(found, "driver 570.1: Fake (GPU-1, 1024 MiB)");
        assert!(driver(Ok(Arc::new(Fake(Vec::new())))).is_err());
        assert_eq!(driver(Err("x".into())), Err("x".into()));
    }

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_room_of_the_one_above() {
        let data = tempfile::tempdir().unwrap();
        let room = disk(&data.path().join("a/b/c")).unwrap();
        assert!(room > 0);
        // Nobody can write there; the superuser is told so by its size.
        assert!(disk(Path::new("/proc")).map_or(true, |room| room == 0));
    }

    #[test]
    fn this_process_may_open_some_files() {
        assert!(files().unwrap() > 0);
    }
}
