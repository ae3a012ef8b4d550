// SPDX-License-Identifier: Apache-2.0
//! The main job: two devices of different strength and a miner earn, one is sold in part, everybody is paid, and the sums agree.

mod table;

pub use table::{HolderRow, Row, Table};

use crate::{
    account::{hex, Account},
    amount::{work, Egn, UNIT},
    books::{audit, Books},
    chain::{Block, Call, Chain, Event},
    history::History,
    process::Process,
    progress::Progress,
    value::{self, bytes, number, text, uint},
    worker::{Load, Worker},
};
use anyhow::{ensure, Context, Result};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};
use tokio::time::Instant;

/// Censuses come about every 20 blocks of 3 s, at random: two in a row take this long once in a thousand times.
const NO_ROYALTY: u32 = 0;
const TWO_CENSUSES: Duration = Duration::from_secs(330);

/// Who plays which part, and on what terms.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Owns and operates the stronger device, and sells a part of it.
    pub strong: Account,
    /// Owns and operates the weaker device.
    pub weak: Account,
    /// Owns and operates a miner of SHA-256d.
    pub miner: Account,
    /// Buys that part.
    pub buyer: Account,
    /// Pushes everybody's income to them.
    pub payer: Account,
    /// Each device's bond.
    pub bond: u128,
    /// Shape of the rounds.
    pub shape: &'static str,
    /// The weaker device's rounds a census.
    pub weak_rounds: u32,
    /// Fractions of the stronger device.
    pub supply: u128,
    /// Of these, sold.
    pub sold: u128,
    /// Price of one.
    pub unit_price: u128,
}

impl Plan {
    /// The usual accounts of a development chain.
    pub fn usual() -> Result<Self> {
        Ok(Self {
            strong: Account::new("Bob")?,
            weak: Account::new("Charlie")?,
            miner: Account::new("Eve")?,
            buyer: Account::new("Dave")?,
            payer: Account::new("Alice")?,
            // A census pays at most a sixteenth of what can be slashed: with less, both would earn the same.
            bond: 20_000 * UNIT,
            shape: "s",
            weak_rounds: 32,
            supply: 1_000_000,
            sold: 333_333,
            unit_price: UNIT / 1_000,
        })
    }
}

/// The demo on a chain that runs.
pub struct Demo<'a> {
    /// The chain.
    pub chain: &'a Chain,
    /// The worker's program.
    pub worker: &'a Path,
    /// Where the workers keep their data.
    pub folder: &'a Path,
    /// Where it says what it does.
    pub progress: &'a Progress,
    /// The parts.
    pub plan: Plan,
}

/// What is left when the demo is over.
pub struct Finished {
    /// The result.
    pub table: Table,
    /// The workers, still running.
    pub workers: Vec<Process>,
    /// Their assets: the stronger device, the weaker, the miner.
    pub assets: [u64; 3],
}

