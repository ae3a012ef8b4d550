// SPDX-License-Identifier: Apache-2.0
//! The demo's result: one value, printed for people or for programs.

use crate::{
    account::{ss58, unhex},
    amount::{work, Count, Egn},
    books::{Books, Check},
    chain::Block,
    value::{number, text},
};
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value as Json;
use std::fmt;

/// What every device earned, and who got it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Height of the block at which all of it was read.
    pub block: u32,
    /// Its hash.
    pub block_hash: String,
    /// The devices.
    pub assets: Vec<Row>,
    /// Whether every sum agrees, to the last unit.
    pub sums_agree: bool,
    /// The sums that were compared.
    pub checks: Vec<Check>,
}

/// One device. Amounts of money in units of 10^-12 EGN.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Id of the asset and of its NFT.
    pub asset: u64,
    /// `gpu` or `hashrate`.
    pub kind: String,
    /// `active`, …
    pub status: String,
    /// Who proves.
    pub operator: Option<String>,
    /// Multiply-accumulates or hashes per second, as rated.
    pub rate: Count,
    /// Multiply-accumulates or hashes paid for.
    pub verified_work: Count,
    /// Fractions; `None`: the asset is whole.
    pub supply: Option<Count>,
    /// Minted for verified work.
    pub emitted: Egn,
    /// Paid by tenants.
    pub revenue: Egn,
    /// Emission that has not vested.
    pub unvested: Egn,
    /// Emission that has vested and was not released yet.
    pub releasable: Egn,
    /// Waits for a holder.
    pub parked: Egn,
    /// Slashed of what had not vested.
    pub slashed: Egn,
    /// The protocol's fee.
    pub fee: Egn,
    /// The operator's fee: a part of what it was paid or has coming.
    pub operator_fee: Egn,
    /// Paid out.
    pub claimed: Egn,
    /// Whole units that holders have coming.
    pub pending: Egn,
    /// Whole units that the holders' fractions of units make together.
    pub dust: Egn,
    /// Who holds it, or has something coming from it.
    pub holders: Vec<HolderRow>,
}

/// One holder.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HolderRow {
    /// Public key in hex.
    #[serde(skip)]
    pub key: String,
    /// Address.
    pub account: String,
    /// Name on a development chain, such as `//Bob`.
    pub name: Option<String>,
    /// Fractions; `None`: the asset is whole.
    pub fractions: Option<Count>,
    /// Part of the asset in per cent, to four digits, rounded down.
    pub share: String,
    /// Paid to it from this asset.
    pub paid: Egn,
    /// Whole units that it has coming.
    pub pending: Egn,
}

impl HolderRow {
    pub(super) fn new(
        key: String,
        name: Option<String>,
        fractions: u128,
        supply: Option<u128>,
        paid: u128,
        pending: u128,
    ) -> Result<Self> {
        let (part, whole) = match supply {
            Some(supply) => (fractions, supply),
            None => (1, 1),
        };
        let share = part
            .checked_mul(1_000_000)
            .and_then(|part| part.checked_div(whole))
            .context("a share of nothing")?;
        Ok(Self {
            account: ss58(&unhex(&key)?),
            key,
            name,
            fractions: supply.map(|_| Count(fractions)),
            share: format!("{}.{:04}", share / 10_000, share % 10_000),
            paid: Egn(paid),
            pending: Egn(pending),
        })
    }
}

impl Row {
    pub(super) fn new(
        asset: u64,
        info: &Json,
        rating: &Json,
        books: &Books,
        supply: Option<u128>,
        holders: Vec<HolderRow>,
    ) -> Result<Self> {
        Ok(Self {
            asset,
            kind: text(info, "kind")?.into(),
            status: text(info, "status")?.into(),
            operator: info.get("operator").and_then(Json::as_str).map(Into::into),
            rate: Count(number(info, "rate")?),
            verified_work: Count(if rating.is_null() {
                0
            } else {
                number(rating, "verifiedWork")?
            }),
            supply: supply.map(Count),
            emitted: Egn(books.emitted),
            revenue: Egn(books.revenue),
            unvested: Egn(number(info, "unvested")?),
            releasable: Egn(number(info, "releasable")?),
            parked: Egn(books.parked),
            slashed: Egn(books.slashed),
            fee: Egn(books.protocol_fee),
            operator_fee: Egn(books.operator_fee),
            claimed: Egn(books.claimed),
            pending: Egn(books.pending()?),
            dust: Egn(books.dust()?),
            holders,
        })
    }

    /// What came in.
    fn received(&self) -> Option<u128> {
        self.emitted.0.checked_add(self.revenue.0)
    }

