// SPDX-License-Identifier: Apache-2.0
//! What CI runs: the corpus, and a short run from a fixed seed. Both always do the same.

use ergon_fuzz::{fuzz, parse, run, Limit, Options, Plan};
use std::{fs, path::Path};

/// The seed of the short run.
const SEED: u64 = 20_261_121;

/// Its steps: about ten seconds in a debug build.
const STEPS: u64 = 500;

#[test]
fn the_corpus_breaks_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "hex"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "the corpus is empty");
    for file in files {
        let data = parse(&fs::read_to_string(&file).unwrap()).unwrap();
        let broken = run(&data, Options::THOROUGH).broken;
        assert!(broken.is_none(), "{}: {broken:?}", file.display());
    }
}

#[test]
fn a_short_run_breaks_nothing() {
    let plan = Plan {
        seed: SEED,
        first_world: 0,
        limit: Limit {
            steps: Some(STEPS),
            ..Limit::default()
        },
        options: Options::THOROUGH,
        most_violations: 1,
        jobs: 1,
    };
    let report = fuzz(plan, |_, _| {});
    let calls = serde_json::to_string_pretty(&report.calls).unwrap();
    println!("{calls}\n{} % accepted", report.accepted_percent);
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
    assert_eq!(report.steps, STEPS);
    assert!(
        (35..=75).contains(&report.accepted_percent),
        "{}",
        report.accepted_percent
    );
}
