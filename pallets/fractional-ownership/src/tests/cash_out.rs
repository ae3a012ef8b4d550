// SPDX-License-Identifier: Apache-2.0

use super::*;
use compute_primitives::{Cash, Sale};
use frame_support::traits::fungible::Mutate as _;
use frame_support::traits::fungibles::{Balanced, Mutate, MutateFreeze as _, MutateHold as _};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, Perbill, TokenError};

/// Carol got the GPU; Alice has 600 of 900 fractions that are left, Bob 300.
fn open_sale() {
    open_shared_vault();
    sell(CAROL, PRICE);
}

#[test]
fn holder_should_be_paid_its_part() {
    build_and_execute(|| {
        open_sale();
        assert_ok!(cash_out(BOB));
        assert_eq!(free(BOB), ENDOWMENT + 30_000);
        assert_eq!(fractions(GPU, BOB), (0, 0));
        let vault = the_vault().unwrap();
        assert_eq!((vault.supply, vault.holders, vault.cash), (600, 1, Some(60_000)));
        assert_eq!(steps(), [settle(GPU, BOB, 300, 0)]);
        assert_eq!(
            events(),
            [Event::CashedOut {
                asset: GPU,
                who: BOB,
                amount: 300,
                cash: 30_000,
                owed: false
            }]
        );
    });
}

#[test]
fn last_one_should_close_the_vault() {
    build_and_execute(|| {
        open_sale();
        assert_ok!(cash_out(BOB));
        System::reset_events();
        assert_ok!(cash_out(ALICE));
        // With her deposit.
        assert_eq!((free(ALICE), deposited(ALICE)), (ENDOWMENT + 60_000, 0));
        assert_eq!(stored_keys(), 0);
        assert!(!System::account_exists(&escrow()));
        assert_eq!(events().last(), Some(&Event::VaultClosed { asset: GPU }));
        assert_noop!(cash_out(ALICE), Error::NotFractionalized);
    });
}

#[test]
fn anyone_should_push_anyones_part() {
    build_and_execute(|| {
        open_sale();
        assert_ok!(cash_out_for(BOB));
        assert_eq!(free(BOB), ENDOWMENT + 30_000);
        assert_ok!(cash_out_for(ALICE));
        assert_eq!(stored_keys(), 0);
    });
}

#[test]
fn parts_should_be_floored_and_the_last_get_the_rest() {
    build_and_execute(|| {
        open_vault();
        // Of 3: Alice 1, Bob 1, Dave's 1 is bought with his account being nobody's.
        assert_ok!(FractionalOwnership::redeem(RuntimeOrigin::signed(ALICE), GPU));
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(ALICE),
            GPU,
            3,
            NO_ROYALTY
        ));
        give_fractions(BOB, 1);
        give_fractions(DAVE, 1);
        sell(CAROL, 2_000);
        assert_eq!(FractionalOwnership::cash_of(GPU, BOB), 666);
        assert_ok!(cash_out(BOB));
        assert_eq!(free(BOB), ENDOWMENT + 666);
        assert_eq!(FractionalOwnership::cash_of(GPU, DAVE), 667);
        assert_ok!(cash_out_for(DAVE));
        assert_eq!(free(DAVE), 667);
        assert_ok!(cash_out(ALICE));
        assert_eq!(free(ALICE), ENDOWMENT + 667);
        assert_eq!(Balances::total_balance(&escrow()), 0);
    });
}

#[test]
fn last_units_below_the_existential_deposit_should_be_paid() {
    build_and_execute(|| {
        open_vault();
        give_fractions(BOB, 1);
        sell(CAROL, MINIMUM_BID);
        assert_ok!(cash_out(ALICE));
        // A hundredth of what an account must have.
        assert_eq!((cash(), deposited(escrow())), (Some(1), 1));
        assert_ok!(cash_out(BOB));
        assert_eq!(free(BOB), ENDOWMENT + 1);
        assert!(!System::account_exists(&escrow()));
    });
}

#[test]
fn standing_offer_should_end_with_its_deposit_back() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(BOB),
            GPU,
            200,
            5,
            None
        ));
        sell(CAROL, PRICE);
        assert_eq!(FractionalOwnership::cash_of(GPU, BOB), 30_000);
        assert_ok!(cash_out_for(BOB));
        assert_eq!((free(BOB), deposited(BOB)), (ENDOWMENT + 30_000, 0));
        assert_eq!(
            events()[0],
            Event::OfferCancelled {
                asset: GPU,
                seller: BOB,
                amount: 200
            }
        );
    });
}

