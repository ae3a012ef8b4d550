// SPDX-License-Identifier: Apache-2.0
//! One connection: reads lines into its session, and does what that says.

use super::{Context, Limits};
use crate::stratum::{
    client::MAX_PENDING,
    difficulty::Difficulty,
    limit::{refill, Budget},
    protocol::{granted, refused, Code, Id, Refusal},
    seats::Seat,
    session::{Effect, Forward, Session},
    statistics::Verdict,
};
use futures::StreamExt;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{split, AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::mpsc::{self, error::TrySendError},
    task::JoinSet,
    time::{interval, timeout, MissedTickBehavior},
};
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};

/// How often a session looks at its difficulty.
const TICK: Duration = Duration::from_secs(1);

/// A share on its way to the pool.
#[derive(Debug)]
pub struct ToPool {
    /// The share.
    pub share: Forward,
    /// Where the pool's answer goes.
    pub back: mpsc::Sender<Answer>,
    /// Whose it is.
    pub answer: Answer,
}

/// What the pool said of a share.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The miner's request.
    pub id: Id,
    /// Whose share it is.
    pub user: String,
    /// At which difficulty it counts.
    pub difficulty: Difficulty,
    /// Whether it was taken.
    pub result: Result<(), Refusal>,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// By the miner, or with the server.
    #[error("closed")]
    Closed,
    /// The network's fault.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// A line was longer than [`Limits::line`].
    #[error("a line is longer than {0} bytes")]
    LongLine(usize),
    /// It does not read what it is sent.
    #[error("it does not read what it is sent")]
    Slow,
    /// It sends too much, or too much that is wrong.
    #[error("too many lines, or too many wrong ones; the last fault: {0}")]
    Flood(String),
    /// It did not subscribe, or was not authorized, in time.
    #[error("it has not subscribed and authorized a worker in time")]
    Handshake,
    /// It has said nothing for [`Limits::idle`].
    #[error("it has said nothing for too long")]
    Idle,
}

impl Ended {
    /// A word for the log's rate limit; `None` for an end that is nobody's fault.
    pub fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Closed | Self::Broken(_) => None,
            Self::LongLine(_) => Some("long line"),
            Self::Slow => Some("slow reader"),
            Self::Flood(_) => Some("flood"),
            Self::Handshake => Some("handshake"),
            Self::Idle => Some("idle"),
        }
    }
}

pub(super) struct Connection<'a> {
    context: &'a Context,
    session: Session,
    /// None for the embedded miner.
    budget: Option<Budget>,
    fault: Option<Refusal>,
}

impl<'a> Connection<'a> {
    pub fn new(context: &'a Context, seat: Seat, embedded: bool) -> Option<Self> {
        let now = context.moment().now;
        let work = context.work.borrow().clone();
        let (split, difficulty, per_minute) = (context.split, context.difficulty, context.per_minute);
        let session = Session::new(seat, split, work, difficulty, per_minute, now)?;
        Some(Self {
            context,
            session: if embedded {
                session.resting_when_idle()
            } else {
                session
            },
            budget: (!embedded).then(|| Budget::new(now)),
            fault: None,
        })
    }

