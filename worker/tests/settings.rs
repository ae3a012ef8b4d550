// SPDX-License-Identifier: Apache-2.0
//! What computes, of the commands that ask no chain: by flags, over the environment, over the file.

use serde_json::Value;
use std::{
    path::PathBuf,
    process::{Command, Output},
};

const BENCH: &[&str] = &["bench", "--shape", "xs", "--seconds", "1"];

/// A file that leaves the work to three threads of the processor, and names devices, which are nothing to these commands.
fn file(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("worker.toml");
    let text = "devices = [\"3:0\", \"5:1\"]\nbackend = \"cpu\"\nthreads = 3\n";
    std::fs::write(&path, text).unwrap();
    path
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ergon-worker"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ERGON_")) {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .args(["--format", "json"])
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn bench_takes_backend_and_threads_from_flags_over_environment_over_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let file = [BENCH, &["--config", file.to_str().unwrap()]].concat();
    let bench = |flags: &[&str], environment: &[(&str, &str)]| {
        let output = json(&run(&[&file[..], flags].concat(), environment));
        let backend = output["backend"].as_str().unwrap().to_owned();
        (backend, output["threads"].as_u64().unwrap())
    };
    let (backend, threads) = bench(&[], &[]);
    assert!(backend.starts_with("cpu-"), "{backend}");
    assert_eq!(threads, 3);
    let portable = ("ERGON_BACKEND", "cpu-portable");
    assert_eq!(bench(&[], &[portable]), ("cpu-portable".into(), 3));
    assert_eq!(
        bench(&["--threads", "1"], &[portable, ("ERGON_THREADS", "2")]),
        ("cpu-portable".into(), 1)
    );
    let flag = ["--backend", "cpu-portable"];
    assert_eq!(bench(&flag, &[("ERGON_BACKEND", "cuda")]).0, "cpu-portable");
}

#[test]
fn a_card_that_the_settings_ask_for_and_that_is_not_there_is_an_error_and_not_another_device() {
    let hash = "11".repeat(32);
    let prove = ["prove", "--asset", "5", "--shape", "xs", "--rounds", "1"];
    let prove = [prove.as_slice(), &["--challenge", &hash, "--prover", &hash]].concat();
    let far = ("ERGON_CARD", "999");
    for arguments in [BENCH, prove.as_slice()] {
        let output = run(arguments, &[far]);
        assert_eq!(output.status.code(), Some(11), "{output:?}");
        let arguments = [arguments, &["--backend", "cpu", "--threads", "1"]].concat();
        json(&run(&arguments, &[far]));
    }
}

#[test]
fn a_backend_that_nobody_knows_is_named_with_its_variable() {
    for command in ["bench", "devices"] {
        let output = run(&[command], &[("ERGON_BACKEND", "gpu")]);
        assert_eq!(output.status.code(), Some(3));
        let errors = String::from_utf8_lossy(&output.stderr);
        for part in ["ERGON_BACKEND", "gpu", "cpu-portable"] {
            assert!(errors.contains(part), "{errors}");
        }
    }
}
