// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::Owed;
use frame_support::traits::fungible::Mutate as _;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, TokenError};

fn claim(who: AccountId) -> DispatchResult {
    dispatch(|| FractionalOwnership::claim_owed(RuntimeOrigin::signed(BOB), GPU, who))
}

/// Dave has no currency, and 98 are owed to him.
fn open_debt() {
    open_vault();
    give_fractions(DAVE, 1);
    sell(CAROL, 98_000);
    assert_ok!(cash_out_for(DAVE));
    System::reset_events();
}

#[test]
fn what_is_owed_should_be_paid_once_the_account_can_take_it() {
    build_and_execute(|| {
        open_debt();
        assert_noop!(claim(DAVE), TokenError::CannotCreate);
        Balances::set_balance(&DAVE, ED);
        assert_ok!(claim(DAVE));
        assert_eq!(free(DAVE), ED + 98);
        assert_eq!(Owed::<Test>::iter().count(), 0);
        assert_eq!(
            events(),
            [Event::OwedPaid {
                asset: GPU,
                who: DAVE,
                amount: 98
            }]
        );
        assert_noop!(claim(DAVE), Error::NothingOwed);
        assert_noop!(claim(ALICE), Error::NothingOwed);
    });
}

#[test]
fn last_debt_should_leave_nothing_behind() {
    build_and_execute(|| {
        open_debt();
        assert_ok!(cash_out(ALICE));
        assert_eq!(deposited(escrow()), 98);
        Balances::set_balance(&DAVE, ED);
        assert_ok!(claim(DAVE));
        assert_eq!(stored_keys(), 0);
        assert!(!System::account_exists(&escrow()));
    });
}

#[test]
fn debts_of_several_sales_should_add_up() {
    build_and_execute(|| {
        open_debt();
        assert_ok!(cash_out(ALICE));
        // Carol does with it as Alice did.
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(CAROL),
            GPU,
            SUPPLY,
            NO_ROYALTY
        ));
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(CAROL),
            GPU,
            DAVE,
            1
        ));
        sell(BOB, 50_000);
        check();
        assert_ok!(cash_out_for(DAVE));
        // 98 and 50 together could be taken; neither could be by itself.
        assert_eq!(FractionalOwnership::owed(GPU, DAVE), 148);
        assert_ok!(claim(DAVE));
        assert_eq!(free(DAVE), 148);
        assert_eq!(deposited(escrow()), 49_950);
        assert_ok!(cash_out_for(CAROL));
        assert_eq!(stored_keys(), 0);
        assert!(!System::account_exists(&escrow()));
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_debt();
        assert_noop!(
            FractionalOwnership::claim_owed(RuntimeOrigin::none(), GPU, DAVE),
            DispatchError::BadOrigin
        );
    });
}
