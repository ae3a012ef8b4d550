// SPDX-License-Identifier: Apache-2.0
//! What each miner delivered, by the name under which it works.

#[cfg(test)]
mod tests;

use super::difficulty::Difficulty;
use serde::Serialize;
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    time::Duration,
};

/// Names that are told apart. What comes under more names than that is counted under [`OTHERS`] until one of them has been silent for
/// [`FORGOTTEN`]: memory is bounded.
pub const MAX_MINERS: usize = 1_024;

/// See [`MAX_MINERS`].
pub const OTHERS: &str = "(others)";

/// Who has brought no share for so long makes room for another.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// So often they are looked for, however many strangers come.
const SWEEP: Duration = Duration::from_secs(60);

/// Seconds of a bucket.
const BUCKET: u64 = 30;

/// Buckets that a rate is taken from: ten minutes.
const BUCKETS: u64 = 20;

/// What became of a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts, at this difficulty.
    Accepted(Difficulty),
    /// Its job is over.
    Stale,
    /// It was there before.
    Duplicate,
    /// Its hash is above the target.
    Low,
    /// It is no share of any job that this miner was given.
    Invalid,
}

/// Shares of half a minute.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    number: u64,
    /// Sum of the difficulties, in hashes.
    hashes: u128,
    /// Sum of their squares.
    squares: f64,
}

#[derive(Clone, Debug)]
struct Miner {
    since: Duration,
    accepted: u64,
    stale: u64,
    duplicate: u64,
    low: u64,
    invalid: u64,
    hashes: u128,
    last: Option<Duration>,
    buckets: VecDeque<Bucket>,
}

/// All miners. Time is that since the server began.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    miners: BTreeMap<String, Miner>,
    /// When those that are gone were looked for last.
    swept: Duration,
}

impl Statistics {
    /// Takes note that a miner is there: its rate counts from now, if it is new.
    pub fn seen(&mut self, name: &str, now: Duration) {
        self.miner(name, now);
    }

    /// Counts a share.
    pub fn count(&mut self, name: &str, verdict: Verdict, now: Duration) {
        let miner = self.miner(name, now);
        let counter = match verdict {
            Verdict::Accepted(difficulty) => {
                miner.credit(difficulty, now);
                &mut miner.accepted
            }
            Verdict::Stale => &mut miner.stale,
            Verdict::Duplicate => &mut miner.duplicate,
            Verdict::Low => &mut miner.low,
            Verdict::Invalid => &mut miner.invalid,
        };
        *counter = counter.saturating_add(1);
    }

    fn miner(&mut self, name: &str, now: Duration) -> &mut Miner {
        let full = self.miners.len() >= MAX_MINERS && !self.miners.contains_key(name);
        if full && now.saturating_sub(self.swept) >= SWEEP {
            self.swept = now;
            self.miners
                .retain(|name, miner| name == OTHERS || now.saturating_sub(miner.heard()) < FORGOTTEN);
        }
        let known = self.miners.contains_key(name) || self.miners.len() < MAX_MINERS;
        let name = if known { name } else { OTHERS };
        self.miners
            .entry(name.to_owned())
            .or_insert_with(|| Miner::new(now))
    }

    /// The statistics as they are shown.
    pub fn report(&self, now: Duration) -> Report {
        let miners: Vec<_> = self
            .miners
            .iter()
            .map(|(name, miner)| miner.row(name, now))
            .collect();
        let sum = |of: fn(&Row) -> f64| miners.iter().map(of).sum::<f64>();
        Report {
            hashes_per_second: sum(|row| row.hashes_per_second),
            standard_error: sum(|row| row.standard_error.powi(2)).sqrt(),
            miners,
        }
    }
}

impl Miner {
    fn new(now: Duration) -> Self {
        Self {
            since: now,
            accepted: 0,
            stale: 0,
            duplicate: 0,
            low: 0,
            invalid: 0,
            hashes: 0,
            last: None,
            buckets: VecDeque::new(),
        }
    }

    /// When it was there last, as far as shares tell.
    fn heard(&self) -> Duration {
        self.last.unwrap_or(self.since)
    }

