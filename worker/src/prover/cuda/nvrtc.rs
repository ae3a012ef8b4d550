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

/// `program` compiled for `arch`: a cubin, or PTX with a zero at its end. It takes a second, and is done once in a process.
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
    let code = compile(program, arch)?;
    done.insert((program, arch), code.clone());
    Ok(code)
}

fn compile(program: Program, arch: Arch) -> Result<Vec<u8>, CudaError> {
    if !is_present() {
        return Err(CudaError::NoLibrary(Library::Nvrtc));
    }
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
    let options = [
        format!("--gpu-architecture={}", arch.name()),
        "--std=c++17".to_owned(),
    ];
    // SAFETY: the program was created above and is not destroyed yet; so for the calls below.
    if let Err(error) = unsafe { compile_program(compilation.0, &options) } {
        let log = unsafe { get_program_log(compilation.0) }.map(bytes);
        let log = String::from_utf8_lossy(&log.unwrap_or_default()).into_owned();
        let log = log.trim_end_matches('\0').trim();
        return Err(refused(format!("{error} {log}").trim().to_owned()));
    }
    match arch {
        Arch::Ptx(_) => Ok(bytes(unsafe { get_ptx(compilation.0) }.map_err(failed)?)),
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
            Ok(cubin)
        }
    }
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
    const ARCHES: [&str; 7] = ["sm_80", "sm_86", "sm_89", "sm_90a", "sm_100", "sm_103", "sm_120"];

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
                let cubin = compile(program, arch).unwrap_or_else(|error| panic!("{error}"));
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

    #[test]
    fn newer_cards_get_ptx() {
        if !present() {
            return;
        }
        for capability in [(10, 1), (11, 0), (13, 0)] {
            let arch = Arch::of(capability).unwrap();
            for program in Program::ALL.into_iter().filter(|program| program.suits(arch)) {
                let ptx = compile(program, arch).unwrap_or_else(|error| panic!("{error}"));
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
        let error = compile(Program::Wgmma, Arch::Cubin("sm_80")).unwrap_err();
        let CudaError::Compile { log, arch, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(*arch, "sm_80");
        assert!(log.contains("sm_90"), "{log}");
        let unknown = compile(Program::Rounds, Arch::Cubin("sm_999")).unwrap_err();
        assert!(unknown.to_string().contains("sm_999"), "{unknown}");
    }
}
