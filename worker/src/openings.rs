// SPDX-License-Identifier: Apache-2.0
//! The rounds' roots on disk: what a commit needs to be opened after a crash.
//!
//! A file appears under its name only when all of it is on the disk: it is written beside, flushed, renamed, and the
//! folder flushed too. A file that is damaged counts as absent; the rounds are then computed again.

use crate::state::Work;
use codec::{Decode, Encode};
use compute_proof::{hash::keyed, Class, Device, Hash};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Key of the files' checksum.
const CHECKSUM_KEY: Hash = *b"ergon-worker/openings/v1........";

/// What a file holds, before its 32-byte checksum.
#[derive(Encode, Decode)]
struct Record {
    asset: u64,
    prover: [u8; 32],
    census: u32,
    challenge: Hash,
    class: u8,
    roots: Vec<Hash>,
}

/// The folder of one device.
#[derive(Clone, Debug)]
pub struct Openings {
    folder: PathBuf,
    device: Device,
}

impl Openings {
    /// The openings of `device` under the folder `data`, which is made if it is not there.
    ///
    /// # Errors
    /// The file system's.
    pub fn new(data: &Path, device: Device) -> io::Result<Self> {
        let folder =
            data.join("openings")
                .join(format!("{}-{}", device.asset, hex::encode(&device.prover[..4])));
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, device })
    }

    fn path(&self, work: &Work) -> PathBuf {
        let Work {
            census,
            challenge,
            class,
        } = work;
        self.folder
            .join(format!("{census:010}-{}-{class}.roots", hex::encode(challenge)))
    }

    /// Puts the roots on the disk, in place of fewer ones.
    ///
    /// # Errors
    /// The file system's; then the roots that were there before still are.
    pub fn save(&self, work: &Work, roots: &[Hash]) -> io::Result<()> {
        let record = Record {
            asset: self.device.asset,
            prover: self.device.prover,
            census: work.census,
            challenge: work.challenge,
            class: work.class.index(),
            roots: roots.to_vec(),
        };
        let mut bytes = record.encode();
        bytes.extend(keyed(&CHECKSUM_KEY, &bytes));
        write_durably(&self.path(work), &bytes)
    }

    /// The roots of a work; none, if they were never saved or are damaged.
    ///
    /// # Errors
    /// The file system's.
    pub fn load(&self, work: &Work) -> io::Result<Vec<Hash>> {
        let bytes = match fs::read(self.path(work)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let record = self.parse(work, &bytes);
        if record.is_none() {
            tracing::warn!(
                census = work.census,
                "the saved rounds are damaged; they are computed again"
            );
        }
        Ok(record.map(|record| record.roots).unwrap_or_default())
    }

    fn parse(&self, work: &Work, bytes: &[u8]) -> Option<Record> {
        let (content, checksum) = bytes.split_last_chunk::<32>()?;
        if keyed(&CHECKSUM_KEY, content) != *checksum {
            return None;
        }
        let record = Record::decode(&mut &*content).ok()?;
        let same = record.asset == self.device.asset
            && record.prover == self.device.prover
            && record.census == work.census
            && record.challenge == work.challenge
            && Class::try_from(record.class) == Ok(work.class);
        same.then_some(record)
    }

    /// The last census of which there are roots.
    ///
    /// # Errors
    /// The file system's.
    pub fn last_census(&self) -> io::Result<Option<u32>> {
        let mut last = None;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "roots") {
                last = last.max(census_of(&path));
            }
        }
        Ok(last)
    }

    /// Deletes what belongs to a census before `before`, and what a crash left unfinished.
    ///
    /// # Errors
    /// The file system's.
    pub fn forget(&self, before: u32) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let unfinished = path.extension().is_some_and(|ending| ending == "part");
            if unfinished || census_of(&path).is_some_and(|census| census < before) {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// The census that a file belongs to, by its name.
fn census_of(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.split('-').next()?.parse().ok()
}

/// Writes a file so that after a crash either all of it is there or what was there before.
///
/// # Errors
/// The file system's.
pub fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let part = path.with_extension("part");
    let mut file = create_private(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&part, path)?;
    File::open(folder)?.sync_all()
}

