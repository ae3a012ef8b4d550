// SPDX-License-Identifier: Apache-2.0
//! The command line: long runs, and the corpus played again.

use anyhow::{bail, Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use ergon_fuzz::{distill, fuzz, our_calls, parse, run, Limit, Options, Plan, Report, Stats, STEP_LEN};
use std::{path::PathBuf, process::ExitCode, time::Duration};

#[derive(Parser)]
#[command(name = "ergon-fuzz", about = "A stateful fuzzer over the real runtime")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs world after world from a seed.
    Run {
        /// Stop after so many seconds.
        #[arg(long)]
        seconds: Option<u64>,
        /// Stop after so many steps.
        #[arg(long)]
        steps: Option<u64>,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The number of the first world, from 0.
        #[arg(long, default_value_t = 0)]
        first_world: u64,
        /// How the report is printed on stdout.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
        /// Compare the whole state before and after every refused call, not only after some.
        #[arg(long)]
        thorough: bool,
        /// Stop after so many violations.
        #[arg(long, default_value_t = 3)]
        most_violations: usize,
        /// Worlds at a time, each on its own thread.
        #[arg(long, default_value_t = 1)]
        jobs: usize,
    },
    /// Writes the corpus: for each call of our pallets, the shortest sequence found in which it is accepted.
    Distill {
        /// The folder for the files.
        folder: PathBuf,
        /// Only these calls, such as `LpTokens.claim`, which may be of any pallet.
        #[arg(long)]
        call: Vec<String>,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many worlds are searched.
        #[arg(long, default_value_t = 10)]
        worlds: u64,
        /// How many seconds a sequence is shortened.
        #[arg(long, default_value_t = 20)]
        patience: u64,
    },
    /// Plays files of the corpus, and says what happens in them.
    Replay {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print every step.
        #[arg(long)]
        trace: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn main() -> Result<ExitCode> {
    match Cli::parse().command {
        Command::Run {
            seconds,
            steps,
            seed,
            first_world,
            format,
            thorough,
            most_violations,
            jobs,
        } => {
            if seconds.is_none() && steps.is_none() {
                bail!("how long? --seconds or --steps");
            }
            let options = if thorough {
                Options::THOROUGH
            } else {
                Options::FAST
            };
            let mut told = Duration::ZERO;
            let plan = Plan {
                seed,
                first_world,
                limit: Limit { seconds, steps },
                options,
                most_violations,
                jobs,
            };
            let report = fuzz(plan, |stats, elapsed| {
                if elapsed >= told + Duration::from_secs(10) {
                    told = elapsed;
                    progress(stats, elapsed);
                }
            });
            match format {
                Format::Json => println!("{}", serde_json::to_string_pretty(&report)?),
                Format::Text => print(&report),
            }
            Ok(if report.violations.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Distill {
            folder,
            call,
            seed,
            worlds,
            patience,
        } => {
            let wanted = if call.is_empty() { our_calls() } else { call };
            let mut failed = None;
            let patience = Duration::from_secs(patience);
            let missing = distill(wanted, seed, worlds, patience, |name, data| {
                let file = folder.join(format!("{name}.hex"));
                eprintln!("{}: {} steps", file.display(), data.len() / STEP_LEN);
                let text = format!("# {name} is accepted\n{}", ergon_fuzz::print(data));
                if let Err(error) = std::fs::write(&file, text) {
                    failed = Some(error);
                }
            });
            if let Some(error) = failed {
                return Err(error).with_context(|| folder.display().to_string());
            }
            if !missing.is_empty() {
                eprintln!("never accepted: {}", missing.join(", "));
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Replay { files, trace } => {
            let mut broken = false;
            for file in files {
                let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
                let data = parse(&text).with_context(|| file.display().to_string())?;
                let outcomes = run(
                    &data,
                    Options {
                        trace,
                        ..Options::THOROUGH
                    },
                );
                outcomes.trace.iter().for_each(|line| println!("{line}"));
                match outcomes.broken {
                    None => println!("{}: {} steps, no violation", file.display(), outcomes.stats.steps),
                    Some(found) => {
                        println!("{}: step {}: {}", file.display(), found.step, found.what);
                        broken = true;
                    }
                }
            }
            Ok(if broken {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            })
        }
    }
}

fn progress(stats: &Stats, elapsed: Duration) {
    let each = stats.steps * 1_000 / u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    eprintln!(
        "{} steps in {} s, {each} a second",
        stats.steps,
        elapsed.as_secs()
    );
}

fn print(report: &Report) {
    println!(
        "{} steps in {} worlds and {} blocks, {} s, seed {}",
        report.steps, report.worlds, report.blocks, report.seconds, report.seed
    );
    println!("{:>10} {:>10}  call", "accepted", "refused");
    for (name, counts) in &report.calls {
        println!("{:>10} {:>10}  {name}", counts.accepted, counts.refused);
    }
    println!("{} of a hundred calls were accepted", report.accepted_percent);
    if report.violations.is_empty() {
        println!("no violation");
    }
    for violation in &report.violations {
        println!(
            "\nVIOLATION in world {}, step {}: {}\n\n{}\n\nas a file of the corpus:\n{}",
            violation.world,
            violation.step,
            violation.what,
            violation.sequence.join("\n"),
            violation.bytes
        );
    }
}
