// SPDX-License-Identifier: Apache-2.0
//! One module a command. Each makes one value, which is shown as text or as JSON.

pub mod bench;
pub mod devices;
pub mod doctor;
pub mod drain;
pub mod income;
pub mod keys;
pub mod measure;
pub mod prove;
pub mod register;
pub mod run;
pub mod shell;
mod signals;
pub mod status;
pub mod stratum;
pub mod verify;

use crate::{
    config::{Config, KeyChoice},
    error::{Code, Error},
    keystore::{self, KeyError},
};
use std::io::IsTerminal;
use subxt_signer::{sr25519::Keypair, SecretString};

/// The key that signs.
///
/// # Errors
/// [`Code::Key`].
pub fn signer(config: &Config) -> Result<Keypair, Error> {
    match &config.key {
        None => Err(KeyError::NoKey.into()),
        Some(KeyChoice::Suri(suri)) => Ok(keystore::from_secret(&suri.clone().into())?),
        Some(KeyChoice::File { path, password_file }) => {
            let text = keystore::read(path)?;
            let password = password(password_file.as_deref(), "Password of the key file: ")?;
            Ok(keystore::decrypt(&text, &password)?)
        }
    }
}

/// A password: from the file, the variable ERGON_PASSWORD, or the terminal.
///
/// # Errors
/// [`KeyError`].
pub fn password(file: Option<&std::path::Path>, prompt: &str) -> Result<SecretString, KeyError> {
    if let Some(path) = file {
        let text = keystore::read(path)?;
        return Ok(text.lines().next().unwrap_or_default().to_owned().into());
    }
    if let Ok(password) = std::env::var("ERGON_PASSWORD") {
        return Ok(password.into());
    }
    if !std::io::stdin().is_terminal() {
        return Err(KeyError::NoPassword);
    }
    rpassword::prompt_password(prompt)
        .map(Into::into)
        .map_err(|_| KeyError::NoPassword)
}

/// The asset that the command is about.
///
/// # Errors
/// [`Code::Config`].
pub fn asset(config: &Config) -> Result<u64, Error> {
    config
        .asset
        .ok_or_else(|| Error::new(Code::Config, "no asset is given: --asset N"))
}
