// SPDX-License-Identifier: Apache-2.0
//! `devices`: what there is to compute with, and which backend fits.

use crate::{
    error::Error,
    prover::{
        cpu::{Cpu, Path},
        Prover,
    },
};
use serde::Serialize;
use std::{fmt, num::NonZeroUsize, thread::available_parallelism};

/// Arguments of `devices`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Threads to compute with [default: all cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
}

/// What `devices` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// The devices.
    pub devices: Vec<Device>,
}

/// One device.
#[derive(Clone, Debug, Serialize)]
pub struct Device {
    /// What kind it is: `cpu`.
    pub kind: &'static str,
    /// Its maker's name for it.
    pub name: String,
    /// Instruction sets that count for this work.
    pub features: Vec<&'static str>,
    /// Hardware threads.
    pub threads: usize,
    /// Backends that this machine has the instructions for.
    pub backends: Vec<&'static str>,
    /// The fastest of them that passes the known answers.
    pub backend: &'static str,
}

/// Runs `devices`.
///
/// # Errors
/// [`Code::Device`](crate::error::Code::Device), if no backend passes the known answers.
pub fn run(args: &Args) -> Result<Output, Error> {
    let best = Cpu::fastest(args.threads)?;
    let cpu = Device {
        kind: "cpu",
        name: cpu_name(),
        features: features(),
        threads: available_parallelism().map_or(1, NonZeroUsize::get),
        backends: Path::available().map(Path::name).collect(),
        backend: best.name(),
    };
    Ok(Output { devices: vec![cpu] })
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
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
    ]
    .into_iter()
    .filter_map(|(name, there)| there.then_some(name))
    .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, device) in self.devices.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}  {}", device.kind, device.name)?;
            writeln!(f, "     threads   {}", device.threads)?;
            writeln!(f, "     features  {}", device.features.join(" "))?;
            writeln!(f, "     backends  {}", device.backends.join(" "))?;
            write!(f, "     fits      {}", device.backend)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_processor_and_a_backend_that_is_among_its_backends() {
        let output = run(&Args {
            threads: NonZeroUsize::new(1),
        })
        .unwrap();
        let [cpu] = &output.devices[..] else {
            panic!("{output:?}")
        };
        assert!(cpu.backends.contains(&cpu.backend));
        assert!(cpu.backends.contains(&"cpu-portable"));
        assert!(!cpu.name.is_empty() && cpu.threads > 0);
        assert!(output.to_string().contains(cpu.backend));
    }
}
