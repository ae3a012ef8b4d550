// SPDX-License-Identifier: Apache-2.0
//! What someone might try, and what it comes to.

use super::*;
use frame_support::traits::fungible::Mutate as _;
use frame_support::traits::tokens::Preservation;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::TokenError;

fn dust_holder(n: u32) -> AccountId {
    let mut id = [0xdd; 32];
    id[..4].copy_from_slice(&n.to_le_bytes());
    AccountId::new(id)
}

/// Bob and Carol are one person. Their bids are real money either way: the last of them is what they pay.
#[test]
fn bidding_against_oneself_should_only_raise_ones_own_price() {
    let won = |bids: &[(AccountId, Balance)]| {
        let mut both = 0;
        new_test_ext().execute_with(|| {
            open_shared_vault();
            assert_ok!(set_reserve(Some(PRICE)));
            for (who, price) in bids {
                assert_ok!(bid(who.clone(), *price));
            }
            advance(PERIOD);
            assert_ok!(settle_auction());
            for who in [ALICE, BOB, CAROL] {
                if cash_out(who).is_ok() {
                    check();
                }
            }
            assert_eq!(stored_keys(), 0);
            both = free(BOB) + free(CAROL);
        });
        both
    };
    let plain = won(&[(CAROL, PRICE)]);
    let raised = won(&[(CAROL, PRICE), (BOB, 2 * PRICE), (CAROL, 3 * PRICE)]);
    // The others have 600 of 1,000.
    assert_eq!(plain, 2 * ENDOWMENT - 60_000);
    assert_eq!(raised, 2 * ENDOWMENT - 180_000);
}

/// A holder that drives the price up wins, and pays the others for it.
#[test]
fn holder_who_drives_up_the_price_should_pay_the_others_their_part() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(set_reserve(Some(PRICE)));
        assert_ok!(bid(CAROL, PRICE));
        assert_ok!(bid(ALICE, 4 * PRICE));
        advance(PERIOD);
        assert_ok!(settle_auction());
        assert_ok!(cash_out(BOB));
        assert_ok!(cash_out(CAROL));
        assert_eq!(free(BOB), ENDOWMENT + 120_000);
        assert_eq!(free(CAROL), ENDOWMENT + 40_000);
        assert_eq!(free(ALICE), ENDOWMENT - 160_000);
        assert_eq!(stored_keys(), 0);
    });
}

/// Whoever buys fractions just before the settlement buys their part of the cash, which everyone knows by then, and nothing else.
#[test]
fn buying_just_before_the_settlement_should_get_the_part_bought() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            100,
            99,
            None
        ));
        win(CAROL, PRICE);
        assert_ok!(FractionalOwnership::buy(
            RuntimeOrigin::signed(BOB),
            GPU,
            ALICE,
            100,
            99,
            SUPPLY
        ));
        assert_ok!(settle_auction());
        assert_ok!(cash_out(BOB));
        assert_eq!(free(BOB), ENDOWMENT - 9_900 + 40_000);
        assert_ok!(cash_out(ALICE));
        assert_eq!(free(ALICE), ENDOWMENT + 9_900 + 50_000);
    });
}

#[test]
fn money_given_to_the_vault_should_change_no_payout_and_lock_nothing() {
    build_and_execute(|| {
        open_shared_vault();
        let give = |amount| {
            <Balances as frame_support::traits::fungible::Mutate<_>>::transfer(
                &BOB,
                &escrow(),
                amount,
                Preservation::Preserve,
            )
        };
        assert_ok!(give(ED));
        win(CAROL, PRICE);
        assert_ok!(give(1));
        assert_ok!(settle_auction());
        assert_ok!(give(ED));
        assert_ok!(cash_out_for(ALICE));
        assert_ok!(give(1));
        assert_ok!(cash_out_for(BOB));
        assert_eq!(free(ALICE), ENDOWMENT + 60_000);
        assert_eq!(free(BOB), ENDOWMENT + 30_000 - 2 * ED - 2);
        assert_eq!(stored_keys(), 0);

        // What was given there stays there, and is in no one's way the next time.
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(CAROL),
            GPU,
            SUPPLY,
            NO_ROYALTY
        ));
        sell(BOB, PRICE);
        assert_ok!(cash_out_for(CAROL));
        assert_eq!(stored_keys(), 0);
        assert_eq!(free(escrow()), 2 * ED + 2);
    });
}

/// A vault's account that holds cash and nothing free can be given no dust.
#[test]
fn dust_given_to_the_vault_should_be_refused() {
    build_and_execute(|| {
        open_shared_vault();
        sell(CAROL, PRICE);
        assert_noop!(
            <Balances as frame_support::traits::fungible::Mutate<_>>::transfer(
                &BOB,
                &escrow(),
                ED - 1,
                Preservation::Preserve,
            ),
            TokenError::BelowMinimum
        );
    });
}

