// SPDX-License-Identifier: Apache-2.0
//! Transactions: numbered, signed, sent, and found again in the block that took them.

use super::{parse_hash, Block, Chain, Event, POLL};
use crate::{
    account::{hex, Account},
    rpc::Refusal,
    value::{self, number, small},
};
use anyhow::{bail, ensure, Context, Result};
use scale_value::Value;
use serde_json::{json, Value as Json};
use std::time::Duration;
use subxt::{config::DefaultExtrinsicParamsBuilder, dynamic, utils::AccountId32, SubstrateConfig};
use tokio::time::{sleep, Instant};

/// How long a transaction may take into a block.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often a transaction is sent anew that another one of its account came before.
const ATTEMPTS: u32 = 5;

/// What a transaction asks for.
#[derive(Clone, Debug)]
pub struct Call {
    /// The pallet.
    pub pallet: &'static str,
    /// The call's name.
    pub name: &'static str,
    /// Its arguments, in order.
    pub arguments: Vec<Value>,
}

impl Call {
    /// A call of a pallet.
    pub fn new(pallet: &'static str, name: &'static str, arguments: impl IntoIterator<Item = Value>) -> Self {
        Self {
            pallet,
            name,
            arguments: arguments.into_iter().collect(),
        }
    }

    /// All of `calls`, or none.
    pub fn all(calls: impl IntoIterator<Item = Self>) -> Self {
        let calls = calls.into_iter().map(Self::into_value);
        Self::new("Utility", "batch_all", [Value::unnamed_composite(calls)])
    }

    /// Money to another account.
    pub fn pay(to: &Account, amount: u128) -> Self {
        let to = Value::unnamed_variant("Id", [value::bytes(&to.id())]);
        Self::new("Balances", "transfer_keep_alive", [to, value::uint(amount)])
    }

    fn into_value(self) -> Value {
        Value::unnamed_variant(self.pallet, [Value::unnamed_variant(self.name, self.arguments)])
    }
}

/// What became of a transaction that a block took.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The block.
    pub block: Block,
    /// Its place there.
    pub index: u32,
    /// What it caused.
    pub events: Vec<Event>,
    /// The error with which it failed, such as `ProofOfCompute.WrongChallenge`; `None`: it succeeded.
    pub error: Option<String>,
    /// The fee that was kept in the end.
    pub fee: u128,
}

impl Outcome {
    /// The first event of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn event(&self, pallet: &str, name: &str) -> Result<&Event> {
        let found = self.events.iter().find(|event| event.is(pallet, name));
        found.with_context(|| {
            format!(
                "the transaction in block {} caused no {pallet}.{name}",
                self.block.number
            )
        })
    }
}

/// What happened to one attempt.
enum Attempt {
    Taken(Outcome),
    /// Another transaction of the same account has its number.
    Overtaken,
}

impl Chain {
    /// Sends `call` from `who` and waits for the block that takes it. Whether the call succeeded, the outcome says.
    ///
    /// # Errors
    /// No block takes it.
    pub async fn submit(&self, who: &Account, call: &Call) -> Result<Outcome> {
        let what = || format!("{}.{} of {who:?}", call.pallet, call.name);
        for _ in 0..ATTEMPTS {
            if let Attempt::Taken(outcome) = self.attempt(who, call).await.with_context(what)? {
                return Ok(outcome);
            }
            self.next_block().await?;
        }
        bail!(
            "{}: other transactions of the account came before it, {ATTEMPTS} times",
            what()
        )
    }

    /// As [`Self::submit`], for a call that must succeed.
    pub async fn succeed(&self, who: &Account, call: &Call) -> Result<Outcome> {
        let outcome = self.submit(who, call).await?;
        if let Some(error) = &outcome.error {
            bail!(
                "{}.{} of {who:?} failed in block {}: {error}",
                call.pallet,
                call.name,
                outcome.block.number
            );
        }
        Ok(outcome)
    }

    /// As [`Self::submit`], for a call that must fail with the error `expected`.
    pub async fn fail(&self, who: &Account, call: &Call, expected: &str) -> Result<Outcome> {
        let outcome = self.submit(who, call).await?;
        ensure!(
            outcome.error.as_deref() == Some(expected),
            "{}.{} of {who:?} should have failed with {expected}, and ended with {:?}",
            call.pallet,
            call.name,
            outcome.error
        );
        Ok(outcome)
    }

