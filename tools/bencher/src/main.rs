// SPDX-License-Identifier: Apache-2.0
//! Runs the benchmarks in a runtime's Wasm and writes the weights: `frame-benchmarking-cli`'s pallet command, without a node
//! around it. `scripts/weights.sh` says how it is called.

use clap::Parser;
use frame_benchmarking_cli::PalletCmd;
use sp_runtime::traits::BlakeTwo256;

#[derive(Parser)]
#[command(about)]
struct Cli {
    #[command(flatten)]
    pallet: PalletCmd,
}

fn main() -> sc_cli::Result<()> {
    // A benchmark that fails says why in the log only.
    sc_cli::LoggerBuilder::new(std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".into())).init()?;
    Cli::parse().pallet.run_with_spec::<BlakeTwo256, ()>(None)
}
