// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*};
use frame_support::{
    assert_noop, assert_ok,
    sp_runtime::{DispatchError, Perbill},
};

fn set(fee: Perbill) -> frame_support::pallet_prelude::DispatchResult {
    RewardDistribution::set_protocol_fee(RuntimeOrigin::root(), fee)
}

#[test]
fn applies_from_now_on() {
    run(|| {
        whole_asset();
        emit(1_000);
        advance(VESTING / 2);
        assert_ok!(RewardDistribution::touch(RuntimeOrigin::signed(BOB), ASSET));
        events();
        assert_ok!(set(MAX_PROTOCOL_FEE));
        assert_eq!(
            events(),
            [Event::ProtocolFeeSet {
                fee: Perbill::from_percent(20)
            }]
        );
        advance(VESTING / 2);
        assert_eq!(pending(ALICE), 490 + 400);
    });
}

#[test]
fn is_bounded() {
    run(|| {
        assert_noop!(set(Perbill::from_parts(200_000_001)), Error::<Test>::FeeTooHigh);
        assert_ok!(set(Perbill::zero()));
        assert_eq!(ProtocolFee::<Test>::get(), Perbill::zero());
    });
}

#[test]
fn is_roots() {
    run(|| {
        for origin in [RuntimeOrigin::signed(ALICE), RuntimeOrigin::none()] {
            assert_noop!(
                RewardDistribution::set_protocol_fee(origin, Perbill::zero()),
                DispatchError::BadOrigin
            );
        }
    });
}
