// SPDX-License-Identifier: Apache-2.0
//! AMX: `tdpbssd` multiplies a tile of 16 rows × 64 bytes by one of 16 columns × 64 bytes, signed by signed, into 16 × 16 int32.
//!
//! Four tiles of sums, two of A and two of B are all eight tiles: each that is loaded is used twice. The intrinsics are not stable, so
//! this is inline assembly. Exact: k ≤ 2^15 keeps every sum within 2^29, and the instruction doesn't saturate.
//!
//! Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18.

use super::{
    avx512,
    block::Sums,
    kernel::Rows,
    panel::{Step, COLUMNS, GROUP},
};
use compute_proof::opening::Leaf;
use std::{
    arch::{asm, x86_64::__cpuid_count},
    sync::LazyLock,
};

/// Rows, and columns, at a time: two tiles each way.
const SIDE: usize = 32;

/// Bytes of k in a tile.
const TILE: usize = 64;

/// Whether the processor has int8 tiles and the operating system lets this process use them.
pub fn is_available() -> bool {
    static ALLOWED: LazyLock<bool> = LazyLock::new(|| has_tiles() && allow_tiles());
    *ALLOWED
}

fn has_tiles() -> bool {
    const LEAVES: u32 = 7;
    const AMX_TILE: u32 = 1 << 24;
    const AMX_INT8: u32 = 1 << 25;
    // SAFETY, where it is unsafe: every processor of 64 bits has the instruction.
    #[allow(unused_unsafe)]
    let (most, features) = unsafe { (__cpuid_count(0, 0).eax, __cpuid_count(LEAVES, 0).edx) };
    most >= LEAVES && features & (AMX_TILE | AMX_INT8) == AMX_TILE | AMX_INT8
}

/// Asks Linux for the tiles' state, which a process has to before the first of their instructions; whether it is granted. It holds for all
/// threads. (Linux, Documentation/arch/x86/xstate.rst.)
#[cfg(target_os = "linux")]
fn allow_tiles() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call takes two numbers and writes nothing.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn allow_tiles() -> bool {
    false
}

/// Digests of the products of all rows (a multiple of 32) with a panel.
///
/// # Safety
/// Only where [`is_available`], and AVX-512.
pub unsafe fn multiply(rows: &Rows, panel: &[Step], sums: &mut Sums, digests: &mut [Leaf]) {
    // SAFETY: as is asked of the caller.
    let tiles = unsafe { Tiles::configure() };
    // SAFETY: as is asked of the caller; and the tiles are configured.
    blocked(rows, panel, sums, |part, sums| unsafe {
        multiply_part(part, sums)
    });
    drop(tiles);
    // SAFETY: as is asked of the caller.
    unsafe { avx512::digest(sums, digests) };
}

/// What is multiplied at a time: 32 rows with 32 columns.
struct Part<'a> {
    /// The part of the rows, `depth` bytes each.
    rows: &'a [u8],
    /// Bytes a row: a multiple of a tile's.
    depth: usize,
    /// That part of the panel.
    steps: &'a [Step],
    /// The first of its columns, 0 or 32.
    column: usize,
}

/// Computes the sums of all rows and columns by `multiply`, which adds a part's products to those of its rows.
fn blocked(
    rows: &Rows,
    panel: &[Step],
    sums: &mut Sums,
    multiply: impl Fn(&Part, &mut [[i32; COLUMNS]; SIDE]),
) {
    let depth = rows.depth;
    sums.fill([0; COLUMNS]);
    for (part, steps) in rows.parts().zip(panel.chunks_exact(depth / GROUP)) {
        for column in (0..COLUMNS).step_by(SIDE) {
            let sides = part.chunks_exact(SIDE * depth);
            for (rows, sums) in sides.zip(sums.as_chunks_mut().0) {
                multiply(
                    &Part {
                        rows,
                        depth,
                        steps,
                        column,
                    },
                    sums,
                );
            }
        }
    }
}

/// Tiles of 16 rows of 64 bytes, from here on to where it is dropped, on this thread.
struct Tiles;

impl Tiles {
    /// # Safety
    /// Only where [`is_available`]. No other is there on this thread.
    unsafe fn configure() -> Self {
        /// The operand of `ldtilecfg`.
        #[repr(C, align(64))]
        struct Configuration {
            palette: u8,
            start_row: u8,
            reserved: [u8; 14],
            /// Bytes a row of each tile.
            bytes: [u16; 16],
            rows: [u8; 16],
        }
        let mut configuration = Configuration {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            bytes: [0; 16],
            rows: [0; 16],
        };
        configuration.bytes[..8].fill(64);
        configuration.rows[..8].fill(16);
        // SAFETY: reads the 64 bytes of a configuration that is allowed.
        unsafe {
            asm!(
                "ldtilecfg [{configuration}]",
                configuration = in(reg) &raw const configuration,
                options(nostack, preserves_flags, readonly),
            );
        }
        Self
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: what was configured is given back; the operating system saves less at a switch then.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags, nomem)) };
    }
}

