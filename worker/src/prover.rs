// SPDX-License-Identifier: Apache-2.0
//! What computes rounds: one trait, and the backends behind it.

pub mod choice;
pub mod cpu;
pub mod cuda;
pub mod known_answers;

use compute_proof::{
    prove::{LeafProof, OpenError, Opening, RoundStore},
    work::{round_seed, ZERO},
    Class, Hash,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A backend: computes rounds on some hardware, byte for byte as the reference does.
pub trait Prover: Send {
    /// Its name, such as `cpu-avx2`.
    fn name(&self) -> &'static str;

    /// Threads of the host that it keeps busy.
    fn threads(&self) -> usize;

    /// What it computes on, in a few words.
    fn describe(&self) -> String {
        format!("{} on {} threads", self.name(), self.threads())
    }

    /// UUID of the card that it computes on, such as `GPU-0a1b…`; `None`, if that is no card.
    fn uuid(&self) -> Option<String> {
        None
    }

    /// Whether it computes on a card, so that the processor can do what it can't.
    fn is_card(&self) -> bool {
        false
    }

    /// The root of the round of `seed`.
    ///
    /// # Errors
    /// [`ProverError`], when the hardware can't.
    fn root(&mut self, class: Class, seed: &Hash) -> Result<Hash, ProverError>;

    /// The roots of `count` rounds of the device of `key`, from round `first` on. `before` are the roots of the two rounds
    /// before those, the earlier one first.
    ///
    /// # Errors
    /// [`ProverError`], when the hardware can't.
    fn roots(
        &mut self,
        class: Class,
        key: &Hash,
        first: u32,
        before: [Hash; 2],
        count: u32,
    ) -> Result<Vec<Hash>, ProverError> {
        one_by_one(self, class, key, first, before, count)
    }

    /// How many rounds it takes at a time best: more than one if rounds overlap on it.
    fn at_once(&self) -> u32 {
        1
    }

    /// Computes the round of `seed` again and returns its leaves at `indices` with their paths, in that
    /// order.
    ///
    /// # Errors
    /// [`ProverError`], when the hardware can't or an index is past the last leaf.
    fn leaves(&mut self, class: Class, seed: &Hash, indices: &[u32]) -> Result<Vec<LeafProof>, ProverError>;

    /// Computes the product of the round of `seed` with its cell digests, and says how long that took, the
    /// inputs being there and no tree being built: the yardstick of the arithmetic alone.
    ///
    /// # Errors
    /// [`ProverError`], when the hardware can't.
    fn time_product(&mut self, class: Class, seed: &Hash) -> Result<Duration, ProverError>;
}

/// [`Prover::roots`] by [`Prover::root`].
pub(crate) fn one_by_one<P: Prover + ?Sized>(
    prover: &mut P,
    class: Class,
    key: &Hash,
    first: u32,
    mut before: [Hash; 2],
    count: u32,
) -> Result<Vec<Hash>, ProverError> {
    let mut roots = Vec::new();
    for index in 0..count {
        let [two_before, one_before] = before;
        let root = prover.root(class, &round_seed(key, first + index, &two_before))?;
        before = [one_before, root];
        roots.push(root);
    }
    Ok(roots)
}

/// Makes the prover that opens in place of a device that can't.
pub type Rescue = Arc<dyn Fn() -> Result<Box<dyn Prover>, ProverError> + Send + Sync>;

/// A backend can't do what is asked.
#[derive(Debug, thiserror::Error)]
pub enum ProverError {
    /// The operating system gave no threads.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The round's inputs don't fit into memory.
    #[error("class {class} needs {bytes} more bytes of memory than there are")]
    Memory {
        /// The class.
        class: Class,
        /// Bytes that were asked for.
        bytes: usize,
    },
    /// The backend computes something else than the protocol says.
    #[error("{backend} fails the known answers: {what}")]
    KnownAnswers {
        /// The backend's name.
        backend: &'static str,
        /// What came out wrong.
        what: &'static str,
    },
    /// This machine lacks what the backend is made for.
    #[error("this machine has no {0}")]
    Unavailable(&'static str),
    /// A card can't.
    #[error(transparent)]
    Cuda(#[from] cuda::CudaError),
    /// No backend is both available and right.
    #[error("no backend passes the known answers on this machine")]
    NoBackend,
    /// A leaf was asked for that the class doesn't have.
    #[error("class {class} has no leaf {index}")]
    NoLeaf {
        /// The class.
        class: Class,
        /// The leaf's index.
        index: u32,
    },
}

impl ProverError {
    /// Whether there is too little memory, so that a smaller class may fit.
    pub const fn is_memory(&self) -> bool {
        match self {
            Self::Memory { .. } => true,
            Self::Cuda(error) => error.is_memory(),
            _ => false,
        }
    }

    /// Whether it may pass, and this very process see it.
    pub const fn may_pass_here(&self) -> bool {
        matches!(self, Self::Cuda(error) if error.may_pass_here())
    }

    /// Whether the device is of no use to this process any more, and may be to another.
    pub const fn is_loss(&self) -> bool {
        matches!(self, Self::Cuda(error) if error.is_loss())
    }
}

/// The commitment that a backend arrives at for the protocol's known answers: a checksum to compare machines by.
///
/// # Errors
/// [`ProverError`].
pub fn checksum(prover: &mut dyn Prover) -> Result<Hash, ProverError> {
    known_answers::commitment(prover)
}

/// The roots of the last two rounds that `store` holds, the earlier one first: what the next round hangs on.
pub fn before(store: &RoundStore) -> [Hash; 2] {
    match store.roots() {
        [] => [ZERO, ZERO],
        [one] => [ZERO, *one],
        [.., two_before, one_before] => [*two_before, *one_before],
    }
}

/// How long a round takes: the best of several, as the first fills caches and page tables, and others use the machine too.
/// Rounds that overlap are measured so.
///
/// # Errors
/// The backend's.
pub fn time_round(prover: &mut dyn Prover, class: Class) -> Result<Duration, ProverError> {
    /// Times that rounds are measured, unless they take longer than so long.
    const TRIES: u8 = 5;
    const ENOUGH: Duration = Duration::from_secs(1);
    let begun = Instant::now();
    let mut best = Duration::MAX;
    let mut at_once = 1;
    for seed in 0..TRIES {
        let begun_rounds = Instant::now();
        prover.roots(class, &[seed; 32], 1, [ZERO; 2], at_once)?;
        best = best.min(begun_rounds.elapsed() / at_once);
        if begun.elapsed() > ENOUGH {
            break;
        }
        // As many as a tenth of the time has room for.
        let fit = ENOUGH.as_nanos() / 10 / best.as_nanos().max(1);
        at_once = u32::try_from(fit)
            .unwrap_or(u32::MAX)
            .clamp(1, prover.at_once().max(1));
    }
    Ok(best)
}

/// Multiply-accumulates a second, rounded down.
pub fn macs_per_second(class: Class, rounds: u32, time: Duration) -> u64 {
    let nanoseconds = time.as_nanos().max(1);
    u64::try_from(class.work(rounds) * 1_000_000_000 / nanoseconds).unwrap_or(u64::MAX)
}

/// Opens what `store` holds, recomputing each sampled round once.
///
/// # Errors
/// As [`RoundStore::open`].
pub fn open(
    prover: &mut dyn Prover,
    store: &RoundStore,
    open_seed: &Hash,
) -> Result<Opening, OpenError<ProverError>> {
    store.open(open_seed, |_, seed, indices| {
        prover.leaves(store.class(), seed, indices)
    })
}

/// A seed that no earlier run of the tests has seen; printed, so that a failure can be repeated.
#[cfg(test)]
pub(crate) fn fresh_seed() -> Hash {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    let seed = compute_proof::hash::keyed(&[0; 32], &now.to_le_bytes());
    println!("seed {}", hex::encode(seed));
    seed
}
