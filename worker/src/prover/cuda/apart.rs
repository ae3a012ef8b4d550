// SPDX-License-Identifier: Apache-2.0
//! Routes are measured in processes of their own: after an error such as an illegal instruction CUDA is of no use to a process any more, and a
//! kernel that hangs can't be stopped. Neither may keep the other routes from being tried. (CUDA Driver API, `CUresult`: "the process must
//! be terminated and relaunched".)

use super::{here, CudaError, Measured, Route};
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

/// What a process that measures a route says to the one that waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// How fast it is.
    Measured(Measured),
    /// Why it does not work.
    Failed {
        /// What is wrong.
        reason: String,
        /// What mends it, where something does.
        mend: Option<String>,
        /// Whether it may pass.
        passes: bool,
    },
}

impl Answer {
    /// The answer of this process: it measures the route of card `index` itself, and ends with whoever has begun it.
    pub fn of(index: usize, route: Route) -> Self {
        #[cfg(target_os = "linux")]
        // Where it can't be had, a process that hangs is killed by who waits for it, if that lives.
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).ok();
        super::measure(&here(), index, route).into()
    }
}

impl From<Result<Measured, ProverError>> for Answer {
    fn from(result: Result<Measured, ProverError>) -> Self {
        let error = match result {
            Ok(measured) => return Self::Measured(measured),
            Err(error) => error,
        };
        let (mend, passes) = match &error {
            ProverError::Cuda(error) => (Some(error.mend().to_owned()), error.may_pass()),
            _ => (None, false),
        };
        Self::Failed {
            reason: error.to_string(),
            mend,
            passes,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measured(Measured { macs_per_second }) => {
                write!(f, "{:.4} CU/s", *macs_per_second as f64 / 1e12)
            }
            Self::Failed { reason, .. } => f.write_str(reason),
        }
    }
}

/// How fast a route of card `index` is, as the command `measure` of this program says.
///
/// # Errors
/// [`ProverError`].
pub fn measure(index: usize, route: Route) -> Result<Measured, ProverError> {
    match command(index, route).and_then(|command| run(command, PATIENCE)) {
        Ok(Some(output)) => Ok(read(&output)?),
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
fn read(output: &Output) -> Result<Measured, CudaError> {
    let (reason, mend, passes) = match serde_json::from_slice(&output.stdout) {
        Ok(Answer::Measured(measured)) => return Ok(measured),
        Ok(Answer::Failed { reason, mend, passes }) => (reason, mend, passes),
        Err(_) => {
            let text = String::from_utf8_lossy(&output.stderr);
            let reason = format!("it was broken off ({}): {}", output.status, text.trim());
            (reason, None, false)
        }
    };
    Err(CudaError::Apart {
        reason,
        mend: mend.unwrap_or_else(|| "Take another --backend; `dmesg` may say more.".into()),
        passes,
    })
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
        let answered = |answer: Answer| {
            let json = serde_json::to_string(&answer).unwrap();
            read(&shell(&format!("echo '{json}'"), Duration::from_secs(60)).unwrap())
        };
        let measured = Measured { macs_per_second: 7 };
        assert_eq!(answered(Ok(measured).into()), Ok(measured));
        let lost = CudaError::Lost {
            what: "compute",
            reason: "x".into(),
        };
        let error = answered(Err(lost.clone().into()).into()).unwrap_err();
        assert_eq!(error.to_string(), lost.to_string());
        // This process has lost nothing.
        assert!(error.may_pass_here() && !error.is_loss() && !error.mend().is_empty());
        let wrong = ProverError::KnownAnswers {
            backend: "cuda-mma",
            what: "x",
        };
        let error = answered(Err(wrong).into()).unwrap_err();
        assert!(!error.may_pass() && error.to_string().contains("known answers"));

        let killed = shell("echo ill >&2; kill -SEGV $$", Duration::from_secs(60)).unwrap();
        let error = read(&killed).unwrap_err();
        assert!(!error.may_pass() && !error.mend().is_empty());
        let text = error.to_string();
        assert!(text.contains("signal: 11") && text.contains("ill"), "{text}");
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
