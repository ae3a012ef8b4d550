// SPDX-License-Identifier: Apache-2.0
//! What the machine says of itself.

use rustix::{
    fs::{access, statvfs, Access},
    process::{getrlimit, Resource},
};
use std::path::Path;

/// Bytes that this user may still write to a folder, whether it is there yet or not.
pub fn disk(folder: &Path) -> Result<u64, String> {
    let there = folder
        .ancestors()
        .map(|path| {
            if path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                path
            }
        })
        .find(|path| path.exists())
        .ok_or_else(|| format!("{}: there is no such disk", folder.display()))?;
    access(there, Access::WRITE_OK).map_err(|error| format!("{}: {error}", there.display()))?;
    let space = statvfs(there).map_err(|error| format!("{}: {error}", there.display()))?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Files and connections that this process may have open.
pub fn files() -> Option<u64> {
    // No limit is no obstacle.
    Some(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_room_of_the_one_above() {
        let data = tempfile::tempdir().unwrap();
        let room = disk(&data.path().join("a/b/c")).unwrap();
        assert!(room > 0);
        // Nobody can write there; the superuser is told so by its size.
        assert!(disk(Path::new("/proc")).map_or(true, |room| room == 0));
    }

    #[test]
    fn this_process_may_open_some_files() {
        assert!(files().unwrap() > 0);
    }
}
