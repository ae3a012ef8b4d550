// SPDX-License-Identifier: Apache-2.0
//! Keys in files: sr25519, encrypted with a password.
//!
//! The secret is kept as the text from which it came (a phrase, or a secret URI), so that a key file can always be turned
//! back into the phrase that wallets know. Files that polkadot-js and the wallets built on it export are read too.

use chacha20poly1305::{
    aead::{Aead, KeyInit, Payload},
    ChaCha20Poly1305,
};
use serde::{Deserialize, Serialize};
use std::{io, path::Path, str::FromStr};
use subxt::utils::AccountId32;
use subxt_signer::{
    bip39::Mnemonic, polkadot_js_compat, sr25519::Keypair, ExposeSecret, SecretString, SecretUri,
};

/// What can go wrong with a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// There is a file already.
    #[error("{0} exists already: move it away first")]
    Exists(String),
    /// The file is no key file.
    #[error("not a key file: {0}")]
    Format(String),
    /// The password is wrong, or the file damaged.
    #[error("the password is wrong, or the file is damaged")]
    Password,
    /// No password was given and there is nobody to ask.
    #[error("a password is needed: --password-file, or the variable ERGON_PASSWORD")]
    NoPassword,
    /// Not a phrase or secret URI.
    #[error("not a secret phrase or URI: {0}")]
    Secret(String),
    /// No key was named.
    #[error("no key is given: --key FILE, or --suri URI on a development chain")]
    NoKey,
    /// The system gives no randomness.
    #[error("no randomness: {0}")]
    Randomness(getrandom::Error),
}

/// How much work it takes to try a password: scrypt's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effort {
    /// Base-2 logarithm of N.
    pub log_n: u8,
    /// r.
    pub r: u32,
    /// p.
    pub p: u32,
}

impl Effort {
    /// 128 MiB and a fraction of a second.
    pub const STRONG: Self = Self {
        log_n: 17,
        r: 8,
        p: 1,
    };

    /// The key from a password.
    fn derive(self, password: &SecretString, salt: &[u8]) -> Result<[u8; 32], KeyError> {
        // A file must not be able to ask for all memory.
        if self.log_n > 20 || self.r > 16 || self.p > 16 {
            return Err(KeyError::Format("it asks for too much memory".into()));
        }
        let parameters = scrypt::Params::new(self.log_n, self.r, self.p, 32)
            .map_err(|error| KeyError::Format(error.to_string()))?;
        let mut key = [0; 32];
        scrypt::scrypt(password.expose_secret().as_bytes(), salt, &parameters, &mut key)
            .map_err(|error| KeyError::Format(error.to_string()))?;
        Ok(key)
    }
}

/// What stands in a key file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    version: u32,
    scheme: String,
    address: AccountId32,
    kdf: Kdf,
    cipher: Cipher,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: String,
    #[serde(flatten)]
    effort: Effort,
    salt: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cipher {
    name: String,
    nonce: String,
    text: String,
}

/// A new phrase of 24 words.
///
/// # Errors
/// [`KeyError::Randomness`].
pub fn generate() -> Result<SecretString, KeyError> {
    let entropy: [u8; 32] = random()?;
    let phrase = Mnemonic::from_entropy(&entropy).map_err(|error| KeyError::Secret(error.to_string()))?;
    Ok(phrase.to_string().into())
}

/// Random bytes of the system's.
///
/// # Errors
/// [`KeyError::Randomness`].
pub fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeyError::Randomness)?;
    Ok(bytes)
}

/// The key of a phrase or secret URI.
///
/// # Errors
/// [`KeyError::Secret`].
pub fn from_secret(secret: &SecretString) -> Result<Keypair, KeyError> {
    let uri =
        SecretUri::from_str(secret.expose_secret()).map_err(|error| KeyError::Secret(error.to_string()))?;
    Keypair::from_uri(&uri).map_err(|error| KeyError::Secret(error.to_string()))
}

/// The account of a key.
pub fn account(key: &Keypair) -> AccountId32 {
    AccountId32(key.public_key().0)
}

