// SPDX-License-Identifier: Apache-2.0
//! The connection to a pool: kept up, and made again when it breaks.

#[cfg(test)]
mod tests;

use super::{
    client::{Client, ClientError, Event},
    difficulty::Difficulty,
    job::Template,
    limit::Gate,
    protocol::{Code, Refusal},
    server::{Answer, ToPool},
};
use futures::StreamExt;
use std::{fmt, str::FromStr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::{interval, sleep, timeout, Instant, MissedTickBehavior},
};
use tokio_util::codec::{FramedRead, LinesCodec};

/// Bytes of a line of a pool: a job's coinbase may be long.
const MAX_LINE: usize = 64 << 10;

/// How long a pool may take to let us in, and to read what we send.
const PATIENCE: Duration = Duration::from_secs(10);

/// A pool that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(300);

/// Waiting time after the first failure; it doubles up to [`LAST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_secs(30);

/// A pool's address: `stratum+tcp://host:port`, or without the scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

/// Not the address of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("upstream must be stratum+tcp://HOST:PORT; there is no TLS here")]
pub struct NotAnAddress;

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let rest = text
            .strip_prefix("stratum+tcp://")
            .or_else(|| text.strip_prefix("tcp://"))
            .unwrap_or(text);
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = rest.rsplit_once(':').ok_or(NotAnAddress)?;
        let plain = !host.is_empty() && !host.contains(['/', '@', ' ']);
        match port.parse::<u16>() {
            Ok(1..) if plain => Ok(Self(rest.to_owned())),
            _ => Err(NotAnAddress),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stratum+tcp://{}", self.0)
    }
}

/// A pool, and who we are there.
#[derive(Clone)]
pub struct Account {
    /// Where it is.
    pub address: Address,
    /// The worker's name.
    pub user: String,
    /// Its password. Most pools ignore it.
    pub password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("address", &self.address)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What the pool wants.
#[derive(Clone, Debug)]
pub enum News {
    /// It has let us in, and leaves so many bytes for extranonce2.
    Connected {
        /// Bytes.
        room: usize,
    },
    /// A job.
    Job {
        /// What it is made of.
        template: Template,
        /// The difficulty of its shares.
        difficulty: Difficulty,
        /// Earlier ones are stale.
        clean: bool,
    },
    /// Shares shall be as hard as this from now on.
    Difficulty(Difficulty),
    /// It is out of reach.
    Lost,
}

/// Why a connection to a pool ended.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Line(#[from] tokio_util::codec::LinesCodecError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("it does not answer")]
    Silent,
    #[error("it closed the connection")]
    Closed,
    #[error("it asked to be connected to anew")]
    Reconnect,
    #[error("nobody here listens any more")]
    Unheard,
}

/// Keeps the connection up until nobody listens any more.
pub async fn run(account: Account, mut shares: mpsc::Receiver<ToPool>, news: mpsc::Sender<News>) {
    let mut wait = FIRST_WAIT;
    loop {
        let begun = Instant::now();
        let broken = match connect(&account, &mut shares, &news).await {
            Ok(never) => match never {},
            Err(Broken::Unheard) => return,
            Err(broken) => broken,
        };
        tracing::warn!(pool = %account.address, "the pool is out of reach: {broken}; trying again");
        if news.send(News::Lost).await.is_err() {
            return;
        }
        // One that held for a while is not punished for those before it.
        if begun.elapsed() > LAST_WAIT {
            wait = FIRST_WAIT;
        }
        let pause = sleep(wait);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                share = shares.recv() => match share {
                    Some(share) => answer(share, Err(unreachable())),
                    None => return,
                }
            }
        }
        wait = (wait * 2).min(LAST_WAIT);
    }
}

enum Never {}

fn unreachable() -> Refusal {
    Refusal::new(Code::Other, "the pool is out of reach")
}

/// Gives a miner its answer, unless it is gone.
fn answer(share: ToPool, result: Result<(), Refusal>) {
    let answer = Answer {
        result,
        ..share.answer
    };
    if let Err(error) = share.back.try_send(answer) {
        tracing::debug!(%error, "a pool's answer finds nobody");
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), line: Arc<str>) -> Result<(), Broken> {
    match timeout(PATIENCE, stream.write_all(line.as_bytes())).await {
        Ok(sent) => Ok(sent?),
        Err(_) => Err(Broken::Silent),
    }
}

async fn connect(
    account: &Account,
    shares: &mut mpsc::Receiver<ToPool>,
    news: &mpsc::Sender<News>,
) -> Result<Never, Broken> {
    let stream = match timeout(PATIENCE, TcpStream::connect(&account.address.0)).await {
        Ok(stream) => stream?,
        Err(_) => return Err(Broken::Silent),
    };
    stream.set_nodelay(true)?;
    let agent = concat!("ergon-worker/", env!("CARGO_PKG_VERSION"));
    let (mut client, lines) = Client::new(agent, &account.user, &account.password);
    let ended = talk(&mut client, lines, stream, shares, news).await;
    for share in client.into_unanswered() {
        answer(share, Err(unreachable()));
    }
    ended
}

async fn talk(
    client: &mut Client<ToPool>,
    hello: Vec<Arc<str>>,
    stream: TcpStream,
    shares: &mut mpsc::Receiver<ToPool>,
    news: &mpsc::Sender<News>,
) -> Result<Never, Broken> {
    let begun = Instant::now();
    let (read, mut write) = stream.into_split();
    let mut lines = FramedRead::new(read, LinesCodec::new_with_max_length(MAX_LINE));
    for line in hello {
        send(&mut write, line).await?;
    }
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut heard, mut welcome) = (begun, false);
    let mut gate = Gate::default();
    loop {
        let events = tokio::select! {
            line = lines.next() => {
                heard = Instant::now();
                client.on_line(&line.ok_or(Broken::Closed)??)?
            }
            share = shares.recv() => {
                let share = share.ok_or(Broken::Unheard)?;
                let forward = share.share.clone();
                match client.submit(&forward, share, begun.elapsed()) {
                    Ok(line) => send(&mut write, line).await?,
                    Err(share) => {
                        answer(share, Err(Refusal::new(Code::Other, "the pool does not keep up")));
                    }
                }
                Vec::new()
            }
            _ = ticks.tick() => {
                let patience = if welcome { SILENCE } else { PATIENCE };
                if heard.elapsed() > patience {
                    return Err(Broken::Silent);
                }
                client.on_tick(begun.elapsed())
            }
        };
        for event in events {
            let told = match event {
                Event::Send(line) => {
                    send(&mut write, line).await?;
                    continue;
                }
                Event::Answered { token, result } => {
                    answer(token, result);
                    continue;
                }
                Event::Authorized => {
                    welcome = true;
                    continue;
                }
                Event::Said(text) => {
                    if let Some(held) = gate.pass(begun.elapsed()) {
                        tracing::info!(?text, like_this_not_shown = held, "the pool says");
                    }
                    continue;
                }
                Event::Reconnect => return Err(Broken::Reconnect),
                Event::Subscribed { extranonce2 } => News::Connected { room: extranonce2 },
                Event::Difficulty(difficulty) => News::Difficulty(difficulty),
                Event::Job { template, clean } => News::Job {
                    template,
                    // Stratum's difficulty until another is said.
                    difficulty: client
                        .difficulty()
                        .unwrap_or_else(|| Difficulty::from_hashes(1 << 32)),
                    clean,
                },
            };
            news.send(told).await.map_err(|_| Broken::Unheard)?;
        }
    }
}
