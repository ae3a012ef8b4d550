// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::stratum::{protocol::Id, session::Forward};
use serde_json::{json, Value};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::{
        tcp::{OwnedReadHalf, OwnedWriteHalf},
        TcpListener,
    },
};

/// A pool that says what the test says.
struct Pool {
    lines: Lines<BufReader<OwnedReadHalf>>,
    write: OwnedWriteHalf,
}

impl Pool {
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = timeout(Duration::from_secs(10), listener.accept())
            .await
            .unwrap()
            .unwrap();
        let (read, write) = stream.into_split();
        Self {
            lines: BufReader::new(read).lines(),
            write,
        }
    }

    async fn hear(&mut self) -> Value {
        let line = timeout(Duration::from_secs(10), self.lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn say(&mut self, line: Value) {
        self.write
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    /// Lets the client in.
    async fn greet(&mut self) {
        for _ in 0..4 {
            let asked = self.hear().await;
            let result = match asked["method"].as_str().unwrap() {
                "mining.configure" => json!({"version-rolling": true, "version-rolling.mask": "1fffe000"}),
                "mining.subscribe" => json!([[["mining.notify", "1"]], "0a0b0c0d", 4]),
                _ => json!(true),
            };
            self.say(json!({"id": asked["id"], "result": result, "error": null}))
                .await;
        }
        self.say(json!({"id": null, "method": "mining.set_difficulty", "params": [0.5]}))
            .await;
        self.say(json!({"id": null, "method": "mining.notify", "params":
            ["j1", "00".repeat(32), "aa", "bb", [], "20000000", "1d00ffff", "65000000", true]}))
            .await;
    }
}

async fn listen() -> (TcpListener, Account) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let account = Account {
        address: listener.local_addr().unwrap().to_string().parse().unwrap(),
        user: "me".into(),
        password: "x".into(),
    };
    (listener, account)
}

fn share(back: &mpsc::Sender<Answer>, number: i64) -> ToPool {
    ToPool {
        share: Forward {
            job: "j1".into(),
            extranonce2: vec![1, 2, 3, 4],
            ntime: 0x6500_0000,
            nonce: 7,
            version_bits: Some(0x2000),
        },
        back: back.clone(),
        answer: Answer {
            id: Id::Number(number),
            user: "rig".into(),
            difficulty: Difficulty::MIN,
            result: Ok(()),
        },
    }
}

#[test]
fn addresses_are_read() {
    for text in [
        "stratum+tcp://pool:3333",
        "tcp://pool:3333",
        "pool:3333",
        "pool:3333/",
    ] {
        assert_eq!(
            text.parse::<Address>().unwrap().to_string(),
            "stratum+tcp://pool:3333"
        );
    }
    assert!("[::1]:3333".parse::<Address>().is_ok());
    for text in [
        "",
        "pool",
        "pool:",
        ":1",
        "pool:0",
        "pool:99999",
        "stratum+ssl://pool:1",
        "http://a/b:1",
        "u@h:1",
    ] {
        assert_eq!(text.parse::<Address>(), Err(NotAnAddress), "{text}");
    }
}

#[tokio::test]
async fn shares_go_there_answers_come_back_and_a_lost_pool_is_found_again() {
    let (listener, account) = listen().await;
    let (shares, incoming) = mpsc::channel(8);
    let (tell, mut news) = mpsc::channel(8);
    let running = tokio::spawn(run(account, incoming, tell));
    let mut pool = Pool::accept(&listener).await;
    pool.greet().await;
    assert!(matches!(news.recv().await, Some(News::Connected { room: 4 })));
    assert!(matches!(news.recv().await, Some(News::Difficulty(_))));
    let Some(News::Job {
        template,
        difficulty,
        clean: true,
    }) = news.recv().await
    else {
        panic!()
    };
    assert_eq!(template.coinbase1, [0xaa, 10, 11, 12, 13]);
    assert_eq!(
        (template.version_mask, difficulty.hashes()),
        (0x1fff_e000, 1 << 31)
    );

    let (back, mut answers) = mpsc::channel(8);
    for number in 0..3 {
        shares.send(share(&back, number)).await.unwrap();
    }
    let (first, second, _third) = (pool.hear().await, pool.hear().await, pool.hear().await);
    assert_eq!(
        first["params"],
        json!(["me", "j1", "01020304", "65000000", "00000007", "00002000"])
    );
    pool.say(json!({"id": second["id"], "result": null, "error": [21, "stale", null]}))
        .await;
    pool.say(json!({"id": first["id"], "result": true, "error": null}))
        .await;
    let answer = answers.recv().await.unwrap();
    assert_eq!(
        (answer.id, answer.result.unwrap_err().code),
        (Id::Number(1), Code::JobNotFound)
    );
    let answer = answers.recv().await.unwrap();
    assert_eq!((answer.id, answer.result), (Id::Number(0), Ok(())));

    // The pool goes away with one share unanswered: its miner is told.
    drop(pool);
    let answer = answers.recv().await.unwrap();
    assert_eq!(answer.id, Id::Number(2));
    assert!(answer.result.is_err());
    assert!(matches!(news.recv().await, Some(News::Lost)));
    shares.send(share(&back, 3)).await.unwrap();
    assert!(answers.recv().await.unwrap().result.is_err());
    let mut pool = Pool::accept(&listener).await;
    pool.greet().await;
    assert!(matches!(news.recv().await, Some(News::Connected { room: 4 })));

    // When the server is gone, so is this.
    drop((shares, news));
    pool.say(json!({"id": null, "method": "mining.set_difficulty", "params": [1]}))
        .await;
    timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_pool_that_talks_nonsense_or_too_much_is_left() {
    let (listener, account) = listen().await;
    let (_shares, incoming) = mpsc::channel(8);
    let (tell, mut news) = mpsc::channel(8);
    tokio::spawn(run(account, incoming, tell));
    let mut pool = Pool::accept(&listener).await;
    pool.write.write_all(b"<html>\n").await.unwrap();
    assert!(matches!(news.recv().await, Some(News::Lost)));
    let mut pool = Pool::accept(&listener).await;
    // It may be cut off before all of it is written.
    pool.write.write_all(&vec![b'a'; 1 << 20]).await.ok();
    assert!(matches!(news.recv().await, Some(News::Lost)));
}
