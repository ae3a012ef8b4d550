// SPDX-License-Identifier: Apache-2.0
//! Who acts.

use ergon_runtime::AccountId;
use sp_core::{sr25519, Pair as _};
use sp_keyring::Sr25519Keyring;
use std::sync::OnceLock;

/// An account and its key.
pub struct Keys {
    name: &'static str,
    account: AccountId,
    pair: sr25519::Pair,
}

/// The first is the author of all blocks and has the sudo key; the last ones hold nothing at genesis.
const WHO: [(&str, Sr25519Keyring); 8] = [
    ("Alice", Sr25519Keyring::Alice),
    ("Bob", Sr25519Keyring::Bob),
    ("Charlie", Sr25519Keyring::Charlie),
    ("Dave", Sr25519Keyring::Dave),
    ("Eve", Sr25519Keyring::Eve),
    ("Ferdie", Sr25519Keyring::Ferdie),
    ("One", Sr25519Keyring::One),
    ("Two", Sr25519Keyring::Two),
];

impl Keys {
    /// All who act. Deriving a key is slow: it is done once.
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<Keys>> = OnceLock::new();
        ALL.get_or_init(|| {
            WHO.iter()
                .map(|(name, key)| Keys {
                    name,
                    account: key.to_account_id(),
                    pair: key.pair(),
                })
                .collect()
        })
    }

    pub fn of(account: &AccountId) -> Option<&'static Self> {
        Self::all().iter().find(|keys| keys.account == *account)
    }

    /// The author's key.
    pub fn author() -> &'static sr25519::Pair {
        &Self::all()[0].pair
    }

    /// Has the sudo key and gets all fees. Spends nothing by itself, so that it can always be credited.
    pub fn root() -> &'static Self {
        &Self::all()[0]
    }

    pub fn account(&self) -> &AccountId {
        &self.account
    }

    pub fn sign(&self, message: &[u8]) -> sr25519::Signature {
        self.pair.sign(message)
    }

    /// For humans.
    pub fn name(account: &AccountId) -> String {
        match Self::of(account) {
            Some(keys) => keys.name.into(),
            None => format!("{}…", hex::encode(&AsRef::<[u8; 32]>::as_ref(account)[..4])),
        }
    }
}
