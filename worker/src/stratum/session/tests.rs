// SPDX-License-Identifier: Apache-2.0

mod difficulty;
mod pool;

use super::*;
use crate::stratum::{
    best::Best,
    director::{Director, Window},
    job::{Source, Template},
    seats::Seats,
};
use compute_proof::{device_key, hashrate::share_hash, Device};
use proptest::prelude::*;

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xaa; 32],
};

const UNIX: u32 = 1_800_000_000;

fn moment(seconds: u64) -> Moment {
    Moment {
        now: Duration::from_secs(seconds),
        unix: UNIX + u32::try_from(seconds).unwrap(),
    }
}

fn window(challenge: u8) -> Window {
    Window {
        index: 1,
        challenge: [challenge; 32],
        opened: UNIX,
    }
}

fn pool(id: &str, room: usize, version_mask: u32) -> Template {
    Template {
        source: Source::Upstream { id: id.into() },
        room,
        version_mask,
        branches: vec![[5; 32]],
        ..Template::idle(&DEVICE, UNIX)
    }
}

/// A session with the director that feeds it, and a miner's view of what it was sent.
struct Bench {
    session: Session,
    director: Director,
    sent: Vec<Value>,
}

impl Bench {
    fn new(split: Split) -> Self {
        Self::with(split, Director::new(DEVICE, Duration::from_secs(60)))
    }

    fn with(split: Split, mut director: Director) -> Self {
        let seat = Seats::new(split, 0x0102).take().unwrap();
        let easy = Difficulty::from_hashes(16);
        let session = Session::new(seat, split, director.work(UNIX), easy, 20, Duration::ZERO).unwrap();
        Self {
            session,
            director,
            sent: Vec::new(),
        }
    }

    /// In a census, subscribed and authorized.
    fn mining() -> Self {
        let mut director = Director::new(DEVICE, Duration::from_secs(60));
        director.set_census(Some(window(1)));
        let mut bench = Self::with(Split::CENSUS, director);
        bench.join();
        bench
    }

