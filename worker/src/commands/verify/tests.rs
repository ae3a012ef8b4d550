// SPDX-License-Identifier: Apache-2.0
//! Every check of `verify` has a file that fails it.

use super::*;
use crate::{cli::ProverArgs, commands::prove, prover::choice::Wish};
use serde_json::json;
use std::num::NonZeroUsize;

fn proved(rounds: u32, open_seed: Option<Hash>) -> Value {
    let args = prove::Args {
        challenge: [1; 32],
        asset: 12,
        prover: [2; 32],
        shape: Class::Xs,
        rounds,
        open_seed,
        device: ProverArgs::default(),
    };
    let wish = Wish {
        threads: NonZeroUsize::new(1),
        ..Wish::default()
    };
    serde_json::to_value(prove::run(&args, &wish).unwrap()).unwrap()
}

fn opened(rounds: u32) -> Value {
    proved(rounds, Some([3; 32]))
}

fn verify_value(file: &Value) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proof.json");
    std::fs::write(&path, serde_json::to_vec(file).unwrap()).unwrap();
    run(&Args { file: path }).unwrap()
}

/// The failed check and its sample.
fn failed(file: &Value) -> (&'static str, Option<u8>) {
    let output = verify_value(file);
    assert!(!output.accepted);
    assert_eq!(output.exit_code(), 1);
    let failure = output.failure.unwrap();
    (failure.failed, failure.sample)
}

fn flip(text: &Value, at: usize) -> Value {
    let mut bytes = hex::decode(text.as_str().unwrap()).unwrap();
    bytes[at] ^= 1;
    hex::encode(bytes).into()
}

#[test]
fn what_prove_prints_is_accepted() {
    for rounds in [1, 2, 3, 5] {
        let output = verify_value(&opened(rounds));
        assert_eq!(
            output,
            Output {
                accepted: true,
                opening: true,
                failure: None
            }
        );
        assert_eq!((output.exit_code(), output.to_string().as_str()), (0, "accepted"));
    }
}

#[test]
fn a_work_without_opening_is_accepted_as_such() {
    let output = verify_value(&proved(3, None));
    assert_eq!(
        output,
        Output {
            accepted: true,
            opening: false,
            failure: None
        }
    );
    assert!(output.to_string().contains("no opening"));
}

#[test]
fn other_spellings_of_the_same_values_are_accepted() {
    let mut file = opened(4);
    file["asset"] = json!("12");
    file["shape"] = json!("XS");
    let top = file["top"].as_str().unwrap().to_uppercase();
    file["top"] = json!(format!("0x{top}"));
    // Paths as one string instead of a list.
    for sample in file["samples"].as_array_mut().unwrap() {
        let path: String = sample["leaf_path"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node.as_str().unwrap())
            .collect();
        sample["leaf_path"] = json!(path);
    }
    assert!(verify_value(&file).accepted);
    for field in ["payload", "samples", "roots"] {
        let mut fewer = file.clone();
        fewer.as_object_mut().unwrap().remove(field);
        assert!(verify_value(&fewer).accepted, "{field}");
    }
}

#[test]
fn every_changed_input_fails_the_check_it_enters() {
    let file = opened(5);
    let changed = |field: &str, value: Value| {
        let mut file = file.clone();
        file[field] = value;
        failed(&file)
    };
    assert_eq!(changed("asset", json!(13)), ("d", None));
    assert_eq!(changed("prover", flip(&file["prover"], 0)), ("d", None));
    assert_eq!(changed("challenge", flip(&file["challenge"], 31)), ("d", None));
    assert_eq!(changed("d", flip(&file["d"], 5)), ("d", None));
    assert_eq!(changed("rounds", json!(4)), ("roots", None));
    assert_eq!(changed("rounds", json!(0)), ("rounds", None));
    assert_eq!(changed("rounds", json!(65_537)), ("rounds", None));
    assert_eq!(changed("rounds", json!(1u64 << 32)), ("rounds", None));
    assert_eq!(changed("top", flip(&file["top"], 0)), ("top", None));
    assert_eq!(
        changed("commitment", flip(&file["commitment"], 0)),
        ("commitment", None)
    );
    assert_eq!(changed("shape", json!("s")), ("commitment", None));
    assert_eq!(
        changed("drawn", json!(!file["drawn"].as_bool().unwrap())),
        ("drawn", None)
    );
    assert_eq!(changed("open_seed", Value::Null), ("open_seed", None));
    let (check, _) = changed("open_seed", flip(&file["open_seed"], 0));
    assert!(["drawn", "length", "samples"].contains(&check), "{check}");
    let mut root = file.clone();
    root["roots"][2] = flip(&file["roots"][2], 0);
    assert_eq!(failed(&root), ("top", None));
}

#[test]
fn every_malformed_field_is_named() {
    let file = opened(3);
    for field in [
        "challenge",
        "asset",
        "prover",
        "shape",
        "rounds",
        "d",
        "top",
        "commitment",
    ] {
        for bad in [json!({}), json!("zz"), json!(-1), json!("")] {
            let mut file = file.clone();
            file[field] = bad;
            let output = verify_value(&file);
            let failure = output.failure.unwrap();
            assert_eq!(failure.failed, "format", "{field}");
        }
        let mut file = file.clone();
        file.as_object_mut().unwrap().remove(field);
        let failure = verify_value(&file).failure.unwrap();
        assert!(
            failure.failed == "format" && failure.reason.contains(field),
            "{failure:?}"
        );
    }
    for field in ["roots", "samples", "payload", "open_seed"] {
        let mut file = file.clone();
        file[field] = json!(7);
        assert_eq!(failed(&file).0, "format", "{field}");
    }
}