/// Adds the products of a part to the sums of its rows.
///
/// # Safety
/// Only where [`is_available`], and while there are [`Tiles`].
unsafe fn multiply_part(part: &Part, sums: &mut [[i32; COLUMNS]; SIDE]) {
    const HALF: usize = SIDE / 2;
    let &Part {
        rows,
        depth,
        steps,
        column,
    } = part;
    let tiles = depth / TILE;
    assert!(
        tiles > 0
            && rows.len() == SIDE * depth
            && steps.len() * GROUP >= tiles * TILE
            && column + SIDE <= COLUMNS
    );
    let columns = column * size_of::<i32>();
    // SAFETY: the tiles of A are 32 rows of `tiles` times 64 bytes, a row being `depth` bytes long; those of B, 16 steps each,
    // are 128 bytes of every step from the column's on; those of the sums the same 128 bytes of 32 rows. The assertion says that all
    // of it lies within `rows`, `steps` and `sums`.
    unsafe {
        let sums = sums.as_mut_ptr().cast::<u8>().add(columns);
        asm!(
            "tileloadd tmm0, [{upper} + {line}]",
            "tileloadd tmm1, [{upper} + {line} + 64]",
            "tileloadd tmm2, [{lower} + {line}]",
            "tileloadd tmm3, [{lower} + {line} + 64]",
            "2:",
            "tileloadd tmm4, [{a} + {depth}]",
            "tileloadd tmm6, [{b} + {line}]",
            "tdpbssd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{b} + {line} + 64]",
            "tdpbssd tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{under} + {depth}]",
            "tdpbssd tmm2, tmm5, tmm6",
            "tdpbssd tmm3, tmm5, tmm7",
            "add {a}, {tile}",
            "add {under}, {tile}",
            "add {b}, {steps}",
            "dec {tiles}",
            "jnz 2b",
            "tilestored [{upper} + {line}], tmm0",
            "tilestored [{upper} + {line} + 64], tmm1",
            "tilestored [{lower} + {line}], tmm2",
            "tilestored [{lower} + {line} + 64], tmm3",
            upper = in(reg) sums,
            lower = in(reg) sums.add(HALF * size_of::<[i32; COLUMNS]>()),
            line = in(reg) size_of::<Step>(),
            a = inout(reg) rows.as_ptr() => _,
            under = inout(reg) rows.as_ptr().add(HALF * depth) => _,
            depth = in(reg) depth,
            b = inout(reg) steps.as_ptr().cast::<u8>().add(columns) => _,
            tiles = inout(reg) tiles => _,
            tile = const TILE,
            steps = const TILE / GROUP * size_of::<Step>(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

const _: () = assert!(
    size_of::<Step>() == size_of::<[i32; COLUMNS]>(),
    "both are walked by one stride"
);

#[cfg(test)]
mod tests {
    use super::{
        super::{
            kernel::Path,
            panel::{Line, LINES},
        },
        *,
    };
    use crate::prover::fresh_seed;
    use compute_proof::{hash::keyed, work::dot, Hash};
    use std::array;

    /// What [`multiply_part`] does, in plain loops.
    fn plain(part: &Part, sums: &mut [[i32; COLUMNS]; SIDE]) {
        for (row, sums) in part.rows.chunks_exact(part.depth).zip(sums) {
            for column in part.column..part.column + SIDE {
                for (group, step) in row.as_chunks::<GROUP>().0.iter().zip(part.steps) {
                    sums[column] += dot(group, &step[column / 16].0[column % 16].to_le_bytes());
                }
            }
        }
    }

    fn random(length: usize, seed: &Hash) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0u32..)
            .flat_map(|number| keyed(seed, &number.to_le_bytes()))
            .take(length)
            .collect();
        // The extremes, too.
        bytes[0] = 0x80;
        bytes
    }

    /// Random rows, and a random panel of the same k; and their product.
    fn operands(k: usize, height: usize) -> (Rows, Vec<Step>, Vec<[i32; COLUMNS]>) {
        let seed = fresh_seed();
        let left = random(k * height, &seed);
        let right = random(k * COLUMNS, &keyed(&seed, b"right"));
        let product = left
            .chunks_exact(k)
            .map(|row| array::from_fn(|at| dot(row, &right[at * k..][..k])))
            .collect();
        let mut rows = Rows::new(Path::AmxInt8, k, height);
        let depth = rows.depth;
        for (at, byte) in left.iter().enumerate() {
            let (row, x) = (at / k, at % k);
            rows.bytes[(x / depth * height + row) * depth + x % depth] = *byte;
        }
        let mut panel = vec![[Line([0; 16]); LINES]; k / GROUP];
        for (group, step) in panel.iter_mut().enumerate() {
            for column in 0..COLUMNS {
                let [word, ..] = right[column * k + group * GROUP..].as_chunks().0 else {
                    unreachable!("k is a multiple of a group")
                };
                step[column / 16].0[column % 16] = u32::from_le_bytes(*word);
            }
        }
        (rows, panel, product)
    }

    /// One part, half of one, several; one side of rows and several.
    const SIZES: [(usize, usize); 4] = [(64, 32), (256, 32), (512, 64), (1536, 96)];

    #[test]
    fn the_parts_add_up_to_the_product() {
        for (k, height) in SIZES {
            let (rows, panel, product) = operands(k, height);
            let mut sums = vec![[1; COLUMNS]; height];
            blocked(&rows, &panel, &mut sums, plain);
            assert_eq!(sums, product, "{k} {height}");
        }
    }

    #[test]
    fn tiles_multiply_as_plain_loops_do() {
        if !is_available() {
            println!("no tiles here: the instructions were not tried");
            return;
        }
        for (k, height) in SIZES {
            let (rows, panel, product) = operands(k, height);
            let (mut sums, mut digests) = (vec![[1; COLUMNS]; height], vec![[0; COLUMNS]; height]);
            // SAFETY: the tiles are there, and AVX-512 is wherever they are.
            unsafe { multiply(&rows, &panel, &mut sums, &mut digests) };
            assert_eq!(sums, product, "{k} {height}");
        }
    }
}
