// SPDX-License-Identifier: Apache-2.0
//! `status`: the asset, its rating, its commit, its bond, and why nothing is earned.

use super::{asset, signer};
use crate::{
    amount::Egn,
    chain::{client::Client, metadata, AccountId, Commit, Phase, Rating, Status, View},
    cli::KeyArgs,
    config::{Config, Layer},
    error::{Code, Error},
    keystore, lock,
    shape::Ladder,
    state::{step, Event, Obstacle, Settings, Stage, State},
    stratum::{
        chain::ShareView,
        planner::{self, Planner},
        statistics::with_error,
    },
};
use compute_proof::Class;
use serde::Serialize;
use std::fmt;
use subxt::utils::AccountId32;

/// The name of the kind whose work is hashes.
const HASHRATE: &str = metadata::kind_name(&metadata::AssetKind::Hashrate);

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub key: KeyArgs,
    /// The asset
    #[arg(long, value_name = "N")]
    pub asset: Option<u64>,
}

impl Args {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        self.key.upon(Layer {
            asset: self.asset,
            ..layer
        })
    }
}

/// What `status` prints. Amounts are decimal strings in EGN's smallest unit, work in multiply-accumulates.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// The asset's id.
    pub asset: u64,
    /// Its kind: `gpu` or `hashrate`.
    pub kind: &'static str,
    /// Where it stands in its life.
    pub status: Status,
    /// Who holds its NFT.
    pub owner: String,
    /// Who proves for it.
    pub operator: Option<String>,
    /// What is left of the bond.
    pub bond: String,
    /// What the operator pledged.
    pub bond_pledged: String,
    /// Verified work per second: multiply-accumulates, or hashes.
    pub rate: String,
    /// The rate's standard error; "0" for multiply-accumulates, which are counted.
    pub rate_error: String,
    /// Work paid for.
    pub verified_work: String,
    /// Openings passed and failed.
    pub openings_passed: u32,
    /// Openings that were due and did not come.
    pub openings_failed: u32,
    /// Censuses missed in a row.
    pub missed: u32,
    /// The last census with success.
    pub last_census: u32,
    /// The census that runs, or the last one.
    pub census: u32,
    /// Its phase.
    pub phase: Phase,
    /// The best block.
    pub block: u32,
    /// Where its worker stands, as the chain shows it.
    pub stage: String,
    /// The unsettled commit.
    pub commit: Option<CommitOutput>,
    /// Paid for work since registration.
    pub emitted: String,
    /// Of that, not vested yet.
    pub unvested: String,
    /// Whether a worker for it runs on this machine.
    pub running: bool,
    /// What the last check before a commit found wrong with the device, on this machine.
    pub fault: Option<String>,
    /// Why nothing is earned, or less than could be.
    pub reasons: Vec<String>,
}

/// An unsettled commit.
#[derive(Clone, Debug, Serialize)]
pub struct CommitOutput {
    /// Its census.
    pub census: u32,
    /// Shape, by name.
    pub shape: Option<&'static str>,
    /// Rounds claimed.
    pub rounds: u32,
    /// The block that took it.
    pub block: u32,
    /// Whether it must be opened; null until that is known.
    pub drawn: Option<bool>,
    /// Whether it has been opened.
    pub opened: bool,
}

/// Runs `status`.
///
/// # Errors
/// [`Code`]: chain, asset.
pub async fn run(config: &Config) -> Result<Output, Error> {
    let id = asset(config)?;
    // No key is needed to look; the asset's operator is who should prove then.
    let me = match &config.key {
        Some(_) => Some(keystore::account(&signer(config)?)),
        None => None,
    };
    let client = Client::new(config.urls.clone(), id, me.unwrap_or(AccountId32([0; 32])), None);
    let (view, _) = client.view_and_rules().await?;
    let info = client
        .asset(id)
        .await?
        .ok_or_else(|| Error::new(Code::Asset, format!("there is no asset {id}")))?;
    let running = lock::is_running(&config.data_dir, id)?;
    let fault = lock::fault(&config.data_dir, id);
    Ok(describe(id, &info, &view, me.map(|me| me.0), running, fault))
}

/// Where the asset's worker stands, as the chain shows it.
struct Standing {
    stage: String,
    /// What keeps it out of every census.
    obstacle: Option<String>,
    /// Drawn, and not opened in time.
    missed: bool,
}

/// Of matrix work.
fn rounds(id: u64, prover: AccountId, view: &View) -> Standing {
    let settings = Settings {
        asset: id,
        prover,
        class: Class::S,
        min_rounds: 1,
        max_rounds: 1,
        ladder: Ladder::default(),
    };
    let (state, _) = step(State::new(settings), Event::Block(Box::new(*view)));
    let obstacle = state.standing_obstacle();
    Standing {
        stage: state.stage().to_string(),
        obstacle: obstacle.map(|obstacle| format!("{obstacle}{}", mend(obstacle))),
        missed: state.stage() == Stage::Missed,
    }
}

/// Of hashes.
fn shares(id: u64, prover: AccountId, view: &View) -> Standing {
    let planner = Planner::new(id, prover);
    let view = ShareView {
        chain: *view,
        opened: 0,
    };
    let mend = |obstacle| match obstacle {
        planner::Obstacle::Common(common) => mend(common),
        planner::Obstacle::WrongKind => "",
    };
    Standing {
        stage: planner.stage(&view).to_string(),
        obstacle: planner
            .obstacle(&view)
            .map(|obstacle| format!("{obstacle}{}", mend(obstacle))),
        missed: false,
    }
}

