// SPDX-License-Identifier: Apache-2.0
//! Programs that run beside this one, and never outlive it unless they are told to.

use anyhow::{bail, ensure, Context, Result};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};
use tokio::time::{sleep, Instant};

/// How many of a log's last lines an error shows.
const TAIL: usize = 20;

/// A running program. It is killed when this drops.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Option<Child>,
    log: PathBuf,
}

impl Process {
    /// Starts a program. Everything that it prints is appended to `log`.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let out = append(log)?;
        let errors = out.try_clone().with_context(|| log.display().to_string())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("{name} could not be started: {command:?}"))?;
        Ok(Self {
            name: name.into(),
            child: Some(child),
            log: log.to_owned(),
        })
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its id, while this guard owns it.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// # Errors
    /// It has ended: with the last lines of its log.
    pub fn check(&mut self) -> Result<()> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => bail!("{} has ended ({status}). {}", self.name, tail(&self.log)),
        }
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        match &mut self.child {
            Some(child) => child.try_wait().with_context(|| self.name.clone()),
            None => Ok(None),
        }
    }

    /// Waits for it to end by itself.
    ///
    /// # Errors
    /// It does not within `limit`.
    pub async fn wait(mut self, limit: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            ensure!(
                Instant::now() < deadline,
                "{} did not end within {limit:?}. {}",
                self.name,
                tail(&self.log)
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it at once, by SIGKILL: it gets no chance to tidy up.
    pub fn kill(mut self) -> Result<()> {
        self.end()
    }

    /// Lets it outlive this program.
    pub fn leave(mut self) {
        self.child = None;
    }

    fn end(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            // It may have ended before: there is nothing to kill then, and `wait` says so.
            let killed = child.kill();
            child.wait().with_context(|| self.name.clone())?;
            killed.with_context(|| self.name.clone())?;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("{error:#}");
        }
    }
}

/// What a program answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its exit code; `None`: a signal ended it.
    pub code: Option<i32>,
    /// What it printed on standard output.
    pub stdout: String,
    /// What it printed on standard error.
    pub stderr: String,
}

/// Runs a program to its end. Its output is kept under `folder`.
///
/// # Errors
/// It can't be started, or does not end within `limit`.
pub async fn run(name: &str, mut command: Command, folder: &Path, limit: Duration) -> Result<Answer> {
    let out = tempfile::Builder::new().prefix("stdout.").tempfile_in(folder)?;
    let errors = tempfile::Builder::new().prefix("stderr.").tempfile_in(folder)?;
    let child = command
        .stdin(Stdio::null())
        .stdout(out.reopen()?)
        .stderr(errors.reopen()?)
        .spawn()
        .with_context(|| format!("{name} could not be started: {command:?}"))?;
    let process = Process {
        name: name.into(),
        child: Some(child),
        log: errors.path().to_owned(),
    };
    let status = process.wait(limit).await?;
    Ok(Answer {
        code: status.code(),
        stdout: fs::read_to_string(out.path())?,
        stderr: fs::read_to_string(errors.path())?,
    })
}

/// `program` under `nice -n 10`: what computes all day must not slow what answers.
pub fn niced(program: &Path) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "10"]).arg(program);
    command
}

/// A heading with the last lines of a log.
pub fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default();
    format!("Last lines of {}:\n{}", log.display(), last.join("\n"))
}

fn append(log: &Path) -> Result<File> {
    File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| log.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    /// Whether there is such a process, and it is no zombie.
    fn lives(id: u32) -> bool {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
        state.is_some_and(|state| state != 'Z')
    }

    #[test]
    fn a_dropped_guard_kills_and_a_left_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let dropped = Process::start("dropped", shell("exec sleep 60"), &log).unwrap();
        let id = dropped.id().unwrap();
        assert!(lives(id));
        drop(dropped);
        assert!(!lives(id));

        let left = Process::start("left", shell("exec sleep 60"), &log).unwrap();
        let id = left.id().unwrap();
        left.leave();
        assert!(lives(id));
        assert!(Command::new("kill")
            .arg(id.to_string())
            .status()
            .unwrap()
            .success());
    }

    #[tokio::test]
    async fn an_ended_program_is_reported_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut process = Process::start("talker", shell("echo famous; exit 3"), &log).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while process.check().is_ok() {
            assert!(Instant::now() < deadline);
            sleep(Duration::from_millis(10)).await;
        }
        let error = process.check().unwrap_err().to_string();
        assert!(error.contains("talker") && error.contains("famous"), "{error}");
    }

    #[tokio::test]
    async fn output_and_exit_code_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let limit = Duration::from_secs(20);
        let answer = run(
            "sh",
            shell("echo out; echo err >&2; exit 2"),
            folder.path(),
            limit,
        )
        .await
        .unwrap();
        assert_eq!(
            (answer.code, answer.stdout.as_str(), answer.stderr.as_str()),
            (Some(2), "out\n", "err\n")
        );
        let late = run(
            "sleeper",
            shell("exec sleep 60"),
            folder.path(),
            Duration::from_millis(50),
        )
        .await;
        assert!(late.unwrap_err().to_string().contains("sleeper"));
    }

    #[test]
    fn a_tail_is_the_end_of_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let lines: Vec<String> = (0..100).map(|line| format!("line {line}")).collect();
        fs::write(&log, lines.join("\n")).unwrap();
        let tail = tail(&log);
        assert!(
            tail.contains("line 99") && tail.contains("line 80") && !tail.contains("line 79"),
            "{tail}"
        );
    }
}
