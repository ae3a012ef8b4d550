// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::chain::twin::Chance;

const GOAL: Goal = Goal {
    per_minute: 20,
    least: Difficulty::MIN,
};

/// A miner that finds shares at random, as miners do.
struct Miner {
    rate: f64,
    vardiff: Vardiff,
    now: f64,
    sent: u32,
    chance: Chance,
    /// It takes a difficulty from the next job on, which comes every ten seconds.
    obeys_late: bool,
    job: Difficulty,
    job_at: f64,
}

impl Miner {
    fn new(rate: f64, begin: u128, seed: u64) -> Self {
        Self {
            rate,
            vardiff: Vardiff::new(Difficulty::from_hashes(begin), GOAL, Duration::ZERO),
            now: 0.0,
            sent: 0,
            chance: Chance(seed),
            obeys_late: false,
            job: Difficulty::from_hashes(begin),
            job_at: 0.0,
        }
    }

    /// Hashes for so many seconds. The server looks once a second.
    fn run(&mut self, seconds: f64, goal: Goal) {
        let end = self.now + seconds;
        self.vardiff.aim(goal, Duration::from_secs_f64(self.now));
        let mut tick = self.now.floor() + 1.0;
        while self.now < end {
            let uniform = (self.chance.draw() >> 11) as f64 / (1u64 << 53) as f64;
            if self.now >= self.job_at {
                self.job = self.vardiff.difficulty();
                self.job_at = self.now + 10.0;
            }
            let difficulty = match self.obeys_late {
                true => self.job,
                false => self.vardiff.difficulty(),
            };
            let wait = -(1.0 - uniform).ln() * difficulty.hashes() as f64 / self.rate;
            let found = self.now + wait;
            // A new difficulty changes what the miner looks for; the wait has no memory.
            self.now = found.min(tick).min(end);
            let now = Duration::from_secs_f64(self.now);
            if found <= self.now {
                let of = match self.obeys_late {
                    true => self.job,
                    false => self.vardiff.difficulty(),
                };
                self.vardiff.on_share(of, now);
                self.sent += 1;
            }
            if tick <= self.now || self.vardiff.is_due(now) {
                self.vardiff.retarget(now);
                tick = self.now.floor() + 1.0;
            }
        }
    }
}

#[test]
fn miners_of_every_strength_end_where_they_should_and_stay_there() {
    for (seed, rate) in [1e6, 1e8, 1e10, 1e12, 1e14, 4e14].into_iter().enumerate() {
        let mut miner = Miner::new(rate, 1 << 34, seed as u64);
        miner.run(180.0, GOAL);
        miner.sent = 0;
        miner.run(600.0, GOAL);
        let per_minute = f64::from(miner.sent) / 10.0;
        assert!((9.0..70.0).contains(&per_minute), "{rate}: {per_minute}");
    }
}

#[test]
fn a_strong_miner_that_begins_too_low_does_not_flood_for_long() {
    // 100 TH/s at difficulty 64.
    let mut miner = Miner::new(1e14, 64 << 32, 1);
    miner.run(5.0, GOAL);
    assert!(miner.sent < 150, "{}", miner.sent);
}

#[test]
fn a_burst_is_not_taken_for_a_rate() {
    let mut vardiff = Vardiff::new(Difficulty::from_hashes(1_000), GOAL, Duration::ZERO);
    for _ in 0..100 {
        vardiff.on_share(Difficulty::from_hashes(1_000), Duration::from_millis(1));
        assert_eq!(vardiff.retarget(Duration::from_millis(1)), None);
    }
    assert_eq!(vardiff.rate(Duration::from_millis(1)), Some(400_000));
}

#[test]
fn a_weak_miner_that_begins_too_high_is_found_within_a_minute() {
    // 1 MH/s at difficulty 1024.
    let mut miner = Miner::new(1e6, 1024 << 32, 2);
    miner.run(60.0, GOAL);
    assert!(miner.sent > 0);
}

fn census(seconds: u64) -> Goal {
    Goal {
        per_minute: GOAL
            .per_minute
            .max(census_per_minute(Duration::from_secs(seconds))),
        ..GOAL
    }
}

#[test]
fn each_miner_alone_sends_enough_in_a_window_from_its_first_second_on() {
    for (seed, rate) in [3e6, 3e7, 1e9, 1e12, 1e14].into_iter().enumerate() {
        for seconds in [18, 60] {
            let mut miner = Miner::new(rate, (rate / 10.0) as u128, seed as u64);
            for _ in 0..20 {
                miner.run(300.0, GOAL);
                miner.sent = 0;
                miner.run(seconds as f64, census(seconds));
                // Four standard deviations above what a proof has.
                assert!(miner.sent > SHARES + 32, "{rate}, {seconds} s: {}", miner.sent);
                assert!(
                    miner.sent < 6 * ABUNDANCE * SHARES,
                    "{rate}, {seconds} s: {}",
                    miner.sent
                );
            }
        }
    }
}

