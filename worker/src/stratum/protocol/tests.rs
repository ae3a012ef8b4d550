// SPDX-License-Identifier: Apache-2.0

use super::*;
use proptest::prelude::*;

fn read(line: &str) -> Result<Option<Request>, Refusal> {
    match Message::parse(line).map_err(|(_, refusal)| refusal)? {
        Message::Request { method, params, .. } => Request::read(&method, &params),
        Message::Answer { .. } => panic!("an answer"),
    }
}

#[test]
fn requests_are_read_as_miners_write_them() {
    // The lines of cgminer, of BIP 310 and of the Stratum documentation.
    assert_eq!(
        read(r#"{"id": 0, "method": "mining.subscribe", "params": ["cgminer/4.10.0"]}"#),
        Ok(Some(Request::Subscribe {
            agent: "cgminer/4.10.0".into()
        }))
    );
    assert_eq!(
        read(r#"{"id": 1, "method": "mining.subscribe", "params": []}"#),
        Ok(Some(Request::Subscribe { agent: String::new() }))
    );
    assert_eq!(
        read(r#"{"params": ["slush.miner1", "password"], "id": 2, "method": "mining.authorize"}"#),
        Ok(Some(Request::Authorize {
            user: "slush.miner1".into()
        }))
    );
    assert_eq!(
        read(
            r#"{"params": ["slush.miner1", "bf", "00000001", "504e86ed", "b2957c02"], "id": 4, "method": "mining.submit"}"#
        ),
        Ok(Some(Request::Submit(Submit {
            user: "slush.miner1".into(),
            job: "bf".into(),
            extranonce2: vec![0, 0, 0, 1],
            ntime: 0x504e_86ed,
            nonce: 0xb295_7c02,
            version_bits: None,
        })))
    );
    assert_eq!(
        read(
            r#"{"method": "mining.configure", "id": 1, "params": [["minimum-difficulty", "version-rolling", "odd"], {"minimum-difficulty.value": 2048, "version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2}]}"#
        ),
        Ok(Some(Request::Configure(Configure {
            version_rolling: Some(0x1fff_e000),
            minimum_difficulty: Some(Difficulty::from_json(&json!(2048)).unwrap()),
            subscribe_extranonce: false,
            unknown: vec!["odd".into()],
        })))
    );
    assert_eq!(
        read(r#"{"id": 1, "method": "mining.ping"}"#),
        Ok(Some(Request::Ping))
    );
    assert_eq!(
        read(r#"{"id": 1, "method": "eth_submitLogin", "params": null}"#),
        Ok(None)
    );
}

#[test]
fn every_refusal_names_the_field() {
    for (line, field) in [
        (r#"{"id":1,"method":"mining.authorize","params":[]}"#, "user"),
        (r#"{"id":1,"method":"mining.authorize","params":[7]}"#, "user"),
        (r#"{"id":1,"method":"mining.subscribe","params":[{}]}"#, "agent"),
        (r#"{"id":1,"method":"mining.submit","params":["u"]}"#, "job id"),
        (
            r#"{"id":1,"method":"mining.submit","params":["u","1","0","0","0"]}"#,
            "extranonce2",
        ),
        (
            r#"{"id":1,"method":"mining.submit","params":["u","1","00",5,"0"]}"#,
            "ntime",
        ),
        (
            r#"{"id":1,"method":"mining.submit","params":["u","1","00","5","+1"]}"#,
            "nonce",
        ),
        (
            r#"{"id":1,"method":"mining.submit","params":["u","1","00","5","1",[]]}"#,
            "version bits",
        ),
        (
            r#"{"id":1,"method":"mining.submit","params":["u","1","00","5","123456789"]}"#,
            "nonce",
        ),
        (
            r#"{"id":1,"method":"mining.configure","params":[]}"#,
            "extensions",
        ),
        (
            r#"{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":7}]}"#,
            "mask",
        ),
        (
            r#"{"id":1,"method":"mining.suggest_difficulty","params":[0]}"#,
            "difficulty",
        ),
        (r#"{"id":1,"method":"mining.submit","params":{}}"#, "params"),
        (r#"{"id":[1],"method":"mining.ping","params":[]}"#, "id"),
        (r#"{"id":1.5,"method":"mining.ping","params":[]}"#, "id"),
        (r#"{"params":[]}"#, "method"),
        ("", "message"),
        ("[]", "message"),
        ("nonsense", "message"),
        (r#"{"id":1,"id":2,"method":"x"}"#, "message"),
    ] {
        let refusal = read(line).unwrap_err();
        assert!(refusal.message.contains(field), "{line}: {refusal}");
    }
}

#[test]
fn a_deep_line_is_refused_and_not_followed() {
    let deep = format!("{{\"id\":1,\"method\":\"a\",\"params\":{}", "[".repeat(4_000));
    assert!(Message::parse(&deep).is_err());
}

#[test]
fn an_extranonce_longer_than_any_is_refused() {
    let long = "00".repeat(17);
    let line = format!(r#"{{"id":1,"method":"mining.submit","params":["u","1","{long}","0","0"]}}"#);
    assert!(read(&line).unwrap_err().message.contains("extranonce2"));
}

#[test]
fn answers_are_told_from_requests_and_ids_come_back_as_they_were() {
    let id = Id::Text("a".into());
    assert_eq!(
        Message::parse(r#"{"id":"a","result":true,"error":null}"#),
        Ok(Message::Answer {
            id: id.clone(),
            result: json!(true),
            error: Value::Null
        })
    );
    assert_eq!(
        &*granted(&id, &json!(true)),
        "{\"error\":null,\"id\":\"a\",\"result\":true}\n"
    );
    let refusal = Refusal::new(Code::Duplicate, "duplicate share");
    assert_eq!(
        &*refused(&Id::Number(-3), &refusal),
        "{\"error\":[22,\"duplicate share\",null],\"id\":-3,\"result\":null}\n"
    );
}

proptest! {
    #[test]
    fn no_line_panics(line in "\\PC{0,200}") {
        let _ = read_any(&line);
    }

    #[test]
    fn no_parameters_panic(
        method in "mining\\.(configure|subscribe|authorize|submit|suggest_difficulty|ping)",
        params in prop::collection::vec(json_value(), 0..8),
    ) {
        let line = json!({ "id": 1, "method": method, "params": params }).to_string();
        let _ = read_any(&line);
    }

    #[test]
    fn whatever_is_written_is_one_line(text in "\\PC{0,50}") {
        let line = refused(&Id::Text(text.clone()), &Refusal::new(Code::Other, text.clone()));
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert!(Message::parse(&line).is_ok() || text.len() > MAX_TEXT || text.is_empty());
    }
}

fn read_any(line: &str) -> Option<Request> {
    match Message::parse(line).ok()? {
        Message::Request { method, params, .. } => Request::read(&method, &params).ok()?,
        Message::Answer { .. } => None,
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9a-f]{0,40}".prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z.-]{0,24}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
