// SPDX-License-Identifier: Apache-2.0
//! The command line, and nothing else.

use crate::{
    commands::{
        bench, devices, doctor, drain, income, keys, measure, prove, register, run, shell, status, stratum,
        verify,
    },
    config::{Format, Layer},
    prover::choice::Backend,
};
use clap::{Args, Parser, Subcommand};
use std::{num::NonZeroUsize, path::PathBuf};

/// Ergon's worker: proves what a device computes, and earns for its owner
#[derive(Debug, Parser)]
#[command(
    name = "ergon-worker",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Settings are taken from flags, then from ERGON_* variables, then from the file of --config."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// How to write output [default: text]
    #[arg(long, global = true, value_enum, help_heading = "Settings")]
    pub format: Option<Format>,
    /// Address of a node; several times for several, the preferred one first [default: ws://127.0.0.1:9944]
    #[arg(long, global = true, value_name = "URL", help_heading = "Settings")]
    pub url: Vec<String>,
    /// Configuration file, TOML
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,
    /// What to log, such as `info` or `ergon_worker=debug` [default: info]
    #[arg(long, global = true, value_name = "FILTER", help_heading = "Settings")]
    pub log: Option<String>,
    /// Folder for the rounds' roots and the lock [default: ergon-worker in the user's data folder]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Settings")]
    pub data_dir: Option<PathBuf>,
}

impl Global {
    /// These flags as a layer of the configuration.
    pub fn layer(&self) -> Layer {
        Layer {
            format: self.format,
            log: self.log.clone(),
            url: (!self.url.is_empty()).then(|| self.url.clone()),
            data_dir: self.data_dir.clone(),
            ..Layer::default()
        }
    }
}

/// Whose key signs.
#[derive(Clone, Debug, Default, Args)]
pub struct KeyArgs {
    /// Encrypted key file, made by `keys generate` or exported by a wallet
    #[arg(long, value_name = "FILE", conflicts_with = "suri", help_heading = "Key")]
    pub key: Option<PathBuf>,
    /// File with the key file's password in its first line; or the variable ERGON_PASSWORD, or you are asked
    #[arg(long, value_name = "FILE", help_heading = "Key")]
    pub password_file: Option<PathBuf>,
    /// Secret URI, such as //Alice: for development chains, as others may read it in the list of processes
    #[arg(long, value_name = "URI", help_heading = "Key")]
    pub suri: Option<String>,
}

impl KeyArgs {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        Layer {
            key: self.key.clone(),
            password_file: self.password_file.clone(),
            suri: self.suri.clone(),
            ..layer
        }
    }
}

/// What computes.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ProverArgs {
    /// Backend to compute with: cpu or cuda, or one of those that `devices` lists [default: the fastest]
    #[arg(long, value_name = "NAME", help_heading = "Device")]
    pub backend: Option<Backend>,
    /// Number of the card to compute with, as `devices` counts [default: 0, where there is a card]
    #[arg(long, value_name = "N", help_heading = "Device")]
    pub card: Option<usize>,
    /// Threads to compute with, where the processor does [default: all cores]
    #[arg(long, value_name = "N", help_heading = "Device")]
    pub threads: Option<NonZeroUsize>,
}

impl ProverArgs {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        Layer {
            backend: self.backend,
            card: self.card,
            threads: self.threads,
            ..layer
        }
    }

    /// The same for a command that asks no chain: which assets the layers below name is nothing to it.
    pub fn alone_upon(&self, layer: Layer) -> Layer {
        Layer {
            devices: Some(Vec::new()),
            ..self.upon(layer)
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What there is to compute with, and which backend fits
    Devices(devices::Args),
    /// How fast this machine computes a shape, offline
    Bench(bench::Args),
    /// Checks all that a worker needs to earn, and says what mends what is missing
    Doctor(doctor::Args),
    /// Makes, imports and shows keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Makes a device an asset: announces it, then registers it, with a bond to prove for it
    Register(register::Args),
    /// Proves in every census until told to stop
    Run(run::Args),
    /// Serves SHA-256d miners over Stratum, and proves their hashrate in every census
    Stratum(stratum::Args),
    /// The asset, its rating, its commit, its bond, and why nothing is earned
    Status(status::Args),
    /// What the asset earned census by census, or what an account earned by it
    Income(income::Args),
    /// Lets the running worker finish what it has begun, and then stop
    Drain(drain::Args),
    /// Computes a census's work offline and prints it
    Prove(prove::Args),
    /// Checks what `prove` printed
    Verify(verify::Args),
    /// Prints completions for a shell
    Completions(shell::CompletionsArgs),
    /// Prints the manual page
    #[command(hide = true)]
    Man,
    /// How fast one route of a card is: asked by the other commands, of a process of its own
    #[command(hide = true)]
    Measure(measure::Args),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use clap::CommandFactory;

    #[test]
    fn the_parser_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_are_taken_before_and_after_the_command() {
        for line in [
            "ergon-worker --format json --url ws://a --url ws://b devices",
            "ergon-worker devices --format json --url ws://a --url ws://b",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            let layer = cli.global.layer();
            assert_eq!(layer.format, Some(Format::Json));
            assert_eq!(layer.url.unwrap(), ["ws://a", "ws://b"]);
        }
    }

    #[test]
    fn a_key_file_and_a_secret_uri_exclude_each_other() {
        let line = "ergon-worker status --asset 1 --key k.json --suri //Alice";
        assert!(Cli::try_parse_from(line.split(' ')).is_err());
    }

    #[test]
    fn every_command_explains_itself() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
        }
    }

    #[test]
    fn what_writes_can_be_tried_without_writing() {
        for name in ["register", "run", "stratum", "drain"] {
            let command = Cli::command();
            let command = command.find_subcommand(name).unwrap();
            assert!(
                command
                    .get_arguments()
                    .any(|argument| argument.get_id() == "dry_run"),
                "{name}"
            );
        }
    }

    #[test]
    fn the_units_start_what_there_is_and_do_not_restart_in_vain() {
        for unit in [
            include_str!("../deploy/ergon-worker@.service"),
            include_str!("../deploy/ergon-stratum@.service"),
        ] {
            let value = |key: &str| {
                unit.lines()
                    .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                    .unwrap()
                    .replace("%i", "3")
            };
            let start = value("ExecStart");
            let cli = Cli::try_parse_from(start.split(' ')).unwrap();
            assert!(
                matches!(cli.command, Command::Run(_) | Command::Stratum(_)),
                "{start}"
            );
            // One that has drained is to stay so.
            assert_eq!(value("Restart"), "on-failure");
            let known = Code::ALL.map(|code| code.number().to_string());
            let final_codes = value("RestartPreventExitStatus");
            for code in final_codes.split(' ') {
                // 2 is the parser's.
                assert!(code == "2" || known.contains(&code.to_owned()), "{code}");
            }
            // Stopped before a node answered: nothing has failed, and nothing is finished either.
            let unreachable = Code::Unreachable.number().to_string();
            assert_eq!(value("SuccessExitStatus"), unreachable);
            assert_eq!(value("RestartForceExitStatus"), unreachable);
            assert!(!final_codes.split(' ').any(|code| code == unreachable));
        }
    }

    #[cfg(not(feature = "adversary"))]
    #[test]
    fn a_release_cannot_overclaim() {
        let line = "ergon-worker run --asset 1 --suri //Alice --simulate-overclaim 4";
        assert!(Cli::try_parse_from(line.split(' ')).is_err());
    }
}
