// SPDX-License-Identifier: Apache-2.0
//! The embedded miner: processor threads that hash, behind a Stratum client like any other miner's.

#[cfg(test)]
mod tests;

use super::{
    client::{Client, Event},
    difficulty::Difficulty,
    director::Work,
    job::{merkle_root, Header, Source, Template},
    session::Forward,
    sha256::{Engine, Head, STEP},
};
use compute_proof::hashrate::sha256d;
use futures::StreamExt;
use primitive_types::U256;
use std::{
    num::NonZeroUsize,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
    },
    thread,
    time::Duration,
};
use tokio::{
    io::{split, AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::{mpsc, watch},
    time::{interval, Instant},
};
use tokio_util::codec::{FramedRead, LinesCodec};

/// The name under which it works.
pub const USER: &str = "cpu";

/// Nonces between two looks at whether there is another job: some thousandths of a second.
const BATCH: u32 = 1 << 16;

/// How long it measures itself.
const MEASURE: Duration = Duration::from_millis(20);

/// Shares a second that it begins with, until the server knows better: they have a short way.
const FIRST_SHARES: u128 = 256;

/// The client's lines are our own server's.
const MAX_LINE: usize = 64 << 10;

/// So often the server hears of a miner that has nothing to do.
const PING: Duration = Duration::from_secs(60);

/// What the threads hash.
#[derive(Debug)]
struct Task {
    template: Template,
    job: String,
    target: U256,
}

#[derive(Debug)]
struct Board {
    /// Changes with every task.
    number: u64,
    task: Option<Arc<Task>>,
    ended: bool,
}

/// What threads and client share.
#[derive(Debug)]
struct Common {
    board: Mutex<Board>,
    changed: Condvar,
    /// The number of the board's task, to be read without the lock.
    number: AtomicU64,
    /// The next extranonce2: never the same twice, whatever the job.
    extranonce2: AtomicU64,
    hashes: AtomicU64,
}

impl Common {
    fn board(&self) -> MutexGuard<'_, Board> {
        // Only whole values are put there.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn post(&self, task: Option<Task>, ended: bool) {
        let mut board = self.board();
        board.number += 1;
        board.task = task.map(Arc::new);
        board.ended |= ended;
        self.number.store(board.number, Ordering::Release);
        self.changed.notify_all();
    }

    /// Waits for a task; `None` when there will be no more.
    fn take(&self) -> Option<(u64, Arc<Task>)> {
        let mut board = self.board();
        loop {
            if board.ended {
                return None;
            }
            if let Some(task) = &board.task {
                return Some((board.number, task.clone()));
            }
            board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Processor threads that wait for jobs. They end with it.
#[derive(Debug)]
pub struct Miner {
    common: Arc<Common>,
    found: mpsc::Receiver<Forward>,
    /// The difficulty to begin with.
    first: Difficulty,
}

/// Counts a miner's hashes.
#[derive(Clone, Debug)]
pub struct Meter(Arc<Common>);

impl Meter {
    /// Hashes so far.
    pub fn hashes(&self) -> u64 {
        self.0.hashes.load(Ordering::Relaxed)
    }
}

impl Miner {
    /// Starts the threads.
    ///
    /// # Errors
    /// The operating system's, if it gives no threads.
    pub fn start(engine: Engine, threads: NonZeroUsize) -> std::io::Result<Self> {
        let common = Arc::new(Common {
            board: Mutex::new(Board {
                number: 0,
                task: None,
                ended: false,
            }),
            changed: Condvar::new(),
            number: AtomicU64::new(0),
            extranonce2: AtomicU64::new(0),
            hashes: AtomicU64::new(0),
        });
        let (tell, found) = mpsc::channel(64);
        let hashes =
            u128::from(engine.hashes_per_second(MEASURE)) * u128::try_from(threads.get()).unwrap_or(1);
        let miner = Self {
            common,
            found,
            first: Difficulty::from_hashes(hashes / FIRST_SHARES),
        };
        for number in 0..threads.get() {
            let (common, tell) = (miner.common.clone(), tell.clone());
            thread::Builder::new()
                .name(format!("ergon-miner-{number}"))
                .spawn(move || hash(&common, engine, &tell))?;
        }
        Ok(miner)
    }

    /// Its meter.
    pub fn meter(&self) -> Meter {
        Meter(self.common.clone())
    }

    /// Mines over a connection until that ends. It rests while the work is idle: those who pay for the power are at home here.
    pub async fn run(
        &mut self,
        stream: impl AsyncRead + AsyncWrite,
        mut work: watch::Receiver<Arc<Work>>,
    ) -> Stopped {
        let stopped = self.talk(stream, &mut work).await;
        self.common.post(None, false);
        match stopped {
            Ok(never) => match never {},
            Err(stopped) => stopped,
        }
    }

    async fn talk(
        &mut self,
        stream: impl AsyncRead + AsyncWrite,
        work: &mut watch::Receiver<Arc<Work>>,
    ) -> Result<Never, Stopped> {
        let begun = Instant::now();
        let (read, mut write) = split(stream);
        let mut lines = FramedRead::new(read, LinesCodec::new_with_max_length(MAX_LINE));
        let (mut client, hello) = Client::<()>::new("ergon-worker", USER, "");
        for line in hello {
            write.write_all(line.as_bytes()).await?;
        }
        let first = client.suggest(self.first);
        write.write_all(first.as_bytes()).await?;
        let mut pings = interval(PING);
        // A difficulty counts from the next job on.
        let mut posted: Option<(Template, U256)> = None;
        loop {
            let events = tokio::select! {
                line = lines.next() => client.on_line(&line.ok_or(Stopped::Closed)??)?,
                Some(share) = self.found.recv() => {
                    if let Ok(line) = client.submit(&share, (), begun.elapsed()) {
                        write.write_all(line.as_bytes()).await?;
                    }
                    continue;
                }
                changed = work.changed() => {
                    changed.map_err(|_| Stopped::Closed)?;
                    work.borrow_and_update();
                    Vec::new()
                }
                _ = pings.tick() => {
                    write.write_all(client.ping().as_bytes()).await?;
                    client.on_tick(begun.elapsed())
                }
            };
            for event in events {
                match event {
                    Event::Send(line) => write.write_all(line.as_bytes()).await?,
                    Event::Job { template, .. } => {
                        posted = client
                            .difficulty()
                            .map(|difficulty| (template, difficulty.target()));
                    }
                    Event::Answered {
                        result: Err(refusal), ..
                    } => {
                        tracing::debug!(%refusal, "a share of the embedded miner was refused");
                    }
                    Event::Said(text) => tracing::warn!(?text, "embedded miner"),
                    Event::Difficulty(_)
                    | Event::Answered { .. }
                    | Event::Subscribed { .. }
                    | Event::Authorized
                    | Event::Reconnect => {}
                }
            }
            let idle = work.borrow().is_idle();
            let task = posted.as_ref().filter(|_| !idle).and_then(|(template, target)| {
                let Source::Upstream { id } = &template.source else {
                    return None;
                };
                Some(Task {
                    template: template.clone(),
                    job: id.clone(),
                    target: *target,
                })
            });
            self.post_if_new(task);
        }
    }

    fn post_if_new(&self, task: Option<Task>) {
        let same = {
            let board = self.common.board();
            match (&board.task, &task) {
                (None, None) => true,
                (Some(old), Some(new)) => {
                    old.job == new.job && old.target == new.target && old.template == new.template
                }
                _ => false,
            }
        };
        if !same {
            self.common.post(task, false);
        }
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.common.post(None, true);
    }
}

enum Never {}

/// Why the embedded miner stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The connection is gone: the server ends.
    #[error("the server has closed the connection")]
    Closed,
    /// The connection's fault.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A line that is none.
    #[error("{0}")]
    Line(#[from] tokio_util::codec::LinesCodecError),
    /// The server speaks otherwise than the client expects.
    #[error(transparent)]
    Client(#[from] super::client::ClientError),
}

/// A thread's life.
fn hash(common: &Common, engine: Engine, tell: &mpsc::Sender<Forward>) {
    while let Some((number, task)) = common.take() {
        let room = task.template.room;
        let own = common.extranonce2.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut extranonce2 = vec![0; room];
        // The low bytes, as many as there is room for.
        for (place, byte) in extranonce2.iter_mut().rev().zip(own.iter().rev()) {
            *place = *byte;
        }
        let template = &task.template;
        let coinbase = [&template.coinbase1[..], &extranonce2, &template.coinbase2].concat();
        let mut header = Header {
            version: template.version,
            previous: template.previous,
            merkle_root: merkle_root(&coinbase, &template.branches),
            ntime: template.ntime,
            nbits: template.nbits,
            nonce: 0,
        };
        let head = Head::new(&header.encode());
        // The target's highest four bytes: what the engine looks at.
        let highest = u32::try_from(task.target >> 224).unwrap_or(u32::MAX);
        let mut begin = 0u32;
        loop {
            let mut found = Vec::new();
            engine.scan(&head, begin, BATCH / STEP, highest, &mut |nonce| {
                found.push(nonce);
            });
            common.hashes.fetch_add(BATCH.into(), Ordering::Relaxed);
            for nonce in found {
                header.nonce = nonce;
                if U256::from_little_endian(&sha256d(&header.encode())) > task.target {
                    continue;
                }
                let share = Forward {
                    job: task.job.clone(),
                    extranonce2: extranonce2.clone(),
                    ntime: header.ntime,
                    nonce,
                    version_bits: None,
                };
                if tell.blocking_send(share).is_err() {
                    return;
                }
            }
            begin = begin.wrapping_add(BATCH);
            if begin == 0 || common.number.load(Ordering::Acquire) != number {
                break;
            }
        }
    }
}
