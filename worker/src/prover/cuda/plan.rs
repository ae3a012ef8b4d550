// SPDX-License-Identifier: Apache-2.0
//! How a class is computed on a card: which kernels, how large, in which memory.

use super::{
    card::{Address, Arg, Card, CudaError, Info, Launch, Library, Multiply, Slot, Stream},
    source::Program,
};
use compute_proof::Class;
use std::{fmt, str::FromStr};

/// Rounds that one call computes at most: their seeds and roots stay on the card.
pub const BATCH: u32 = 64;

/// Leaves of the largest subtree that one block reduces to a node.
pub const GROUP: u32 = 512;

/// Memory that is left to others: the driver's own, the display's.
const RESERVE: u64 = 256 << 20;

/// The library's working memory.
pub const WORKSPACE: u64 = 32 << 20;

/// Bytes of int32 that the library's product is stored in at a time.
const PANEL: u64 = 256 << 20;

/// A way to multiply on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `wgmma` in int8, on Hopper.
    Wgmma,
    /// `mma.sync` in int8.
    Mma,
    /// cuBLASLt in int8, and a kernel for the digests.
    CublasLt,
    /// `mma.sync` in float16, exactly: for cards that have little int8.
    Fp16,
}

impl Route {
    /// All routes, the likely fastest first.
    pub const ALL: [Self; 4] = [Self::Wgmma, Self::Mma, Self::CublasLt, Self::Fp16];

    /// The backend's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wgmma => "cuda-wgmma",
            Self::Mma => "cuda-mma",
            Self::CublasLt => "cuda-cublaslt",
            Self::Fp16 => "cuda-fp16",
        }
    }

    /// The library that it needs besides the driver and NVRTC.
    pub const fn library(self) -> Option<Library> {
        match self {
            Self::CublasLt => Some(Library::CublasLt),
            Self::Wgmma | Self::Mma | Self::Fp16 => None,
        }
    }

    /// What goes first where both streams could. Beside a block of wgmma's there is room for one of the others, so that those hide behind the
    /// product if they don't take all the card before it begins. Other products leave no such room: what is done beside them must get its turn.
    pub const fn first(self) -> Stream {
        match self {
            Self::Wgmma => Stream::Product,
            Self::Mma | Self::CublasLt | Self::Fp16 => Stream::Side,
        }
    }

    /// Its programs.
    pub const fn programs(self) -> &'static [Program] {
        match self {
            // Class XS is too small for wgmma's tiles.
            Self::Wgmma => &[Program::Rounds, Program::Mma, Program::Wgmma],
            Self::Mma | Self::Fp16 => &[Program::Rounds, Program::Mma],
            Self::CublasLt => &[Program::Rounds],
        }
    }

    /// Whether a card can take it.
    ///
    /// # Errors
    /// [`CudaError::Capability`].
    pub fn check(self, card: &Info) -> Result<(), CudaError> {
        let (fits, needs) = match self {
            Self::Wgmma => (card.capability == (9, 0), "compute capability 9.0 (Hopper)"),
            Self::Mma | Self::CublasLt | Self::Fp16 => (
                card.capability >= (8, 0),
                "compute capability 8.0 or more (Ampere)",
            ),
        };
        let (major, minor) = card.capability;
        match fits {
            true => Ok(()),
            false => Err(CudaError::Capability {
                route: self.name(),
                needs,
                major,
                minor,
            }),
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown route: one of cuda-wgmma, cuda-mma, cuda-cublaslt, cuda-fp16")]
pub struct UnknownRoute;

impl FromStr for Route {
    type Err = UnknownRoute;

    fn from_str(name: &str) -> Result<Self, UnknownRoute> {
        Self::ALL
            .into_iter()
            .find(|route| route.name() == name)
            .ok_or(UnknownRoute)
    }
}

/// A kernel that takes the product's digests at once, tile by tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiles {
    kernel: &'static str,
    height: u32,
    width: u32,
    threads: u32,
    shared: u32,
    /// Whether the inputs are drawn as tiles.
    tiled: bool,
}

impl Tiles {
    /// Four stages are in shared memory at a time, each 64 bytes of so many rows and columns.
    const fn new(kernel: &'static str, height: u32, width: u32, threads: u32) -> Self {
        Self {
            kernel,
            height,
            width,
            threads,
            shared: 4 * 64 * (height + width),
            tiled: false,
        }
    }

    const SMALL: Self = Self::new("product_s8_small", 64, 64, 128);
    const MMA: Self = Self::new("product_s8", 128, 256, 256);
    const SMALL_FP16: Self = Self::new("product_f16_small", 64, 64, 128);
    const FP16: Self = Self::new("product_f16", 128, 128, 256);
    const WGMMA: Self = Self {
        // Four stages of 128 bytes, and eight barriers.
        shared: 4 * 128 * (128 + 256) + 8 * 8,
        tiled: true,
        ..Self::new("product_wgmma", 128, 256, 288)
    };

    /// Those of a route in a class; none where the library multiplies.
    const fn of(route: Route, class: Class) -> Option<Self> {
        match (route, class) {
            (Route::Wgmma | Route::Mma, Class::Xs) => Some(Self::SMALL),
            (Route::Wgmma, _) => Some(Self::WGMMA),
            (Route::Mma, _) => Some(Self::MMA),
            (Route::Fp16, Class::Xs) => Some(Self::SMALL_FP16),
            (Route::Fp16, _) => Some(Self::FP16),
            (Route::CublasLt, _) => None,
        }
    }
}

/// Memory for rounds of one class on one route.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The class.
    pub class: Class,
    tiles: Option<Tiles>,
    a: [Address; 2],
    b: [Address; 2],
    digests: [Address; 2],
    seeds: [Address; 2],
    /// The lowest nodes of the tree that are kept, and where higher ones are computed.
    nodes: [Address; 2],
    /// The device's key.
    pub key: Address,
    /// Two roots from before, then those of a batch.
    pub roots: Address,
    /// For the library: its product, and its own memory.
    product: Option<(Address, Address)>,
}

