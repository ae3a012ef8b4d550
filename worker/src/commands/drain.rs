// SPDX-License-Identifier: Apache-2.0
//! `drain`: lets the worker finish what it has begun, and then stop.

use super::asset;
use crate::{
    config::{Config, Layer},
    error::{Code, Error},
    lock,
};
use serde::Serialize;
use std::{fmt, time::Duration};

/// Arguments of `drain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The asset whose worker is to drain
    #[arg(long, value_name = "N")]
    pub asset: Option<u64>,
    /// Do not wait until the worker has ended
    #[arg(long)]
    pub no_wait: bool,
    /// Say whether a worker would be drained, and ask nothing of it
    #[arg(long)]
    pub dry_run: bool,
}

impl Args {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        Layer {
            asset: self.asset,
            ..layer
        }
    }
}

/// What `drain` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// The asset.
    pub asset: u64,
    /// Whether its worker has ended.
    pub ended: bool,
    /// Nothing was asked.
    pub dry_run: bool,
}

/// Runs `drain`.
///
/// # Errors
/// [`Code::Running`], if no worker runs.
pub async fn run(args: &Args, config: &Config) -> Result<Output, Error> {
    let asset = asset(config)?;
    if !lock::is_running(&config.data_dir, asset)? {
        return Err(Error::new(
            Code::Running,
            format!("no worker for asset {asset} runs on this data folder"),
        ));
    }
    let mut output = Output {
        asset,
        ended: false,
        dry_run: args.dry_run,
    };
    if args.dry_run {
        return Ok(output);
    }
    lock::ask_to_drain(&config.data_dir, asset)?;
    if args.no_wait {
        return Ok(output);
    }
    while lock::is_running(&config.data_dir, asset)? {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    output.ended = true;
    Ok(output)
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.dry_run, self.ended) {
            (true, _) => write!(f, "the worker for asset {} runs and would be drained", self.asset),
            (false, true) => write!(f, "the worker for asset {} has finished and ended", self.asset),
            (false, false) => write!(f, "the worker for asset {} is asked to finish", self.asset),
        }
    }
}
