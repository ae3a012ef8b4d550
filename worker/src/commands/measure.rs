// SPDX-License-Identifier: Apache-2.0
//! `measure`: how fast one route of a card is. Not for people: the other commands ask it in a process of its own, so that a route which spoils
//! or blocks the card for its process keeps none of the others from being tried.

use crate::prover::{
    cuda::{self, Measured, Route},
    ProverError,
};
use serde::Serialize;
use std::fmt;

/// Arguments of `measure`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The route
    #[arg(long, value_name = "NAME")]
    pub backend: Route,
    /// Number of the card, as `devices` counts
    #[arg(long, value_name = "N")]
    pub card: usize,
}

/// What `measure` prints.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct Output(pub Measured);

/// Runs `measure`.
///
/// # Errors
/// [`ProverError`].
pub fn run(args: &Args) -> Result<Output, ProverError> {
    cuda::measure(&cuda::here(), args.card, args.backend).map(Output)
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} CU/s", self.0.macs_per_second as f64 / 1e12)
    }
}