/// Bytes of a hash.
const HASH: u64 = 32;

fn input_bytes(class: Class) -> u64 {
    u64::from(class.m()) * u64::from(class.k())
}

fn digest_bytes(class: Class) -> u64 {
    u64::from(class.m()) * u64::from(class.n())
}

/// Leaves that one block reduces to a node.
pub fn group(class: Class) -> u32 {
    class.leaves().min(GROUP)
}

/// Nodes that the first kernel of a tree yields.
pub fn groups(class: Class) -> u32 {
    class.leaves() / group(class)
}

/// Rows that the library multiplies at a time.
fn panel_rows(class: Class) -> u32 {
    let rows = PANEL / (4 * u64::from(class.n()));
    u32::try_from(rows).unwrap_or(u32::MAX).min(class.m())
}

/// Sizes of all that is allocated, in the order of [`Plan::new`].
fn sizes(route: Route, class: Class) -> Vec<u64> {
    let (input, digests, nodes) = (
        input_bytes(class),
        digest_bytes(class),
        HASH * u64::from(groups(class)),
    );
    let roots = HASH * (2 + u64::from(BATCH));
    let mut sizes = vec![
        input, input, input, input, digests, digests, HASH, HASH, nodes, nodes, HASH, roots,
    ];
    if Tiles::of(route, class).is_none() {
        sizes.push(4 * u64::from(panel_rows(class)) * u64::from(class.n()));
        sizes.push(WORKSPACE);
    }
    sizes
}

/// Bytes of a card's memory that a class takes on a route.
pub fn needed(route: Route, class: Class) -> u64 {
    // Each allocation is rounded up to some 64 KiB pages at worst.
    sizes(route, class)
        .iter()
        .map(|bytes| bytes.next_multiple_of(64 << 10))
        .sum()
}

