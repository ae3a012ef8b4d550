// SPDX-License-Identifier: Apache-2.0
//! The compiler of kernels, as CUDA's run-time library.

use super::{
    card::{CudaError, Library},
    source::{Arch, Program, HEADERS},
};
use cudarc::nvrtc::{
    result::{compile_program, destroy_program, get_program_log, get_ptx, NvrtcError},
    sys,
};
use std::{
    collections::BTreeMap,
    ffi::{c_char, CString},
    sync::{Mutex, PoisonError},
};

/// Whether the library is on this machine.
pub fn is_present() -> bool {
    // SAFETY: opening the library runs NVIDIA's initializers alone, which need nothing of this process.
    unsafe { sys::is_culib_present() }
}

/// A program in the compiler's hands.
struct Compilation(sys::nvrtcProgram);

impl Drop for Compilation {
    fn drop(&mut self) {
        // SAFETY: made by `nvrtcCreateProgram`, destroyed nowhere else. There is nobody to tell of a failure.
        unsafe { destroy_program(self.0) }.ok();
    }
}

/// `program` compiled for `arch`, or for what runs on the same cards where the compiler is older: a cubin, or PTX with a zero at its end. It takes
/// a second, and is done once in a process.
///
/// # Errors
/// [`CudaError::NoLibrary`], [`CudaError::Compile`].
pub fn compiled(program: Program, arch: Arch) -> Result<Vec<u8>, CudaError> {
    static DONE: Mutex<BTreeMap<(Program, Arch), Vec<u8>>> = Mutex::new(BTreeMap::new());
    // Who panicked holding it left it as it was.
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(code) = done.get(&(program, arch)) {
        return Ok(code.clone());
    }
    if !is_present() {
        return Err(CudaError::NoLibrary(Library::Nvrtc));
    }
    let Compiled { code, .. } = compile(program, known(arch, &architectures()), &[])?;
    done.insert((program, arch), code.clone());
    Ok(code)
}

/// The architectures that the compiler knows, by number; none where it doesn't say.
fn architectures() -> Vec<i32> {
    let mut count = 0;
    // SAFETY: the library writes one number.
    if unsafe { sys::nvrtcGetNumSupportedArchs(&raw mut count) }
        .result()
        .is_err()
    {
        return Vec::new();
    }
    let mut numbers = vec![0; usize::try_from(count).unwrap_or_default()];
    // SAFETY: the library writes as many numbers as it said.
    match unsafe { sys::nvrtcGetSupportedArchs(numbers.as_mut_ptr()) }.result() {
        Ok(()) => numbers,
        Err(_) => Vec::new(),
    }
}

/// `arch`, or the nearest that the compiler knows of those that run on the same cards.
fn known(arch: Arch, architectures: &[i32]) -> Arch {
    let is_known = |arch: &Arch| {
        arch.number()
            .is_some_and(|number| architectures.contains(&number))
    };
    // What it knows of nothing, it is asked all the same: it says best what is wrong.
    std::iter::successors(Some(arch), |arch| arch.older())
        .find(is_known)
        .unwrap_or(arch)
}

/// What the compiler made.
struct Compiled {
    code: Vec<u8>,
    #[cfg_attr(not(test), allow(dead_code))]
    log: String,
}

