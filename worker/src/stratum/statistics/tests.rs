// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::chain::twin::Chance;

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn every_verdict_is_counted_for_its_miner() {
    let mut statistics = Statistics::default();
    let difficulty = Difficulty::from_hashes(1_000);
    for (verdict, times) in [
        (Verdict::Accepted(difficulty), 5),
        (Verdict::Stale, 4),
        (Verdict::Duplicate, 3),
        (Verdict::Low, 2),
        (Verdict::Invalid, 1),
    ] {
        for _ in 0..times {
            statistics.count("a", verdict, at(10.0));
        }
    }
    statistics.seen("b", at(10.0));
    let report = statistics.report(at(20.0));
    let [a, b] = &report.miners[..] else {
        panic!("{report:?}")
    };
    let five = Counts {
        accepted: 5,
        stale: 4,
        duplicate: 3,
        low: 2,
        invalid: 1,
    };
    assert_eq!((a.counts, report.total), (five, five));
    assert_eq!((a.hashes.as_str(), a.last_share_seconds), ("5000", Some(10)));
    assert!((a.hashes_per_second - 500.0).abs() < 1e-9);
    assert!((a.standard_error - 500.0 / 5f64.sqrt()).abs() < 1e-9);
    assert_eq!((b.counts.accepted, b.last_share_seconds), (0, None));
    let text = report.to_string();
    assert!(text.contains("500.00 H/s ±44.7%"), "{text}");
    assert_eq!(serde_json::to_value(&report).unwrap()["miners"][0]["accepted"], 5);
}

#[test]
fn the_rate_is_within_its_standard_error_and_forgets() {
    let mut statistics = Statistics::default();
    let mut chance = Chance(3);
    let difficulty = Difficulty::from_hashes(3 << 32);
    let true_rate = 1e10;
    statistics.seen("a", at(0.0));
    let mut now = 0.0;
    let mut inside = 0;
    for _ in 0..200 {
        let until = now + 100.0;
        while now < until {
            let uniform = (chance.draw() >> 11) as f64 / (1u64 << 53) as f64;
            now += -(1.0 - uniform).ln() * difficulty.hashes() as f64 / true_rate;
            statistics.count("a", Verdict::Accepted(difficulty), at(now));
        }
        let report = statistics.report(at(now));
        inside += u32::from((report.hashes_per_second - true_rate).abs() < 2.0 * report.standard_error);
    }
    // 95% on average.
    assert!(inside > 175, "{inside}");
    let silent = statistics.report(at(now + 700.0));
    assert_eq!(
        (silent.hashes_per_second, silent.miners[0].standard_error),
        (0.0, 0.0)
    );
}

#[test]
fn more_names_than_are_told_apart_take_no_more_memory() {
    let mut statistics = Statistics::default();
    for number in 0..10 * MAX_MINERS {
        statistics.count(&number.to_string(), Verdict::Low, at(0.0));
    }
    let report = statistics.report(at(1.0));
    assert_eq!(report.miners.len(), MAX_MINERS + 1);
    let others = report.miners.iter().find(|row| row.miner == OTHERS).unwrap();
    assert_eq!(others.counts.low, 9 * MAX_MINERS as u64);
    // An hour later they are forgotten, and who comes now is seen.
    let later = FORGOTTEN + at(1.0);
    statistics.count("late", Verdict::Low, later);
    let report = statistics.report(later);
    assert!(report.miners.iter().any(|row| row.miner == "late"));
    assert_eq!(report.miners.len(), 2);
    // What those brought who are forgotten stays in the sum.
    assert_eq!(report.total.low, 10 * MAX_MINERS as u64 + 1);
    assert!(report.miners.iter().map(|row| row.counts.low).sum::<u64>() < report.total.low);
}

#[test]
fn a_miner_keeps_so_many_buckets_and_no_more() {
    let mut statistics = Statistics::default();
    for second in 0..100_000 {
        statistics.count("a", Verdict::Accepted(Difficulty::MIN), at(f64::from(second)));
    }
    assert_eq!(statistics.miners["a"].buckets.len(), BUCKETS as usize);
}

#[test]
fn rates_are_shown_with_the_unit_that_fits() {
    assert_eq!(hashrate(0.0), "0.00 H/s");
    assert_eq!(hashrate(999.0), "999.00 H/s");
    assert_eq!(hashrate(13_400_000.0), "13.40 MH/s");
    assert_eq!(hashrate(2.5e14), "250.00 TH/s");
    assert_eq!(hashrate(5e22), "50000.00 EH/s");
}
