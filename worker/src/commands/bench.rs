// SPDX-License-Identifier: Apache-2.0
//! `bench`: how fast this machine computes a shape, offline.

use crate::{
    cli::ProverArgs,
    config::Layer,
    prover::{
        checksum,
        choice::{choose, Wish},
        cuda::{self, Cuda, Platform, Route},
        known_answers, macs_per_second, ProverError,
    },
    stratum::{
        sha256::{sha2_per_second, Engine},
        statistics::hashrate,
    },
};
use compute_proof::{work::ZERO, Class};
use serde::Serialize;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// Arguments of `bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Shape to measure: xs, s, m, l or xl
    #[arg(long, default_value_t = Class::S)]
    pub shape: Class,
    /// Seconds to measure for; at least one round is computed, however long it takes
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: u32,
    #[command(flatten)]
    pub prover: ProverArgs,
}

impl Args {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        self.prover.alone_upon(layer)
    }
}

/// `bench` failed: the backend did.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] pub ProverError);

/// What `bench` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// Name of the backend.
    pub backend: &'static str,
    /// Shape, by name.
    pub shape: &'static str,
    /// What computed, in a few words.
    pub device: String,
    /// Threads that computed.
    pub threads: usize,
    /// Multiply-accumulates a second over whole rounds: inputs, product, digests and tree.
    pub macs_per_second: u64,
    /// Multiply-accumulates a second of the product and its digests alone.
    pub product_macs_per_second: u64,
    /// Multiply-accumulates a second of cuBLASLt's product on the same card, without digests: the yardstick of cards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cublaslt_macs_per_second: Option<u64>,
    /// Seconds that a round took on average.
    pub seconds_per_round: f64,
    /// Rounds that were measured.
    pub rounds: u32,
    /// Commitment of the protocol's known answers, as this backend computes it: the same on every machine.
    pub checksum: String,
    /// SHA-256d, for assets of hashrate.
    pub sha256d: Sha256d,
}

/// How fast the embedded miner hashes.
#[derive(Clone, Debug, Serialize)]
pub struct Sha256d {
    /// What it hashes with.
    pub engine: &'static str,
    /// Hashes a second of one thread.
    pub hashes_per_second: u64,
    /// The same with the crate `sha2`, measured in turns with it.
    pub sha2_hashes_per_second: u64,
    /// How many times faster that is.
    pub ratio: f64,
}

/// Turns of measuring SHA-256d, and how long each is.
const TURNS: u32 = 5;
const TURN: Duration = Duration::from_millis(50);

/// Measures SHA-256d: the best of several turns, as others use the machine too.
fn sha256d() -> Sha256d {
    let engine = Engine::fastest();
    let (mut ours, mut theirs) = (0, 0);
    for _ in 0..TURNS {
        ours = ours.max(engine.hashes_per_second(TURN));
        theirs = theirs.max(sha2_per_second(TURN));
    }
    Sha256d {
        engine: engine.name(),
        hashes_per_second: ours,
        sha2_hashes_per_second: theirs,
        ratio: ours as f64 / theirs.max(1) as f64,
    }
}

/// Runs `bench`: half of the time for whole rounds, half for the product alone.
///
/// # Errors
/// [`Error`].
pub fn run(args: &Args, wish: &Wish) -> Result<Output, Error> {
    let mut prover = choose(&cuda::here(), wish)?;
    let half = Duration::from_secs(args.seconds.into()) / 2;
    let checksum = checksum(&mut *prover)?;
    // Of a processor all shapes are computed by the same code; and it takes minutes for the largest.
    if prover.is_card() {
        known_answers::check_round(&mut *prover, args.shape)?;
    }
    let most = prover.at_once().max(1);
    let mut before = [ZERO, ZERO];
    let mut next = 1;
    let mut compute = |count| -> Result<(), ProverError> {
        for root in prover.roots(args.shape, &checksum, next, before, count)? {
            let [_, one_before] = before;
            before = [one_before, root];
        }
        next += count;
        Ok(())
    };
    // The first round fills caches and page tables.
    if args.shape < Class::M {
        compute(1)?;
    }
    let begun = Instant::now();
    let (mut rounds, mut at_once) = (0, 1);
    while rounds == 0 || begun.elapsed() < half {
        compute(at_once)?;
        rounds += at_once;
        // Where rounds overlap, as many together as half a second has room for.
        let fit = 500_000_000 * u128::from(rounds) / begun.elapsed().as_nanos().max(1);
        at_once = u32::try_from(fit).unwrap_or(u32::MAX).clamp(1, most);
    }
    let in_rounds = begun.elapsed();

    let begun = Instant::now();
    let (mut products, mut in_products) = (0, Duration::ZERO);
    while products == 0 || begun.elapsed() < half {
        in_products += prover.time_product(args.shape, &checksum)?;
        products += 1;
    }
    let (backend, device, threads) = (prover.name(), prover.describe(), prover.threads());
    // Its memory is wanted.
    drop(prover);
    Ok(Output {
        backend,
        device,
        shape: args.shape.name(),
        threads,
        macs_per_second: macs_per_second(args.shape, rounds, in_rounds),
        product_macs_per_second: macs_per_second(args.shape, products, in_products),
        cublaslt_macs_per_second: backend
            .starts_with("cuda-")
            .then(|| library_alone(&cuda::here(), wish.card.unwrap_or_default(), args.shape))
            .flatten()
            .map(|time| macs_per_second(args.shape, 1, time)),
        seconds_per_round: in_rounds.as_secs_f64() / f64::from(rounds),
        rounds,
        checksum: hex::encode(checksum),
        sha256d: sha256d(),
    })
}

