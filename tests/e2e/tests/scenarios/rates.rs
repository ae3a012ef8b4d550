// SPDX-License-Identifier: Apache-2.0
//! What the chain counts of a miner's hashes, against what the miner says itself that it made in the same seconds: our own test miner, and
//! `apoclypsebm`, which nobody here wrote.
//!
//! Takes a census a minute, so it runs only where it is asked for: `ERGON_RATES` is how many censuses, and `ERGON_APOCLYPSE` a Python that has
//! `tests/stratum/requirements.txt`; without it our own miner runs alone. Where `ERGON_TRANSCRIPTS` names a folder, what they said is left there.

use super::{
    stratum::{counterpart, folder, free_port, listening},
    World, CENSUS, MINIMUM_BOND,
};
use anyhow::{bail, ensure, Context, Result};
use ergon_e2e::{
    amount::UNIT,
    process::{tail, Process},
    value::number,
};
use serde_json::Value as Json;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};
use tokio::time::{sleep, Instant};

/// How many censuses.
pub const CENSUSES: &str = "ERGON_RATES";

/// Shares of a proof: the estimate's relative standard error is 1/√(K - 2).
const SHARES: f64 = 64.0;

/// Standard errors that a rate may be off.
const ERRORS: f64 = 3.0;

/// A log that grows. Its lines count from the moment in which they are seen.
struct Follow {
    path: PathBuf,
    read: u64,
    rest: String,
}

impl Follow {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            read: 0,
            rest: String::new(),
        }
    }

    /// The whole lines that came since.
    fn lines(&mut self) -> Result<Vec<String>> {
        let Ok(mut file) = File::open(&self.path) else {
            return Ok(Vec::new());
        };
        file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        self.read += u64::try_from(file.read_to_end(&mut bytes)?)?;
        self.rest.push_str(&String::from_utf8_lossy(&bytes));
        let Some(end) = self.rest.rfind(['\n', '\r']) else {
            return Ok(Vec::new());
        };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        Ok(whole.split(['\n', '\r']).map(ToOwned::to_owned).collect())
    }
}

/// A field of a log line: `name=value`.
fn field(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(&format!(" {name}="))?;
    rest.split(' ').next()?.trim_matches('"').parse().ok()
}

/// What a miner has reported.
#[derive(Default)]
struct Reported {
    /// Hashes in all, at moments.
    sums: Vec<(Instant, f64)>,
}

impl Reported {
    /// Takes a line of `miner.mjs`, which reports a sum, or of `apoclypsebm`, which reports a rate.
    fn take(&mut self, line: &str, now: Instant) {
        let last = self.sums.last().copied();
        let sum = match serde_json::from_str::<Json>(line) {
            Ok(line) => line.get("at").and(line.get("hashes")).and_then(Json::as_f64),
            Err(_) => line
                .split_once(" MH/s (")
                .and_then(|(before, _)| before.rsplit('[').next()?.trim().parse::<f64>().ok())
                .map(|rate| {
                    let (before, sum) = last.unwrap_or((now, 0.0));
                    sum + rate * 1e6 * (now - before).as_secs_f64()
                }),
        };
        self.sums.extend(sum.map(|sum| (now, sum)));
    }

    /// The sum at a moment, between two reports.
    fn at(&self, moment: Instant) -> Option<f64> {
        let after = self.sums.iter().position(|(at, _)| *at >= moment)?;
        let (end, upper) = *self.sums.get(after)?;
        let (begin, lower) = *self.sums.get(after.checked_sub(1)?)?;
        let part = (moment - begin).as_secs_f64() / (end - begin).as_secs_f64().max(1e-9);
        Some(lower + (upper - lower) * part)
    }
}

/// A census of one asset, as its server tells it.
#[derive(Clone, Copy)]
struct Census {
    begun: Instant,
    /// A submission: when it was sent, and the hashes that it stands for.
    sending: Option<(Instant, f64)>,
    /// The last that was taken.
    taken: Option<(Instant, f64)>,
}

