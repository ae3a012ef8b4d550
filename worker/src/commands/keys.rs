// SPDX-License-Identifier: Apache-2.0
//! `keys`: makes, imports and shows keys.

use super::password;
use crate::{
    error::{Code, Error},
    keystore::{self, Effort, KeyError},
};
use serde::Serialize;
use std::{
    fmt,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};
use subxt_signer::{ExposeSecret, SecretString};

/// What to do with keys.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Makes a new key and prints its phrase once: write it down
    Generate(New),
    /// Makes a key file of a phrase, read from the terminal or from standard input, or takes over a wallet's export
    Import(Import),
    /// Shows whose key a file holds
    Inspect(Inspect),
}

/// Arguments of `keys generate`.
#[derive(Debug, clap::Args)]
pub struct New {
    /// The key file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// File with the new password in its first line; or the variable ERGON_PASSWORD, or you are asked
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `keys import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    #[command(flatten)]
    pub new: New,
    /// Take over the JSON that a wallet exported, under its own password
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Arguments of `keys inspect`.
#[derive(Debug, clap::Args)]
pub struct Inspect {
    /// The key file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Decrypt it too: says whether the password is right
    #[arg(long)]
    pub check: bool,
    /// File with the password in its first line; or the variable ERGON_PASSWORD, or you are asked
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// What `keys` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// The key file.
    pub file: PathBuf,
    /// The account.
    pub address: String,
    /// Its public key, in hex.
    pub public_key: String,
    /// A new key's phrase: it is shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phrase: Option<String>,
    /// Whether the file was decrypted and is what it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked: Option<bool>,
    /// Nothing was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// Runs `keys`.
///
/// # Errors
/// [`Code::Key`].
pub fn run(command: &Command) -> Result<Output, Error> {
    match command {
        Command::Generate(args) => generate(args),
        Command::Import(args) => import(args),
        Command::Inspect(args) => inspect(args),
    }
}

fn generate(args: &New) -> Result<Output, Error> {
    let secret = keystore::generate()?;
    let mut output = create(args, &secret)?;
    if !args.dry_run {
        output.phrase = Some(secret.expose_secret().to_owned());
    }
    Ok(output)
}

fn import(args: &Import) -> Result<Output, Error> {
    if let Some(export) = &args.json {
        let text = keystore::read(export)?;
        let password = password(args.new.password_file.as_deref(), "Password of the export: ")?;
        let key = keystore::decrypt(&text, &password)?;
        if !args.new.dry_run {
            keystore::write(&args.new.file, &text)?;
        }
        return Ok(describe(
            &args.new.file,
            &keystore::account(&key),
            args.new.dry_run,
        ));
    }
    let phrase: SecretString = match io::stdin().is_terminal() {
        true => rpassword::prompt_password("Secret phrase: ")
            .map_err(|_| KeyError::NoKey)?
            .into(),
        false => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Error::new(Code::Key, error))?;
            text.trim().to_owned().into()
        }
    };
    if phrase.expose_secret().is_empty() {
        return Err(KeyError::NoKey.into());
    }
    create(&args.new, &phrase)
}

/// Writes a new key file for `secret`.
fn create(args: &New, secret: &SecretString) -> Result<Output, Error> {
    let address = keystore::account(&keystore::from_secret(secret)?);
    if args.file.exists() {
        return Err(KeyError::Exists(args.file.display().to_string()).into());
    }
    if !args.dry_run {
        let password = new_password(args.password_file.as_deref())?;
        let text = keystore::encrypt(secret, &password, Effort::STRONG)?;
        keystore::write(&args.file, &text)?;
    }
    Ok(describe(&args.file, &address, args.dry_run))
}

/// A new password; asked twice where it is asked.
fn new_password(file: Option<&Path>) -> Result<SecretString, KeyError> {
    let asked = file.is_none() && std::env::var_os("ERGON_PASSWORD").is_none();
    let first = password(file, "New password: ")?;
    if asked {
        let second = password(None, "The same again: ")?;
        if first.expose_secret() != second.expose_secret() {
            return Err(KeyError::Secret("the two passwords differ".into()));
        }
    }
    Ok(first)
}

fn inspect(args: &Inspect) -> Result<Output, Error> {
    let text = keystore::read(&args.file)?;
    let mut output = describe(&args.file, &keystore::address(&text)?, false);
    if args.check {
        let password = password(args.password_file.as_deref(), "Password: ")?;
        keystore::decrypt(&text, &password)?;
        output.checked = Some(true);
    }
    Ok(output)
}

fn describe(file: &Path, address: &subxt::utils::AccountId32, dry_run: bool) -> Output {
    Output {
        file: file.to_owned(),
        address: address.to_string(),
        public_key: format!("0x{}", hex::encode(address.0)),
        phrase: None,
        checked: None,
        dry_run,
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "file        {}", self.file.display())?;
        writeln!(f, "address     {}", self.address)?;
        write!(f, "public key  {}", self.public_key)?;
        if let Some(phrase) = &self.phrase {
            write!(
                f,
                "\nphrase      {phrase}\n\nWrite the phrase down and keep it: it is not shown again."
            )?;
        }
        if self.checked == Some(true) {
            write!(f, "\nThe password is right.")?;
        }
        if self.dry_run {
            write!(f, "\nNothing was written.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> (tempfile::TempDir, New) {
        let folder = tempfile::tempdir().unwrap();
        let password_file = folder.path().join("password");
        std::fs::write(&password_file, "secret\nnot this line\n").unwrap();
        let new = New {
            file: folder.path().join("key.json"),
            password_file: Some(password_file),
            dry_run: false,
        };
        (folder, new)
    }

    #[test]
    fn a_generated_key_is_the_one_of_its_phrase_and_opens_with_its_password() {
        let (_folder, new) = files();
        let output = generate(&new).unwrap();
        let phrase = output.phrase.clone().unwrap();
        assert_eq!(phrase.split(' ').count(), 24);
        let key = keystore::from_secret(&phrase.into()).unwrap();
        assert_eq!(output.address, keystore::account(&key).to_string());
        let inspected = inspect(&Inspect {
            file: new.file.clone(),
            check: true,
            password_file: new.password_file.clone(),
        })
        .unwrap();
        assert_eq!(
            (inspected.address, inspected.checked),
            (output.address, Some(true))
        );
        // Never over another key.
        assert!(matches!(generate(&new), Err(Error { code: Code::Key, .. })));
    }

    #[test]
    fn a_dry_run_writes_nothing_and_shows_no_phrase() {
        let (_folder, new) = files();
        let new = New { dry_run: true, ..new };
        let output = generate(&new).unwrap();
        assert!(output.phrase.is_none() && !new.file.exists());
    }

    #[test]
    fn an_export_that_is_none_is_not_taken_over() {
        let (folder, new) = files();
        let json = folder.path().join("export.json");
        std::fs::write(&json, "{}").unwrap();
        let file = new.file.clone();
        assert!(import(&Import {
            new,
            json: Some(json)
        })
        .is_err());
        assert!(!file.exists());
    }
}