    fn join(&mut self) {
        self.say(r#"{"id":1,"method":"mining.subscribe","params":["test/1"]}"#);
        self.say(r#"{"id":2,"method":"mining.authorize","params":["rig.1","x"]}"#);
    }

    fn take(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        for effect in &effects {
            if let Effect::Send(line) = effect {
                self.sent.push(serde_json::from_str(line).unwrap());
            }
        }
        effects
    }

    fn say(&mut self, line: &str) -> Vec<Effect> {
        self.say_at(line, 1)
    }

    fn say_at(&mut self, line: &str, seconds: u64) -> Vec<Effect> {
        let effects = self.session.on_line(line, moment(seconds));
        self.take(effects)
    }

    fn work(&mut self, seconds: u64) -> Vec<Effect> {
        let work = self.director.work(moment(seconds).unix);
        let effects = self.session.on_work(work, moment(seconds));
        self.take(effects)
    }

    fn methods(&self) -> Vec<&str> {
        self.sent
            .iter()
            .filter_map(|line| line["method"].as_str())
            .collect()
    }

    fn last(&self) -> &Value {
        self.sent.last().unwrap()
    }

    /// The last `mining.notify`.
    fn job(&self) -> String {
        let mut jobs = self.sent.iter().filter(|line| line["method"] == "mining.notify");
        jobs.next_back().unwrap()["params"][0]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn submit(&mut self, job: &str, extranonce2: &str, nonce: u32) -> Vec<Effect> {
        let line = json!({ "id": 9, "method": "mining.submit",
            "params": ["rig.1", job, extranonce2, format!("{:08x}", UNIX + 1), format!("{nonce:08x}")] });
        self.say(&line.to_string())
    }

    /// Tries nonces until one is a share: what it led to.
    fn mine(&mut self, extranonce2: &str, from: u32) -> (u32, Vec<Effect>) {
        let job = self.job();
        for nonce in from..from + 10_000 {
            let effects = self.submit(&job, extranonce2, nonce);
            if self.last()["error"].is_null() || effects.iter().any(|e| matches!(e, Effect::Forward { .. })) {
                return (nonce, effects);
            }
            assert_eq!(self.last()["error"][0], 23, "{}", self.last());
        }
        panic!("no share");
    }
}

fn verdicts(effects: &[Effect]) -> Vec<Verdict> {
    let verdict = |effect: &Effect| match effect {
        Effect::Count { verdict, .. } => Some(*verdict),
        _ => None,
    };
    effects.iter().filter_map(verdict).collect()
}

#[test]
fn a_miner_gets_extranonces_of_four_and_eight_bytes_a_difficulty_and_a_job() {
    let mut bench = Bench::new(Split::CENSUS);
    bench.say(r#"{"id":1,"method":"mining.subscribe","params":["test/1"]}"#);
    assert_eq!(bench.last()["result"][1], "01020000");
    assert_eq!(bench.last()["result"][2], 8);
    assert!(bench.methods().is_empty(), "no work before the miner has a name");
    let effects = bench.say(r#"{"id":2,"method":"mining.authorize","params":["rig.1","x"]}"#);
    assert!(effects.contains(&Effect::Seen("rig.1".into())));
    assert_eq!(bench.methods(), ["mining.set_difficulty", "mining.notify"]);
    assert_eq!(bench.last()["params"][8], true);
}

#[test]
fn what_is_found_is_what_the_chain_checks() {
    let mut bench = Bench::mining();
    let (_, effects) = bench.mine("0102030405060708", 0);
    let offered = effects.iter().find_map(|effect| match effect {
        Effect::Offer {
            challenge,
            hash,
            share,
        } => Some((challenge, hash, share)),
        _ => None,
    });
    let (challenge, hash, share) = offered.unwrap();
    assert_eq!(share.extranonce1, [1, 2, 0, 0]);
    assert_eq!(share.extranonce2, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(
        *hash,
        share_hash(&device_key(challenge, &DEVICE), challenge, share)
    );
    let accepted = Verdict::Accepted(Difficulty::from_hashes(16));
    assert_eq!(verdicts(&effects), [accepted]);
}

#[test]
fn each_fault_has_its_number_and_its_verdict() {
    let mut bench = Bench::mining();
    let job = bench.job();
    let (nonce, _) = bench.mine("0000000000000000", 0);
    assert_eq!(
        verdicts(&bench.submit(&job, "0000000000000000", nonce)),
        [Verdict::Duplicate]
    );
    assert_eq!(bench.last()["error"][0], 22);
    assert_eq!(
        verdicts(&bench.submit("ffffff", "0000000000000000", nonce)),
        [Verdict::Invalid]
    );
    assert_eq!(bench.last()["error"][0], 21);
    assert_eq!(verdicts(&bench.submit(&job, "00", nonce)), [Verdict::Invalid]);
    assert!(bench.last()["error"][1].as_str().unwrap().contains("extranonce2"));
    for (ntime, wanted) in [(UNIX - 1, "ntime"), (UNIX + 8_000, "ntime")] {
        let line = json!({ "id": 9, "method": "mining.submit",
            "params": ["rig.1", job, "0000000000000000", format!("{ntime:08x}"), "00000000"] });
        bench.say(&line.to_string());
        assert!(bench.last()["error"][1].as_str().unwrap().contains(wanted));
    }
    let line = json!({ "id": 9, "method": "mining.submit", "params": ["other", job, "00", "0", "0"] });
    assert_eq!(
        verdicts(&bench.say(&line.to_string())),
        [],
        "no statistics for names that are not there"
    );
    assert_eq!(bench.last()["error"][0], 24);
    let mut fresh = Bench::new(Split::CENSUS);
    fresh.say(&line.to_string());
    assert_eq!(fresh.last()["error"][0], 25);
}

#[test]
fn a_new_census_makes_jobs_stale_and_says_clean() {
    let mut bench = Bench::mining();
    let old = bench.job();
    bench.work(2);
    assert_eq!(bench.last()["params"][8], false, "a refresh is not clean");
    bench.mine("0000000000000000", 0);
    bench.director.set_census(Some(window(2)));
    bench.work(3);
    assert_eq!(bench.last()["params"][8], true);
    let effects = bench.submit(&old, "0000000000000000", 0);
    assert_eq!(verdicts(&effects), [Verdict::Stale]);
    assert_eq!(bench.last()["error"][0], 21);
    // Nobody's fault.
    assert!(effects.contains(&Effect::Spend(Cost::Line, None)));
}

#[test]
fn a_clean_flag_is_not_lost_where_work_was_skipped() {
    let mut bench = Bench::mining();
    bench.director.set_census(Some(window(2)));
    bench.director.work(UNIX);
    bench.director.work(UNIX);
    bench.work(3);
    assert_eq!(bench.last()["params"][8], true);
}

#[test]
fn versions_roll_under_the_mask_that_was_agreed_upon() {
    let mut bench = Bench::mining();
    let submit = |bits: &str, job: &str| {
        json!({ "id": 9, "method": "mining.submit",
            "params": ["rig.1", job, "0000000000000000", format!("{UNIX:08x}"), "00000000", bits] })
        .to_string()
    };
    bench.say(&submit("00002000", &bench.job()));
    assert!(
        bench.last()["error"][1].as_str().unwrap().contains("mask"),
        "none was agreed upon"
    );
    bench.say(r#"{"id":3,"method":"mining.configure","params":[["version-rolling","x"],{"version-rolling.mask":"00ffffff"}]}"#);
    assert_eq!(
        bench.last()["result"],
        json!({"version-rolling": true, "version-rolling.mask": "00ffe000", "x": false})
    );
    bench.work(2);
    bench.say(&submit("01000000", &bench.job()));
    assert!(bench.last()["error"][1].as_str().unwrap().contains("00ffe000"));
    let job = bench.job();
    let found = (0..1_000u32).find_map(|roll| {
        let effects = bench.say(&submit(&format!("{:08x}", roll << 13), &job));
        effects.into_iter().find_map(|effect| match effect {
            Effect::Offer {
                share,
                hash,
                challenge,
            } => Some((roll, share, hash, challenge)),
            _ => None,
        })
    });
    let (roll, share, hash, challenge) = found.unwrap();
    assert_eq!(u32::from(share.version_bits), roll);
    assert_eq!(
        hash,
        share_hash(&device_key(&challenge, &DEVICE), &challenge, &share)
    );
}

#[test]
fn a_connection_works_under_a_few_names_only() {
    let mut bench = Bench::mining();
    for number in 0..20 {
        bench.say(
            &json!({"id": 1, "method": "mining.authorize", "params": [format!("w{number}")]}).to_string(),
        );
    }
    assert_eq!(bench.last()["error"][0], 24);
    assert_eq!(bench.session.users.len(), MAX_USERS);
    for name in ["", "a\u{7}b", "a\nb"] {
        bench.say(&json!({"id": 1, "method": "mining.authorize", "params": [name]}).to_string());
        assert_eq!(bench.last()["error"][0], 24);
    }
}

#[test]
fn a_share_counts_once_whichever_job_it_is_said_to_be_of() {
    let mut bench = Bench::mining();
    let first = bench.job();
    let (nonce, _) = bench.mine("0000000000000000", 0);
    bench.work(2);
    // The same header: the time is the miner's to choose.
    let again = bench.submit(&bench.job(), "0000000000000000", nonce);
    assert_eq!(verdicts(&again), [Verdict::Duplicate]);
    for second in 3..30 {
        bench.work(second);
    }
    let again = bench.submit(&bench.job(), "0000000000000000", nonce);
    assert_eq!(
        verdicts(&again),
        [Verdict::Duplicate],
        "as long as the census lasts"
    );
    assert_eq!(
        verdicts(&bench.submit(&first, "0000000000000000", nonce)),
        [Verdict::Stale]
    );
}

#[test]
fn what_a_connection_remembers_is_bounded() {
    let mut bench = Bench::mining();
    bench.say(r#"{"id":7,"method":"mining.suggest_difficulty","params":[1e-9]}"#);
    for second in 2..40 {
        bench.work(second);
        assert!(bench.session.sent.len() <= MAX_JOBS);
    }
    let job = bench.job();
    let mut kept = Best::default();
    let mut best = Best::default();
    for nonce in 0..30_000 {
        bench.sent.clear();
        for effect in bench.submit(&job, "0000000000000000", nonce) {
            if let Effect::Offer { hash, share, .. } = effect {
                kept.offer(hash, share);
            }
        }
        let share = Share {
            extranonce1: [1, 2, 0, 0],
            extranonce2: [0; 8],
            ntime: UNIX + 1,
            nonce,
            version_bits: 0,
        };
        let challenge = [1; 32];
        best.offer(
            share_hash(&device_key(&challenge, &DEVICE), &challenge, &share),
            share,
        );
        assert!(bench.session.memory.len() <= memory::MAX_SHARES);
    }
    // What counts is not lost by that: all of the smallest hashes were taken.
    assert_eq!(kept.shares(), best.shares());
    // And none is taken twice.
    let again = bench.submit(&job, "0000000000000000", kept.shares()[0].nonce);
    assert_eq!(verdicts(&again), [Verdict::Duplicate]);
}

#[test]
fn other_requests_are_answered() {
    let mut bench = Bench::new(Split::CENSUS);
    bench.say(r#"{"id":"p","method":"mining.ping","params":[]}"#);
    assert_eq!(*bench.last(), json!({"id": "p", "result": "pong", "error": null}));
    let effects = bench.say(r#"{"id":4,"method":"mining.get_transactions","params":[]}"#);
    assert_eq!(bench.last()["error"][0], 20);
    assert!(effects.contains(&Effect::Spend(Cost::BadShare, None)));
    let effects = bench.say("garbage");
    assert!(matches!(effects[1], Effect::Spend(Cost::Garbage, Some(_))));
    assert_eq!(bench.last()["id"], Value::Null);
    let effects = bench.say(r#"{"id":4,"result":"cgminer/4.10"}"#);
    assert_eq!(effects, [Effect::Spend(Cost::Line, None)]);
}

proptest! {
    /// Whatever comes in whatever order: no panic, and every line costs something.
    #[test]
    fn any_sequence_of_lines_is_survived(
        steps in prop::collection::vec((0usize..9, "[0-9a-f]{0,18}", any::<u32>()), 0..60)
    ) {
        let mut bench = Bench::mining();
        for (time, (kind, text, number)) in (1u64..).zip(steps) {
            let effects = match kind {
                0 => bench.say_at(&text, time),
                1 => bench.say_at(&json!({"id": number, "method": "mining.submit",
                    "params": ["rig.1", text, text, text, text, text]}).to_string(), time),
                2 => bench.submit(&format!("{:x}", number % 2_048), "0000000000000000", number),
                3 => {
                    bench.director.set_census((number % 2 == 0).then(|| window(number.to_le_bytes()[0])));
                    bench.work(time);
                    continue;
                }
                4 => {
                    bench.director.set_pool(
                        pool(&text, 3 + number as usize % 13, number),
                        Difficulty::from_hashes(number.into()),
                        number % 3 == 0,
                    );
                    bench.work(time);
                    continue;
                }
                5 => {
                    bench.session.on_tick(moment(time));
                    continue;
                }
                6 => bench.say_at(&json!({"id": 1, "method": "mining.suggest_difficulty", "params": [number]}).to_string(), time),
                7 => bench.say_at(r#"{"id":1,"method":"mining.extranonce.subscribe"}"#, time),
                _ => bench.say_at(r#"{"id":1,"method":"mining.configure","params":[["version-rolling"]]}"#, time),
            };
            let spends = effects.iter().filter(|effect| matches!(effect, Effect::Spend(..))).count();
            prop_assert_eq!(spends, 1);
            let answers = effects.iter().filter(|effect| matches!(effect, Effect::Send(line) if !line.contains("method"))).count();
            let forwarded = effects.iter().filter(|effect| matches!(effect, Effect::Forward { .. })).count();
            prop_assert_eq!(answers + forwarded, 1, "{:?}", effects);
        }
    }
}
