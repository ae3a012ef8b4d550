// SPDX-License-Identifier: Apache-2.0
//! Everything that can fail, and what is said of it.

use super::*;

fn cuda_error(result: Result<impl Sized, ProverError>) -> CudaError {
    match result {
        Err(ProverError::Cuda(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("no error"),
    }
}

#[test]
fn a_machine_without_card_driver_or_compiler_is_told_what_it_lacks() {
    let none = Emulator::with(&[]);
    let error = cuda_error(Cuda::fastest(&none.platform(), 0));
    assert_eq!(error, CudaError::NoCard { index: 0, count: 0 });

    let old = Emulator::with(&[(7, 5)]);
    let error = cuda_error(Cuda::fastest(&old.platform(), 0));
    assert!(error.to_string().contains("7.5"), "{error}");

    for library in [Library::Driver, Library::Nvrtc] {
        let emulator = Emulator::with(&[HOPPER]);
        emulator.fails(Fault::Missing(library));
        let error = cuda_error(Cuda::fastest(&emulator.platform(), 0));
        assert_eq!(error, CudaError::NoLibrary(library));
        assert!(error.mend().contains("nstall"));
    }

    let one = Emulator::with(&[HOPPER]);
    let error = cuda_error(Cuda::new(&one.platform(), 3, Route::Mma));
    assert_eq!(error, CudaError::NoCard { index: 3, count: 1 });
}

#[test]
fn a_class_that_does_not_fit_is_refused_before_anything_is_taken_and_a_smaller_one_goes_on() {
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    let mut cuda = Cuda::unchecked(&emulator.platform(), 0, Route::Mma);
    let right = cuda.root(Class::Xs, &seed(1)).unwrap();
    emulator.fails(Fault::Free(2 << 30));
    let error = cuda_error(cuda.root(Class::Xl, &seed(1)));
    assert_eq!(
        error,
        CudaError::TooLittleMemory {
            class: Class::Xl,
            needed: 2816,
            free: 2048
        }
    );
    assert!(error.is_memory());
    assert_eq!(cuda.root(Class::Xs, &seed(1)).unwrap(), right);
    assert_eq!(emulator.opened.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[test]
fn memory_that_runs_out_all_the_same_is_an_error_and_is_got_over() {
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    let mut cuda = Cuda::unchecked(&emulator.platform(), 0, Route::Mma);
    let right = cuda.root(Class::Xs, &seed(1)).unwrap();
    for at in 1..=12 {
        emulator.heals();
        emulator.fails(Fault::NoMemoryAtAllocation(at));
        let error = cuda_error(cuda.root(Class::S, &seed(1)));
        assert!(matches!(error, CudaError::OutOfMemory { bytes: 1.. }), "{error}");
    }
    emulator.heals();
    assert_eq!(cuda.root(Class::Xs, &seed(1)).unwrap(), right);
}

#[test]
fn a_card_that_disappears_in_a_round_is_an_error_and_is_opened_anew_when_it_is_back() {
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    let mut cuda = Cuda::unchecked(&emulator.platform(), 0, Route::Mma);
    let key = seed(1);
    let right = cuda.roots(Class::Xs, &key, 1, [ZERO, ZERO], 4).unwrap();
    for at in 1..=16 {
        emulator.heals();
        emulator.fails(Fault::LostAtLaunch(at));
        let error = cuda_error(cuda.roots(Class::Xs, &key, 1, [ZERO, ZERO], 4));
        assert!(matches!(error, CudaError::Lost { .. }), "{at}: {error}");
        assert!(error.to_string().contains("CUDA_ERROR_ECC_UNCORRECTABLE"));
        emulator.heals();
        emulator.fails(Fault::Gone);
        let error = cuda_error(cuda.root(Class::Xs, &key));
        assert!(matches!(error, CudaError::Lost { .. }), "{error}");
    }
    emulator.heals();
    assert_eq!(cuda.roots(Class::Xs, &key, 1, [ZERO, ZERO], 4).unwrap(), right);
}

#[test]
fn a_card_that_computes_wrongly_fails_the_known_answers() {
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    emulator.fails(Fault::Miscomputes);
    emulator.fails(Fault::Missing(Library::CublasLt));
    let error = Cuda::new(&emulator.platform(), 0, Route::Mma).err().unwrap();
    assert!(
        matches!(
            error,
            ProverError::KnownAnswers {
                backend: "cuda-mma",
                ..
            }
        ),
        "{error}"
    );
    assert!(Cuda::fastest(&emulator.platform(), 0).is_err());
}

#[test]
fn every_failure_says_what_mends_it() {
    let errors = [
        CudaError::NoLibrary(Library::Driver),
        CudaError::NoLibrary(Library::Nvrtc),
        CudaError::NoLibrary(Library::CublasLt),
        CudaError::Driver("x".into()),
        CudaError::NoCard { index: 1, count: 1 },
        CudaError::OutOfMemory { bytes: 1 },
        CudaError::NotReady("x".into()),
        CudaError::Taken("x".into()),
        CudaError::Mismatch("x".into()),
        CudaError::Hangs {
            route: Route::Mma,
            limit: Duration::ZERO,
        },
        CudaError::Lost {
            what: "compute",
            reason: "x".into(),
        },
    ];
    let mends: BTreeSet<&str> = errors.iter().map(CudaError::mend).collect();
    assert_eq!(mends.len(), errors.len());
    assert_eq!((group(Class::Xs), groups(Class::Xs)), (64, 1));
    assert_eq!((group(Class::Xl), groups(Class::Xl)), (512, 8192));
}