/// The text of a key file for `secret`.
///
/// # Errors
/// [`KeyError`].
pub fn encrypt(secret: &SecretString, password: &SecretString, effort: Effort) -> Result<String, KeyError> {
    let address = account(&from_secret(secret)?);
    let (salt, nonce) = (random::<32>()?, random::<12>()?);
    let key = effort.derive(password, &salt)?;
    let payload = Payload {
        msg: secret.expose_secret().as_bytes(),
        aad: &address.0,
    };
    let text = ChaCha20Poly1305::new(&key.into())
        .encrypt(&nonce.into(), payload)
        .map_err(|error| KeyError::Format(error.to_string()))?;
    let file = KeyFile {
        version: 1,
        scheme: "sr25519".into(),
        address,
        kdf: Kdf {
            name: "scrypt".into(),
            effort,
            salt: hex::encode(salt),
        },
        cipher: Cipher {
            name: "chacha20-poly1305".into(),
            nonce: hex::encode(nonce),
            text: hex::encode(text),
        },
    };
    serde_json::to_string_pretty(&file).map_err(|error| KeyError::Format(error.to_string()))
}

/// Whether a file's text is a wallet's export rather than one of ours.
fn is_wallet_export(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| json.get("encoding").is_some())
}

/// The address that a key file names. It is not proven before the file is decrypted.
///
/// # Errors
/// [`KeyError::Format`].
pub fn address(text: &str) -> Result<AccountId32, KeyError> {
    #[derive(Deserialize)]
    struct Named {
        address: AccountId32,
    }
    serde_json::from_str::<Named>(text)
        .map(|named| named.address)
        .map_err(|error| KeyError::Format(error.to_string()))
}

/// The key in a file's text: one of ours, or a wallet's export.
///
/// # Errors
/// [`KeyError`]; [`KeyError::Password`] if the password is wrong.
pub fn decrypt(text: &str, password: &SecretString) -> Result<Keypair, KeyError> {
    if is_wallet_export(text) {
        return decrypt_export(text, password);
    }
    let secret = decrypt_secret(text, password)?;
    let key = from_secret(&secret)?;
    match account(&key) == address(text)? {
        true => Ok(key),
        false => Err(KeyError::Password),
    }
}

/// The phrase or secret URI in one of our files.
///
/// # Errors
/// As [`decrypt`].
pub fn decrypt_secret(text: &str, password: &SecretString) -> Result<SecretString, KeyError> {
    let file: KeyFile = serde_json::from_str(text).map_err(|error| KeyError::Format(error.to_string()))?;
    let known = file.version == 1
        && file.scheme == "sr25519"
        && file.kdf.name == "scrypt"
        && file.cipher.name == "chacha20-poly1305";
    if !known {
        return Err(KeyError::Format(
            "made by another version, or for another kind of key".into(),
        ));
    }
    let bytes = |hex: &str| hex::decode(hex).map_err(|error| KeyError::Format(error.to_string()));
    let nonce: [u8; 12] = bytes(&file.cipher.nonce)?
        .try_into()
        .map_err(|_| KeyError::Format("the nonce is not 12 bytes".into()))?;
    let key = file.kdf.effort.derive(password, &bytes(&file.kdf.salt)?)?;
    let text = bytes(&file.cipher.text)?;
    let payload = Payload {
        msg: &text,
        aad: &file.address.0,
    };
    let plain = ChaCha20Poly1305::new(&key.into())
        .decrypt(&nonce.into(), payload)
        .map_err(|_| KeyError::Password)?;
    let secret = String::from_utf8(plain).map_err(|_| KeyError::Password)?;
    Ok(secret.into())
}

fn decrypt_export(text: &str, password: &SecretString) -> Result<Keypair, KeyError> {
    #[derive(Deserialize)]
    struct Encoded {
        encoded: String,
    }
    // The reader slices the first 68 bytes off without looking: 96 characters of base64 are at least 70.
    let long_enough =
        serde_json::from_str::<Encoded>(text).is_ok_and(|export| export.encoded.trim().len() >= 96);
    if !long_enough {
        return Err(KeyError::Format("the export is cut short".into()));
    }
    polkadot_js_compat::decrypt_json(text, password.expose_secret()).map_err(|error| match error {
        polkadot_js_compat::Error::Secretbox(_) => KeyError::Password,
        error => KeyError::Format(error.to_string()),
    })
}