impl Plan {
    /// Takes the memory, in place of what the card had given before.
    ///
    /// # Errors
    /// [`CudaError::TooLittleMemory`], before anything is taken; others of the card.
    pub fn new(card: &mut dyn Card, route: Route, class: Class) -> Result<Self, CudaError> {
        card.release()?;
        let free = card.free_memory()?;
        let wanted = needed(route, class) + RESERVE;
        if free < wanted {
            return Err(CudaError::TooLittleMemory {
                class,
                needed: wanted >> 20,
                free: free >> 20,
            });
        }
        let mut next = |bytes| card.allocate(bytes);
        let mut places = sizes(route, class).into_iter().map(&mut next);
        let mut one = || {
            places.next().unwrap_or(Err(CudaError::Failed {
                what: "plan its memory",
                reason: "a size is missing".into(),
            }))
        };
        let mut two = || Ok([one()?, one()?]);
        let (a, b, digests, seeds, nodes) = (two()?, two()?, two()?, two()?, two()?);
        let (key, roots) = (one()?, one()?);
        let tiles = Tiles::of(route, class);
        let product = match tiles {
            Some(_) => None,
            None => Some((one()?, one()?)),
        };
        Ok(Self {
            class,
            tiles,
            a,
            b,
            digests,
            seeds,
            nodes,
            key,
            roots,
            product,
        })
    }

    /// Where the seed of a slot stands.
    pub fn seed_at(&self, slot: Slot) -> Address {
        slot.pick(self.seeds)
    }

    /// Where the digests of a slot stand.
    pub fn digests_at(&self, slot: Slot) -> Address {
        slot.pick(self.digests)
    }

    /// Where the lowest nodes of the last tree stand, [`groups`] of them.
    pub fn nodes_at(&self) -> Address {
        self.nodes[0]
    }

    /// Where the root of the round at `index` of a batch stands.
    pub fn root_at(&self, index: u32) -> Address {
        self.roots.after(HASH * (2 + u64::from(index)))
    }

    /// The seed of round `round`, at `index` of the batch.
    pub fn seed(&self, round: u32, index: u32) -> Launch {
        Launch {
            kernel: "seed",
            blocks: 1,
            threads: 32,
            shared: 0,
            args: vec![
                Arg::Memory(self.key),
                Arg::Number(round),
                Arg::Memory(self.roots.after(HASH * u64::from(index))),
                Arg::Memory(self.seed_at(Slot::of(index))),
            ],
        }
    }

    /// The inputs of a slot from its seed.
    pub fn inputs(&self, slot: Slot) -> Launch {
        let (rows, k) = (self.class.m(), self.class.k());
        let heights = match self.tiles {
            Some(Tiles {
                tiled: true,
                height,
                width,
                ..
            }) => [height, width],
            _ => [0, 0],
        };
        Launch {
            kernel: "inputs",
            // At most 2^24 blocks of key stream, a thread each.
            blocks: (rows / 64 * 2 * k).div_ceil(256),
            threads: 256,
            shared: 0,
            args: vec![
                Arg::Memory(slot.pick(self.seeds)),
                Arg::Memory(slot.pick(self.a)),
                Arg::Memory(slot.pick(self.b)),
                Arg::Number(rows),
                Arg::Number(k),
                Arg::Number(heights[0]),
                Arg::Number(heights[1]),
            ],
        }
    }

    /// The digests of a slot's product.
    pub fn product(&self, slot: Slot) -> Vec<Step> {
        let (rows, k) = (self.class.m(), self.class.k());
        let (a, b, digests) = (slot.pick(self.a), slot.pick(self.b), slot.pick(self.digests));
        match (self.tiles, self.product) {
            (Some(tiles), _) => vec![Step::Launch(Launch {
                kernel: tiles.kernel,
                blocks: (rows / tiles.height) * (rows / tiles.width),
                threads: tiles.threads,
                shared: tiles.shared,
                args: vec![
                    Arg::Memory(a),
                    Arg::Memory(b),
                    Arg::Memory(digests),
                    Arg::Number(rows),
                    Arg::Number(k),
                ],
            })],
            (None, Some((product, workspace))) => {
                let panel = panel_rows(self.class);
                let cells = u64::from(panel) * u64::from(rows);
                (0..rows / panel)
                    .flat_map(|number| {
                        let before = u64::from(number) * u64::from(panel);
                        [
                            Step::Multiply(Multiply {
                                a: a.after(before * u64::from(k)),
                                b,
                                out: product,
                                workspace,
                                rows: panel,
                                columns: rows,
                                k,
                            }),
                            Step::Launch(Launch {
                                kernel: "digests",
                                // 16 cells a thread; at most 2^26 cells a panel.
                                blocks: u32::try_from(cells / (16 * 256)).unwrap_or(u32::MAX).max(1),
                                threads: 256,
                                shared: 0,
                                args: vec![
                                    Arg::Memory(product),
                                    Arg::Memory(digests.after(before * u64::from(rows))),
                                ],
                            }),
                        ]
                    })
                    .collect()
            }
            (None, None) => Vec::new(),
        }
    }