    /// Where it is, column by column.
    fn parts(&self) -> [(&'static str, Egn); 8] {
        [
            ("claimed", self.claimed),
            ("fee", self.fee),
            ("unvested", self.unvested),
            ("releasable", self.releasable),
            ("pending", self.pending),
            ("parked", self.parked),
            ("slashed", self.slashed),
            ("dust", self.dust),
        ]
    }

    /// Whether the columns as printed add up, and the holders' payments to what was claimed.
    pub(super) fn check(&self) -> Result<Check> {
        let parts = self
            .parts()
            .iter()
            .try_fold(0u128, |sum, (_, part)| sum.checked_add(part.0));
        let paid = self
            .holders
            .iter()
            .try_fold(0u128, |sum, holder| sum.checked_add(holder.paid.0));
        let show = |received: Option<u128>, paid: Option<u128>| {
            let received = received.context("a sum beyond 128 bits")?;
            Ok::<_, anyhow::Error>(format!("{received}, {}", paid.context("a sum beyond 128 bits")?))
        };
        let (one, other) = (show(self.received(), Some(self.claimed.0))?, show(parts, paid)?);
        Ok(Check {
            what: format!(
                "asset {}: received and claimed = the sum of the columns, the holders' payments",
                self.asset
            ),
            agrees: one == other,
            one,
            other,
        })
    }
}

impl Table {
    pub(super) fn new(block: Block, assets: Vec<Row>, checks: Vec<Check>) -> Self {
        Self {
            block: block.number,
            block_hash: block.at(),
            sums_agree: checks.iter().all(|check| check.agrees),
            assets,
            checks,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "At block {} ({}), amounts in EGN:\n",
            self.block, self.block_hash
        )?;
        writeln!(
            f,
            "{:>5}  {:>15}  {:>15}  {:>20}  {:>20}  {:>18}",
            "asset", "rate", "verified", "emitted", "unvested", "fee"
        )?;
        for row in &self.assets {
            writeln!(
                f,
                "{:>5}  {:>15}  {:>15}  {:>20}  {:>20}  {:>18}",
                row.asset,
                format!("{}/s", work(&row.kind, row.rate.0)),
                work(&row.kind, row.verified_work.0),
                row.emitted,
                row.unvested,
                row.fee
            )?;
        }
        writeln!(
            f,
            "\n{:>5}  {:<56}  {:>9}  {:>20}",
            "asset", "holder", "share, %", "paid"
        )?;
        for row in &self.assets {
            for holder in &row.holders {
                let name = match &holder.name {
                    Some(name) => format!("{} {name}", holder.account),
                    None => holder.account.clone(),
                };
                writeln!(
                    f,
                    "{:>5}  {name:<56}  {:>9}  {:>20}",
                    row.asset, holder.share, holder.paid
                )?;
            }
        }
        writeln!(f)?;
        for row in &self.assets {
            let parts: Vec<String> = row
                .parts()
                .iter()
                .filter(|(_, part)| part.0 > 0)
                .map(|(name, part)| format!("{name} {part}"))
                .collect();
            let received = row.received().map(Egn).unwrap_or_default();
            writeln!(
                f,
                "asset {}: received {received} = {}",
                row.asset,
                parts.join(" + ")
            )?;
        }
        for check in self.checks.iter().filter(|check| !check.agrees) {
            writeln!(f, "WRONG: {}: {} is not {}", check.what, check.one, check.other)?;
        }
        let wrong = self.checks.iter().filter(|check| !check.agrees).count();
        match wrong {
            0 => write!(f, "All {} sums agree to the last unit.", self.checks.len()),
            wrong => write!(f, "{wrong} of {} sums DO NOT agree.", self.checks.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let key = format!("0x{}", "11".repeat(32));
        let holder = HolderRow::new(key, Some("//Bob".into()), 333_333, Some(1_000_000), 40, 0).unwrap();
        Row {
            asset: 1,
            kind: "gpu".into(),
            status: "active".into(),
            operator: None,
            rate: Count(1_500_000_000_000),
            verified_work: Count(0),
            supply: Some(Count(1_000_000)),
            emitted: Egn(100),
            revenue: Egn(0),
            unvested: Egn(57),
            releasable: Egn(0),
            parked: Egn(0),
            slashed: Egn(0),
            fee: Egn(2),
            operator_fee: Egn(0),
            claimed: Egn(40),
            pending: Egn(0),
            dust: Egn(1),
            holders: vec![holder],
        }
    }

    fn table(row: Row) -> Table {
        let block = Block {
            number: 9,
            hash: Default::default(),
        };
        let check = row.check().unwrap();
        Table::new(block, vec![row], vec![check])
    }

    #[test]
    fn shares_are_exact_to_four_digits() {
        assert_eq!(row().holders[0].share, "33.3333");
    }

    #[test]
    fn a_unit_too_many_is_told_in_text_and_json() {
        let good = table(row());
        assert!(good.sums_agree);
        assert!(good.to_string().contains("All 1 sums agree"), "{good}");
        for spoil in [
            |row: &mut Row| row.unvested.0 += 1,
            |row: &mut Row| row.holders[0].paid.0 -= 1,
        ] {
            let mut row = row();
            spoil(&mut row);
            let bad = table(row);
            assert!(!bad.sums_agree);
            assert!(bad.to_string().contains("DO NOT agree"), "{bad}");
            assert_eq!(serde_json::to_value(&bad).unwrap()["sumsAgree"], false);
        }
    }

    #[test]
    fn json_has_the_same_amounts_as_strings() {
        let json = serde_json::to_value(table(row())).unwrap();
        assert_eq!(json["assets"][0]["emitted"], "100");
        assert_eq!(json["assets"][0]["holders"][0]["paid"], "40");
        assert_eq!(json["assets"][0]["holders"][0]["fractions"], "333333");
        assert_eq!(json["sumsAgree"], true);
    }
}
