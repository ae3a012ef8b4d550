// SPDX-License-Identifier: Apache-2.0
//! Functions of the kernels by themselves, as the host compiler builds them.

use super::*;

/// A function of the kernels' library.
macro_rules! function {
    ($library:expr, $name:literal, $type:ty) => {
        // SAFETY: the function has this signature in host.cpp.
        unsafe { $library.get::<$type>(concat!($name, "\0").as_bytes()) }.unwrap()
    };
}

#[test]
fn device_functions_meet_the_known_answers() {
    let Some(library) = kernels() else { return };
    type Stream = unsafe extern "C" fn(*const u32, u32, *const u32, *mut u32);
    type Hashing = unsafe extern "C" fn(*const u32, *const u32, *mut u32);
    let chacha8 = function!(library, "ergon_chacha8", Stream);
    let keyed_hash = function!(library, "ergon_keyed_hash", Hashing);
    let parent = function!(library, "ergon_parent", Hashing);
    let of_cell = function!(library, "ergon_digest", unsafe extern "C" fn(i32) -> u32);

    let mut block = [0u32; 16];
    // SAFETY: all pointers are to as many words as the functions read and write; so below.
    unsafe { chacha8([0; 8].as_ptr(), 0, [0; 3].as_ptr(), block.as_mut_ptr()) };
    assert_eq!(
        hex::encode(&bytes(&block)[..32]),
        "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e"
    );
    for number in 0..50 {
        let seed = seed(number);
        let row = u32::from(number) * 331;
        let mut expected = [0; 4 * 64];
        fill_row(&seed, Matrix::B, row, &mut expected);
        for counter in 0..4 {
            let key: [u32; 8] = words(&seed);
            unsafe { chacha8(key.as_ptr(), counter, [row, 0x42, 0].as_ptr(), block.as_mut_ptr()) };
            assert_eq!(bytes(&block), expected[size(counter) * 64..][..64]);
        }

        let (left, right) = (keyed(&seed, b"left"), keyed(&seed, b"right"));
        let message: [u32; 16] = words([left, right].as_flattened());
        let mut hash = [0u32; 8];
        unsafe { keyed_hash(words::<8>(&seed).as_ptr(), message.as_ptr(), hash.as_mut_ptr()) };
        assert_eq!(bytes(&hash), keyed(&seed, [left, right].as_flattened()));
        unsafe { parent(message[..8].as_ptr(), message[8..].as_ptr(), hash.as_mut_ptr()) };
        assert_eq!(bytes(&hash), node(&NODE_KEY, &left, &right));
    }
    for y in (-(1 << 30)..=1 << 30).step_by(7_919_317).chain(-300..300) {
        assert_eq!(unsafe { of_cell(y) }, u32::from(digest(y)), "{y}");
    }
}

#[test]
fn no_two_places_of_an_input_collide_and_none_lies_outside_at_any_class() {
    let Some(library) = kernels() else { return };
    type Rows = unsafe extern "C" fn(u32, u32, u32) -> u64;
    type Tiles = unsafe extern "C" fn(u32, u32, u32, u32) -> u64;
    let row_offset = function!(library, "ergon_row_offset", Rows);
    let tile_offset = function!(library, "ergon_tile_offset", Tiles);
    // SAFETY: numbers alone.
    unsafe {
        // Whole, where that is quick: a permutation of the input's chunks.
        for height in [128, 256] {
            let (rows, k) = (Class::S.m(), Class::S.k());
            let places: BTreeSet<u64> = (0..rows)
                .flat_map(|row| (0..k).step_by(16).map(move |byte| (row, byte)))
                .map(|(row, byte)| tile_offset(row, byte, k, height))
                .collect();
            assert_eq!(places.len() as u64, u64::from(rows) * u64::from(k) / 16);
            assert_eq!(places.last(), Some(&(u64::from(rows) * u64::from(k) - 16)));
        }
        // The corners of the largest: 2^29 bytes, and beyond 32 bits in a shape that no class has yet.
        for (rows, k) in [(Class::Xl.m(), Class::Xl.k()), (1 << 20, 1 << 16)] {
            let all = u64::from(rows) * u64::from(k);
            assert_eq!(row_offset(rows - 1, k - 1, k), all - 1);
            for height in [128, 256] {
                let (row, byte) = (rows - 1, k - 1);
                // Row 7 of its eight: chunk 7 stands where chunk 0 would.
                assert_eq!(tile_offset(row, byte, k, height), all - 128 + 15);
                assert_eq!(tile_offset(row, k - 128, k, height), all - 16);
                assert_eq!(
                    tile_offset(rows - height, 0, k, height),
                    all - u64::from(height) * u64::from(k)
                );
            }
        }
    }
}

#[test]
fn rows_of_a_stage_lie_in_different_banks_and_blocks_cover_every_tile_once() {
    let Some(library) = kernels() else { return };
    type Narrow = unsafe extern "C" fn(u32, u32) -> u32;
    type Place = unsafe extern "C" fn(u32, u32, u32, u32, *mut u32);
    let narrow = function!(library, "ergon_narrow_offset", Narrow);
    let place = function!(library, "ergon_place", Place);
    let places: BTreeSet<u32> = (0..384)
        .flat_map(|row| (0..4).map(move |chunk| (row, chunk)))
        // SAFETY: numbers alone.
        .map(|(row, chunk)| unsafe { narrow(row, chunk) })
        .collect();
    assert_eq!(places.len(), 384 * 4);
    assert_eq!(places.last(), Some(&(384 * 64 - 16)));
    for chunk in 0..4 {
        for first in (0..384).step_by(8) {
            let banks: BTreeSet<u32> = (first..first + 8)
                .map(|row| unsafe { narrow(row, chunk) } / 16 % 8)
                .collect();
            assert_eq!(banks.len(), 8, "eight rows are read at once");
        }
    }
    let shapes = [(1, 1), (8, 4), (16, 16), (32, 16), (128, 64), (4, 8)];
    for ((down, across), together) in shapes.into_iter().flat_map(|shape| [(shape, 8), (shape, 16)]) {
        let tiles: BTreeSet<[u32; 2]> = (0..down * across)
            .map(|block| {
                let mut at = [0; 2];
                // SAFETY: two numbers are written.
                unsafe { place(block, down, across, together, at.as_mut_ptr()) };
                assert!(at[0] < down && at[1] < across);
                at
            })
            .collect();
        assert_eq!(tiles.len(), size(down * across));
    }
}
