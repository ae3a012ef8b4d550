// SPDX-License-Identifier: Apache-2.0
//! `fungibles::freeze`, as the votes and loans to come will use it.

use super::*;
use crate::Freezes;
use frame_support::traits::fungibles::{InspectFreeze, Mutate, MutateFreeze};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::TokenError;

type Fractions = FractionalOwnership;

fn vote() -> RuntimeFreezeReason {
    FreezeReason::Vote.into()
}

fn loan() -> RuntimeFreezeReason {
    FreezeReason::Loan.into()
}

fn frozen(who: AccountId) -> Balance {
    Accounts::<Test>::get(GPU, who).map_or(0, |account| account.frozen)
}

#[test]
fn largest_freeze_should_count() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(Fractions::set_freeze(GPU, &vote(), &ALICE, 300));
        assert_ok!(Fractions::set_freeze(GPU, &loan(), &ALICE, 500));
        assert_eq!(frozen(ALICE), 500);
        assert_eq!(Fractions::balance_frozen(GPU, &vote(), &ALICE), 300);
        assert_ok!(Fractions::thaw(GPU, &loan(), &ALICE));
        assert_eq!(frozen(ALICE), 300);
        assert_ok!(Fractions::set_freeze(GPU, &vote(), &ALICE, 0));
        assert_eq!(frozen(ALICE), 0);
        assert!(!Freezes::<Test>::contains_key(GPU, ALICE));
        assert_eq!(steps(), []);
        let changed = |frozen| Event::FrozenChanged {
            asset: GPU,
            who: ALICE,
            frozen,
        };
        assert_eq!(events(), [300, 500, 300, 0].map(changed));
    });
}

#[test]
fn extension_should_only_ever_prolong() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(Fractions::extend_freeze(GPU, &vote(), &ALICE, 300));
        assert_ok!(Fractions::extend_freeze(GPU, &vote(), &ALICE, 200));
        assert_eq!(frozen(ALICE), 300);
        assert_ok!(Fractions::extend_freeze(GPU, &vote(), &ALICE, 400));
        assert_eq!(frozen(ALICE), 400);
        assert_ok!(Fractions::set_freeze(GPU, &vote(), &ALICE, 200));
        assert_eq!(frozen(ALICE), 200);
        assert_ok!(Fractions::extend_freeze(GPU, &vote(), &BOB, 0));
    });
}

#[test]
fn thaw_of_nothing_should_change_nothing() {
    build_and_execute(|| {
        open_vault();
        let root = sp_io::storage::root(Default::default());
        assert_ok!(Fractions::thaw(GPU, &vote(), &ALICE));
        assert_ok!(Fractions::thaw(GPU, &vote(), &BOB));
        assert_eq!(sp_io::storage::root(Default::default()), root);
    });
}

#[test]
fn who_has_no_fractions_should_have_nothing_to_freeze() {
    build_and_execute(|| {
        open_vault();
        assert!(Fractions::can_freeze(GPU, &vote(), &ALICE));
        assert!(!Fractions::can_freeze(GPU, &vote(), &BOB));
        assert_noop!(
            Fractions::set_freeze(GPU, &vote(), &BOB, 1),
            TokenError::CannotCreate
        );
    });
}

#[test]
fn more_than_the_account_has_can_be_frozen() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(Fractions::set_freeze(GPU, &vote(), &ALICE, 2_000));
        assert_noop!(
            FractionalOwnership::transfer(RuntimeOrigin::signed(ALICE), GPU, BOB, 1),
            TokenError::Frozen
        );
    });
}

#[test]
fn frozen_fractions_can_be_offered() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(Fractions::set_freeze(GPU, &vote(), &ALICE, 1_000));
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            1_000,
            5,
            None
        ));
        assert_eq!(fractions(GPU, ALICE), (0, 1_000));
    });
}

#[test]
fn freezes_should_end_with_the_account() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(Fractions::set_freeze(GPU, &vote(), &ALICE, 1_000));
        assert_ok!(Fractions::burn_from(
            GPU,
            &ALICE,
            1_000,
            Preservation::Expendable,
            Precision::Exact,
            Fortitude::Force
        ));
        assert!(!Freezes::<Test>::contains_key(GPU, ALICE));
        assert!(!Accounts::<Test>::contains_key(GPU, ALICE));
    });
}
