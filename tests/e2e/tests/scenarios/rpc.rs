// SPDX-License-Identifier: Apache-2.0
//! The `compute` namespace: what every method answers, and which field every bad input is blamed on.

use super::World;
use anyhow::{bail, ensure, Context, Result};
use ergon_e2e::{
    account::Account,
    rpc::Refusal,
    value::{at, number, small, text},
};
use serde_json::{json, Value as Json};
use std::{collections::BTreeSet, sync::Arc};

/// The fields that docs/rpc.md promises.
const ASSET: &str =
    "id kind status owner operator nominee hardware uri registeredAt liens bond bondPledged supply rate \
                     unvested releasable parked books";
const BOOKS: &str = "emitted revenue claimed protocolFee operatorFee slashed";
const CENSUS: &str =
    "index phase challenge openedAt closesAt openSeed openUntil reportUntil notBefore commits always \
                      claimedWork pot paid hashrate";
const RATING: &str = "asset rate rateError best verifiedWork passed failed lastCensus missed commit";
const SUMS: &str = "emission revenue gross protocolFee operatorFee net credited";
const ENTRY: &str = "census emission revenue gross protocolFee operatorFee net credited payee owner operator";
const STATS: &str =
    "assets censuses rate verifiedWork hashrate verifiedHashes totalIssuance emitted maxSupply slashed";

fn has_fields(value: &Json, fields: &str) -> Result<()> {
    let promised: BTreeSet<&str> = fields.split_whitespace().collect();
    let object = value.as_object().with_context(|| format!("no object: {value}"))?;
    let found: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    ensure!(found == promised, "fields {found:?} instead of {promised:?}");
    Ok(())
}

/// A call that must be refused with -32602, its message and data naming `field`.
async fn refused(world: &World, method: &str, params: Json, field: &str) -> Result<()> {
    let what = format!("compute_{method}{params}");
    let Err(error) = world.chain.rpc(&format!("compute_{method}"), params).await else {
        bail!("{what} was answered, though `{field}` is wrong");
    };
    let refusal: &Refusal = error
        .downcast_ref()
        .with_context(|| format!("{what}: {error:#}"))?;
    ensure!(refusal.code == -32602, "{what}: {refusal}");
    ensure!(
        refusal.data == Some(json!({ "field": field })),
        "{what} should blame `{field}`: {refusal}"
    );
    ensure!(
        refusal.message.contains(&format!("`{field}`")),
        "{what} should name `{field}`: {refusal}"
    );
    Ok(())
}

