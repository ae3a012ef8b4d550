// SPDX-License-Identifier: Apache-2.0

use super::*;

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xaa; 32],
};
const NOW: u32 = 1_800_000_000;

fn window(challenge: u8) -> Window {
    Window {
        index: u32::from(challenge),
        challenge: [challenge; 32],
        opened: NOW,
    }
}

fn pool_job(id: &str) -> Template {
    Template {
        source: Source::Upstream { id: id.into() },
        ..Template::idle(&DEVICE, NOW)
    }
}

fn director() -> Director {
    Director::new(DEVICE, Duration::from_secs(60))
}

fn source(director: &mut Director) -> Source {
    director.work(NOW).job.template.source.clone()
}

#[test]
fn the_census_comes_before_the_pool_and_the_pool_before_nothing() {
    let mut director = director();
    assert!(director.work(NOW).is_idle());
    director.set_pool(pool_job("a"), Difficulty::MIN, true);
    assert_eq!(source(&mut director), Source::Upstream { id: "a".into() });
    assert!(director.set_census(Some(window(1))));
    assert!(!director.set_census(Some(window(1))));
    let census = Source::Census {
        index: 1,
        challenge: [1; 32],
    };
    assert_eq!(source(&mut director), census);
    // What the pool says meanwhile waits.
    director.set_pool(pool_job("b"), Difficulty::MIN, true);
    assert_eq!(source(&mut director), census);
    assert!(director.set_census(None));
    assert_eq!(source(&mut director), Source::Upstream { id: "b".into() });
    director.forget_pool();
    assert!(director.work(NOW).is_idle());
}

#[test]
fn every_change_of_source_is_another_epoch_and_a_refresh_is_not() {
    let mut director = director();
    let mut epochs = vec![director.work(NOW).job.epoch];
    director.set_census(Some(window(1)));
    epochs.push(director.work(NOW).job.epoch);
    let again = director.work(NOW + 10);
    assert_eq!(again.job.epoch, epochs[1]);
    assert_eq!(again.job.template.ntime, NOW + 10);
    // Another fork has won: another challenge.
    director.set_census(Some(window(2)));
    epochs.push(director.work(NOW).job.epoch);
    director.set_census(None);
    epochs.push(director.work(NOW).job.epoch);
    assert!(epochs.is_sorted_by(|a, b| a < b), "{epochs:?}");
}

#[test]
fn job_names_increase_and_a_pools_job_keeps_its_name() {
    let mut director = director();
    let first = director.work(NOW).job.id;
    assert!(director.work(NOW).job.id > first);
    director.set_pool(pool_job("a"), Difficulty::MIN, true);
    let pool = director.work(NOW).job.id;
    assert_eq!(director.work(NOW + 60).job.id, pool);
    let hard = Difficulty::from_hashes(1 << 40);
    director.set_pool_difficulty(hard);
    let work = director.work(NOW);
    assert_eq!((work.job.id, work.difficulty), (pool, Some(hard)));
}

#[test]
fn a_pools_shares_are_wanted_during_a_census_until_the_pool_cleans() {
    let mut director = director();
    director.set_pool(pool_job("a"), Difficulty::MIN, true);
    let pool = director.work(NOW).job.epoch;
    director.set_census(Some(window(1)));
    let work = director.work(NOW);
    assert_eq!(work.alive, [work.job.epoch, pool]);
    assert_eq!(work.difficulty, None);
    director.set_pool(pool_job("b"), Difficulty::MIN, false);
    assert!(director.work(NOW).alive.contains(&pool));
    director.set_pool(pool_job("c"), Difficulty::MIN, true);
    assert!(!director.work(NOW).alive.contains(&pool));
}

#[test]
fn a_slow_clock_makes_no_share_older_than_its_census() {
    let mut director = director();
    director.set_census(Some(window(1)));
    let template = director.work(NOW - 100).job.template.clone();
    assert_eq!((template.ntime, template.earliest), (NOW, NOW));
}
