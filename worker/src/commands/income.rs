// SPDX-License-Identifier: Apache-2.0
//! `income`: what an asset earned census by census, or what an account earned by it.

use super::asset;
use crate::{
    amount::Egn,
    chain::{client::Client, metadata},
    config::{Config, Layer},
    error::{Code, Error},
};
use serde::Serialize;
use std::{fmt, str::FromStr};
use subxt::utils::AccountId32;

/// Arguments of `income`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The asset
    #[arg(long, value_name = "N")]
    pub asset: Option<u64>,
    /// What this account earned by the asset, and not what the asset earned
    #[arg(long, value_name = "ADDRESS", value_parser = AccountId32::from_str)]
    pub account: Option<AccountId32>,
    /// The first census
    #[arg(long, value_name = "CENSUS", default_value_t = 0)]
    pub from: u32,
    /// The last census [default: the present one]
    #[arg(long, value_name = "CENSUS")]
    pub to: Option<u32>,
    /// Write comma-separated values, whatever the format
    #[arg(long)]
    pub csv: bool,
}

impl Args {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        Layer {
            asset: self.asset,
            ..layer
        }
    }
}

/// What `income` prints. Amounts are decimal strings in EGN's smallest unit.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// The asset's id.
    pub asset: u64,
    /// The account, if it was asked for one.
    pub account: Option<String>,
    /// Nothing is missing from this census on.
    pub from: u32,
    /// Whether nothing is missing of what was asked for.
    pub complete: bool,
    /// By census, the oldest first.
    pub rows: Rows,
    #[serde(skip)]
    csv: bool,
}

/// The rows of one table or the other.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Rows {
    /// What the asset earned.
    Asset(Vec<AssetRow>),
    /// What the account earned.
    Account(Vec<AccountRow>),
}

/// What an asset earned in one census, for the same payee and under the same operator.
#[derive(Clone, Debug, Serialize)]
pub struct AssetRow {
    /// The census since whose draw it was earned; zero before the first.
    pub census: u32,
    /// Emission released.
    pub emission: String,
    /// Payments of tenants.
    pub revenue: String,
    /// Both.
    pub gross: String,
    /// Taken by the protocol.
    pub protocol_fee: String,
    /// Credited to the operator.
    pub operator_fee: String,
    /// What is left for the holders.
    pub net: String,
    /// Credited to them.
    pub credited: String,
    /// Whom: `fractions`, `nobody`, or the owner's address.
    pub payee: String,
    /// Who got the operator's fee.
    pub operator: Option<String>,
}

/// What an account earned in one census.
#[derive(Clone, Debug, Serialize)]
pub struct AccountRow {
    /// The census.
    pub census: u32,
    /// As a holder of fractions.
    pub fractions: String,
    /// As the whole asset's owner.
    pub owner: String,
    /// As the operator.
    pub operator: String,
    /// Together.
    pub total: String,
}

/// Runs `income`. It reads at the finalized block: what it prints stays so.
///
/// # Errors
/// [`Code`]: chain, asset, configuration.
pub async fn run(args: &Args, config: &Config) -> Result<Output, Error> {
    let id = asset(config)?;
    let to = args.to.unwrap_or(u32::MAX);
    if to < args.from {
        return Err(Error::new(Code::Config, "--to is before --from"));
    }
    let unknown = || Error::new(Code::Asset, format!("there is no asset {id}"));
    let client = Client::new(config.urls.clone(), id, AccountId32([0; 32]), None);
    let output = match &args.account {
        None => {
            let log = client.income_log(id, args.from, to).await?.ok_or_else(unknown)?;
            of_asset(id, log)
        }
        Some(account) => {
            let income = client
                .income(account, id, args.from, to)
                .await?
                .ok_or_else(unknown)?;
            of_account(id, account, &income)
        }
    };
    if !output.complete {
        tracing::warn!(
            from = output.from,
            "the chain does not keep all of what was asked for: nothing is missing from census {} on",
            output.from
        );
    }
    Ok(Output {
        csv: args.csv,
        ..output
    })
}

