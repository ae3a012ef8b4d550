// SPDX-License-Identifier: Apache-2.0
//! What other pallets do with fractions: `Inspect`, `Mutate`, `Balanced`, `AccountTouch`, `Refund`.

use super::*;
use crate::{Vaults, MAX_SUPPLY};
use frame_support::traits::fungible::{NativeFromLeft, NativeOrWithId, UnionOf};
use frame_support::traits::fungibles::{Balanced, Inspect, Mutate, Refund, Unbalanced};
use frame_support::traits::tokens::{
    DepositConsequence, Fortitude, Precision, Preservation, Provenance, WithdrawConsequence,
};
use frame_support::traits::AccountTouch;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{ArithmeticError, TokenError};

type Fractions = FractionalOwnership;

/// EGN and fractions as one, the way a pool of both sees them.
type Everything = UnionOf<Balances, Fractions, NativeFromLeft, NativeOrWithId<AssetId>, AccountId>;

/// What pallet-asset-conversion asks of its assets.
fn suits_asset_conversion<Assets, AssetKind>()
where
    Assets: Inspect<AccountId, AssetId = AssetKind, Balance = Balance>
        + Mutate<AccountId>
        + AccountTouch<AssetKind, AccountId, Balance = Balance>
        + Balanced<AccountId>
        + Refund<AccountId, AssetId = AssetKind>,
{
}

const _: fn() = suits_asset_conversion::<Fractions, AssetId>;

fn supply() -> Balance {
    Fractions::total_issuance(GPU)
}

fn send(
    from: AccountId,
    to: AccountId,
    amount: Balance,
    keep: Preservation,
) -> Result<Balance, sp_runtime::DispatchError> {
    <Fractions as Mutate<_>>::transfer(GPU, &from, &to, amount, keep)
}

fn burn(who: AccountId, amount: Balance) -> Result<Balance, sp_runtime::DispatchError> {
    Fractions::burn_from(
        GPU,
        &who,
        amount,
        Preservation::Expendable,
        Precision::Exact,
        Fortitude::Polite,
    )
}

fn withdraw(
    who: AccountId,
    amount: Balance,
) -> frame_support::traits::fungibles::Credit<AccountId, Fractions> {
    Fractions::withdraw(
        GPU,
        &who,
        amount,
        Precision::Exact,
        Preservation::Expendable,
        Fortitude::Polite,
    )
    .unwrap()
}

#[test]
fn inspection_should_tell_what_there_is() {
    build_and_execute(|| {
        assert!(!Fractions::asset_exists(GPU));
        assert_eq!(supply(), 0);
        open_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            5,
            None
        ));
        assert!(Fractions::asset_exists(GPU));
        assert_eq!(supply(), SUPPLY);
        assert_eq!(Fractions::active_issuance(GPU), SUPPLY);
        assert_eq!(Fractions::minimum_balance(GPU), 1);
        assert_eq!(<Fractions as Inspect<_>>::total_balance(GPU, &ALICE), 1_000);
        assert_eq!(<Fractions as Inspect<_>>::balance(GPU, &ALICE), 600);
        assert_eq!(<Fractions as Inspect<_>>::balance(GPU, &BOB), 0);
    });
}

#[test]
fn reducible_should_leave_what_must_stay() {
    use frame_support::traits::fungibles::MutateFreeze;
    build_and_execute(|| {
        open_vault();
        let reducible = |keep, force| Fractions::reducible_balance(GPU, &ALICE, keep, force);
        assert_eq!(reducible(Preservation::Expendable, Fortitude::Polite), 1_000);
        assert_eq!(reducible(Preservation::Protect, Fortitude::Polite), 999);
        assert_eq!(reducible(Preservation::Preserve, Fortitude::Force), 999);

        // What is on hold keeps the account alive, and counts towards what is frozen.
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            5,
            None
        ));
        assert_eq!(reducible(Preservation::Preserve, Fortitude::Polite), 600);
        assert_ok!(Fractions::set_freeze(
            GPU,
            &FreezeReason::Vote.into(),
            &ALICE,
            700
        ));
        assert_eq!(reducible(Preservation::Expendable, Fortitude::Polite), 300);
        assert_eq!(reducible(Preservation::Expendable, Fortitude::Force), 600);
        assert_eq!(
            Fractions::reducible_balance(GPU, &BOB, Preservation::Expendable, Fortitude::Force),
            0
        );
    });
}

