// SPDX-License-Identifier: Apache-2.0
//! Where the programs under test are.

use anyhow::{bail, Context, Result};
use std::path::{Path, PathBuf};

/// The programs under test.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// `ergon-node`.
    pub node: PathBuf,
    /// `ergon-worker`.
    pub worker: PathBuf,
}

impl Binaries {
    /// Those that `ERGON_NODE` and `ERGON_WORKER` name, by default those of cargo's release build.
    ///
    /// # Errors
    /// One of them is not there; the message says which command builds it.
    pub fn find() -> Result<Self> {
        let folder = release_folder()?;
        let named = |variable: &str, name: &str| {
            std::env::var_os(variable).map_or_else(|| folder.join(name), PathBuf::from)
        };
        Self::at(
            named("ERGON_NODE", "ergon-node"),
            named("ERGON_WORKER", "ergon-worker"),
        )
    }

    /// Those at the given paths.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn at(node: PathBuf, worker: PathBuf) -> Result<Self> {
        for (path, name, variable) in [
            (&node, "ergon-node", "ERGON_NODE"),
            (&worker, "ergon-worker", "ERGON_WORKER"),
        ] {
            if !path.is_file() {
                bail!(
                    "there is no {name} at {}. Build it with `scripts/build.sh`, or `cargo build --release -p {name}`, \
                     or name another by {variable}.",
                    path.display()
                );
            }
        }
        Ok(Self { node, worker })
    }
}

/// The release folder of the target directory in which the running program was built.
fn release_folder() -> Result<PathBuf> {
    let program = std::env::current_exe().context("the path of this program")?;
    // target/<profile>/ergon-demo, or target/<profile>/deps/<test>-<hash>
    let profile = program.parent().map(|folder| {
        if folder.ends_with("deps") {
            folder.parent().unwrap_or(folder)
        } else {
            folder
        }
    });
    let target = profile
        .and_then(Path::parent)
        .context("this program does not lie in a target directory")?;
    Ok(target.join("release"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_binary_is_named_with_the_command_that_builds_it() {
        let here = std::env::current_exe().unwrap();
        let error = Binaries::at(here.clone(), "nowhere/ergon-worker".into())
            .unwrap_err()
            .to_string();
        assert!(error.contains("cargo build --release -p ergon-worker"), "{error}");
        assert!(error.contains("ERGON_WORKER"), "{error}");
        assert!(Binaries::at("nowhere/ergon-node".into(), here)
            .unwrap_err()
            .to_string()
            .contains("ERGON_NODE"));
    }

    #[test]
    fn the_release_folder_lies_beside_the_profile_of_this_program() {
        let folder = release_folder().unwrap();
        assert!(folder.ends_with("release"));
        assert!(std::env::current_exe()
            .unwrap()
            .starts_with(folder.parent().unwrap()));
    }
}
