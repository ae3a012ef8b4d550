// SPDX-License-Identifier: Apache-2.0
//! A pool in little that checks its shares itself, from Stratum's text.

use crate::stratum::upstream::Account;
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use std::sync::{
    atomic::{AtomicU32, Ordering},
    Arc,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

#[derive(Default)]
struct Count {
    accepted: AtomicU32,
    rejected: AtomicU32,
    connections: AtomicU32,
}

pub struct Pool {
    account: Account,
    count: Arc<Count>,
    _task: JoinSet<()>,
}

const EXTRANONCE1: &str = "0a0b0c0d";
const COINBASE1: &str = "0100000001ffee";
const COINBASE2: &str = "ddccbbaa";
const BRANCH: [u8; 32] = [0x42; 32];
const NTIME: u32 = 1_700_000_000;

fn twice(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

impl Pool {
    /// Leaves so many bytes for extranonce2.
    pub async fn open(room: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let account = Account {
            address: listener.local_addr().unwrap().to_string().parse().unwrap(),
            user: "me".into(),
            password: "x".into(),
        };
        let count = Arc::<Count>::default();
        let counted = count.clone();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, room, counted.clone()));
            }
        });
        Self {
            account,
            count,
            _task: task,
        }
    }

    pub fn account(&self) -> Account {
        self.account.clone()
    }

    pub fn accepted(&self) -> u32 {
        self.count.accepted.load(Ordering::Relaxed)
    }

    pub fn rejected(&self) -> u32 {
        self.count.rejected.load(Ordering::Relaxed)
    }

    pub fn connections(&self) -> u32 {
        self.count.connections.load(Ordering::Relaxed)
    }
}

async fn serve(stream: TcpStream, room: usize, count: Arc<Count>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let asked: Value = serde_json::from_str(&line).unwrap();
        let mut answers = Vec::new();
        let result = match asked["method"].as_str().unwrap() {
            "mining.configure" => Value::Null,
            "mining.subscribe" => json!([[], EXTRANONCE1, room]),
            "mining.authorize" => {
                answers.push(json!({"id": null, "method": "mining.set_difficulty", "params": [0.0005]}));
                answers.push(json!({"id": null, "method": "mining.notify", "params": [
                    "first", "00".repeat(32), COINBASE1, COINBASE2, [hex::encode(BRANCH)],
                    "20000000", "1d00ffff", format!("{NTIME:08x}"), true]}));
                json!(true)
            }
            "mining.submit" => {
                let good = check(asked["params"].as_array().unwrap(), room);
                let counter = if good { &count.accepted } else { &count.rejected };
                counter.fetch_add(1, Ordering::Relaxed);
                json!(good)
            }
            _ => json!(true),
        };
        answers.insert(0, json!({"id": asked["id"], "result": result, "error": null}));
        for answer in answers {
            if write.write_all(format!("{answer}\n").as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// Puts the block together as a pool does.
fn check(params: &[Value], room: usize) -> bool {
    let text = |index: usize| params[index].as_str().unwrap();
    let extranonce2 = text(2);
    let coinbase = hex::decode(format!("{COINBASE1}{EXTRANONCE1}{extranonce2}{COINBASE2}")).unwrap();
    let root = twice(&[twice(&coinbase), BRANCH].concat());
    let number = |index| u32::from_str_radix(text(index), 16).unwrap().to_le_bytes();
    let header = [
        &0x2000_0000u32.to_le_bytes()[..],
        &[0; 32],
        &root,
        &number(3),
        &0x1d00_ffffu32.to_le_bytes(),
        &number(4),
    ]
    .concat();
    let hash = twice(&header);
    // 0.0005 of difficulty 1: the highest four bytes are below 2001.
    let highest = u32::from_le_bytes([hash[28], hash[29], hash[30], hash[31]]);
    text(0) == "me" && text(1) == "first" && extranonce2.len() == 2 * room && highest < 2_001
}
