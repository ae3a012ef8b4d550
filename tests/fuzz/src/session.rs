// SPDX-License-Identifier: Apache-2.0
//! Many worlds in a row, from a seed.

use crate::{
    entropy::STEP_LEN,
    report::{Report, Stats, Violation},
    shrink::{shorten, shrink},
    world::{Broken, Options},
};
use anyhow::{Context, Result};
use rand_chacha::{
    rand_core::{RngCore, SeedableRng},
    ChaCha8Rng,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Steps from one genesis to the next: a young world is small, so it is fast.
pub const WORLD_STEPS: usize = 1_500;

/// How long the shortest sequence is sought.
const PATIENCE: Duration = Duration::from_secs(120);

/// When to stop. Without a limit: never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limit {
    pub seconds: Option<u64>,
    pub steps: Option<u64>,
}

/// The bytes of a world, by seed and number.
pub fn bytes_of_world(seed: u64, world: u64, steps: usize) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(world);
    let mut bytes = vec![0; steps * STEP_LEN];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// What the worlds of a run share.
struct Progress<T> {
    /// The next world.
    world: u64,
    /// Steps that worlds were begun for.
    begun: u64,
    stats: Stats,
    violations: Vec<Violation>,
    tell: T,
}

/// How a run goes.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    /// The number of the first world: that of one that broke.
    pub first_world: u64,
    pub limit: Limit,
    pub options: Options,
    pub most_violations: usize,
    /// Worlds at a time. What a world does is the same whatever this is: its number gives its bytes.
    pub jobs: usize,
}

/// Runs worlds until the limit, or until so many violations were found. `tell` hears of the progress after each world.
pub fn fuzz(plan: Plan, tell: impl FnMut(&Stats, Duration) + Send) -> Report {
    let began = Instant::now();
    let progress = Mutex::new(Progress {
        world: plan.first_world,
        begun: 0,
        stats: Stats::default(),
        violations: Vec::new(),
        tell,
    });
    std::thread::scope(|scope| {
        for _ in 1..plan.jobs {
            scope.spawn(|| work(plan, began, &progress));
        }
        work(plan, began, &progress);
    });
    let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (stats, mut violations) = (progress.stats, progress.violations);
    violations.sort_by_key(|violation| violation.world);
    Report {
        seed: plan.seed,
        seconds: began.elapsed().as_secs(),
        steps: stats.steps,
        worlds: stats.worlds,
        blocks: stats.blocks,
        accepted_percent: stats.accepted_percent(),
        calls: stats.calls,
        refusals: stats.refusals,
        violations,
    }
}

/// Takes one world after the other, until there is none to begin.
fn work(plan: Plan, began: Instant, progress: &Mutex<Progress<impl FnMut(&Stats, Duration)>>) {
    let lock = || progress.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let (world, steps) = {
            let mut progress = lock();
            let left = plan
                .limit
                .steps
                .map_or(u64::MAX, |most| most.saturating_sub(progress.begun));
            let late = plan
                .limit
                .seconds
                .is_some_and(|most| began.elapsed() >= Duration::from_secs(most));
            if left == 0 || late || progress.violations.len() >= plan.most_violations {
                return;
            }
            let steps = usize::try_from(left).map_or(WORLD_STEPS, |left| left.min(WORLD_STEPS));
            progress.begun += steps as u64;
            progress.world += 1;
            (progress.world - 1, steps)
        };
        let data = bytes_of_world(plan.seed, world, steps);
        let outcomes = crate::run(&data, plan.options);
        let violation = outcomes
            .broken
            .map(|broken| explain(plan.seed, world, &data, &broken, plan.options));
        let mut progress = lock();
        progress.stats.add(&outcomes.stats);
        progress.violations.extend(violation);
        let Progress { stats, tell, .. } = &mut *progress;
        tell(stats, began.elapsed());
    }
}

fn explain(seed: u64, world: u64, data: &[u8], broken: &Broken, options: Options) -> Violation {
    // Said at once, for the search takes its time.
    eprintln!("world {world} broke at step {}: {}", broken.step, broken.what);
    let bytes = shrink(data, broken, options, PATIENCE);
    let traced = crate::run(
        &bytes,
        Options {
            trace: true,
            ..options
        },
    );
    Violation {
        seed,
        world,
        step: broken.step,
        what: traced
            .broken
            .map_or_else(|| broken.what.clone(), |shortest| shortest.what),
        bytes: print(&bytes),
        sequence: traced.trace,
    }
}

/// For each wanted call, the shortest sequence found in which it is accepted.
///
/// Answers the calls that never were.
pub fn distill(
    mut wanted: Vec<String>,
    seed: u64,
    worlds: u64,
    patience: Duration,
    mut tell: impl FnMut(&str, &[u8]),
) -> Vec<String> {
    let options = Options {
        unwind: false,
        compare_every: u64::MAX,
        check_all_every: u64::MAX,
        trace: false,
    };
    let accepted_at = |data: &[u8]| crate::run(data, options).stats.first_accepted;
    // Where it is accepted soonest, there is least to drop.
    let mut soonest = BTreeMap::<String, (usize, u64)>::new();
    for world in 0..worlds {
        for (name, steps) in accepted_at(&bytes_of_world(seed, world, WORLD_STEPS)) {
            let found = (usize::try_from(steps).unwrap_or(WORLD_STEPS), world);
            let best = soonest.entry(name).or_insert(found);
            *best = found.min(*best);
        }
    }
    wanted.retain(|name| {
        let Some((steps, world)) = soonest.get(name) else {
            return true;
        };
        let needed = bytes_of_world(seed, *world, *steps);
        let shortest = shorten(&needed, patience, |data| {
            let steps = accepted_at(data).get(name).copied()?;
            usize::try_from(steps).ok()
        });
        tell(name, &shortest);
        false
    });
    wanted
}

/// A file of the corpus: a step a line, in hex; `#` begins a comment.
pub fn print(data: &[u8]) -> String {
    data.chunks(STEP_LEN)
        .map(|step| hex::encode(step) + "\n")
        .collect()
}

/// Reads what [`print`] wrote.
pub fn parse(text: &str) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let mut step = hex::decode(line).with_context(|| format!("line {}", index + 1))?;
        step.resize(STEP_LEN, 0);
        data.extend(step);
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corpus_file_reads_as_it_was_written() {
        let data = bytes_of_world(1, 2, 3);
        assert_eq!(data.len(), 3 * STEP_LEN);
        assert_eq!(parse(&print(&data)).unwrap(), data);
        assert_eq!(parse("# nothing\n\n01 # a step\n").unwrap().len(), STEP_LEN);
        assert!(parse("xyz").is_err());
        assert_ne!(bytes_of_world(1, 2, 3), bytes_of_world(1, 3, 3));
    }
}