impl Demo<'_> {
    /// Plays it.
    ///
    /// # Errors
    /// Something did not work. That the sums don't agree is not an error here: the table says so.
    pub async fn run(&self) -> Result<Finished> {
        let Plan {
            strong, weak, miner, ..
        } = &self.plan;
        let worker = |account| Worker::new(self.worker, self.folder, self.chain.url(), account);
        let (strong_worker, weak_worker, miner_worker) = (worker(strong)?, worker(weak)?, worker(miner)?);
        self.progress.step(
            "registering two devices and a miner: each becomes an asset with an NFT, a bond and an operator",
        );
        // All run on this machine: each names a device of its own.
        let (strong_asset, weak_asset, miner_asset) = tokio::try_join!(
            strong_worker.register("the stronger device", self.plan.bond),
            weak_worker.register("the weaker device", self.plan.bond),
            miner_worker.register_as("hashrate", "the miner", self.plan.bond)
        )?;
        let assets = [strong_asset, weak_asset, miner_asset];
        self.progress.step(format!(
            "asset {strong_asset} is {strong:?}'s, asset {weak_asset} is {weak:?}'s, the miner is {miner:?}'s asset {miner_asset}; \
             bonds of {} EGN each",
            self.plan.bond / UNIT
        ));
        let mut watch = Watch::new(self, assets).await?;
        let free = Load {
            shape: self.plan.shape,
            max_rounds: None,
            niced: true,
        };
        let capped = Load {
            max_rounds: Some(self.plan.weak_rounds),
            ..free.clone()
        };
        let mut workers = vec![
            strong_worker.run(strong_asset, &free)?,
            weak_worker.run(weak_asset, &capped)?,
            // Its own miner, on one thread; others may connect to a free port.
            miner_worker.stratum(
                miner_asset,
                &[("--listen", "127.0.0.1:0".into()), ("--cpu-threads", "1".into())],
            )?,
        ];
        self.progress.step(format!(
            "three workers run, one thread each; that of asset {weak_asset} stops after {} rounds a census, that of asset \
             {miner_asset} is a Stratum server with a SHA-256d miner",
            self.plan.weak_rounds
        ));
        watch
            .payments(2, &mut workers)
            .await
            .context("the first two censuses")?;
        self.sell(strong_asset).await?;
        watch
            .payments(2, &mut workers)
            .await
            .context("the two censuses after the sale")?;
        let block = self.claim(&assets).await?;
        self.progress
            .step("reading the whole history and comparing all sums");
        let table = self.table(block, &assets).await?;
        Ok(Finished {
            table,
            workers,
            assets,
        })
    }

    /// A third of the asset changes hands, at a fixed price.
    async fn sell(&self, asset: u64) -> Result<()> {
        let Plan {
            strong: seller,
            buyer,
            supply,
            sold,
            unit_price,
            ..
        } = &self.plan;
        let call = |name, arguments: Vec<_>| Call::new("FractionalOwnership", name, arguments);
        let fractionalize = call(
            "fractionalize",
            vec![uint(asset), uint(*supply), uint(NO_ROYALTY)],
        );
        self.chain.succeed(seller, &fractionalize).await?;
        self.progress.step(format!(
            "{seller:?} put asset {asset} into a vault, for {supply} fractions"
        ));
        let offer = call(
            "offer",
            vec![uint(asset), uint(*sold), uint(*unit_price), value::none()],
        );
        self.chain.succeed(seller, &offer).await?;
        let buy = call(
            "buy",
            vec![
                uint(asset),
                bytes(&seller.id()),
                uint(*sold),
                uint(*unit_price),
                uint(*supply),
            ],
        );
        let bought = self.chain.succeed(buyer, &buy).await?;
        let event = bought.event("FractionalOwnership", "Bought")?;
        let due = sold.checked_mul(*unit_price).context("a price beyond 128 bits")?;
        ensure!(
            event.number("price")? == due,
            "the price was not {}: {event:?}",
            Egn(due)
        );
        self.progress.step(format!(
            "{buyer:?} bought {sold} of them from {seller:?} for {} EGN",
            Egn(due)
        ));
        Ok(())
    }

    /// Pushes to every holder what it has coming, all in one transaction: its block.
    async fn claim(&self, assets: &[u64]) -> Result<Block> {
        let now = self.chain.best().await?;
        let mut calls = Vec::new();
        for asset in assets {
            for account in holders(self.chain, now, *asset).await?.into_keys() {
                let who = crate::account::unhex(&account)?;
                calls.push(Call::new(
                    "RewardDistribution",
                    "claim_for",
                    [uint(*asset), bytes(&who)],
                ));
            }
        }
        let count = calls.len();
        let outcome = self.chain.succeed(&self.plan.payer, &Call::all(calls)).await?;
        let paid: Vec<&Event> = outcome
            .events
            .iter()
            .filter(|event| event.is("RewardDistribution", "Claimed"))
            .collect();
        ensure!(paid.len() == count, "{count} claims made {} payments", paid.len());
        let sum = crate::history::sum(paid, "amount")?;
        self.progress.step(format!(
            "{:?} pushed their income to {count} holders: {} EGN",
            self.plan.payer,
            Egn(sum)
        ));
        Ok(outcome.block)
    }

    /// The result at a block.
    async fn table(&self, block: Block, assets: &[u64]) -> Result<Table> {
        let history = History::read(self.chain, block).await?;
        let mut rows = Vec::new();
        let mut accounts = BTreeSet::new();
        for asset in assets {
            let row = self.row(block, *asset, &history).await?;
            accounts.extend(row.holders.iter().map(|holder| holder.key.clone()));
            rows.push(row);
        }
        let accounts: Vec<String> = accounts.into_iter().collect();
        let mut checks = audit(self.chain, &history, assets, &accounts).await?;
        checks.extend(rows.iter().map(Row::check).collect::<Result<Vec<_>>>()?);
        Ok(Table::new(block, rows, checks))
    }

    async fn row(&self, block: Block, asset: u64, history: &History) -> Result<Row> {
        let info = self.chain.compute("asset", json!({ "id": asset }), block).await?;
        let rating = self
            .chain
            .compute("rating", json!({ "id": asset }), block)
            .await?;
        let books = Books::read(self.chain, block, asset).await?;
        let supply = match value::at(&info, "supply")? {
            serde_json::Value::Null => None,
            supply => Some(number(supply, "")?),
        };
        let mut holders = Vec::new();
        for (key, fractions) in holders_and_debts(self.chain, block, asset, &books).await? {
            let claimed = history
                .named("RewardDistribution", "Claimed")
                .filter(|event| event.asset() == Some(asset) && event.text("who") == Some(&key));
            let position = books.positions.iter().find(|position| position.account == key);
            holders.push(HolderRow::new(
                key.clone(),
                self.name_of(&key),
                fractions,
                supply,
                crate::history::sum(claimed, "amount")?,
                position.map_or(Ok(0), |position| position.whole())?,
            )?);
        }
        Row::new(asset, &info, &rating, &books, supply, holders)
    }

    fn name_of(&self, key: &str) -> Option<String> {
        let Plan {
            strong,
            weak,
            miner,
            buyer,
            payer,
            ..
        } = &self.plan;
        [strong, weak, miner, buyer, payer]
            .into_iter()
            .find(|account| account.hex() == key)
            .map(|account| account.suri().to_owned())
    }
}

