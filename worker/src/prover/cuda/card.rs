// SPDX-License-Identifier: Apache-2.0
//! What the backend asks of a card, and how a card fails: the seam at which tests put another one.

use super::{apart::Failure, plan::Route, source::Program};
use crate::prover::ProverError;
use compute_proof::Class;
use std::{fmt, time::Duration};

/// What there is to know of a card before it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its number, as the driver counts.
    pub index: usize,
    /// Its maker's name for it.
    pub name: String,
    /// The driver's identity for it, as NVML and `nvidia-smi` write it too: see [`uuid`].
    pub uuid: String,
    /// Compute capability, major and minor.
    pub capability: (u32, u32),
    /// Bytes of memory.
    pub memory: u64,
}

/// A UUID's bytes as `GPU-0a1b2c3d-…`.
pub fn uuid(bytes: [u8; 16]) -> String {
    let digits = hex::encode(bytes);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
    format!("GPU-{}", parts.join("-"))
}

/// An address in a card's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub u64);

impl Address {
    /// The address `bytes` further on.
    pub const fn after(self, bytes: u64) -> Self {
        Self(self.0 + bytes)
    }
}

/// A queue of work. What is in one is done in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Products.
    Product,
    /// All else.
    Side,
}

/// A point in a stream that another can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The inputs in a slot are drawn.
    Inputs(Slot),
    /// The digests in a slot are there.
    Digests(Slot),
}

/// Rounds take turns with two sets of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Of the first round, the third and so on.
    Even,
    /// Of the second, the fourth and so on.
    Odd,
}

impl Slot {
    /// The slot of the round at `index` of a batch.
    pub const fn of(index: u32) -> Self {
        match index % 2 {
            0 => Self::Even,
            _ => Self::Odd,
        }
    }

    /// One of two things.
    pub const fn pick<T: Copy>(self, of: [T; 2]) -> T {
        let [even, odd] = of;
        match self {
            Self::Even => even,
            Self::Odd => odd,
        }
    }
}

/// An argument of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A pointer.
    Memory(Address),
    /// An `u32`.
    Number(u32),
}

/// A kernel to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Its name.
    pub kernel: &'static str,
    /// Blocks.
    pub blocks: u32,
    /// Threads a block.
    pub threads: u32,
    /// Bytes of dynamic shared memory.
    pub shared: u32,
    /// Arguments, in order.
    pub args: Vec<Arg>,
}

/// A product for the library: `out = a · bᵀ` in int32, all row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiply {
    /// `rows` rows of `k` int8.
    pub a: Address,
    /// `columns` rows of `k` int8.
    pub b: Address,
    /// `rows` rows of `columns` int32.
    pub out: Address,
    /// Memory for the library's own use.
    pub workspace: Address,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// Depth.
    pub k: u32,
}

/// An open card. Whatever fails, the card is not used on: it is dropped and opened anew.
pub trait Card: Send {
    /// What it is.
    fn info(&self) -> &Info;

    /// Makes a program's kernels known; compiles it, if need be.
    ///
    /// # Errors
    /// [`CudaError`].
    fn load(&mut self, program: Program) -> Result<(), CudaError>;

    /// Bytes of memory that nobody uses.
    ///
    /// # Errors
    /// [`CudaError`].
    fn free_memory(&mut self) -> Result<u64, CudaError>;

    /// Gives back all memory that was had before.
    ///
    /// # Errors
    /// [`CudaError`].
    fn release(&mut self) -> Result<(), CudaError>;

    /// Memory of at least one byte, aligned to 256 bytes. It lives until it is released with all other.
    ///
    /// # Errors
    /// [`CudaError`].
    fn allocate(&mut self, bytes: u64) -> Result<Address, CudaError>;

    /// Copies to the card, before anything that is asked for later.
    ///
    /// # Errors
    /// [`CudaError`].
    fn upload(&mut self, to: Address, bytes: &[u8]) -> Result<(), CudaError>;

    /// Copies from the card. Only after [`Self::finish`].
    ///
    /// # Errors
    /// [`CudaError`].
    fn download(&mut self, from: Address, into: &mut [u8]) -> Result<(), CudaError>;

    /// Puts a kernel into a stream.
    ///
    /// # Errors
    /// [`CudaError`].
    fn launch(&mut self, stream: Stream, launch: &Launch) -> Result<(), CudaError>;