/// A lender's security stays what it is, until the lender lets it go. It keeps no one else's cash.
#[test]
fn fractions_on_hold_for_another_should_be_cashed_when_released() {
    build_and_execute(|| {
        open_shared_vault();
        let loan = twin::HoldReason::Loan.into();
        assert_ok!(FractionalOwnership::hold(GPU, &loan, &BOB, 200));
        sell(CAROL, PRICE);
        assert_ok!(cash_out_for(BOB));
        assert_eq!(free(BOB), ENDOWMENT + 10_000);
        assert_eq!(fractions(GPU, BOB), (0, 200));
        assert_noop!(cash_out_for(BOB), Error::NothingToCash);
        assert_ok!(cash_out_for(ALICE));
        assert_eq!(cash(), Some(20_000));

        // The lender takes them, and is paid as the bearer.
        assert_ok!(FractionalOwnership::transfer_on_hold(
            GPU,
            &loan,
            &BOB,
            &CAROL,
            150,
            Precision::Exact,
            frame_support::traits::tokens::Restriction::Free,
            Fortitude::Polite
        ));
        assert_ok!(FractionalOwnership::release(
            GPU,
            &loan,
            &BOB,
            50,
            Precision::Exact
        ));
        assert_ok!(cash_out_for(CAROL));
        assert_ok!(cash_out_for(BOB));
        assert_eq!(free(BOB), ENDOWMENT + 15_000);
        assert_eq!(stored_keys(), 0);
    });
}

/// A freeze is its holder's own matter, and what it was for ended with the vault.
#[test]
fn freeze_should_not_stop_it() {
    build_and_execute(|| {
        open_shared_vault();
        let (vote, loan) = (FreezeReason::Vote.into(), twin::HoldReason::Loan.into());
        assert_ok!(FractionalOwnership::set_freeze(GPU, &vote, &BOB, 300));
        assert_ok!(FractionalOwnership::set_freeze(GPU, &vote, &ALICE, 600));
        assert_ok!(FractionalOwnership::hold(GPU, &loan, &ALICE, 1));
        sell(CAROL, PRICE);
        assert_ok!(cash_out_for(BOB));
        assert_eq!(free(BOB), ENDOWMENT + 30_000);
        assert_ok!(cash_out_for(ALICE));
        check();
        // Who froze them may thaw them, whenever.
        assert_ok!(FractionalOwnership::thaw(GPU, &vote, &BOB));
        assert_ok!(FractionalOwnership::thaw(GPU, &vote, &ALICE));
        assert_ok!(FractionalOwnership::release(
            GPU,
            &loan,
            &ALICE,
            1,
            Precision::Exact
        ));
        assert_ok!(cash_out_for(ALICE));
        assert_eq!(stored_keys(), 0);
    });
}

#[test]
fn payee_below_the_existential_deposit_should_be_owed() {
    build_and_execute(|| {
        open_vault();
        give_fractions(DAVE, 1);
        sell(CAROL, PRICE - 2_000);
        System::reset_events();
        assert_ok!(cash_out_for(DAVE));
        assert_eq!(free(DAVE), 0);
        assert_eq!(FractionalOwnership::owed(GPU, DAVE), 98);
        assert_eq!(
            events(),
            [Event::CashedOut {
                asset: GPU,
                who: DAVE,
                amount: 1,
                cash: 98,
                owed: true
            }]
        );
        check();
        // The vault closes all the same, and its account keeps what is owed.
        assert_ok!(cash_out_for(ALICE));
        assert_eq!(the_vault(), None);
        assert_eq!((deposited(ALICE), deposited(escrow())), (0, 98));
    });
}

/// A pool that had currency only would let none of its providers out.
#[test]
fn pool_should_be_cashed_by_itself_only() {
    build_and_execute(|| {
        open_vault();
        give_fractions(POOL, 100);
        sell(CAROL, PRICE);
        assert_noop!(cash_out_for(POOL), Error::NotCashableByOthers);
        assert_ok!(dispatch(|| FractionalOwnership::cash_out_for(
            RuntimeOrigin::signed(POOL),
            GPU,
            POOL
        )));
        assert_eq!(free(POOL), 10_000);
    });
}

/// Fractions of one asset in the account of another's pool are no one's liquidity: they must not keep the vault from closing.
#[test]
fn pool_of_another_asset_should_be_cashed_by_anyone() {
    build_and_execute(|| {
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(BOB),
            RIG,
            SUPPLY,
            Perbill::zero()
        ));
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(BOB),
            RIG,
            POOL,
            100
        ));
        assert_ok!(<FractionalOwnership as Sale>::set_reserve(RIG, Some(PRICE)));
        assert_ok!(FractionalOwnership::bid(RuntimeOrigin::signed(CAROL), RIG, PRICE));
        System::set_block_number(System::block_number() + PERIOD);
        assert_ok!(FractionalOwnership::settle_auction(
            RuntimeOrigin::signed(CAROL),
            RIG
        ));
        assert_ok!(dispatch(|| FractionalOwnership::cash_out_for(
            RuntimeOrigin::signed(DAVE),
            RIG,
            POOL
        )));
        assert_eq!(free(POOL), PRICE / 10);
    });
}

