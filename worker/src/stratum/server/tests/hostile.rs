// SPDX-License-Identifier: Apache-2.0
//! Miners that mean harm, or that are broken in a way that looks like it.

use super::{House, Rig};
use crate::stratum::{
    core::Room,
    server::{serve, Ended, Guest, Limits, CONNECTION_MEMORY},
};
use std::{
    io::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::{duplex, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

/// Sends bytes again and again until the server has had enough.
async fn provoke(address: SocketAddr, bytes: Vec<u8>) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let flood = tokio::spawn(async move { while write.write_all(&bytes).await.is_ok() {} });
    let mut heard = [0; 4_096];
    // Until the end of the stream, or until it is reset.
    let closed = async { while read.read(&mut heard).await.is_ok_and(|count| count > 0) {} };
    let closed = timeout(Duration::from_secs(10), closed).await;
    flood.abort();
    closed.expect("the server goes on listening");
}

/// Sends bytes once: what the server answers.
async fn ask(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut heard = vec![0; 4_096];
    let count = timeout(Duration::from_secs(10), stream.read(&mut heard))
        .await
        .unwrap()
        .unwrap();
    heard.truncate(count);
    String::from_utf8(heard).unwrap()
}

/// The longest that an honest miner waited for an answer, over some shares.
async fn patience(rig: &mut Rig, shares: u32) -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..shares {
        let begun = Instant::now();
        rig.mine().await.unwrap();
        longest = longest.max(begun.elapsed());
    }
    longest
}