/// The holders of an asset with their fractions, all pages: of a whole asset its owner, with none.
pub async fn holders(chain: &Chain, block: Block, asset: u64) -> Result<BTreeMap<String, u128>> {
    let mut found = BTreeMap::new();
    let mut cursor = serde_json::Value::Null;
    loop {
        let page = chain
            .compute("holders", json!({ "id": asset, "cursor": cursor }), block)
            .await?;
        ensure!(!page.is_null(), "there is no asset {asset}");
        for holder in value::at(&page, "holders")?
            .as_array()
            .context("holders is no list")?
        {
            let address = text(holder, "account")?;
            let id: subxt::utils::AccountId32 = address.parse().with_context(|| address.to_owned())?;
            found.insert(hex(&id.0), number(holder, "fractions")?);
        }
        cursor = value::at(&page, "next")?.clone();
        if cursor.is_null() {
            return Ok(found);
        }
    }
}

/// The holders, and who else has something coming.
async fn holders_and_debts(
    chain: &Chain,
    block: Block,
    asset: u64,
    books: &Books,
) -> Result<BTreeMap<String, u128>> {
    let mut found = holders(chain, block, asset).await?;
    for position in &books.positions {
        found.entry(position.account.clone()).or_default();
    }
    Ok(found)
}

/// Follows the chain block by block, and tells what concerns the demo.
struct Watch<'a> {
    demo: &'a Demo<'a>,
    assets: [u64; 3],
    next: u32,
}

impl<'a> Watch<'a> {
    async fn new(demo: &'a Demo<'a>, assets: [u64; 3]) -> Result<Self> {
        let next = demo.chain.best().await?.number;
        Ok(Self { demo, assets, next })
    }

    /// Waits until each asset has been paid for so many more censuses.
    async fn payments(&mut self, each: usize, workers: &mut [Process]) -> Result<()> {
        let deadline = Instant::now() + TWO_CENSUSES;
        let mut paid: BTreeMap<u64, BTreeSet<u128>> = BTreeMap::new();
        loop {
            let done = |asset: &u64| paid.get(asset).is_some_and(|censuses| censuses.len() >= each);
            if self.assets.iter().all(done) {
                return Ok(());
            }
            for worker in workers.iter_mut() {
                worker.check()?;
            }
            let Some(block) = self.demo.chain.block(self.next).await? else {
                let logs = || {
                    let tails = workers.iter().map(|worker| crate::process::tail(worker.log()));
                    tails.collect::<Vec<_>>().join("\n")
                };
                ensure!(
                    Instant::now() < deadline,
                    "waited {TWO_CENSUSES:?} until block {} for {each} payments of each asset, and saw {paid:?}.\n{}",
                    self.next,
                    logs()
                );
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            };
            self.next += 1;
            for event in self.demo.chain.events(block).await? {
                if let Some(asset) = event.asset().filter(|asset| self.assets.contains(asset)) {
                    if event.is("ProofOfCompute", "Paid") {
                        paid.entry(asset).or_default().insert(event.number("census")?);
                    }
                }
                self.tell(&event)?;
            }
            self.show(block).await?;
        }
    }

    fn tell(&self, event: &Event) -> Result<()> {
        let progress = self.demo.progress;
        if event.pallet != "ProofOfCompute"
            || event.asset().is_some_and(|asset| !self.assets.contains(&asset))
        {
            return Ok(());
        }
        let asset = event.asset().unwrap_or_default();
        match event.name.as_str() {
            "CensusOpened" => progress.step(format!(
                "census {} opens for all devices, with pots of {} EGN together",
                event.number("census")?,
                Egn(event.number("pot")?)
            )),
            "Committed" => progress.step(format!(
                "  asset {asset} claims {} rounds",
                event.number("rounds")?
            )),
            "OpeningSeedMade" => progress.step("  the opening seed stands: who is drawn shows its work"),
            "SharesSubmitted" => progress.step(format!(
                "  asset {asset} shows {} hashes, checked by the chain",
                event.number("hashes")?
            )),
            "Opened" => progress.step(format!(
                "  asset {asset} opened: {}/s, checked by the chain",
                work(self.kind(asset), event.number("rate")?)
            )),
            "Paid" => progress.step(format!(
                "  asset {asset} earned {} EGN for {}",
                Egn(event.number("amount")?),
                work(self.kind(asset), event.number("work")?)
            )),
            "CensusVoided" => progress.step("  the census is void: a block had no randomness"),
            "Slashed" => progress.step(format!("  asset {asset} was slashed")),
            _ => {}
        }
        Ok(())
    }

    fn kind(&self, asset: u64) -> &'static str {
        let [.., miner] = self.assets;
        if asset == miner {
            "hashrate"
        } else {
            "gpu"
        }
    }

    async fn show(&self, block: Block) -> Result<()> {
        let census = self.demo.chain.compute("census", json!({}), block).await?;
        self.demo.progress.now(format!(
            "block {}, census {}: {}",
            block.number,
            value::at(&census, "index")?,
            text(&census, "phase")?
        ));
        Ok(())
    }
}
