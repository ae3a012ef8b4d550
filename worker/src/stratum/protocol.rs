// SPDX-License-Identifier: Apache-2.0
//! The lines of Stratum V1: JSON-RPC, one object a line, in both directions.
//!
//! What a line may hold is read with every field checked; a refusal names the field. Lines are bounded by whoever reads them.

#[cfg(test)]
mod tests;

use super::difficulty::{Difficulty, NotADifficulty};
use serde::Deserialize;
use serde_json::{json, Value};
use std::{borrow::Cow, sync::Arc};

/// The most characters of a name, a password, an agent or a job's name that are read.
pub const MAX_TEXT: usize = 128;

/// The most bytes of an extranonce2 that are read.
const MAX_EXTRANONCE: usize = 16;

/// Why a request is refused, by Stratum's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// 20: any other reason.
    Other = 20,
    /// 21: the job is stale, or there never was one of that name.
    JobNotFound = 21,
    /// 22: the share was there already.
    Duplicate = 22,
    /// 23: the hash is above the target.
    LowDifficulty = 23,
    /// 24: the worker is not authorized.
    Unauthorized = 24,
    /// 25: the connection has not subscribed.
    NotSubscribed = 25,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Which kind.
    pub code: Code,
    /// What is wrong.
    pub message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// A request's number, to be given back as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Id {
    /// There is none: a notification.
    #[default]
    None,
    /// An integer.
    Number(i64),
    /// A text.
    Text(String),
}

impl Id {
    fn read(value: Option<&Value>) -> Result<Self, Refusal> {
        match value {
            None | Some(Value::Null) => Ok(Self::None),
            Some(Value::String(text)) if text.len() <= MAX_TEXT => Ok(Self::Text(text.clone())),
            Some(Value::Number(number)) => number.as_i64().map(Self::Number).ok_or(ID),
            Some(_) => Err(ID),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Number(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

const ID: Refusal = Refusal {
    code: Code::Other,
    message: Cow::Borrowed("id must be an integer, a short text or null"),
};

/// Any line.
#[derive(Deserialize)]
struct Line {
    id: Option<Value>,
    method: Option<String>,
    params: Option<Value>,
    result: Option<Value>,
    error: Option<Value>,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Somebody asks, or tells if there is no id.
    Request {
        /// To be given back.
        id: Id,
        /// What is asked.
        method: String,
        /// Its parameters.
        params: Vec<Value>,
    },
    /// Somebody answers.
    Answer {
        /// Of the request.
        id: Id,
        /// What was asked for, or null.
        result: Value,
        /// Why not, or null.
        error: Value,
    },
}

/// A line that is no message, and the id to answer with, as far as there is one.
pub type Malformed = (Id, Refusal);

impl Message {
    /// Reads a line.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(line: &str) -> Result<Self, Malformed> {
        let other = |message: &'static str| Refusal::new(Code::Other, message);
        let line: Line = serde_json::from_str(line).map_err(|error| {
            (
                Id::None,
                Refusal::new(Code::Other, format!("not a message: {error}")),
            )
        })?;
        let id = Id::read(line.id.as_ref()).map_err(|refusal| (Id::None, refusal))?;
        match (line.method, line.params) {
            (None, _) if id == Id::None => Err((id, other("a message has a method or an id"))),
            (None, _) => Ok(Self::Answer {
                id,
                result: line.result.unwrap_or_default(),
                error: line.error.unwrap_or_default(),
            }),
            (Some(method), _) if method.len() > MAX_TEXT => Err((id, other("method is too long"))),
            (Some(method), None | Some(Value::Null)) => Ok(Self::Request {
                id,
                method,
                params: Vec::new(),
            }),
            (Some(method), Some(Value::Array(params))) => Ok(Self::Request { id, method, params }),
            (Some(_), Some(_)) => Err((id, other("params must be a list"))),
        }
    }
}

/// What a miner asks of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `mining.configure` (BIP 310).
    Configure(Configure),
    /// `mining.subscribe`
    Subscribe {
        /// What the miner calls itself.
        agent: String,
    },
    /// `mining.authorize`. The password decides nothing, and is not kept.
    Authorize {
        /// The worker's name.
        user: String,
    },
    /// `mining.extranonce.subscribe`
    ExtranonceSubscribe,
    /// `mining.suggest_difficulty`
    SuggestDifficulty(Difficulty),
    /// `mining.submit`
    Submit(Submit),
    /// `mining.ping`
    Ping,
}

/// What a miner would like to be configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configure {
    /// The extensions that it names, as far as this server knows them.
    pub version_rolling: Option<u32>,
    /// `minimum-difficulty`
    pub minimum_difficulty: Option<Difficulty>,
    /// `subscribe-extranonce`
    pub subscribe_extranonce: bool,
    /// Those that it does not know.
    pub unknown: Vec<String>,
}

/// A share, as it is submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// The worker's name.
    pub user: String,
    /// The job's name.
    pub job: String,
    /// The miner's bytes.
    pub extranonce2: Vec<u8>,
    /// Seconds of Unix time.
    pub ntime: u32,
    /// The header's nonce.
    pub nonce: u32,
    /// The version's rolled bits, in their places.
    pub version_bits: Option<u32>,
}