/// With both ends of all connections on one machine, this is about scheduling, not about the network.
const BEARABLE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_answered_a_few_times_and_then_cut_off() {
    let house = House::usual().await;
    let mut honest = Rig::join(house.address, "honest").await;
    for (bytes, answer) in [
        (&b"{\"id\":1,\"method\":\n"[..], "not a message"),
        (b"\n", "not a message"),
        (
            b"{\"id\":1,\"method\":\"mining.submit\",\"params\":[1,2,3]}\n",
            "user must be",
        ),
        (b"{\"id\":{},\"method\":\"mining.ping\"}\n", "id must be"),
        (b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n", "not a message"),
    ] {
        let heard = ask(house.address, bytes).await;
        assert!(heard.contains(answer), "{heard}");
        provoke(house.address, bytes.to_vec()).await;
    }
    assert_eq!(ask(house.address, b"\xff\xfe\x00\x01\n").await, "");
    // Twenty wrong lines: ten answers at most.
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(&b"garbage\n".repeat(20)).await.unwrap();
    let mut heard = Vec::new();
    // The rest is lost where the server closes before it has read all.
    stream.read_to_end(&mut heard).await.ok();
    assert!(String::from_utf8_lossy(&heard).lines().count() <= 10);
    assert!(patience(&mut honest, 5).await < BEARABLE);
    house.until_open(|open| open == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_without_end_is_not_collected() {
    let house = House::usual().await;
    let mut honest = Rig::join(house.address, "honest").await;
    provoke(house.address, vec![b'a'; 1 << 20]).await;
    let line = format!("{{\"id\":1,\"method\":\"{}\"}}\n", "x".repeat(100_000));
    provoke(house.address, line.into_bytes()).await;
    assert!(patience(&mut honest, 5).await < BEARABLE);
    house.until_open(|open| open == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_good_and_of_bad_requests_are_cut_off_and_disturb_nobody() {
    let house = House::usual().await;
    let mut honest = Rig::join(house.address, "honest").await;
    let join = "{\"id\":1,\"method\":\"mining.subscribe\"}\n{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"a\"]}\n";
    let share = "{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"a\",\"1\",\"0000000000000000\",\"00000000\",\"00000000\"]}\n";
    let mut floods = JoinSet::new();
    for bytes in [
        "{\"id\":1,\"method\":\"mining.ping\"}\n".repeat(50),
        "{\"id\":1,\"method\":\"no.such\"}\n".repeat(50),
        format!("{join}{}", share.repeat(50)),
        "{\"id\":1,\"result\":true}\n".repeat(50),
    ] {
        for _ in 0..5 {
            floods.spawn(provoke(house.address, bytes.clone().into_bytes()));
        }
    }
    let longest = patience(&mut honest, 20).await;
    floods.join_all().await;
    assert!(longest < BEARABLE, "{longest:?}");
    house.until_open(|open| open == 1).await;
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let limits = Limits {
        queue: 8,
        write: Duration::from_millis(200),
        ..Limits::default()
    };
    let room = Room {
        connections: 10,
        per_address: 10,
    };
    let house = House::open(limits, room).await;
    // So little fits on the way that a job does not.
    for many in [1, 100] {
        let (mut ours, theirs) = duplex(64);
        let guest = Guest::admit(&house.context, None).unwrap();
        let context = house.context.clone();
        let served = tokio::spawn(async move { serve(theirs, guest, context).await });
        ours.write_all(b"{\"id\":1,\"method\":\"mining.subscribe\"}\n")
            .await
            .unwrap();
        for _ in 0..many {
            // It may be over before all of them are sent.
            ours.write_all(b"{\"id\":1,\"method\":\"mining.ping\"}\n")
                .await
                .ok();
        }
        let ended = timeout(Duration::from_secs(5), served).await.unwrap().unwrap();
        assert_eq!(ended, Ended::Slow);
    }
}

#[tokio::test]
async fn who_says_nothing_is_cut_off() {
    let room = Room {
        connections: 10,
        per_address: 10,
    };
    let quick = Limits {
        handshake: Duration::from_millis(100),
        ..Limits::default()
    };
    let house = House::open(quick, room).await;
    let mut silent = TcpStream::connect(house.address).await.unwrap();
    let mut heard = Vec::new();
    timeout(Duration::from_secs(5), silent.read_to_end(&mut heard))
        .await
        .unwrap()
        .unwrap();
    let idle = Limits {
        idle: Duration::from_millis(100),
        ..Limits::default()
    };
    let house = House::open(idle, room).await;
    let rig = Rig::join(house.address, "a").await;
    house.until_open(|open| open == 0).await;
    drop(rig);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_find_their_bound_and_leave_room_for_others() {
    let room = Room {
        connections: 300,
        per_address: 299,
    };
    let house = House::open(Limits::default(), room).await;
    let mut honest = Rig::join(house.address, "honest").await;
    let before = resident();
    let mut crowd = Vec::new();
    for number in 0..1_000 {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        // Refused ones may be closed already.
        let name = format!("{{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"w{number}\"]}}\n");
        stream
            .write_all(b"{\"id\":1,\"method\":\"mining.subscribe\"}\n")
            .await
            .ok();
        stream.write_all(name.as_bytes()).await.ok();
        // And a line that never ends.
        stream.write_all(&[b'{'; 4_000]).await.ok();
        crowd.push(stream);
    }
    house.until_open(|open| open == 299).await;
    // All that are in get a new job, and the honest miner its answers.
    let begun = Instant::now();
    for _ in 0..10 {
        house.direct(|_| {});
        honest.next_job().await;
    }
    assert!(begun.elapsed() < BEARABLE, "{:?}", begun.elapsed());
    assert!(patience(&mut honest, 20).await < BEARABLE);
    if let (Some(before), Some(after)) = (before, resident()) {
        let grown = after.saturating_sub(before);
        assert!(grown < 300 * CONNECTION_MEMORY, "{grown} bytes");
    }
    drop(crowd);
    house.until_open(|open| open == 1).await;
    // There is room again.
    Rig::join(house.address, "late").await;
}

/// Bytes of memory that this process has.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = status.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4_096)
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// On one thread, so that the log of this test is this test's.
#[tokio::test]
async fn the_log_says_clearly_what_happened_and_is_no_flood_itself() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let house = House::usual().await;
    for _ in 0..20 {
        provoke(house.address, b"garbage\n".to_vec()).await;
    }
    house.until_open(|open| open == 0).await;
    sleep(Duration::from_millis(50)).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.contains("miner refused"))
        .collect();
    assert_eq!(lines.len(), 5, "{text}");
    for word in ["WARN", "flood", "127.0.0.1:", "not a message"] {
        assert!(lines[0].contains(word), "{}", lines[0]);
    }
}
