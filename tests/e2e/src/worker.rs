// SPDX-License-Identifier: Apache-2.0
//! `ergon-worker` as its owner uses it.

use crate::{
    account::Account,
    amount::{Egn, UNIT},
    process::{self, niced, Answer, Process},
    value,
};
use anyhow::{ensure, Context, Result};
use serde_json::Value as Json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// How long a command that talks to the chain may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// One owner's worker: a key, a folder, a node.
#[derive(Clone, Debug)]
pub struct Worker {
    binary: PathBuf,
    folder: PathBuf,
    url: String,
    account: Account,
    /// The flags that name the key.
    key: Vec<String>,
}

/// Where every worker serves its metrics: at a port that the system chooses. See [`metrics`](crate::metrics).
const METRICS: [&str; 2] = ["--metrics", "127.0.0.1:0"];

/// What `run` computes.
#[derive(Clone, Debug)]
pub struct Load {
    /// Shape of the rounds.
    pub shape: &'static str,
    /// Rounds after which no more are computed in a census; `None`: as many as the window allows.
    pub max_rounds: Option<u32>,
    /// Whether it yields to everything else on this machine.
    pub niced: bool,
}

impl Worker {
    /// A worker that signs as `account`, keeps its data under `folder` and talks to the node at `url`.
    pub fn new(binary: &Path, folder: &Path, url: &str, account: &Account) -> Result<Self> {
        Ok(Self {
            binary: binary.to_owned(),
            folder: make_folder(folder, account.name())?,
            url: url.into(),
            key: vec!["--suri".into(), account.suri().into()],
            account: account.clone(),
        })
    }

    /// The same with a new key in an encrypted file, as the worker's own `keys generate` makes it.
    pub async fn with_key_file(binary: &Path, folder: &Path, url: &str, name: &str) -> Result<Self> {
        let folder = make_folder(folder, name)?;
        let (file, password) = (folder.join("key.json"), folder.join("password"));
        fs::write(&password, "correct horse battery staple\n")?;
        let (file, password) = (file.display().to_string(), password.display().to_string());
        let mut command = Command::new(binary);
        command.args([
            "keys",
            "generate",
            &file,
            "--password-file",
            &password,
            "--format",
            "json",
        ]);
        scrub(&mut command);
        let answer = process::run("ergon-worker", command, &folder, PATIENCE).await?;
        ensure!(
            answer.code == Some(0),
            "`keys generate` ended with {:?}: {}",
            answer.code,
            answer.stderr
        );
        let made: Json = serde_json::from_str(&answer.stdout).context("`keys generate` printed no JSON")?;
        let account = Account::from_uri(name, value::text(&made, "phrase")?.into())?;
        ensure!(
            account.ss58() == value::text(&made, "address")?,
            "the phrase is not the address's: {made}"
        );
        Ok(Self {
            binary: binary.to_owned(),
            folder,
            url: url.into(),
            account,
            key: vec!["--key".into(), file, "--password-file".into(), password],
        })
    }

    /// Who signs.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Its folder, with its log.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What `run` prints.
    pub fn log(&self) -> PathBuf {
        self.folder.join("run.log")
    }

    /// The flags that say who, where and which node.
    pub fn identity(&self) -> Vec<String> {
        let folder = self.folder.display().to_string();
        let place = ["--url".into(), self.url.clone(), "--data-dir".into(), folder];
        self.key.iter().cloned().chain(place).collect()
    }

    /// Runs any subcommand to its end, as it is.
    pub async fn ask(&self, arguments: &[&str]) -> Result<Answer> {
        let mut command = Command::new(&self.binary);
        command.args(arguments);
        scrub(&mut command);
        process::run("ergon-worker", command, &self.folder, PATIENCE).await
    }

    /// Runs a subcommand for this worker's account with `--format json`, and reads what it prints.
    ///
    /// # Errors
    /// It fails, or prints no JSON.
    pub async fn json(&self, subcommand: &str, arguments: &[&str]) -> Result<Json> {
        let identity = self.identity();
        let mut all: Vec<&str> = vec![subcommand];
        all.extend(identity.iter().map(String::as_str));
        all.extend(["--format", "json"]);
        all.extend(arguments);
        let answer = self.ask(&all).await?;
        ensure!(
            answer.code == Some(0),
            "`ergon-worker {}` ended with {:?}:\n{}{}",
            all.join(" "),
            answer.code,
            answer.stdout,
            answer.stderr
        );
        serde_json::from_str(&answer.stdout).with_context(|| {
            format!(
                "`ergon-worker {}` printed no JSON:\n{}",
                all.join(" "),
                answer.stdout
            )
        })
    }

    /// Registers a device of matrix work, which `hardware` names, with a bond: the asset's id.
    pub async fn register(&self, hardware: &str, bond: u128) -> Result<u64> {
        self.register_as("gpu", hardware, bond).await
    }

    /// Registers a device of any kind: `gpu` or `hashrate`.
    pub async fn register_as(&self, kind: &str, hardware: &str, bond: u128) -> Result<u64> {
        ensure!(
            bond.is_multiple_of(UNIT),
            "{} is not a whole number of EGN",
            Egn(bond)
        );
        let bond = (bond / UNIT).to_string();
        let answer = self
            .json(
                "register",
                &["--kind", kind, "--hardware", hardware, "--bond", &bond],
            )
            .await?;
        Ok(u64::try_from(value::number(&answer, "asset")?)?)
    }

    /// Starts `run` on one thread.
    pub fn run(&self, asset: u64, load: &Load) -> Result<Process> {
        self.run_with(&["--asset".into(), asset.to_string()], load)
    }

    /// Starts `run` for several assets in one process, each with a prover of its own on one thread of the processor.
    pub fn run_several(&self, assets: &[u64], load: &Load) -> Result<Process> {
        let devices = assets
            .iter()
            .flat_map(|asset| ["--device".into(), asset.to_string()]);
        let backend = ["--backend".into(), "cpu".into()];
        self.run_with(&devices.chain(backend).collect::<Vec<String>>(), load)
    }

    fn run_with(&self, devices: &[String], load: &Load) -> Result<Process> {
        let mut command = match load.niced {
            true => niced(&self.binary),
            false => Command::new(&self.binary),
        };
        command
            .arg("run")
            .args(self.identity())
            .args(devices)
            .args(METRICS)
            .args(["--shape", load.shape, "--threads", "1"]);
        if let Some(rounds) = load.max_rounds {
            command.args(["--max-rounds", &rounds.to_string()]);
        }
        scrub(&mut command);
        Process::start(&format!("the worker of {:?}", self.account), command, &self.log())
    }

    /// Starts `stratum` with these options. It yields to everything else.
    pub fn stratum(&self, asset: u64, options: &[(&str, String)]) -> Result<Process> {
        let mut command = niced(&self.binary);
        command
            .arg("stratum")
            .args(self.identity())
            .args(["--asset", &asset.to_string()])
            .args(METRICS);
        for (option, value) in options {
            command.args([option, value.as_str()]);
        }
        scrub(&mut command);
        Process::start(&format!("the miner of {:?}", self.account), command, &self.log())
    }
}

fn make_folder(folder: &Path, name: &str) -> Result<PathBuf> {
    let folder = folder.join(format!("worker-{}", name.to_lowercase()));
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// Nothing but the flags decides: the variables of whoever runs this must not.
fn scrub(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ERGON_") {
            command.env_remove(name);
        }
    }
}
