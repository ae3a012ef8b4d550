// SPDX-License-Identifier: Apache-2.0
//! Whether the money adds up, to the last unit: what the ledger stores, what the node answers, what the events say and what
//! the accounts hold.

use crate::{
    account::{hex, unhex},
    chain::{Block, Chain},
    history::{sum, History},
    value::{self, at, number, text, uint, wide},
};
use anyhow::{ensure, Context, Result};
use num_bigint::BigUint;
use serde::Serialize;
use serde_json::{json, Value as Json};
use std::collections::BTreeSet;

/// Debts are stored in units of 2^-64.
const SCALE_BITS: u32 = 64;

/// Two sums that must be the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What is compared.
    pub what: String,
    /// The one sum.
    pub one: String,
    /// The other.
    pub other: String,
    /// Whether they are the same.
    pub agrees: bool,
}

impl Check {
    fn new<T: PartialEq + ToString>(what: impl Into<String>, one: T, other: T) -> Self {
        Self {
            what: what.into(),
            agrees: one == other,
            one: one.to_string(),
            other: other.to_string(),
        }
    }
}

/// What one account has coming from an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The account's public key, in hex.
    pub account: String,
    /// Its fractions, free and on hold.
    pub fractions: u128,
    /// What it is owed, in units of 2^-64.
    pub owed: BigUint,
}

impl Position {
    /// Whole units owed.
    pub fn whole(&self) -> Result<u128> {
        u128::try_from(&self.owed >> SCALE_BITS).context("a debt beyond 128 bits")
    }
}

/// An asset's books, as they are stored.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Emission paid for verified work.
    pub emitted: u128,
    /// Payments of tenants.
    pub revenue: u128,
    /// Paid out.
    pub claimed: u128,
    /// Taken by the protocol.
    pub protocol_fee: u128,
    /// Credited to operators; a part of what they are owed or were paid.
    pub operator_fee: u128,
    /// Slashed of what had not vested.
    pub slashed: u128,
    /// Emission in the vesting stream, vested or not.
    pub in_stream: u128,
    /// Waits for somebody to hold the asset.
    pub parked: u128,
    /// What divisions left over, in units of 2^-64.
    pub remainder: BigUint,
    /// Who has something coming, or holds fractions.
    pub positions: Vec<Position>,
}

impl Books {
    /// Reads an asset's books at a block.
    pub async fn read(chain: &Chain, block: Block, asset: u64) -> Result<Self> {
        let ledger = chain
            .storage(block, "RewardDistribution", "Ledgers", vec![uint(asset)])
            .await?;
        if ledger.is_null() {
            return Ok(Self::default());
        }
        let per_share = wide(&ledger, "accumulator.per_share")?;
        let mut positions = Vec::new();
        for (keys, position) in chain
            .storage_map(block, "RewardDistribution", "Positions")
            .await?
        {
            let [account, of] = keys.as_slice() else {
                anyhow::bail!("a position has the keys {keys:?}");
            };
            if number(of, "")? != u128::from(asset) {
                continue;
            }
            let account = text(account, "")?.to_owned();
            let fractions = fractions(chain, block, asset, &account).await?;
            let (checkpoint, owed) = (wide(&position, "checkpoint")?, wide(&position, "owed")?);
            ensure!(
                checkpoint <= per_share,
                "{account} was settled beyond what asset {asset} has earned"
            );
            positions.push(Position {
                account,
                fractions,
                owed: owed + (&per_share - checkpoint) * fractions,
            });
        }
        let in_stream = match at(&ledger, "stream")? {
            Json::Null => 0,
            stream => {
                let (amount, released) = (number(stream, "amount")?, number(stream, "released")?);
                amount
                    .checked_sub(released)
                    .context("a stream released more than it had")?
            }
        };
        Ok(Self {
            emitted: number(&ledger, "emitted")?,
            revenue: number(&ledger, "revenue")?,
            claimed: number(&ledger, "claimed")?,
            protocol_fee: number(&ledger, "protocol_fee")?,
            operator_fee: number(&ledger, "operator_fee")?,
            slashed: number(&ledger, "slashed")?,
            in_stream,
            parked: number(&ledger, "parked")?,
            remainder: wide(&ledger, "accumulator.remainder")?,
            positions,
        })
    }

