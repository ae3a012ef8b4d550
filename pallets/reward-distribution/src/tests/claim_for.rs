// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*};
use frame_support::{assert_noop, assert_ok, sp_runtime::DispatchError, traits::fungible::Inspect};

fn claim_for(who: AccountId) -> frame_support::pallet_prelude::DispatchResult {
    RewardDistribution::claim_for(RuntimeOrigin::signed(CHARLIE), ASSET, who)
}

#[test]
fn anyone_pushes_a_holders_income_to_it() {
    run(|| {
        whole_asset();
        earn(1_000);
        events();
        let before = Balances::balance(&CHARLIE);
        assert_ok!(claim_for(ALICE));
        assert_eq!(
            events(),
            [Event::Claimed {
                asset: ASSET,
                who: ALICE,
                amount: 980
            }]
        );
        assert_eq!(Balances::balance(&ALICE), ENDOWMENT + 980);
        assert_eq!(Balances::balance(&CHARLIE), before);
    });
}

#[test]
fn needs_a_signature() {
    run(|| {
        assert_noop!(
            RewardDistribution::claim_for(RuntimeOrigin::none(), ASSET, ALICE),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn fails_as_a_claim_does() {
    run(|| {
        assert_noop!(claim_for(ALICE), Error::<Test>::NothingToClaim);
        whole_asset();
        Assets::set_owner(ASSET, Some(POOR));
        no_fees();
        earn(ED - 1);
        assert_noop!(claim_for(POOR), Error::<Test>::BelowExistentialDeposit);
        Fractions::write_supply(ASSET, Some(1));
        Fractions::write(ASSET, BOB, 1);
        assert_noop!(claim_for(BOB), Error::<Test>::Unsettled);
        Fractions::write(ASSET, BOB, 0);
        Fractions::write_supply(ASSET, None);
    });
}
