// SPDX-License-Identifier: Apache-2.0
//! The known answers of the protocol (docs/protocol.md, "Known answers").

use compute_proof::{
    commitment, device_key,
    prove::{prove, Product, Reference},
    work::{cell, digest, fill_row, round_seed, Matrix, ZERO},
    Class, Device, Hash,
};
use hex_literal::hex;

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xAA; 32],
};
const D: Hash = hex!("fb8d8352b0f6148334abc7657416456d788a1c12b8c93f579a65e84db229ba99");
const SEED_1: Hash = hex!("d6bd4e54c854aad28a2a7d48ea58bc9f24c1e2db4c61e5aba3d31f81fe9c888f");
const TOP: Hash = hex!("fc2687eb88836d13aef8127683c0c03f05e790a2c46cffc0027de419080beccf");
const COMMITMENT: Hash = hex!("88d33090cfdc7624ae1e7a9570238a1d79e098f3cd2e5b709be1fb4e4ce1365a");

fn challenge() -> Hash {
    core::array::from_fn(|i| u8::try_from(i).unwrap())
}

fn row_start(matrix: Matrix) -> Vec<i8> {
    let mut row = [0; 8];
    fill_row(&SEED_1, matrix, 0, &mut row);
    row.map(u8::cast_signed).to_vec()
}

#[test]
fn device_key_and_first_seed() {
    assert_eq!(device_key(&challenge(), &DEVICE), D);
    assert_eq!(round_seed(&D, 1, &ZERO), SEED_1);
}

#[test]
fn inputs_cells_and_digests_of_round_1() {
    assert_eq!(row_start(Matrix::A), [-127, 70, 28, 56, -51, 58, -29, -20]);
    assert_eq!(row_start(Matrix::B), [-27, 84, 74, -93, -100, 78, 123, 40]);
    assert_eq!(cell(&SEED_1, Class::Xs, 0, 0), 116_781);
    assert_eq!(cell(&SEED_1, Class::Xs, 63, 63), -74_331);
    let digests = [160, 171, 116, 208, 208, 105, 45, 239];
    for (column, expected) in (0u32..).zip(digests) {
        assert_eq!(digest(cell(&SEED_1, Class::Xs, 0, column)), expected);
    }
    let mut all = vec![0; 64 * 64];
    Reference.digests(Class::Xs, 1, &SEED_1, &mut all);
    assert_eq!(all[..8], digests);
    assert_eq!(all[64 * 64 - 1], digest(-74_331));
}

#[test]
fn roots_top_and_commitment_of_four_rounds() {
    let store = prove(&mut Reference, &challenge(), &DEVICE, Class::Xs, 4).unwrap();
    assert_eq!(store.device_key(), &D);
    assert_eq!(
        store.roots()[0],
        hex!("5bbf253e8f50af283bee15f133173aff05b4dc021bdac25409f74ef9bac4262d")
    );
    assert_eq!(
        store.roots()[3],
        hex!("16449b598e05e27c0bb22501b966b632aa7d313b76a3dbf962a7a1a0169cf648")
    );
    assert_eq!(store.top(), TOP);
    assert_eq!(store.claim().commitment, COMMITMENT);
    assert_eq!(commitment(&D, 4, Class::Xs, &TOP), COMMITMENT);
}
