// SPDX-License-Identifier: Apache-2.0
//! `prove`: computes a census's work offline and prints it. The output is documented in docs/prove-format.md.

use crate::{
    cli::ProverArgs,
    config::Layer,
    prover::{
        before,
        choice::{choose, Wish},
        cuda, open, ProverError,
    },
};
use codec::Encode;
use compute_proof::{
    opening::{Layout, Tie},
    prove::{OpenError, Opening, RoundStore, StoreError},
    Class, Device, Hash, MAX_ROUNDS,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Serialize, Serializer};
use std::fmt;

/// Arguments of `prove`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The census's challenge: 32 bytes of hex
    #[arg(long, value_name = "HEX", value_parser = parse_hash)]
    pub challenge: Hash,
    /// Id of the asset
    #[arg(long, value_name = "N")]
    pub asset: u64,
    /// Public key of the account that proves: 32 bytes of hex
    #[arg(long, value_name = "HEX", value_parser = parse_hash)]
    pub prover: Hash,
    /// Shape of every round: xs, s, m, l or xl
    #[arg(long)]
    pub shape: Class,
    /// Rounds to compute
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_ROUNDS)))]
    pub rounds: u32,
    /// The census's opening seed, 32 bytes of hex: opens the work too
    #[arg(long, value_name = "HEX", value_parser = parse_hash)]
    pub open_seed: Option<Hash>,
    #[command(flatten)]
    pub device: ProverArgs,
}

impl Args {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        self.device.alone_upon(layer)
    }
}

/// `prove` failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The backend failed.
    #[error(transparent)]
    Prover(#[from] ProverError),
    /// More rounds than a commitment may claim.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work could not be opened.
    #[error("cannot open: {0}")]
    Open(#[from] OpenError<ProverError>),
    /// The opening does not have the samples that it must have.
    #[error("the opening lacks sample {0}")]
    Sample(usize),
}

/// What `prove` prints: the work, and with an opening seed its opening.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Output {
    /// The census's challenge.
    #[serde(serialize_with = "hex_hash")]
    pub challenge: Hash,
    /// Id of the asset.
    pub asset: u64,
    /// Public key of the prover.
    #[serde(serialize_with = "hex_hash")]
    pub prover: Hash,
    /// Shape of every round, by name.
    pub shape: String,
    /// Number of rounds.
    pub rounds: u32,
    /// The device key D.
    #[serde(serialize_with = "hex_hash")]
    pub d: Hash,
    /// Roots of all rounds, from the first.
    #[serde(serialize_with = "hex_hashes")]
    pub roots: Vec<Hash>,
    /// Root of the tree over them.
    #[serde(serialize_with = "hex_hash")]
    pub top: Hash,
    /// What goes on chain before the opening seed is known.
    #[serde(serialize_with = "hex_hash")]
    pub commitment: Hash,
    /// The opening, where a seed was given.
    #[serde(flatten)]
    pub opening: Option<Opened>,
}

/// The opening of a work.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Opened {
    /// The census's opening seed.
    #[serde(serialize_with = "hex_hash")]
    pub open_seed: Hash,
    /// Whether the lottery draws this work under that seed.
    pub drawn: bool,
    /// The eight samples, field by field.
    pub samples: Vec<Sample>,
    /// SCALE encoding of (top, samples as bytes), in hex: the last two arguments of the chain's `open`.
    pub payload: String,
}

/// One sample of an opening.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Sample {
    /// The sampled round, from 1.
    pub round: u32,
    /// Row of the sampled cell.
    pub row: u32,
    /// Column of the sampled cell.
    pub column: u32,
    /// The 64 digests of the leaf that holds the cell.
    pub leaf: String,
    /// Siblings from the leaf to the round's root.
    #[serde(serialize_with = "hex_hashes")]
    pub leaf_path: Vec<Hash>,
    /// The round's root.
    #[serde(serialize_with = "hex_hash")]
    pub root: Hash,
    /// Siblings from the root to the top.
    #[serde(serialize_with = "hex_hashes")]
    pub root_path: Vec<Hash>,
    /// The root two rounds earlier, from round 3 on.
    #[serde(flatten)]
    pub previous: Option<Previous>,
}

