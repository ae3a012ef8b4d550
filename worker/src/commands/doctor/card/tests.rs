// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::{
    commands::doctor::checks::Finding,
    prover::{
        choice,
        cuda::{
            emulator::{Emulator, Fault},
            Library, Route,
        },
    },
    telemetry::sensors::{self, Reading},
};
use std::{fs, num::NonZeroUsize, os::unix::fs::symlink};

fn failure(absent: bool) -> Failure {
    Failure {
        what: "it fails".into(),
        mend: "Mend it.".into(),
        absent,
    }
}

fn card() -> Card {
    Card {
        bus: vec![Some("nvidia".into())],
        shut: None,
        computes: Ok("Card".into()),
        sensors: Ok("570.1".into()),
    }
}

fn shut(reason: Errno) -> Option<Shut> {
    Some(Shut {
        path: "/dev/nvidiactl".into(),
        reason,
    })
}

/// What is found wrong, and what mends it.
fn ill(finding: Finding) -> (String, String) {
    finding.unwrap_err().expect("it could be checked")
}

#[test]
fn a_card_that_computes_is_well_whatever_else_is_odd() {
    assert_eq!(check(Some(&card())).unwrap(), "Card, driver 570.1");
    let odd = Card {
        bus: Vec::new(),
        shut: shut(Errno::NOENT),
        ..card()
    };
    assert!(check(Some(&odd)).is_ok());
    assert!(check(None).is_ok());
}

#[test]
fn no_card_is_well_where_none_is_and_nobody_asked() {
    let none = |absent| Card {
        bus: Vec::new(),
        shut: shut(Errno::NOENT),
        computes: Err(failure(absent)),
        sensors: Err("none".into()),
    };
    assert_eq!(check(Some(&none(true))).unwrap(), "none: it fails");
    assert_eq!(
        ill(check(Some(&none(false)))),
        ("it fails".into(), "Mend it.".into())
    );
}

#[test]
fn the_lowest_layer_that_fails_is_named_with_what_mends_it() {
    let broken = |bus: &[Option<&str>], shut| {
        let card = Card {
            bus: bus.iter().map(|driver| driver.map(str::to_owned)).collect(),
            shut,
            computes: Err(failure(true)),
            ..card()
        };
        ill(check(Some(&card)))
    };
    let (what, mend) = broken(&[None], shut(Errno::NOENT));
    assert!(
        what.contains("on the bus: 1") && what.contains("no driver"),
        "{what}"
    );
    assert!(mend.contains("Install NVIDIA's driver"), "{mend}");
    let (what, mend) = broken(&[Some("nouveau"), None], None);
    assert!(
        what.contains("on the bus: 2") && what.contains("nouveau"),
        "{what}"
    );
    assert!(mend.contains("nvidia-smi"), "{mend}");
    let (what, mend) = broken(&[Some("nouveau"), Some("nvidia")], shut(Errno::NOENT));
    assert!(what.contains("/dev/nvidiactl is not"), "{what}");
    assert!(MAKE_FILES.iter().all(|command| mend.contains(command)), "{mend}");
    let (what, mend) = broken(&[Some("nvidia")], shut(Errno::ACCESS));
    assert!(
        what.contains("/dev/nvidiactl") && what.contains("denied"),
        "{what}"
    );
    assert!(mend.contains("0666"), "{mend}");
    assert_eq!(
        broken(&[Some("nvidia")], None),
        ("it fails".into(), "Mend it.".into())
    );
}

#[test]
fn a_card_without_sensors_is_not_well() {
    let deaf = Card {
        sensors: Err("not installed".into()),
        ..card()
    };
    let (what, mend) = ill(check(Some(&deaf)));
    assert!(
        what.contains("Card computes") && what.contains("not installed"),
        "{what}"
    );
    assert!(mend.contains("libnvidia-ml"), "{mend}");
}

#[test]
fn cards_are_found_on_the_bus_with_their_drivers_and_nothing_else_of_their_maker() {
    let bus = tempfile::tempdir().unwrap();
    for (name, vendor, class, driver) in [
        ("1", "0x10de\n", "0x030200\n", Some("nvidia")),
        ("2", "0x10de\n", "0x030000\n", None),
        // Its sound, another maker's card, and a thing that says nothing.
        ("3", "0x10de\n", "0x040300\n", Some("snd_hda_intel")),
        ("4", "0x1002\n", "0x030000\n", Some("amdgpu")),
        ("5", "", "", None),
    ] {
        let folder = bus.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("vendor"), vendor).unwrap();
        fs::write(folder.join("class"), class).unwrap();
        if let Some(driver) = driver {
            symlink(format!("../drivers/{driver}"), folder.join("driver")).unwrap();
        }
    }
    let mut found = on_the_bus(bus.path());
    found.sort();
    assert_eq!(found, [None, Some("nvidia".to_owned())]);
    assert!(on_the_bus(&bus.path().join("none")).is_empty());
}

