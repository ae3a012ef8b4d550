// SPDX-License-Identifier: Apache-2.0
//! Each invariant finds what breaks it.

use super::*;
use crate::types::Era;
use sp_core::U256;

#[track_caller]
fn finds(what: &'static str, breaking: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        pool();
        Twin::earn(GPU, 40);
        Twin::sell(GPU, 20);
        assert_ok!(dissolve());
        Twin::renew(GPU);
        provide(CAROL, 60);
        breaking();
        assert_eq!(LpTokens::do_try_state(), Err(what.into()));
    });
}

fn change(f: impl FnOnce(&mut crate::Pool)) {
    Pools::<Test>::mutate_extant(GPU, f);
}

fn change_account(who: AccountId, f: impl FnOnce(&mut crate::Account)) {
    let mut account = Accounts::<Test>::get(GPU, &who).unwrap();
    f(&mut account);
    Accounts::<Test>::insert(GPU, who, account);
}

#[test]
fn tokens_of_other_pools() {
    finds("an LP token is of another pool", || {
        Tokens::<Test>::insert(LP, RIG)
    });
    finds("an LP token is of no pool", || {
        Tokens::<Test>::insert(LP + 1, RIG)
    });
}

#[test]
fn tokens_that_do_not_add_up() {
    finds("LP tokens do not add up to their supply", || {
        change(|pool| pool.supply += 1)
    });
    finds("a pool has more tokens than there are", || {
        change(|pool| pool.own = pool.supply + 1)
    });
    finds("accounts are miscounted", || change(|pool| pool.accounts += 1));
    finds("an account is ahead of its pool", || {
        change_account(CAROL, |account| account.era = 9)
    });
    finds("an account has nothing", || {
        change_account(CAROL, |account| account.amount = 0)
    });
    finds("a pool's account has a record", || {
        let record = Accounts::<Test>::get(GPU, CAROL).unwrap();
        Accounts::<Test>::insert(GPU, LpTokens::pool_account(GPU), record);
    });
    finds("an account of no pool", || {
        let record = Accounts::<Test>::get(GPU, CAROL).unwrap();
        Accounts::<Test>::insert(RIG, CAROL, record);
    });
}

#[test]
fn pools_that_should_be_gone() {
    new_test_ext().execute_with(|| {
        assert_ok!(create(GPU, LP));
        change(|pool| pool.is_closed = true);
        assert_eq!(
            LpTokens::do_try_state(),
            Err("a pool that is gone was kept".into())
        );
    });
}

#[test]
fn eras_that_do_not_add_up() {
    finds("tokens of an era do not add up", || {
        Eras::<Test>::mutate(GPU, 0, |era| era.as_mut().unwrap().unsettled += 1)
    });
    finds("tokens of an era do not add up", || {
        Eras::<Test>::insert(
            GPU,
            8,
            Era {
                per_share: U256::zero(),
                unsettled: 0,
            },
        )
    });
    finds("an era was forgotten", || Eras::<Test>::remove(GPU, 0));
}

#[test]
fn debts_that_do_not_add_up() {
    finds("a pool holds other than it owes", || {
        change(|pool| pool.balance += 1)
    });
    finds("a pool holds other than it owes", || {
        change_account(ALICE, |account| account.position.owed += U256::one())
    });
    finds("a position can't be settled", || {
        change_account(ALICE, |account| account.position.checkpoint = U256::MAX)
    });
}

#[test]
fn an_account_that_can_not_pay() {
    use frame_support::traits::fungible::Mutate as _;
    finds("the account holds less than it owes", || {
        let purse = LpTokens::account_id();
        let less = Balances::free_balance(&purse) - 1;
        Balances::set_balance(&purse, less);
    });
}
