// SPDX-License-Identifier: Apache-2.0
//! The checks: pure, from facts to findings.

use crate::{
    amount::Egn,
    chain::{inspect::Vitals, AccountId, ChainError, Rules, Status, View},
    error::Code,
};
use serde::Serialize;

/// A chain whose best block is older than this stands still, or the clock is wrong.
const STALE_MS: u64 = 60_000;
/// A best block so far ahead of the clock says that the clock is slow.
const AHEAD_MS: u64 = 10_000;
/// Blocks by which finality may lag before it is worth a word.
const LAG: u32 = 50;

/// What is known. `None`: it could not be asked.
#[derive(Clone, Debug)]
pub struct Facts {
    /// This machine's clock, in milliseconds since 1970.
    pub now_ms: u64,
    /// The backend, or why there is none.
    pub device: Option<Result<String, String>>,
    /// Cards of NVIDIA's on the bus.
    pub cards: usize,
    /// Their driver, and the cards that it knows; or why there is none.
    pub driver: Option<Result<String, String>>,
    /// The compiler for kernels, or where it was looked for.
    pub nvrtc: Option<Result<String, String>>,
    /// What the last check before a commit found wrong.
    pub fault: Option<String>,
    /// Bytes that may still be written to the data folder, or why none may.
    pub disk: Option<Result<u64, String>>,
    /// Files and connections that a process may have open.
    pub files: Option<u64>,
    /// Connections of miners that may come.
    pub connections: usize,
    /// The card, or what is wrong with it and what mends it.
    pub card: Option<Result<String, (String, String)>>,
    /// The endpoint that answered.
    pub url: Option<String>,
    /// Whether the chain is one that this worker knows.
    pub compatible: Option<Result<u32, ChainError>>,
    /// The chain's vital signs.
    pub vitals: Option<Vitals>,
    /// The account, or what is wrong with the key.
    pub account: Result<String, String>,
    /// Its public key.
    pub me: Option<AccountId>,
    /// What the account can pay with.
    pub spendable: Option<u128>,
    /// What the dearest call costs up front.
    pub fee: Option<u128>,
    /// The asset asked about.
    pub asset_id: Option<u64>,
    /// Whether a worker for it runs on this machine.
    pub running: Option<bool>,
    /// The chain's view of it.
    pub view: Option<View>,
    /// What counts on the chain.
    pub rules: Option<Rules>,
    /// The shape that fits, or why none does.
    pub shape: Option<Result<String, String>>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            now_ms: 0,
            device: None,
            cards: 0,
            driver: None,
            nvrtc: None,
            fault: None,
            disk: None,
            files: None,
            connections: 0,
            card: None,
            url: None,
            compatible: None,
            vitals: None,
            account: Err("not read".into()),
            me: None,
            spendable: None,
            fee: None,
            asset_id: None,
            running: None,
            view: None,
            rules: None,
            shape: None,
        }
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It stands in the way of earning.
    Bad,
    /// It does not, but less may be earned than could be.
    Weak,
    /// It could not be checked, because something before it failed.
    Unknown,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub finding: String,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// The exit code that goes with it, if it is bad.
    pub code: Code,
}

/// Checks whose failure does not keep a worker from earning: it computes on the processor, or serves fewer miners.
const WEAK: [&str; 4] = ["driver", "nvrtc", "card", "files"];

/// Bytes below which the disk is full: the roots of a census are 2 MiB at most, and a few censuses are kept.
const LEAST_DISK: u64 = 64 << 20;

/// Files and connections that a worker has open besides those of miners.
const FILES: u64 = 64;

/// The check's ending, before it has a name.
type Finding = Result<String, Option<(String, String)>>;

fn bad(finding: impl Into<String>, mend: impl Into<String>) -> Finding {
    Err(Some((finding.into(), mend.into())))
}

