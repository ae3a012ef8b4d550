// SPDX-License-Identifier: Apache-2.0
//! An honest miner of few hashes, for tests.

use crate::stratum::{
    client::{Client, Event},
    difficulty::Difficulty,
    job::{merkle_root, Header, Source, Template},
    session::Forward,
};
use compute_proof::hashrate::sha256d;
use futures::StreamExt;
use primitive_types::U256;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    net::{
        tcp::{OwnedReadHalf, OwnedWriteHalf},
        TcpStream,
    },
    time::timeout,
};
use tokio_util::codec::{FramedRead, LinesCodec};

pub struct Rig {
    lines: FramedRead<OwnedReadHalf, LinesCodec>,
    pub write: OwnedWriteHalf,
    client: Client<()>,
    template: Option<Template>,
    difficulty: Option<Difficulty>,
    nonce: u32,
    pub hashes: u64,
    pub extranonce2: usize,
}

impl Rig {
    /// Connects and waits for a job.
    pub async fn join(address: SocketAddr, user: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (read, write) = stream.into_split();
        let (client, hello) = Client::new("rig", user, "");
        let mut rig = Self {
            lines: FramedRead::new(read, LinesCodec::new()),
            write,
            client,
            template: None,
            difficulty: None,
            nonce: 0,
            hashes: 0,
            extranonce2: 0,
        };
        for line in hello {
            rig.write.write_all(line.as_bytes()).await.unwrap();
        }
        while rig.template.is_none() || rig.difficulty.is_none() {
            rig.hear().await;
        }
        rig
    }

    /// Takes the next line. The answer to a share, if it is one.
    async fn hear(&mut self) -> Option<Result<(), String>> {
        let line = timeout(Duration::from_secs(10), self.lines.next())
            .await
            .expect("nothing is heard");
        let line = line.expect("the server has closed the connection").unwrap();
        let mut answer = None;
        for event in self.client.on_line(&line).unwrap() {
            match event {
                Event::Job { template, .. } => self.template = Some(template),
                Event::Difficulty(difficulty) => self.difficulty = Some(difficulty),
                Event::Subscribed { extranonce2 } => self.extranonce2 = extranonce2,
                Event::Answered { result, .. } => {
                    answer = Some(result.map_err(|refusal| refusal.to_string()))
                }
                _ => {}
            }
        }
        answer
    }

    /// Waits for another job.
    pub async fn next_job(&mut self) {
        let before = self.template.take();
        while self.template.is_none() {
            self.hear().await;
        }
        assert_ne!(before, self.template);
    }

    /// Waits for a job like this; the difficulty may change in between, and with it the job.
    pub async fn job_with(&mut self, wanted: impl Fn(&Template) -> bool) {
        while !self.template.as_ref().is_some_and(&wanted) {
            self.hear().await;
        }
    }

    /// Finds a share and submits it: what the server says.
    pub async fn mine(&mut self) -> Result<(), String> {
        let template = self.template.clone().unwrap();
        let target = self.difficulty.unwrap().target();
        let extranonce2 = vec![0; template.room];
        let coinbase = [&template.coinbase1[..], &extranonce2, &template.coinbase2].concat();
        let mut header = Header {
            version: template.version,
            previous: template.previous,
            merkle_root: merkle_root(&coinbase, &template.branches),
            ntime: template.ntime,
            nbits: template.nbits,
            nonce: self.nonce,
        };
        while U256::from_little_endian(&sha256d(&header.encode())) > target {
            header.nonce += 1;
            self.hashes += 1;
        }
        self.hashes += 1;
        self.nonce = header.nonce + 1;
        let Source::Upstream { id } = template.source else {
            unreachable!()
        };
        let share = Forward {
            job: id,
            extranonce2,
            ntime: header.ntime,
            nonce: header.nonce,
            version_bits: None,
        };
        let line = self.client.submit(&share, (), Duration::ZERO).unwrap();
        self.write.write_all(line.as_bytes()).await.unwrap();
        loop {
            if let Some(answer) = self.hear().await {
                return answer;
            }
        }
    }
}