pub async fn run(world: Arc<World>) -> Result<()> {
    let chain = &world.chain;
    let block = chain.finalized().await?;
    let (bob, dave) = (Account::new("Bob")?, Account::new("Dave")?);
    let (sold, whole) = {
        let running = world.running.lock().await;
        let ids: Vec<u64> = running.iter().map(|(asset, _)| *asset).collect();
        let mut found = (None, None);
        for id in ids {
            match world.asset(block, id).await?.get("supply") {
                Some(Json::Null) => found.1 = Some(id),
                _ => found.0 = Some(id),
            }
        }
        (
            found.0.context("no asset in fractions")?,
            found.1.context("no whole asset")?,
        )
    };

    good_answers(&world, sold, whole, &bob, &dave).await?;

    // Every parameter of every method, wrong in every way.
    let unknown = format!("0x{}", "5a".repeat(32));
    let bad_at = [json!("0x11"), json!("zz"), json!(7), json!(true), json!(unknown)];
    let bad_ids = [
        json!(null),
        json!(-1),
        json!(1.5),
        json!("one"),
        json!(true),
        json!([1]),
        json!("18446744073709551616"),
    ];
    let bad_accounts = [
        json!(null),
        json!(1),
        json!("0x00"),
        json!("5Grw"),
        json!(""),
        json!({}),
    ];
    let id = json!(sold);
    let alice = json!(world.alice.ss58());
    for (method, first, bad_first) in [
        ("asset", "id", &bad_ids[..]),
        ("rating", "id", &bad_ids[..]),
        ("holders", "id", &bad_ids[..]),
        ("incomeLog", "id", &bad_ids[..]),
        ("assetsOf", "account", &bad_accounts[..]),
        ("pendingRewards", "account", &bad_accounts[..]),
    ] {
        refused(&world, method, json!([]), first).await?;
        refused(&world, method, json!({}), first).await?;
        for bad in bad_first {
            refused(&world, method, json!([bad]), first).await?;
            refused(&world, method, json!({ first: bad }), first).await?;
        }
        for bad in &bad_at {
            let good = if first == "id" { &id } else { &alice };
            refused(&world, method, json!({ first: good, "at": bad }), "at").await?;
        }
    }
    for method in ["census", "networkStats"] {
        for bad in &bad_at {
            refused(&world, method, json!([bad]), "at").await?;
            refused(&world, method, json!({ "at": bad }), "at").await?;
        }
    }
    for bad in [json!(0), json!(-1), json!(1.5), json!("ten"), json!(101)] {
        refused(&world, "holders", json!({ "id": sold, "limit": bad }), "limit").await?;
    }
    for bad in &bad_ids {
        refused(&world, "income", json!([alice, bad]), "id").await?;
    }
    for bad in &bad_accounts {
        refused(&world, "income", json!({ "account": bad, "id": sold }), "account").await?;
    }
    for bad in &bad_at {
        let params = json!({ "account": alice, "id": sold, "at": bad });
        refused(&world, "income", params, "at").await?;
    }
    for bad in [json!(-1), json!(1.5), json!("1"), json!(4_294_967_296u64)] {
        for field in ["from", "to"] {
            refused(&world, "incomeLog", json!({ "id": sold, field: bad }), field).await?;
            let params = json!({ "account": alice, "id": sold, field: bad });
            refused(&world, "income", params, field).await?;
        }
    }
    let backwards = json!({ "id": sold, "from": 3, "to": 2 });
    refused(&world, "incomeLog", backwards, "to").await?;
    for bad in [json!(5), json!("0xzz"), json!("cursor"), json!([])] {
        refused(&world, "holders", json!({ "id": sold, "cursor": bad }), "cursor").await?;
    }
    for bad in [json!(0), json!(1_001), json!("ten"), json!({})] {
        refused(
            &world,
            "assetsOf",
            json!({ "account": alice, "limit": bad }),
            "limit",
        )
        .await?;
    }
    for bad in [json!(-1), json!("x"), json!(1.5)] {
        refused(
            &world,
            "assetsOf",
            json!({ "account": alice, "start": bad }),
            "start",
        )
        .await?;
    }
    Ok(())
}

