// SPDX-License-Identifier: Apache-2.0
//! Cards by CUDA's own libraries, as they are found on this machine.

use super::{
    apart,
    card::{
        self, Address, Arg, Card, CudaError, Event, Info, Launch, Library, Multiply, Platform, Slot, Stream,
    },
    lt::Lt,
    nvrtc,
    plan::Route,
    source::{Arch, Program},
};
use crate::prover::ProverError;
use cudarc::{
    cublaslt,
    driver::{
        result::{self, DriverError},
        sys::{self, CUdevice_attribute, CUfunction_attribute, CUresult},
        CudaContext, CudaEvent, CudaFunction, CudaStream,
    },
    nvrtc::Ptx,
};
use std::{
    collections::HashMap,
    panic::{catch_unwind, AssertUnwindSafe},
    sync::Arc,
};

/// This machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cards;

impl Platform for Cards {
    fn cards(&self) -> Result<Vec<Info>, CudaError> {
        guarded("list the cards", || {
            let (mut cards, mut failure) = (Vec::new(), None);
            // A card that does not even say what it is hides none of the others.
            for ordinal in 0..count()? {
                match describe(ordinal) {
                    Ok(card) => cards.push(card),
                    Err(error) => {
                        tracing::warn!(card = ordinal, "{error}");
                        failure.get_or_insert(error);
                    }
                }
            }
            match failure {
                Some(error) if cards.is_empty() => Err(error),
                _ => Ok(cards),
            }
        })
    }

    fn card(&self, index: usize) -> Result<Info, CudaError> {
        guarded("describe itself", || {
            let count = count()?;
            match i32::try_from(index) {
                Ok(ordinal) if ordinal < count => describe(ordinal),
                _ => Err(CudaError::NoCard {
                    index,
                    count: usize::try_from(count).unwrap_or_default(),
                }),
            }
        })
    }

    fn open(&self, index: usize, first: Stream) -> Result<Box<dyn Card>, CudaError> {
        guarded("open it", || {
            let info = self.card(index)?;
            if !self.has(Library::Nvrtc) {
                return Err(CudaError::NoLibrary(Library::Nvrtc));
            }
            Ok(Box::new(Opened::new(info, first)?) as Box<dyn Card>)
        })
    }

    fn measure(&self, index: usize, route: Route) -> Result<u64, ProverError> {
        apart::measure(index, route)
    }

    fn has(&self, library: Library) -> bool {
        // SAFETY: opening a library runs NVIDIA's initializers alone, which need nothing of this process.
        unsafe {
            match library {
                Library::Driver => sys::is_culib_present(),
                Library::Nvrtc => nvrtc::is_present(),
                Library::CublasLt => cublaslt::sys::is_culib_present(),
            }
        }
    }
}

/// The bindings panic where a library lacks a function, as old ones do: that is an error like any other.
fn guarded<T>(what: &'static str, work: impl FnOnce() -> Result<T, CudaError>) -> Result<T, CudaError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let reason = text.unwrap_or("the libraries don't fit together").to_owned();
        Err(CudaError::Failed { what, reason })
    })
}

/// Starts the driver; may be called any number of times.
fn start() -> Result<(), CudaError> {
    if !Cards.has(Library::Driver) {
        return Err(CudaError::NoLibrary(Library::Driver));
    }
    result::init().map_err(|error| match error.0 {
        CUresult::CUDA_ERROR_NO_DEVICE => CudaError::NoCard { index: 0, count: 0 },
        CUresult::CUDA_ERROR_SYSTEM_NOT_READY => CudaError::NotReady(explain(&error)),
        _ => CudaError::Driver(explain(&error)),
    })
}

/// How many cards the driver knows.
fn count() -> Result<i32, CudaError> {
    start()?;
    result::device::get_count().map_err(of("count the cards"))
}

fn describe(ordinal: i32) -> Result<Info, CudaError> {
    let failed = of("describe itself");
    let device = result::device::get(ordinal).map_err(&failed)?;
    let attribute = |attribute| {
        // SAFETY: the driver gave out this device.
        let value = unsafe { result::device::get_attribute(device, attribute) }.map_err(&failed)?;
        Ok(u32::try_from(value).unwrap_or_default())
    };
    let uuid = result::device::get_uuid(device).map_err(&failed)?;
    // SAFETY: as above.
    let memory = unsafe { result::device::total_mem(device) }.map_err(&failed)?;
    Ok(Info {
        index: usize::try_from(ordinal).unwrap_or_default(),
        name: result::device::get_name(device).map_err(&failed)?,
        uuid: card::uuid(uuid.bytes.map(|byte| {
            let [byte] = byte.to_ne_bytes();
            byte
        })),
        capability: (
            attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ),
        memory: u64::try_from(memory).unwrap_or(u64::MAX),
    })
}