    /// Whole units that accounts have coming.
    pub fn pending(&self) -> Result<u128> {
        self.positions.iter().try_fold(0u128, |sum, position| {
            sum.checked_add(position.whole()?)
                .context("a sum beyond 128 bits")
        })
    }

    /// The whole units that the fractions of units make, together with the remainder. They belong to the holders, who
    /// will have them as whole units later.
    pub fn dust(&self) -> Result<u128> {
        let unit = BigUint::from(1u8) << SCALE_BITS;
        let residues = self.positions.iter().map(|position| &position.owed % &unit);
        u128::try_from((residues.sum::<BigUint>() + &self.remainder) >> SCALE_BITS)
            .context("a sum beyond 128 bits")
    }

    /// What came in, and where it is: the same, or the books are broken. In units of 2^-64, so nothing is rounded away.
    fn balance(&self) -> (BigUint, BigUint) {
        let scaled = |amounts: &[u128]| {
            amounts
                .iter()
                .map(|amount| BigUint::from(*amount))
                .sum::<BigUint>()
                << SCALE_BITS
        };
        let came = scaled(&[self.emitted, self.revenue]);
        let whole = scaled(&[
            self.claimed,
            self.protocol_fee,
            self.slashed,
            self.in_stream,
            self.parked,
        ]);
        let owed = self
            .positions
            .iter()
            .map(|position| &position.owed)
            .sum::<BigUint>();
        (came, whole + owed + &self.remainder)
    }
}

/// An account's fractions, free and on hold.
async fn fractions(chain: &Chain, block: Block, asset: u64, account: &str) -> Result<u128> {
    let keys = vec![uint(asset), value::bytes(&unhex(account)?)];
    match chain
        .storage(block, "FractionalOwnership", "Accounts", keys)
        .await?
    {
        Json::Null => Ok(0),
        found => number(&found, "free")?
            .checked_add(number(&found, "held")?)
            .context("a sum beyond 128 bits"),
    }
}

/// Compares all sums of the given assets, of all assets together, and of the given accounts (public keys in hex), at the last
/// block of `history`.
pub async fn audit(
    chain: &Chain,
    history: &History,
    assets: &[u64],
    accounts: &[String],
) -> Result<Vec<Check>> {
    let block = history.last().context("no block to audit")?;
    let mut checks = Vec::new();
    for asset in assets {
        checks.extend(audit_asset(chain, history, block, *asset).await?);
    }
    let pot = pot(chain).await?;
    for account in accounts {
        checks.extend(audit_account(chain, history, block, account, &pot).await?);
    }
    checks.extend(audit_chain(chain, history, block, &pot).await?);
    Ok(checks)
}