    /// The tree over a slot's digests; its root is the one of the round at `index` of the batch.
    pub fn tree(&self, slot: Slot, index: u32) -> Vec<Launch> {
        let root = self.root_at(index);
        let shared = |width: u32| width / 2 * 32;
        let (mut count, mut below) = (groups(self.class), self.nodes[0]);
        let mut launches = vec![Launch {
            kernel: "leaves",
            blocks: count,
            threads: 256,
            shared: shared(group(self.class)),
            args: vec![
                Arg::Memory(slot.pick(self.seeds)),
                Arg::Memory(slot.pick(self.digests)),
                // The lowest nodes are kept where paths are read from; of one group, the node is the root.
                Arg::Memory(if count == 1 { root } else { below }),
                Arg::Number(group(self.class)),
            ],
        }];
        let mut above = self.nodes[1];
        while count > 1 {
            let width = count.min(GROUP);
            count /= width;
            launches.push(Launch {
                kernel: "nodes",
                blocks: count,
                threads: 256,
                shared: shared(width),
                args: vec![
                    Arg::Memory(below),
                    Arg::Memory(if count == 1 { root } else { above }),
                    Arg::Number(width),
                ],
            });
            // At most two layers lie between leaves and root: 512³ leaves are more than any class has.
            (below, above) = (above, above.after(HASH * u64::from(count)));
        }
        launches
    }
}

/// A part of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A kernel.
    Launch(Launch),
    /// A product by the library.
    Multiply(Multiply),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_a_whole_number_of_tiles_and_of_lines() {
        for route in Route::ALL {
            for class in Class::ALL {
                let Some(tiles) = Tiles::of(route, class) else {
                    assert_eq!(class.m() % panel_rows(class), 0);
                    assert_eq!(panel_rows(class) % 4, 0);
                    continue;
                };
                assert_eq!(class.m() % tiles.height, 0, "{route} {class}");
                assert_eq!(class.n() % tiles.width, 0, "{route} {class}");
                assert_eq!(class.k() % 128, 0);
                // What a block may have at most: 99 KiB on consumer cards, 227 KiB on Hopper.
                let most = if route == Route::Wgmma { 227 } else { 99 };
                assert!(tiles.shared <= most << 10, "{route} {class}");
            }
        }
    }

    #[test]
    fn the_largest_class_takes_what_the_documentation_says() {
        let mib = |route, class| needed(route, class) >> 20;
        assert_eq!(mib(Route::Mma, Class::Xl), 2560);
        assert_eq!(mib(Route::CublasLt, Class::Xl), 2848);
        assert_eq!(mib(Route::Mma, Class::L), 640);
        assert_eq!(mib(Route::Mma, Class::M), 160);
        assert!(mib(Route::Mma, Class::S) < 20);
    }

    #[test]
    fn numbers_in_kernels_stay_within_their_32_bits() {
        for class in Class::ALL {
            let (rows, k) = (u64::from(class.m()), u64::from(class.k()));
            assert!(2 * rows * k / 64 <= 1 << 24);
            assert!(rows * rows / 64 <= 1 << 22);
            // A panel's cells, which a kernel counts by 16.
            assert!(u64::from(panel_rows(class)) * rows <= 1 << 26);
        }
    }

    #[test]
    fn names_are_read_back_and_nothing_else_is_a_route() {
        for route in Route::ALL {
            assert_eq!(route.name().parse(), Ok(route));
        }
        assert_eq!("cuda".parse::<Route>(), Err(UnknownRoute));
    }
}
