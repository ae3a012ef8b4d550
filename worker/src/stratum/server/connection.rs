// SPDX-License-Identifier: Apache-2.0
//! One connection: reads lines into its session, and does what that says.

use super::{Context, Limits};
use crate::stratum::{
    difficulty::Difficulty,
    limit::{refill, Budget},
    protocol::{granted, refused, Code, Id, Refusal},
    seats::Seat,
    session::{Effect, Forward, Session},
    statistics::Verdict,
    vardiff::Goal,
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
    seat: Seat,
    /// None for the embedded miner.
    budget: Option<Budget>,
    fault: Option<Refusal>,
}

impl<'a> Connection<'a> {
    pub fn new(context: &'a Context, seat: Seat, embedded: bool) -> Option<Self> {
        let now = context.moment().now;
        let work = context.work.borrow().clone();
        let session = Session::new(seat, context.split, work, context.difficulty, now)?;
        Some(Self {
            context,
            session: if embedded {
                session.resting_when_idle()
            } else {
                session
            },
            seat,
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
        let (back, mut answers) = mpsc::channel(queue);
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
                    let goal = self.goal();
                    self.session.on_work(work, self.context.moment(), goal)
                }
                Some(answer) = answers.recv() => answered(answer),
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
                Some(ended) = writer.join_next() => return ended.unwrap_or(Ended::Closed),
            };
            for effect in effects {
                if let Err(ended) = self.perform(effect, &out, &back) {
                    return ended;
                }
            }
        }
    }

    /// Says how strong this miner is, and hears of all: what follows for their difficulties.
    fn goal(&mut self) -> Goal {
        let rate = self.session.rate(self.context.moment().now);
        let total_rate = self.context.shared.note_rate(self.seat, rate);
        let window = self.context.work.borrow().window;
        self.context.goal(total_rate, window)
    }

    fn retarget(&mut self) -> Vec<Effect> {
        let goal = self.goal();
        self.session.on_tick(self.context.moment(), goal)
    }

    fn perform(
        &mut self,
        effect: Effect,
        out: &mpsc::Sender<Arc<str>>,
        back: &mpsc::Sender<Answer>,
    ) -> Result<(), Ended> {
        let shared = &self.context.shared;
        let now = self.context.moment().now;
        match effect {
            Effect::Send(line) => match out.try_send(line) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => return Err(Ended::Slow),
                Err(TrySendError::Closed(_)) => return Err(Ended::Closed),
            },
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
                    for effect in answered(answer) {
                        self.perform(effect, out, &lost.back)?;
                    }
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
        Ok(())
    }
}

/// What the pool's answer means for its miner.
fn answered(answer: Answer) -> Vec<Effect> {
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
    vec![Effect::Send(line), Effect::Count { user, verdict }]
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
