// SPDX-License-Identifier: Apache-2.0
//! `doctor`: checks all that a worker needs to earn, and says what mends what is missing.

mod checks;
mod machine;

pub use checks::{examine, status_name, Check, Facts, Verdict};

use super::signer;
use crate::{
    chain::{client::Client, ChainError},
    cli::{KeyArgs, ProverArgs},
    commands::run::choose,
    config::{Config, Layer, Shape},
    error::{Code, Error},
    keystore, lock,
    prover::{
        choice::{choose as choose_prover, Backend, Wish},
        cuda::{self, Cuda, CudaError, Platform},
        ProverError,
    },
    telemetry::nvml::Nvml,
};
use serde::Serialize;
use std::{
    fmt,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub key: KeyArgs,
    /// The asset to prove
    #[arg(long, value_name = "N")]
    pub asset: Option<u64>,
    /// Class of work: auto, xs, s, m, l or xl [default: auto]
    #[arg(long)]
    pub shape: Option<Shape>,
    #[command(flatten)]
    pub prover: ProverArgs,
}

impl Args {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        self.key.upon(self.prover.upon(Layer {
            asset: self.asset,
            shape: self.shape,
            ..layer
        }))
    }
}

/// What `doctor` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// Whether nothing stands in the way.
    pub healthy: bool,
    /// The checks, in the order in which they matter.
    pub checks: Vec<Check>,
}

impl Output {
    /// The exit code of the first check that failed; 0 if none did.
    pub fn exit_code(&self) -> u8 {
        self.checks
            .iter()
            .find(|check| check.verdict == Verdict::Bad)
            .map_or(0, |check| check.code.number())
    }
}

/// Runs `doctor`. What is found wrong is its output, not an error.
///
/// # Errors
/// None of its own.
pub async fn run(config: &Config) -> Result<Output, Error> {
    let checks = examine(&gather(config).await);
    Ok(Output {
        healthy: checks.iter().all(|check| check.verdict != Verdict::Bad),
        checks,
    })
}

/// Asks the machine and the chain for all there is to know, as far as they answer.
async fn gather(config: &Config) -> Facts {
    let signer = signer(config);
    let account = signer.as_ref().ok().map(keystore::account);
    let mut facts = Facts {
        now_ms: now_ms(),
        account: signer
            .as_ref()
            .map(|key| keystore::account(key).to_string())
            .map_err(describe),
        me: account.map(|account| account.0),
        asset_id: config.asset,
        running: config
            .asset
            .and_then(|asset| lock::is_running(&config.data_dir, asset).ok()),
        cards: machine::cards(Path::new("/sys/bus/pci/devices")),
        driver: Some(machine::driver(Nvml::load())),
        nvrtc: Some(machine::nvrtc()),
        fault: config
            .asset
            .and_then(|asset| lock::fault(&config.data_dir, asset)),
        disk: Some(machine::disk(&config.data_dir)),
        files: machine::files(),
        connections: config.stratum.room.connections,
        ..Facts::default()
    };
    let platform = cuda::here();
    let mut prover = match choose_prover(&platform, &config.prover) {
        Ok(prover) => {
            facts.device = Some(Ok(prover.describe()));
            Some(prover)
        }
        Err(error) => {
            facts.device = Some(Err(error.to_string()));
            None
        }
    };
    let works = prover.as_ref().map(|prover| prover.name());
    facts.card = card(&platform, &config.prover, works);
    // Without a key the chain can still be asked; any account will do then.
    let prover_account = account.unwrap_or(subxt::utils::AccountId32([0; 32]));
    let client = Client::new(
        config.urls.clone(),
        config.asset.unwrap_or_default(),
        prover_account,
        signer.ok(),
    );
    facts.compatible = Some(client.check_compatible().await);
    facts.url = client.url().await.ok();
    facts.vitals = client.vitals().await.ok();
    if matches!(facts.compatible, Some(Err(ChainError::Unreachable(_)))) {
        return facts;
    }
    if let Ok((view, rules)) = client.view_and_rules().await {
        facts.view = Some(view);
        if let Some(prover) = &mut prover {
            facts.shape = Some(
                choose(&mut **prover, &rules, config.shape)
                    .map(|choice| format!("{}: about {} rounds a census", choice.class, choice.rounds))
                    .map_err(|error| error.message),
            );
        }
        facts.rules = Some(rules);
    }
    if account.is_some() {
        facts.spendable = client
            .balance(&prover_account)
            .await
            .ok()
            .map(|balance| balance.spendable());
        facts.fee = client.fee_up_front().await.ok();
    }
    facts
}

/// The card that is or would be computed with, or why none is; `None` where none is wished for.
fn card(
    platform: &Arc<dyn Platform>,
    wish: &Wish,
    works: Option<&'static str>,
) -> Option<Result<String, (String, String)>> {
    if matches!(wish.backend, Some(Backend::Cpu | Backend::Path(_))) {
        return None;
    }
    let index = wish.card.unwrap_or_default();
    let cuda = |error: CudaError| (error.to_string(), error.mend().to_owned());
    let names = match platform.cards() {
        Ok(cards) => cards.into_iter().map(|card| card.name).nth(index),
        Err(error) if error.is_absence() && wish.backend.is_none() && wish.card.is_none() => {
            return Some(Ok(format!("none: {error}")));
        }
        Err(error) => return Some(Err(cuda(error))),
    };
    let name = names.unwrap_or_default();
    if works.is_some_and(|works| works.starts_with("cuda-")) {
        return Some(Ok(name));
    }
    // Why the processor computes instead, or nothing does.
    let failure = match wish.backend {
        Some(Backend::Route(route)) => Cuda::new(platform, index, route),
        _ => Cuda::fastest(platform, index),
    };
    Some(match failure {
        Ok(_) => Ok(name),
        Err(ProverError::Cuda(error)) => Err(cuda(error)),
        Err(error) => Err((
            error.to_string(),
            "Lower its clock or its temperature; the card computes wrongly.".to_owned(),
        )),
    })
}

fn describe(error: &Error) -> String {
    error.message.clone()
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let mark = match check.verdict {
                Verdict::Good => "ok  ",
                Verdict::Bad => "BAD ",
                Verdict::Weak => "WEAK",
                Verdict::Unknown => "?   ",
            };
            writeln!(f, "{mark} {:<9} {}", check.name, check.finding)?;
            if let Some(mend) = &check.mend {
                writeln!(f, "               → {mend}")?;
            }
        }
        match self.healthy {
            true => f.write_str("Nothing stands in the way of earning."),
            false => write!(
                f,
                "Something stands in the way of earning (exit code {}).",
                self.exit_code()
            ),
        }
    }
}

impl Check {
    /// A check's exit code, where it failed.
    pub fn failed(&self) -> Option<Code> {
        (self.verdict == Verdict::Bad).then_some(self.code)
    }
}
