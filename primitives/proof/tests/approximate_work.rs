// SPDX-License-Identifier: Apache-2.0
//! Products that are not the exact one: too little precision, dropped bits, inputs with a structure.

mod common;

use common::{assert_rate, pass_rate, unhit, Approximate, Hankel, CHALLENGE, XS_CELLS};
use compute_proof::{
    prove::{Product, Reference},
    work::dot,
    Class,
};

const WORKS: u64 = 10;
const SEEDS: u64 = 200;

/// Share of wrong digests in one round.
fn wrong(mut product: impl Product) -> f64 {
    let (mut right, mut tried) = (vec![0; XS_CELLS], vec![0; XS_CELLS]);
    Reference.digests(Class::Xs, 1, &CHALLENGE, &mut right);
    product.digests(Class::Xs, 1, &CHALLENGE, &mut tried);
    let wrong = right
        .iter()
        .zip(&tried)
        .filter(|(right, tried)| right != tried)
        .count();
    f64::from(u32::try_from(wrong).unwrap()) / f64::from(u32::try_from(XS_CELLS).unwrap())
}

/// At least `least` of the product's cells are wrong, and it passes no more often than that share allows.
fn passes_no_more_than_its_right_cells_allow<P: Product>(name: &str, least: f64, product: impl Fn() -> P) {
    let wrong = wrong(product());
    println!("{name}: {:.1}% of the cells wrong", wrong * 100.0);
    assert!(wrong >= least, "{name}: {wrong}");
    let measured = pass_rate(WORKS, SEEDS, 3, |_| product());
    assert_rate(name, measured, unhit(wrong), WORKS * SEEDS);
}

/// Rounds to a significand of 11 bits, float16's, ties to even. The range stays float32's, which is kind to
/// the cheat.
fn to_float16(x: f32) -> f32 {
    let bits = x.to_bits();
    f32::from_bits((bits + 0xfff + ((bits >> 13) & 1)) & !0x1fff)
}

fn to_float32(byte: &u8) -> f32 {
    f32::from(byte.cast_signed())
}

#[test]
fn rounding_helper_is_float16s() {
    for (x, rounded) in [
        (2048.0, 2048.0),
        (2049.0, 2048.0),
        (2051.0, 2052.0),
        (-4098.0, -4096.0),
        (65_503.0, 65_504.0),
    ] {
        assert_eq!(to_float16(x), rounded);
    }
}

#[test]
fn a_product_rounded_to_float16() {
    passes_no_more_than_its_right_cells_allow("rounded to float16", 0.9, || {
        Approximate(|a: &[u8], b: &[u8]| to_float16(dot(a, b) as f32) as i32)
    });
}

#[test]
fn a_product_accumulated_in_float16() {
    passes_no_more_than_its_right_cells_allow("accumulated in float16", 0.9, || {
        Approximate(|a: &[u8], b: &[u8]| {
            a.iter()
                .zip(b)
                .fold(0.0, |sum, (a, b)| to_float16(sum + to_float32(a) * to_float32(b))) as i32
        })
    });
}

#[test]
fn a_product_accumulated_in_bfloat16() {
    passes_no_more_than_its_right_cells_allow("accumulated in bfloat16", 0.9, || {
        Approximate(|a: &[u8], b: &[u8]| {
            a.iter().zip(b).fold(0.0, |sum: f32, (a, b)| {
                f32::from_bits((sum + to_float32(a) * to_float32(b)).to_bits() & !0xffff)
            }) as i32
        })
    });
}

#[test]
fn a_result_without_its_lowest_bits() {
    passes_no_more_than_its_right_cells_allow("result without its lowest bit", 0.45, || {
        Approximate(|a: &[u8], b: &[u8]| dot(a, b) & !1)
    });
    passes_no_more_than_its_right_cells_allow("result without its four lowest bits", 0.9, || {
        Approximate(|a: &[u8], b: &[u8]| dot(a, b) & !0xf)
    });
}

#[test]
fn inputs_without_their_lowest_bits() {
    for (bits, mask) in [(1, !1u8), (4, !0xf)] {
        passes_no_more_than_its_right_cells_allow(&format!("inputs without {bits} low bits"), 0.97, || {
            Approximate(move |a: &[u8], b: &[u8]| {
                let cut = |bytes: &[u8]| bytes.iter().map(|byte| byte & mask).collect::<Vec<_>>();
                dot(&cut(a), &cut(b))
            })
        });
    }
}

#[test]
fn a_product_that_leaves_out_one_term_in_256() {
    passes_no_more_than_its_right_cells_allow("one term in 256 left out", 0.95, || {
        Approximate(|a: &[u8], b: &[u8]| dot(&a[1..], &b[1..]))
    });
}

#[test]
fn inputs_drawn_from_sums_of_indices() {
    passes_no_more_than_its_right_cells_allow("Hankel inputs", 0.97, || Hankel);
}
