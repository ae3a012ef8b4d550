// SPDX-License-Identifier: Apache-2.0
//! Which backend computes: the one that is asked for, or the fastest that there is.

use super::{
    cpu::{Cpu, Path},
    cuda::{Cuda, Platform, Route},
    Prover, ProverError,
};
use compute_proof::{prove::LeafProof, Class, Hash};
use serde::{Deserialize, Deserializer};
use std::{fmt, num::NonZeroUsize, str::FromStr, sync::Arc, time::Duration};

/// A wish for a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The fastest path of the processor.
    Cpu,
    /// One path of the processor.
    Path(Path),
    /// The fastest route of a card.
    Cuda,
    /// One route of a card.
    Route(Route),
}

impl Backend {
    /// All wishes.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Cpu]
            .into_iter()
            .chain(Path::ALL.map(Self::Path))
            .chain([Self::Cuda])
            .chain(Route::ALL.map(Self::Route))
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Path(path) => path.name(),
            Self::Cuda => "cuda",
            Self::Route(route) => route.name(),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown backend: one of cpu, cpu-amx-int8, cpu-avx512-vnni, cpu-avx-vnni, cpu-avx2, cpu-portable, cuda, cuda-wgmma, cuda-mma, cuda-cublaslt, cuda-fp16"
)]
pub struct UnknownBackend;

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        Self::all()
            .find(|backend| backend.name() == name)
            .ok_or(UnknownBackend)
    }
}

impl<'de> Deserialize<'de> for Backend {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// What decides on the prover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The backend; the fastest, if none is wished for.
    pub backend: Option<Backend>,
    /// Number of the card; the first, if none is wished for.
    pub card: Option<usize>,
    /// Threads of the processor; all, if none are wished for.
    pub threads: Option<NonZeroUsize>,
}

/// The prover that is wished for. Without a wish a card goes before the processor; where there is none, or none that works,
/// the processor computes, and why is logged.
///
/// # Errors
/// [`ProverError`]: what is asked for by name is not replaced by something else.
pub fn choose(platform: &Arc<dyn Platform>, wish: &Wish) -> Result<Box<dyn Prover>, ProverError> {
    let index = wish.card.unwrap_or_default();
    let card = |cuda| -> Box<dyn Prover> { Box::new(Rescued::new(cuda, wish.threads)) };
    let cpu = || -> Result<Box<dyn Prover>, ProverError> { Ok(Box::new(Cpu::fastest(wish.threads)?)) };
    match wish.backend {
        Some(Backend::Cpu) => cpu(),
        Some(Backend::Path(path)) => Ok(Box::new(Cpu::new(path, wish.threads)?)),
        Some(Backend::Cuda) => Cuda::fastest(platform, index).map(card),
        Some(Backend::Route(route)) => Cuda::new(platform, index, route).map(card),
        // A card that is named is wished for.
        None if wish.card.is_some() => Cuda::fastest(platform, index).map(card),
        None => match Cuda::fastest(platform, index) {
            Ok(cuda) => Ok(card(cuda)),
            Err(error) => {
                tell(&error);
                cpu()
            }
        },
    }
}

/// Says why no card computes; quietly where there is none at all.
fn tell(error: &ProverError) {
    match error {
        ProverError::Cuda(cuda) if cuda.is_absence() => tracing::debug!("no card: {error}"),
        ProverError::Cuda(cuda) => tracing::warn!(
            mend = cuda.mend(),
            "the card does not compute, the processor does instead: {error}"
        ),
        _ => tracing::warn!("the card does not compute, the processor does instead: {error}"),
    }
}

/// A card whose openings the processor computes if the card can't: a commit that is not opened costs the bond.
struct Rescued {
    card: Cuda,
    threads: Option<NonZeroUsize>,
    cpu: Option<Cpu>,
}

impl Rescued {
    fn new(card: Cuda, threads: Option<NonZeroUsize>) -> Self {
        Self {
            card,
            threads,
            cpu: None,
        }
    }
}

