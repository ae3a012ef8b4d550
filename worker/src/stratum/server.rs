// SPDX-License-Identifier: Apache-2.0
//! The port: miners' connections, each in a task of its own, with a bound on everything that it may take.
//!
//! A connection holds one line of at most [`Limits::line`] bytes and its codec's buffer, [`Limits::queue`] outgoing lines and as many answers of a pool as can be
//! on their way, eight jobs (which it shares with the others) and sixteen bytes for each of 2,048 shares of them: all in all less than [`CONNECTION_MEMORY`].

mod connection;
#[cfg(test)]
mod tests;

pub use connection::{Answer, Ended, ToPool};

use super::{core::Shared, difficulty::Difficulty, director::Work, job::Split, session::Moment};
use connection::Connection;
use std::{
    net::SocketAddr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
    time::sleep,
};

/// Bytes that one connection takes, at most.
pub const CONNECTION_MEMORY: usize = 256 << 10;

/// Bounds of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a line.
    pub line: usize,
    /// Lines that wait to be sent.
    pub queue: usize,
    /// How long a connection may take to subscribe and to be authorized.
    pub handshake: Duration,
    /// How long a miner may say nothing.
    pub idle: Duration,
    /// How long it may take to read what waits for it.
    pub write: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 4_096,
            queue: 64,
            handshake: Duration::from_secs(20),
            idle: Duration::from_secs(900),
            write: Duration::from_secs(10),
        }
    }
}

/// What a connection needs to know of its server.
#[derive(Clone, Debug)]
pub struct Context {
    /// What all connections share.
    pub shared: Shared,
    /// How extranonces are divided for new connections.
    pub split: Split,
    /// The difficulty to begin with.
    pub difficulty: Difficulty,
    /// Shares a minute from each miner.
    pub per_minute: u32,
    /// Bounds.
    pub limits: Limits,
    /// What is worked on.
    pub work: watch::Receiver<std::sync::Arc<Work>>,
    /// Where a pool's shares go.
    pub pool: mpsc::Sender<ToPool>,
    /// When the server began.
    pub begun: Instant,
}

impl Context {
    /// Now.
    pub fn moment(&self) -> Moment {
        Moment {
            now: self.begun.elapsed(),
            unix: unix_now(),
        }
    }

    /// A log line about a connection that is refused or cut off, unless there are too many of its kind.
    fn tell(&self, peer: Option<SocketAddr>, kind: &'static str, reason: &str) {
        if let Some(held) = self.shared.may_log(kind, self.begun.elapsed()) {
            let peer = peer.map_or("this process".to_owned(), |peer| peer.to_string());
            tracing::warn!(peer, kind, reason, like_this_not_shown = held, "miner refused");
        }
    }
}

/// Seconds of Unix time.
pub fn unix_now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}

/// Takes miners in until it is dropped.
pub async fn listen(listener: TcpListener, context: Context) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // A job is one small packet, and a share another: neither should wait for more.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%peer, %error, "no TCP_NODELAY");
                    }
                    let context = context.clone();
                    match Guest::admit(&context, Some(peer)) {
                        Ok(guest) => drop(connections.spawn(async move { serve(stream, guest, context).await })),
                        Err(full) => context.tell(Some(peer), "full", &full.to_string()),
                    }
                }
                Err(error) => {
                    // Out of file descriptors, most likely: those that are connected are served on.
                    context.tell(None, "accept", &error.to_string());
                    sleep(Duration::from_millis(100)).await;
                }
            },
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a connection's task failed");
                }
            }
        }
    }
}

/// A connection that was let in; whatever becomes of it, its place is free afterwards.
pub struct Guest {
    shared: Shared,
    admission: super::core::Admission,
    peer: Option<SocketAddr>,
}

impl Guest {
    /// Lets a connection in, of this process if there is no peer.
    ///
    /// # Errors
    /// [`Full`](super::core::Full).
    pub fn admit(context: &Context, peer: Option<SocketAddr>) -> Result<Self, super::core::Full> {
        let admission = context.shared.admit(peer.map(|peer| peer.ip()))?;
        Ok(Self {
            shared: context.shared.clone(),
            admission,
            peer,
        })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.shared.leave(self.admission);
    }
}

/// Serves one connection until it ends, and says in the log why, if it was cut off.
pub async fn serve<S>(stream: S, guest: Guest, context: Context) -> Ended
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let peer = guest.peer;
    let Some(connection) = Connection::new(&context, guest.admission.seat, peer.is_none()) else {
        return Ended::Closed;
    };
    let ended = connection.run(stream).await;
    match ended.kind() {
        Some(kind) => context.tell(peer, kind, &ended.to_string()),
        None => tracing::debug!(?peer, "miner gone"),
    }
    ended
}