/// Reads a key file.
///
/// # Errors
/// [`KeyError::File`].
pub fn read(path: &Path) -> Result<String, KeyError> {
    std::fs::read_to_string(path).map_err(|source| KeyError::File {
        path: path.display().to_string(),
        source,
    })
}

/// Writes a key file that only its owner can read; never over another file.
///
/// # Errors
/// [`KeyError::Exists`], [`KeyError::File`].
pub fn write(path: &Path, text: &str) -> Result<(), KeyError> {
    if path.exists() {
        return Err(KeyError::Exists(path.display().to_string()));
    }
    crate::openings::write_durably(path, text.as_bytes()).map_err(|source| KeyError::File {
        path: path.display().to_string(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Effort = Effort { log_n: 4, r: 8, p: 1 };

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    #[test]
    fn a_key_comes_back_with_its_password_alone() {
        for uri in ["//Alice", "//Alice//stash", generate().unwrap().expose_secret()] {
            let text = encrypt(&secret(uri), &secret("open sesame"), QUICK).unwrap();
            assert!(!text.contains(uri));
            let key = decrypt(&text, &secret("open sesame")).unwrap();
            assert_eq!(account(&key), account(&from_secret(&secret(uri)).unwrap()));
            assert_eq!(address(&text).unwrap(), account(&key));
            assert_eq!(
                decrypt_secret(&text, &secret("open sesame"))
                    .unwrap()
                    .expose_secret(),
                uri
            );
            for wrong in ["", "open sesam", "Open sesame"] {
                assert!(matches!(decrypt(&text, &secret(wrong)), Err(KeyError::Password)));
            }
        }
    }

    #[test]
    fn the_strong_effort_works_and_is_not_cheap() {
        let begun = std::time::Instant::now();
        Effort::STRONG.derive(&secret("x"), &[0; 32]).unwrap();
        assert!(begun.elapsed().as_millis() > 20);
    }

    #[test]
    fn the_same_secret_twice_gives_different_files() {
        let once = || encrypt(&secret("//Alice"), &secret("p"), QUICK).unwrap();
        assert_ne!(once(), once());
    }

    #[test]
    fn a_changed_file_is_refused() {
        let text = encrypt(&secret("//Alice"), &secret("p"), QUICK).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let bob = account(&from_secret(&secret("//Bob")).unwrap());
        json["address"] = serde_json::to_value(bob).unwrap();
        assert!(matches!(
            decrypt(&json.to_string(), &secret("p")),
            Err(KeyError::Password)
        ));
        for (path, value) in [
            ("/version", serde_json::json!(2)),
            ("/scheme", serde_json::json!("ed25519")),
            ("/kdf/log_n", serde_json::json!(60)),
            ("/kdf/salt", serde_json::json!("zz")),
            ("/cipher/nonce", serde_json::json!("00")),
        ] {
            let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
            *json.pointer_mut(path).unwrap() = value;
            assert!(
                matches!(decrypt(&json.to_string(), &secret("p")), Err(KeyError::Format(_))),
                "{path}"
            );
        }
        for cut in 0..text.len() {
            assert!(decrypt(&text[..cut], &secret("p")).is_err());
        }
    }

    #[test]
    fn a_wallets_export_that_is_cut_short_is_refused_and_does_not_panic() {
        let encoded = "AAAA";
        for text in [
            r#"{"encoding":{}}"#.to_owned(),
            format!(
                r#"{{"encoding":{{"content":["pkcs8","sr25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"}},"encoded":"{encoded}","address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}}"#
            ),
        ] {
            assert!(matches!(decrypt(&text, &secret("x")), Err(KeyError::Format(_))));
        }
    }

    #[test]
    fn files_are_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        write(&path, "one").unwrap();
        assert!(matches!(write(&path, "two"), Err(KeyError::Exists(_))));
        assert_eq!(read(&path).unwrap(), "one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        assert!(matches!(
            read(&folder.path().join("none")),
            Err(KeyError::File { .. })
        ));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for text in ["one two three", "//", "0x1234", "abandon abandon"] {
            assert!(
                matches!(from_secret(&secret(text)), Err(KeyError::Secret(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn alice_is_alice() {
        let key = from_secret(&secret("//Alice")).unwrap();
        assert_eq!(
            account(&key).to_string(),
            "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
        );
    }
}
