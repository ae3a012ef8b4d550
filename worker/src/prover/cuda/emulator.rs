// SPDX-License-Identifier: Apache-2.0
//! A card for tests: the kernels' own sources, built for the host by the C++ compiler that is there, over memory of this
//! process. It can be told to fail.

use super::card::{
    self, Address, Arg, Card, CudaError, Event, Info, Launch, Library, Multiply, Platform, Stream,
};
use super::{
    plan::Route,
    source::{Program, HEADERS},
};
use crate::prover::ProverError;
use compute_proof::work::dot;
use rayon::prelude::*;
use std::{
    ffi::{c_char, c_int, c_void, CString},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        atomic::{AtomicU32, Ordering},
        Arc, Mutex, OnceLock,
    },
    time::Duration,
};

type LaunchFn = unsafe extern "C" fn(*const c_char, u32, u32, u32, u32, *mut *mut c_void) -> c_int;

/// The kernels, built for this machine; `None` where no C++ compiler is, after saying so. Where there must be one, as in CI, its absence is a failure.
pub fn kernels() -> Option<&'static libloading::Library> {
    static LIBRARY: OnceLock<Option<libloading::Library>> = OnceLock::new();
    LIBRARY.get_or_init(build).as_ref()
}

/// Builds the library beside this test's program, unless an earlier run has built it from the same sources.
fn build() -> Option<libloading::Library> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/prover/cuda/kernels");
    let sources = ["host.cpp", "emulator.hpp"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
    let mut all = blake2::Blake2s256::default();
    blake2::Digest::update(&mut all, std::env::consts::ARCH);
    for text in sources
        .iter()
        .map(String::as_str)
        .chain(HEADERS.iter().map(|(_, text)| *text))
        .chain(Program::ALL.map(Program::text))
    {
        blake2::Digest::update(&mut all, text);
    }
    let name = hex::encode(&blake2::Digest::finalize(all)[..8]);
    let beside = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let library = beside.join(format!("libergon-kernels-{name}.so"));
    if !library.exists() {
        compile(&folder.join("host.cpp"), &library)?;
    }
    // SAFETY: built from this repository's sources, which do nothing when loaded.
    Some(unsafe { libloading::Library::new(&library) }.unwrap())
}

fn compile(source: &Path, library: &Path) -> Option<()> {
    // Under a name of its own first: other tests may build it at the same time.
    let own: PathBuf = library.with_extension(format!("{}.so", std::process::id()));
    for compiler in ["c++", "g++", "clang++"] {
        let run = Command::new(compiler)
            .args([
                "-std=c++17",
                "-O3",
                "-U_FORTIFY_SOURCE",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-fPIC",
                "-shared",
            ])
            .arg("-o")
            .arg(&own)
            .arg(source)
            .output();
        let Ok(output) = run else { continue };
        assert!(
            output.status.success(),
            "{compiler}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        fs::rename(&own, library).unwrap();
        return Some(());
    }
    assert!(
        std::env::var_os("ERGON_REQUIRE_CXX").is_none(),
        "ERGON_REQUIRE_CXX is set, and there is no C++ compiler"
    );
    println!("skipped: no C++ compiler here");
    None
}

/// Bytes that are free on an emulated card unless a test says otherwise: class S fits, and class M does not, which takes it minutes.
const FREE: u64 = 336 << 20;

/// What goes wrong, and when.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The nth launch from now finds the card gone, and so does everything after it until it is opened again.
    LostAtLaunch(u32),
    /// The nth allocation from now finds no memory.
    NoMemoryAtAllocation(u32),
    /// So many bytes are free.
    Free(u64),
    /// The card can't be opened.
    Gone,
    /// A library is missing.
    Missing(Library),
    /// A digest of every product is off by one bit.
    Miscomputes,
    /// Kernels are logged, but not run.
    Idles,
    /// A route does not end.
    Hangs(Route),
    /// The card of this number does not say what it is.
    Mute(usize),
}

