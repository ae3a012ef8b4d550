// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::stratum::job::{Epoch, Job, JobId, Split};
use proptest::prelude::*;

fn client() -> Client<u32> {
    Client::new("agent/1", "me.1", "x").0
}

fn subscribed() -> Client<u32> {
    let mut client = client();
    let events = client
        .on_line(r#"{"id":2,"result":[[["mining.set_difficulty","1"],["mining.notify","1"]],"08000002",4],"error":null}"#)
        .unwrap();
    assert_eq!(events, [Event::Subscribed { extranonce2: 4 }]);
    client
}

/// The job of the Stratum documentation's example, as pools send it.
const NOTIFY: &str = r#"{"params":["bf","4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000","01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff20020862062f503253482f04b8864e5008","072f736c7573682f000000000100f2052a010000001976a914d23fcdf86f7e756a64a7a9688ef9903327048ed988ac00000000",[],"00000002","1c2ac4af","504e86b9",false],"id":null,"method":"mining.notify"}"#;

#[test]
fn a_client_begins_with_what_pools_expect() {
    let (_, lines) = Client::<u32>::new("agent/1", "me.1", "x");
    let methods: Vec<String> = lines
        .iter()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["method"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        methods,
        [
            "mining.configure",
            "mining.subscribe",
            "mining.authorize",
            "mining.extranonce.subscribe"
        ]
    );
}

/// Of the Stratum documentation: the share of its example is one of the block that the example's job became.
#[test]
fn the_documented_job_and_share_make_the_documented_header() {
    let mut client = subscribed();
    let events = client.on_line(NOTIFY).unwrap();
    let [Event::Job {
        template,
        clean: false,
    }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(template.source, Source::Upstream { id: "bf".into() });
    assert_eq!(
        (template.version, template.nbits, template.ntime),
        (2, 0x1c2a_c4af, 0x504e_86b9)
    );
    assert_eq!(template.room, 4);
    // coinb1 with the pool's extranonce1 behind it.
    assert!(template
        .coinbase1
        .ends_with(&[0x50, 0x08, 0x08, 0x00, 0x00, 0x02]));
    // The previous block's hash ends in zeros, as the header has it.
    assert_eq!(template.previous[28..], [0; 4]);
    let job = Job::new(JobId(1), Epoch(1), template.clone());
    let solution = job
        .solution((&[], &[0, 0, 0, 1]), 0x504e_86ed, 0xb295_7c02, 2)
        .unwrap();
    // Difficulty 1 at least: the four highest bytes are zeros.
    assert_eq!(job.hash(&solution)[28..], [0; 4]);
    assert!(job.notify(Split::within(4).unwrap(), true).is_some());
}

#[test]
fn a_job_before_the_extranonces_is_an_error() {
    assert!(client().on_line(NOTIFY).is_err());
}

#[test]
fn shares_are_written_as_pools_read_them_and_their_answers_find_back() {
    let mut client = subscribed();
    let share = Forward {
        job: "bf".into(),
        extranonce2: vec![0, 0, 0, 1],
        ntime: 0x504e_86ed,
        nonce: 0xb295_7c02,
        version_bits: None,
    };
    let line = client.submit(&share, 7, Duration::ZERO).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        line["params"],
        json!(["me.1", "bf", "00000001", "504e86ed", "b2957c02"])
    );
    let rolled = Forward {
        version_bits: Some(0x2000),
        ..share
    };
    let second = client.submit(&rolled, 8, Duration::ZERO).unwrap();
    assert!(second.contains("00002000"));
    let answer = json!({"id": 17, "result": null, "error": [21, "Stale", null]}).to_string();
    assert_eq!(
        client.on_line(&answer).unwrap(),
        [Event::Answered {
            token: 8,
            result: Err(Refusal::new(Code::JobNotFound, "Stale"))
        }]
    );
    let answer = json!({"id": line["id"], "result": true, "error": null}).to_string();
    assert_eq!(
        client.on_line(&answer).unwrap(),
        [Event::Answered {
            token: 7,
            result: Ok(())
        }]
    );
    // Twice is once.
    assert_eq!(client.on_line(&answer).unwrap(), []);
}

#[test]
fn unanswered_shares_are_bounded_given_up_and_taken_back() {
    let mut client = subscribed();
    let share = Forward {
        job: "a".into(),
        extranonce2: Vec::new(),
        ntime: 0,
        nonce: 0,
        version_bits: None,
    };
    for token in 0..256 {
        assert!(client
            .submit(&share, token, Duration::from_secs(u64::from(token / 128)))
            .is_ok());
    }
    assert_eq!(client.submit(&share, 256, Duration::ZERO), Err(256));
    assert_eq!(client.on_tick(Duration::from_secs(29)).len(), 0);
    assert_eq!(client.on_tick(Duration::from_secs(30)).len(), 128);
    assert_eq!(client.into_unanswered().count(), 128);
}

#[test]
fn a_pool_sets_what_it_may_set() {
    let mut client = subscribed();
    let mut tell = |method: &str, params: Value| {
        client.on_line(&json!({"id":null,"method":method,"params":params}).to_string())
    };
    let half = Difficulty::from_hashes(1 << 31);
    assert_eq!(
        tell("mining.set_difficulty", json!([0.5])),
        Ok(vec![Event::Difficulty(half)])
    );
    assert_eq!(tell("mining.set_extranonce", json!(["aabb", 8])), Ok(vec![]));
    assert_eq!(tell("mining.set_version_mask", json!(["ffffffff"])), Ok(vec![]));
    assert_eq!(
        tell("client.reconnect", json!(["elsewhere", 1, 2])),
        Ok(vec![Event::Reconnect])
    );
    assert_eq!(
        tell("client.show_message", json!(["hello"])),
        Ok(vec![Event::Said("hello".into())])
    );
    assert_eq!(tell("mining.something", json!([])), Ok(vec![]));
    let events = client.on_line(NOTIFY).unwrap();
    let [Event::Job { template, .. }] = &events[..] else {
        panic!()
    };
    assert_eq!((template.room, template.version_mask), (8, VERSION_MASK));
    assert!(template.coinbase1.ends_with(&[0xaa, 0xbb]));
    assert_eq!(client.difficulty(), Some(half));
}

#[test]
fn refusals_at_the_door_are_told() {
    let answer = |id: u32| json!({"id": id, "result": null, "error": [24, "who are you", null]}).to_string();
    assert_eq!(
        client().on_line(&answer(2)),
        Err(ClientError::NotSubscribed("who are you".into()))
    );
    let error = client().on_line(&answer(3)).unwrap_err();
    assert!(error.to_string().contains("me.1") && error.to_string().contains("who are you"));
    // That a pool knows no extensions is no fault.
    assert_eq!(client().on_line(&answer(1)), Ok(vec![]));
    assert_eq!(client().on_line(&answer(4)), Ok(vec![]));
}

#[test]
fn a_pools_nonsense_is_refused_by_the_field() {
    let tell = |method: &str, params: Value| {
        subscribed()
            .on_line(&json!({"id":null,"method":method,"params":params}).to_string())
            .unwrap_err()
            .to_string()
    };
    assert!(tell("mining.set_difficulty", json!([0])).contains("difficulty"));
    assert!(tell("mining.set_extranonce", json!(["zz", 4])).contains("extranonce1"));
    assert!(tell("mining.set_extranonce", json!(["00", 0])).contains("extranonce2_size"));
    assert!(tell("mining.set_extranonce", json!(["00", 1e9])).contains("extranonce2_size"));
    let mut job = serde_json::from_str::<Value>(NOTIFY).unwrap()["params"].take();
    job[4] = json!(vec!["00"; 40]);
    assert!(tell("mining.notify", job.clone()).contains("branches"));
    job[4] = json!(["00"]);
    assert!(tell("mining.notify", job.clone()).contains("branch"));
    job[4] = json!([]);
    job[1] = json!("00");
    assert!(tell("mining.notify", job).contains("prevhash"));
}

proptest! {
    #[test]
    fn no_line_of_a_pool_panics(line in "\\PC{0,200}", id in 0i64..30, params in prop::collection::vec("[0-9a-f]{0,70}", 0..10)) {
        let mut client = subscribed();
        drop(client.on_line(&line));
        for method in ["mining.notify", "mining.set_difficulty", "mining.set_extranonce", "mining.set_version_mask", "x"] {
            drop(client.on_line(&json!({"id": id, "method": method, "params": params}).to_string()));
        }
        drop(client.on_line(&json!({"id": id, "result": params, "error": line}).to_string()));
    }
}