/// An asset with its server and its miner.
struct Rig {
    name: &'static str,
    asset: u64,
    server: Process,
    miner: Process,
    /// Between them, if the miner makes no transcript itself.
    _recorder: Option<Process>,
    transcript: String,
    server_log: Follow,
    miner_log: Follow,
    reported: Reported,
    censuses: BTreeMap<u64, Census>,
    /// The server's last line about its miner.
    row: String,
}

impl Rig {
    async fn start(world: &World, name: &'static str, python: Option<&Path>) -> Result<Self> {
        let account = world.account(name, 10_000 * UNIT).await?;
        let worker = world.worker(&account)?;
        let asset = worker.register_as("hashrate", name, 10 * MINIMUM_BOND).await?;
        let port = free_port()?;
        let options = [
            ("--listen", format!("127.0.0.1:{port}")),
            ("--cpu-threads", "0".into()),
            ("--difficulty", "0.00001".into()),
        ];
        let mut server = worker.stratum(asset, &options)?;
        listening(port, &mut server).await?;
        let log = worker.folder().join("miner.log");
        let transcript = worker.folder().join("transcript.jsonl").display().to_string();
        let mut recorder = None;
        let miner = match python {
            None => counterpart(
                "miner.mjs",
                &[
                    &format!("127.0.0.1:{port}"),
                    "--user",
                    name,
                    "--seconds",
                    "86400",
                    "--roll-version",
                    "--report",
                    "0.5",
                    "--record",
                    &transcript,
                ],
                &log,
            )?,
            Some(python) => {
                let own = free_port()?;
                let (from, to) = (format!("127.0.0.1:{own}"), format!("127.0.0.1:{port}"));
                let log_of = worker.folder().join("recorder.log");
                let mut between = counterpart("record.mjs", &[&from, &to, &transcript], &log_of)?;
                listening(own, &mut between).await?;
                recorder = Some(between);
                let mut command = Command::new("nice");
                command
                    .args(["-n", "10"])
                    .arg(python)
                    .arg("-u")
                    .arg(folder().join("apoclypse.py"))
                    .args(["--no-bfl", "-d", "0", "-w", "64", "--verbose"])
                    .arg(format!("stratum://{name}:x@127.0.0.1:{own}"))
                    .env("ERGON_ZERO_BITS", "12")
                    .current_dir(worker.folder());
                Process::start("apoclypsebm", command, &log)?
            }
        };
        Ok(Self {
            name,
            asset,
            server_log: Follow::new(worker.log()),
            miner_log: Follow::new(log),
            server,
            miner,
            _recorder: recorder,
            transcript,
            reported: Reported::default(),
            censuses: BTreeMap::new(),
            row: String::new(),
        })
    }

    /// Reads what was said since.
    fn look(&mut self) -> Result<()> {
        self.server.check()?;
        self.miner.check()?;
        let now = Instant::now();
        for line in self.miner_log.lines()? {
            self.reported.take(&line, now);
        }
        for line in self.server_log.lines()? {
            if line.contains(" accepted=") {
                self.row.clone_from(&line);
            }
            let Some(census) = field(&line, "census") else {
                continue;
            };
            // Whole, as it was printed.
            let census = census as u64;
            if line.contains("collecting shares") {
                let fresh = Census {
                    begun: now,
                    sending: None,
                    taken: None,
                };
                self.censuses.insert(census, fresh);
            } else if let Some(census) = self.censuses.get_mut(&census) {
                if line.contains(" submitting ") {
                    census.sending = field(&line, "hashes").map(|hashes| (now, hashes));
                } else if line.contains("submission taken") {
                    census.taken = census.sending.take();
                }
            }
        }
        Ok(())
    }

    /// The censuses whose last submission was taken: hashes shown, and hashes reported.
    fn figures(&self) -> Vec<(u64, f64, f64)> {
        let of = |(index, census): (&u64, &Census)| {
            let (sent, shown) = census.taken?;
            let made = self.reported.at(sent)? - self.reported.at(census.begun)?;
            (made > 0.0).then_some((*index, shown, made))
        };
        self.censuses.iter().filter_map(of).collect()
    }
}