/// The best time of cuBLASLt's product on a card, where the library is there and right.
fn library_alone(platform: &Arc<dyn Platform>, card: usize, class: Class) -> Option<Duration> {
    let measured = Cuda::new(platform, card, Route::CublasLt).and_then(|mut cuda| {
        // The first product chooses the algorithm.
        let times: Result<Vec<Duration>, ProverError> =
            (0..5).map(|seed| cuda.time_library(class, &[seed; 32])).collect();
        times
    });
    match measured {
        Ok(times) => times.into_iter().min(),
        Err(error) => {
            tracing::info!("no yardstick: {error}");
            None
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cu = |macs: u64| macs as f64 / 1e12;
        writeln!(f, "backend   {}", self.device)?;
        writeln!(f, "shape     {}", self.shape)?;
        let ms = self.seconds_per_round * 1e3;
        writeln!(
            f,
            "rounds    {:.4} CU/s ({:.3} ms a round, {} rounds)",
            cu(self.macs_per_second),
            ms,
            self.rounds
        )?;
        writeln!(f, "product   {:.4} CU/s", cu(self.product_macs_per_second))?;
        if let Some(library) = self.cublaslt_macs_per_second {
            let part = self.macs_per_second as f64 / library.max(1) as f64;
            writeln!(
                f,
                "cublaslt  {:.4} CU/s alone; rounds reach {part:.2} of it",
                cu(library)
            )?;
        }
        writeln!(f, "checksum  {}", self.checksum)?;
        let Sha256d {
            engine,
            hashes_per_second,
            ratio,
            ..
        } = &self.sha256d;
        write!(
            f,
            "sha256d   {} a thread with {engine}, {ratio:.2} times the crate sha2",
            hashrate(*hashes_per_second as f64)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prover::{choice::Backend, cpu::Path, cuda::emulator::Emulator};
    use std::num::NonZeroUsize;

    #[test]
    fn every_backend_of_the_machine_is_measured_and_has_the_same_checksum() {
        for path in Path::available() {
            let args = Args {
                shape: Class::Xs,
                seconds: 1,
                prover: ProverArgs::default(),
            };
            let wish = Wish {
                backend: Some(Backend::Path(path)),
                threads: NonZeroUsize::new(1),
                card: None,
            };
            let output = run(&args, &wish).unwrap();
            assert_eq!(
                (output.backend, output.shape, output.threads),
                (path.name(), "xs", 1)
            );
            assert!(output.rounds > 1 && output.macs_per_second > 0);
            // A round is the product and more.
            assert!(
                output.product_macs_per_second > output.macs_per_second / 2,
                "{output:?}"
            );
            assert!(output.sha256d.hashes_per_second > 0 && output.sha256d.sha2_hashes_per_second > 0);
            assert_eq!(
                output.checksum,
                "88d33090cfdc7624ae1e7a9570238a1d79e098f3cd2e5b709be1fb4e4ce1365a"
            );
        }
    }

    #[test]
    fn the_yardstick_of_cards_is_the_librarys_product_where_there_is_one() {
        let none = Emulator::with(&[]).platform();
        assert_eq!(library_alone(&none, 0, Class::Xs), None);
        let Some(emulator) = Emulator::new((8, 0)) else {
            return;
        };
        assert!(library_alone(&emulator.platform(), 0, Class::Xs).is_some());
    }

    #[test]
    fn rates_are_work_over_time() {
        assert_eq!(
            macs_per_second(Class::S, 3, Duration::from_secs(2)),
            3 * (1 << 32) / 2
        );
        assert_eq!(macs_per_second(Class::Xl, 1, Duration::ZERO), u64::MAX);
    }
}