/// A new file that only its owner can read.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Device {
        Device {
            asset: 7,
            prover: [0xAA; 32],
        }
    }

    fn work(census: u32, challenge: u8) -> Work {
        Work {
            census,
            challenge: [challenge; 32],
            class: Class::Xs,
        }
    }

    #[test]
    fn roots_come_back_as_they_were_saved_and_more_replace_fewer() {
        let folder = tempfile::tempdir().unwrap();
        let openings = Openings::new(folder.path(), device()).unwrap();
        assert!(openings.load(&work(3, 1)).unwrap().is_empty());
        assert_eq!(openings.last_census().unwrap(), None);
        openings.save(&work(3, 1), &[[1; 32]]).unwrap();
        assert_eq!(openings.last_census().unwrap(), Some(3));
        openings.save(&work(3, 1), &[[1; 32], [2; 32]]).unwrap();
        let again = Openings::new(folder.path(), device()).unwrap();
        assert_eq!(again.load(&work(3, 1)).unwrap(), [[1; 32], [2; 32]]);
    }

    #[test]
    fn forks_classes_and_devices_do_not_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let openings = Openings::new(folder.path(), device()).unwrap();
        openings.save(&work(3, 1), &[[1; 32]]).unwrap();
        assert!(openings.load(&work(3, 2)).unwrap().is_empty());
        assert!(openings.load(&work(4, 1)).unwrap().is_empty());
        let other = Work {
            class: Class::S,
            ..work(3, 1)
        };
        assert!(openings.load(&other).unwrap().is_empty());
        let prover = [0xAB; 32];
        let stranger = Openings::new(folder.path(), Device { prover, ..device() }).unwrap();
        assert!(stranger.load(&work(3, 1)).unwrap().is_empty());
    }

    #[test]
    fn a_damaged_or_cut_file_counts_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        let openings = Openings::new(folder.path(), device()).unwrap();
        let work = work(3, 1);
        openings.save(&work, &[[1; 32], [2; 32]]).unwrap();
        let good = fs::read(openings.path(&work)).unwrap();
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            fs::write(openings.path(&work), &bytes).unwrap();
            assert!(openings.load(&work).unwrap().is_empty(), "byte {at}");
            fs::write(openings.path(&work), &good[..at]).unwrap();
            assert!(openings.load(&work).unwrap().is_empty(), "cut at {at}");
        }
        // Another device's file under this device's name is not taken for its own.
        let prover = [0xAB; 32];
        let stranger = Openings::new(folder.path(), Device { prover, ..device() }).unwrap();
        fs::write(stranger.path(&work), &good).unwrap();
        assert!(stranger.load(&work).unwrap().is_empty());
    }

    #[test]
    fn a_crash_while_writing_leaves_the_earlier_roots() {
        let folder = tempfile::tempdir().unwrap();
        let openings = Openings::new(folder.path(), device()).unwrap();
        let work = work(3, 1);
        openings.save(&work, &[[1; 32]]).unwrap();
        // What a crash before the rename leaves behind: half a file beside the whole one.
        let part = openings.path(&work).with_extension("part");
        fs::write(&part, [0; 10]).unwrap();
        assert_eq!(openings.load(&work).unwrap(), [[1; 32]]);
        openings.forget(3).unwrap();
        assert!(!part.exists());
        assert_eq!(openings.load(&work).unwrap(), [[1; 32]]);
    }

    #[test]
    fn forget_deletes_earlier_censuses_alone() {
        let folder = tempfile::tempdir().unwrap();
        let openings = Openings::new(folder.path(), device()).unwrap();
        for census in 1..=4 {
            openings.save(&work(census, 1), &[[1; 32]]).unwrap();
        }
        openings.forget(3).unwrap();
        let left = [1, 2, 3, 4].map(|census| openings.load(&work(census, 1)).unwrap().len());
        assert_eq!(left, [0, 0, 1, 1]);
    }

    #[test]
    #[cfg(unix)]
    fn files_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_durably(&path, b"x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
