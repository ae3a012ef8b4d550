// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::prover::cuda::Route;
use std::num::NonZeroU32;

fn full(mark: &str, number: u32) -> Layer {
    Layer {
        format: Some(if number.is_multiple_of(2) {
            Format::Json
        } else {
            Format::Text
        }),
        log: Some(mark.into()),
        url: Some(vec![format!("ws://{mark}")]),
        data_dir: Some(mark.into()),
        key: Some(mark.into()),
        password_file: Some(mark.into()),
        suri: None,
        asset: Some(number.into()),
        devices: None,
        shape: Some(Shape::Class(if number.is_multiple_of(2) {
            Class::S
        } else {
            Class::M
        })),
        backend: Some(if number.is_multiple_of(2) {
            Backend::Cpu
        } else {
            Backend::Cuda
        }),
        card: Some(number as usize),
        threads: NonZeroUsize::new(number as usize),
        max_rounds: Some(number),
        metrics: Some(mark.into()),
        stratum: StratumLayer {
            listen: Some(([127, 0, 0, 1], u16::try_from(number).unwrap()).into()),
            upstream: Some(mark.into()),
            upstream_user: Some(mark.into()),
            upstream_password: Some(mark.into()),
            cpu_threads: Some(number as usize),
            connections: Some(number as usize),
            connections_per_address: Some(number as usize),
            shares_per_minute: NonZeroU32::new(number),
            difficulty: Some(number.into()),
        },
    }
}

#[test]
fn the_layer_above_wins_in_every_setting() {
    assert_eq!(full("above", 1).over(full("below", 2)), full("above", 1));
}

#[test]
fn what_is_not_said_comes_from_below() {
    assert_eq!(Layer::default().over(full("below", 2)), full("below", 2));
    let some = Layer {
        asset: Some(9),
        ..Layer::default()
    };
    assert_eq!(
        some.over(full("below", 2)),
        Layer {
            asset: Some(9),
            ..full("below", 2)
        }
    );
}

#[test]
fn three_layers_merge_in_order_however_they_are_grouped() {
    let flags = Layer {
        asset: Some(1),
        ..Layer::default()
    };
    let environment = Layer {
        asset: Some(2),
        max_rounds: Some(2),
        ..Layer::default()
    };
    let file = Layer {
        asset: Some(3),
        max_rounds: Some(3),
        log: Some("file".into()),
        ..Layer::default()
    };
    let merged = flags.clone().over(environment.clone()).over(file.clone());
    assert_eq!(
        (merged.asset, merged.max_rounds, merged.log.as_deref()),
        (Some(1), Some(2), Some("file"))
    );
    assert_eq!(merged, flags.over(environment.over(file)));
}

#[test]
fn a_secret_uri_above_hides_a_key_file_below_and_the_other_way_round() {
    let suri = Layer {
        suri: Some("//Alice".into()),
        ..Layer::default()
    };
    let file = Layer {
        key: Some("key.json".into()),
        ..Layer::default()
    };
    let up = Config::new(suri.clone().over(file.clone()), Some("/d".into())).unwrap();
    assert_eq!(up.key, Some(KeyChoice::Suri("//Alice".into())));
    let down = Config::new(file.clone().over(suri.clone()), Some("/d".into())).unwrap();
    assert!(matches!(down.key, Some(KeyChoice::File { .. })));
    let both = Layer {
        suri: suri.suri,
        ..file
    };
    assert!(matches!(
        Config::new(both, Some("/d".into())),
        Err(ConfigError::Invalid(_))
    ));
}

#[test]
fn a_file_says_the_same_as_flags() {
    let text = r#"
        format = "json"
        log = "debug"
        url = ["ws://one:9944", "wss://two"]
        data-dir = "/var/lib/ergon"
        key = "/etc/ergon/key.json"
        password-file = "/etc/ergon/password"
        asset = 7
        shape = "xl"
        backend = "cuda-mma"
        card = 1
        threads = 8
        max-rounds = 500
        metrics = "9464"
        [stratum]
        listen = "0.0.0.0:3333"
        upstream = "stratum+tcp://pool:3333"
        upstream-user = "me"
        cpu-threads = 0
        shares-per-minute = 6
        difficulty = 0.5
    "#;
    let layer = Layer::from_toml(Path::new("c"), text).unwrap();
    assert_eq!(
        layer,
        Layer {
            format: Some(Format::Json),
            log: Some("debug".into()),
            url: Some(vec!["ws://one:9944".into(), "wss://two".into()]),
            data_dir: Some("/var/lib/ergon".into()),
            key: Some("/etc/ergon/key.json".into()),
            password_file: Some("/etc/ergon/password".into()),
            suri: None,
            asset: Some(7),
            devices: None,
            shape: Some(Shape::Class(Class::Xl)),
            backend: Some(Backend::Route(Route::Mma)),
            card: Some(1),
            threads: NonZeroUsize::new(8),
            max_rounds: Some(500),
            metrics: Some("9464".into()),
            stratum: StratumLayer {
                listen: Some(([0, 0, 0, 0], 3333).into()),
                upstream: Some("stratum+tcp://pool:3333".into()),
                upstream_user: Some("me".into()),
                cpu_threads: Some(0),
                shares_per_minute: NonZeroU32::new(6),
                difficulty: Some(0.5),
                ..StratumLayer::default()
            },
        }
    );
}

