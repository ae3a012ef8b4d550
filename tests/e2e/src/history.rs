// SPDX-License-Identifier: Apache-2.0
//! Every block's events since genesis, and what they say of accounts.

use crate::{
    chain::{Block, Chain, Event},
    value::number,
};
use anyhow::{bail, Context, Result};

/// The events of all blocks from 1 to [`History::last`].
#[derive(Clone, Debug)]
pub struct History {
    blocks: Vec<(Block, Vec<Event>)>,
}

impl History {
    /// Reads the chain from its first block up to `last`.
    pub async fn read(chain: &Chain, last: Block) -> Result<Self> {
        let mut blocks = Vec::new();
        for height in 1..=last.number {
            let block = chain
                .block(height)
                .await?
                .with_context(|| format!("block {height} is gone"))?;
            blocks.push((block, chain.events(block).await?));
        }
        match blocks.last() {
            Some((block, _)) if *block == last => Ok(Self { blocks }),
            _ => bail!("block {} is not on the best chain any more", last.number),
        }
    }

    /// The last block.
    pub fn last(&self) -> Option<Block> {
        self.blocks.last().map(|(block, _)| *block)
    }

    /// All events, in order.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.blocks.iter().flat_map(|(_, events)| events)
    }

    /// Events of one name.
    pub fn named<'a>(&'a self, pallet: &'a str, name: &'a str) -> impl Iterator<Item = &'a Event> {
        self.events().filter(move |event| event.is(pallet, name))
    }

    /// The sum of an amount over an asset's events of one name.
    pub fn sum(&self, pallet: &str, name: &str, asset: u64, field: &str) -> Result<u128> {
        sum(
            self.named(pallet, name)
                .filter(|event| event.asset() == Some(asset)),
            field,
        )
    }

    /// By how much the events say that an account's money, free and held, has grown (or shrunk).
    pub fn growth(&self, account: &str) -> Result<i128> {
        self.events().try_fold(0i128, |sum, event| {
            let change = balance_change(event, account)?;
            sum.checked_add(change).context("a sum beyond 127 bits")
        })
    }
}

/// The sum of an amount over events.
pub fn sum<'a>(events: impl IntoIterator<Item = &'a Event>, field: &str) -> Result<u128> {
    events.into_iter().try_fold(0u128, |sum, event| {
        let amount = event.number(field)?;
        sum.checked_add(amount).context("a sum beyond 128 bits")
    })
}

/// By how much an event of `Balances` says that an account's money, free and held, changes.
///
/// # Errors
/// An event whose effect is not known here: it would make any sum worthless.
pub fn balance_change(event: &Event, account: &str) -> Result<i128> {
    if event.pallet != "Balances" {
        return Ok(0);
    }
    let amount = |field| Ok::<_, anyhow::Error>(i128::try_from(number(&event.fields, field)?)?);
    let of = |field: &str| event.text(field) == Some(account);
    let moved = |from: &str, to: &str, field| match (of(from), of(to)) {
        (true, false) => Ok(-amount(field)?),
        (false, true) => amount(field),
        _ => Ok(0),
    };
    match event.name.as_str() {
        "Transfer" | "ReserveRepatriated" => moved("from", "to", "amount"),
        "TransferOnHold" => moved("source", "dest", "amount"),
        "TransferAndHold" => moved("source", "dest", "transferred"),
        "Deposit" | "Minted" | "Restored" if of("who") => amount("amount"),
        "Withdraw" | "Slashed" | "Burned" | "BurnedHeld" | "Suspended" if of("who") => Ok(-amount("amount")?),
        "DustLost" if of("account") => Ok(-amount("amount")?),
        "BalanceSet" | "TotalIssuanceForced" | "Unexpected" => {
            bail!("Balances.{}: root or a fault", event.name)
        }
        // Between free and held or frozen, of the issuance as a whole, or of another account.
        "Endowed" | "Reserved" | "Unreserved" | "Held" | "Released" | "Frozen" | "Thawed" | "Locked"
        | "Unlocked" | "Issued" | "Rescinded" | "MintedCredit" | "BurnedDebt" | "Upgraded" | "Deposit"
        | "Minted" | "Restored" | "Withdraw" | "Slashed" | "Burned" | "BurnedHeld" | "Suspended"
        | "DustLost" => Ok(0),
        name => bail!("Balances.{name} is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(name: &str, fields: serde_json::Value) -> Event {
        Event {
            pallet: "Balances".into(),
            name: name.into(),
            fields,
            transaction: None,
        }
    }

    #[test]
    fn a_transfer_takes_from_one_and_gives_to_the_other() {
        let transfer = event("Transfer", json!({ "from": "0xa", "to": "0xb", "amount": "5" }));
        assert_eq!(balance_change(&transfer, "0xa").unwrap(), -5);
        assert_eq!(balance_change(&transfer, "0xb").unwrap(), 5);
        assert_eq!(balance_change(&transfer, "0xc").unwrap(), 0);
        let itself = event("Transfer", json!({ "from": "0xa", "to": "0xa", "amount": "5" }));
        assert_eq!(balance_change(&itself, "0xa").unwrap(), 0);
    }

    #[test]
    fn what_only_moves_between_free_and_held_changes_nothing() {
        for name in ["Held", "Released", "Reserved", "Unreserved"] {
            let event = event(name, json!({ "who": "0xa", "amount": "5" }));
            assert_eq!(balance_change(&event, "0xa").unwrap(), 0, "{name}");
        }
        for (name, change) in [
            ("Deposit", 5),
            ("Minted", 5),
            ("Withdraw", -5),
            ("BurnedHeld", -5),
        ] {
            let event = event(name, json!({ "who": "0xa", "amount": "5" }));
            assert_eq!(balance_change(&event, "0xa").unwrap(), change, "{name}");
            assert_eq!(balance_change(&event, "0xb").unwrap(), 0, "{name}");
        }
    }

    #[test]
    fn an_unknown_event_spoils_the_sum_aloud() {
        assert!(balance_change(&event("Conjured", json!({})), "0xa").is_err());
        assert!(balance_change(&event("BalanceSet", json!({ "who": "0xb", "free": "1" })), "0xa").is_err());
        let foreign = Event {
            pallet: "Nfts".into(),
            ..event("Conjured", json!({}))
        };
        assert_eq!(balance_change(&foreign, "0xa").unwrap(), 0);
    }
}
