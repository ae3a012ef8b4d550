// SPDX-License-Identifier: Apache-2.0
//! Every call touches the same storage with one more holder and with a thousand more.

use super::*;
use frame_support::assert_ok;
use sp_core::Blake2Hasher;

/// Distinct keys read from the backend, and keys written.
fn accesses(others: u32, prepare: impl FnOnce(), act: impl FnOnce()) -> (usize, usize) {
    let mut ext = new_test_ext();
    ext.execute_with(|| {
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(ALICE),
            GPU,
            1_000_000,
            Perbill::from_percent(5)
        ));
        for other in 0..others {
            let mut id = [0xee; 32];
            id[..4].copy_from_slice(&other.to_le_bytes());
            give_fractions(AccountId::new(id), 7);
        }
        give_fractions(BOB, 300);
        give_fractions(CAROL, 100);
        prepare();
        check();
        steps();
        System::reset_events();
    });
    ext.commit_all().unwrap();

    let recorder = sp_trie::recorder::Recorder::<Blake2Hasher>::default();
    ext.execute_with_recorder(recorder.clone(), act);
    let reads = recorder.recorded_keys().values().map(|keys| keys.len()).sum();
    let writes = ext.overlayed_changes().changes().count();
    ext.execute_with(check);
    (reads, writes)
}

#[track_caller]
fn same(prepare: impl Fn(), act: impl Fn()) {
    let one = accesses(1, &prepare, &act);
    let thousand = accesses(1_000, &prepare, &act);
    assert!(one.0 > 0 && one.1 > 0);
    assert_eq!(one, thousand);
}

fn nothing() {}

fn offer() {
    assert_ok!(FractionalOwnership::offer(
        RuntimeOrigin::signed(BOB),
        GPU,
        100,
        50,
        Some(40)
    ));
}

/// Bob's bid stands.
fn stand() {
    assert_ok!(bid(BOB, PRICE));
}

/// An auction runs, with Bob's bid.
fn run_auction() {
    assert_ok!(set_reserve(Some(PRICE)));
    stand();
}

fn end_auction() {
    run_auction();
    advance(PERIOD);
}

/// Bob has the GPU, Carol an offer.
fn sold() {
    assert_ok!(FractionalOwnership::offer(
        RuntimeOrigin::signed(CAROL),
        GPU,
        10,
        50,
        None
    ));
    end_auction();
    assert_ok!(settle_auction());
}

#[test]
fn a_transfer() {
    same(nothing, || give_fractions(DAVE, 5));
}

#[test]
fn an_offer() {
    same(nothing, offer);
}

#[test]
fn an_offer_that_expired() {
    let prepare = || {
        offer();
        advance(40);
    };
    same(prepare, || {
        let by = RuntimeOrigin::signed(CAROL);
        FractionalOwnership::remove_expired_offer(by, GPU, BOB).unwrap()
    });
}

#[test]
fn a_purchase_with_a_royalty() {
    same(offer, || {
        let by = RuntimeOrigin::signed(CAROL);
        FractionalOwnership::buy(by, GPU, BOB, 100, 50, Balance::MAX).unwrap()
    });
}

#[test]
fn a_reserve() {
    same(stand, || set_reserve(Some(1)).unwrap());
}

#[test]
fn a_bid_that_outbids() {
    same(run_auction, || bid(CAROL, 2 * PRICE).unwrap());
}

#[test]
fn a_bid_withdrawn() {
    same(stand, || withdraw_bid(BOB).unwrap());
}

#[test]
fn a_bid_accepted() {
    same(stand, || accept_bid(ALICE, PRICE).unwrap());
}

#[test]
fn a_settlement() {
    same(end_auction, || settle_auction().unwrap());
}

#[test]
fn a_cash_out() {
    same(sold, || cash_out(CAROL).unwrap());
}

#[test]
fn a_cash_out_for_another() {
    same(sold, || cash_out_for(CAROL).unwrap());
}

#[test]
fn a_debt_claimed() {
    // As if Carol had not been able to take it.
    let prepare = || {
        sold();
        Vaults::<Test>::mutate(GPU, |vault| {
            *vault.as_mut().unwrap().cash.as_mut().unwrap() -= 500;
        });
        crate::Owed::<Test>::insert(GPU, CAROL, 500);
    };
    same(prepare, || {
        let by = RuntimeOrigin::signed(BOB);
        FractionalOwnership::claim_owed(by, GPU, CAROL).unwrap()
    });
}
