// SPDX-License-Identifier: Apache-2.0
//! `devices`: what there is to compute with, and which backend fits.

use crate::{
    cli::ProverArgs,
    config::Layer,
    error::Error,
    prover::{
        choice::Wish,
        cpu::{Cpu, Path},
        cuda::{self, card::Info, Cuda, CudaError, Platform, Route},
        Prover, ProverError,
    },
};
use serde::Serialize;
use std::{fmt, num::NonZeroUsize, sync::Arc, thread::available_parallelism};

/// Arguments of `devices`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Threads to compute with, where the processor does [default: all cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
}

impl Args {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        let prover = ProverArgs {
            threads: self.threads,
            ..ProverArgs::default()
        };
        prover.alone_upon(layer)
    }
}

/// What `devices` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// The devices: the processor, then the cards.
    pub devices: Vec<Device>,
    /// Why there are no cards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_cards: Option<Problem>,
}

/// One device.
#[derive(Clone, Debug, Serialize)]
pub struct Device {
    /// What kind it is: `cpu` or `cuda`.
    pub kind: &'static str,
    /// Its maker's name for it.
    pub name: String,
    /// Instruction sets that count for this work; of a card, its compute capability.
    pub features: Vec<String>,
    /// Hardware threads, of a processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// What is told of cards alone.
    #[serde(flatten)]
    pub card: Option<Card>,
    /// Backends that this machine has the instructions for.
    pub backends: Vec<&'static str>,
    /// The fastest of them that passes the known answers.
    pub backend: Option<&'static str>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What is told of cards alone.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// Its number, for `--card`.
    pub index: usize,
    /// The driver's identity for it, in hex.
    pub uuid: String,
    /// Bytes of its memory.
    pub memory: u64,
}

/// What is wrong, and what mends it.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl From<CudaError> for Problem {
    fn from(error: CudaError) -> Self {
        Self {
            what: error.to_string(),
            mend: Some(error.mend().to_owned()),
        }
    }
}

impl From<ProverError> for Problem {
    fn from(error: ProverError) -> Self {
        match error {
            ProverError::Cuda(error) => error.into(),
            error => Self {
                what: error.to_string(),
                mend: None,
            },
        }
    }
}

/// Runs `devices`.
///
/// # Errors
/// [`Code::Device`](crate::error::Code::Device), if no backend of the processor passes the known answers.
pub fn run(wish: &Wish) -> Result<Output, Error> {
    list(wish, &cuda::here())
}

fn list(wish: &Wish, platform: &Arc<dyn Platform>) -> Result<Output, Error> {
    let best = Cpu::fastest(wish.threads)?;
    let cpu = Device {
        kind: "cpu",
        name: cpu_name(),
        features: features().into_iter().map(str::to_owned).collect(),
        threads: Some(available_parallelism().map_or(1, NonZeroUsize::get)),
        card: None,
        backends: Path::available().map(Path::name).collect(),
        backend: Some(best.name()),
        problem: None,
    };
    let mut output = Output {
        devices: vec![cpu],
        no_cards: None,
    };
    match platform.cards() {
        Ok(cards) => output
            .devices
            .extend(cards.into_iter().map(|card| card_of(platform, card))),
        Err(error) => output.no_cards = Some(error.into()),
    }
    Ok(output)
}

fn card_of(platform: &Arc<dyn Platform>, info: Info) -> Device {
    let fits = |route: &Route| {
        route.check(&info).is_ok() && route.library().is_none_or(|library| platform.has(library))
    };
    let backends = Route::ALL.into_iter().filter(fits).map(Route::name).collect();
    let (backend, problem) = match Cuda::fastest(platform, info.index) {
        Ok(best) => (Some(best.name()), None),
        Err(error) => (None, Some(error.into())),
    };
    let (major, minor) = info.capability;
    Device {
        kind: "cuda",
        name: info.name,
        features: vec![format!("sm_{major}{minor}")],
        threads: None,
        card: Some(Card {
            index: info.index,
            uuid: info.uuid,
            memory: info.memory,
        }),
        backends,
        backend,
        problem,
    }
}

/// The processor's name, as the system tells it.
fn cpu_name() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| format!("{} processor", std::env::consts::ARCH))
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("avxvnni", is_x86_feature_detected!("avxvnni")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
        // Not only there, but granted by the operating system.
        ("amx-int8", Path::AmxInt8.is_available()),
    ]
    .into_iter()
    .filter_map(|(name, there)| there.then_some(name))
    .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.mend {
            Some(mend) => write!(f, "\n     → {mend}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, device) in self.devices.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            match &device.card {
                Some(card) => {
                    writeln!(f, "{}  {}  {}", device.kind, card.index, device.name)?;
                    writeln!(f, "     uuid      {}", card.uuid)?;
                    writeln!(f, "     memory    {} MiB", card.memory >> 20)?;
                }
                None => writeln!(f, "{}  {}", device.kind, device.name)?,
            }
            if let Some(threads) = device.threads {
                writeln!(f, "     threads   {threads}")?;
            }
            writeln!(f, "     features  {}", device.features.join(" "))?;
            writeln!(f, "     backends  {}", device.backends.join(" "))?;
            match (device.backend, &device.problem) {
                (Some(backend), _) => write!(f, "     fits      {backend}")?,
                (None, Some(problem)) => write!(f, "     fits      none: {problem}")?,
                (None, None) => write!(f, "     fits      none")?,
            }
        }
        match &self.no_cards {
            Some(problem) => write!(f, "\nno card: {problem}"),
            None => Ok(()),
        }
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

    #[test]
    fn this_machine_has_a_processor_and_a_backend_that_is_among_its_backends() {
        let output = run(&one_thread()).unwrap();
        let [cpu, cards @ ..] = &output.devices[..] else {
            panic!("{output:?}")
        };
        let backend = cpu.backend.unwrap();
        assert!(cpu.backends.contains(&backend));
        assert!(cpu.backends.contains(&"cpu-portable"));
        assert!(!cpu.name.is_empty() && cpu.threads.unwrap() > 0);
        assert!(output.to_string().contains(backend));
        assert_eq!(cards.is_empty(), output.no_cards.is_some());
    }

    #[test]
    fn cards_that_can_t_compute_are_listed_with_what_mends_them() {
        let emulator = Emulator::with(&[(9, 0), (8, 6), (7, 5)]);
        emulator.fails(Fault::Missing(Library::Nvrtc));
        emulator.fails(Fault::Missing(Library::CublasLt));
        let output = list(&one_thread(), &emulator.platform()).unwrap();
        let [_, hopper, ampere, turing] = &output.devices[..] else {
            panic!("{output:?}")
        };
        assert_eq!(hopper.backends, ["cuda-wgmma", "cuda-mma", "cuda-fp16"]);
        assert_eq!(ampere.backends, ["cuda-mma", "cuda-fp16"]);
        assert!(turing.backends.is_empty());
        for device in [hopper, ampere, turing] {
            assert_eq!(device.backend, None);
        }
        assert!(hopper.problem.as_ref().unwrap().what.contains("NVRTC"));
        assert!(turing.problem.as_ref().unwrap().what.contains("7.5"));
        let text = output.to_string();
        assert!(
            text.contains("uuid      GPU-0000")
                && text.contains("cuda  1  Emulated card")
                && text.contains("LD_LIBRARY_PATH")
        );
        let json = serde_json::to_value(&output).unwrap();
        assert_eq!(json["devices"][2]["index"], 1);
        assert!(json["devices"][0].get("index").is_none());
    }
}
