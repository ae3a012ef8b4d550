// SPDX-License-Identifier: Apache-2.0
//! From the census to a pool and back.

use super::*;

#[test]
fn switching_to_a_pool_keeps_extranonces_that_fit_and_tells_difficulty_mask_and_job() {
    // The pool leaves eight bytes: two for the connection, six for the miner. The census has room for as many.
    let mut bench = Bench::new(Split::within(8).unwrap());
    bench.say(r#"{"id":3,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000"}]}"#);
    bench.join();
    bench.director.set_census(Some(window(1)));
    bench.work(1);
    let (_, effects) = bench.mine("0a0b0c0d0e0f", 0);
    assert!(effects
        .iter()
        .any(|effect| matches!(effect, Effect::Offer { share, .. }
        if share.extranonce1 == [0; 4] && share.extranonce2 == [0, 0, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f])));
    bench.sent.clear();
    bench
        .director
        .set_pool(pool("p1", 8, 0), Difficulty::from_hashes(4), true);
    bench.director.set_census(None);
    bench.work(2);
    assert_eq!(
        bench.methods(),
        [
            "mining.set_version_mask",
            "mining.set_difficulty",
            "mining.notify"
        ]
    );
    let (nonce, effects) = bench.mine("0a0b0c0d0e0f", 0);
    let forward = effects.iter().find_map(|effect| match effect {
        Effect::Forward { id, share, .. } => Some((id, share)),
        _ => None,
    });
    let (id, share) = forward.unwrap();
    assert_eq!(*id, Id::Number(9));
    let expected = Forward {
        job: "p1".into(),
        extranonce2: vec![0, 0, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f],
        ntime: UNIX + 1,
        nonce,
        version_bits: None,
    };
    assert_eq!(*share, expected);
    // The pool's share is still wanted when a census has begun, and the census's is not when it is over.
    let job = bench.job();
    bench.director.set_census(Some(window(2)));
    bench.work(3);
    let late = bench.submit(&job, "0a0b0c0d0e0f", nonce);
    assert_eq!(verdicts(&late), [Verdict::Duplicate]);
    let census_job = bench.job();
    bench.director.set_census(None);
    bench.work(4);
    assert_eq!(bench.job(), job, "the pool's job is taken up again");
    let again = bench.submit(&job, "0a0b0c0d0e0f", nonce);
    assert_eq!(verdicts(&again), [Verdict::Duplicate]);
    assert_eq!(
        verdicts(&bench.submit(&census_job, "0a0b0c0d0e0f", 0)),
        [Verdict::Stale]
    );
}

#[test]
fn a_pool_that_leaves_less_room_gives_new_extranonces_to_who_takes_them() {
    let mut bench = Bench::new(Split::CENSUS);
    bench.say(r#"{"id":5,"method":"mining.extranonce.subscribe","params":[]}"#);
    bench.join();
    bench.sent.clear();
    bench
        .director
        .set_pool(pool("p", 4, 0), Difficulty::from_hashes(32), true);
    bench.work(2);
    assert_eq!(
        bench.methods(),
        ["mining.set_extranonce", "mining.set_difficulty", "mining.notify"]
    );
    assert_eq!(bench.sent[0]["params"], json!(["00", 3]));
    bench.mine("010203", 0);
    // And back in a census: no other extranonces are needed.
    bench.sent.clear();
    bench.director.set_census(Some(window(3)));
    bench.work(3);
    assert!(!bench.methods().contains(&"mining.set_extranonce"));
    bench.mine("010203", 0);
}

#[test]
fn a_miner_that_takes_no_others_keeps_its_connection_and_is_told_once() {
    let mut bench = Bench::new(Split::CENSUS);
    bench.join();
    bench.sent.clear();
    bench
        .director
        .set_pool(pool("p", 4, 0), Difficulty::from_hashes(32), true);
    bench.work(2);
    bench.work(3);
    assert_eq!(bench.methods(), ["mining.set_difficulty", "client.show_message"]);
    bench.director.set_census(Some(window(3)));
    bench.work(3);
    bench.mine("0102030405060708", 0);
}

#[test]
fn a_pools_lower_difficulty_counts_at_once_for_who_takes_it_so() {
    let mut bench = Bench::new(Split::CENSUS);
    bench.join();
    bench
        .director
        .set_pool(pool("p", 12, 0), Difficulty::from_hashes(1 << 40), true);
    bench.work(2);
    let job = bench.job();
    assert_eq!(
        verdicts(&bench.submit(&job, "0000000000000000", 0)),
        [Verdict::Low]
    );
    bench.director.set_pool_difficulty(Difficulty::from_hashes(2));
    bench.work(3);
    assert_eq!(bench.job(), job, "a pool's job is the pool's");
    assert_eq!(bench.last()["method"], "mining.set_difficulty");
    bench.mine("0000000000000000", 0);
}

#[test]
fn a_pools_time_is_not_taken_for_silence() {
    let mut bench = Bench::mining();
    bench
        .director
        .set_pool(pool("p", 12, 0), Difficulty::from_hashes(1 << 10), true);
    bench.director.set_census(None);
    bench.work(10);
    assert!(bench.session.on_tick(moment(90)).is_empty());
    bench.mine("0000000000000000", 0);
    bench.director.set_census(Some(window(2)));
    bench.work(100);
    // 1024 hashes in 100 seconds: ten a second, at 384 shares a minute.
    assert_eq!(bench.session.vardiff.difficulty(), Difficulty::MIN);
}

#[test]
fn who_joins_under_a_pool_is_given_its_difficulty_and_leaves_with_what_it_showed() {
    let mut director = Director::new(DEVICE, Duration::from_secs(60));
    director.set_pool(pool("p", 12, 0), Difficulty::from_hashes(1 << 9), true);
    let mut bench = Bench::with(Split::CENSUS, director);
    bench.join();
    assert_eq!(bench.session.told, Some(Difficulty::from_hashes(1 << 9)));
    let mut from = 0;
    for _ in 0..8 {
        from = bench.mine("0000000000000000", from).0 + 1;
    }
    bench.director.set_census(Some(window(1)));
    bench.work(4);
    // 4096 hashes in four seconds, at 384 shares a minute: 160.
    assert_eq!(bench.session.told, Some(Difficulty::from_hashes(128)));
}

#[test]
fn a_pools_job_outlives_a_census_of_many_jobs_with_what_was_found_of_it() {
    let mut bench = Bench::new(Split::within(8).unwrap());
    bench.join();
    bench
        .director
        .set_pool(pool("p1", 8, 0), Difficulty::from_hashes(4), true);
    bench.work(1);
    let job = bench.job();
    let (nonce, _) = bench.mine("0a0b0c0d0e0f", 0);
    bench.director.set_census(Some(window(1)));
    let jobs = u64::try_from(MAX_JOBS).unwrap();
    for second in 2..2 + 2 * jobs {
        bench.work(second);
        assert!(bench.session.sent.len() <= MAX_JOBS + 1);
    }
    // A late share is the pool's still, and the first one is known.
    let (late, effects) = (nonce + 1..)
        .map(|nonce| (nonce, bench.submit(&job, "0a0b0c0d0e0f", nonce)))
        .find(|(_, effects)| verdicts(effects) != [Verdict::Low])
        .unwrap();
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Forward { share, .. } if share.job == "p1")),
        "{effects:?}"
    );
    bench.director.set_census(None);
    bench.work(3 + 2 * jobs);
    assert_eq!(bench.job(), job, "the pool's job is taken up again");
    for known in [nonce, late] {
        let again = bench.submit(&job, "0a0b0c0d0e0f", known);
        assert_eq!(verdicts(&again), [Verdict::Duplicate]);
    }
}
