// SPDX-License-Identifier: Apache-2.0
//! `ergon-node` with a development chain of its own.

use crate::process::{tail, Process};
use anyhow::{Context, Result};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

/// A node of a development chain: one validator, and every state since genesis kept.
#[derive(Debug)]
pub struct Node {
    binary: PathBuf,
    base: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Node {
    /// Starts a node whose data lie in `folder/node`, and whose log is `folder/node.log`. It listens on a free port.
    pub fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let mut node = Self {
            binary: binary.to_owned(),
            base: folder.to_owned(),
            port: free_port()?,
            process: None,
        };
        node.restart()?;
        Ok(node)
    }

    /// Starts it again on the same data and port. Does nothing if it runs.
    pub fn restart(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut command = Command::new(&self.binary);
        command
            .arg("--dev")
            .arg("--base-path")
            .arg(self.base.join("node"))
            .args(["--rpc-port", &self.port.to_string()])
            // A chain of one's own needs no peers.
            .args(["--listen-addr", "/ip4/127.0.0.1/tcp/0", "--no-mdns"])
            .args(["--no-prometheus", "--no-telemetry"])
            // The whole history is read in the end.
            .args(["--state-pruning", "archive", "--blocks-pruning", "archive"]);
        self.process = Some(Process::start("ergon-node", command, &self.log())?);
        Ok(())
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// What it prints.
    pub fn log(&self) -> PathBuf {
        self.base.join("node.log")
    }

    /// The process, if it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().and_then(Process::id)
    }

    /// # Errors
    /// It has ended.
    pub fn check(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), Process::check)
    }

    /// Kills it by SIGKILL: nothing is flushed.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), Process::kill)
    }

    /// Lets it outlive this program.
    pub fn leave(mut self) {
        if let Some(process) = self.process.take() {
            process.leave();
        }
    }

    /// The last lines of its log.
    pub fn tail(&self) -> String {
        tail(&self.log())
    }
}

/// A port that nobody listens on.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
    Ok(listener.local_addr().context("no free port")?.port())
}