/// All checks, in the order in which they matter.
pub fn examine(facts: &Facts) -> Vec<Check> {
    let checks: [(&'static str, Code, Finding); 17] = [
        ("device", Code::Device, device(facts)),
        ("driver", Code::Device, driver(facts)),
        ("nvrtc", Code::Device, nvrtc(facts)),
        ("check", Code::Device, check(facts)),
        ("disk", Code::Disk, disk(facts)),
        ("files", Code::Config, files(facts)),
        ("card", Code::Device, card(facts)),
        ("node", Code::Unreachable, node(facts)),
        ("chain", Code::Incompatible, chain(facts)),
        ("clock", Code::Clock, clock(facts)),
        ("key", Code::Key, key(facts)),
        ("balance", Code::Balance, balance(facts)),
        ("asset", Code::Asset, asset(facts)),
        ("operator", Code::Operator, operator(facts)),
        ("bond", Code::Bond, bond(facts)),
        ("shape", Code::Shape, shape(facts)),
        ("worker", Code::Running, worker(facts)),
    ];
    checks
        .into_iter()
        .map(|(name, code, finding)| {
            let (verdict, finding, mend) = match finding {
                Ok(finding) => (Verdict::Good, finding, None),
                Err(Some((finding, mend))) if WEAK.contains(&name) => (Verdict::Weak, finding, Some(mend)),
                Err(Some((finding, mend))) => (Verdict::Bad, finding, Some(mend)),
                Err(None) => (Verdict::Unknown, "not checked".to_owned(), None),
            };
            Check {
                name,
                verdict,
                finding,
                mend,
                code,
            }
        })
        .collect()
}

fn device(facts: &Facts) -> Finding {
    match facts.device.as_ref().ok_or(None)? {
        Ok(name) => Ok(name.clone()),
        Err(error) => bad(
            error,
            "See `devices`. A machine that fails the known answers has a fault.",
        ),
    }
}

fn card(facts: &Facts) -> Finding {
    match facts.card.as_ref() {
        None => Ok("none is wished for".into()),
        Some(Ok(card)) => Ok(card.clone()),
        Some(Err((what, mend))) => bad(what.as_str(), mend.as_str()),
    }
}

fn driver(facts: &Facts) -> Finding {
    match (facts.cards, facts.driver.as_ref().ok_or(None)?) {
        (_, Ok(driver)) => Ok(driver.clone()),
        (0, Err(_)) => Ok("no NVIDIA card, so none is needed".into()),
        (cards, Err(error)) => bad(
            format!("{cards} NVIDIA card(s), but no driver: {error}"),
            "Install the driver, 570 or later, and see that nvidia-smi shows the card; in a container, run it with --gpus all.",
        ),
    }
}

fn nvrtc(facts: &Facts) -> Finding {
    match (facts.cards, facts.nvrtc.as_ref().ok_or(None)?) {
        (_, Ok(library)) => Ok(library.clone()),
        (0, Err(_)) => Ok("no NVIDIA card, so it is not needed".into()),
        (_, Err(error)) => bad(
            error,
            "Install CUDA's nvrtc 12 (Debian and Ubuntu of NVIDIA's repository: cuda-nvrtc-12-8), or name its folder in LD_LIBRARY_PATH.",
        ),
    }
}

fn check(facts: &Facts) -> Finding {
    match &facts.fault {
        None => Ok("no commit is withheld".into()),
        Some(fault) => bad(
            format!("the last commit was withheld: {fault}"),
            "Lower the device's clock, power limit or temperature, and see that `bench` prints the checksum of the documentation. Memory errors: replace it.",
        ),
    }
}

fn disk(facts: &Facts) -> Finding {
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

fn files(facts: &Facts) -> Finding {
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

fn node(facts: &Facts) -> Finding {
    match (facts.compatible.as_ref().ok_or(None)?, &facts.url) {
        (Err(ChainError::Unreachable(reason)), _) => {
            bad(reason, "Start the node, or say its address: --url ws://HOST:9944")
        }
        (_, Some(url)) => Ok(url.clone()),
        (_, None) => Err(None),
    }
}

fn chain(facts: &Facts) -> Finding {
    match facts.compatible.as_ref().ok_or(None)? {
        Ok(version) => Ok(format!("Ergon, runtime {version}")),
        Err(ChainError::Incompatible(reason)) => bad(
            format!("not a chain that this worker knows: {reason}"),
            "Use the worker that was released with the chain's runtime.",
        ),
        Err(ChainError::Unreachable(_)) => Err(None),
    }
}

fn clock(facts: &Facts) -> Finding {
    let vitals = facts.vitals.as_ref().ok_or(None)?;
    let old = facts.now_ms.saturating_sub(vitals.time_ms);
    let ahead = vitals.time_ms.saturating_sub(facts.now_ms);
    if ahead > AHEAD_MS {
        return bad(
            format!("this machine is {} s behind the chain", ahead / 1000),
            "Set the clock, by NTP.",
        );
    }
    if old > STALE_MS {
        return bad(
            format!(
                "block {} is {} s old: the chain stands still, or this clock is ahead",
                vitals.best,
                old / 1000
            ),
            "Is the node synchronising? Then wait. Else set the clock, by NTP.",
        );
    }
    let lag = vitals.best.saturating_sub(vitals.finalized);
    match lag > LAG {
        true => Ok(format!(
            "block {}, but only {} is final: openings wait longer",
            vitals.best, vitals.finalized
        )),
        false => Ok(format!("block {}, {} s ago", vitals.best, old / 1000)),
    }
}

fn key(facts: &Facts) -> Finding {
    match &facts.account {
        Ok(account) => Ok(account.clone()),
        Err(error) => bad(
            error,
            "Make one: ergon-worker keys generate FILE; then say --key FILE.",
        ),
    }
}

fn balance(facts: &Facts) -> Finding {
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

fn asset(facts: &Facts) -> Finding {
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

fn operator(facts: &Facts) -> Finding {
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

fn bond(facts: &Facts) -> Finding {
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

fn shape(facts: &Facts) -> Finding {
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
fn worker(facts: &Facts) -> Finding {
    match facts.running.ok_or(None)? {
        true => Ok("runs on this machine".into()),
        false => Ok("does not run on this machine's data folder: ergon-worker run".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::{Asset, BlockId, Census, Phase, Rating};

    fn healthy() -> Facts {
        Facts {
            now_ms: 1_000_000_000,
            device: Some(Ok("cpu-avx2 on 2 threads".into())),
            cards: 1,
            driver: Some(Ok("570".into())),
            nvrtc: Some(Ok("libnvrtc.so.12".into())),
            fault: None,
            disk: Some(Ok(LEAST_DISK)),
            files: Some(8_192),
            connections: 4_096,
            card: Some(Ok("none".into())),
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
                    card: Some(Err(("no NVRTC".into(), "Install it.".into()))),
                    ..healthy()
                },
            ),
            (
                "driver",
                Facts {
                    driver: Some(Err("x".into())),
                    ..healthy()
                },
            ),
            (
                "nvrtc",
                Facts {
                    nvrtc: Some(Err("x".into())),
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
    fn a_machine_without_a_card_needs_neither_driver_nor_compiler() {
        let processor = Facts {
            cards: 0,
            driver: Some(Err("none".into())),
            nvrtc: Some(Err("none".into())),
            ..healthy()
        };
        assert!(failed(&processor).is_empty());
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
            driver: Some(Err("x".into())),
            ..healthy()
        };
        let output = super::super::Output {
            healthy: true,
            checks: examine(&weak),
        };
        assert_eq!(output.exit_code(), 0);
        assert!(output.to_string().contains("WEAK driver"));
    }

    #[test]
    fn every_check_is_documented() {
        let page = include_str!("../../../../docs/mining.md");
        for check in examine(&healthy()) {
            let row = format!("| `{}` |", check.name);
            assert_eq!(page.matches(&row).count(), 1, "{row}");
        }
    }

    #[test]
    fn the_exit_code_is_that_of_the_first_failure() {
        let mut facts = asset(|asset| asset.bond = 0);
        facts.spendable = Some(0);
        let output = super::super::Output {
            healthy: false,
            checks: examine(&facts),
        };
        assert_eq!(output.exit_code(), Code::Balance.number());
        assert_eq!(output.checks.iter().filter_map(Check::failed).count(), 2);
    }
}
