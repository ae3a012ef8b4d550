// SPDX-License-Identifier: Apache-2.0
//! Routes are measured in processes of their own: after an error such as an illegal instruction CUDA is of no use to a process any more, and a
//! kernel that hangs can't be stopped. Neither may keep the other routes from being tried. (CUDA Driver API, `CUresult`: "the process must
//! be terminated and relaunched".)

use super::{here, CudaError, Route};
use crate::prover::ProverError;
use serde::{Deserialize, Serialize};
use std::{
    env, fmt, io,
    path::PathBuf,
    process::{Output, Stdio},
    thread,
    time::Duration,
};
use tokio::{process::Command, runtime, time::timeout};

/// A route is compiled, checked and measured in some seconds, or it hangs.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Why a route that was measured apart does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What is wrong.
    pub reason: String,
    /// What mends it.
    pub mend: String,
    /// Whether it may pass.
    pub passes: bool,
}

impl Failure {
    /// One that nothing better is known of.
    fn unexplained(reason: String) -> Self {
        Self {
            reason,
            mend: "Take another --backend; `dmesg` may say more.".into(),
            passes: false,
        }
    }
}

impl From<ProverError> for Failure {
    fn from(error: ProverError) -> Self {
        match &error {
            ProverError::Cuda(cuda) => Self {
                reason: error.to_string(),
                mend: cuda.mend().to_owned(),
                passes: cuda.may_pass(),
            },
            _ => Self::unexplained(error.to_string()),
        }
    }
}

/// What a process that measures a route says to the one that waits for it: multiply-accumulates a second, or why it does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer(Result<u64, Failure>);

impl Answer {
    /// The answer of this process: it measures the route of card `index` itself, and ends with whoever has begun it.
    pub fn of(index: usize, route: Route) -> Self {
        #[cfg(target_os = "linux")]
        // Where it can't be had, a process that hangs is killed by who waits for it, if that lives.
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).ok();
        Self(super::measure(&here(), index, route).map_err(Failure::from))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(rate) => write!(f, "{:.4} CU/s", *rate as f64 / 1e12),
            Err(failure) => failure.fmt(f),
        }
    }
}

/// How fast a route of card `index` is, as the command `measure` of this program says.
///
/// # Errors
/// [`ProverError`].
pub fn measure(index: usize, route: Route) -> Result<u64, ProverError> {
    match command(index, route).and_then(|command| run(command, PATIENCE)) {
        Ok(Some(output)) => Ok(read(&output).map_err(CudaError::Apart)?),
        Ok(None) => Err(CudaError::Hangs {
            route,
            limit: PATIENCE,
        }
        .into()),
        Err(error) => {
            tracing::warn!(
                "there is no process to measure {route} in, so it is measured in this one: {error}"
            );
            super::measure(&here(), index, route)
        }
    }
}

fn command(index: usize, route: Route) -> io::Result<Command> {
    // That of this process, even if another version has taken its place since.
    let program = PathBuf::from("/proc/self/exe");
    let program = match program.exists() {
        true => program,
        false => env::current_exe()?,
    };
    let mut command = Command::new(program);
    command
        .args(["measure", "--backend", route.name()])
        .args(["--card", &index.to_string()])
        .args(["--format", "json"]);
    // What a terminal interrupts is this process; the other ends with it.
    #[cfg(unix)]
    command.process_group(0);
    Ok(command)
}

/// Waits until a process ends; `None` if it does not in time: then it is killed.
fn run(mut command: Command, patience: Duration) -> io::Result<Option<Output>> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let wait = || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        runtime
            .block_on(async { timeout(patience, command.output()).await })
            .map_or(Ok(None), |output| output.map(Some))
    };
    // The caller's thread may be a runtime's, which can't wait for another.
    thread::scope(|scope| scope.spawn(wait).join())
        .unwrap_or_else(|_| Err(io::Error::other("who waits for it has panicked")))
}

/// What a process measured, or why it did not.
fn read(output: &Output) -> Result<u64, Failure> {
    let broken_off = || {
        let text = String::from_utf8_lossy(&output.stderr);
        Failure::unexplained(format!("it was broken off ({}): {}", output.status, text.trim()))
    };
    let Answer(measured) = serde_json::from_slice(&output.stdout).map_err(|_| broken_off())?;
    measured
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, patience: Duration) -> Option<Output> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, patience).unwrap()
    }

    #[test]
    fn a_process_is_heard_out_and_one_that_hangs_is_killed() {
        let heard = shell("echo one; echo two >&2", Duration::from_secs(60)).unwrap();
        assert_eq!(
            (heard.stdout, heard.stderr),
            (b"one\n".to_vec(), b"two\n".to_vec())
        );
        assert_eq!(shell("exec sleep 600", Duration::from_millis(50)), None);
    }

    #[test]
    fn what_a_process_answers_is_read_and_what_it_says_when_it_is_broken_off() {
        let answered = |answer| {
            let json = serde_json::to_string(&Answer(answer)).unwrap();
            read(&shell(&format!("echo '{json}'"), Duration::from_secs(60)).unwrap())
        };
        assert_eq!(answered(Ok(7)), Ok(7));
        let lost = CudaError::Lost {
            what: "compute",
            reason: "x".into(),
        };
        let failure = answered(Err(ProverError::from(lost.clone()).into())).unwrap_err();
        assert_eq!(
            (failure.reason.as_str(), failure.mend.as_str()),
            (lost.to_string().as_str(), lost.mend())
        );
        // This process has lost nothing.
        let error = CudaError::Apart(failure);
        assert!(error.may_pass_here() && !error.is_loss() && !error.mend().is_empty());
        let wrong = ProverError::KnownAnswers {
            backend: "cuda-mma",
            what: "x",
        };
        let failure = answered(Err(wrong.into())).unwrap_err();
        assert!(!failure.passes && failure.reason.contains("known answers"));

        let killed = shell("echo ill >&2; kill -SEGV $$", Duration::from_secs(60)).unwrap();
        let Failure { reason, mend, passes } = read(&killed).unwrap_err();
        assert!(!passes && !mend.is_empty());
        assert!(
            reason.contains("signal: 11") && reason.contains("ill"),
            "{reason}"
        );
    }

    #[test]
    fn another_version_in_the_programs_place_is_not_run() {
        let command = command(3, Route::Mma).unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(command.as_std().get_program(), "/proc/self/exe");
        }
        let arguments: Vec<_> = command.as_std().get_args().collect();
        assert_eq!(
            arguments,
            [
                "measure",
                "--backend",
                "cuda-mma",
                "--card",
                "3",
                "--format",
                "json"
            ]
        );
    }
}
