// SPDX-License-Identifier: Apache-2.0

use sc_cli::RunCmd;

#[derive(Debug, clap::Parser)]
pub struct Cli {
    #[command(subcommand)]
    pub subcommand: Option<Subcommand>,

    #[command(flatten)]
    pub run: RunCmd,
}

#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Key management.
    #[command(subcommand)]
    Key(sc_cli::KeySubcommand),

    /// Writes a chain specification.
    ExportChainSpec(sc_cli::ExportChainSpecCmd),

    /// Validates blocks.
    CheckBlock(sc_cli::CheckBlockCmd),

    /// Exports blocks.
    ExportBlocks(sc_cli::ExportBlocksCmd),

    /// Exports the state of a block into a chain specification.
    ExportState(sc_cli::ExportStateCmd),

    /// Imports blocks.
    ImportBlocks(sc_cli::ImportBlocksCmd),

    /// Removes the whole chain.
    PurgeChain(sc_cli::PurgeChainCmd),

    /// Reverts the chain to an earlier state.
    Revert(sc_cli::RevertCmd),

    /// Prints the chain's database meta data.
    ChainInfo(sc_cli::ChainInfoCmd),
}
