// SPDX-License-Identifier: Apache-2.0
//! A census's smallest hashes on disk: a server that starts again goes on from them. The last submission counts, so one without
//! them would make less of what was already shown.
//!
//! Shares are hashed again when they are read: whatever a file holds, no more can come of it than was mined.

#[cfg(test)]
mod tests;

use super::best::Best;
use crate::openings::write_durably;
use codec::{Decode, Encode};
use compute_proof::{
    device_key,
    hashrate::{share_hash, Share, SHARES},
    Device, Hash,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Bytes of a file, at most: 22 a share, and their number.
const MAX_BYTES: u64 = SHARES as u64 * 22 + 4;

/// The folder of one device.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    device: Device,
}

impl Store {
    /// The shares of `device` under the folder `data`, which is made if it is not there.
    ///
    /// # Errors
    /// The file system's.
    pub fn new(data: &Path, device: Device) -> io::Result<Self> {
        let name = format!("{}-{}", device.asset, hex::encode(&device.prover[..4]));
        let folder = data.join("shares").join(name);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, device })
    }

    fn path(&self, census: u32, challenge: &Hash) -> PathBuf {
        self.folder
            .join(format!("{census:010}-{}.shares", hex::encode(challenge)))
    }

    /// Puts a census's smallest hashes on the disk.
    ///
    /// # Errors
    /// The file system's; then what was there before still is.
    pub fn save(&self, census: u32, challenge: &Hash, best: &Best) -> io::Result<()> {
        self.save_shares(census, challenge, &best.shares())
    }

    /// The same, of the shares alone.
    ///
    /// # Errors
    /// The file system's.
    pub fn save_shares(&self, census: u32, challenge: &Hash, shares: &[Share]) -> io::Result<()> {
        write_durably(&self.path(census, challenge), &shares.encode())
    }

    /// A census's smallest hashes; none, if they were never saved or the file is damaged.
    ///
    /// # Errors
    /// The file system's.
    pub fn load(&self, census: u32, challenge: &Hash) -> io::Result<Best> {
        let path = self.path(census, challenge);
        let bytes = match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > MAX_BYTES => Vec::new(),
            Ok(_) => fs::read(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Best::default()),
            Err(error) => return Err(error),
        };
        let key = device_key(challenge, &self.device);
        let mut best = Best::default();
        match Vec::<Share>::decode(&mut &*bytes) {
            Ok(shares) => {
                for share in shares {
                    best.offer(share_hash(&key, challenge, &share), share);
                }
            }
            Err(_) => tracing::warn!(
                census,
                "the saved shares are damaged; they are collected from the beginning"
            ),
        }
        Ok(best)
    }

    /// Deletes what belongs to a census before `before`, and what a crash left unfinished.
    ///
    /// # Errors
    /// The file system's.
    pub fn forget(&self, before: u32) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let census = name
                .and_then(|name| name.split('-').next())
                .and_then(|census| census.parse::<u32>().ok());
            let unfinished = path.extension().is_some_and(|ending| ending == "part");
            if unfinished || census.is_some_and(|census| census < before) {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}
