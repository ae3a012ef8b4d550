// SPDX-License-Identifier: Apache-2.0
//! One live line for all miners, with a bar for the window, on a terminal.

#[cfg(test)]
mod tests;

use super::{
    planner::{Stage, Task},
    service::Snapshot,
    statistics::hashrate,
};
use crate::chain::Phase;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::time::Duration;
use tokio::sync::watch;

/// Draws until the service ends.
pub async fn draw(bars: MultiProgress, asset: u64, mut watched: watch::Receiver<Snapshot>) {
    let bar = bars.add(ProgressBar::no_length());
    let style = ProgressStyle::with_template("{spinner} {prefix} {wide_msg} {bar:20} {pos:>3}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.set_prefix(format!("asset {asset}"));
    bar.enable_steady_tick(Duration::from_millis(250));
    loop {
        {
            let snapshot = watched.borrow_and_update();
            bar.set_message(line(&snapshot));
            let (done, all) = window(&snapshot);
            bar.set_length(all);
            bar.set_position(done);
        }
        if watched.changed().await.is_err() {
            bar.finish_and_clear();
            return;
        }
    }
}

/// Blocks of the window that have passed, or of the wait for the next, and all of them.
fn window(snapshot: &Snapshot) -> (u64, u64) {
    let Some(view) = &snapshot.view else {
        return (0, 1);
    };
    let census = &view.chain.census;
    let (from, to) = match census.phase {
        Phase::Work => (census.opened_at, census.closes_at),
        _ => (census.closes_at, census.not_before),
    };
    let all = to.saturating_sub(from).max(1);
    let done = view
        .chain
        .best
        .number
        .saturating_add(1)
        .saturating_sub(from)
        .min(all);
    (done.into(), all.into())
}

/// The line.
pub fn line(snapshot: &Snapshot) -> String {
    let mut parts = Vec::new();
    match &snapshot.view {
        None => parts.push("reaching the chain".to_owned()),
        Some(_) if !snapshot.connected => parts.push("out of reach, trying again".to_owned()),
        Some(view) => parts.push(format!("census {}", view.chain.census.index)),
    }
    parts.push(match (snapshot.stage, snapshot.source) {
        (Stage::Collecting, _) => format!("{} shares", snapshot.best.0),
        (_, "upstream") => "mining for the pool".into(),
        (stage, _) => stage.to_string(),
    });
    parts.extend(snapshot.obstacle.clone());
    let connections = snapshot.connections;
    parts.push(format!(
        "{connections} connection{}",
        if connections == 1 { "" } else { "s" }
    ));
    parts.push(hashrate(snapshot.report.hashes_per_second));
    if let Some((task, outcome)) = &snapshot.last {
        let name = match task {
            Task::Submit { .. } => "submission",
            Task::Settle { .. } => "settlement",
        };
        parts.push(format!("{name} {}", outcome.name()));
    }
    parts.join(" · ")
}