async fn audit_asset(chain: &Chain, history: &History, block: Block, asset: u64) -> Result<Vec<Check>> {
    let books = Books::read(chain, block, asset).await?;
    let (came, is) = books.balance();
    let of = |what: &str| format!("asset {asset}: {what}");
    let mut checks = vec![Check::new(
        of("emitted + revenue = claimed + owed + remainder + in stream + parked + slashed + protocol fee (in units of 2^-64)"),
        came,
        is,
    )];

    let info = chain.compute("asset", json!({ "id": asset }), block).await?;
    let fields = [
        ("books.emitted", books.emitted),
        ("books.revenue", books.revenue),
        ("books.claimed", books.claimed),
        ("books.protocolFee", books.protocol_fee),
        ("books.operatorFee", books.operator_fee),
        ("books.slashed", books.slashed),
        ("parked", books.parked),
    ];
    for (field, stored) in fields {
        checks.push(Check::new(
            of(&format!("{field}, answered and stored")),
            number(&info, field)?,
            stored,
        ));
    }
    let vesting = number(&info, "unvested")?.checked_add(number(&info, "releasable")?);
    checks.push(Check::new(
        of("unvested + releasable = in stream"),
        vesting.context("a sum beyond 128 bits")?,
        books.in_stream,
    ));

    let events = [
        ("EmissionPaid", books.emitted),
        ("RevenuePaid", books.revenue),
        ("Claimed", books.claimed),
        ("ProtocolFeeTaken", books.protocol_fee),
        ("OperatorFeeTaken", books.operator_fee),
        ("UnvestedSlashed", books.slashed),
    ];
    for (event, stored) in events {
        let told = history.sum("RewardDistribution", event, asset, "amount")?;
        checks.push(Check::new(of(&format!("{event}, told and stored")), told, stored));
    }
    let released = history.sum("RewardDistribution", "Released", asset, "amount")?;
    let left = [books.slashed, books.in_stream]
        .into_iter()
        .try_fold(books.emitted, u128::checked_sub);
    checks.push(Check::new(
        of("released = emitted - slashed - in stream"),
        released,
        left.context("more is in the stream than was emitted")?,
    ));
    let paid = history.sum("ProofOfCompute", "Paid", asset, "amount")?;
    checks.push(Check::new(of("paid for censuses = emitted"), paid, books.emitted));
    let rating = chain.compute("rating", json!({ "id": asset }), block).await?;
    let verified = if rating.is_null() {
        0
    } else {
        number(&rating, "verifiedWork")?
    };
    let work = history.sum("ProofOfCompute", "Paid", asset, "work")?;
    checks.push(Check::new(of("work paid for = verified work"), work, verified));

    let mut censuses = BTreeSet::new();
    let payments = history
        .named("ProofOfCompute", "Paid")
        .filter(|event| event.asset() == Some(asset));
    let mut count = 0usize;
    for payment in payments {
        count += 1;
        censuses.insert(payment.number("census")?);
    }
    checks.push(Check::new(
        of("payments = censuses paid for"),
        count,
        censuses.len(),
    ));
    Ok(checks)
}

async fn audit_account(
    chain: &Chain,
    history: &History,
    block: Block,
    account: &str,
    pot: &str,
) -> Result<Vec<Check>> {
    let id = unhex(account)?;
    let of = |what: &str| format!("{}: {what}", crate::account::ss58(&id));
    let is = |event: &&crate::chain::Event, field: &str, who: &str| event.text(field) == Some(who);
    let claimed = history
        .named("RewardDistribution", "Claimed")
        .filter(|event| is(event, "who", account));
    let moved = history
        .named("Balances", "Transfer")
        .filter(|event| is(event, "from", pot) && is(event, "to", account));
    // A reporter's part of what had not vested comes out of the same account.
    let bounties = history
        .named("RewardDistribution", "UnvestedSlashed")
        .filter(|event| is(event, "reporter", account));
    let due = sum(claimed, "amount")?.checked_add(sum(bounties, "bounty")?);
    let (before, after) = (
        chain.balance(chain.genesis().await?, &id).await?,
        chain.balance(block, &id).await?,
    );
    Ok(vec![
        Check::new(
            of("claimed = moved out of the reward account"),
            due.context("a sum beyond 128 bits")?,
            sum(moved, "amount")?,
        ),
        Check::new(
            of("change of the balance since genesis = what the events say"),
            i128::try_from(after)?
                .checked_sub(i128::try_from(before)?)
                .context("out of range")?,
            history.growth(account)?,
        ),
    ])
}