impl Request {
    /// Reads a request; `None`, if there is no such method.
    ///
    /// # Errors
    /// [`Refusal`], which names the parameter.
    pub fn read(method: &str, params: &[Value]) -> Result<Option<Self>, Refusal> {
        let fields = Fields(params);
        Ok(Some(match method {
            "mining.configure" => Self::Configure(Configure::read(params)?),
            "mining.subscribe" => Self::Subscribe {
                agent: fields.text_or_none(0, "agent")?,
            },
            "mining.authorize" => Self::Authorize {
                user: fields.text(0, "user")?,
            },
            "mining.extranonce.subscribe" => Self::ExtranonceSubscribe,
            "mining.suggest_difficulty" => Self::SuggestDifficulty(fields.difficulty(0)?),
            "mining.submit" => Self::Submit(Submit {
                user: fields.text(0, "user")?,
                job: fields.text(1, "job id")?,
                extranonce2: fields.bytes(2, "extranonce2", MAX_EXTRANONCE)?,
                ntime: fields.hex32(3, "ntime")?,
                nonce: fields.hex32(4, "nonce")?,
                version_bits: match params.get(5) {
                    None | Some(Value::Null) => None,
                    Some(_) => Some(fields.hex32(5, "version bits")?),
                },
            }),
            "mining.ping" => Self::Ping,
            _ => return Ok(None),
        }))
    }
}

impl Configure {
    fn read(params: &[Value]) -> Result<Self, Refusal> {
        let invalid = |message: &'static str| Refusal::new(Code::Other, message);
        let Some(Value::Array(names)) = params.first() else {
            return Err(invalid("extensions must be a list"));
        };
        let empty = serde_json::Map::new();
        let options = match params.get(1) {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(options)) => options,
            Some(_) => return Err(invalid("extension parameters must be an object")),
        };
        let mut configure = Self::default();
        for name in names.iter().take(16) {
            match name.as_str() {
                Some("version-rolling") => {
                    let mask = match options.get("version-rolling.mask") {
                        None => u32::MAX,
                        Some(Value::String(mask)) => {
                            hex32(mask).ok_or(invalid("version-rolling.mask must be 8 hexadecimal digits"))?
                        }
                        Some(_) => return Err(invalid("version-rolling.mask must be 8 hexadecimal digits")),
                    };
                    configure.version_rolling = Some(mask);
                }
                Some("minimum-difficulty") => {
                    let value = options.get("minimum-difficulty.value").unwrap_or(&Value::Null);
                    configure.minimum_difficulty = Some(difficulty(value)?);
                }
                Some("subscribe-extranonce") => configure.subscribe_extranonce = true,
                Some(other) if other.len() <= MAX_TEXT => configure.unknown.push(other.to_owned()),
                _ => return Err(invalid("extension must be a short text")),
            }
        }
        Ok(configure)
    }
}

/// Positional parameters.
#[derive(Clone, Copy)]
pub struct Fields<'a>(pub &'a [Value]);

impl Fields<'_> {
    fn invalid(name: &str, what: &str) -> Refusal {
        Refusal::new(Code::Other, format!("{name} must be {what}"))
    }

    /// A text.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn text(self, index: usize, name: &str) -> Result<String, Refusal> {
        match self.0.get(index) {
            Some(Value::String(text)) if text.len() <= MAX_TEXT => Ok(text.clone()),
            _ => Err(Self::invalid(
                name,
                &format!("a text of at most {MAX_TEXT} bytes"),
            )),
        }
    }

    fn text_or_none(self, index: usize, name: &str) -> Result<String, Refusal> {
        match self.0.get(index) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(_) => self.text(index, name),
        }
    }

    /// Bytes in hexadecimal digits.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn bytes(self, index: usize, name: &str, most: usize) -> Result<Vec<u8>, Refusal> {
        let text = self.0.get(index).and_then(Value::as_str).unwrap_or("?");
        let bytes = (text.len() <= 2 * most).then(|| hex::decode(text).ok()).flatten();
        bytes.ok_or_else(|| Self::invalid(name, &format!("at most {most} bytes in hexadecimal digits")))
    }

    /// Four bytes in hexadecimal digits, the most significant first.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn hex32(self, index: usize, name: &str) -> Result<u32, Refusal> {
        let text = self.0.get(index).and_then(Value::as_str);
        text.and_then(hex32)
            .ok_or_else(|| Self::invalid(name, "8 hexadecimal digits"))
    }

    /// A difficulty.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn difficulty(self, index: usize) -> Result<Difficulty, Refusal> {
        difficulty(self.0.get(index).unwrap_or(&Value::Null))
    }
}

fn difficulty(value: &Value) -> Result<Difficulty, Refusal> {
    Difficulty::from_json(value).map_err(|error: NotADifficulty| Refusal::new(Code::Other, error.to_string()))
}

fn hex32(text: &str) -> Option<u32> {
    let digits = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

fn line(value: &Value) -> Arc<str> {
    format!("{value}\n").into()
}

/// A line that tells something and wants no answer.
pub fn notification(method: &str, params: &Value) -> Arc<str> {
    line(&json!({ "id": null, "method": method, "params": params }))
}

/// A line that asks.
pub fn request(id: i64, method: &str, params: &Value) -> Arc<str> {
    line(&json!({ "id": id, "method": method, "params": params }))
}

/// A line that grants a request.
pub fn granted(id: &Id, result: &Value) -> Arc<str> {
    line(&json!({ "id": id.to_json(), "result": result, "error": null }))
}

/// A line that refuses a request.
pub fn refused(id: &Id, refusal: &Refusal) -> Arc<str> {
    let number = match refusal.code {
        Code::Other => 20,
        Code::JobNotFound => 21,
        Code::Duplicate => 22,
        Code::LowDifficulty => 23,
        Code::Unauthorized => 24,
        Code::NotSubscribed => 25,
    };
    line(&json!({ "id": id.to_json(), "result": null, "error": [number, refusal.message, null] }))
}