fn mend(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NotOperator => ": the owner nominates, the operator accepts",
        Obstacle::BondShort { .. } => ": computeAssets.bondExtra fills it",
        _ => "",
    }
}

fn describe(
    id: u64,
    info: &metadata::AssetInfo,
    view: &View,
    me: Option<AccountId>,
    running: bool,
    fault: Option<String>,
) -> Output {
    let record = metadata::asset(info);
    let prover = me.or(record.operator).unwrap_or_default();
    let standing = match record.matrix {
        true => rounds(id, prover, view),
        false => shares(id, prover, view),
    };
    let Rating {
        rate,
        rate_error,
        verified_work,
        passed,
        failed,
        last_census,
        missed,
    } = view.rating;
    Output {
        asset: id,
        kind: metadata::kind_name(&info.kind),
        status: record.status,
        owner: info.owner.to_string(),
        operator: info.operator.as_ref().map(ToString::to_string),
        bond: info.bond.to_string(),
        bond_pledged: info.bond_pledged.to_string(),
        rate: rate.to_string(),
        rate_error: rate_error.to_string(),
        verified_work: verified_work.to_string(),
        openings_passed: passed,
        openings_failed: failed,
        missed,
        last_census,
        census: view.census.index,
        phase: view.census.phase,
        block: view.best.number,
        stage: standing.stage.clone(),
        commit: view.commit.as_ref().map(|commit: &Commit| CommitOutput {
            census: commit.census,
            shape: commit.class.map(Class::name),
            rounds: commit.rounds,
            block: commit.committed_at,
            drawn: commit.drawn,
            opened: commit.opened,
        }),
        emitted: info.books.emitted.to_string(),
        unvested: info.unvested.to_string(),
        running,
        reasons: reasons(&standing, view, running, fault.as_deref()),
        fault,
    }
}

/// Why nothing is earned, or less than could be; the most important first.
fn reasons(standing: &Standing, view: &View, running: bool, fault: Option<&str>) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(fault) = fault {
        reasons.push(format!(
            "the device computes wrongly, so its commit was withheld: {fault}"
        ));
    }
    reasons.extend(standing.obstacle.clone());
    if standing.missed {
        reasons.push("the commit was drawn and not opened in time: the bond will be slashed".into());
    }
    if view.rating.failed > 0 && view.rating.passed == 0 {
        reasons.push("the last opening that was due did not come".into());
    }
    if view.census.index == 0 {
        reasons.push("no census has opened on this chain yet".into());
    } else if view.rating == Rating::default() && view.commit.is_none() {
        reasons.push("it has never committed".into());
    }
    if view.rating.missed > 0 {
        reasons.push(format!("censuses missed in a row: {}", view.rating.missed));
    }
    if !running {
        reasons.push("no worker for it runs on this machine".into());
    }
    let unvested = view.asset.map_or(0, |asset| asset.unvested);
    if unvested > 0 {
        reasons.push(format!("{} are earned and vest little by little", Egn(unvested)));
    }
    reasons
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let egn = |text: &str| {
            text.parse()
                .map(|units| Egn(units).to_string())
                .unwrap_or_default()
        };
        let number = |text: &str| text.parse::<f64>().unwrap_or_default();
        writeln!(
            f,
            "asset      {} ({}), {}",
            self.asset,
            self.kind,
            super::doctor::status_name(self.status)
        )?;
        writeln!(f, "owner      {}", self.owner)?;
        writeln!(f, "operator   {}", self.operator.as_deref().unwrap_or("none"))?;
        writeln!(f, "bond       {} of {}", egn(&self.bond), egn(&self.bond_pledged))?;
        match self.kind {
            HASHRATE => writeln!(
                f,
                "rate       {} verified, {} hashes paid for",
                with_error(number(&self.rate), number(&self.rate_error)),
                self.verified_work
            )?,
            _ => {
                writeln!(
                    f,
                    "rate       {:.4} CU/s verified, {:.3} CU paid for",
                    number(&self.rate) / 1e12,
                    number(&self.verified_work) / 1e12
                )?;
                writeln!(
                    f,
                    "openings   {} passed, {} failed",
                    self.openings_passed, self.openings_failed
                )?;
            }
        }
        writeln!(
            f,
            "earned     {}, of which {} vest still",
            egn(&self.emitted),
            egn(&self.unvested)
        )?;
        writeln!(
            f,
            "census     {}: {} (block {})",
            self.census, self.stage, self.block
        )?;
        if let Some(commit) = &self.commit {
            let drawn = match (commit.drawn, commit.opened) {
                (_, true) => "opened",
                (Some(true), false) => "drawn",
                (Some(false), false) => "not drawn",
                (None, false) => "not known yet whether it is drawn",
            };
            let what = match (self.kind, commit.rounds) {
                (HASHRATE, _) => "shares".to_owned(),
                (_, rounds) => format!("{rounds} rounds of {}, {drawn}", commit.shape.unwrap_or("?")),
            };
            writeln!(f, "commit     census {}: {what}", commit.census)?;
        }
        match self.reasons.is_empty() {
            true => f.write_str("It earns."),
            false => write!(f, "Mind:\n  - {}", self.reasons.join("\n  - ")),
        }
    }
}
