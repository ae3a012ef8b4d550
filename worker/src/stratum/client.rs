// SPDX-License-Identifier: Apache-2.0
//! The miner's side of Stratum V1 as a state machine: towards a pool, and for the embedded miner towards this server.
//!
//! A pool is a stranger too: every field is checked, and everything that is kept is bounded.

#[cfg(test)]
mod tests;

use super::{
    difficulty::Difficulty,
    job::{swap_words, Source, Template, MAX_ROOM},
    protocol::{granted, refused, request, Code, Fields, Id, Message, Refusal},
    session::Forward,
};
use compute_proof::{hashrate::VERSION_MASK, Hash};
use serde_json::{json, Value};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Shares whose answers are awaited, at most.
pub const MAX_PENDING: usize = 256;

/// A pool that has not answered a share for so long never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of a coinbase's parts that are read.
const MAX_COINBASE: usize = 16 << 10;

/// Branches that are read: a block of 2^32 transactions has as many.
const MAX_BRANCHES: usize = 32;

/// Bytes of a pool's own extranonce1.
const MAX_EXTRANONCE1: usize = 32;

const CONFIGURE: i64 = 1;
const SUBSCRIBE: i64 = 2;
const AUTHORIZE: i64 = 3;
const EXTRANONCE: i64 = 4;
const PING: i64 = 5;
const SUGGEST: i64 = 6;
/// Shares count up from here.
const FIRST_SHARE: i64 = 16;

/// What a client wants done, or has learnt.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<T> {
    /// Send this line.
    Send(Arc<str>),
    /// Subscribed: the length of extranonce2.
    Subscribed {
        /// Bytes that are the miner's.
        extranonce2: usize,
    },
    /// The worker's name was taken.
    Authorized,
    /// There is a job.
    Job {
        /// What it is made of. Its room is extranonce2; extranonce1 is in its coinbase.
        template: Template,
        /// Earlier jobs are stale.
        clean: bool,
    },
    /// The difficulty has changed.
    Difficulty(Difficulty),
    /// A share was answered.
    Answered {
        /// Whose.
        token: T,
        /// Whether it was taken.
        result: Result<(), Refusal>,
    },
    /// The pool asks to be connected to anew.
    Reconnect,
    /// The pool says something to a person.
    Said(String),
}

/// Why a client can't go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Something that is no Stratum, or a field that can't be.
    #[error("it speaks no Stratum that this program knows: {0}")]
    Protocol(String),
    /// It refuses the subscription.
    #[error("it refuses the subscription: {0}")]
    NotSubscribed(String),
    /// It refuses the worker's name.
    #[error("it refuses the worker {user}: {reason}")]
    NotAuthorized {
        /// The name.
        user: String,
        /// The pool's words.
        reason: String,
    },
}

impl From<Refusal> for ClientError {
    fn from(refusal: Refusal) -> Self {
        Self::Protocol(refusal.to_string())
    }
}

/// The client. `T` tells its user's shares apart.
#[derive(Debug)]
pub struct Client<T> {
    user: String,
    extranonce: Option<(Vec<u8>, usize)>,
    mask: u32,
    difficulty: Option<Difficulty>,
    pending: BTreeMap<i64, (Duration, T)>,
    next: i64,
}

impl<T> Client<T> {
    /// A client, and the lines with which it begins.
    pub fn new(agent: &str, user: &str, password: &str) -> (Self, Vec<Arc<str>>) {
        let options = json!({
            "version-rolling.mask": format!("{VERSION_MASK:08x}"),
            "version-rolling.min-bit-count": 2,
        });
        let lines = vec![
            request(
                CONFIGURE,
                "mining.configure",
                &json!([["version-rolling"], options]),
            ),
            request(SUBSCRIBE, "mining.subscribe", &json!([agent])),
            request(AUTHORIZE, "mining.authorize", &json!([user, password])),
            request(EXTRANONCE, "mining.extranonce.subscribe", &json!([])),
        ];
        let client = Self {
            user: user.to_owned(),
            extranonce: None,
            mask: 0,
            difficulty: None,
            pending: BTreeMap::new(),
            next: FIRST_SHARE,
        };
        (client, lines)
    }

    /// The difficulty that the server said last.
    pub fn difficulty(&self) -> Option<Difficulty> {
        self.difficulty
    }

    /// A line that keeps the connection in use.
    pub fn ping(&self) -> Arc<str> {
        request(PING, "mining.ping", &json!([]))
    }

