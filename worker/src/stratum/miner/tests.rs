// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::stratum::{
    director::{Director, Window},
    job::{Job, Split},
    protocol::{granted, notification, Message, Request},
};
use compute_proof::Device;
use serde_json::json;
use std::collections::HashSet;
use tokio::time::{sleep, timeout};

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xaa; 32],
};
const NOW: u32 = 1_800_000_000;

/// The server's end, as far as a miner needs it.
struct Server<S> {
    lines: FramedRead<tokio::io::ReadHalf<S>, LinesCodec>,
    write: tokio::io::WriteHalf<S>,
}

impl<S: AsyncRead + AsyncWrite> Server<S> {
    async fn say(&mut self, line: &str) {
        self.write.write_all(line.as_bytes()).await.unwrap();
    }

    /// The next request that is a share, others being granted.
    async fn share(&mut self) -> super::super::protocol::Submit {
        loop {
            let line = timeout(Duration::from_secs(10), self.lines.next())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            let Ok(Message::Request { id, method, params }) = Message::parse(&line) else {
                panic!("{line}")
            };
            match Request::read(&method, &params).unwrap() {
                Some(Request::Submit(submit)) => return submit,
                Some(Request::Subscribe { .. }) => {
                    let result = json!([[], "01020304", 8]);
                    self.say(&granted(&id, &result)).await;
                }
                _ => self.say(&granted(&id, &json!(true))).await,
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_submits_are_shares_each_once_and_it_rests_when_nobody_wants_any() {
    let mut director = Director::new(DEVICE, Duration::from_secs(60));
    let window = |challenge| Window {
        index: 1,
        challenge: [challenge; 32],
        opened: NOW,
    };
    director.set_census(Some(window(1)));
    let publish = watch::Sender::new(director.work(NOW));
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let mut miner = Miner::start(Engine::fastest(), NonZeroUsize::new(2).unwrap()).unwrap();
    let meter = miner.meter();
    let work = publish.subscribe();
    let running = tokio::spawn(async move { miner.run(theirs, work).await });
    let (read, write) = split(ours);
    let mut server = Server {
        lines: FramedRead::new(read, LinesCodec::new()),
        write,
    };
    let difficulty = Difficulty::from_hashes(1 << 18);
    let told = notification("mining.set_difficulty", &json!([difficulty.to_json()]));
    server.say(&told).await;
    let mut seen = HashSet::new();
    for challenge in [1, 2] {
        director.set_census(Some(window(challenge)));
        let work = director.work(NOW);
        publish.send_replace(work.clone());
        // Its first requests are answered before it can take a job.
        if challenge == 1 {
            let greeting = timeout(Duration::from_millis(300), server.share()).await;
            assert!(greeting.is_err(), "a share of no job");
        }
        server.say(&work.job.notify(Split::CENSUS, true).unwrap()).await;
        let mut found = 0;
        while found < 40 {
            let submit = server.share().await;
            if submit.job != work.job.id.to_string() {
                continue;
            }
            found += 1;
            let job: &Job = &work.job;
            let extranonces = (&[1u8, 2, 3, 4][..], &submit.extranonce2[..]);
            let version = submit.version_bits.unwrap_or(job.template.version);
            let solution = job
                .solution(extranonces, submit.ntime, submit.nonce, version)
                .unwrap();
            assert!(U256::from_little_endian(&job.hash(&solution)) <= difficulty.target());
            assert!(seen.insert((challenge, submit.extranonce2, submit.nonce)));
        }
    }
    director.set_census(None);
    publish.send_replace(director.work(NOW));
    sleep(Duration::from_millis(300)).await;
    let before = meter.hashes();
    sleep(Duration::from_millis(300)).await;
    assert_eq!(meter.hashes(), before);
    drop(server);
    let stopped = timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
    assert!(matches!(stopped, Stopped::Closed | Stopped::Io(_)), "{stopped}");
}