async fn good_answers(world: &World, sold: u64, whole: u64, bob: &Account, dave: &Account) -> Result<()> {
    let chain = &world.chain;
    let block = chain.finalized().await?;
    let by_name = |method, params| chain.compute(method, params, block);
    let nothing = 4_000_000_000u64;

    let asset = by_name("asset", json!({ "id": sold })).await?;
    has_fields(&asset, ASSET)?;
    has_fields(at(&asset, "books")?, BOOKS)?;
    ensure!(
        number(&asset, "id")? == u128::from(sold) && text(&asset, "kind")? == "gpu",
        "{asset}"
    );
    ensure!(
        text(&asset, "status")? == "active" && small(&asset, "liens")? == 1,
        "{asset}"
    );
    ensure!(
        text(&asset, "operator")? == bob.ss58() && text(&asset, "supply")? == "1000000",
        "{asset}"
    );
    ensure!(
        at(&asset, "bond")?.is_string() && at(&asset, "books.emitted")?.is_string(),
        "amounts are strings: {asset}"
    );
    // By position, and with the id as digits, it is the same.
    let at_block = json!(block.at());
    for params in [json!([sold, at_block]), json!([sold.to_string(), at_block])] {
        ensure!(
            chain.rpc("compute_asset", params).await? == asset,
            "another answer by position"
        );
    }
    ensure!(
        by_name("asset", json!({ "id": nothing })).await?.is_null(),
        "an asset that is none"
    );
    let genesis = chain.genesis().await?;
    ensure!(
        chain
            .compute("asset", json!({ "id": sold }), genesis)
            .await?
            .is_null(),
        "an asset at genesis"
    );

    let vault = text(&asset, "owner")?;
    let kept = by_name("assetsOf", json!({ "account": vault })).await?;
    ensure!(kept == json!([sold]), "the vault keeps {kept}");
    let owner = text(&by_name("asset", json!({ "id": whole })).await?, "owner")?.to_owned();
    let owned = by_name("assetsOf", json!({ "account": owner })).await?;
    ensure!(owned == json!([whole]), "{owner} owns {owned}");
    let later = by_name(
        "assetsOf",
        json!({ "account": owner, "start": whole + 1, "limit": 1 }),
    )
    .await?;
    ensure!(
        later == json!([]) && by_name("assetsOf", json!({ "account": bob.hex() })).await? == json!([]),
        "{later}"
    );

    let census = by_name("census", json!({})).await?;
    has_fields(&census, CENSUS)?;
    ensure!(
        small(&census, "index")? >= 4 && small(&census, "closesAt")? == small(&census, "openedAt")? + 6,
        "{census}"
    );
    let first = chain.compute("census", json!({}), genesis).await?;
    ensure!(
        small(&first, "index")? == 0 && text(&first, "phase")? == "idle",
        "{first}"
    );

    let rating = by_name("rating", json!({ "id": sold })).await?;
    has_fields(&rating, RATING)?;
    ensure!(
        small(&rating, "passed")? >= 4 && number(&rating, "verifiedWork")? > 0,
        "{rating}"
    );
    ensure!(
        by_name("rating", json!({ "id": nothing })).await?.is_null(),
        "a rating of nothing"
    );

    let page = by_name("holders", json!({ "id": sold, "limit": 1 })).await?;
    has_fields(&page, "supply holders next")?;
    let rest = by_name(
        "holders",
        json!({ "id": sold, "limit": 1, "cursor": at(&page, "next")? }),
    )
    .await?;
    ensure!(
        at(&rest, "next")?.is_null() && !at(&page, "next")?.is_null(),
        "two holders make two pages: {page}, {rest}"
    );
    let all = by_name("holders", json!({ "id": sold })).await?;
    let list = |page: &Json| {
        at(page, "holders")
            .ok()
            .and_then(Json::as_array)
            .cloned()
            .unwrap_or_default()
    };
    ensure!(
        list(&all) == [list(&page), list(&rest)].concat(),
        "pages {page} and {rest} are not {all}"
    );
    for (account, fractions) in [(bob, "666667"), (dave, "333333")] {
        let holder = list(&all)
            .into_iter()
            .find(|holder| holder.get("account") == Some(&json!(account.ss58())));
        let holder = holder.with_context(|| format!("{account:?} holds nothing: {all}"))?;
        has_fields(&holder, "account fractions pending")?;
        ensure!(text(&holder, "fractions")? == fractions, "{holder}");
        // One view agrees with the other.
        let rewards = by_name("pendingRewards", json!({ "account": account.ss58() })).await?;
        has_fields(&rewards, "total assets")?;
        let of_asset = list_of(&rewards)?
            .into_iter()
            .find(|reward| reward.get("asset") == Some(&json!(sold)));
        let pending = of_asset.map_or(Ok(0), |reward| number(&reward, "amount"))?;
        ensure!(pending == number(&holder, "pending")?, "{holder} and {rewards}");
        let sum = list_of(&rewards)?
            .iter()
            .map(|reward| number(reward, "amount"))
            .sum::<Result<u128>>()?;
        ensure!(sum == number(&rewards, "total")?, "{rewards}");
    }
    let one = by_name("holders", json!({ "id": whole })).await?;
    ensure!(
        at(&one, "supply")?.is_null() && list(&one).len() == 1,
        "a whole asset has one holder: {one}"
    );
    ensure!(
        by_name("holders", json!({ "id": nothing })).await?.is_null(),
        "holders of nothing"
    );

    income(world, sold, bob, dave).await?;

    let stats = by_name("networkStats", json!({})).await?;
    has_fields(&stats, STATS)?;
    ensure!(
        small(&stats, "censuses")? == small(&census, "index")?,
        "{stats} and {census}"
    );
    ensure!(
        number(&stats, "totalIssuance")? < number(&stats, "maxSupply")?,
        "{stats}"
    );
    ensure!(
        number(&stats, "emitted")? > 0 && number(&stats, "verifiedWork")? > 0,
        "{stats}"
    );
    Ok(())
}