    /// A line that asks for a difficulty.
    pub fn suggest(&self, difficulty: Difficulty) -> Arc<str> {
        request(
            SUGGEST,
            "mining.suggest_difficulty",
            &json!([difficulty.to_json()]),
        )
    }

    /// A line that submits a share; the share's token back, if too many are unanswered.
    ///
    /// # Errors
    /// The token.
    pub fn submit(&mut self, share: &Forward, token: T, now: Duration) -> Result<Arc<str>, T> {
        if self.pending.len() >= MAX_PENDING {
            return Err(token);
        }
        let id = self.next;
        self.next = self.next.checked_add(1).unwrap_or(FIRST_SHARE);
        self.pending.insert(id, (now, token));
        let mut params = vec![
            json!(self.user),
            json!(share.job),
            json!(hex::encode(&share.extranonce2)),
            json!(format!("{:08x}", share.ntime)),
            json!(format!("{:08x}", share.nonce)),
        ];
        params.extend(share.version_bits.map(|bits| json!(format!("{bits:08x}"))));
        Ok(request(id, "mining.submit", &params.into()))
    }

    /// Gives up on shares that were not answered in time.
    pub fn on_tick(&mut self, now: Duration) -> Vec<Event<T>> {
        let mut given_up = Vec::new();
        while let Some(entry) = self.pending.first_entry() {
            if now.saturating_sub(entry.get().0) < PATIENCE {
                break;
            }
            given_up.push(Event::Answered {
                token: entry.remove().1,
                result: Err(Refusal::new(Code::Other, "the pool did not answer")),
            });
        }
        given_up
    }

    /// Takes back the shares that will not be answered: the connection is over.
    pub fn into_unanswered(self) -> impl Iterator<Item = T> {
        self.pending.into_values().map(|(_, token)| token)
    }

    /// Takes a line.
    ///
    /// # Errors
    /// [`ClientError`]: then the connection is of no use.
    pub fn on_line(&mut self, line: &str) -> Result<Vec<Event<T>>, ClientError> {
        match Message::parse(line).map_err(|(_, refusal)| refusal)? {
            Message::Answer { id, result, error } => self.on_answer(&id, &result, &error),
            Message::Request { id, method, params } => self.on_request(&id, &method, &params),
        }
    }

    fn on_answer(&mut self, id: &Id, result: &Value, error: &Value) -> Result<Vec<Event<T>>, ClientError> {
        let Id::Number(number) = id else {
            return Ok(Vec::new());
        };
        match *number {
            CONFIGURE => {
                // A pool that knows nothing of it lets nothing be rolled.
                let rolls = result.get("version-rolling") == Some(&Value::Bool(true));
                if rolls {
                    let mask = result.get("version-rolling.mask").cloned().unwrap_or_default();
                    self.set_mask(&[mask])?;
                }
                Ok(Vec::new())
            }
            SUBSCRIBE => {
                let Value::Array(fields) = result else {
                    return Err(ClientError::NotSubscribed(words(error)));
                };
                self.set_extranonce(fields.get(1..).unwrap_or(&[]))?;
                let extranonce2 = self.extranonce.as_ref().map_or(0, |(_, length)| *length);
                Ok(vec![Event::Subscribed { extranonce2 }])
            }
            AUTHORIZE if *result == Value::Bool(true) => Ok(vec![Event::Authorized]),
            AUTHORIZE => Err(ClientError::NotAuthorized {
                user: self.user.clone(),
                reason: words(error),
            }),
            EXTRANONCE | PING | SUGGEST => Ok(Vec::new()),
            share => {
                let Some((_, token)) = self.pending.remove(&share) else {
                    return Ok(Vec::new());
                };
                let result = match *result == Value::Bool(true) {
                    true => Ok(()),
                    false => Err(refusal(error)),
                };
                Ok(vec![Event::Answered { token, result }])
            }
        }
    }