/// Who is paid for another would not know of a debt.
#[test]
fn payee_of_the_trait_should_be_paid_at_once_or_nothing_changes() {
    build_and_execute(|| {
        open_vault();
        give_fractions(POOL, 1);
        sell(CAROL, PRICE - 2_000);
        assert_noop!(
            <FractionalOwnership as Cash<_>>::cash_out(GPU, &POOL, &DAVE),
            TokenError::CannotCreate
        );
        assert_eq!(FractionalOwnership::owed(GPU, DAVE), 0);
    });
}

/// For a pool another pallet asks, and takes the cash to where its providers find it.
#[test]
fn cash_of_one_should_be_paid_to_another_by_the_trait() {
    build_and_execute(|| {
        open_vault();
        assert!(!FractionalOwnership::is_sold(GPU));
        assert_noop!(
            <FractionalOwnership as Cash<_>>::cash_out(GPU, &POOL, &BOB),
            Error::NotSold
        );
        give_fractions(POOL, 100);
        sell(CAROL, PRICE);
        assert!(FractionalOwnership::is_sold(GPU));
        assert_eq!(
            <FractionalOwnership as Cash<_>>::cash_out(GPU, &POOL, &BOB),
            Ok(10_000)
        );
        assert_eq!((free(POOL), free(BOB)), (0, ENDOWMENT + 10_000));
        assert_noop!(
            <FractionalOwnership as Cash<_>>::cash_out(GPU, &POOL, &BOB),
            Error::NothingToCash
        );
    });
}

/// Else who sends its claims there, each time before others cash them, could keep the vault from closing.
#[test]
fn claims_should_not_go_where_only_their_holder_can_cash_them() {
    build_and_execute(|| {
        open_sale();
        let transfer =
            || <FractionalOwnership as Mutate<_>>::transfer(GPU, &BOB, &POOL, 1, Preservation::Expendable);
        assert_noop!(transfer(), TokenError::Blocked);
        let credit = <FractionalOwnership as Balanced<_>>::withdraw(
            GPU,
            &BOB,
            1,
            Precision::Exact,
            Preservation::Expendable,
            Fortitude::Polite,
        )
        .unwrap();
        let credit = FractionalOwnership::resolve(&POOL, credit).unwrap_err();
        assert_ok!(FractionalOwnership::resolve(&BOB, credit).map_err(|_| ()));
    });
}

/// What pallets burn is no one's. The cash goes where the NFT would have gone.
#[test]
fn cash_of_an_asset_whose_fractions_are_all_burnt_should_go_to_its_depositor() {
    build_and_execute(|| {
        open_sale();
        for (who, amount) in [(ALICE, 600), (BOB, 300)] {
            assert_ok!(FractionalOwnership::burn_from(
                GPU,
                &who,
                amount,
                Preservation::Expendable,
                Precision::Exact,
                Fortitude::Polite
            ));
        }
        assert_noop!(cash_out(BOB), Error::NothingToCash);
        assert_ok!(cash_out_for(ALICE));
        assert_eq!(free(ALICE), ENDOWMENT + 90_000);
        assert_eq!(stored_keys(), 0);
    });
}

#[test]
fn who_has_nothing_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(cash_out(BOB), Error::NotFractionalized);
        open_shared_vault();
        assert_noop!(cash_out(BOB), Error::NotSold);
        assert_noop!(cash_out_for(BOB), Error::NotSold);
        assert_eq!(FractionalOwnership::cash_of(GPU, BOB), 0);
        sell(CAROL, PRICE);
        assert_noop!(cash_out(CAROL), Error::NothingToCash);
        assert_noop!(cash_out(DAVE), Error::NothingToCash);
    });
}

#[test]
fn settlement_that_fails_should_leave_nothing() {
    build_and_execute(|| {
        open_sale();
        let_settlement_fail(BOB);
        assert_noop!(cash_out(BOB), SETTLEMENT_FAILED);
        let_settlement_pass(BOB);
    });
}

#[test]
fn cash_should_be_shown() {
    build_and_execute(|| {
        open_sale();
        assert_eq!(FractionalOwnership::vault(GPU).unwrap().cash, Some(90_000));
        assert_eq!(FractionalOwnership::cash_of(GPU, ALICE), 60_000);
        assert_eq!(FractionalOwnership::cash_of(GPU, CAROL), 0);
    });
}

#[test]
fn money_sent_to_the_vault_should_not_be_shared() {
    build_and_execute(|| {
        open_sale();
        Balances::set_balance(&escrow(), 7_000);
        assert_ok!(cash_out(BOB));
        assert_ok!(cash_out(ALICE));
        assert_eq!((free(ALICE), free(BOB)), (ENDOWMENT + 60_000, ENDOWMENT + 30_000));
        assert_eq!(Balances::total_balance(&escrow()), 7_000);
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_sale();
        let none = RuntimeOrigin::none;
        assert_noop!(
            FractionalOwnership::cash_out(none(), GPU),
            DispatchError::BadOrigin
        );
        assert_noop!(
            FractionalOwnership::cash_out_for(none(), GPU, BOB),
            DispatchError::BadOrigin
        );
    });
}