async fn audit_chain(chain: &Chain, history: &History, block: Block, pot: &str) -> Result<Vec<Check>> {
    let genesis = chain.genesis().await?;
    let issuance = |block| async move {
        let issued = chain.storage(block, "Balances", "TotalIssuance", vec![]).await?;
        number(&issued, "")
    };
    let totals = chain
        .storage(block, "RewardDistribution", "BooksTotal", vec![])
        .await?;
    let total = |field: &str| number(&totals, field);
    let bonds = sum(history.named("ComputeAssets", "BondSlashed"), "amount")?
        .checked_sub(sum(history.named("ComputeAssets", "BondSlashed"), "bounty")?)
        .context("bounties exceed slashes")?;
    let burnt = bonds
        .checked_add(total("burnt")?)
        .context("a sum beyond 128 bits")?;
    let expected = issuance(genesis)
        .await?
        .checked_add(total("emitted")?)
        .and_then(|sum| sum.checked_sub(burnt));

    let treasury = chain
        .storage(block, "RewardDistribution", "TreasuryOwed", vec![])
        .await?;
    let deposit = chain.constant("Balances", "ExistentialDeposit").await?;
    let came = [
        total("emitted")?,
        total("revenue")?,
        number(&treasury, "")?,
        number(&deposit, "")?,
    ];
    let went = [total("claimed")?, total("protocol_fee")?, total("slashed")?];
    let came = came.into_iter().try_fold(0u128, u128::checked_add);
    let owed = came.and_then(|came| went.into_iter().try_fold(came, u128::checked_sub));

    let stats = chain.compute("networkStats", json!({}), block).await?;
    Ok(vec![
        Check::new(
            "total issuance = genesis + emitted - burnt",
            issuance(block).await?,
            expected.context("more was burnt than issued")?,
        ),
        Check::new(
            "emitted to all assets, told and stored",
            sum(history.named("RewardDistribution", "EmissionPaid"), "amount")?,
            total("emitted")?,
        ),
        Check::new(
            "emitted, answered and stored",
            number(&stats, "emitted")?,
            total("emitted")?,
        ),
        Check::new(
            "the reward account holds what it owes and the existential deposit",
            chain.balance(block, &unhex(pot)?).await?,
            owed.context("the reward account owes less than nothing")?,
        ),
    ])
}

/// The account in which income waits for its holders.
async fn pot(chain: &Chain) -> Result<String> {
    let id = chain.constant("RewardDistribution", "PalletId").await?;
    let letters = id.as_array().context("the pallet's id is no list")?;
    let mut account = [0u8; 32];
    let name = b"modl"
        .iter()
        .copied()
        .map(Ok)
        .chain(letters.iter().map(|letter| {
            let letter = value::number(letter, "")?;
            Ok::<_, anyhow::Error>(u8::try_from(letter)?)
        }));
    for (place, letter) in account.iter_mut().zip(name) {
        *place = letter?;
    }
    Ok(hex(&account))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(fractions: u128, whole: u64, residue: u64) -> Position {
        Position {
            account: "0x".into(),
            fractions,
            owed: (BigUint::from(whole) << 64) + residue,
        }
    }

    /// Two thirds of a unit here, one third there: together a unit that no whole-unit view shows.
    fn books() -> Books {
        let third = u64::MAX / 3;
        Books {
            emitted: 100,
            claimed: 40,
            protocol_fee: 2,
            in_stream: 30,
            positions: vec![position(2, 17, 2 * third), position(1, 10, third)],
            remainder: BigUint::from(1u8),
            ..Default::default()
        }
    }

    #[test]
    fn fractions_of_units_are_accounted_for_exactly() {
        let books = books();
        assert_eq!(books.pending().unwrap(), 27);
        assert_eq!(books.dust().unwrap(), 1);
        let (came, is) = books.balance();
        assert_eq!(came, is);
    }

    #[test]
    fn the_smallest_part_of_a_unit_is_missed() {
        let mut books = books();
        books.remainder = BigUint::default();
        let (came, is) = books.balance();
        assert_ne!(came, is);
        assert!(!Check::new("x", came, is).agrees);
    }
}