fn compile(program: Program, arch: Arch, more: &[&str]) -> Result<Compiled, CudaError> {
    let refused = |log: String| CudaError::Compile {
        program: program.name(),
        arch: arch.name(),
        log,
    };
    let text = |text: &str| CString::new(text).map_err(|error| refused(error.to_string()));
    let failed = |error: NvrtcError| refused(error.to_string());

    let (source, name) = (text(program.text())?, text(program.name())?);
    let headers = HEADERS
        .iter()
        .map(|(_, header)| text(header))
        .collect::<Result<Vec<_>, _>>()?;
    let headers: Vec<*const c_char> = headers.iter().map(|header| header.as_ptr()).collect();
    let names = HEADERS.map(|(name, _)| name.as_ptr());
    let count = i32::try_from(HEADERS.len()).unwrap_or(i32::MAX);
    let mut handle = std::ptr::null_mut();
    // SAFETY: all strings end in a zero and live until the end of this function; both lists have `count` of them.
    unsafe {
        sys::nvrtcCreateProgram(
            &raw mut handle,
            source.as_ptr(),
            name.as_ptr(),
            count,
            headers.as_ptr(),
            names.as_ptr(),
        )
    }
    .result()
    .map_err(failed)?;
    let compilation = Compilation(handle);
    let mut options = vec![
        format!("--gpu-architecture={}", arch.name()),
        "--std=c++17".to_owned(),
    ];
    options.extend(more.iter().map(|&option| option.to_owned()));
    // SAFETY: the program was created above and is not destroyed yet; so for the calls below.
    let compiled = unsafe { compile_program(compilation.0, &options) };
    let log = unsafe { get_program_log(compilation.0) }.map(bytes);
    let log = String::from_utf8_lossy(&log.unwrap_or_default()).into_owned();
    let log = log.trim_end_matches('\0').trim().to_owned();
    if let Err(error) = compiled {
        return Err(refused(format!("{error} {log}").trim().to_owned()));
    }
    let code = match arch {
        Arch::Ptx(_) => bytes(unsafe { get_ptx(compilation.0) }.map_err(failed)?),
        Arch::Cubin(_) => {
            let mut size = 0;
            unsafe { sys::nvrtcGetCUBINSize(compilation.0, &raw mut size) }
                .result()
                .map_err(failed)?;
            let mut cubin: Vec<u8> = vec![0; size];
            // SAFETY: the library writes as many bytes as it said.
            unsafe { sys::nvrtcGetCUBIN(compilation.0, cubin.as_mut_ptr().cast()) }
                .result()
                .map_err(failed)?;
            cubin
        }
    };
    Ok(Compiled { code, log })
}

