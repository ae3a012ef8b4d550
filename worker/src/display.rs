// SPDX-License-Identifier: Apache-2.0
//! One live line for the device, with a bar for the census, on a terminal.

#[cfg(test)]
mod tests;

use crate::{
    amount::{rate, Egn},
    care::Pace,
    chain::Phase,
    service::Snapshot,
    state::Stage,
    telemetry::sensors::{Throttle, Watched},
};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::time::Duration;
use tokio::sync::watch;

/// Draws until the service ends.
pub async fn draw(
    bars: MultiProgress,
    asset: u64,
    backend: &str,
    mut watched: watch::Receiver<Snapshot>,
    card: watch::Receiver<Watched>,
) {
    let bar = bars.add(ProgressBar::no_length());
    let style = ProgressStyle::with_template("{spinner} {prefix} {wide_msg} {bar:20} {pos:>3}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.set_prefix(format!("asset {asset} on {backend}"));
    bar.enable_steady_tick(Duration::from_millis(250));
    let mut earned_before = None;
    loop {
        {
            let snapshot = watched.borrow_and_update();
            if let Some(view) = snapshot.state.view() {
                let emitted = view.asset.map_or(0, |asset| asset.emitted);
                let before = *earned_before.get_or_insert(emitted);
                bar.set_message(line(&snapshot, &card.borrow(), emitted.saturating_sub(before)));
                let (done, all) = window(&snapshot);
                bar.set_length(all);
                bar.set_position(done);
            } else {
                bar.set_message("reaching the chain");
            }
        }
        if watched.changed().await.is_err() {
            bar.finish_and_clear();
            return;
        }
    }
}

/// Blocks of the present phase that have passed, and all of them.
fn window(snapshot: &Snapshot) -> (u64, u64) {
    let Some(view) = snapshot.state.view() else {
        return (0, 1);
    };
    let census = &view.census;
    let (from, to) = match census.phase {
        Phase::Work => (census.opened_at, census.closes_at),
        Phase::Seed => (census.closes_at, census.opens_at),
        Phase::Open => (census.opens_at, census.open_until.saturating_add(1)),
        _ => (census.open_until.saturating_add(1), census.not_before),
    };
    let all = to.saturating_sub(from).max(1);
    let done = view.best.number.saturating_add(1).saturating_sub(from).min(all);
    (done.into(), all.into())
}

/// What the card says of itself.
fn card(pace: Pace, watched: &Watched) -> Vec<String> {
    let mut parts = Vec::new();
    match (&watched.card, watched.reading) {
        (None, _) => {}
        (Some(_), None) => parts.push("the card's sensors do not answer".into()),
        (Some(_), Some(reading)) => {
            parts.extend(reading.temperature.map(|degrees| format!("{degrees} °C")));
            parts.extend(
                reading
                    .power
                    .map(|milliwatts| format!("{} W", milliwatts / 1_000)),
            );
            for (name, reason) in [
                ("too hot", Throttle::THERMAL),
                ("short of power", Throttle::BRAKE),
            ] {
                if reading.throttle.has(reason) {
                    parts.push(format!("slowed down: {name}"));
                }
            }
        }
    }
    match pace {
        Pace::FULL => {}
        Pace::REST => parts.push("rests to cool down".into()),
        pace => parts.push(format!("spared: aims at {pace} of the rounds")),
    }
    parts
}

/// The device's line.
pub fn line(snapshot: &Snapshot, watched: &Watched, earned: u128) -> String {
    let state = &snapshot.state;
    let mut parts = Vec::new();
    if !snapshot.connected {
        parts.push("out of reach, trying again".to_owned());
    }
    if let Some(view) = state.view() {
        parts.push(format!("census {}", view.census.index));
    }
    parts.push(state.stage().to_string());
    if snapshot.progress.busy {
        let speed = snapshot.progress.last_round.zip(state.target());
        let speed = speed.map(|(round, (work, _))| format!(" at {:.3} CU/s", rate(work.class, round)));
        parts.push(format!("{} rounds{}", state.rounds(), speed.unwrap_or_default()));
    }
    if let (Some(commit), Stage::Working | Stage::Committed) = (state.commit(), state.stage()) {
        parts.push(format!("committed {}", commit.rounds));
    }
    if let Some((task, outcome)) = &snapshot.last {
        parts.push(format!("{} {}", task.name(), outcome.name()));
    }
    if let Some(withheld) = &snapshot.withheld {
        parts.push(format!("COMMIT WITHHELD, {withheld}"));
    }
    parts.extend(card(state.pace(), watched));
    if earned > 0 {
        parts.push(format!("earned {}", Egn(earned)));
    }
    parts.join(" · ")
}