#[test]
fn can_deposit_should_foresee_every_refusal() {
    build_and_execute(|| {
        let can = |asset, who, amount, provenance| Fractions::can_deposit(asset, &who, amount, provenance);
        assert_eq!(
            can(GPU, BOB, 1, Provenance::Extant),
            DepositConsequence::UnknownAsset
        );
        open_vault();
        assert_eq!(can(GPU, BOB, 0, Provenance::Extant), DepositConsequence::Success);
        assert_eq!(can(GPU, BOB, 1, Provenance::Extant), DepositConsequence::Success);
        assert_eq!(can(GPU, DAVE, 1, Provenance::Minted), DepositConsequence::Success);
        let vault = Fractions::vault_account(GPU);
        assert_eq!(
            can(GPU, vault, 1, Provenance::Extant),
            DepositConsequence::Blocked
        );
        assert_eq!(
            can(GPU, BOB, MAX_SUPPLY, Provenance::Minted),
            DepositConsequence::Overflow
        );
        assert_eq!(
            can(GPU, ALICE, MAX_SUPPLY, Provenance::Extant),
            DepositConsequence::Overflow
        );
        assert_eq!(
            can(GPU, BOB, Balance::MAX, Provenance::Minted),
            DepositConsequence::Overflow
        );
    });
}

#[test]
fn can_withdraw_should_foresee_every_refusal() {
    use frame_support::traits::fungibles::MutateFreeze;
    build_and_execute(|| {
        let can = |who, amount| Fractions::can_withdraw(GPU, &who, amount);
        assert_eq!(can(ALICE, 1), WithdrawConsequence::UnknownAsset);
        open_vault();
        assert_eq!(can(ALICE, 0), WithdrawConsequence::Success);
        assert_eq!(can(ALICE, 999), WithdrawConsequence::Success);
        assert_eq!(can(ALICE, 1_000), WithdrawConsequence::ReducedToZero(0));
        assert_eq!(can(ALICE, 1_001), WithdrawConsequence::BalanceLow);
        assert_eq!(can(BOB, 1), WithdrawConsequence::BalanceLow);
        assert_ok!(Fractions::set_freeze(
            GPU,
            &FreezeReason::Vote.into(),
            &ALICE,
            700
        ));
        assert_eq!(can(ALICE, 301), WithdrawConsequence::Frozen);
        assert_eq!(can(ALICE, 300), WithdrawConsequence::Success);
    });
}

#[test]
fn transfer_should_be_all_or_nothing() {
    build_and_execute(|| {
        open_vault();
        // FRAME's default says Ok here, with Alice's fractions gone and Bob's not there.
        let_settlement_fail(BOB);
        assert_noop!(send(ALICE, BOB, 400, Preservation::Expendable), SETTLEMENT_FAILED);
        let_settlement_pass(BOB);
        let_settlement_fail(ALICE);
        assert_noop!(send(ALICE, BOB, 400, Preservation::Expendable), SETTLEMENT_FAILED);
        let_settlement_pass(ALICE);
        assert_eq!(send(ALICE, BOB, 400, Preservation::Expendable), Ok(400));
        assert_eq!((fractions(GPU, ALICE), fractions(GPU, BOB)), ((600, 0), (400, 0)));
    });
}

#[test]
fn transfer_should_preserve_the_account_if_asked_to() {
    build_and_execute(|| {
        open_vault();
        for keep in [Preservation::Protect, Preservation::Preserve] {
            assert_noop!(send(ALICE, BOB, SUPPLY, keep), TokenError::NotExpendable);
        }
        assert_eq!(
            send(ALICE, BOB, SUPPLY - 1, Preservation::Preserve),
            Ok(SUPPLY - 1)
        );
        assert_eq!(send(ALICE, BOB, 1, Preservation::Expendable), Ok(1));
    });
}

#[test]
fn transfer_of_nothing_or_to_oneself_should_change_nothing() {
    build_and_execute(|| {
        open_vault();
        let root = sp_io::storage::root(Default::default());
        assert_eq!(send(ALICE, BOB, 0, Preservation::Expendable), Ok(0));
        assert_eq!(send(ALICE, ALICE, 10, Preservation::Expendable), Ok(10));
        assert_eq!(sp_io::storage::root(Default::default()), root);
        assert_noop!(
            send(ALICE, ALICE, SUPPLY + 1, Preservation::Expendable),
            TokenError::FundsUnavailable
        );
    });
}