/// A machine with emulated cards.
#[derive(Clone)]
pub struct Emulator {
    pub capabilities: Vec<(u32, u32)>,
    pub faults: Arc<Mutex<Vec<Fault>>>,
    pub opened: Arc<AtomicU32>,
    /// Cards that are open, and the most that were at a time.
    pub open: Arc<Mutex<(u32, u32)>>,
    /// What was asked of the cards, in order.
    pub log: Arc<Mutex<Vec<Logged>>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Logged {
    Launch(Stream, Launch),
    Multiply(Multiply),
    Signal(Stream, Event),
    Wait(Stream, Event),
}

impl Emulator {
    /// One card of a capability. `None` where kernels can't be built.
    pub fn new(capability: (u32, u32)) -> Option<Self> {
        kernels()?;
        Some(Self::with(&[capability]))
    }

    pub fn with(capabilities: &[(u32, u32)]) -> Self {
        Self {
            capabilities: capabilities.to_vec(),
            faults: Arc::default(),
            opened: Arc::default(),
            open: Arc::default(),
            log: Arc::default(),
        }
    }

    pub fn platform(&self) -> Arc<dyn Platform> {
        Arc::new(self.clone())
    }

    pub fn fails(&self, fault: Fault) {
        self.faults.lock().unwrap().push(fault);
    }

    pub fn heals(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// Whether [`Fault::LostAtLaunch`] has come true.
    pub fn has_lost_a_card(&self) -> bool {
        self.any(|fault| matches!(fault, Fault::LostAtLaunch(0)))
    }

    fn any(&self, wanted: impl Fn(&Fault) -> bool) -> bool {
        self.faults.lock().unwrap().iter().any(wanted)
    }
}

impl Platform for Emulator {
    fn cards(&self) -> Result<Vec<Info>, CudaError> {
        if !self.has(Library::Driver) {
            return Err(CudaError::NoLibrary(Library::Driver));
        }
        let info = |(index, capability): (usize, &(u32, u32))| Info {
            index,
            name: "Emulated card".into(),
            uuid: card::uuid([0; 16]),
            capability: *capability,
            memory: 1 << 34,
        };
        let is_mute = |index| self.any(|fault| matches!(fault, Fault::Mute(mute) if *mute == index));
        match self.capabilities.len() {
            0 => Err(CudaError::NoCard { index: 0, count: 0 }),
            _ => Ok(self
                .capabilities
                .iter()
                .enumerate()
                .filter(|(index, _)| !is_mute(*index))
                .map(info)
                .collect()),
        }
    }

    fn card(&self, index: usize) -> Result<Info, CudaError> {
        let card = self.cards()?.into_iter().find(|card| card.index == index);
        let count = self.capabilities.len();
        card.ok_or_else(|| match index < count {
            true => CudaError::Failed {
                what: "describe itself",
                reason: "CUDA_ERROR_UNKNOWN".into(),
            },
            false => CudaError::NoCard { index, count },
        })
    }

    fn open(&self, index: usize, _first: Stream) -> Result<Box<dyn Card>, CudaError> {
        let info = self.card(index)?;
        if self.any(|fault| matches!(fault, Fault::Gone)) {
            return Err(CudaError::Lost {
                what: "open it",
                reason: "CUDA_ERROR_DEVICE_UNAVAILABLE".into(),
            });
        }
        if !self.has(Library::Nvrtc) {
            return Err(CudaError::NoLibrary(Library::Nvrtc));
        }
        self.opened.fetch_add(1, Ordering::Relaxed);
        {
            let mut open = self.open.lock().unwrap();
            *open = (open.0 + 1, open.1.max(open.0 + 1));
        }
        Ok(Box::new(EmulatedCard {
            emulator: self.clone(),
            info,
            kernels: Vec::new(),
            memory: Vec::new(),
            lost: false,
        }))
    }

    fn measure(&self, index: usize, route: Route) -> Result<u64, ProverError> {
        if self.any(|fault| matches!(fault, Fault::Hangs(hanging) if *hanging == route)) {
            let limit = Duration::ZERO;
            return Err(CudaError::Hangs { route, limit }.into());
        }
        super::measure(&self.platform(), index, route)
    }

