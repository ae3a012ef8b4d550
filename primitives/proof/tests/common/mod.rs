// SPDX-License-Identifier: Apache-2.0
//! What the tests share: a device, cheating products and the rate at which they pass.
#![allow(dead_code, reason = "each test file uses a part")]

use compute_proof::{
    prove::{open, prove, Opening, Product, Reference, RoundStore},
    verify,
    work::{digest, dot, Matrix},
    Claim, Class, Device, Hash, VerifyError, SAMPLES,
};
use std::collections::HashMap;

pub const CHALLENGE: Hash = [0x11; 32];
pub const DEVICE: Device = Device {
    asset: 42,
    prover: [0x22; 32],
};
/// Cells of a round of class XS.
pub const XS_CELLS: usize = 64 * 64;

/// A hash for each pair of numbers: seeds and choices that are the same in every run of the tests.
pub fn seed(kind: u64, number: u64) -> Hash {
    let mut message = [0; 16];
    message[..8].copy_from_slice(&kind.to_le_bytes());
    message[8..].copy_from_slice(&number.to_le_bytes());
    *blake3::hash(&message).as_bytes()
}

/// `count` of the numbers below `from`, by a shuffle that `seed` decides.
pub fn choose(count: usize, from: usize, seed: &Hash) -> Vec<usize> {
    let mut stream = blake3::Hasher::new_keyed(seed).finalize_xof();
    let mut numbers: Vec<usize> = (0..from).collect();
    for i in 0..count {
        let mut word = [0; 8];
        stream.fill(&mut word);
        let rest = u64::try_from(from - i).unwrap();
        numbers.swap(i, i + usize::try_from(u64::from_le_bytes(word) % rest).unwrap());
    }
    numbers.truncate(count);
    numbers
}

/// Keeps the digests of every round, so that an opening costs no product.
pub struct Kept<P> {
    product: P,
    rounds: HashMap<Hash, Vec<u8>>,
}

impl<P> Kept<P> {
    pub fn new(product: P) -> Self {
        Self {
            product,
            rounds: HashMap::new(),
        }
    }
}

impl<P: Product> Product for Kept<P> {
    fn digests(&mut self, class: Class, round: u32, seed: &Hash, out: &mut [u8]) {
        let digests = self.rounds.entry(*seed).or_insert_with(|| {
            let mut digests = vec![0; out.len()];
            self.product.digests(class, round, seed, &mut digests);
            digests
        });
        out.copy_from_slice(digests);
    }
}

/// Computes the cells that `computed` says, and guesses the digests of the others.
pub struct Skipping<F>(pub F);

impl<F: Fn(u32, usize, usize) -> bool> Product for Skipping<F> {
    fn digests(&mut self, class: Class, round: u32, seed: &Hash, out: &mut [u8]) {
        Reference.digests(class, round, seed, out);
        let n = usize::try_from(class.n()).unwrap();
        let mut guesses = vec![0; out.len()];
        blake3::Hasher::new_keyed(seed).finalize_xof().fill(&mut guesses);
        for (cell, (out, guess)) in out.iter_mut().zip(guesses).enumerate() {
            if !(self.0)(round, cell / n, cell % n) {
                *out = guess;
            }
        }
    }
}

/// Computes every cell by a function of its own from the two rows.
pub struct Approximate<F>(pub F);

impl<F: Fn(&[u8], &[u8]) -> i32> Product for Approximate<F> {
    fn digests(&mut self, class: Class, _round: u32, seed: &Hash, out: &mut [u8]) {
        let k = usize::try_from(class.k()).unwrap();
        let a = Reference::input(seed, Matrix::A, class);
        let b = Reference::input(seed, Matrix::B, class);
        let cells = a
            .chunks_exact(k)
            .flat_map(|row| b.chunks_exact(k).map(move |column| (row, column)));
        for (out, (row, column)) in out.iter_mut().zip(cells) {
            *out = digest((self.0)(row, column));
        }
    }
}

/// Draws its inputs, k + m bytes for each matrix, from sums of indices: `A[i][l] = a[i + l]`, `B[j][l] = b[j
/// + l]`.
pub struct Hankel;

impl Product for Hankel {
    fn digests(&mut self, class: Class, _round: u32, seed: &Hash, out: &mut [u8]) {
        let (n, k) = (
            usize::try_from(class.n()).unwrap(),
            usize::try_from(class.k()).unwrap(),
        );
        let mut a = vec![0; k + n];
        let mut b = vec![0; k + n];
        compute_proof::work::fill_row(seed, Matrix::A, 0, &mut a);
        compute_proof::work::fill_row(seed, Matrix::B, 0, &mut b);
        for (cell, out) in out.iter_mut().enumerate() {
            let (i, j) = (cell / n, cell % n);
            *out = digest(dot(&a[i..i + k], &b[j..j + k]));
        }
    }
}

/// The store and the opening of an honest or cheating product at class XS.
pub fn opening<P: Product>(product: &mut P, rounds: u32, open_seed: &Hash) -> (RoundStore, Opening) {
    let store = prove(product, &CHALLENGE, &DEVICE, Class::Xs, rounds).unwrap();
    let opening = open(product, &store, open_seed).unwrap();
    (store, opening)
}

/// Verifies with everything as in [`opening`].
pub fn check(claim: &Claim, open_seed: &Hash, opening: &Opening) -> Result<(), VerifyError> {
    verify(
        &DEVICE,
        &CHALLENGE,
        claim,
        open_seed,
        &opening.top,
        &opening.samples,
    )
}

/// How often `work(number)`, a product and its number of rounds, passes: `works` fresh works, each opened
/// under `seeds` seeds. Returns the share that passes; every rejection must be of a cell.
pub fn pass_rate<P: Product>(works: u64, seeds: u64, rounds: u32, work: impl Fn(u64) -> P) -> f64 {
    let mut passed = 0u32;
    for number in 0..works {
        let mut product = Kept::new(work(number));
        let challenge = seed(1, number);
        let store = prove(&mut product, &challenge, &DEVICE, Class::Xs, rounds).unwrap();
        let claim = store.claim();
        for open_number in 0..seeds {
            let open_seed = seed(2, number * seeds + open_number);
            let opening = open(&mut product, &store, &open_seed).unwrap();
            match verify(
                &DEVICE,
                &challenge,
                &claim,
                &open_seed,
                &opening.top,
                &opening.samples,
            ) {
                Ok(()) => passed += 1,
                Err(error) => assert!(matches!(error, VerifyError::Cell(_)), "{error:?}"),
            }
        }
    }
    f64::from(passed) / f64::from(u32::try_from(works * seeds).unwrap())
}

/// Asserts that a measured share of `trials` is within three standard errors of the expected one.
pub fn assert_rate(name: &str, measured: f64, expected: f64, trials: u64) {
    let error = (expected * (1.0 - expected) / f64::from(u32::try_from(trials).unwrap())).sqrt();
    println!("{name}: {measured:.4} measured, {expected:.4} expected, standard error {error:.4}");
    assert!(
        (measured - expected).abs() <= 3.0 * error,
        "{name}: {measured} against {expected} ± {error}"
    );
}

/// The chance that one opening does not hit a share of wrong cells.
pub fn unhit(wrong: f64) -> f64 {
    (1.0 - wrong).powi(i32::try_from(SAMPLES).unwrap())
}
