// SPDX-License-Identifier: Apache-2.0
//! Writes the test vectors, `vectors/*.json`: `cargo run --release -p compute-proof --example vectors`.
//!
//! Takes a minute or two: the larger classes go through the reference's plain loops.

#[path = "../tests/common/shares.rs"]
mod shares;
#[path = "../tests/common/vectors.rs"]
mod vectors;

use std::{fs, path::Path};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let shares = folder.join(shares::NAME).with_extension("json");
    fs::write(&shares, serde_json::to_string_pretty(&shares::compute())? + "\n")?;
    println!("{}", shares.display());
    for vector in vectors::VECTORS {
        let mut text = serde_json::to_string_pretty(&vector.compute())?;
        text.push('\n');
        let path = folder.join(vector.name).with_extension("json");
        fs::write(&path, text)?;
        println!("{} ({} multiply-accumulates)", path.display(), vector.macs());
    }
    Ok(())
}
