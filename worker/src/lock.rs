// SPDX-License-Identifier: Apache-2.0
//! One worker an asset: two on one machine would overwrite each other's rounds. And what it is told and tells through the same folder: to drain,
//! and what is wrong with its device.

use crate::{
    error::{disk, Code, Error},
    openings::write_durably,
};
use std::{
    fs::{self, File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

/// Held as long as a worker runs. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    drain: PathBuf,
    fault: PathBuf,
}

fn path(data: &Path, asset: u64, ending: &str) -> PathBuf {
    data.join(format!("asset-{asset}.{ending}"))
}

impl Lock {
    /// Takes the lock of an asset, or says that another worker has it.
    ///
    /// # Errors
    /// [`Code::Running`], [`Code::Disk`].
    pub fn take(data: &Path, asset: u64) -> Result<Self, Error> {
        fs::create_dir_all(data).map_err(disk)?;
        let path_of_lock = path(data, asset, "lock");
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path_of_lock)
            .map_err(disk)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(
                    Error::new(Code::Running, format!("a worker for asset {asset} runs already"))
                        .mend("End it first, or let it finish: ergon-worker drain."),
                );
            }
            Err(TryLockError::Error(error)) => return Err(disk(error)),
        }
        file.set_len(0).map_err(disk)?;
        writeln!(file, "{}", std::process::id()).map_err(disk)?;
        let lock = Self {
            _file: file,
            drain: path(data, asset, "drain"),
            fault: path(data, asset, "fault"),
        };
        // What was asked of a worker that has ended is not asked of this one.
        lock.forget_drain().map_err(disk)?;
        Ok(lock)
    }

    /// Whether the worker is asked to drain.
    pub fn drain_is_asked(&self) -> bool {
        self.drain.exists()
    }

    fn forget_drain(&self) -> std::io::Result<()> {
        forget(&self.drain)
    }

    /// Says to whoever asks what the last check found wrong with the device; `None`: nothing.
    ///
    /// # Errors
    /// The file system's.
    pub fn tell_fault(&self, fault: Option<&str>) -> std::io::Result<()> {
        match fault {
            Some(fault) => write_durably(&self.fault, fault.as_bytes()),
            None => forget(&self.fault),
        }
    }
}

/// Deletes a file, if it is there.
fn forget(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What the last check before a commit found wrong with the asset's device, if it did.
pub fn fault(data: &Path, asset: u64) -> Option<String> {
    fs::read_to_string(path(data, asset, "fault")).ok()
}

/// Whether a worker for the asset runs.
///
/// # Errors
/// [`Code::Disk`].
pub fn is_running(data: &Path, asset: u64) -> Result<bool, Error> {
    match File::options().write(true).open(path(data, asset, "lock")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(disk(error)),
        Ok(file) => match file.try_lock() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(disk(error)),
        },
    }
}

/// Asks the asset's worker to drain.
///
/// # Errors
/// [`Code::Disk`].
pub fn ask_to_drain(data: &Path, asset: u64) -> Result<(), Error> {
    File::create(path(data, asset, "drain")).map(drop).map_err(disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_worker_an_asset() {
        let data = tempfile::tempdir().unwrap();
        assert!(!is_running(data.path(), 1).unwrap());
        let first = Lock::take(data.path(), 1).unwrap();
        assert!(is_running(data.path(), 1).unwrap());
        assert_eq!(Lock::take(data.path(), 1).unwrap_err().code, Code::Running);
        Lock::take(data.path(), 2).unwrap();
        drop(first);
        assert!(!is_running(data.path(), 1).unwrap());
        Lock::take(data.path(), 1).unwrap();
    }

    #[test]
    fn a_drain_is_asked_of_the_worker_that_runs_alone() {
        let data = tempfile::tempdir().unwrap();
        let first = Lock::take(data.path(), 1).unwrap();
        assert!(!first.drain_is_asked());
        ask_to_drain(data.path(), 1).unwrap();
        assert!(first.drain_is_asked());
        drop(first);
        assert!(!Lock::take(data.path(), 1).unwrap().drain_is_asked());
    }

    #[test]
    fn a_fault_is_told_until_it_is_mended_also_after_the_worker_has_ended() {
        let data = tempfile::tempdir().unwrap();
        let lock = Lock::take(data.path(), 1).unwrap();
        assert_eq!(fault(data.path(), 1), None);
        lock.tell_fault(Some("census 4: round 3")).unwrap();
        drop(lock);
        assert_eq!(fault(data.path(), 1).as_deref(), Some("census 4: round 3"));
        let lock = Lock::take(data.path(), 1).unwrap();
        lock.tell_fault(None).unwrap();
        lock.tell_fault(None).unwrap();
        assert_eq!(fault(data.path(), 1), None);
    }
}
