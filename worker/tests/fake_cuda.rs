// SPDX-License-Identifier: Apache-2.0
//! The program itself on CUDA libraries that are faked (fake_cuda/libraries.cpp): the calls of the driver, of NVRTC and of
//! cuBLASLt are those that a real card gets, and so is what the user reads when something fails.

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

const CHECKSUM: &str = "88d33090cfdc7624ae1e7a9570238a1d79e098f3cd2e5b709be1fb4e4ce1365a";

/// The folders of libraries; `None` where no C++ compiler is, after saying so. Where there must be one, as in CI, its absence is a failure.
struct Folders {
    /// Driver, NVRTC, cuBLASLt.
    all: PathBuf,
    /// The driver alone.
    driver: PathBuf,
    /// A driver so old that it lacks nearly all functions, and NVRTC.
    old: PathBuf,
}

fn folders() -> Option<&'static Folders> {
    static FOLDERS: OnceLock<Option<Folders>> = OnceLock::new();
    FOLDERS.get_or_init(build).as_ref()
}

fn build() -> Option<Folders> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fake-cuda");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake_cuda/libraries.cpp");
    let compile = |define: &str, library: &Path| {
        let compiler = ["c++", "g++", "clang++"].into_iter().find(|compiler| {
            let version = Command::new(compiler).arg("--version").output();
            version.is_ok_and(|output| output.status.success())
        })?;
        put(library, |own| {
            let output = Command::new(compiler)
                .args([define, "-std=c++17", "-O3", "-U_FORTIFY_SOURCE", "-pthread"])
                .args(["-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o"])
                .args([own, source.as_path()])
                .output()
                .unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{errors}");
        });
        Some(())
    };
    let folders = Folders {
        all: folder.join("all"),
        driver: folder.join("driver"),
        old: folder.join("old"),
    };
    for folder in [&folders.all, &folders.driver, &folders.old] {
        fs::create_dir_all(folder).unwrap();
    }
    let whole = folders.all.join("libcuda.so");
    if compile("-DWHOLE", &whole).is_none() {
        assert!(
            std::env::var_os("ERGON_REQUIRE_CXX").is_none(),
            "ERGON_REQUIRE_CXX is set, and there is no C++ compiler"
        );
        println!("skipped: no C++ compiler here");
        return None;
    }
    compile("-DOLD", &folders.old.join("libcuda.so"))?;
    for copy in [
        folders.all.join("libnvrtc.so"),
        folders.all.join("libcublasLt.so"),
        folders.driver.join("libcuda.so"),
        folders.old.join("libnvrtc.so"),
    ] {
        put(&copy, |own| {
            fs::copy(&whole, own).unwrap();
        });
    }
    Some(folders)
}

/// Puts a library in its place at once, whole: other tests may be using the one that is there.
fn put(library: &Path, make: impl FnOnce(&Path)) {
    let own = library.with_extension(format!("{}.so", std::process::id()));
    make(&own);
    fs::rename(own, library).unwrap();
}

/// What a run of the program came to.
struct Run {
    code: i32,
    output: Value,
    errors: String,
}

fn run(libraries: &Path, fake: &str, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_ergon-worker"))
        .args(arguments)
        .args(["--format", "json"])
        .env("LD_LIBRARY_PATH", libraries)
        .env("FAKE_CUDA", fake)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    // A panic ends a process with 101; one that is caught still says so on standard error.
    let code = output.status.code().expect("no signal ends it");
    assert!(code != 101, "{errors}");
    Run {
        code,
        output: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        errors,
    }
}

/// Arguments of a short measurement of class XS.
fn bench(backend: &str) -> Vec<&str> {
    let mut arguments = vec!["bench", "--shape", "xs", "--seconds", "1", "--threads", "1"];
    if !backend.is_empty() {
        arguments.extend(["--backend", backend]);
    }
    arguments
}

#[test]
fn every_route_runs_on_the_drivers_calls_and_has_the_protocols_checksum() {
    let Some(folders) = folders() else { return };
    for backend in ["cuda-wgmma", "cuda-mma", "cuda-cublaslt", "cuda-fp16"] {
        let run = run(&folders.all, "", &bench(backend));
        assert_eq!(run.code, 0, "{backend}: {}", run.errors);
        assert_eq!(run.output["backend"], backend);
        assert_eq!(run.output["checksum"], CHECKSUM);
        assert!(run.output["cublaslt_macs_per_second"].as_u64().unwrap() > 0);
    }
}

#[test]
fn a_card_proves_byte_for_byte_what_the_processor_proves() {
    let Some(folders) = folders() else { return };
    let [challenge, prover, seed] = ["11", "22", "33"].map(|byte| byte.repeat(32));
    let prove = |backend| {
        let arguments = [
            ["prove", "--asset", "5", "--shape", "xs", "--rounds", "7"].as_slice(),
            &["--challenge", &challenge, "--prover", &prover],
            &["--open-seed", &seed, "--backend", backend],
        ]
        .concat();
        let run = run(&folders.all, "", &arguments);
        assert_eq!(run.code, 0, "{backend}: {}", run.errors);
        run.output
    };
    assert_eq!(prove("cuda-wgmma"), prove("cpu-portable"));
}