/// The root two rounds before a sampled one.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Previous {
    /// That root.
    #[serde(serialize_with = "hex_hash")]
    pub previous_root: Hash,
    /// Siblings from it to the top.
    #[serde(serialize_with = "hex_hashes")]
    pub previous_root_path: Vec<Hash>,
}

/// Runs `prove`.
///
/// # Errors
/// [`Error`].
pub fn run(args: &Args, wish: &Wish) -> Result<Output, Error> {
    let mut prover = choose(&cuda::here(), wish)?;
    let device = Device {
        asset: args.asset,
        prover: args.prover,
    };
    let mut store = RoundStore::new(&args.challenge, &device, args.shape);
    // Hidden where standard error is no terminal.
    let bar = ProgressBar::new(args.rounds.into())
        .with_style(style())
        .with_message(prover.name());
    let key = *store.device_key();
    while store.rounds() < args.rounds {
        let done = store.rounds();
        let count = prover.at_once().clamp(1, args.rounds - done);
        for root in prover.roots(args.shape, &key, done + 1, before(&store), count)? {
            store.push(root)?;
        }
        bar.inc(count.into());
    }
    let opening = match &args.open_seed {
        Some(seed) => {
            bar.set_message("opening");
            Some(opened(&store, seed, &open(&mut *prover, &store, seed)?)?)
        }
        None => None,
    };
    bar.finish_and_clear();
    let claim = store.claim();
    Ok(Output {
        challenge: args.challenge,
        asset: args.asset,
        prover: args.prover,
        shape: args.shape.name().into(),
        rounds: claim.rounds,
        d: *store.device_key(),
        roots: store.roots().to_vec(),
        top: store.top(),
        commitment: claim.commitment,
        opening,
    })
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg} {wide_bar} round {pos} of {len}, {per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// An opening field by field, beside its encoding.
fn opened(store: &RoundStore, open_seed: &Hash, opening: &Opening) -> Result<Opened, Error> {
    let samples = samples(
        store.device_key(),
        store.class(),
        store.rounds(),
        open_seed,
        &opening.samples,
    )
    .map_err(Error::Sample)?;
    Ok(Opened {
        open_seed: *open_seed,
        drawn: compute_proof::is_drawn(open_seed, store.device_key()),
        samples,
        payload: hex::encode(opening.encode()),
    })
}

/// Reads the bytes of an opening's samples.
///
/// # Errors
/// The number of the first sample that `bytes` are too short for.
pub fn samples(
    d: &Hash,
    class: Class,
    rounds: u32,
    open_seed: &Hash,
    bytes: &[u8],
) -> Result<Vec<Sample>, usize> {
    let (Some(layout), Some(positions)) = (
        Layout::new(class, rounds),
        compute_proof::draw(open_seed, d, class, rounds),
    ) else {
        return Err(0);
    };
    let mut rest = bytes;
    let mut samples = Vec::with_capacity(positions.len());
    for (number, position) in positions.iter().enumerate() {
        let sample = layout.take(position.round, &mut rest).ok_or(number)?;
        let previous = |tie: Tie| Previous {
            previous_root: *tie.root,
            previous_root_path: tie.path.to_vec(),
        };
        samples.push(Sample {
            round: position.round,
            row: position.row,
            column: position.column,
            leaf: hex::encode(sample.leaf),
            leaf_path: sample.leaf_path.to_vec(),
            root: *sample.round.root,
            root_path: sample.round.path.to_vec(),
            previous: sample.previous.map(previous),
        });
    }
    Ok(samples)
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "d           {}", hex::encode(self.d))?;
        for (root, number) in self.roots.iter().zip(1u32..) {
            writeln!(f, "root {number:<6} {}", hex::encode(root))?;
        }
        writeln!(f, "top         {}", hex::encode(self.top))?;
        write!(f, "commitment  {}", hex::encode(self.commitment))?;
        let Some(opening) = &self.opening else {
            return Ok(());
        };
        write!(f, "\ndrawn       {}", if opening.drawn { "yes" } else { "no" })?;
        for sample in &opening.samples {
            write!(
                f,
                "\nsample      round {}, row {}, column {}",
                sample.round, sample.row, sample.column
            )?;
        }
        write!(f, "\npayload     {}", opening.payload)
    }
}