/// What the driver calls an error.
fn explain(error: &DriverError) -> String {
    let text = error.error_string().ok().and_then(|text| text.to_str().ok());
    format!("{:?}: {}", error.0, text.unwrap_or("no explanation"))
}

/// The error of a call of the driver.
fn of(what: &'static str) -> impl Fn(DriverError) -> CudaError {
    move |error| classify(what, error.0, || explain(&error))
}

/// Whether an error leaves a card that can be worked with.
fn classify(what: &'static str, error: CUresult, reason: impl FnOnce() -> String) -> CudaError {
    match error {
        CUresult::CUDA_ERROR_OUT_OF_MEMORY => CudaError::OutOfMemory { bytes: 0 },
        CUresult::CUDA_ERROR_SYSTEM_NOT_READY => CudaError::NotReady(reason()),
        CUresult::CUDA_ERROR_DEVICE_UNAVAILABLE => CudaError::Taken(reason()),
        CUresult::CUDA_ERROR_NO_BINARY_FOR_GPU
        | CUresult::CUDA_ERROR_INVALID_IMAGE
        | CUresult::CUDA_ERROR_INVALID_PTX
        | CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION
        | CUresult::CUDA_ERROR_JIT_COMPILER_NOT_FOUND => CudaError::Mismatch(reason()),
        CUresult::CUDA_ERROR_SYSTEM_DRIVER_MISMATCH => CudaError::Driver(reason()),
        CUresult::CUDA_ERROR_ILLEGAL_ADDRESS
        | CUresult::CUDA_ERROR_ILLEGAL_INSTRUCTION
        | CUresult::CUDA_ERROR_MISALIGNED_ADDRESS
        | CUresult::CUDA_ERROR_INVALID_ADDRESS_SPACE
        | CUresult::CUDA_ERROR_HARDWARE_STACK_ERROR
        | CUresult::CUDA_ERROR_INVALID_PC
        | CUresult::CUDA_ERROR_ASSERT
        | CUresult::CUDA_ERROR_LAUNCH_FAILED => CudaError::Kernel {
            what,
            reason: reason(),
        },
        CUresult::CUDA_ERROR_NO_DEVICE
        | CUresult::CUDA_ERROR_INVALID_DEVICE
        | CUresult::CUDA_ERROR_ECC_UNCORRECTABLE
        | CUresult::CUDA_ERROR_NVLINK_UNCORRECTABLE
        | CUresult::CUDA_ERROR_CONTAINED
        | CUresult::CUDA_ERROR_MPS_CLIENT_TERMINATED
        | CUresult::CUDA_ERROR_EXTERNAL_DEVICE
        | CUresult::CUDA_ERROR_LAUNCH_TIMEOUT
        | CUresult::CUDA_ERROR_CONTEXT_IS_DESTROYED
        | CUresult::CUDA_ERROR_TIMEOUT
        | CUresult::CUDA_ERROR_UNKNOWN => CudaError::Lost {
            what,
            reason: reason(),
        },
        _ => CudaError::Failed {
            what,
            reason: reason(),
        },
    }
}

/// An open card. Fields are dropped in order: what hangs on the context before the context.
struct Opened {
    info: Info,
    arch: Arch,
    lt: Option<Lt>,
    kernels: HashMap<&'static str, CudaFunction>,
    inputs: [CudaEvent; 2],
    digests: [CudaEvent; 2],
    product: Arc<CudaStream>,
    side: Arc<CudaStream>,
    memory: Vec<sys::CUdeviceptr>,
    context: Arc<CudaContext>,
}

impl Opened {
    fn new(info: Info, first: Stream) -> Result<Self, CudaError> {
        let failed = of("open it");
        let (major, minor) = info.capability;
        let arch = Arch::of(info.capability).ok_or(CudaError::Capability {
            route: "the CUDA backend",
            needs: "compute capability 8.0 or more (Ampere)",
            major,
            minor,
        })?;
        let context = CudaContext::new(info.index).map_err(&failed)?;
        // Waiting for a round should not keep a core busy. A card that others use too may have it settled otherwise.
        // Drivers older than 12.1 lack the call.
        let settle = || context.set_blocking_synchronize().map_err(of("wait idly"));
        if let Err(error) = guarded("wait idly", settle) {
            tracing::debug!("waits actively: {error}");
        }
        let event = || context.new_event(None).map_err(&failed);
        // Lower numbers go first.
        let (least, greatest) = result::stream::get_priority_range().map_err(&failed)?;
        let stream = |stream| {
            let priority = if stream == first { greatest } else { least };
            context.new_stream_with_priority(priority).map_err(&failed)
        };
        Ok(Self {
            arch,
            lt: None,
            kernels: HashMap::new(),
            inputs: [event()?, event()?],
            digests: [event()?, event()?],
            product: stream(Stream::Product)?,
            side: stream(Stream::Side)?,
            memory: Vec::new(),
            context,
            info,
        })
    }

