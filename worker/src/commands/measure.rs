// SPDX-License-Identifier: Apache-2.0
//! `measure`: how fast one route of a card is. Not for people: the other commands ask it in a process of its own, so that a route which spoils
//! or blocks the card for its process keeps none of the others from being tried.

use crate::prover::cuda::{Answer, Route};

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

/// Runs `measure`.
pub fn run(args: &Args) -> Answer {
    Answer::of(args.card, args.backend)
}