/// The log adds up to the books; the holders' incomes, claimed or not, to what the log credited them.
async fn income(world: &World, sold: u64, bob: &Account, dave: &Account) -> Result<()> {
    let chain = &world.chain;
    let block = chain.finalized().await?;
    let by_name = |method, params| chain.compute(method, params, block);
    let log = by_name("incomeLog", json!({ "id": sold })).await?;
    has_fields(&log, "from complete total entries")?;
    has_fields(at(&log, "total")?, SUMS)?;
    ensure!(at(&log, "complete")? == &json!(true), "{log}");
    let asset = by_name("asset", json!({ "id": sold })).await?;
    for (sum, book) in [
        ("protocolFee", "protocolFee"),
        ("operatorFee", "operatorFee"),
        ("revenue", "revenue"),
    ] {
        ensure!(
            number(&log, &format!("total.{sum}"))? == number(&asset, &format!("books.{book}"))?,
            "{log} and {asset}"
        );
    }
    let entries = at(&log, "entries")?
        .as_array()
        .cloned()
        .context("entries is no list")?;
    ensure!(!entries.is_empty(), "{log}");
    let mut credited = 0;
    for entry in &entries {
        has_fields(entry, ENTRY)?;
        ensure!(
            number(entry, "gross")?
                == number(entry, "protocolFee")? + number(entry, "operatorFee")? + number(entry, "net")?,
            "{entry}"
        );
        credited += number(entry, "credited")?;
    }
    ensure!(credited == number(&log, "total.credited")?, "{log}");
    let last = small(entries.last().context("no entry")?, "census")?;
    let one = by_name("incomeLog", json!({ "id": sold, "from": last, "to": last })).await?;
    ensure!(
        at(&one, "entries")?
            .as_array()
            .is_some_and(|found| !found.is_empty()),
        "{one}"
    );

    for account in [bob, dave] {
        let params = json!({ "account": account.ss58(), "id": sold });
        let income = by_name("income", params).await?;
        has_fields(&income, "from complete total fractions owner operator censuses")?;
        let mut sum = 0;
        for row in at(&income, "censuses")?
            .as_array()
            .context("censuses is no list")?
        {
            has_fields(row, "census fractions owner operator")?;
            sum += number(row, "fractions")? + number(row, "owner")? + number(row, "operator")?;
        }
        ensure!(sum == number(&income, "total")?, "{income}");
        ensure!(
            number(&income, "fractions")? > 0,
            "{account:?} earned nothing: {income}"
        );
    }
    let nothing = 4_000_000_000u64;
    ensure!(
        by_name("incomeLog", json!({ "id": nothing })).await?.is_null(),
        "a log of nothing"
    );
    let params = json!({ "account": bob.ss58(), "id": nothing });
    ensure!(by_name("income", params).await?.is_null(), "an income of nothing");
    Ok(())
}

fn list_of(rewards: &Json) -> Result<Vec<Json>> {
    at(rewards, "assets")?
        .as_array()
        .cloned()
        .context("assets is no list")
}
