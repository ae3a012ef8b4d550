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

/// Shares by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Shares that count.
    pub accepted: u64,
    /// Shares of jobs that were over.
    pub stale: u64,
    /// Shares that were there before.
    pub duplicate: u64,
    /// Shares above the target.
    pub low: u64,
    /// Shares of no job that was given to who brought them.
    pub invalid: u64,
}

impl Counts {
    /// Counts, each with its name.
    pub const fn named(&self) -> [(&'static str, u64); 5] {
        [
            ("accepted", self.accepted),
            ("stale", self.stale),
            ("duplicate", self.duplicate),
            ("low", self.low),
            ("invalid", self.invalid),
        ]
    }

    /// The two together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    /// What came after `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        self.zip(before, u64::saturating_sub)
    }

    fn zip(self, other: Self, of: fn(u64, u64) -> u64) -> Self {
        Self {
            accepted: of(self.accepted, other.accepted),
            stale: of(self.stale, other.stale),
            duplicate: of(self.duplicate, other.duplicate),
            low: of(self.low, other.low),
            invalid: of(self.invalid, other.invalid),
        }
    }

    fn count(&mut self, verdict: Verdict) {
        let counter = match verdict {
            Verdict::Accepted(_) => &mut self.accepted,
            Verdict::Stale => &mut self.stale,
            Verdict::Duplicate => &mut self.duplicate,
            Verdict::Low => &mut self.low,
            Verdict::Invalid => &mut self.invalid,
        };
        *counter = counter.saturating_add(1);
    }
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
    counts: Counts,
    hashes: u128,
    last: Option<Duration>,
    buckets: VecDeque<Bucket>,
}

/// All miners. Time is that since the server began.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    miners: BTreeMap<String, Miner>,
    /// Of all who ever came: whoever is forgotten takes nothing away.
    total: Counts,
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
        self.total.count(verdict);
        let miner = self.miner(name, now);
        miner.counts.count(verdict);
        if let Verdict::Accepted(difficulty) = verdict {
            miner.credit(difficulty, now);
        }
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
            total: self.total,
            miners,
        }
    }
}

impl Miner {
    fn new(now: Duration) -> Self {
        Self {
            since: now,
            counts: Counts::default(),
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
            counts: self.counts,
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
    /// Shares of all who ever came, those included that are no longer told apart.
    pub total: Counts,
    /// By miner.
    pub miners: Vec<Row>,
}

/// What one miner delivered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The name under which it works.
    pub miner: String,
    /// Its shares.
    #[serde(flatten)]
    pub counts: Counts,
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
        let names = Counts::default().named().map(|(name, _)| name);
        writeln!(f, "{}", line("miner", names, "hashrate", "last share"))?;
        for row in &self.miners {
            let last = match row.last_share_seconds {
                Some(seconds) => format!("{seconds} s ago"),
                None => "none".into(),
            };
            let rate = with_error(row.hashes_per_second, row.standard_error);
            writeln!(f, "{}", line(&row.miner, numbers(&row.counts), &rate, &last))?;
        }
        // Those included that are no longer told apart.
        let all = format!("all {} miners", self.miners.len());
        let rate = with_error(self.hashes_per_second, self.standard_error);
        f.write_str(line(&all, numbers(&self.total), &rate, "").trim_end())
    }
}

fn numbers(counts: &Counts) -> [u64; 5] {
    counts.named().map(|(_, count)| count)
}

/// A line of the table.
fn line(miner: &str, counts: [impl fmt::Display; 5], rate: &str, last: &str) -> String {
    let [accepted, stale, duplicate, low, invalid] = counts;
    format!("{miner:<24} {accepted:>9} {stale:>7} {duplicate:>9} {low:>7} {invalid:>7}  {rate:<24} {last}")
}

/// Hashes a second with their standard error.
pub fn with_error(rate: f64, error: f64) -> String {
    match rate > 0.0 {
        true => format!("{} ±{:.1}%", hashrate(rate), 100.0 * error / rate),
        false => "none".into(),
    }
}