    fn synchronize(&self) -> Result<(), CudaError> {
        let failed = of("compute");
        self.product.synchronize().map_err(&failed)?;
        self.side.synchronize().map_err(&failed)
    }

    fn stream(&self, stream: Stream) -> &Arc<CudaStream> {
        match stream {
            Stream::Product => &self.product,
            Stream::Side => &self.side,
        }
    }

    fn event(&self, event: Event) -> &CudaEvent {
        let (events, slot) = match event {
            Event::Inputs(slot) => (&self.inputs, slot),
            Event::Digests(slot) => (&self.digests, slot),
        };
        match slot {
            Slot::Even => &events[0],
            Slot::Odd => &events[1],
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // Of a card that is lost nothing can be given back; the driver does it with the context.
        if let Err(error) = self.release() {
            tracing::debug!("{error}");
        }
    }
}

impl Card for Opened {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&mut self, program: Program) -> Result<(), CudaError> {
        guarded("load its kernels", || {
            let failed = of("load its kernels");
            let code = nvrtc::compiled(program, self.arch)?;
            // Both cubin and PTX are loaded from memory; PTX ends in a zero.
            let module = self
                .context
                .load_module(Ptx::from_binary(code))
                .map_err(&failed)?;
            for kernel in program.kernels() {
                let function = module.load_function(kernel).map_err(&failed)?;
                self.kernels.insert(kernel, function);
            }
            Ok(())
        })
    }

    fn free_memory(&mut self) -> Result<u64, CudaError> {
        let (free, _) = self.context.mem_get_info().map_err(of("say what is free"))?;
        Ok(u64::try_from(free).unwrap_or(u64::MAX))
    }

    fn release(&mut self) -> Result<(), CudaError> {
        if self.memory.is_empty() {
            return Ok(());
        }
        let failed = of("give back memory");
        self.finish()?;
        for at in self.memory.drain(..) {
            // SAFETY: had from `malloc_sync`, freed nowhere else, and no stream uses it: both are done.
            unsafe { result::free_sync(at) }.map_err(&failed)?;
        }
        Ok(())
    }

    fn allocate(&mut self, bytes: u64) -> Result<Address, CudaError> {
        let failed = of("give memory");
        self.context.bind_to_thread().map_err(&failed)?;
        let size = usize::try_from(bytes).map_err(|_| CudaError::OutOfMemory { bytes })?;
        // SAFETY: the memory is read only where a kernel or an upload wrote it.
        let at = unsafe { result::malloc_sync(size) }.map_err(|error| match failed(error) {
            CudaError::OutOfMemory { .. } => CudaError::OutOfMemory { bytes },
            other => other,
        })?;
        self.memory.push(at);
        Ok(Address(at))
    }

    fn upload(&mut self, to: Address, bytes: &[u8]) -> Result<(), CudaError> {
        let failed = of("take data");
        self.context.bind_to_thread().map_err(&failed)?;
        // In the stream that reads it first; and waited for, as the bytes are the caller's.
        // SAFETY: `to` is memory of this card that is large enough, as the plan has it.
        unsafe { result::memcpy_htod_async(to.0, bytes, self.side.cu_stream()) }.map_err(&failed)?;
        self.side.synchronize().map_err(&failed)
    }

    fn download(&mut self, from: Address, into: &mut [u8]) -> Result<(), CudaError> {
        let failed = of("give data");
        self.context.bind_to_thread().map_err(&failed)?;
        // SAFETY: as above.
        unsafe { result::memcpy_dtoh_sync(into, from.0) }.map_err(&failed)
    }

