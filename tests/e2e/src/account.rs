// SPDX-License-Identifier: Apache-2.0
//! Accounts of a development chain, by name.

use anyhow::{Context, Result};
use std::{fmt, str::FromStr};
use subxt::utils::AccountId32;
use subxt_signer::{sr25519::Keypair, SecretUri};

/// An account with its key.
#[derive(Clone)]
pub struct Account {
    name: String,
    uri: String,
    keypair: Keypair,
}

impl Account {
    /// The account `//name`, derived from the well-known development phrase.
    pub fn new(name: &str) -> Result<Self> {
        Self::from_uri(name, format!("//{name}"))
    }

    /// The account of a secret phrase or URI, called `name` here.
    pub fn from_uri(name: &str, uri: String) -> Result<Self> {
        let what = || format!("the account {name}");
        Ok(Self {
            name: name.into(),
            keypair: Keypair::from_uri(&SecretUri::from_str(&uri).with_context(what)?).with_context(what)?,
            uri,
        })
    }

    /// What it is called here.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its secret phrase or URI.
    pub fn suri(&self) -> &str {
        &self.uri
    }

    /// Its key.
    pub fn keypair(&self) -> &Keypair {
        &self.keypair
    }

    /// Its public key.
    pub fn id(&self) -> [u8; 32] {
        self.keypair.public_key().0
    }

    /// Its public key, as hex with `0x`: how [`crate::value::to_json`] shows accounts.
    pub fn hex(&self) -> String {
        hex(&self.id())
    }

    /// Its address: SS58 with prefix 42.
    pub fn ss58(&self) -> String {
        ss58(&self.id())
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "//{}", self.name)
    }
}

/// Hex with `0x`.
pub fn hex(bytes: &[u8]) -> String {
    format!("0x{}", ::hex::encode(bytes))
}

/// 32 bytes from hex with `0x`.
pub fn unhex(text: &str) -> Result<[u8; 32]> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut bytes = [0; 32];
    ::hex::decode_to_slice(digits, &mut bytes).with_context(|| format!("{text} is not 32 bytes of hex"))?;
    Ok(bytes)
}

/// The address of a public key: SS58 with prefix 42.
pub fn ss58(id: &[u8; 32]) -> String {
    AccountId32(*id).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alice_is_alice() {
        let alice = Account::new("Alice").unwrap();
        assert_eq!(alice.ss58(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
        assert_eq!(unhex(&alice.hex()).unwrap(), alice.id());
    }

    #[test]
    fn only_32_bytes_of_hex_are_an_account() {
        for bad in ["", "0x", "0x00", "zz", &"0".repeat(66)] {
            assert!(unhex(bad).is_err(), "{bad}");
        }
    }
}