#[test]
fn whole_asset_should_be_unknown() {
    build_and_execute(|| {
        assert_noop!(
            send(ALICE, BOB, 1, Preservation::Expendable),
            TokenError::UnknownAsset
        );
        assert_noop!(Fractions::mint_into(GPU, &BOB, 1), TokenError::UnknownAsset);
        assert_noop!(burn(ALICE, 1), TokenError::FundsUnavailable);
        assert_noop!(Fractions::write_balance(GPU, &ALICE, 1), TokenError::UnknownAsset);
        Fractions::set_total_issuance(GPU, 5);
        assert_eq!(supply(), 0);
    });
}

#[test]
fn write_balance_should_settle_before_it_writes() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            5,
            None
        ));
        assert_eq!(Fractions::write_balance(GPU, &ALICE, 100), Ok(None));
        assert_eq!(Fractions::write_balance(GPU, &BOB, 500), Ok(None));
        assert_eq!(
            steps(),
            [settle(GPU, ALICE, 1_000, 500), settle(GPU, BOB, 0, 500)]
        );
        let_settlement_fail(BOB);
        assert_noop!(Fractions::write_balance(GPU, &BOB, 501), SETTLEMENT_FAILED);
    });
}

#[test]
fn account_should_never_have_more_than_there_can_be() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(
            Fractions::write_balance(GPU, &BOB, MAX_SUPPLY + 1),
            ArithmeticError::Overflow
        );
        assert_noop!(
            Fractions::write_balance(GPU, &BOB, Balance::MAX),
            ArithmeticError::Overflow
        );
        let vault = Fractions::vault_account(GPU);
        assert_noop!(Fractions::write_balance(GPU, &vault, 1), TokenError::Blocked);
    });
}

#[test]
fn mint_should_settle_and_raise_the_supply_within_its_bound() {
    build_and_execute(|| {
        open_vault();
        assert_eq!(Fractions::mint_into(GPU, &BOB, 50), Ok(50));
        assert_eq!(Fractions::restore(GPU, &BOB, 25), Ok(25));
        assert_eq!(supply(), SUPPLY + 75);
        assert_eq!(steps(), [settle(GPU, BOB, 0, 50), settle(GPU, BOB, 50, 75)]);
        assert_noop!(
            Fractions::mint_into(GPU, &CAROL, MAX_SUPPLY),
            ArithmeticError::Overflow
        );
        assert_noop!(
            Fractions::restore(GPU, &CAROL, Balance::MAX),
            ArithmeticError::Overflow
        );
        assert_eq!(
            events(),
            [
                Event::Minted {
                    asset: GPU,
                    who: BOB,
                    amount: 50
                },
                Event::Minted {
                    asset: GPU,
                    who: BOB,
                    amount: 25
                },
            ]
        );
    });
}

#[test]
fn burn_should_settle_and_lower_the_supply() {
    build_and_execute(|| {
        open_vault();
        assert_eq!(burn(ALICE, 300), Ok(300));
        assert_eq!(Fractions::shelve(GPU, &ALICE, 100), Ok(100));
        assert_eq!(supply(), 600);
        assert_eq!(
            steps(),
            [settle(GPU, ALICE, 1_000, 700), settle(GPU, ALICE, 700, 600)]
        );
        assert_noop!(burn(ALICE, 601), TokenError::FundsUnavailable);
        let_settlement_fail(ALICE);
        assert_noop!(burn(ALICE, 1), SETTLEMENT_FAILED);
        assert_eq!(
            events(),
            [
                Event::Burned {
                    asset: GPU,
                    who: ALICE,
                    amount: 300
                },
                Event::Burned {
                    asset: GPU,
                    who: ALICE,
                    amount: 100
                },
            ]
        );
    });
}

#[test]
fn pool_should_move_fractions_by_credit() {
    build_and_execute(|| {
        open_vault();
        let credit = withdraw(ALICE, 300);
        assert_eq!((credit.peek(), supply()), (300, SUPPLY));
        assert!(Fractions::resolve(&BOB, credit).is_ok());
        assert_eq!((fractions(GPU, ALICE), fractions(GPU, BOB)), ((700, 0), (300, 0)));
        assert_eq!(supply(), SUPPLY);
        assert_eq!(
            steps(),
            [settle(GPU, ALICE, 1_000, 700), settle(GPU, BOB, 0, 300)]
        );
        assert_eq!(
            events(),
            [
                Event::Withdrawn {
                    asset: GPU,
                    who: ALICE,
                    amount: 300
                },
                Event::Deposited {
                    asset: GPU,
                    who: BOB,
                    amount: 300
                },
            ]
        );
    });
}