impl Prover for Rescued {
    fn name(&self) -> &'static str {
        self.card.name()
    }

    fn threads(&self) -> usize {
        self.card.threads()
    }

    fn describe(&self) -> String {
        self.card.describe()
    }

    fn uuid(&self) -> Option<String> {
        self.card.uuid()
    }

    fn root(&mut self, class: Class, seed: &Hash) -> Result<Hash, ProverError> {
        self.card.root(class, seed)
    }

    fn roots(
        &mut self,
        class: Class,
        key: &Hash,
        first: u32,
        before: [Hash; 2],
        count: u32,
    ) -> Result<Vec<Hash>, ProverError> {
        self.card.roots(class, key, first, before, count)
    }

    fn at_once(&self) -> u32 {
        self.card.at_once()
    }

    fn leaves(&mut self, class: Class, seed: &Hash, indices: &[u32]) -> Result<Vec<LeafProof>, ProverError> {
        match self.card.leaves(class, seed, indices) {
            Err(ProverError::Cuda(error)) => {
                tracing::warn!(
                    mend = error.mend(),
                    "the processor computes this round again, as the card can't: {error}"
                );
                let mut cpu = match self.cpu.take() {
                    Some(cpu) => cpu,
                    None => Cpu::fastest(self.threads)?,
                };
                let leaves = cpu.leaves(class, seed, indices);
                self.cpu = Some(cpu);
                leaves
            }
            other => other,
        }
    }

    fn time_product(&mut self, class: Class, seed: &Hash) -> Result<Duration, ProverError> {
        self.card.time_product(class, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prover::cuda::{
        emulator::{Emulator, Fault},
        Library,
    };

    fn one_thread() -> Wish {
        Wish {
            threads: NonZeroUsize::new(1),
            ..Wish::default()
        }
    }

    fn with(backend: Backend) -> Wish {
        Wish {
            backend: Some(backend),
            ..one_thread()
        }
    }

    #[test]
    fn names_are_read_back_and_the_error_names_them_all() {
        for backend in Backend::all() {
            assert_eq!(backend.name().parse(), Ok(backend));
            assert!(UnknownBackend.to_string().contains(backend.name()));
        }
        assert_eq!("gpu".parse::<Backend>(), Err(UnknownBackend));
    }

    #[test]
    fn without_a_card_the_processor_computes_unless_a_card_is_asked_for() {
        let none = Emulator::with(&[]).platform();
        let name = |wish: &Wish| choose(&none, wish).map(|prover| prover.name());
        assert!(name(&one_thread()).unwrap().starts_with("cpu-"));
        assert!(name(&with(Backend::Cpu)).unwrap().starts_with("cpu-"));
        assert_eq!(
            name(&with(Backend::Path(Path::Portable))).unwrap(),
            "cpu-portable"
        );
        assert!(name(&with(Backend::Cuda)).is_err());
        assert!(name(&with(Backend::Route(Route::Mma))).is_err());
        let second = Wish {
            card: Some(1),
            ..one_thread()
        };
        assert!(name(&second).is_err());
    }

    #[test]
    fn a_card_without_compiler_and_one_that_fails_leave_the_work_to_the_processor() {
        for fault in [
            Fault::Missing(Library::Driver),
            Fault::Missing(Library::Nvrtc),
            Fault::Gone,
        ] {
            let emulator = Emulator::with(&[(9, 0)]);
            emulator.fails(fault);
            let prover = choose(&emulator.platform(), &one_thread()).unwrap();
            assert!(prover.name().starts_with("cpu-"));
        }
    }

    #[test]
    fn a_card_that_is_lost_after_the_commit_still_opens_by_the_processor_and_says_so_of_new_rounds() {
        let Some(emulator) = Emulator::new((9, 0)) else {
            return;
        };
        let mut prover = choose(&emulator.platform(), &with(Backend::Route(Route::Wgmma))).unwrap();
        assert_eq!(prover.name(), "cuda-wgmma");
        assert!(prover.at_once() > 1);
        let seed = [4; 32];
        let right = prover.leaves(Class::Xs, &seed, &[3, 60]).unwrap();
        emulator.fails(Fault::LostAtLaunch(2));
        assert_eq!(prover.leaves(Class::Xs, &seed, &[3, 60]).unwrap(), right);
        emulator.fails(Fault::Gone);
        assert_eq!(prover.leaves(Class::Xs, &seed, &[3, 60]).unwrap(), right);
        let error = prover.root(Class::Xs, &seed).unwrap_err();
        assert!(error.to_string().contains("lost"), "{error}");
    }
}