    fn has(&self, library: Library) -> bool {
        !self.any(|fault| matches!(fault, Fault::Missing(missing) if *missing == library))
    }
}

struct EmulatedCard {
    emulator: Emulator,
    info: Info,
    kernels: Vec<&'static str>,
    memory: Vec<Vec<[u8; 256]>>,
    lost: bool,
}

impl Drop for EmulatedCard {
    fn drop(&mut self) {
        self.emulator.open.lock().unwrap().0 -= 1;
    }
}

impl EmulatedCard {
    fn alive(&self, what: &'static str) -> Result<(), CudaError> {
        match self.lost {
            false => Ok(()),
            true => Err(CudaError::Lost {
                what,
                reason: "CUDA_ERROR_ECC_UNCORRECTABLE".into(),
            }),
        }
    }

    fn log(&self, logged: Logged) {
        self.emulator.log.lock().unwrap().push(logged);
    }

    /// Memory of the card that must hold all `bytes` from `at`.
    fn memory(&self, at: Address, bytes: u64) -> *mut u8 {
        let inside = self.memory.iter().any(|part| {
            let start = part.as_ptr() as u64;
            start <= at.0 && at.0 + bytes <= start + part.len() as u64 * 256
        });
        assert!(inside, "{bytes} bytes from {at:?} are not the card's");
        std::ptr::with_exposed_provenance_mut(usize::try_from(at.0).unwrap())
    }
}

impl Card for EmulatedCard {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&mut self, program: Program) -> Result<(), CudaError> {
        self.kernels.extend(program.kernels());
        Ok(())
    }

    fn free_memory(&mut self) -> Result<u64, CudaError> {
        let faults = self.emulator.faults.lock().unwrap();
        Ok(faults
            .iter()
            .find_map(|fault| match fault {
                Fault::Free(bytes) => Some(*bytes),
                _ => None,
            })
            .unwrap_or(FREE))
    }

    fn release(&mut self) -> Result<(), CudaError> {
        self.memory.clear();
        self.alive("give back memory")
    }

    fn allocate(&mut self, bytes: u64) -> Result<Address, CudaError> {
        for fault in self.emulator.faults.lock().unwrap().iter_mut() {
            if let Fault::NoMemoryAtAllocation(left) = fault {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return Err(CudaError::OutOfMemory { bytes });
                }
            }
        }
        assert!(bytes > 0);
        // Pages that nothing writes are never there: even the largest class can be allocated.
        let lines = usize::try_from(bytes.div_ceil(256)).unwrap();
        let part: Vec<[u8; 256]> = vec![[0; 256]; lines + 1];
        let start = part.as_ptr().expose_provenance() as u64;
        self.memory.push(part);
        Ok(Address(start.next_multiple_of(256)))
    }

    fn upload(&mut self, to: Address, bytes: &[u8]) -> Result<(), CudaError> {
        self.alive("take data")?;
        let to = self.memory(to, bytes.len() as u64);
        // SAFETY: checked to be the card's memory, which nothing else refers to.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(())
    }

    fn download(&mut self, from: Address, into: &mut [u8]) -> Result<(), CudaError> {
        self.alive("give data")?;
        let from = self.memory(from, into.len() as u64);
        // SAFETY: as above.
        unsafe { into.as_mut_ptr().copy_from_nonoverlapping(from, into.len()) };
        Ok(())
    }