#[test]
fn every_file_that_cuda_opens_is_tried() {
    let dev = tempfile::tempdir().unwrap();
    let path = |name: &str| dev.path().join(name);
    let found = || super::shut(dev.path()).map(|shut| (shut.path, shut.reason));
    for (next, missing) in [
        ("nvidiactl", "nvidiactl"),
        ("nvidia-uvm", "nvidia-uvm"),
        // Neither is a card's.
        ("nvidia-modeset", "nvidia0"),
        ("nvidia-caps", "nvidia0"),
    ] {
        assert_eq!(found(), Some((path(missing), Errno::NOENT)));
        fs::write(path(next), "").unwrap();
    }
    // One that is there and can't be opened, even by root; then one that can, of the third card.
    symlink("nvidia0", path("nvidia0")).unwrap();
    assert_eq!(found(), Some((path("nvidia0"), Errno::LOOP)));
    fs::write(path("nvidia2"), "").unwrap();
    assert_eq!(found(), None);
}

struct Fake(&'static str);

impl Sensors for Fake {
    fn driver(&self) -> Option<String> {
        Some("570.1".into())
    }

    fn cards(&self) -> Vec<sensors::Card> {
        vec![sensors::Card {
            index: 0,
            uuid: self.0.into(),
            model: "Fake".into(),
            memory: 1 << 30,
        }]
    }

    fn read(&self, _: &str) -> Option<Reading> {
        None
    }
}

#[test]
fn a_driver_has_a_version_and_knows_the_card_that_computes() {
    let library = || -> Result<Arc<dyn Sensors>, String> { Ok(Arc::new(Fake("GPU-1"))) };
    assert_eq!(driver(library(), Some("GPU-1".into())), Ok("570.1".into()));
    assert_eq!(driver(library(), None), Ok("570.1".into()));
    assert!(driver(library(), Some("GPU-2".into()))
        .unwrap_err()
        .contains("GPU-2"));
    assert_eq!(driver(Err("x".into()), None), Err("x".into()));
}

fn wish(backend: Option<Backend>) -> Wish {
    Wish {
        backend,
        threads: NonZeroUsize::new(1),
        ..Wish::default()
    }
}

/// What `look` finds on a machine whose cards are emulated.
fn seen(emulator: &Emulator, wish: &Wish) -> Option<Card> {
    let platform = emulator.platform();
    let works = choice::choose(&platform, wish).ok();
    let nowhere = Path::new("/nonexistent");
    look(
        &platform,
        wish,
        works.as_deref(),
        Err("none".into()),
        (nowhere, nowhere),
    )
}

#[test]
fn why_no_card_computes_is_found_out_by_trying() {
    let fault = |faults: Vec<Fault>, wish: &Wish| {
        let emulator = Emulator::with(&[(9, 0)]);
        faults.into_iter().for_each(|fault| emulator.fails(fault));
        seen(&emulator, wish).unwrap().computes.unwrap_err()
    };
    let any = wish(None);
    let no_driver = Fault::Missing(Library::Driver);
    assert!(fault(vec![no_driver.clone()], &any).absent);
    assert!(!fault(vec![no_driver.clone()], &wish(Some(Backend::Cuda))).absent);
    let second = Wish { card: Some(1), ..any };
    assert!(!fault(vec![no_driver], &second).absent);
    assert!(fault(vec![], &second).what.contains("no card 1"));
    let uncompiled = fault(vec![Fault::Missing(Library::Nvrtc)], &any);
    assert!(uncompiled.what.contains("NVRTC") && uncompiled.mend.contains("LD_LIBRARY_PATH"));
    assert!(fault(vec![Fault::Gone], &any).what.contains("lost"));
    let forced = fault(
        vec![Fault::Missing(Library::CublasLt)],
        &wish(Some(Backend::Route(Route::CublasLt))),
    );
    assert!(forced.what.contains("cuBLASLt"), "{}", forced.what);
    assert!(seen(&Emulator::with(&[]), &wish(Some(Backend::Cpu))).is_none());
    assert!(
        seen(&Emulator::with(&[]), &any)
            .unwrap()
            .computes
            .unwrap_err()
            .absent
    );
}

#[test]
fn a_card_that_computes_is_named_and_one_that_computes_wrongly_is_blamed() {
    let Some(emulator) = Emulator::new((9, 0)) else {
        return;
    };
    let wish = wish(Some(Backend::Route(Route::Mma)));
    assert_eq!(
        seen(&emulator, &wish).unwrap().computes.as_deref(),
        Ok("Emulated card")
    );
    emulator.fails(Fault::Miscomputes);
    let wrong = seen(&emulator, &wish).unwrap().computes.unwrap_err();
    assert!(wrong.mend.contains("computes wrongly"), "{wrong:?}");
}

/// What is mended by hand, the unit does by itself; and it leaves the cards within reach.
#[test]
fn the_unit_makes_the_drivers_files_and_hides_none() {
    let unit = include_str!("../../../../deploy/ergon-worker@.service");
    let set = |line: &str| unit.lines().any(|found| found == line);
    for command in MAKE_FILES {
        assert!(set(&format!("ExecStartPre=-+/usr/bin/{command}")), "{command}");
    }
    let option = |name: &str| {
        unit.lines()
            .filter_map(|line| line.split_once('='))
            .find_map(|(found, value)| (found == name).then_some(value))
    };
    assert_eq!(option("PrivateDevices"), Some("no"));
    for name in [
        "DeviceAllow",
        "DevicePolicy",
        "ProtectClock",
        "MemoryDenyWriteExecute",
        "ProcSubset",
    ] {
        assert_eq!(option(name), None, "{name}");
    }
}