#[test]
fn no_card_no_compiler_an_old_driver_a_card_too_old_each_is_said_with_what_mends_it() {
    let Some(folders) = folders() else { return };
    let cases = [
        (
            &folders.all,
            "no-device",
            "cuda",
            "there is no card 0",
            "CUDA_VISIBLE_DEVICES",
        ),
        (&folders.old, "", "cuda-mma", "Missing symbol", "dmesg"),
        (&folders.all, "capability=7.5", "cuda-mma", "7.5", "backend"),
        (&folders.all, "capability=8.6", "cuda-wgmma", "Hopper", "backend"),
    ];
    for (libraries, fake, backend, what, mend) in cases {
        let forced = run(libraries, fake, &bench(backend));
        // A card that is not there may yet come.
        let code = if fake == "no-device" { 1 } else { 11 };
        assert_eq!(forced.code, code, "{fake}: {}", forced.errors);
        let error: Value = forced
            .errors
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .find(|line: &Value| line.get("mend").is_some())
            .unwrap_or_else(|| panic!("{fake}: {}", forced.errors));
        assert!(error["error"].as_str().unwrap().contains(what), "{error}");
        assert!(error["mend"].as_str().unwrap().contains(mend), "{error}");
    }
    // Not asked for, it is not missed.
    for (libraries, fake) in [
        (&folders.all, "no-device"),
        (&folders.old, ""),
        (&folders.driver, ""),
    ] {
        let run = run(libraries, fake, &bench(""));
        assert_eq!(run.code, 0, "{fake}: {}", run.errors);
        let backend = run.output["backend"].as_str().unwrap();
        // Where this machine has an NVRTC of its own, a fake of its output is missing, and the driver refuses the module.
        assert!(backend.starts_with("cpu-"), "{backend}");
    }
    let listed = run(&folders.driver, "", &["devices", "--threads", "1"]);
    assert_eq!(listed.code, 0, "{}", listed.errors);
    let card = &listed.output["devices"][1];
    assert_eq!(card["name"], "Fake card");
    assert!(card["backend"].is_null() && !card["problem"]["mend"].as_str().unwrap().is_empty());
}

#[test]
fn memory_that_is_not_there_and_a_card_that_is_lost_are_errors_and_not_panics() {
    let Some(folders) = folders() else { return };
    let cases = [
        ("free=100", "MiB are free", 11),
        ("no-memory", "no 16384 more bytes of memory", 11),
        ("ecc=9", "uncorrectable ECC error", 1),
        ("not-ready", "not ready yet", 1),
        ("wrong", "fails the known answers", 11),
    ];
    for (fake, what, code) in cases {
        let forced = run(&folders.all, fake, &bench("cuda-mma"));
        assert_eq!(forced.code, code, "{fake}: {}", forced.errors);
        assert!(forced.errors.contains(what), "{fake}: {}", forced.errors);
    }
    // One that is ready in a moment is waited for, if only by who starts the worker again: no processor takes its place.
    let run_early = run(&folders.all, "not-ready", &bench(""));
    assert_eq!(run_early.code, 1, "{}", run_early.errors);
    assert!(run_early.errors.contains("fabricmanager"), "{}", run_early.errors);
    // Without a wish the processor takes over, and the log says why.
    let run = run(&folders.all, "ecc=9 capability=8.0", &bench(""));
    assert_eq!(run.code, 0, "{}", run.errors);
    assert!(run.output["backend"].as_str().unwrap().starts_with("cpu-"));
    assert!(run.errors.contains("uncorrectable ECC error"), "{}", run.errors);
}

#[test]
fn a_route_that_spoils_the_card_for_its_process_keeps_no_other_from_being_taken() {
    let Some(folders) = folders() else { return };
    let spoilt = "spoilt=product_wgmma";
    let forced = run(&folders.all, spoilt, &bench("cuda-wgmma"));
    assert_eq!(forced.code, 11, "{}", forced.errors);
    assert!(forced.errors.contains("broke off"), "{}", forced.errors);
    let chosen = run(&folders.all, spoilt, &bench("cuda"));
    assert_eq!(chosen.code, 0, "{}", chosen.errors);
    let backend = chosen.output["backend"].as_str().unwrap();
    assert!(
        ["cuda-mma", "cuda-cublaslt", "cuda-fp16"].contains(&backend),
        "{backend}"
    );
    assert_eq!(chosen.output["checksum"], CHECKSUM);
    assert!(chosen.errors.contains("passed over"), "{}", chosen.errors);
}
