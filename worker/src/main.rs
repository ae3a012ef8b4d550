// SPDX-License-Identifier: Apache-2.0
//! Reads the command line, runs the command, ends with its exit code.

use clap::Parser;
use ergon_worker::{
    cli::{Cli, Command},
    commands::{
        bench, devices, doctor, drain, income, keys, measure, prove, register, run, shell, status, stratum,
        verify,
    },
    config::{Config, Format, Layer},
    error::{disk, Code, Error},
    logging,
};
use indicatif::MultiProgress;
use serde::Serialize;
use std::{
    env,
    fmt::Display,
    future::Future,
    io::{self, IsTerminal, Write},
    time::Duration,
};

fn main() {
    // Cards are numbered as `nvidia-smi` numbers them, whoever starts this program; CUDA would by their speed.
    if env::var_os("CUDA_DEVICE_ORDER").is_none() {
        env::set_var("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
    }
    let cli = Cli::parse();
    let format = cli.global.format;
    let code = dispatch(&cli).unwrap_or_else(|error| {
        // Where standard error is closed too, the exit code still says it.
        drop(report(&error, format.unwrap_or_default()));
        error.code.number()
    });
    // Nobody is left to tell of a failure.
    io::stdout().flush().ok();
    end(code)
}

/// Ends the process at once. A thread may be giving a card back yet, or hang with it: CUDA's handlers at exit must not run beside it (CUDA C++
/// Programming Guide: what is called while the program ends is undefined), and might wait for it for ever. Nothing here needs any.
#[cfg(target_os = "linux")]
fn end(code: u8) -> ! {
    // SAFETY: ends the process, and does nothing else.
    unsafe { libc::_exit(code.into()) }
}

#[cfg(not(target_os = "linux"))]
fn end(code: u8) -> ! {
    std::process::exit(code.into())
}

fn dispatch(cli: &Cli) -> Result<u8, Error> {
    let layer = cli.global.layer();
    let upon: Layer = match &cli.command {
        Command::Devices(args) => args.upon(layer),
        Command::Bench(args) => args.upon(layer),
        Command::Doctor(args) => args.upon(layer),
        Command::Register(args) => args.upon(layer),
        Command::Run(args) => args.upon(layer),
        Command::Stratum(args) => args.upon(layer),
        Command::Status(args) => args.upon(layer),
        Command::Income(args) => args.upon(layer),
        Command::Drain(args) => args.upon(layer),
        Command::Prove(args) => args.upon(layer),
        Command::Completions(args) => {
            shell::completions(args, &mut io::stdout().lock());
            return Ok(0);
        }
        Command::Man => return shell::man(&mut io::stdout().lock()).map(|()| 0).map_err(disk),
        // It wants nothing of the configuration, and its answer is all that it says.
        Command::Measure(args) => return print(&measure::run(args), cli.global.format.unwrap_or_default()),
        Command::Keys(_) | Command::Verify(_) => layer,
    };
    let config = Config::read(upon, cli.global.config.as_deref())?;
    let format = config.format;
    let bars = io::stderr().is_terminal().then(MultiProgress::new);
    logging::start(&config.log, format, bars.clone())?;
    match &cli.command {
        Command::Devices(_) => print(&devices::run(&config.prover)?, format),
        Command::Bench(args) => print(&bench::run(args, &config.prover)?, format),
        Command::Keys(command) => print(&keys::run(command)?, format),
        Command::Prove(args) => print(&prove::run(args, &config.prover)?, format),
        Command::Verify(args) => {
            let output = verify::run(args)?;
            print(&output, format).map(|_| output.exit_code())
        }
        Command::Doctor(_) => {
            let output = wait(doctor::run(&config))?;
            print(&output, format).map(|_| output.exit_code())
        }
        Command::Register(args) => print(&wait(register::run(args, &config))?, format),
        Command::Run(args) => print(&wait(run::run(args, &config, bars))?, format),
        Command::Stratum(args) => print(&wait(stratum::run(args, &config, bars))?, format),
        Command::Status(_) => print(&wait(status::run(&config))?, format),
        Command::Income(args) => {
            let format = if args.csv { Format::Text } else { format };
            print(&wait(income::run(args, &config))?, format)
        }
        Command::Drain(args) => print(&wait(drain::run(args, &config))?, format),
        Command::Completions(_) | Command::Man | Command::Measure(_) => Ok(0),
    }
}

/// How long what still runs may take once a command has ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs a command that talks to the chain.
fn wait<T>(command: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::new(Code::Failed, error))?;
    let result = runtime.block_on(command);
    // A driver that hangs with a lost card must not keep the process, and with it the asset's lock.
    runtime.shutdown_timeout(PATIENCE);
    result
}

/// Prints a command's output: text and JSON come from one value.
fn print(output: &(impl Serialize + Display), format: Format) -> Result<u8, Error> {
    let mut out = io::stdout().lock();
    match format {
        Format::Text => writeln!(out, "{output}"),
        Format::Json => serde_json::to_writer(&mut out, output)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
    }
    .map_err(disk)?;
    Ok(0)
}

fn report(error: &Error, format: Format) -> io::Result<()> {
    let mut out = io::stderr().lock();
    match format {
        Format::Text => writeln!(out, "error: {error}"),
        Format::Json => {
            let json = serde_json::json!({
                "error": error.message,
                "mend": error.mend,
                "kind": error.code,
                "code": error.code.number(),
            });
            writeln!(out, "{json}")
        }
    }
}
