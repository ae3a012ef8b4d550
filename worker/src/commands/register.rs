// SPDX-License-Identifier: Apache-2.0
//! `register`: makes a device an asset.
//!
//! The hardware id is announced first, under a salt, and revealed in a later block: whoever watches the pool cannot register it first.

use super::signer;
use crate::{
    amount::Egn,
    chain::{client::Client, metadata},
    cli::KeyArgs,
    config::{Config, Layer},
    error::{Code, Error},
    keystore,
    kind::Kind,
};
use blake2::{
    digest::{consts::U32, Digest},
    Blake2b,
};
use codec::Encode;
use serde::Serialize;
use std::fmt;
use subxt::utils::AccountId32;

/// Arguments of `register`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub key: KeyArgs,
    /// What the device does
    #[arg(long, value_enum, default_value_t)]
    pub kind: Kind,
    /// Hardware id, 32 bytes of hex, or any text that names the device, which is hashed [default: a hash of this machine's id]
    #[arg(long, value_name = "ID")]
    pub hardware: Option<String>,
    /// Address of the NFT's JSON
    #[arg(long, value_name = "URI", default_value = "")]
    pub uri: String,
    /// Bond in EGN; this account proves for the asset then [default: the least that the chain takes]
    #[arg(long, value_name = "EGN")]
    pub bond: Option<Egn>,
    /// Register as owner only: another account is to prove, and to post the bond
    #[arg(long, conflicts_with = "bond")]
    pub no_bond: bool,
    /// Say what would be sent and what it costs, and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl Args {
    /// These flags put upon a layer.
    pub fn upon(&self, layer: Layer) -> Layer {
        self.key.upon(layer)
    }
}

/// What `register` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Output {
    /// The new asset; none after a dry run.
    pub asset: Option<u64>,
    /// What it does: `gpu` or `hashrate`.
    pub kind: Kind,
    /// Its owner.
    pub owner: String,
    /// Its hardware id, in hex.
    pub hardware: String,
    /// The bond in EGN's smallest unit, as a decimal string; none: another account is to prove.
    pub bond: Option<String>,
    /// The block that took the registration.
    pub block: Option<u32>,
    /// Nothing was sent.
    pub dry_run: bool,
}

/// Runs `register`.
///
/// # Errors
/// [`Code`]: key, chain, asset (the hardware is registered already), balance, refused.
pub async fn run(args: &Args, config: &Config) -> Result<Output, Error> {
    let key = signer(config)?;
    let account = keystore::account(&key);
    let client = Client::new(config.urls.clone(), 0, account, Some(key));
    client.check_compatible().await?;
    let hardware = hardware_id(args.hardware.as_deref())?;
    if let Some(asset) = client.asset_of_hardware(hardware).await? {
        return Err(Error::new(
            Code::Asset,
            format!("this hardware is registered already, as asset {asset}"),
        )
        .mend(format!(
            "Prove for it: ergon-worker {} --asset {asset}. Another device needs another --hardware.",
            args.kind.command()
        )));
    }
    let bond = match (args.no_bond, args.bond) {
        (true, _) => None,
        (false, Some(Egn(bond))) => Some(bond),
        (false, None) => Some(client.minimum_bond().await?),
    };
    let minimum = client.minimum_bond().await?;
    if bond.is_some_and(|bond| bond < minimum) {
        return Err(Error::new(
            Code::Bond,
            format!("the bond must be at least {}", Egn(minimum)),
        ));
    }
    let spendable = client.balance(&account).await?.spendable();
    if spendable < bond.unwrap_or_default() {
        return Err(Error::new(
            Code::Balance,
            format!(
                "{account} has {}, the bond alone is {}",
                Egn(spendable),
                Egn(bond.unwrap_or_default())
            ),
        )
        .mend("Send EGN to it, or register with --no-bond."));
    }
    let mut output = Output {
        asset: None,
        kind: args.kind,
        owner: account.to_string(),
        hardware: format!("0x{}", hex::encode(hardware)),
        bond: bond.map(|bond| bond.to_string()),
        block: None,
        dry_run: args.dry_run,
    };
    if args.dry_run {
        return Ok(output);
    }
    let salt: [u8; 32] = keystore::random()?;
    let calls = metadata::transactions().compute_assets();
    let announced = client
        .send(
            &calls.announce(commitment(&account, &hardware, &salt).into()),
            None,
            None,
        )
        .await?;
    tracing::info!(block = announced.at, "announced; registering in the next block");
    client.past(announced.at.saturating_sub(1)).await?;
    let register = calls.register(
        metadata::kind(args.kind),
        metadata::HardwareId(hardware),
        salt,
        metadata::uri(args.uri.clone().into_bytes()),
        bond,
    );
    let taken = client.send(&register, None, None).await?;
    let registered = taken
        .events
        .find_first::<metadata::ergon::compute_assets::events::Registered>()
        .transpose()
        .map_err(|error| Error::new(Code::Incompatible, error))?
        .ok_or_else(|| Error::new(Code::Incompatible, "the chain did not say which asset it made"))?;
    output.asset = Some(registered.asset.0);
    output.block = Some(taken.at);
    Ok(output)
}

