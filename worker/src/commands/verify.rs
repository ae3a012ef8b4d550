// SPDX-License-Identifier: Apache-2.0
//! `verify`: takes back what `prove` printed, and says whether a chain would accept it.

use super::prove::{parse_hash, parse_hex};
use codec::DecodeAll;
use compute_proof::{
    commitment, device_key, draw, hash::TOP_KEY, is_drawn, merkle::Tree, opening::Layout, prove::Opening,
    samples_len, Claim, Class, Device, Hash, Position, VerifyError, SAMPLES,
};
use serde::Serialize;
use serde_json::Value;
use std::{
    fmt,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File with the JSON that `prove --format json` printed; `-` for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// The file could not be read. (What is wrong with its content is a failed check, not an error.)
#[derive(Debug, thiserror::Error)]
#[error("cannot read {file}: {source}")]
pub struct Error {
    file: String,
    source: io::Error,
}

/// What `verify` prints.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Output {
    /// Whether every check passed.
    pub accepted: bool,
    /// Whether there was an opening to check. Without one only the arithmetic of the commitment was checked.
    pub opening: bool,
    /// The first check that failed.
    #[serde(flatten)]
    pub failure: Option<Failure>,
}

/// A check that failed.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Failure {
    /// Its name; docs/prove-format.md lists them.
    pub failed: &'static str,
    /// Number of the sample, from 0, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<u8>,
    /// What was found.
    pub reason: String,
}

impl Output {
    /// The exit code that goes with it: 0 accepted, 1 not.
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.accepted)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Some(Failure {
                failed,
                sample: Some(sample),
                reason,
            }) => {
                write!(f, "rejected: {failed}, sample {sample}: {reason}")
            }
            Some(Failure {
                failed,
                sample: None,
                reason,
            }) => write!(f, "rejected: {failed}: {reason}"),
            None if self.opening => f.write_str("accepted"),
            None => f.write_str("accepted: the commitment fits the roots (there is no opening to verify)"),
        }
    }
}

/// Runs `verify`.
///
/// # Errors
/// [`Error`] if the file can't be read.
pub fn run(args: &Args) -> Result<Output, Error> {
    let text = read(&args.file).map_err(|source| Error {
        file: args.file.display().to_string(),
        source,
    })?;
    Ok(match check(&text) {
        Ok(opening) => Output {
            accepted: true,
            opening,
            failure: None,
        },
        Err(failure) => Output {
            accepted: false,
            opening: false,
            failure: Some(failure),
        },
    })
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text)?;
        return Ok(text);
    }
    std::fs::read(file)
}

fn failure(failed: &'static str, reason: impl Into<String>) -> Failure {
    Failure {
        failed,
        sample: None,
        reason: reason.into(),
    }
}

/// Fails as `failed` unless `ok`.
fn ensure(ok: bool, failed: &'static str, reason: &str) -> Result<(), Failure> {
    match ok {
        true => Ok(()),
        false => Err(failure(failed, reason)),
    }
}

/// All checks. `Ok` says whether there was an opening.
fn check(text: &[u8]) -> Result<bool, Failure> {
    let file: Value = serde_json::from_slice(text).map_err(|error| failure("format", error.to_string()))?;
    let challenge = hash(&file, "challenge")?;
    let device = Device {
        asset: integer(&file, "asset")?,
        prover: hash(&file, "prover")?,
    };
    let class: Class = text_of(&file, "shape")?
        .parse()
        .map_err(|_| failure("format", "unknown shape"))?;
    let rounds = u32::try_from(integer(&file, "rounds")?).map_err(|_| failure("rounds", "too many"))?;
    let layout =
        Layout::new(class, rounds).ok_or_else(|| failure("rounds", VerifyError::Rounds.to_string()))?;
    let top = hash(&file, "top")?;
    let claim = Claim {
        class,
        rounds,
        commitment: hash(&file, "commitment")?,
    };

    let d = device_key(&challenge, &device);
    ensure(
        hash(&file, "d")? == d,
        "d",
        "not the key of this device under this challenge",
    )?;
    if let Some(roots) = file.get("roots") {
        check_roots(roots, rounds, &top)?;
    }
    let committed = commitment(&d, rounds, class, &top) == claim.commitment;
    ensure(committed, "commitment", "top, rounds and class do not make it")?;

    if file.get("open_seed").is_none_or(Value::is_null) {
        let none = file.get("samples").is_none() && file.get("payload").is_none();
        ensure(none, "open_seed", "missing, though there is an opening")?;
        return Ok(false);
    }
    let open_seed = hash(&file, "open_seed")?;
    if let Some(drawn) = file.get("drawn") {
        ensure(
            *drawn == Value::Bool(is_drawn(&open_seed, &d)),
            "drawn",
            "the lottery says otherwise",
        )?;
    }
    let positions = draw(&open_seed, &d, class, rounds)
        .ok_or_else(|| failure("rounds", VerifyError::Rounds.to_string()))?;
    let samples = match (file.get("payload"), file.get("samples")) {
        (None, None) => {
            return Err(failure(
                "payload",
                "neither payload nor samples, though there is an opening seed",
            ))
        }
        (None, Some(samples)) => collect(samples, &positions)?,
        (Some(_), samples) => {
            let bytes = hex_of(&file, "payload")?;
            let opening = Opening::decode_all(&mut &bytes[..])
                .map_err(|error| failure("payload", error.to_string()))?;
            ensure(opening.top == top, "payload", "its top is another")?;
            let right = samples_len(class, rounds, &positions) == Some(opening.samples.len());
            ensure(right, "length", &VerifyError::Length.to_string())?;
            if let Some(samples) = samples {
                compare(samples, &positions, &layout, &opening.samples)?;
            }
            opening.samples
        }
    };
    compute_proof::verify(&device, &challenge, &claim, &open_seed, &top, &samples).map_err(rejected)?;
    Ok(true)
}

