// SPDX-License-Identifier: Apache-2.0
use core::marker::PhantomData;
use frame_support::weights::Weight;

pub trait WeightInfo {
    fn transfer() -> Weight;
    fn claim() -> Weight;
    fn dissolve() -> Weight;
    fn mint() -> Weight;
    fn remove_all_liquidity() -> Weight;
}

pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T> WeightInfo for SubstrateWeight<T> {
    fn transfer() -> Weight {
        Weight::from_parts(200_000_000, 12_000)
    }
    fn claim() -> Weight {
        Weight::from_parts(200_000_000, 12_000)
    }
    fn dissolve() -> Weight {
        Weight::from_parts(400_000_000, 24_000)
    }
    fn remove_all_liquidity() -> Weight {
        Weight::from_parts(400_000_000, 24_000)
    }
    fn mint() -> Weight {
        Weight::from_parts(200_000_000, 12_000)
    }
}

impl WeightInfo for () {
    fn transfer() -> Weight {
        Weight::zero()
    }
    fn claim() -> Weight {
        Weight::zero()
    }
    fn dissolve() -> Weight {
        Weight::zero()
    }
    fn mint() -> Weight {
        Weight::zero()
    }
    fn remove_all_liquidity() -> Weight {
        Weight::zero()
    }
}