/// What is announced: blake2-256 of the SCALE encoding of account, hardware id and salt.
fn commitment(account: &AccountId32, hardware: &[u8; 32], salt: &[u8; 32]) -> [u8; 32] {
    Blake2b::<U32>::digest((account.0, hardware, salt).encode()).into()
}

/// A hardware id: as given, or the hash of what was given, or of this machine's id.
fn hardware_id(given: Option<&str>) -> Result<[u8; 32], Error> {
    let name = match given {
        Some(text) => {
            let hex = text.strip_prefix("0x").unwrap_or(text);
            let mut id = [0; 32];
            if hex::decode_to_slice(hex, &mut id).is_ok() {
                return Ok(id);
            }
            text.to_owned()
        }
        None => std::fs::read_to_string("/etc/machine-id").map_err(|error| {
            Error::new(Code::Config, format!("this machine has no id to take: {error}"))
                .mend("Name the device: --hardware ID")
        })?,
    };
    Ok(Blake2b::<U32>::digest(format!("ergon/hardware/v1/{}", name.trim())).into())
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.asset {
            Some(asset) => writeln!(f, "asset     {asset}")?,
            None => writeln!(f, "asset     none yet: nothing was sent")?,
        }
        writeln!(f, "owner     {}", self.owner)?;
        writeln!(f, "hardware  {}", self.hardware)?;
        match self.bond.as_ref().and_then(|bond| bond.parse().ok()) {
            Some(bond) => write!(f, "bond      {}", Egn(bond))?,
            None => write!(f, "bond      none: nominate an operator")?,
        }
        match self.asset {
            Some(asset) if self.bond.is_some() => {
                let command = self.kind.command();
                write!(f, "\n\nNow let it earn: ergon-worker {command} --asset {asset}")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commitment_is_the_blake2_256_of_the_three_in_order() {
        let (account, hardware, salt) = (AccountId32([1; 32]), [2; 32], [3; 32]);
        let mut bytes = vec![1; 32];
        bytes.extend([2; 32]);
        bytes.extend([3; 32]);
        let expected: [u8; 32] = Blake2b::<U32>::digest(&bytes).into();
        assert_eq!(commitment(&account, &hardware, &salt), expected);
        // A published value of blake2b with 32 bytes out: of the empty message.
        let empty: [u8; 32] = Blake2b::<U32>::digest(b"").into();
        assert_eq!(
            empty,
            hex_literal::hex!("0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8")
        );
    }

    #[test]
    fn a_hardware_id_is_taken_as_it_is_and_a_name_is_hashed() {
        let id = "ab".repeat(32);
        assert_eq!(hardware_id(Some(&id)).unwrap(), [0xab; 32]);
        assert_eq!(hardware_id(Some(&format!("0x{id}"))).unwrap(), [0xab; 32]);
        let named = hardware_id(Some("GPU-1234")).unwrap();
        assert_eq!(named, hardware_id(Some(" GPU-1234\n")).unwrap());
        assert_ne!(named, hardware_id(Some("GPU-1235")).unwrap());
    }
}