#[test]
fn a_file_with_a_word_that_nobody_knows_is_refused_and_named() {
    for text in [
        "assset = 7",
        "asset = -1",
        "shape = \"huge\"",
        "threads = 0",
        "backend = \"gpu\"",
        "card = -1",
        "devices = [\"7:x\"]",
        "devices = [7]",
        "format = \"xml\"",
        "[stratum]\nlisten = \"nowhere\"",
        "[stratum]\nshares-per-minute = 0",
        "[stratum]\npool = \"x\"",
        "= =",
    ] {
        let error = Layer::from_toml(Path::new("my.toml"), text).unwrap_err();
        assert!(error.to_string().starts_with("my.toml: "), "{error}");
    }
}

#[test]
fn the_environment_is_read_and_its_mistakes_are_named() {
    let layer = Layer::from_environment(|name| {
        match name {
            "ERGON_URL" => Some("ws://a, ws://b"),
            "ERGON_ASSET" => Some("12"),
            "ERGON_SHAPE" => Some("auto"),
            "ERGON_FORMAT" => Some("JSON"),
            "ERGON_LOG" => Some(""),
            _ => None,
        }
        .map(Into::into)
    })
    .unwrap();
    assert_eq!(layer.url.unwrap(), ["ws://a", "ws://b"]);
    assert_eq!(
        (layer.asset, layer.shape, layer.log),
        (Some(12), Some(Shape::Auto), None)
    );
    assert_eq!(layer.format, Some(Format::Json));
    for name in [
        "ERGON_ASSET",
        "ERGON_DEVICES",
        "ERGON_BACKEND",
        "ERGON_CARD",
        "ERGON_THREADS",
        "ERGON_MAX_ROUNDS",
        "ERGON_SHAPE",
        "ERGON_FORMAT",
        "ERGON_STRATUM_LISTEN",
        "ERGON_STRATUM_CPU_THREADS",
        "ERGON_STRATUM_CONNECTIONS",
        "ERGON_STRATUM_CONNECTIONS_PER_ADDRESS",
        "ERGON_STRATUM_SHARES_PER_MINUTE",
        "ERGON_STRATUM_DIFFICULTY",
    ] {
        let error = Layer::from_environment(|n| (n == name).then(|| "nonsense".into())).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn every_variable_sets_something() {
    for name in VARIABLES.into_iter().chain(stratum::VARIABLES) {
        let value = match name {
            "ERGON_STRATUM_LISTEN" => "127.0.0.1:1",
            "ERGON_FORMAT" => "json",
            "ERGON_SHAPE" => "s",
            "ERGON_BACKEND" => "cuda",
            _ => "1",
        };
        let layer = Layer::from_environment(|n| (n == name).then(|| value.into())).unwrap();
        assert_ne!(layer, Layer::default(), "{name}");
    }
}

fn devices(text: &str) -> Layer {
    Layer {
        devices: Some(text.split(',').map(|device| device.parse().unwrap()).collect()),
        ..Layer::default()
    }
}

#[test]
fn devices_are_assets_with_their_cards() {
    let layer =
        Layer::from_environment(|name| (name == "ERGON_DEVICES").then(|| "7:1, 8 : 0,9".into())).unwrap();
    let assignment = |asset, card| Assignment { asset, card };
    let expected = vec![
        assignment(7, Some(1)),
        assignment(8, Some(0)),
        assignment(9, None),
    ];
    assert_eq!(layer.devices.as_ref(), Some(&expected));
    let file = Layer::from_toml(Path::new("x"), "devices = [\"7:1\", \"8:0\", \"9\"]").unwrap();
    assert_eq!(file, layer);
    for wrong in ["", ":1", "7:", "7:a", "a:1", "7:1:2", "-7:1"] {
        let error = wrong.parse::<Assignment>().unwrap_err();
        assert!(error.contains("ASSET[:CARD]"), "{error}");
    }
}

#[test]
fn devices_hide_an_asset_below_them_and_an_asset_hides_devices() {
    let one = |asset, card| Layer {
        asset,
        card,
        ..Layer::default()
    };
    assert_eq!(devices("7:1").over(one(Some(3), Some(2))), devices("7:1"));
    assert_eq!(one(Some(3), None).over(devices("7:1")), one(Some(3), None));
    // One of them keeps its card.
    assert_eq!(one(Some(8), None).over(devices("7:1,8:2")), one(Some(8), Some(2)));
    assert_eq!(
        one(Some(8), Some(0)).over(devices("7:1,8:2")),
        one(Some(8), Some(0))
    );
    let config = |layer| Config::new(layer, Some("/x".into()));
    let both = config(one(None, Some(2)).over(devices("7:1"))).unwrap_err();
    assert!(both.to_string().contains("beside"), "{both}");
    assert_eq!(config(devices("7:1,8:0")).unwrap().devices.len(), 2);
}

#[test]
fn an_empty_list_hides_the_devices_below_and_nothing_else() {
    let none = || Layer {
        devices: Some(Vec::new()),
        ..Layer::default()
    };
    let card = |card| Layer {
        card: Some(card),
        ..Layer::default()
    };
    let asset = Layer {
        asset: Some(3),
        ..card(2)
    };
    let of_card = |number| Layer {
        devices: none().devices,
        ..card(number)
    };
    for (above, below, expected) in [
        (of_card(1), devices("7:1,8:0"), (None, Some(1))),
        (none(), devices("7,8"), (None, None)),
        (none(), card(2), (None, Some(2))),
        (of_card(1), asset, (Some(3), Some(1))),
    ] {
        // Two devices without cards are refused; hidden, they are nobody's concern.
        let config = Config::new(above.over(below), Some("/x".into())).unwrap();
        assert_eq!((config.asset, config.prover.card), expected);
        assert!(config.devices.is_empty());
    }
}

#[test]
fn devices_that_would_meet_are_refused() {
    let refused = |layer| Config::new(layer, Some("/x".into())).unwrap_err().to_string();
    assert!(refused(devices("7:0,8:1,7:2")).contains("asset 7 stands twice"));
    assert!(refused(devices("7:0,8:1,9:1")).contains("card 1 stands twice, for assets 8 and 9"));
    assert!(refused(devices("7:0,8")).contains("asset 8 names no card"));
    let cpu = Layer {
        backend: Some(Backend::Cpu),
        ..devices("7,8")
    };
    assert_eq!(Config::new(cpu, Some("/x".into())).unwrap().devices.len(), 2);
    assert_eq!(
        Config::new(devices("7"), Some("/x".into()))
            .unwrap()
            .devices
            .len(),
        1
    );
}

#[test]
fn nothing_said_means_the_local_node_and_the_home_folder() {
    let config = Config::new(Layer::default(), Some("/home/me/data".into())).unwrap();
    assert_eq!(config.urls, [DEFAULT_URL]);
    assert_eq!(config.data_dir, Path::new("/home/me/data"));
    assert_eq!(
        (config.shape, config.key, config.asset),
        (Shape::Auto, None, None)
    );
    assert!(Config::new(Layer::default(), None).is_err());
}

#[test]
fn what_cannot_work_is_refused() {
    let wrong = [
        Layer {
            url: Some(Vec::new()),
            ..Layer::default()
        },
        Layer {
            url: Some(vec!["http://x".into()]),
            ..Layer::default()
        },
        Layer {
            max_rounds: Some(0),
            ..Layer::default()
        },
        Layer {
            metrics: Some("everywhere".into()),
            ..Layer::default()
        },
    ];
    for layer in wrong {
        assert!(Config::new(layer, Some("/d".into())).is_err());
    }
}

#[test]
fn data_go_where_the_convention_says() {
    let at = |xdg: Option<&str>, home: Option<&str>| {
        let (xdg, home) = (xdg.map(str::to_owned), home.map(str::to_owned));
        data_home(|name| if name == "HOME" { home.clone() } else { xdg.clone() })
    };
    assert_eq!(at(Some("/x"), Some("/h")), Some("/x/ergon-worker".into()));
    assert_eq!(
        at(Some("relative"), Some("/h")),
        Some("/h/.local/share/ergon-worker".into())
    );
    assert_eq!(at(None, None), None);
}