fn of_asset(id: u64, log: metadata::IncomeLog) -> Output {
    let row = |entry: metadata::IncomeEntry| {
        let sums = entry.sums;
        AssetRow {
            census: entry.census.0,
            emission: sums.emission.to_string(),
            revenue: sums.revenue.to_string(),
            gross: sums.emission.saturating_add(sums.revenue).to_string(),
            protocol_fee: sums.protocol_fee.to_string(),
            operator_fee: sums.operator_fee.to_string(),
            net: sums.net.to_string(),
            credited: sums.credited.to_string(),
            payee: metadata::payee_name(&entry.payee),
            operator: entry.operator.map(|operator| operator.to_string()),
        }
    };
    Output {
        asset: id,
        account: None,
        from: log.from.0,
        complete: log.complete,
        rows: Rows::Asset(log.entries.into_iter().map(row).collect()),
        csv: false,
    }
}

fn of_account(id: u64, account: &AccountId32, income: &metadata::AccountIncome) -> Output {
    let rows = income.censuses.iter().map(|row| AccountRow {
        census: row.census.0,
        fractions: row.fractions.to_string(),
        owner: row.owner.to_string(),
        operator: row.operator.to_string(),
        total: row
            .fractions
            .saturating_add(row.owner)
            .saturating_add(row.operator)
            .to_string(),
    });
    Output {
        asset: id,
        account: Some(account.to_string()),
        from: income.from.0,
        complete: income.complete,
        rows: Rows::Account(rows.collect()),
        csv: false,
    }
}

/// A table's cells, the heads first. Amounts are in EGN.
fn table(rows: &Rows) -> (Vec<&'static str>, Vec<Vec<String>>) {
    match rows {
        Rows::Asset(rows) => (
            vec![
                "census",
                "emission",
                "revenue",
                "gross",
                "protocol_fee",
                "operator_fee",
                "net",
                "credited",
                "payee",
                "operator",
            ],
            rows.iter()
                .map(|row| {
                    let mut cells = vec![row.census.to_string()];
                    cells.extend(
                        [
                            &row.emission,
                            &row.revenue,
                            &row.gross,
                            &row.protocol_fee,
                            &row.operator_fee,
                            &row.net,
                            &row.credited,
                        ]
                        .map(|units| egn(units)),
                    );
                    cells.push(row.payee.clone());
                    cells.push(row.operator.clone().unwrap_or_default());
                    cells
                })
                .collect(),
        ),
        Rows::Account(rows) => (
            vec!["census", "fractions", "owner", "operator", "total"],
            rows.iter()
                .map(|row| {
                    let mut cells = vec![row.census.to_string()];
                    cells.extend(
                        [&row.fractions, &row.owner, &row.operator, &row.total].map(|units| egn(units)),
                    );
                    cells
                })
                .collect(),
        ),
    }
}

/// Units as a number of EGN, to the last digit and without the word.
fn egn(units: &str) -> String {
    let units = units.parse().map(Egn).unwrap_or(Egn(0));
    units.to_string().trim_end_matches(" EGN").to_owned()
}

impl Output {
    /// Comma-separated values (RFC 4180, but for its line ends). No cell needs quotes: there are names, addresses and numbers.
    fn write_csv(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (heads, rows) = table(&self.rows);
        write!(f, "asset,account,{}", heads.join(","))?;
        let account = self.account.as_deref().unwrap_or_default();
        for row in rows {
            write!(f, "\n{},{account},{}", self.asset, row.join(","))?;
        }
        Ok(())
    }