fn bytes(text: Vec<c_char>) -> Vec<u8> {
    text.into_iter()
        .map(|c| {
            let [byte] = c.to_ne_bytes();
            byte
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every architecture that is named.
    const ARCHES: [&str; 8] = [
        "sm_80", "sm_86", "sm_87", "sm_89", "sm_90a", "sm_100", "sm_103", "sm_120",
    ];

    /// Whether the library is there; where it must be, as in CI, its absence is a failure.
    fn present() -> bool {
        if !is_present() {
            assert!(
                std::env::var_os("ERGON_REQUIRE_NVRTC").is_none(),
                "ERGON_REQUIRE_NVRTC is set, and there is no NVRTC"
            );
            println!("skipped: no NVRTC here (scripts/nvrtc.sh installs it)");
        }
        is_present()
    }

    fn contains(bytes: &[u8], text: &str) -> bool {
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    }

    #[test]
    fn every_kernel_is_compiled_to_a_cubin_for_every_architecture() {
        if !present() {
            return;
        }
        let mut compiled = 0;
        for arch in ARCHES.map(Arch::Cubin) {
            for program in Program::ALL.into_iter().filter(|program| program.suits(arch)) {
                let Compiled { code: cubin, .. } =
                    compile(program, arch, &[]).unwrap_or_else(|error| panic!("{error}"));
                assert!(cubin.starts_with(b"\x7fELF"), "{program:?} {arch:?}");
                for kernel in program.kernels() {
                    assert!(
                        contains(&cubin, &format!(".text.{kernel}\0")),
                        "{kernel} {arch:?}"
                    );
                }
                compiled += 1;
            }
        }
        assert_eq!(compiled, 2 * ARCHES.len() + 1);
        println!("{compiled} cubins for {ARCHES:?}");
    }

    /// Registers that a thread of each kernel has, as the assembler reports them.
    fn registers(log: &str) -> BTreeMap<String, u32> {
        let mut kernel = None;
        let mut registers = BTreeMap::new();
        for line in log.lines() {
            if let Some((_, name)) = line.split_once("Compiling entry function '") {
                kernel = name.split('\'').next().map(str::to_owned);
            } else if let Some((_, used)) = line.split_once(": Used ") {
                let used = used.split(' ').next().unwrap().parse().unwrap();
                registers.insert(kernel.take().unwrap(), used);
            }
        }
        registers
    }

    #[test]
    fn no_kernel_spills_and_wgmma_is_not_serialized() {
        if !present() {
            return;
        }
        for arch in ARCHES.map(Arch::Cubin) {
            let mut all = BTreeMap::new();
            for program in Program::ALL.into_iter().filter(|program| program.suits(arch)) {
                // Without the second the assembler is silent about what it has seen before.
                let Compiled { log, .. } =
                    compile(program, arch, &["--ptxas-options=-v", "--no-cache"]).unwrap();
                // C7510 to C7515: where it must, it has a product of wgmma wait for the one before.
                assert!(!log.contains("Performance Loss"), "{log}");
                let kernels = program.kernels().len();
                let whole = "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads";
                assert_eq!(log.matches(whole).count(), kernels, "{log}");
                all.extend(registers(&log));
            }
            println!("{}: {all:?}", arch.name());
            // A multiprocessor has 65,536, and gives a warp whole groups of 256 of them.
            let block = |kernel: &str, threads: u32| {
                let registers = all.get(kernel).unwrap_or_else(|| panic!("{kernel}: {all:?}"));
                (32 * registers).next_multiple_of(256) * (threads / 32)
            };
            for kernel in ["inputs", "leaves", "nodes"] {
                assert!(block(kernel, 256) <= 65_536 / 4, "{kernel}");
                if Program::Wgmma.suits(arch) {
                    let beside = block("product_wgmma", 288) + block(kernel, 256);
                    assert!(beside <= 65_536, "{kernel} does not hide behind the product");
                }
            }
        }
    }

    #[test]
    fn an_architecture_that_the_compiler_does_not_know_is_replaced_by_one_that_runs_on_the_card() {
        let name = |capability, known_ones: &[i32]| known(Arch::of(capability).unwrap(), known_ones).name();
        assert_eq!(name((10, 3), &[80, 90, 100, 103]), "sm_103");
        assert_eq!(name((10, 3), &[80, 90, 100, 101]), "sm_100");
        assert_eq!(name((12, 0), &[80, 90]), "compute_90");
        assert_eq!(name((9, 0), &[80, 90]), "sm_90a");
        // None that it could make runs there: it is asked, and says so.
        assert_eq!(name((9, 0), &[70, 80]), "sm_90a");
        if present() {
            assert!(architectures().contains(&90));
        }
    }

    #[test]
    fn newer_cards_get_ptx() {
        if !present() {
            return;
        }
        for capability in [(10, 1), (11, 0), (13, 0)] {
            let arch = Arch::of(capability).unwrap();
            for program in Program::ALL.into_iter().filter(|program| program.suits(arch)) {
                let Compiled { code: ptx, .. } =
                    compile(program, arch, &[]).unwrap_or_else(|error| panic!("{error}"));
                assert!(ptx.ends_with(b"\0"));
                for kernel in program.kernels() {
                    assert!(contains(&ptx, &format!(".entry {kernel}(")), "{kernel} {arch:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_compiled_is_explained() {
        if !present() {
            return;
        }
        let error = compile(Program::Wgmma, Arch::Cubin("sm_80"), &[]).err().unwrap();
        let CudaError::Compile { log, arch, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(*arch, "sm_80");
        assert!(log.contains("sm_90"), "{log}");
        let unknown = compile(Program::Rounds, Arch::Cubin("sm_999"), &[])
            .err()
            .unwrap();
        assert!(unknown.to_string().contains("sm_999"), "{unknown}");
    }
}