    pub async fn run<S>(mut self, stream: S) -> Ended
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let Limits {
            line,
            queue,
            handshake,
            idle,
            write,
        } = self.context.limits;
        let (read, write_half) = split(stream);
        let mut lines = FramedRead::with_capacity(read, LinesCodec::new_with_max_length(line), 1_024);
        let (out, outgoing) = mpsc::channel(queue);
        // As many as can be on their way: none is lost.
        let (back, mut answers) = mpsc::channel(MAX_PENDING);
        let mut writer = JoinSet::new();
        writer.spawn(write_lines(write_half, outgoing, write));
        let mut work = self.context.work.clone();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let begun = self.context.moment().now;
        let mut heard = begun;
        loop {
            let effects = tokio::select! {
                next = lines.next() => match next {
                    None => return Ended::Closed,
                    Some(Err(LinesCodecError::MaxLineLengthExceeded)) => return Ended::LongLine(line),
                    Some(Err(LinesCodecError::Io(error))) if error.kind() == std::io::ErrorKind::InvalidData => {
                        return Ended::Flood("a line is not text".into());
                    }
                    Some(Err(LinesCodecError::Io(error))) => return Ended::Broken(error.to_string()),
                    Some(Ok(line)) => {
                        let moment = self.context.moment();
                        heard = moment.now;
                        let mut effects = self.session.on_line(&line, moment);
                        // A strong newcomer sends many shares before the next tick.
                        if self.session.is_due(moment.now) {
                            effects.extend(self.retarget());
                        }
                        effects
                    }
                },
                changed = work.changed() => {
                    if changed.is_err() {
                        return Ended::Closed;
                    }
                    let work = work.borrow_and_update().clone();
                    self.session.on_work(work, self.context.moment())
                }
                Some(answer) = answers.recv() => {
                    let (line, user, verdict) = answered(answer);
                    vec![Effect::Send(line), Effect::Count { user, verdict }]
                }
                _ = ticks.tick() => {
                    let moment = self.context.moment();
                    if !self.session.is_mining() && moment.now.saturating_sub(begun) > handshake {
                        return Ended::Handshake;
                    }
                    if moment.now.saturating_sub(heard) > idle {
                        return Ended::Idle;
                    }
                    self.retarget()
                }
                ended = end_of(&mut writer) => return ended,
            };
            for effect in effects {
                let line = match self.perform(effect, &back) {
                    Ok(Some(line)) => line,
                    Ok(None) => continue,
                    Err(ended) => return ended,
                };
                // Until there is room nothing more is read: who sends a lot at once waits for the answers.
                match timeout(write, out.send(line)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return end_of(&mut writer).await,
                    Err(_) => return Ended::Slow,
                }
            }
        }
    }

    fn retarget(&mut self) -> Vec<Effect> {
        self.session.on_tick(self.context.moment())
    }

    /// Does what the session says, but for sending: these lines.
    fn perform(&mut self, effect: Effect, back: &mpsc::Sender<Answer>) -> Result<Option<Arc<str>>, Ended> {
        let shared = &self.context.shared;
        let now = self.context.moment().now;
        match effect {
            Effect::Send(line) => return Ok(Some(line)),
            Effect::Seen(user) => shared.seen(&user, now),
            Effect::Count { user, verdict } => shared.count(&user, verdict, now),
            Effect::Offer {
                challenge,
                hash,
                share,
            } => {
                shared.offer(&challenge, hash, share);
            }
            Effect::Forward {
                id,
                user,
                difficulty,
                share,
            } => {
                let answer = Answer {
                    id,
                    user,
                    difficulty,
                    result: Ok(()),
                };
                let back = back.clone();
                if let Err(error) = self.context.pool.try_send(ToPool { share, back, answer }) {
                    let (TrySendError::Full(lost) | TrySendError::Closed(lost)) = error;
                    let refusal = Refusal::new(Code::Other, "the pool can't be reached, or takes too long");
                    let answer = Answer {
                        result: Err(refusal),
                        ..lost.answer
                    };
                    let (line, user, verdict) = answered(answer);
                    shared.count(&user, verdict, now);
                    return Ok(Some(line));
                }
            }
            Effect::Spend(cost, fault) => {
                self.fault = fault.or(self.fault.take());
                let refill = refill(self.context.work.borrow().window);
                let enough = match &mut self.budget {
                    Some(budget) => budget.spend(cost, now, refill),
                    None => true,
                };
                if !enough {
                    let fault = self.fault.take();
                    let fault = fault.map_or("none, only too many".into(), |fault| fault.to_string());
                    return Err(Ended::Flood(fault));
                }
            }
        }
        Ok(None)
    }
}

/// What the pool's answer means for its miner: a line, and what counts for whom.
fn answered(answer: Answer) -> (Arc<str>, String, Verdict) {
    let Answer {
        id,
        user,
        difficulty,
        result,
    } = answer;
    let (line, verdict) = match result {
        Ok(()) => (granted(&id, &json!(true)), Verdict::Accepted(difficulty)),
        Err(refusal) => {
            let verdict = match refusal.code {
                Code::JobNotFound => Verdict::Stale,
                Code::Duplicate => Verdict::Duplicate,
                Code::LowDifficulty => Verdict::Low,
                Code::Other | Code::Unauthorized | Code::NotSubscribed => Verdict::Invalid,
            };
            (refused(&id, &refusal), verdict)
        }
    };
    (line, user, verdict)
}

/// Why the writer ended.
async fn end_of(writer: &mut JoinSet<Ended>) -> Ended {
    match writer.join_next().await {
        Some(Ok(ended)) => ended,
        _ => Ended::Closed,
    }
}

/// Writes what waits, as long as it is read.
async fn write_lines(
    mut stream: impl AsyncWrite + Unpin,
    mut lines: mpsc::Receiver<Arc<str>>,
    patience: Duration,
) -> Ended {
    while let Some(line) = lines.recv().await {
        match timeout(patience, stream.write_all(line.as_bytes())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Ended::Broken(error.to_string()),
            Err(_) => return Ended::Slow,
        }
    }
    Ended::Closed
}