pub async fn run(world: Arc<World>) -> Result<()> {
    let wanted: usize = match std::env::var(CENSUSES)?.parse() {
        Ok(0) | Err(_) => bail!("{CENSUSES} is not a number of censuses"),
        Ok(wanted) => wanted,
    };
    let from = world.chain.best().await?.number;
    let mut rigs = vec![Rig::start(&world, "miner", None).await?];
    if let Some(python) = std::env::var_os("ERGON_APOCLYPSE") {
        let rig = Rig::start(&world, "apoclypsebm", Some(Path::new(&python))).await?;
        rigs.push(rig);
    }
    // Its first shares come after a minute.
    let deadline = Instant::now() + CENSUS * u32::try_from(wanted + 2)?;
    loop {
        for rig in &mut rigs {
            rig.look()?;
        }
        let over = |rig: &Rig| rig.figures().len() > wanted;
        if rigs.iter().all(over) {
            break;
        }
        let logs = || rigs.iter().map(|rig| tail(rig.server.log())).collect::<String>();
        ensure!(Instant::now() < deadline, "too few censuses. {}", logs());
        sleep(Duration::from_millis(50)).await;
    }

    let submitted = submissions(&world, from).await?;
    let error = 1.0 / (SHARES - 2.0).sqrt();
    let mut wrong = Vec::new();
    for rig in &rigs {
        eprintln!("{}, asset {}", rig.name, rig.asset);
        eprintln!("census       shown    reported   ratio  standard errors");
        let (mut shown, mut made, mut squares) = (0.0, 0.0, 0.0);
        // The one that may still go on is left out.
        for (census, of_census, reported) in rig.figures().into_iter().take(wanted) {
            let on_chain = submitted.get(&(rig.asset, census)).copied();
            ensure!(
                on_chain == Some(of_census),
                "{}: the chain says {on_chain:?} of census {census}, the server {of_census}",
                rig.name
            );
            let ratio = of_census / reported;
            let errors = (ratio - 1.0) / error;
            eprintln!("{census:>6} {of_census:>11.0} {reported:>11.0} {ratio:>7.3} {errors:>+16.2}");
            shown += of_census;
            made += reported;
            squares += reported * reported;
            // Of many some are outside; the sum below is not.
            if errors.abs() > ERRORS + 1.0 {
                wrong.push(format!("{} in census {census}: {errors:.2}", rig.name));
            }
        }
        let ratio = shown / made;
        let errors = (ratio - 1.0) / (error * squares.sqrt() / made);
        eprintln!("   all {shown:>11.0} {made:>11.0} {ratio:>7.3} {errors:>+16.2}");
        eprintln!("{}", rig.row);
        if errors.abs() > ERRORS {
            wrong.push(format!("{} in all: {errors:.2}", rig.name));
        }
        let count = |name| field(&rig.row, name).context("the server has counted no shares");
        let (accepted, invalid) = (count("accepted")?, count("invalid")? + count("duplicate")?);
        if invalid > 0.0 || accepted < SHARES {
            wrong.push(format!("{}: {accepted} accepted, {invalid} invalid", rig.name));
        }
    }
    if let Some(folder) = std::env::var_os("ERGON_TRANSCRIPTS") {
        for rig in &rigs {
            std::fs::copy(
                &rig.transcript,
                Path::new(&folder).join(rig.name).with_extension("jsonl"),
            )?;
        }
    }
    ensure!(wrong.is_empty(), "standard errors: {wrong:?}");
    Ok(())
}

/// The hashes of the last submission of each asset in each census, as the chain's events tell.
async fn submissions(world: &World, from: u32) -> Result<BTreeMap<(u64, u64), f64>> {
    let mut last = BTreeMap::new();
    let best = world.chain.best().await?.number;
    for height in from..=best {
        let block = world.chain.block(height).await?.context("a block is gone")?;
        for event in world.chain.events(block).await? {
            if let Some(asset) = event
                .asset()
                .filter(|_| event.is("ProofOfCompute", "SharesSubmitted"))
            {
                let census = u64::try_from(number(&event.fields, "census")?)?;
                // Below 2^53.
                last.insert((asset, census), event.number("hashes")? as f64);
            }
        }
    }
    Ok(last)
}
