// SPDX-License-Identifier: Apache-2.0
//! Which backend computes: the one that is asked for, or the fastest that there is.

use super::{
    cpu::{Cpu, Path},
    cuda::{Cuda, CudaError, Platform, Route},
    Prover, ProverError, Rescue,
};
use serde::{Deserialize, Deserializer};
use std::{fmt, num::NonZeroUsize, str::FromStr, sync::Arc};

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
    let card = |cuda: Cuda| -> Box<dyn Prover> { Box::new(cuda) };
    let cpu = processor(wish.threads);
    match wish.backend {
        Some(Backend::Cpu) => cpu(),
        Some(Backend::Path(path)) => Ok(Box::new(Cpu::new(path, wish.threads)?)),
        Some(Backend::Cuda) => Cuda::fastest(platform, index).map(card),
        Some(Backend::Route(route)) => Cuda::new(platform, index, route).map(card),
        // A card that is named is wished for.
        None if wish.card.is_some() => Cuda::fastest(platform, index).map(card),
        None => match Cuda::fastest(platform, index) {
            Ok(cuda) => Ok(card(cuda)),
            // In a moment it is: the processor would compute for as long as the process lives.
            Err(error @ ProverError::Cuda(CudaError::NotReady(_))) => Err(error),
            Err(error) => {
                tell(&error);
                cpu()
            }
        },
    }
}

/// The processor, on so many threads (all, if `None`).
pub fn processor(threads: Option<NonZeroUsize>) -> Rescue {
    Arc::new(move || Ok(Box::new(Cpu::fastest(threads)?)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prover::cuda::{
        emulator::{Emulator, Fault},
        Library,
    };
    use compute_proof::Class;

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
    fn of_the_routes_of_a_card_one_alone_is_open_at_a_time() {
        let Some(emulator) = Emulator::new((8, 6)) else {
            return;
        };
        emulator.fails(Fault::Missing(Library::CublasLt));
        let mut prover = choose(&emulator.platform(), &with(Backend::Cuda)).unwrap();
        assert!(prover.is_card());
        prover.root(Class::Xs, &[1; 32]).unwrap();
        let open = *emulator.open.lock().unwrap();
        assert_eq!(open, (1, 1));
        let opened = emulator.opened.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(opened, 3, "two routes were measured, and one was taken");
    }
}