    fn on_request(&mut self, id: &Id, method: &str, params: &[Value]) -> Result<Vec<Event<T>>, ClientError> {
        let fields = Fields(params);
        Ok(match method {
            "mining.set_difficulty" => {
                let difficulty = fields.difficulty(0)?;
                self.difficulty = Some(difficulty);
                vec![Event::Difficulty(difficulty)]
            }
            "mining.notify" => {
                let clean = params.get(8).and_then(Value::as_bool).unwrap_or(true);
                let template = self.template(params)?;
                vec![Event::Job { template, clean }]
            }
            "mining.set_extranonce" => {
                self.set_extranonce(params)?;
                Vec::new()
            }
            "mining.set_version_mask" => {
                self.set_mask(params)?;
                Vec::new()
            }
            "client.reconnect" => vec![Event::Reconnect],
            "client.show_message" => vec![Event::Said(fields.text(0, "message")?)],
            "client.get_version" => {
                let version = json!(concat!("ergon-worker/", env!("CARGO_PKG_VERSION")));
                vec![Event::Send(granted(id, &version))]
            }
            "mining.ping" => vec![Event::Send(granted(id, &json!("pong")))],
            _ if *id == Id::None => Vec::new(),
            _ => {
                let refusal = Refusal::new(Code::Other, format!("there is no method {method}"));
                vec![Event::Send(refused(id, &refusal))]
            }
        })
    }

    fn set_mask(&mut self, params: &[Value]) -> Result<(), ClientError> {
        self.mask = Fields(params).hex32(0, "version-rolling.mask")? & VERSION_MASK;
        Ok(())
    }

    fn set_extranonce(&mut self, params: &[Value]) -> Result<(), ClientError> {
        let extranonce1 = Fields(params).bytes(0, "extranonce1", MAX_EXTRANONCE1)?;
        let length = params.get(1).and_then(Value::as_u64);
        let length = length.and_then(|length| usize::try_from(length).ok());
        match length {
            Some(length) if (1..=MAX_ROOM).contains(&length) => {
                self.extranonce = Some((extranonce1, length));
                Ok(())
            }
            _ => Err(ClientError::Protocol(format!(
                "extranonce2_size must be 1 to {MAX_ROOM} bytes"
            ))),
        }
    }

    fn template(&self, params: &[Value]) -> Result<Template, ClientError> {
        let fields = Fields(params);
        let Some((extranonce1, room)) = &self.extranonce else {
            return Err(ClientError::Protocol("a job came before the extranonces".into()));
        };
        let hash = |value: &Value, name| -> Result<Hash, Refusal> {
            let bytes = Fields(std::slice::from_ref(value)).bytes(0, name, 32)?;
            Hash::try_from(bytes).map_err(|_| Refusal::new(Code::Other, format!("{name} must have 32 bytes")))
        };
        let branches = match params.get(4) {
            Some(Value::Array(branches)) if branches.len() <= MAX_BRANCHES => branches
                .iter()
                .map(|branch| hash(branch, "branch"))
                .collect::<Result<_, _>>()?,
            _ => {
                return Err(ClientError::Protocol(format!(
                    "branches must be a list of at most {MAX_BRANCHES}"
                )))
            }
        };
        let mut coinbase1 = fields.bytes(2, "coinb1", MAX_COINBASE)?;
        coinbase1.extend(extranonce1);
        let ntime = fields.hex32(7, "ntime")?;
        Ok(Template {
            source: Source::Upstream {
                id: fields.text(0, "job id")?,
            },
            previous: swap_words(hash(params.get(1).unwrap_or(&Value::Null), "prevhash")?),
            coinbase1,
            room: *room,
            coinbase2: fields.bytes(3, "coinb2", MAX_COINBASE)?,
            branches,
            version: fields.hex32(5, "version")?,
            version_mask: self.mask,
            nbits: fields.hex32(6, "nbits")?,
            ntime,
            earliest: ntime,
        })
    }
}

/// A pool's error, as Stratum or as JSON-RPC writes it.
fn refusal(error: &Value) -> Refusal {
    let number = error.get(0).or_else(|| error.get("code")).and_then(Value::as_i64);
    let code = match number {
        Some(21) => Code::JobNotFound,
        Some(22) => Code::Duplicate,
        Some(23) => Code::LowDifficulty,
        Some(24) => Code::Unauthorized,
        Some(25) => Code::NotSubscribed,
        _ => Code::Other,
    };
    Refusal::new(code, words(error))
}

/// A pool's words, shortened: they go into logs and to miners.
fn words(error: &Value) -> String {
    let text = match error.get(1).or_else(|| error.get("message")) {
        Some(Value::String(text)) => text.clone(),
        _ if error.is_null() => "without a reason".into(),
        _ => error.to_string(),
    };
    text.chars().take(super::protocol::MAX_TEXT).collect()
}
