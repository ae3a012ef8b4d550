// SPDX-License-Identifier: Apache-2.0
//! `completions` and `man`: made from the parser.

use crate::cli::Cli;
use clap::CommandFactory;
use std::io::{self, Write};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Writes completions.
pub fn completions(args: &CompletionsArgs, out: &mut dyn Write) {
    clap_complete::generate(args.shell, &mut Cli::command(), "ergon-worker", &mut { out });
}

/// Writes the manual page: the program's, then each command's.
///
/// # Errors
/// The writer's.
pub fn man(out: &mut dyn Write) -> io::Result<()> {
    let mut cli = Cli::command();
    cli.build();
    clap_mangen::Man::new(cli.clone()).render(out)?;
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set()) {
        clap_mangen::Man::new(command.clone()).render(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap_complete::Shell;

    #[test]
    fn every_shell_gets_completions_that_know_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut out = Vec::new();
            completions(&CompletionsArgs { shell }, &mut out);
            let text = String::from_utf8(out).unwrap();
            for word in ["register", "doctor", "drain"] {
                assert!(text.contains(word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn the_manual_has_every_command() {
        let mut out = Vec::new();
        man(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for word in ["devices", "register", "status", "verify", "max\\-rounds"] {
            assert!(text.contains(word), "{word}");
        }
    }
}