/// A check of the chain's verification, by its name.
fn rejected(error: VerifyError) -> Failure {
    let (failed, sample) = match error {
        VerifyError::Rounds => ("rounds", None),
        VerifyError::Length => ("length", None),
        VerifyError::Commitment => ("commitment", None),
        VerifyError::TopPath(sample) => ("root_path", Some(sample)),
        VerifyError::PreviousRootPath(sample) => ("previous_root_path", Some(sample)),
        VerifyError::LeafPath(sample) => ("leaf_path", Some(sample)),
        VerifyError::Cell(sample) => ("cell", Some(sample)),
    };
    Failure {
        failed,
        sample,
        reason: error.to_string(),
    }
}

fn check_roots(roots: &Value, rounds: u32, top: &Hash) -> Result<(), Failure> {
    let list = roots
        .as_array()
        .ok_or_else(|| failure("format", "roots: not a list"))?;
    ensure(
        usize::try_from(rounds) == Ok(list.len()),
        "roots",
        "not as many as rounds",
    )?;
    let roots = list
        .iter()
        .map(|root| parse_hash(root.as_str().unwrap_or_default()))
        .collect::<Result<_, _>>();
    let roots = roots.map_err(|error| failure("format", format!("roots: {error}")))?;
    ensure(
        Tree::new(&TOP_KEY, roots).root() == *top,
        "top",
        "not the root over the roots",
    )
}

/// Fields of a sample that are bytes, in wire order.
const FIELDS: [&str; 6] = [
    "leaf",
    "leaf_path",
    "root",
    "root_path",
    "previous_root",
    "previous_root_path",
];

/// The samples as a list of eight at the drawn positions.
fn listed<'a>(samples: &'a Value, positions: &[Position; SAMPLES]) -> Result<&'a [Value], Failure> {
    let list = samples
        .as_array()
        .ok_or_else(|| failure("format", "samples: not a list"))?;
    ensure(list.len() == SAMPLES, "samples", "not eight")?;
    for ((sample, position), number) in list.iter().zip(positions).zip(0..) {
        for (field, drawn) in [
            ("round", position.round),
            ("row", position.row),
            ("column", position.column),
        ] {
            if sample.get(field).and_then(Value::as_u64) != Some(drawn.into()) {
                let reason = format!("{field} is not the {drawn} that the opening seed draws");
                return Err(Failure {
                    failed: "samples",
                    sample: Some(number),
                    reason,
                });
            }
        }
    }
    Ok(list)
}

/// Bytes of one field of a sample: a string of hex or a list of such; none if it isn't there.
fn field(sample: &Value, name: &str, number: u8) -> Result<Vec<u8>, Failure> {
    let hex = |value: &Value| parse_hex(value.as_str().ok_or("not a string")?);
    let bytes = match sample.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(parts)) => parts
            .iter()
            .map(hex)
            .collect::<Result<Vec<_>, _>>()
            .map(|parts| parts.concat()),
        Some(value) => hex(value),
    };
    bytes.map_err(|error| Failure {
        failed: "format",
        sample: Some(number),
        reason: format!("{name}: {error}"),
    })
}

/// The bytes of the samples, put together from their fields.
fn collect(samples: &Value, positions: &[Position; SAMPLES]) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    for (sample, number) in listed(samples, positions)?.iter().zip(0..) {
        for name in FIELDS {
            bytes.extend(field(sample, name, number)?);
        }
    }
    Ok(bytes)
}

/// Compares the samples' fields with the payload's bytes.
fn compare(
    samples: &Value,
    positions: &[Position; SAMPLES],
    layout: &Layout,
    bytes: &[u8],
) -> Result<(), Failure> {
    let mut rest = bytes;
    for ((sample, position), number) in listed(samples, positions)?.iter().zip(positions).zip(0..) {
        let encoded = layout
            .take(position.round, &mut rest)
            .ok_or_else(|| rejected(VerifyError::Length))?;
        let (root, path) = match encoded.previous {
            Some(tie) => (&tie.root[..], tie.path.as_flattened()),
            None => (&[][..], &[][..]),
        };
        let parts = [
            &encoded.leaf[..],
            encoded.leaf_path.as_flattened(),
            encoded.round.root,
            encoded.round.path.as_flattened(),
            root,
            path,
        ];
        for (name, part) in FIELDS.into_iter().zip(parts) {
            if field(sample, name, number)? != part {
                let reason = format!("{name} is not that of the payload");
                return Err(Failure {
                    failed: "samples",
                    sample: Some(number),
                    reason,
                });
            }
        }
    }
    Ok(())
}

fn text_of<'a>(file: &'a Value, name: &str) -> Result<&'a str, Failure> {
    let value = file
        .get(name)
        .ok_or_else(|| failure("format", format!("{name}: missing")))?;
    value
        .as_str()
        .ok_or_else(|| failure("format", format!("{name}: not a string")))
}

fn hex_of(file: &Value, name: &str) -> Result<Vec<u8>, Failure> {
    parse_hex(text_of(file, name)?).map_err(|error| failure("format", format!("{name}: {error}")))
}

fn hash(file: &Value, name: &str) -> Result<Hash, Failure> {
    parse_hash(text_of(file, name)?).map_err(|error| failure("format", format!("{name}: {error}")))
}

/// A number, or a string of decimal digits: not every language's JSON holds 64 bits.
fn integer(file: &Value, name: &str) -> Result<u64, Failure> {
    let value = file
        .get(name)
        .ok_or_else(|| failure("format", format!("{name}: missing")))?;
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| failure("format", format!("{name}: not an integer")))
}

#[cfg(test)]
mod tests;