    /// Puts a product by the library into the stream of products.
    ///
    /// # Errors
    /// [`CudaError`].
    fn multiply(&mut self, multiply: &Multiply) -> Result<(), CudaError>;

    /// `event` is what is in the stream so far.
    ///
    /// # Errors
    /// [`CudaError`].
    fn signal(&mut self, stream: Stream, event: Event) -> Result<(), CudaError>;

    /// Lets the stream wait for `event`, as it was signalled last.
    ///
    /// # Errors
    /// [`CudaError`].
    fn wait(&mut self, stream: Stream, event: Event) -> Result<(), CudaError>;

    /// Waits until both streams are done.
    ///
    /// # Errors
    /// [`CudaError`]: those of all that was put into the streams come out here at the latest.
    fn finish(&mut self) -> Result<(), CudaError>;
}

/// Where cards come from: CUDA's libraries, as far as this machine has them.
pub trait Platform: Send + Sync {
    /// All cards that say what they are.
    ///
    /// # Errors
    /// [`CudaError`]; no card at all is an error, too.
    fn cards(&self) -> Result<Vec<Info>, CudaError>;

    /// What one card says it is.
    ///
    /// # Errors
    /// [`CudaError`].
    fn card(&self, index: usize) -> Result<Info, CudaError>;

    /// Opens one. `first` goes first where both streams could.
    ///
    /// # Errors
    /// [`CudaError`].
    fn open(&self, index: usize, first: Stream) -> Result<Box<dyn Card>, CudaError>;

    /// How fast a route of a card is, in multiply-accumulates a second. Whatever becomes of it, this process can work with the card.
    ///
    /// # Errors
    /// [`ProverError`].
    fn measure(&self, index: usize, route: Route) -> Result<u64, ProverError>;

    /// Whether a library is there.
    fn has(&self, library: Library) -> bool;
}

/// CUDA's libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// The driver.
    Driver,
    /// The compiler of kernels.
    Nvrtc,
    /// Matrix products.
    CublasLt,
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Driver => "CUDA driver (libcuda.so.1)",
            Self::Nvrtc => "NVRTC (libnvrtc.so.12)",
            Self::CublasLt => "cuBLASLt (libcublasLt.so.12)",
        })
    }
}

