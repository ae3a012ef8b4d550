// SPDX-License-Identifier: Apache-2.0
//! Whether a block had room for one more opening, by the rules of `frame_system::CheckWeight`.

use crate::{Config, WeightInfo};
use compute_proof::MAX_SAMPLES_LEN;
use frame_support::{dispatch::DispatchClass, traits::Get, weights::Weight};
use frame_system::{limits::BlockWeights, ConsumedWeight};

/// Bytes of an opening's extrinsic beside its samples, at the most: signature, extensions, ids, seed and top.
const EXTRINSIC_OVERHEAD: u32 = 512;

/// Whether an operational extrinsic of `weight` (call and extensions) still fits.
pub fn fits_weight(limits: &BlockWeights, mut consumed: ConsumedWeight, weight: Weight) -> bool {
    let class = limits.get(DispatchClass::Operational);
    let weight = weight.saturating_add(class.base_extrinsic);
    if consumed
        .checked_accrue(weight, DispatchClass::Operational)
        .is_err()
    {
        return false;
    }
    let of_class = *consumed.get(DispatchClass::Operational);
    let exceeds = |limit: Option<Weight>| limit.is_some_and(|limit| of_class.any_gt(limit));
    // Past the whole block's limit, what is reserved for the class still counts.
    let past_block = consumed.total().any_gt(limits.max_block);
    !(exceeds(class.max_total) || past_block && exceeds(class.reserved))
}

/// Whether this block, as it stands, has room for another opening of the largest kind.
pub fn has_room<T: Config>() -> bool {
    let len = MAX_SAMPLES_LEN.saturating_add(EXTRINSIC_OVERHEAD);
    let opening = T::WeightInfo::open_xl()
        .saturating_add(T::OpeningOverhead::get())
        .saturating_add_proof_size(len.into());
    let block_len = frame_system::Pallet::<T>::block_size().saturating_add(len);
    block_len <= *T::BlockLength::get().max.get(DispatchClass::Operational)
        && fits_weight(
            &T::BlockWeights::get(),
            frame_system::Pallet::<T>::block_weight(),
            opening,
        )
}