    fn write_text(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (heads, rows) = table(&self.rows);
        write!(f, "asset {}", self.asset)?;
        if let Some(account) = &self.account {
            write!(f, ", account {account}")?;
        }
        write!(f, ", in EGN")?;
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(String::len);
            cells
                .chain(heads.get(column).map(|head| head.len()))
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<_> = (0..heads.len()).map(width).collect();
        let mut line = |cells: &mut dyn Iterator<Item = &str>| {
            let cells: Vec<_> = cells
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:>width$}"))
                .collect();
            write!(f, "\n{}", cells.join("  ").trim_end())
        };
        line(&mut heads.iter().copied())?;
        for row in &rows {
            line(&mut row.iter().map(String::as_str))?;
        }
        if !self.complete {
            write!(
                f,
                "\nThe chain does not keep all of it: nothing is missing from census {} on.",
                self.from
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.csv {
            true => self.write_csv(f),
            false => self.write_text(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metadata::{
        AccountIncome, AssetId, CensusIncome, CensusIndex, IncomeEntry, IncomeLog, IncomePayee, IncomeSums,
    };

    const ACCOUNT: AccountId32 = AccountId32([7; 32]);

    fn log() -> IncomeLog {
        let sums = |scale: u128| IncomeSums {
            emission: 100 * scale,
            revenue: 1_000_000_000_000 * scale,
            protocol_fee: 2 * scale,
            operator_fee: 8 * scale,
            net: 90 * scale,
            credited: 90 * scale,
        };
        IncomeLog {
            from: CensusIndex(0),
            complete: true,
            total: sums(3),
            entries: vec![
                IncomeEntry {
                    census: CensusIndex(1),
                    sums: sums(1),
                    payee: IncomePayee::Fractions,
                    operator: Some(ACCOUNT),
                },
                IncomeEntry {
                    census: CensusIndex(2),
                    sums: sums(2),
                    payee: IncomePayee::Owner(ACCOUNT),
                    operator: None,
                },
            ],
        }
    }

    fn account_income() -> AccountIncome {
        AccountIncome {
            from: CensusIndex(2),
            complete: false,
            fractions: 1,
            owner: 20,
            operator: 300,
            censuses: vec![CensusIncome {
                census: CensusIndex(2),
                fractions: 1,
                owner: 20,
                operator: 300,
            }],
        }
    }

    #[test]
    fn an_assets_income_is_comma_separated_to_the_last_digit() {
        let output = Output {
            csv: true,
            ..of_asset(AssetId(3).0, log())
        };
        assert_eq!(
            output.to_string(),
            format!(
                "asset,account,census,emission,revenue,gross,protocol_fee,operator_fee,net,credited,payee,operator\n\
                 3,,1,0.0000000001,1,1.0000000001,0.000000000002,0.000000000008,0.00000000009,0.00000000009,fractions,{ACCOUNT}\n\
                 3,,2,0.0000000002,2,2.0000000002,0.000000000004,0.000000000016,0.00000000018,0.00000000018,{ACCOUNT},"
            )
        );
    }

    #[test]
    fn an_accounts_income_is_comma_separated() {
        let output = Output {
            csv: true,
            ..of_account(3, &ACCOUNT, &account_income())
        };
        assert_eq!(
            output.to_string(),
            format!(
                "asset,account,census,fractions,owner,operator,total\n\
                 3,{ACCOUNT},2,0.000000000001,0.00000000002,0.0000000003,0.000000000321"
            )
        );
    }

    #[test]
    fn json_has_units() {
        let value = serde_json::to_value(of_asset(3, log())).unwrap();
        assert_eq!(value["rows"][1]["gross"], "2000000000200");
        assert_eq!(value["complete"], true);
        assert!(value.get("csv").is_none());
        let value = serde_json::to_value(of_account(3, &ACCOUNT, &account_income())).unwrap();
        assert_eq!(value["rows"][0]["total"], "321");
        assert_eq!(value["account"], ACCOUNT.to_string());
    }

    #[test]
    fn text_says_what_is_missing() {
        let text = of_account(3, &ACCOUNT, &account_income()).to_string();
        assert!(text.ends_with("nothing is missing from census 2 on."), "{text}");
        assert!(!of_asset(3, log()).to_string().contains("missing"));
    }
}