    fn launch(&mut self, stream: Stream, launch: &Launch) -> Result<(), CudaError> {
        let failed = of("start a kernel");
        let unknown = || CudaError::Failed {
            what: "start a kernel",
            reason: format!("{} is not loaded", launch.kernel),
        };
        let function = self.kernels.get(launch.kernel).ok_or_else(unknown)?;
        self.context.bind_to_thread().map_err(&failed)?;
        if launch.shared > 48 << 10 {
            let bytes = i32::try_from(launch.shared).unwrap_or(i32::MAX);
            let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            function.set_attribute(attribute, bytes).map_err(&failed)?;
            // All that there can be, in percent: not just enough for this kernel, or none is left for one beside it.
            let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
            function.set_attribute(attribute, 100).map_err(&failed)?;
        }
        let config = cudarc::driver::LaunchConfig {
            grid_dim: (launch.blocks, 1, 1),
            block_dim: (launch.threads, 1, 1),
            shared_mem_bytes: launch.shared,
        };
        let mut builder = self.stream(stream).launch_builder(function);
        for arg in &launch.args {
            match arg {
                Arg::Memory(Address(at)) => cudarc::driver::PushKernelArg::arg(&mut builder, at),
                Arg::Number(number) => cudarc::driver::PushKernelArg::arg(&mut builder, number),
            };
        }
        // SAFETY: arguments and sizes are those of the plan, which tests hold to the kernels on the host.
        unsafe { builder.launch(config) }.map_err(&failed)?;
        Ok(())
    }

    fn multiply(&mut self, multiply: &Multiply) -> Result<(), CudaError> {
        if self.lt.is_none() && !Cards.has(Library::CublasLt) {
            return Err(CudaError::NoLibrary(Library::CublasLt));
        }
        guarded("multiply", || {
            let lt = self.lt.take();
            // What the card says itself goes before what the library makes of it.
            let failed = |error: cublaslt::result::CublasError| match self.synchronize() {
                Err(error) => error,
                Ok(()) if error.0 == cublaslt::sys::cublasStatus_t::CUBLAS_STATUS_ALLOC_FAILED => {
                    CudaError::OutOfMemory { bytes: 0 }
                }
                Ok(()) => CudaError::Failed {
                    what: "multiply",
                    reason: error.to_string(),
                },
            };
            self.context.bind_to_thread().map_err(of("multiply"))?;
            let mut lt = match lt {
                Some(lt) => lt,
                None => Lt::new().map_err(&failed)?,
            };
            let stream = self.product.cu_stream().cast();
            // SAFETY: addresses and sizes are those of the plan, and its memory lives until both streams are done.
            unsafe { lt.multiply(multiply, stream) }.map_err(&failed)?;
            self.lt = Some(lt);
            Ok(())
        })
    }

    fn signal(&mut self, stream: Stream, event: Event) -> Result<(), CudaError> {
        let recorded = self.event(event).record(self.stream(stream));
        recorded.map_err(of("signal"))
    }

    fn wait(&mut self, stream: Stream, event: Event) -> Result<(), CudaError> {
        let waiting = self.stream(stream).wait(self.event(event));
        waiting.map_err(of("wait"))
    }

    fn finish(&mut self) -> Result<(), CudaError> {
        self.synchronize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_on_this_machine_is_said_and_nothing_panics() {
        match Cards.cards() {
            Ok(cards) => assert!(!cards.is_empty()),
            Err(error) => {
                println!("no card here: {error}");
                assert_eq!(
                    matches!(error, CudaError::NoLibrary(Library::Driver)),
                    !Cards.has(Library::Driver)
                );
                assert!(Cards.open(0, Stream::Side).is_err());
                assert!(!error.mend().is_empty());
            }
        }
    }

    #[test]
    fn a_panic_of_the_bindings_is_an_error() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let result = guarded::<()>("open it", || panic!("Missing symbol {}", "cuNew"));
        std::panic::set_hook(hook);
        assert_eq!(
            result,
            Err(CudaError::Failed {
                what: "open it",
                reason: "Missing symbol cuNew".into()
            })
        );
    }

    #[test]
    fn errors_after_which_a_card_is_unusable_are_told_from_others() {
        let of = |error| classify("compute", error, || "x".into());
        let lost = |error| matches!(of(error), CudaError::Lost { .. });
        assert!(lost(CUresult::CUDA_ERROR_ECC_UNCORRECTABLE));
        for error in [
            CUresult::CUDA_ERROR_DEVICE_UNAVAILABLE,
            CUresult::CUDA_ERROR_SYSTEM_NOT_READY,
        ] {
            assert!(!lost(error) && of(error).may_pass());
        }
        assert_eq!(
            of(CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION),
            CudaError::Mismatch("x".into())
        );
        assert!(!of(CUresult::CUDA_ERROR_INVALID_IMAGE).may_pass());
        for error in [
            CUresult::CUDA_ERROR_ILLEGAL_ADDRESS,
            CUresult::CUDA_ERROR_INVALID_ADDRESS_SPACE,
        ] {
            // Another process would meet the same.
            assert!(of(error).is_loss() && !of(error).may_pass());
        }
        assert!(lost(CUresult::CUDA_ERROR_UNKNOWN));
        assert!(!lost(CUresult::CUDA_ERROR_INVALID_VALUE));
        assert!(of(CUresult::CUDA_ERROR_OUT_OF_MEMORY).is_memory());
    }
}