/// 32 bytes of hex, with or without `0x`.
///
/// # Errors
/// What is wrong with `text`.
pub fn parse_hash(text: &str) -> Result<Hash, String> {
    let bytes = parse_hex(text)?;
    let len = bytes.len();
    bytes
        .try_into()
        .map_err(|_| format!("{len} bytes of hex instead of 32"))
}

/// Hex, with or without `0x`.
///
/// # Errors
/// What is wrong with `text`.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, String> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|error| format!("not hex: {error}"))
}

fn hex_hash<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(hash))
}

fn hex_hashes<S: Serializer>(hashes: &[Hash], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(hashes.iter().map(hex::encode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_proof::{verify, Claim};
    use std::num::NonZeroUsize;

    fn args(rounds: u32, open_seed: Option<Hash>) -> Args {
        let challenge = core::array::from_fn(|at| u8::try_from(at).unwrap());
        Args {
            challenge,
            asset: 7,
            prover: [0xAA; 32],
            shape: Class::Xs,
            rounds,
            open_seed,
            device: ProverArgs::default(),
        }
    }

    fn one_thread() -> Wish {
        Wish {
            threads: NonZeroUsize::new(1),
            ..Wish::default()
        }
    }

    #[test]
    fn the_known_answers_come_out() {
        let output = run(&args(4, None), &one_thread()).unwrap();
        assert_eq!(
            hex::encode(output.d),
            "fb8d8352b0f6148334abc7657416456d788a1c12b8c93f579a65e84db229ba99"
        );
        assert_eq!(
            hex::encode(output.top),
            "fc2687eb88836d13aef8127683c0c03f05e790a2c46cffc0027de419080beccf"
        );
        assert_eq!(
            hex::encode(output.commitment),
            "88d33090cfdc7624ae1e7a9570238a1d79e098f3cd2e5b709be1fb4e4ce1365a"
        );
        assert_eq!(output.roots.len(), 4);
        let json = serde_json::to_value(&output).unwrap();
        assert_eq!(json["asset"], 7);
        assert_eq!(
            json["roots"][3],
            "16449b598e05e27c0bb22501b966b632aa7d313b76a3dbf962a7a1a0169cf648"
        );
        assert!(json.get("samples").is_none() && json.get("payload").is_none());
    }

    #[test]
    fn the_payload_is_what_the_chain_verifies_and_the_samples_are_its_parts() {
        for rounds in [1, 2, 3, 5] {
            let output = run(&args(rounds, Some([5; 32])), &one_thread()).unwrap();
            let opened = output.opening.as_ref().unwrap();
            let payload = hex::decode(&opened.payload).unwrap();
            let opening: Opening = codec::DecodeAll::decode_all(&mut &payload[..]).unwrap();
            let claim = Claim {
                class: Class::Xs,
                rounds,
                commitment: output.commitment,
            };
            let device = Device {
                asset: 7,
                prover: [0xAA; 32],
            };
            assert_eq!(opening.top, output.top);
            let result = verify(
                &device,
                &output.challenge,
                &claim,
                &[5; 32],
                &opening.top,
                &opening.samples,
            );
            assert_eq!(result, Ok(()));

            let json = serde_json::to_value(&output).unwrap();
            for sample in json["samples"].as_array().unwrap() {
                assert_eq!(
                    sample.get("previous_root").is_some(),
                    sample["round"].as_u64().unwrap() > 2
                );
                assert_eq!(sample["leaf"].as_str().unwrap().len(), 128);
                assert_eq!(sample["leaf_path"].as_array().unwrap().len(), 6);
            }
        }
    }

    #[test]
    fn hashes_are_read_with_and_without_prefix_and_other_lengths_are_refused() {
        let text = "ab".repeat(32);
        assert_eq!(parse_hash(&text), Ok([0xab; 32]));
        assert_eq!(parse_hash(&format!("0x{text}")), Ok([0xab; 32]));
        assert!(parse_hash(&text[2..]).unwrap_err().contains("31 bytes"));
        assert!(parse_hash(&text[1..]).unwrap_err().contains("not hex"));
        assert!(parse_hash("").is_err());
    }
}
