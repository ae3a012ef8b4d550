// SPDX-License-Identifier: Apache-2.0
//! The worker's commands that look, or only say what they would do: each answers in JSON, with its documented exit code.

use super::{World, MINIMUM_BOND};
use anyhow::{ensure, Context, Result};
use ergon_e2e::{
    value::{at, number, text},
    worker::Worker,
};
use serde_json::{json, Value as Json};
use std::sync::Arc;

/// Runs a command with `--format json`: its exit code, and the JSON on standard output or, if it failed, on standard error.
async fn answer(worker: &Worker, arguments: &[&str]) -> Result<(i32, Json)> {
    let all = [arguments, &["--format", "json"]].concat();
    let answer = worker.ask(&all).await?;
    let what = || format!("`ergon-worker {}` answered {answer:?}", all.join(" "));
    let code = answer.code.with_context(what)?;
    let printed = match answer.stdout.trim() {
        // Log lines may come before the error.
        "" => answer.stderr.lines().last().unwrap_or_default(),
        json => json,
    };
    Ok((code, serde_json::from_str(printed).with_context(what)?))
}

async fn succeeded(worker: &Worker, arguments: &[&str]) -> Result<Json> {
    let (code, json) = answer(worker, arguments).await?;
    ensure!(
        code == 0,
        "`ergon-worker {}` ended with {code}: {json}",
        arguments.join(" ")
    );
    Ok(json)
}

/// The check of that name in what `doctor` prints.
fn check<'a>(found: &'a Json, name: &str) -> Result<&'a Json> {
    let checks = at(found, "checks")?.as_array().context("checks is no list")?;
    checks
        .iter()
        .find(|check| check.get("name") == Some(&json!(name)))
        .with_context(|| format!("doctor does not check the {name}: {found}"))
}

pub async fn run(world: Arc<World>) -> Result<()> {
    let chain = &world.chain;
    let owner = world.account("E2eCommands", 4 * MINIMUM_BOND).await?;
    let worker = world.worker(&owner)?;
    let identity = worker.identity();
    let who: Vec<&str> = identity.iter().map(String::as_str).collect();
    let with = |arguments: &[&'static str]| [arguments, &who].concat();

    // Offline.
    let devices = succeeded(&worker, &["devices"]).await?;
    let device = at(&devices, "devices")?.get(0).context("no device")?;
    ensure!(
        text(device, "kind")? == "cpu" && !text(device, "backend")?.is_empty(),
        "{devices}"
    );
    let (file, password) = (worker.folder().join("key.json"), worker.folder().join("password"));
    std::fs::write(&password, "secret\n")?;
    let (file, password) = (file.display().to_string(), password.display().to_string());
    let tried = succeeded(
        &worker,
        &[
            "keys",
            "generate",
            &file,
            "--password-file",
            &password,
            "--dry-run",
        ],
    )
    .await?;
    ensure!(
        tried.get("dry_run") == Some(&json!(true)) && !worker.folder().join("key.json").exists(),
        "{tried}"
    );
    let made = succeeded(
        &worker,
        &["keys", "generate", &file, "--password-file", &password],
    )
    .await?;
    let seen = succeeded(
        &worker,
        &["keys", "inspect", &file, "--check", "--password-file", &password],
    )
    .await?;
    ensure!(
        text(&made, "address")? == text(&seen, "address")?,
        "{made} and {seen}"
    );
    ensure!(seen.get("checked") == Some(&json!(true)), "{seen}");
    let (code, refused) = answer(
        &worker,
        &["keys", "generate", &file, "--password-file", &password],
    )
    .await?;
    ensure!(
        code == 4 && text(&refused, "kind")? == "key",
        "a key was overwritten: {code}, {refused}"
    );

    // Before the registration.
    let (code, refused) = answer(&worker, &with(&["status", "--asset", "4000000000"])).await?;
    ensure!(
        code == 7 && number(&refused, "code")? == 7,
        "an unknown asset: {code}, {refused}"
    );
    let url = who
        .iter()
        .skip_while(|word| **word != "--url")
        .take(2)
        .copied()
        .collect::<Vec<_>>();
    let (code, refused) = answer(
        &worker,
        &[&["income", "--asset", "4000000000"], &url[..]].concat(),
    )
    .await?;
    ensure!(
        code == 7 && number(&refused, "code")? == 7,
        "the income of an unknown asset: {code}, {refused}"
    );
    let nobody = [
        &["doctor", "--url", "ws://127.0.0.1:9", "--asset", "1"][..],
        &who[..2],
    ]
    .concat();
    let (code, ill) = answer(&worker, &nobody).await?;
    ensure!(
        code == 5 && at(&ill, "healthy")? == &json!(false),
        "no node: {code}, {ill}"
    );
    ensure!(text(check(&ill, "node")?, "verdict")? == "bad", "{ill}");
    let nonce = || async { chain.rpc("system_accountNextIndex", json!([owner.ss58()])).await };
    let before = nonce().await?;
    let dry = with(&[
        "register",
        "--hardware",
        "a device to look at",
        "--bond",
        "100",
        "--dry-run",
    ]);
    let tried = succeeded(&worker, &dry).await?;
    ensure!(
        at(&tried, "asset")?.is_null() && at(&tried, "dry_run")? == &json!(true),
        "{tried}"
    );
    ensure!(
        text(&tried, "owner")? == owner.ss58() && number(&tried, "bond")? == MINIMUM_BOND,
        "{tried}"
    );
    ensure!(nonce().await? == before, "a dry run sent something");

    // After it.
    let asset = worker.register("a device to look at", MINIMUM_BOND).await?;
    let name = asset.to_string();
    let (code, refused) = answer(
        &worker,
        &with(&["register", "--hardware", "a device to look at", "--bond", "100"]),
    )
    .await?;
    ensure!(
        code == 7 && text(&refused, "error")?.contains(&name),
        "the same device twice: {code}, {refused}"
    );
    let asset_flags = [&who[..], &["--asset", &name]].concat();
    let healthy = succeeded(&worker, &[&["doctor"], &asset_flags[..]].concat()).await?;
    ensure!(at(&healthy, "healthy")? == &json!(true), "{healthy}");
    for name in [
        "device", "node", "chain", "clock", "key", "balance", "asset", "operator", "bond", "shape",
    ] {
        ensure!(
            text(check(&healthy, name)?, "verdict")? == "good",
            "{name}: {healthy}"
        );
    }
    let status = succeeded(&worker, &[&["status"], &asset_flags[..]].concat()).await?;
    let found = world.asset(chain.best().await?, asset).await?;
    ensure!(number(&status, "asset")? == u128::from(asset), "{status}");
    ensure!(
        text(&status, "owner")? == owner.ss58() && text(&status, "operator")? == owner.ss58(),
        "{status}"
    );
    ensure!(
        number(&status, "bond")? == number(&found, "bond")?,
        "{status} and {found}"
    );
    ensure!(
        text(&status, "status")? == "provisional" && at(&status, "running")? == &json!(false),
        "{status}"
    );
    let reasons = at(&status, "reasons")?.as_array().context("reasons is no list")?;
    ensure!(
        !reasons.is_empty(),
        "it earns nothing, and no reason is given: {status}"
    );
    let dry = ["run", "--dry-run", "--shape", "s", "--threads", "1"];
    let tried = succeeded(&worker, &[&dry, &asset_flags[..]].concat()).await?;
    ensure!(
        at(&tried, "dry_run")? == &json!(true) && number(&tried["devices"][0], "rounds_expected")? > 0,
        "{tried}"
    );
    Ok(())
}
