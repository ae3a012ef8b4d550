// SPDX-License-Identifier: Apache-2.0
//! What asset-conversion sees.

use super::*;
use frame_support::traits::fungibles::Refund;
use frame_support::traits::tokens::{DepositConsequence, Provenance, WithdrawConsequence};
use frame_support::traits::AccountTouch;

#[test]
fn a_token_is_made_for_the_pool_of_an_asset_in_fractions() {
    run(|| {
        assert_ok!(create(GPU, LP));
        assert_eq!(
            last_event(),
            Event::Opened {
                asset: GPU,
                token: LP,
                account: LpTokens::pool_account(GPU)
            }
        );
        assert!(LpTokens::asset_exists(LP));
        let terms = LpTokens::pool(GPU).unwrap();
        assert_eq!(
            (terms.token, terms.supply, terms.earning, terms.balance),
            (LP, 0, 0, 0)
        );
        assert_noop!(create(GPU, LP + 1), Error::PoolExists);
        assert_noop!(create(RIG, LP), Error::PoolExists);
        assert_noop!(create(WHOLE, LP + 1), Error::NotFractionalized);
        assert_noop!(LpTokens::create(LP + 1, ALICE, false, 1), Error::NotPoolAccount);
        assert_noop!(
            LpTokens::create(LP + 1, LpTokens::account_id(), false, 1),
            Error::NotPoolAccount
        );
    });
}

#[test]
fn a_pools_account_names_its_asset() {
    for asset in [0, 1, 7, u64::MAX].map(AssetId) {
        assert_eq!(LpTokens::asset_of(&LpTokens::pool_account(asset)), Some(asset));
    }
    let mut other = LpTokens::pool_account(GPU);
    AsMut::<[u8; 32]>::as_mut(&mut other)[31] = 1;
    assert_eq!(LpTokens::asset_of(&other), None);
    assert_eq!(LpTokens::asset_of(&ALICE), None);
    assert_eq!(LpTokens::asset_of(&LpTokens::account_id()), None);
}

#[test]
fn balances_and_what_may_be_done_with_them() {
    run(|| {
        pool();
        assert_eq!(LpTokens::total_issuance(LP), ALICES + BOBS + LEAST);
        assert_eq!(LpTokens::balance(LP, &ALICE), ALICES);
        let keeping = |preservation| LpTokens::reducible_balance(LP, &ALICE, preservation, Fortitude::Polite);
        assert_eq!(keeping(Preservation::Expendable), ALICES);
        assert_eq!(keeping(Preservation::Preserve), ALICES - 1);

        let deposit = |token, who: &AccountId, amount, provenance| {
            LpTokens::can_deposit(token, who, amount, provenance)
        };
        let own = LpTokens::pool_account(GPU);
        assert_eq!(
            deposit(LP, &DAVE, 1, Provenance::Extant),
            DepositConsequence::Success
        );
        assert_eq!(
            deposit(LP, &own, 1, Provenance::Extant),
            DepositConsequence::Blocked
        );
        assert_eq!(
            deposit(LP, &own, 1, Provenance::Minted),
            DepositConsequence::Success
        );
        let most = Balance::MAX - ALICES - BOBS - LEAST;
        assert_eq!(
            deposit(LP, &DAVE, most, Provenance::Minted),
            DepositConsequence::Success
        );
        assert_eq!(
            deposit(LP, &DAVE, most + 1, Provenance::Minted),
            DepositConsequence::Overflow
        );
        assert_eq!(
            deposit(9, &DAVE, 1, Provenance::Extant),
            DepositConsequence::UnknownAsset
        );

        let withdraw = |token, amount| LpTokens::can_withdraw(token, &ALICE, amount);
        assert_eq!(withdraw(LP, ALICES - 1), WithdrawConsequence::Success);
        assert_eq!(withdraw(LP, ALICES), WithdrawConsequence::ReducedToZero(0));
        assert_eq!(withdraw(LP, ALICES + 1), WithdrawConsequence::BalanceLow);
        assert_eq!(withdraw(9, 1), WithdrawConsequence::UnknownAsset);
    });
}

#[test]
fn a_transfer_that_must_preserve_the_account_leaves_a_token() {
    run(|| {
        pool();
        let send = |amount| LpTokens::transfer_preserving(ALICE, BOB, amount);
        assert_noop!(send(ALICES), TokenError::NotExpendable);
        assert_ok!(send(ALICES - 1));
    });
}

impl LpTokens {
    fn transfer_preserving(
        from: AccountId,
        to: AccountId,
        amount: Balance,
    ) -> Result<Balance, DispatchError> {
        <Self as Mutate<_>>::transfer(LP, &from, &to, amount, Preservation::Preserve)
    }
}

#[test]
fn of_an_unknown_token_there_is_nothing() {
    run(|| {
        assert_eq!(LpTokens::total_issuance(9), 0);
        assert_eq!(LpTokens::balance(9, &ALICE), 0);
        assert_noop!(LpTokens::mint_into(9, &ALICE, 5), TokenError::UnknownAsset);
        assert_noop!(
            <LpTokens as Mutate<_>>::transfer(9, &ALICE, &BOB, 1, Preservation::Expendable),
            TokenError::UnknownAsset
        );
        assert!(!LpTokens::asset_exists(9));
    });
}

#[test]
fn an_account_needs_nothing() {
    run(|| {
        pool();
        assert_eq!(<LpTokens as AccountTouch<_, _>>::deposit_required(LP), 0);
        assert!(!LpTokens::should_touch(LP, &DAVE));
        assert_ok!(<LpTokens as AccountTouch<_, _>>::touch(LP, &DAVE, &ALICE));
        assert_eq!(LpTokens::deposit_held(LP, DAVE), None);
        assert_noop!(LpTokens::refund(LP, DAVE), TokenError::Unsupported);
    });
}

#[test]
fn more_than_there_is_can_not_be_burnt() {
    run(|| {
        pool();
        let burn = LpTokens::burn_from(
            LP,
            &BOB,
            BOBS + 1,
            Preservation::Expendable,
            Precision::Exact,
            Fortitude::Polite,
        );
        assert_eq!(burn, Err(TokenError::FundsUnavailable.into()));
    });
}