/// Found with a miner that others wrote: what it sends of a job is of that job's difficulty, whatever was said since.
#[test]
fn miners_that_take_a_difficulty_with_the_next_job_do_not_drive_it_away() {
    for (seed, rate) in [2e5, 1e8, 1e13].into_iter().enumerate() {
        let mut miner = Miner::new(rate, (rate / 3.0) as u128, 40 + seed as u64);
        miner.obeys_late = true;
        miner.run(60.0, census(20));
        let mut changes = 0;
        for _ in 0..300 {
            let before = miner.vardiff.difficulty();
            miner.run(1.0, census(20));
            changes += u32::from(miner.vardiff.difficulty() != before);
            let shares = rate * 20.0 / miner.vardiff.difficulty().hashes() as f64;
            assert!((85.0..1_600.0).contains(&shares), "{rate}: {shares} in a window");
        }
        assert!(changes < 30, "{rate}: {changes}");
    }
}

#[test]
fn a_strong_newcomer_is_known_at_once_and_stays_known() {
    let mut miner = Miner::new(1e14, 1024 << 32, 3);
    miner.run(0.9, GOAL);
    let rate = miner.vardiff.rate(Duration::from_secs(1)).unwrap();
    assert!((2e13..4e14).contains(&(rate as f64)), "{rate}");
    miner.run(60.0, GOAL);
    assert!(miner.sent < 400, "{}", miner.sent);
    // A new difficulty does not make it unknown.
    let rate = miner.vardiff.rate(Duration::from_secs_f64(miner.now)).unwrap();
    assert!((2e13..4e14).contains(&(rate as f64)), "{rate}");
}

#[test]
fn a_pools_difficulty_is_the_least_and_a_flood_of_trifles_is_not_asked_for() {
    let pool = |hashes| Goal {
        per_minute: MOST_PER_MINUTE,
        least: Difficulty::from_hashes(hashes),
    };
    // 1 TH/s: a pool with 2^40 hashes a share, about one a second.
    let mut miner = Miner::new(1e12, 1024 << 32, 5);
    miner.run(60.0, pool(1 << 40));
    assert_eq!(miner.vardiff.difficulty(), pool(1 << 40).least);
    let known = miner.vardiff.rate(Duration::from_secs(60)).unwrap();
    assert!((5e11..2e12).contains(&(known as f64)), "{known}");
    // One that takes anything: ten a second.
    miner.run(60.0, pool(1));
    miner.sent = 0;
    miner.run(60.0, pool(1));
    assert!((200..2_000).contains(&miner.sent), "{}", miner.sent);
    // And back in a census with what is known.
    miner.sent = 0;
    miner.run(60.0, census(60));
    assert!(
        (2 * SHARES..6 * ABUNDANCE * SHARES).contains(&miner.sent),
        "{}",
        miner.sent
    );
}

#[test]
fn a_pool_that_is_too_hard_to_tell_anything_makes_a_miner_no_stronger() {
    let hard = Goal {
        per_minute: MOST_PER_MINUTE,
        least: Difficulty::from_hashes(1 << 40),
    };
    let mut miner = Miner::new(1e6, 1 << 16, 6);
    miner.run(60.0, GOAL);
    miner.run(3_600.0, hard);
    miner.sent = 0;
    miner.run(60.0, census(60));
    assert!(miner.sent > 2 * SHARES, "{}", miner.sent);
}

#[test]
fn a_miner_that_is_gone_is_soon_worth_little() {
    let mut miner = Miner::new(1e12, 1024 << 32, 4);
    miner.run(60.0, GOAL);
    let mut gone = miner.vardiff.clone();
    for second in 61..660 {
        gone.retarget(Duration::from_secs(second));
    }
    assert!(gone.rate(Duration::from_secs(660)).unwrap() < 1_000_000_000);
    assert_eq!(gone.difficulty().hashes(), SILENT_FLOOR);
}

#[test]
fn a_miners_own_floor_stands() {
    let now = Duration::ZERO;
    let mut vardiff = Vardiff::new(Difficulty::from_hashes(1 << 40), GOAL, now);
    let floor = Difficulty::from_hashes(1 << 20);
    vardiff.limit(floor, now);
    for second in 1..200 {
        vardiff.retarget(Duration::from_secs(second));
    }
    assert_eq!(vardiff.difficulty(), floor);
    vardiff.suggest(Difficulty::MIN, now);
    assert_eq!(vardiff.difficulty(), floor);
}

#[test]
fn nothing_overflows_at_the_ends() {
    assert_eq!(census_per_minute(Duration::MAX), 1);
    assert_eq!(census_per_minute(Duration::ZERO), 60_000 * ABUNDANCE * SHARES);
    let hardest = Difficulty::from_hashes(u128::MAX);
    let mut vardiff = Vardiff::new(hardest, GOAL, Duration::MAX);
    for _ in 0..40 {
        vardiff.on_share(hardest, Duration::ZERO);
    }
    vardiff.retarget(Duration::from_millis(1));
    let nothing = Goal {
        per_minute: 0,
        least: Difficulty::MIN,
    };
    let mut vardiff = Vardiff::new(hardest, nothing, Duration::ZERO);
    for _ in 0..40 {
        vardiff.on_share(hardest, Duration::ZERO);
    }
    vardiff.retarget(Duration::from_millis(1));
    assert!(vardiff.difficulty().hashes() > 1 << 62);
}
