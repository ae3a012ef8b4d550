// SPDX-License-Identifier: Apache-2.0
//! The kernels' sources, and which architecture they are compiled for.

use std::ffi::CStr;

/// A source file that is compiled as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// Seed, inputs, digests of a stored product, tree.
    Rounds,
    /// The product by `mma.sync`, in int8 and in float16.
    Mma,
    /// The product by `wgmma`.
    Wgmma,
}

/// The headers, by the names by which they are included.
pub const HEADERS: [(&CStr, &str); 6] = [
    (c"platform.cuh", include_str!("kernels/platform.cuh")),
    (c"chacha.cuh", include_str!("kernels/chacha.cuh")),
    (c"blake3.cuh", include_str!("kernels/blake3.cuh")),
    (c"layout.cuh", include_str!("kernels/layout.cuh")),
    (c"warp.cuh", include_str!("kernels/warp.cuh")),
    (c"wgmma.cuh", include_str!("kernels/wgmma.cuh")),
];

impl Program {
    /// All programs.
    pub const ALL: [Self; 3] = [Self::Rounds, Self::Mma, Self::Wgmma];

    /// The file's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rounds => "rounds.cu",
            Self::Mma => "mma.cu",
            Self::Wgmma => "wgmma.cu",
        }
    }

    /// Its text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Rounds => include_str!("kernels/rounds.cu"),
            Self::Mma => include_str!("kernels/mma.cu"),
            Self::Wgmma => include_str!("kernels/wgmma.cu"),
        }
    }

    /// Its kernels.
    pub const fn kernels(self) -> &'static [&'static str] {
        match self {
            Self::Rounds => &["seed", "inputs", "digests", "leaves", "nodes"],
            Self::Mma => &[
                "product_s8_small",
                "product_s8",
                "product_f16_small",
                "product_f16",
            ],
            Self::Wgmma => &["product_wgmma"],
        }
    }

    /// Whether it can be compiled for `arch`.
    pub fn suits(self, arch: Arch) -> bool {
        self != Self::Wgmma || arch.real() == Some("sm_90a")
    }
}

/// What a program is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arch {
    /// A cubin: machine code.
    Cubin(&'static str),
    /// PTX, which the driver compiles on: for cards newer than this list.
    Ptx(&'static str),
}

impl Arch {
    /// What to compile for on a card of this compute capability; `None` below 8.0, which has no `mma.sync` of this shape.
    ///
    /// A cubin runs on cards of the same major number and an equal or higher minor one; one of an architecture with an `a`
    /// on that alone. Cards that are not in the list get PTX of the nearest older architecture.
    pub const fn of(capability: (u32, u32)) -> Option<Self> {
        match capability {
            (0..=7, _) => None,
            (8, 0..=5) => Some(Self::Cubin("sm_80")),
            // Orin: those of Tegra run no cubin of another.
            (8, 7) => Some(Self::Cubin("sm_87")),
            (8, 6 | 8) => Some(Self::Cubin("sm_86")),
            (8, _) => Some(Self::Cubin("sm_89")),
            (9, 0) => Some(Self::Cubin("sm_90a")),
            (10, 0) => Some(Self::Cubin("sm_100")),
            (10, 3) => Some(Self::Cubin("sm_103")),
            (12, _) => Some(Self::Cubin("sm_120")),
            (9 | 10, _) => Some(Self::Ptx("compute_90")),
            (11, _) => Some(Self::Ptx("compute_100")),
            (13.., _) => Some(Self::Ptx("compute_120")),
        }
    }

    /// What to compile for instead where the compiler does not know this one; `None` where nothing else runs on the card.
    pub fn older(self) -> Option<Self> {
        match self.name() {
            "sm_103" => Some(Self::Cubin("sm_100")),
            "sm_100" | "sm_120" | "compute_100" | "compute_120" => Some(Self::Ptx("compute_90")),
            "sm_89" => Some(Self::Cubin("sm_86")),
            _ => None,
        }
    }

    /// The architecture's number, as the compiler lists those that it knows.
    pub fn number(self) -> Option<i32> {
        let (_, number) = self.name().split_once('_')?;
        number.trim_end_matches('a').parse().ok()
    }

    /// The architecture's name, as the compiler takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cubin(name) | Self::Ptx(name) => name,
        }
    }

    /// The name, if machine code is made.
    pub fn real(self) -> Option<&'static str> {
        match self {
            Self::Cubin(name) => Some(name),
            Self::Ptx(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_since_ampere_has_an_architecture_and_none_before() {
        let of = |major, minor| Arch::of((major, minor)).map(Arch::name);
        assert_eq!(of(7, 5), None);
        let named = [
            ((8, 0), "sm_80"),
            ((8, 6), "sm_86"),
            ((8, 7), "sm_87"),
            ((8, 8), "sm_86"),
            ((8, 9), "sm_89"),
            ((9, 0), "sm_90a"),
            ((10, 0), "sm_100"),
            ((10, 1), "compute_90"),
            ((10, 3), "sm_103"),
            ((11, 0), "compute_100"),
            ((12, 0), "sm_120"),
            ((12, 1), "sm_120"),
            ((13, 0), "compute_120"),
        ];
        for ((major, minor), name) in named {
            assert_eq!(of(major, minor), Some(name), "{major}.{minor}");
        }
    }

    #[test]
    fn a_compiler_that_is_older_than_the_card_makes_what_it_can() {
        let mut arch = Arch::of((10, 3)).unwrap();
        let mut names = vec![(arch.name(), arch.number().unwrap())];
        while let Some(older) = arch.older() {
            arch = older;
            names.push((arch.name(), arch.number().unwrap()));
        }
        assert_eq!(names, [("sm_103", 103), ("sm_100", 100), ("compute_90", 90)]);
        for capability in [(8, 0), (8, 6), (8, 7), (9, 0)] {
            assert_eq!(Arch::of(capability).and_then(Arch::older), None);
        }
    }

    #[test]
    fn every_kernel_that_is_named_is_in_its_file_and_every_include_is_a_header() {
        for program in Program::ALL {
            assert_eq!(
                program.text().matches("\nKERNEL(").count(),
                program.kernels().len()
            );
            for kernel in program.kernels() {
                assert!(program.text().contains(&format!(") {kernel}(")), "{kernel}");
            }
            for line in program.text().lines().filter(|line| line.starts_with("#include")) {
                assert!(
                    HEADERS
                        .iter()
                        .any(|(name, _)| line.contains(name.to_str().unwrap())),
                    "{line}"
                );
            }
        }
    }
}