    fn credit(&mut self, difficulty: Difficulty, now: Duration) {
        self.last = Some(now);
        self.hashes = self.hashes.saturating_add(difficulty.hashes().into());
        let number = now.as_secs() / BUCKET;
        if self.buckets.back().is_none_or(|bucket| bucket.number != number) {
            self.buckets.push_back(Bucket {
                number,
                hashes: 0,
                squares: 0.0,
            });
        }
        while self
            .buckets
            .front()
            .is_some_and(|bucket| bucket.number + BUCKETS <= number)
        {
            self.buckets.pop_front();
        }
        if let Some(bucket) = self.buckets.back_mut() {
            bucket.hashes = bucket.hashes.saturating_add(difficulty.hashes().into());
            bucket.squares += (difficulty.to_f64() * HASHES_AT_ONE).powi(2);
        }
    }

    /// Hashes a second over the last minutes, and the standard error of that: shares come as a Poisson process.
    fn rate(&self, now: Duration) -> (f64, f64) {
        let first = (now.as_secs() / BUCKET).saturating_sub(BUCKETS - 1);
        let since = self.since.max(Duration::from_secs(first * BUCKET));
        let seconds = now.saturating_sub(since).as_secs_f64().max(1.0);
        let recent = || self.buckets.iter().filter(|bucket| bucket.number >= first);
        // Shown to people only: what the chain counts are the hashes themselves.
        let hashes: f64 = recent().map(|bucket| bucket.hashes as f64).sum();
        let squares: f64 = recent().map(|bucket| bucket.squares).sum();
        (hashes / seconds, squares.sqrt() / seconds)
    }

    fn row(&self, name: &str, now: Duration) -> Row {
        let (hashes_per_second, standard_error) = self.rate(now);
        Row {
            miner: name.to_owned(),
            accepted: self.accepted,
            stale: self.stale,
            duplicate: self.duplicate,
            low: self.low,
            invalid: self.invalid,
            hashes: self.hashes.to_string(),
            hashes_per_second,
            standard_error,
            last_share_seconds: self.last.map(|last| now.saturating_sub(last).as_secs()),
        }
    }
}

const HASHES_AT_ONE: f64 = 4_294_967_296.0;

/// The statistics, for text and for JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Hashes a second of all miners, over the last ten minutes.
    pub hashes_per_second: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// By miner.
    pub miners: Vec<Row>,
}

/// What one miner delivered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The name under which it works.
    pub miner: String,
    /// Shares that count.
    pub accepted: u64,
    /// Shares of jobs that were over.
    pub stale: u64,
    /// Shares that were there before.
    pub duplicate: u64,
    /// Shares above the target.
    pub low: u64,
    /// Shares of no job that it was given.
    pub invalid: u64,
    /// Hashes that its accepted shares stand for, as a decimal string.
    pub hashes: String,
    /// Hashes a second over the last ten minutes.
    pub hashes_per_second: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Seconds since its last accepted share.
    pub last_share_seconds: Option<u64>,
}

/// Hashes a second, with the unit that fits.
pub fn hashrate(rate: f64) -> String {
    let units = ["H/s", "kH/s", "MH/s", "GH/s", "TH/s", "PH/s", "EH/s"];
    let mut scaled = rate;
    let mut unit = units[0];
    for larger in &units[1..] {
        if scaled < 1_000.0 {
            break;
        }
        scaled /= 1_000.0;
        unit = larger;
    }
    format!("{scaled:.2} {unit}")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>9} {:>7} {:>9} {:>7} {:>7}  {:<24} last share",
            "miner", "accepted", "stale", "duplicate", "low", "invalid", "hashrate"
        )?;
        for row in &self.miners {
            let last = match row.last_share_seconds {
                Some(seconds) => format!("{seconds} s ago"),
                None => "none".into(),
            };
            let rate = with_error(row.hashes_per_second, row.standard_error);
            writeln!(
                f,
                "{:<24} {:>9} {:>7} {:>9} {:>7} {:>7}  {rate:<24} {last}",
                row.miner, row.accepted, row.stale, row.duplicate, row.low, row.invalid
            )?;
        }
        let rate = with_error(self.hashes_per_second, self.standard_error);
        write!(f, "all {} miners: {rate}", self.miners.len())
    }
}

/// Hashes a second with their standard error.
pub fn with_error(rate: f64, error: f64) -> String {
    match rate > 0.0 {
        true => format!("{} ±{:.1}%", hashrate(rate), 100.0 * error / rate),
        false => "none".into(),
    }
}
