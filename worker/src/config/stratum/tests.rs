// SPDX-License-Identifier: Apache-2.0

use super::*;

fn layer(upstream: Option<&str>, user: Option<&str>) -> StratumLayer {
    StratumLayer {
        upstream: upstream.map(Into::into),
        upstream_user: user.map(Into::into),
        ..StratumLayer::default()
    }
}

#[test]
fn nothing_said_means_this_machine_alone_and_one_thread() {
    let stratum = Stratum::new(StratumLayer::default()).unwrap();
    assert!(stratum.listen.ip().is_loopback());
    assert_eq!((stratum.cpu_threads, stratum.shares_per_minute), (1, 20));
    assert!(stratum.upstream.is_none());
    assert_eq!(stratum.difficulty.hashes(), 1 << 42);
}

#[test]
fn a_layer_that_names_a_pool_hides_the_account_of_the_layers_below() {
    let above = layer(Some("a:1"), Some("me"));
    let below = StratumLayer {
        upstream_password: Some("secret".into()),
        ..layer(Some("b:2"), Some("you"))
    };
    let merged = Stratum::new(above.over(below.clone())).unwrap().upstream.unwrap();
    assert_eq!((merged.user.as_str(), merged.password.as_str()), ("me", "x"));
    assert!(!format!("{merged:?}").contains("password"));
    let merged = Stratum::new(layer(None, Some("me")).over(below))
        .unwrap()
        .upstream
        .unwrap();
    assert_eq!((merged.user.as_str(), merged.password.as_str()), ("me", "secret"));
}

#[test]
fn what_cannot_work_is_refused_by_its_name() {
    let refused = |layer: StratumLayer| Stratum::new(layer).unwrap_err().to_string();
    assert!(refused(layer(Some("a:1"), None)).contains("upstream-user"));
    assert!(refused(layer(None, Some("me"))).contains("upstream"));
    assert!(refused(layer(Some("https://a"), Some("me"))).contains("stratum+tcp"));
    assert!(refused(StratumLayer {
        difficulty: Some(0.0),
        ..StratumLayer::default()
    })
    .contains("difficulty"));
    assert!(refused(StratumLayer {
        connections: Some(0),
        ..StratumLayer::default()
    })
    .contains("connections"));
}