#[test]
fn the_samples_must_be_those_of_the_payload() {
    let file = opened(6);
    let number = file["samples"]
        .as_array()
        .unwrap()
        .iter()
        .position(|s| s["round"].as_u64() > Some(2))
        .unwrap();
    let sample = u8::try_from(number).unwrap();
    for field in ["leaf", "root", "previous_root"] {
        let mut file = file.clone();
        file["samples"][number][field] = flip(&file["samples"][number][field], 31);
        assert_eq!(failed(&file), ("samples", Some(sample)), "{field}");
    }
    for field in ["leaf_path", "root_path", "previous_root_path"] {
        let mut file = file.clone();
        file["samples"][number][field][1] = flip(&file["samples"][number][field][1], 31);
        assert_eq!(failed(&file), ("samples", Some(sample)), "{field}");
        file["samples"][number].as_object_mut().unwrap().remove(field);
        assert_eq!(failed(&file), ("samples", Some(sample)), "{field}");
    }
    for field in ["round", "row", "column"] {
        let mut file = file.clone();
        file["samples"][number][field] = json!(file["samples"][number][field].as_u64().unwrap() + 1);
        assert_eq!(failed(&file), ("samples", Some(sample)), "{field}");
    }
    let mut fewer = file.clone();
    fewer["samples"].as_array_mut().unwrap().pop();
    assert_eq!(failed(&fewer), ("samples", None));
}

#[test]
fn samples_alone_are_verified_like_the_chain_does() {
    let mut file = opened(6);
    file.as_object_mut().unwrap().remove("payload");
    let number = file["samples"]
        .as_array()
        .unwrap()
        .iter()
        .position(|s| s["round"].as_u64() > Some(2))
        .unwrap();
    let sample = Some(u8::try_from(number).unwrap());
    let changed = |field: &str, nth: Option<usize>| {
        let mut file = file.clone();
        let value = match nth {
            Some(nth) => &mut file["samples"][number][field][nth],
            None => &mut file["samples"][number][field],
        };
        *value = flip(value, 0);
        failed(&file)
    };
    assert_eq!(changed("leaf", None), ("leaf_path", sample));
    assert_eq!(changed("leaf_path", Some(3)), ("leaf_path", sample));
    assert_eq!(changed("root", None), ("root_path", sample));
    assert_eq!(changed("root_path", Some(0)), ("root_path", sample));
    assert_eq!(changed("previous_root", None), ("previous_root_path", sample));
    assert_eq!(
        changed("previous_root_path", Some(2)),
        ("previous_root_path", sample)
    );
    file["samples"][number]["leaf_path"].as_array_mut().unwrap().pop();
    assert_eq!(failed(&file), ("length", None));
}

#[test]
fn a_payload_of_another_length_or_with_a_rest_is_refused() {
    let file = opened(3);
    let payload = file["payload"].as_str().unwrap();
    let with = |payload: String| {
        let mut file = file.clone();
        file["payload"] = json!(payload);
        failed(&file)
    };
    assert_eq!(with(payload[..payload.len() - 2].into()), ("payload", None));
    assert_eq!(with(format!("{payload}00")), ("payload", None));
    assert_eq!(with(format!("{}00", &payload[..64])), ("length", None));
    assert_eq!(with(String::new()), ("payload", None));
    let other_top = format!("{}{}", "00".repeat(32), &payload[64..]);
    assert_eq!(with(other_top), ("payload", None));
    let mut neither = file.clone();
    neither.as_object_mut().unwrap().remove("payload");
    neither.as_object_mut().unwrap().remove("samples");
    assert_eq!(failed(&neither), ("payload", None));
}

#[test]
fn a_wrong_cell_is_found() {
    // A sparse work that knows its seed, with the wrong class of cells: here another device's cells under
    // this one's tree.
    let (challenge, open_seed) = ([1; 32], [3; 32]);
    let device = Device {
        asset: 12,
        prover: [2; 32],
    };
    let flip_all = |leaf: &mut [u8; 64]| leaf.iter_mut().for_each(|byte| *byte ^= 0x80);
    let mut store = compute_proof::prove::RoundStore::new(&challenge, &device, Class::Xs);
    let tree = |seed: &Hash| {
        let mut digests = vec![0; 64 * 64];
        compute_proof::prove::Product::digests(
            &mut compute_proof::prove::Reference,
            Class::Xs,
            1,
            seed,
            &mut digests,
        );
        digests.as_chunks_mut().0.iter_mut().for_each(flip_all);
        compute_proof::prove::RoundTree::new(seed, digests)
    };
    store.push(tree(&store.next_seed()).root()).unwrap();
    let opening = store
        .open::<()>(&open_seed, |_, seed, indices| {
            Ok(indices
                .iter()
                .map(|index| tree(seed).leaf(*index).unwrap())
                .collect())
        })
        .unwrap();
    let mut file = opened(1);
    file["roots"] = json!([hex::encode(store.roots()[0])]);
    file["top"] = json!(hex::encode(opening.top));
    file["commitment"] = json!(hex::encode(store.claim().commitment));
    file["payload"] = json!(hex::encode(codec::Encode::encode(&opening)));
    file.as_object_mut().unwrap().remove("samples");
    assert_eq!(failed(&file), ("cell", Some(0)));
}

#[test]
fn a_file_that_is_no_json_fails_and_one_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proof.json");
    for text in [&b""[..], b"{", b"[]", b"null", b"\xff\xfe"] {
        std::fs::write(&path, text).unwrap();
        let output = run(&Args { file: path.clone() }).unwrap();
        assert_eq!(output.failure.unwrap().failed, "format");
    }
    let missing = run(&Args {
        file: folder.path().join("none.json"),
    })
    .unwrap_err();
    assert!(missing.to_string().contains("none.json"));
}
