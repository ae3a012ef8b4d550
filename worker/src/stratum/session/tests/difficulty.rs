// SPDX-License-Identifier: Apache-2.0
//! Which difficulty a miner is told, and from when it counts.

use super::*;

#[test]
fn a_difficulty_counts_from_the_job_that_comes_with_it() {
    let mut bench = Bench::mining();
    let easy = bench.job();
    bench.say(r#"{"id":7,"method":"mining.suggest_difficulty","params":[1]}"#);
    assert_eq!(bench.methods()[2..], ["mining.set_difficulty", "mining.notify"]);
    let hard = bench.job();
    let jobs: Vec<_> = bench
        .sent
        .iter()
        .filter(|line| line["method"] == "mining.notify")
        .collect();
    assert!(
        jobs[1]["params"][7].as_str() > jobs[0]["params"][7].as_str(),
        "the same headers again"
    );
    assert_eq!(jobs[1]["params"][8], false);
    // Who goes on with the job before is judged by what was said then.
    let shares: Vec<_> = (0..100)
        .flat_map(|nonce| verdicts(&bench.submit(&easy, "0000000000000000", nonce)))
        .collect();
    assert!(shares.contains(&Verdict::Accepted(Difficulty::from_hashes(16))));
    assert_eq!(
        verdicts(&bench.submit(&hard, "0000000000000000", 0)),
        [Verdict::Low]
    );
    // And the next job of all keeps the difficulty, with another time again.
    bench.work(1);
    assert_ne!(bench.job(), hard);
    assert_eq!(
        verdicts(&bench.submit(&bench.job(), "0000000000000000", 0)),
        [Verdict::Low]
    );
    let times: BTreeSet<_> = bench
        .sent
        .iter()
        .filter(|line| line["method"] == "mining.notify")
        .map(|line| line["params"][7].as_str())
        .collect();
    assert_eq!(times.len(), 3);
}

#[test]
fn a_miner_that_mines_too_easily_is_told_a_higher_difficulty() {
    let mut bench = Bench::mining();
    let mut from = 0;
    for _ in 0..64 {
        from = bench.mine("0000000000000000", from).0 + 1;
    }
    let effects = bench.session.on_tick(moment(2));
    let [Effect::Send(line), Effect::Send(job)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert!(line.contains("mining.set_difficulty") && job.contains("mining.notify"));
    assert!(bench.session.rate(moment(3).now) > 0, "what is known stays known");
}

#[test]
fn a_miner_that_rests_comes_back_to_what_it_was_worth() {
    let mut bench = Bench::mining();
    bench.session = bench.session.resting_when_idle();
    let mut from = 0;
    for _ in 0..16 {
        from = bench.mine("0000000000000000", from).0 + 1;
    }
    let rate = bench.session.rate(moment(2).now);
    assert!(rate > 0);
    bench.director.set_census(None);
    bench.work(2);
    for second in 3..5_000 {
        assert!(bench.session.on_tick(moment(second)).is_empty());
    }
    assert_eq!(bench.session.rate(moment(5_000).now), rate);
    bench.director.set_census(Some(window(2)));
    bench.work(5_000);
    // At 384 shares a minute, as a power of two.
    let expected = Difficulty::from_hashes(u128::from(rate * 60 / 384)).floor_power_of_two();
    assert_eq!(bench.session.vardiff.difficulty(), expected);
}

#[test]
fn who_sends_more_than_can_be_remembered_is_told_to_send_harder_ones() {
    let mut bench = Bench::mining();
    bench.say(r#"{"id":7,"method":"mining.suggest_difficulty","params":[1e-9]}"#);
    let job = bench.job();
    bench.sent.clear();
    let mut nonce = 0;
    while bench.methods().is_empty() {
        bench.submit(&job, "0000000000000000", nonce);
        nonce += 1;
    }
    assert_eq!(bench.methods(), ["mining.set_difficulty", "mining.notify"]);
    assert!(
        bench.session.told.unwrap().hashes() > 16,
        "four times the easiest"
    );
    // The next census begins anew.
    bench.director.set_census(Some(window(2)));
    bench.work(2);
    assert!(bench.session.told.unwrap().hashes() <= 16);
}