/// A card can't do what is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CudaError {
    /// A library is not on this machine.
    #[error("there is no {0} on this machine")]
    NoLibrary(Library),
    /// The driver is there and does not work.
    #[error("the CUDA driver does not start: {0}")]
    Driver(String),
    /// What the card needs besides has not begun yet: Fabric Manager, on boards whose cards are joined by NVSwitch.
    #[error("the card is not ready yet: {0}")]
    NotReady(String),
    /// Another process has the card to itself.
    #[error("another process has the card to itself: {0}")]
    Taken(String),
    /// Driver, compiler and card are of different times.
    #[error("the driver does not take what NVRTC makes for this card: {0}")]
    Mismatch(String),
    /// No card, or none of that number.
    #[error("there is no card {index}: the driver knows {count}")]
    NoCard {
        /// The number that was asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The card lacks what the route is made for.
    #[error("{route} needs a card of {needs}; this one has compute capability {major}.{minor}")]
    Capability {
        /// The route.
        route: &'static str,
        /// What it needs.
        needs: &'static str,
        /// The card's capability.
        major: u32,
        /// The same.
        minor: u32,
    },
    /// The compiler refused a kernel.
    #[error("NVRTC does not compile {program} for {arch}: {log}")]
    Compile {
        /// The program.
        program: &'static str,
        /// The architecture.
        arch: &'static str,
        /// What the compiler says.
        log: String,
    },
    /// The class does not fit into the card's memory.
    #[error("class {class} needs {needed} MiB of the card's memory, and {free} MiB are free")]
    TooLittleMemory {
        /// The class.
        class: Class,
        /// MiB that it needs.
        needed: u64,
        /// MiB that are free.
        free: u64,
    },
    /// The memory ran out all the same.
    #[error("the card has no {bytes} more bytes of memory")]
    OutOfMemory {
        /// Bytes that were asked for.
        bytes: u64,
    },
    /// The card is gone, or unusable by this process.
    #[error("the card is lost ({what}): {reason}")]
    Lost {
        /// What was being done.
        what: &'static str,
        /// What the driver says.
        reason: String,
    },
    /// A kernel did what none may, such as reading where nothing is: the card is unusable by this process.
    #[error("a kernel broke off ({what}): {reason}")]
    Kernel {
        /// What was being done.
        what: &'static str,
        /// What the driver says.
        reason: String,
    },
    /// A route that was measured apart did not end.
    #[error("{route} did not end in {limit:?}")]
    Hangs {
        /// The route.
        route: Route,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A route that was measured apart failed. This process has the card as it was.
    #[error(transparent)]
    Apart(Failure),
    /// Anything else.
    #[error("the card cannot {what}: {reason}")]
    Failed {
        /// What was being done.
        what: &'static str,
        /// What the driver says.
        reason: String,
    },
}

impl CudaError {
    /// Whether less work might fit.
    pub const fn is_memory(&self) -> bool {
        matches!(self, Self::TooLittleMemory { .. } | Self::OutOfMemory { .. })
    }

    /// Whether the card is lost to this process: CUDA answers all that comes after such an error with the same error, until the process ends.
    pub const fn is_loss(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Kernel { .. })
    }

    /// Whether the same may go well in a little while, in another process: nothing shows that the card can't compute.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Lost { .. } | Self::NotReady(_) | Self::Taken(_) | Self::Driver(_) | Self::Hangs { .. } => {
                true
            }
            // Its driver may not have begun yet. A number that is too high is a mistake.
            Self::NoCard { count, .. } => *count == 0,
            Self::Apart(failure) => failure.passes,
            _ => false,
        }
    }

    /// Whether it may pass, and this very process see it: nothing was done in it that CUDA would not get over.
    pub const fn may_pass_here(&self) -> bool {
        matches!(
            self,
            Self::Hangs { .. } | Self::Apart(Failure { passes: true, .. })
        )
    }

    /// Whether there is simply no card here.
    pub const fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::NoLibrary(Library::Driver) | Self::NoCard { count: 0, .. }
        )
    }

    /// What the owner can do about it.
    pub fn mend(&self) -> &str {
        match self {
            Self::NoLibrary(Library::Driver) => "Install NVIDIA's driver, or compute with --backend cpu.",
            Self::NoLibrary(Library::Nvrtc) => {
                "Install CUDA's run-time compiler (Debian: libnvrtc12; or `pip install nvidia-cuda-nvrtc-cu12`), and let ldconfig, \
                 or LD_LIBRARY_PATH wherever the worker is started, name its folder."
            }
            Self::NoLibrary(Library::CublasLt) => {
                "Install cuBLAS (or `pip install nvidia-cublas-cu12`), let ldconfig or LD_LIBRARY_PATH name its folder; or take another --backend."
            }
            Self::Driver(_) => {
                "Does `nvidia-smi` work? In a container: was it started with access to the card? After an update of the driver: restart."
            }
            Self::NotReady(_) => "Start NVIDIA's Fabric Manager (`systemctl enable --now nvidia-fabricmanager`), of the driver's very version.",
            Self::Taken(_) => "End that process, or `nvidia-smi -c DEFAULT` lets several have the card.",
            Self::Mismatch(_) => "Update NVIDIA's driver, or take an NVRTC that is no newer than it: `nvidia-smi` says of which CUDA the driver is.",
            Self::NoCard { .. } => "`ergon-worker devices` lists the cards; CUDA_VISIBLE_DEVICES may hide some, and one without its file in /dev is not seen: as root, `nvidia-modprobe -c N` makes /dev/nvidiaN.",
            Self::Capability { .. } => "Take another --backend, or leave it out: the fastest is found.",
            Self::Compile { .. } => "Install an NVRTC of CUDA 12.9, which knows newer cards.",
            Self::TooLittleMemory { .. } | Self::OutOfMemory { .. } => {
                "Take a smaller --shape, or end what else uses the card's memory (`nvidia-smi` lists it)."
            }
            Self::Apart(failure) => &failure.mend,
            Self::Hangs { .. } => {
                "Does `nvidia-smi` answer, and is the machine very busy? Restart it, or take another --backend."
            }
            Self::Lost { .. } | Self::Kernel { .. } | Self::Failed { .. } => {
                "`dmesg` and `nvidia-smi` say more. Lower its clock or its temperature; if it comes back only after a reboot, the card or its \
                 power supply is failing."
            }
        }
    }
}