#[test]
fn credit_that_can_not_be_resolved_should_come_back_whole() {
    build_and_execute(|| {
        open_vault();
        let credit = withdraw(ALICE, 300);
        let_settlement_fail(BOB);
        let credit = Fractions::resolve(&BOB, credit).unwrap_err();
        assert_eq!(credit.peek(), 300);
        assert_eq!(fractions(GPU, BOB), (0, 0));
        assert!(Fractions::resolve(&CAROL, credit).is_ok());
    });
}

#[test]
fn dropped_credit_should_be_burnt_and_dropped_debt_be_issued() {
    build_and_execute(|| {
        open_vault();
        drop(withdraw(ALICE, 300));
        assert_eq!(supply(), 700);
        drop(Fractions::deposit(GPU, &BOB, 50, Precision::Exact).unwrap());
        assert_eq!(supply(), 750);
        assert_eq!(Vaults::<Test>::get(GPU).unwrap().holders, 2);
    });
}

#[test]
fn debt_should_be_settled_from_an_account() {
    build_and_execute(|| {
        open_vault();
        let debt = Fractions::deposit(GPU, &BOB, 50, Precision::Exact).unwrap();
        let credit = Fractions::settle(&ALICE, debt, Preservation::Expendable)
            .ok()
            .unwrap();
        assert_eq!(credit.peek(), 0);
        assert_eq!(supply(), SUPPLY);
        assert_eq!((fractions(GPU, ALICE), fractions(GPU, BOB)), ((950, 0), (50, 0)));
    });
}

/// Income would go to fractions that nobody has, or twice to some.
#[test]
fn supply_should_never_change_without_a_settlement() {
    build_and_execute(|| {
        open_vault();
        let credit = Fractions::issue(GPU, 100);
        assert_eq!((credit.peek(), supply()), (0, SUPPLY));
        let debt = Fractions::rescind(GPU, 100);
        assert_eq!((debt.peek(), supply()), (0, SUPPLY));
        assert!(Fractions::pair(GPU, 100).is_err());
        assert_eq!(steps(), []);
    });
}

#[test]
fn account_should_need_no_touch_and_have_no_refund() {
    build_and_execute(|| {
        open_vault();
        assert_eq!(<Fractions as AccountTouch<_, _>>::deposit_required(GPU), 0);
        assert!(!<Fractions as AccountTouch<_, AccountId>>::should_touch(
            GPU, &DAVE
        ));
        let root = sp_io::storage::root(Default::default());
        assert_ok!(<Fractions as AccountTouch<_, _>>::touch(GPU, &DAVE, &ALICE));
        assert_eq!(sp_io::storage::root(Default::default()), root);
        assert_eq!(<Fractions as Refund<_>>::deposit_held(GPU, ALICE), None);
        assert_noop!(
            <Fractions as Refund<_>>::refund(GPU, ALICE),
            TokenError::Unsupported
        );
    });
}

#[test]
fn union_with_the_currency_should_move_both() {
    build_and_execute(|| {
        suits_asset_conversion::<Everything, NativeOrWithId<AssetId>>();
        open_vault();
        let (egn, gpu) = (NativeOrWithId::Native, NativeOrWithId::WithId(GPU));
        let move_to_bob = |asset, amount| {
            <Everything as Mutate<AccountId>>::transfer(asset, &ALICE, &BOB, amount, Preservation::Preserve)
        };
        assert_eq!(move_to_bob(gpu.clone(), 400), Ok(400));
        assert_eq!(move_to_bob(egn.clone(), 400), Ok(400));
        assert_eq!(
            <Everything as Inspect<AccountId>>::balance(gpu.clone(), &BOB),
            400
        );
        assert_eq!(
            <Everything as Inspect<AccountId>>::balance(egn, &BOB),
            ENDOWMENT + 400
        );

        let credit = <Everything as Balanced<AccountId>>::withdraw(
            gpu,
            &BOB,
            100,
            Precision::Exact,
            Preservation::Expendable,
            Fortitude::Polite,
        )
        .unwrap();
        assert!(<Everything as Balanced<AccountId>>::resolve(&CAROL, credit).is_ok());
        assert_eq!(fractions(GPU, CAROL), (100, 0));
    });
}