/// Who gives the vault's account something that refers to it: the account outlives the vault, and that is all.
#[test]
fn reference_to_the_vault_s_account_should_lock_nothing() {
    build_and_execute(|| {
        open_shared_vault();
        sell(CAROL, PRICE);
        assert_ok!(System::inc_consumers(&escrow()));
        assert_ok!(cash_out_for(ALICE));
        assert_ok!(cash_out_for(BOB));
        assert_eq!(stored_keys(), 0);
        assert_eq!(System::providers(&escrow()), 1);

        // Nor does it grow from sale to sale.
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(CAROL),
            GPU,
            SUPPLY,
            NO_ROYALTY
        ));
        sell(BOB, PRICE);
        assert_eq!(System::providers(&escrow()), 1);
        System::dec_consumers(&escrow());
        assert_ok!(cash_out_for(CAROL));
        assert!(!System::account_exists(&escrow()));
    });
}

/// Four hundred accounts with a fraction each, none of which has currency or a key.
#[test]
fn dust_holders_should_block_no_exit() {
    build_and_execute(|| {
        open_vault();
        for n in 0..400 {
            give_fractions(dust_holder(n), 1);
        }
        // No one can redeem. Carol wants it all the same: 600 of Alice's, and 400 that nobody answers for.
        assert_ok!(bid(CAROL, PRICE));
        assert_ok!(<FractionalOwnership as Sale>::accept_bid(GPU, PRICE));
        advance(PERIOD);
        assert_ok!(settle_auction());
        assert_eq!(
            <Twin as compute_primitives::InspectAsset<_>>::owner(GPU),
            Some(CAROL)
        );
        for n in 0..400 {
            assert_ok!(cash_out_for(dust_holder(n)));
        }
        assert_ok!(cash_out(ALICE));
        assert_eq!(stored_keys(), 0);
        assert_eq!(free(dust_holder(0)), 100);
    });
}

/// The same, with parts that their accounts can't take.
#[test]
fn holders_below_the_existential_deposit_should_block_no_exit() {
    build_and_execute(|| {
        open_vault();
        for n in 0..100 {
            give_fractions(dust_holder(n), 1);
        }
        // Alice has nine tenths, and needs nobody.
        assert_ok!(bid(ALICE, PRICE / 2));
        advance(PERIOD);
        assert_ok!(settle_auction());
        for n in 0..100 {
            assert_ok!(cash_out_for(dust_holder(n)));
        }
        assert_eq!(the_vault(), None);
        assert_eq!(deposited(ALICE), 0);
        assert_eq!(deposited(escrow()), 5_000);
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(ALICE),
            GPU,
            5,
            NO_ROYALTY
        ));
        Balances::set_balance(&dust_holder(7), ED);
        assert_ok!(FractionalOwnership::claim_owed(
            RuntimeOrigin::signed(BOB),
            GPU,
            dust_holder(7)
        ));
        assert_eq!(free(dust_holder(7)), ED + 50);
    });
}

/// Cutting one's fractions up gains nothing but what is rounded.
#[test]
fn cashing_in_pieces_should_gain_nothing() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::redeem(RuntimeOrigin::signed(ALICE), GPU));
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(ALICE),
            GPU,
            70,
            NO_ROYALTY
        ));
        give_fractions(BOB, 35);
        sell(CAROL, 100_001);
        for n in 0..35 {
            assert_ok!(
                <FractionalOwnership as frame_support::traits::fungibles::Mutate<_>>::transfer(
                    GPU,
                    &BOB,
                    &dust_holder(n),
                    1,
                    Preservation::Expendable
                )
            );
            assert_ok!(cash_out_for(dust_holder(n)));
        }
        let bobs: Balance = (0..35).map(|n| free(dust_holder(n))).sum();
        assert!(bobs <= 50_000, "{bobs}");
        assert_ok!(cash_out(ALICE));
        assert_eq!(free(ALICE), ENDOWMENT + 100_001 - bobs);
    });
}

/// A bid that is no more than a threat: it binds at once where the holders take it at its word.
#[test]
fn bid_meant_to_keep_others_out_should_bind() {
    build_and_execute(|| {
        open_vault();
        give_fractions(BOB, 50);
        // Carol has no use for it, and bids what Alice can't.
        assert_ok!(bid(CAROL, 900_000));
        assert_noop!(bid(ALICE, PRICE), Error::BidTooLow);
        assert_ok!(accept_bid(ALICE, 900_000));
        assert_noop!(withdraw_bid(CAROL), Error::AuctionRunning);
        advance(PERIOD);
        assert_ok!(settle_auction());
        assert_ok!(cash_out(ALICE));
        assert_eq!(free(ALICE), ENDOWMENT - vault_deposit() + 855_000);
    });
}

/// The money of a bid, or the cash of a sale, is on hold: neither pays a fee or a debt.
#[test]
fn money_on_hold_should_not_be_spent() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(bid(CAROL, 1_000_000));
        assert_noop!(
            <Balances as frame_support::traits::fungible::Mutate<_>>::transfer(
                &CAROL,
                &BOB,
                100_001,
                Preservation::Expendable,
            ),
            TokenError::FundsUnavailable
        );
    });
}
