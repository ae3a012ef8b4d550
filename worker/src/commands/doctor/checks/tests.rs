// SPDX-License-Identifier: Apache-2.0

use super::{
    machine::{FILES, LEAST_DISK},
    *,
};
use crate::chain::{Asset, BlockId, Census, Phase, Rating, Status};

fn healthy() -> Facts {
    Facts {
        now_ms: 1_000_000_000,
        device: Some(Ok("cpu-avx2 on 2 threads".into())),
        card: None,
        fault: None,
        disk: Some(Ok(LEAST_DISK)),
        files: Some(8_192),
        connections: 4_096,
        url: Some("ws://x".into()),
        compatible: Some(Ok(1)),
        vitals: Some(Vitals {
            genesis: [0; 32],
            spec_version: 1,
            best: 100,
            finalized: 98,
            time_ms: 999_998_000,
        }),
        account: Ok("5Grw".into()),
        me: Some([1; 32]),
        spendable: Some(10),
        fee: Some(5),
        asset_id: Some(3),
        running: Some(false),
        view: Some(View {
            best: BlockId {
                number: 100,
                hash: [0; 32],
            },
            census: Census {
                index: 0,
                phase: Phase::Idle,
                challenge: [0; 32],
                opened_at: 0,
                closes_at: 0,
                opens_at: 0,
                open_seed: None,
                open_until: 0,
                not_before: 0,
            },
            seed_is_final: false,
            asset: Some(Asset {
                matrix: true,
                status: Status::Provisional,
                operator: Some([1; 32]),
                bond: 100,
                bond_pledged: 100,
                emitted: 0,
                unvested: 0,
            }),
            rating: Rating::default(),
            commit: None,
            nonce: 0,
        }),
        rules: None,
        shape: Some(Ok("s".into())),
    }
}

fn lost_card() -> Card {
    Card {
        bus: Vec::new(),
        shut: None,
        computes: Err(card::Failure {
            what: "the card is lost".into(),
            mend: "Find it.".into(),
            absent: false,
        }),
        sensors: Err("none".into()),
    }
}

/// Names of the checks that failed, first to last.
fn failed(facts: &Facts) -> Vec<&'static str> {
    let checks = examine(facts);
    for check in &checks {
        let ill = matches!(check.verdict, Verdict::Bad | Verdict::Weak);
        assert_eq!(check.mend.is_some(), ill, "{check:?}");
        assert_eq!(
            check.verdict == Verdict::Weak,
            ill && WEAK.contains(&check.name),
            "{check:?}"
        );
    }
    checks
        .iter()
        .filter(|check| matches!(check.verdict, Verdict::Bad | Verdict::Weak))
        .map(|check| check.name)
        .collect()
}

fn asset(change: impl FnOnce(&mut Asset)) -> Facts {
    let mut facts = healthy();
    change(facts.view.as_mut().unwrap().asset.as_mut().unwrap());
    facts
}

#[test]
fn a_healthy_worker_has_nothing_to_mend() {
    assert_eq!(failed(&healthy()), Vec::<&str>::new());
    assert!(examine(&healthy())
        .iter()
        .all(|check| check.verdict == Verdict::Good));
}

#[test]
fn every_illness_is_found_and_blamed_on_nothing_else() {
    let unreachable = Facts {
        compatible: Some(Err(ChainError::Unreachable("no".into()))),
        url: None,
        vitals: None,
        view: None,
        shape: None,
        spendable: None,
        fee: None,
        ..healthy()
    };
    let cases: Vec<(&str, Facts)> = vec![
        (
            "device",
            Facts {
                device: Some(Err("x".into())),
                ..healthy()
            },
        ),
        (
            "card",
            Facts {
                card: Some(lost_card()),
                ..healthy()
            },
        ),
        (
            "check",
            Facts {
                fault: Some("census 4: round 3".into()),
                ..healthy()
            },
        ),
        (
            "disk",
            Facts {
                disk: Some(Err("x".into())),
                ..healthy()
            },
        ),
        (
            "disk",
            Facts {
                disk: Some(Ok(LEAST_DISK - 1)),
                ..healthy()
            },
        ),
        (
            "files",
            Facts {
                files: Some(FILES - 1),
                ..healthy()
            },
        ),
        ("node", unreachable),
        (
            "chain",
            Facts {
                compatible: Some(Err(ChainError::Incompatible("x".into()))),
                ..healthy()
            },
        ),
        (
            "clock",
            Facts {
                now_ms: 1_000_100_000,
                ..healthy()
            },
        ),
        (
            "clock",
            Facts {
                now_ms: 999_900_000,
                ..healthy()
            },
        ),
        (
            "key",
            Facts {
                account: Err("x".into()),
                me: None,
                spendable: None,
                ..healthy()
            },
        ),
        (
            "balance",
            Facts {
                spendable: Some(4),
                ..healthy()
            },
        ),
        (
            "asset",
            Facts {
                asset_id: None,
                ..healthy()
            },
        ),
        ("asset", asset(|asset| asset.status = Status::Retired)),
        ("operator", asset(|asset| asset.operator = Some([9; 32]))),
        ("operator", asset(|asset| asset.operator = None)),
        ("bond", asset(|asset| asset.bond = 99)),
        (
            "shape",
            Facts {
                shape: Some(Err("x".into())),
                ..healthy()
            },
        ),
    ];
    for (name, facts) in cases {
        assert_eq!(failed(&facts), [name]);
    }
    let mut unknown = healthy();
    unknown.view.as_mut().unwrap().asset = None;
    assert_eq!(failed(&unknown), ["asset"]);
}

#[test]
fn a_bond_above_the_pledge_and_a_fee_that_just_fits_are_fine() {
    assert!(failed(&asset(|asset| asset.bond = 101)).is_empty());
    assert!(failed(&Facts {
        spendable: Some(5),
        ..healthy()
    })
    .is_empty());
}

#[test]
fn an_asset_of_hashrate_needs_a_file_for_each_miner() {
    let miners = Facts {
        files: Some(4_096),
        ..asset(|asset| asset.matrix = false)
    };
    assert_eq!(failed(&miners), ["files"]);
    let enough = Facts {
        files: Some(4_096 + FILES),
        // No round of matrix work is asked of such a machine.
        shape: Some(Err("x".into())),
        ..miners
    };
    assert!(failed(&enough).is_empty());
}

#[test]
fn what_only_earns_less_is_no_failure() {
    let weak = Facts {
        card: Some(lost_card()),
        ..healthy()
    };
    let output = crate::commands::doctor::Output {
        healthy: true,
        checks: examine(&weak),
    };
    assert_eq!(output.exit_code(), 0);
    assert!(output.to_string().contains("WEAK card"));
}

#[test]
fn every_check_is_documented() {
    let page = include_str!("../../../../../docs/mining.md");
    for check in examine(&healthy()) {
        let row = format!("| `{}` |", check.name);
        assert_eq!(page.matches(&row).count(), 1, "{row}");
    }
}

#[test]
fn the_exit_code_is_that_of_the_first_failure() {
    let mut facts = asset(|asset| asset.bond = 0);
    facts.spendable = Some(0);
    let output = crate::commands::doctor::Output {
        healthy: false,
        checks: examine(&facts),
    };
    assert_eq!(output.exit_code(), Code::Balance.number());
    assert_eq!(output.checks.iter().filter_map(Check::failed).count(), 2);
}
