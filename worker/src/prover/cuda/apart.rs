// SPDX-License-Identifier: Apache-2.0
//! Routes are measured in processes of their own: after an error such as an illegal instruction CUDA is of no use to a process any more, and a
//! kernel that hangs can't be stopped. Neither may keep the other routes from being tried. (CUDA Driver API, `CUresult`: "the process must
//! be terminated and relaunched".)

use super::{Measured, Route, Unmeasured};
use serde_json::Value;
use std::{env, io, process::Stdio, thread, time::Duration};
use tokio::{process::Command, runtime, time::timeout};

/// A route is compiled, checked and measured in some seconds, or it hangs.
const PATIENCE: Duration = Duration::from_secs(40);

/// How fast a route of card `index` is, as the command `measure` of this program says.
///
/// # Errors
/// [`Unmeasured`].
pub fn measure(index: usize, route: Route) -> Result<Measured, Unmeasured> {
    let failed = |error: io::Error| Unmeasured::Failed(format!("no process to measure it in: {error}"));
    let mut command = Command::new(env::current_exe().map_err(failed)?);
    command
        .args(["measure", "--backend", route.name()])
        .args(["--card", &index.to_string()])
        .args(["--format", "json"]);
    let (output, errors) = run(command, PATIENCE)
        .map_err(failed)?
        .ok_or(Unmeasured::Hangs(PATIENCE))?;
    serde_json::from_slice(&output).map_err(|_| Unmeasured::Failed(reason(&errors)))
}

/// What a process writes to its output and for errors; `None` if it does not end in time: then it is killed.
fn run(mut command: Command, patience: Duration) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let wait = || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        match runtime.block_on(async { timeout(patience, command.output()).await }) {
            Ok(output) => output.map(|output| Some((output.stdout, output.stderr))),
            Err(_) => Ok(None),
        }
    };
    // The caller's thread may be a runtime's, which can't wait for another.
    thread::scope(|scope| scope.spawn(wait).join())
        .unwrap_or_else(|_| Err(io::Error::other("who waits for it has panicked")))
}

/// The error among the last lines that a command of this program wrote for errors.
fn reason(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    let mut lines = text.lines().rev();
    let told = lines
        .clone()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|line| Some(line.get("error")?.as_str()?.to_owned()));
    // Whoever ended it otherwise may have said something all the same.
    told.or_else(|| lines.find(|line| !line.is_empty()).map(str::to_owned))
        .unwrap_or_else(|| "the process ended without a word".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, patience: Duration) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, patience).unwrap()
    }

    #[test]
    fn a_process_is_heard_out_and_one_that_hangs_is_killed() {
        let heard = shell("echo one; echo two >&2", Duration::from_secs(60));
        assert_eq!(heard, Some((b"one\n".to_vec(), b"two\n".to_vec())));
        assert_eq!(shell("exec sleep 600", Duration::from_millis(50)), None);
    }

    #[test]
    fn what_a_process_says_last_is_the_reason() {
        let told = br#"{"level":"INFO","fields":{"message":"compiles"}}
{"error":"the card is lost","mend":"Restart.","code":11}
"#;
        assert_eq!(reason(told), "the card is lost");
        assert_eq!(reason(b"one\nSegmentation fault\n\n"), "Segmentation fault");
        assert_eq!(reason(b""), "the process ended without a word");
    }
}
