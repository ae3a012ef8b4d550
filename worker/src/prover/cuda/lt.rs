// SPDX-License-Identifier: Apache-2.0
//! Products by cuBLASLt: int8 in, int32 out.

use super::{card::Multiply, plan::WORKSPACE};
use cudarc::cublaslt::{
    result::{
        create_handle, create_matmul_desc, create_matmul_pref, create_matrix_layout, destroy_handle,
        destroy_matmul_desc, destroy_matmul_pref, destroy_matrix_layout, get_matmul_algo_heuristic, matmul,
        set_matmul_desc_attribute, set_matmul_pref_attribute, CublasError,
    },
    sys,
};
use std::ffi::c_void;

/// The library, open on a card.
pub struct Lt {
    handle: sys::cublasLtHandle_t,
    /// The product that was prepared last.
    product: Option<Product>,
}

// SAFETY: the library's handles may be used by any thread, by one at a time.
unsafe impl Send for Lt {}

/// Shapes of a product, and how the library wants to compute it.
struct Product {
    rows: u32,
    columns: u32,
    k: u32,
    description: Description,
    layouts: [Layout; 3],
    algorithm: sys::cublasLtMatmulAlgo_t,
}

struct Description(sys::cublasLtMatmulDesc_t);
struct Layout(sys::cublasLtMatrixLayout_t);
struct Preference(sys::cublasLtMatmulPreference_t);

impl Drop for Description {
    fn drop(&mut self) {
        // SAFETY: made by the library, destroyed nowhere else; so below. There is nobody to tell of a failure.
        unsafe { destroy_matmul_desc(self.0) }.ok();
    }
}

impl Drop for Layout {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { destroy_matrix_layout(self.0) }.ok();
    }
}

impl Drop for Preference {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { destroy_matmul_pref(self.0) }.ok();
    }
}

impl Drop for Lt {
    fn drop(&mut self) {
        self.product = None;
        // SAFETY: as above.
        unsafe { destroy_handle(self.handle) }.ok();
    }
}

impl Lt {
    /// Opens the library on the card whose context is current. It must be present: see [`super::card::Platform::has`].
    pub fn new() -> Result<Self, CublasError> {
        Ok(Self {
            handle: create_handle()?,
            product: None,
        })
    }

    /// Puts a product into `stream`.
    ///
    /// # Safety
    /// The memory that `multiply` names is as large as it says, and lives until the stream is done.
    pub unsafe fn multiply(
        &mut self,
        multiply: &Multiply,
        stream: sys::cudaStream_t,
    ) -> Result<(), CublasError> {
        let shape = (multiply.rows, multiply.columns, multiply.k);
        let product = match self.product.take() {
            Some(product) if (product.rows, product.columns, product.k) == shape => product,
            _ => Product::new(self.handle, multiply)?,
        };
        let [b, a, out] = &product.layouts;
        let pointer = |address: u64| std::ptr::with_exposed_provenance_mut::<c_void>(size(address));
        let (one, zero) = (1i32, 0i32);
        let to = pointer(multiply.out.0);
        // SAFETY: the layouts were made for these shapes; the rest is the caller's promise. The factors are read at once.
        unsafe {
            matmul(
                self.handle,
                product.description.0,
                (&raw const one).cast(),
                (&raw const zero).cast(),
                pointer(multiply.b.0),
                b.0,
                pointer(multiply.a.0),
                a.0,
                to,
                out.0,
                to,
                out.0,
                &raw const product.algorithm,
                pointer(multiply.workspace.0),
                size(WORKSPACE),
                stream,
            )
        }?;
        self.product = Some(product);
        Ok(())
    }
}

impl Product {
    /// The library counts by columns: to it, rows of k bytes are columns of a matrix of k rows, and rows of results columns.
    /// So it computes `outᵀ = b · aᵀ`, with its first factor transposed and its second as it stands.
    fn new(handle: sys::cublasLtHandle_t, multiply: &Multiply) -> Result<Self, CublasError> {
        let Multiply { rows, columns, k, .. } = *multiply;
        let description = Description(create_matmul_desc(
            sys::cublasComputeType_t::CUBLAS_COMPUTE_32I,
            sys::cudaDataType_t::CUDA_R_32I,
        )?);
        // CUBLAS_OP_T, which the bindings of this library lack.
        let transposed = 1i32;
        // SAFETY: the description lives, and the value is of the attribute's type.
        unsafe {
            set_matmul_desc_attribute(
                description.0,
                sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_TRANSA,
                (&raw const transposed).cast(),
                size_of_val(&transposed),
            )
        }?;
        let layout = |kind, height: u32, width: u32| {
            create_matrix_layout(kind, height.into(), width.into(), height.into()).map(Layout)
        };
        let (int8, int32) = (sys::cudaDataType_t::CUDA_R_8I, sys::cudaDataType_t::CUDA_R_32I);
        let layouts = [
            layout(int8, k, columns)?,
            layout(int8, k, rows)?,
            layout(int32, columns, rows)?,
        ];
        let preference = Preference(create_matmul_pref()?);
        let workspace = size(WORKSPACE);
        // SAFETY: as above; the attribute is a size.
        unsafe {
            set_matmul_pref_attribute(
                preference.0,
                sys::cublasLtMatmulPreferenceAttributes_t::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                (&raw const workspace).cast(),
                size_of_val(&workspace),
            )
        }?;
        let [b, a, out] = &layouts;
        // SAFETY: everything handed over lives.
        let found = unsafe {
            get_matmul_algo_heuristic(handle, description.0, b.0, a.0, out.0, out.0, preference.0)
        }?;
        Ok(Self {
            rows,
            columns,
            k,
            description,
            layouts,
            algorithm: found.algo,
        })
    }
}

/// A size or an address; CUDA exists for machines of 64 bits alone.
const fn size(bytes: u64) -> usize {
    const { assert!(usize::BITS == u64::BITS) };
    bytes as usize
}
