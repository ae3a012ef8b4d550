// SPDX-License-Identifier: Apache-2.0
//! Recorded conversations of this server with miners that share no code with it: what was said is understood, and every share was rightly
//! taken or refused.

use super::{
    client::{Client, Event},
    difficulty::Difficulty,
    job::{merkle_root, Header, Source, Template},
    protocol::{Message, Request, Submit},
};
use compute_proof::hashrate::sha256d;
use primitive_types::U256;
use serde_json::Value;
use std::{collections::HashMap, fs, path::Path};

/// The header of a share, as the miner built it.
fn header(template: &Template, submit: &Submit) -> Header {
    let coinbase = [&template.coinbase1[..], &submit.extranonce2, &template.coinbase2].concat();
    let rolled = submit.version_bits.unwrap_or(0);
    Header {
        version: template.version & !template.version_mask | rolled,
        previous: template.previous,
        merkle_root: merkle_root(&coinbase, &template.branches),
        ntime: submit.ntime,
        nbits: template.nbits,
        nonce: submit.nonce,
    }
}

/// Lines of the server that this side reads as a client: the answers to its first requests have the numbers that our client gives them.
fn as_ours(line: &str, method: Option<&str>, hello: &[Value]) -> String {
    let mut value: Value = serde_json::from_str(line).unwrap();
    if let Some(ours) = method.and_then(|method| hello.iter().find(|line| line["method"] == method)) {
        value["id"] = ours["id"].clone();
    }
    value.to_string()
}

/// Goes through a conversation: how many shares were taken and refused.
fn replay(text: &str) -> (u32, u32) {
    let (mut client, hello) = Client::<()>::new("transcript", "x", "x");
    let hello: Vec<Value> = hello
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut asked = HashMap::<String, String>::new();
    let mut jobs = HashMap::<String, (Template, Difficulty)>::new();
    let mut shares = HashMap::<String, Submit>::new();
    let (mut taken, mut refused) = (0, 0);
    for entry in text.lines() {
        let entry: Value = serde_json::from_str(entry).unwrap();
        let line = entry["line"].as_str().unwrap();
        match (entry["dir"].as_str().unwrap(), Message::parse(line)) {
            ("event", _) => {}
            ("out", Ok(Message::Request { id, method, params })) => {
                let request = Request::read(&method, &params).unwrap();
                if let Some(Request::Submit(submit)) = request {
                    shares.insert(format!("{id:?}"), submit);
                }
                asked.insert(format!("{id:?}"), method);
            }
            ("in", Ok(Message::Answer { id, result, error })) => {
                let id = format!("{id:?}");
                let Some(submit) = shares.remove(&id) else {
                    let method = asked.get(&id).map(String::as_str);
                    client.on_line(&as_ours(line, method, &hello)).unwrap();
                    continue;
                };
                let of_job = jobs.get(&submit.job);
                let met = of_job.is_some_and(|(template, difficulty)| {
                    let hash = sha256d(&header(template, &submit).encode());
                    U256::from_little_endian(&hash) <= difficulty.target()
                });
                if result == Value::Bool(true) {
                    assert!(met, "taken: {submit:?}");
                    taken += 1;
                } else {
                    let code = error[0].as_i64().unwrap();
                    assert_eq!(
                        code == 23,
                        of_job.is_some() && !met,
                        "refused with {code}: {submit:?}"
                    );
                    refused += 1;
                }
            }
            ("in", Ok(Message::Request { .. })) => {
                for event in client.on_line(line).unwrap() {
                    if let Event::Job { template, .. } = event {
                        let Source::Upstream { id } = &template.source else {
                            unreachable!()
                        };
                        let difficulty = client.difficulty().unwrap();
                        jobs.insert(id.clone(), (template, difficulty));
                    }
                }
            }
            (direction, message) => panic!("{direction}: {message:?}"),
        }
    }
    (taken, refused)
}

#[test]
fn recorded_conversations_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stratum/transcripts");
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let (taken, refused) = replay(&fs::read_to_string(&path).unwrap());
        assert!(taken > 20, "{}: {taken} taken, {refused} refused", path.display());
        files += 1;
    }
    assert!(files > 0);
}
