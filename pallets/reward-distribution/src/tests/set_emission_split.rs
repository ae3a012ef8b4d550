// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*, types::PerKind};
use compute_primitives::{AssetKind, CensusIndex, Emission};
use frame_support::{
    assert_noop, assert_ok,
    sp_runtime::{DispatchError, Perbill},
};

fn split(gpu: u32, hashrate: u32) -> PerKind<Perbill> {
    PerKind {
        gpu: Perbill::from_parts(gpu),
        hashrate: Perbill::from_parts(hashrate),
    }
}

#[test]
fn applies_to_the_next_draw() {
    run(|| {
        assert_eq!(
            <RewardDistribution as Emission<_>>::draw(GPU, CensusIndex(1)),
            8_000
        );
        let split = split(250_000_000, 500_000_000);
        assert_ok!(RewardDistribution::set_emission_split(
            RuntimeOrigin::root(),
            split
        ));
        assert_eq!(events().last(), Some(&Event::EmissionSplitSet { split }));
        assert_eq!(RewardDistribution::scheduled(GPU, CensusIndex(1)), 2_500);
        assert_eq!(
            <RewardDistribution as Emission<_>>::draw(GPU, CensusIndex(2)),
            2_500
        );
        assert_eq!(
            <RewardDistribution as Emission<_>>::draw(AssetKind::Hashrate, CensusIndex(2)),
            5_000
        );
    });
}

#[test]
fn is_at_most_the_whole() {
    run(|| {
        for (gpu, hashrate) in [
            (1_000_000_000, 1),
            (600_000_000, 400_000_001),
            (1_000_000_000, 1_000_000_000),
        ] {
            assert_noop!(
                RewardDistribution::set_emission_split(RuntimeOrigin::root(), split(gpu, hashrate)),
                Error::<Test>::SplitTooHigh
            );
        }
        assert_ok!(RewardDistribution::set_emission_split(
            RuntimeOrigin::root(),
            split(600_000_000, 400_000_000)
        ));
    });
}

#[test]
fn is_roots() {
    run(|| {
        for origin in [RuntimeOrigin::signed(ALICE), RuntimeOrigin::none()] {
            assert_noop!(
                RewardDistribution::set_emission_split(origin, split(0, 0)),
                DispatchError::BadOrigin
            );
        }
    });
}