    async fn attempt(&self, who: &Account, call: &Call) -> Result<Attempt> {
        let turn = self.sending.lock().await;
        let before = self.best().await?;
        let nonce = self.rpc("system_accountNextIndex", json!([who.ss58()])).await?;
        let nonce = number(&nonce, "")?;
        let transaction = self.sign(who, call, nonce).await?;
        match self.rpc("author_submitExtrinsic", json!([transaction])).await {
            Ok(_) => {}
            // 1010: its number was used meanwhile; 1013, 1014: another with its number waits.
            Err(error) => match error.downcast_ref::<Refusal>() {
                Some(Refusal {
                    code: 1013 | 1014, ..
                }) => return Ok(Attempt::Overtaken),
                Some(Refusal { code: 1010, data, .. }) if is_stale(data.as_ref()) => {
                    return Ok(Attempt::Overtaken)
                }
                _ => return Err(error),
            },
        }
        drop(turn);
        self.find(who, &transaction, before, nonce).await
    }

    async fn sign(&self, who: &Account, call: &Call, nonce: u128) -> Result<String> {
        // Its life begins at the finalized block: the pool may not know the best one yet, and would refuse what it makes too young.
        let at = self.at(self.finalized().await?).await?;
        let payload = dynamic::tx(call.pallet, call.name, call.arguments.clone());
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .nonce(u64::try_from(nonce)?)
            .build();
        let mut signable = at
            .tx()
            .create_signable(&payload, &AccountId32(who.id()), params)
            .await?;
        Ok(hex(signable.sign(who.keypair())?.encoded()))
    }

    /// Looks for a transaction in the blocks after `before`.
    async fn find(&self, who: &Account, transaction: &str, before: Block, nonce: u128) -> Result<Attempt> {
        let deadline = Instant::now() + PATIENCE;
        let mut next = before.number + 1;
        loop {
            while let Some(block) = self.block(next).await? {
                let body = self.rpc("chain_getBlock", json!([block.at()])).await?;
                let transactions = value::at(&body, "block.extrinsics")?
                    .as_array()
                    .context("no list")?;
                let index = transactions
                    .iter()
                    .position(|found| found.as_str() == Some(transaction));
                if let Some(index) = index {
                    return Ok(Attempt::Taken(self.outcome(block, u32::try_from(index)?).await?));
                }
                let account = self
                    .storage(block, "System", "Account", vec![value::bytes(&who.id())])
                    .await?;
                if number(&account, "nonce")? > nonce {
                    return Ok(Attempt::Overtaken);
                }
                next += 1;
            }
            ensure!(
                Instant::now() < deadline,
                "no block took it within {PATIENCE:?}, until block {next}"
            );
            sleep(POLL).await;
        }
    }

    async fn outcome(&self, block: Block, index: u32) -> Result<Outcome> {
        let events = self.events(block).await?;
        let events: Vec<Event> = events
            .into_iter()
            .filter(|event| event.transaction == Some(index))
            .collect();
        let failure = events.iter().find(|event| event.is("System", "ExtrinsicFailed"));
        let error = match failure {
            Some(event) => Some(
                self.error_name(block, value::at(&event.fields, "dispatch_error")?)
                    .await?,
            ),
            None => None,
        };
        let fee = events
            .iter()
            .find(|event| event.is("TransactionPayment", "TransactionFeePaid"));
        Ok(Outcome {
            block,
            index,
            error,
            fee: fee.map_or(Ok(0), |event| event.number("actual_fee"))?,
            events,
        })
    }

    /// A dispatch error by its name: `Pallet.Error`, or what else it is.
    async fn error_name(&self, block: Block, error: &Json) -> Result<String> {
        let Some(module) = error.get("Module") else {
            return Ok(match error {
                Json::String(name) => name.clone(),
                other => other.to_string(),
            });
        };
        let (pallet, variant) = (small(module, "index")?, value::at(module, "error")?.get(0));
        let variant = variant.context("an error without a number")?;
        let at = self.at(block).await?;
        let metadata = at.metadata_ref();
        let pallet = metadata
            .pallet_by_error_index(u8::try_from(pallet)?)
            .context("an error of no pallet")?;
        let variant = pallet
            .error_variant_by_index(u8::try_from(small(variant, "")?)?)
            .context("an error that its pallet does not know")?;
        Ok(format!("{}.{}", pallet.name(), variant.name))
    }

    /// Whether `hash` is that of a block of the best chain.
    pub async fn has(&self, block: Block) -> Result<bool> {
        let found = self.rpc("chain_getBlockHash", json!([block.number])).await?;
        Ok(!found.is_null() && parse_hash(&found)? == block.hash)
    }
}

/// Whether the pool refused a transaction since its number was used meanwhile.
fn is_stale(data: Option<&Json>) -> bool {
    data.and_then(Json::as_str)
        .is_some_and(|reason| reason.contains("outdated"))
}
