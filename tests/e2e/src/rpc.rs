// SPDX-License-Identifier: Apache-2.0
//! JSON-RPC as it goes over the wire.

use anyhow::{anyhow, Result};
use serde_json::Value as Json;
use std::time::Duration;
use subxt::rpcs::{client::RawValue, Error, RpcClient};
use tokio::time::timeout;

/// A node that takes longer than this to answer is in trouble.
const PATIENCE: Duration = Duration::from_secs(30);

/// The node's answer was an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// JSON-RPC's code.
    pub code: i32,
    /// What it says.
    pub message: String,
    /// What it says to programs.
    pub data: Option<Json>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (code {}", self.message, self.code)?;
        match &self.data {
            Some(data) => write!(f, ", data {data})"),
            None => f.write_str(")"),
        }
    }
}

impl std::error::Error for Refusal {}

/// A connection to a node.
#[derive(Clone, Debug)]
pub struct Rpc(RpcClient);

impl Rpc {
    /// Connects to `url`.
    pub async fn connect(url: &str) -> Result<Self> {
        Ok(Self(RpcClient::from_insecure_url(url).await?))
    }

    /// The client beneath, for subxt.
    pub fn client(&self) -> RpcClient {
        self.0.clone()
    }

    /// Calls a method; `params` is an array (by position) or an object (by name).
    ///
    /// # Errors
    /// [`Refusal`] if the node answers with an error; otherwise it does not answer.
    pub async fn call(&self, method: &str, params: Json) -> Result<Json> {
        let params = RawValue::from_string(params.to_string())?;
        let answer = timeout(PATIENCE, self.0.request_raw(method, Some(params)))
            .await
            .map_err(|_| anyhow!("{method} was not answered within {PATIENCE:?}"))?;
        match answer {
            Ok(answer) => Ok(serde_json::from_str(answer.get())?),
            Err(Error::User(error)) => Err(Refusal {
                code: error.code,
                message: error.message,
                data: error.data.and_then(|data| serde_json::from_str(data.get()).ok()),
            }
            .into()),
            Err(error) => Err(anyhow!("{method}: {error}")),
        }
    }
}