    fn launch(&mut self, stream: Stream, launch: &Launch) -> Result<(), CudaError> {
        self.alive("start a kernel")?;
        for fault in self.emulator.faults.lock().unwrap().iter_mut() {
            if let Fault::LostAtLaunch(left) = fault {
                *left = left.saturating_sub(1);
                self.lost |= *left == 0;
            }
        }
        assert!(
            self.kernels.contains(&launch.kernel),
            "{} is loaded",
            launch.kernel
        );
        self.log(Logged::Launch(stream, launch.clone()));
        // A card that is lost is found out later, as the real one's work is not waited for.
        if self.lost || self.emulator.any(|fault| matches!(fault, Fault::Idles)) {
            return Ok(());
        }
        run(launch, 0..launch.blocks);
        if launch.kernel.starts_with("product")
            && self.emulator.any(|fault| matches!(fault, Fault::Miscomputes))
        {
            let Some(Arg::Memory(digests)) = launch.args.get(2) else {
                panic!("{launch:?}")
            };
            // SAFETY: checked to be the card's memory.
            unsafe { *self.memory(*digests, 1) ^= 1 };
        }
        Ok(())
    }

    fn multiply(&mut self, multiply: &Multiply) -> Result<(), CudaError> {
        self.alive("multiply")?;
        if !self.emulator.has(Library::CublasLt) {
            return Err(CudaError::NoLibrary(Library::CublasLt));
        }
        self.log(Logged::Multiply(*multiply));
        let (rows, columns, k) = (
            u64::from(multiply.rows),
            u64::from(multiply.columns),
            u64::from(multiply.k),
        );
        let len = |size: u64| usize::try_from(size).unwrap();
        // SAFETY: checked to be the card's memory, and three parts of it.
        let (a, b, out) = unsafe {
            (
                std::slice::from_raw_parts(self.memory(multiply.a, rows * k), len(rows * k)),
                std::slice::from_raw_parts(self.memory(multiply.b, columns * k), len(columns * k)),
                std::slice::from_raw_parts_mut(
                    self.memory(multiply.out, 4 * rows * columns).cast::<i32>(),
                    len(rows * columns),
                ),
            )
        };
        out.par_chunks_exact_mut(len(columns))
            .zip(a.par_chunks_exact(len(k)))
            .for_each(|(out, row)| {
                for (cell, column) in out.iter_mut().zip(b.chunks_exact(len(k))) {
                    *cell = dot(row, column);
                }
            });
        Ok(())
    }

    fn signal(&mut self, stream: Stream, event: Event) -> Result<(), CudaError> {
        self.log(Logged::Signal(stream, event));
        Ok(())
    }

    fn wait(&mut self, stream: Stream, event: Event) -> Result<(), CudaError> {
        self.log(Logged::Wait(stream, event));
        Ok(())
    }

    fn finish(&mut self) -> Result<(), CudaError> {
        self.alive("compute")
    }
}

/// Runs some blocks of a kernel, on all cores.
pub fn run(launch: &Launch, blocks: std::ops::Range<u32>) {
    let library = kernels().expect("an emulator exists where kernels can be built");
    // SAFETY: the function has this signature in host.cpp.
    let function = unsafe { library.get::<LaunchFn>(b"ergon_launch\0") }.unwrap();
    let name = CString::new(launch.kernel).unwrap();
    let mut values: Vec<u64> = launch
        .args
        .iter()
        .map(|arg| match arg {
            Arg::Memory(Address(at)) => *at,
            Arg::Number(number) => u64::from(*number),
        })
        .collect();
    // On machines whose low bytes come first a pointer to an u64 is one to its u32, too.
    let pointers: Vec<usize> = values
        .iter_mut()
        .map(|value| (&raw mut *value).expose_provenance())
        .collect();
    const AT_ONCE: u32 = 16;
    let end = blocks.end;
    let parts: Vec<u32> = blocks.step_by(AT_ONCE as usize).collect();
    parts.into_par_iter().for_each(|first| {
        let mut arguments: Vec<*mut c_void> = pointers
            .iter()
            .map(|pointer| std::ptr::with_exposed_provenance_mut(*pointer))
            .collect();
        // The last part of a range of blocks may be shorter.
        let count = AT_ONCE.min(end - first);
        // SAFETY: the arguments are those that the kernel takes; blocks write to places of their own.
        let known = unsafe {
            function(
                name.as_ptr(),
                first,
                count,
                launch.threads,
                launch.shared,
                arguments.as_mut_ptr(),
            )
        };
        assert_eq!(known, 1, "{}", launch.kernel);
    });
}
