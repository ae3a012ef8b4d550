// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::Vaults;
use frame_support::traits::fungibles::MutateFreeze;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, DispatchResult, TokenError};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

fn transfer(from: AccountId, to: AccountId, amount: Balance) -> DispatchResult {
    dispatch(|| FractionalOwnership::transfer(RuntimeOrigin::signed(from), GPU, to, amount))
}

#[test]
fn fractions_should_change_hands() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(transfer(ALICE, BOB, 300));
        assert_eq!(fractions(GPU, ALICE), (700, 0));
        assert_eq!(fractions(GPU, BOB), (300, 0));
        assert_eq!(Vaults::<Test>::get(GPU).unwrap().holders, 2);
        assert_eq!(
            events(),
            [Event::Transferred {
                asset: GPU,
                from: ALICE,
                to: BOB,
                amount: 300
            }]
        );
    });
}

#[test]
fn both_sides_should_be_settled_before_they_change() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(transfer(ALICE, BOB, 300));
        assert_ok!(transfer(ALICE, BOB, 200));
        assert_eq!(
            steps(),
            [
                settle(GPU, ALICE, 1_000, 700),
                settle(GPU, BOB, 0, 300),
                settle(GPU, ALICE, 700, 500),
                settle(GPU, BOB, 300, 500),
            ]
        );
    });
}

#[test]
fn fractions_on_hold_should_count_in_the_settlement() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            1,
            None
        ));
        assert_eq!(steps(), []);
        assert_ok!(transfer(ALICE, BOB, 300));
        assert_eq!(
            steps(),
            [settle(GPU, ALICE, 1_000, 700), settle(GPU, BOB, 0, 300)]
        );
    });
}

#[test]
fn emptied_account_should_be_removed() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(transfer(ALICE, BOB, SUPPLY));
        assert!(!Accounts::<Test>::contains_key(GPU, ALICE));
        assert_eq!(Vaults::<Test>::get(GPU).unwrap().holders, 1);
        assert_eq!(
            steps(),
            [settle(GPU, ALICE, SUPPLY, 0), settle(GPU, BOB, 0, SUPPLY)]
        );
    });
}

#[test]
fn receiver_should_need_no_currency() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(transfer(ALICE, DAVE, 1));
        assert_eq!(fractions(GPU, DAVE), (1, 0));
        assert!(!System::account_exists(&DAVE));
    });
}

#[test]
fn transfer_to_oneself_should_change_nothing() {
    build_and_execute(|| {
        open_vault();
        let root = sp_io::storage::root(Default::default());
        assert_ok!(transfer(ALICE, ALICE, 300));
        assert_eq!(sp_io::storage::root(Default::default()), root);
        assert_eq!(steps(), []);
        assert_eq!(events(), []);
    });
}

#[test]
fn transfer_to_oneself_should_still_need_the_fractions() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(transfer(ALICE, ALICE, SUPPLY + 1), TokenError::FundsUnavailable);
    });
}

#[test]
fn amount_of_zero_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(transfer(ALICE, BOB, 0), Error::ZeroAmount);
    });
}

#[test]
fn whole_asset_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(transfer(ALICE, BOB, 1), Error::NotFractionalized);
    });
}

#[test]
fn more_than_is_free_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(transfer(ALICE, BOB, SUPPLY + 1), TokenError::FundsUnavailable);
        assert_noop!(transfer(BOB, ALICE, 1), TokenError::FundsUnavailable);
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            1,
            None
        ));
        assert_noop!(transfer(ALICE, BOB, 601), TokenError::FundsUnavailable);
        assert_ok!(transfer(ALICE, BOB, 600));
        assert_eq!(fractions(GPU, ALICE), (0, 400));
    });
}

#[test]
fn frozen_fractions_should_stay() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::set_freeze(
            GPU,
            &FreezeReason::Vote.into(),
            &ALICE,
            800
        ));
        assert_noop!(transfer(ALICE, BOB, 201), TokenError::Frozen);
        assert_ok!(transfer(ALICE, BOB, 200));
    });
}

#[test]
fn vault_should_not_receive_its_own_fractions() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(
            transfer(ALICE, FractionalOwnership::vault_account(GPU), 1),
            TokenError::Blocked
        );
        assert_ok!(transfer(ALICE, FractionalOwnership::vault_account(RIG), 1));
    });
}

#[test]
fn settlement_that_fails_on_either_side_should_leave_nothing() {
    build_and_execute(|| {
        open_vault();
        for side in [ALICE, BOB] {
            let_settlement_fail(side.clone());
            assert_noop!(transfer(ALICE, BOB, 300), SETTLEMENT_FAILED);
            let_settlement_pass(side);
        }
        assert_ok!(transfer(ALICE, BOB, 300));
    });
}

#[test]
fn dest_that_can_not_be_looked_up_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(
            FractionalOwnership::transfer(RuntimeOrigin::none(), GPU, BOB, 1),
            DispatchError::BadOrigin
        );
    });
}

/// The storage accesses of `f`: what was done, and under which prefix.
fn accesses(f: impl FnOnce()) -> Vec<(String, String)> {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<(String, String)>>>);

    #[derive(Default)]
    struct Access {
        method: String,
        key: String,
    }

    impl Visit for Access {
        fn record_debug(&mut self, field: &Field, value: &dyn core::fmt::Debug) {
            match field.name() {
                "method" => self.method = format!("{value:?}"),
                // 32 bytes name the pallet and the item; what follows names the entry.
                "key" => self.key = format!("{value:?}").chars().take(64).collect(),
                _ => {}
            }
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "state"
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            let mut access = Access::default();
            event.record(&mut access);
            self.0.lock().unwrap().push((access.method, access.key));
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), f);
    let accesses = log.0.lock().unwrap().clone();
    accesses
}

/// What a transfer does to the storage with so many holders of 10 fractions each beside Alice.
fn accesses_with_holders(count: u32) -> Vec<(String, String)> {
    let mut ext = new_test_ext();
    ext.execute_with(|| {
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(ALICE),
            GPU,
            1_000_000,
            NO_ROYALTY
        ));
        for n in 0..count {
            let mut id = [0xee; 32];
            id[..4].copy_from_slice(&n.to_le_bytes());
            assert_ok!(transfer(ALICE, id.into(), 10));
        }
        assert_eq!(Vaults::<Test>::get(GPU).unwrap().holders, u64::from(count) + 1);
        // The twin's and the system's logs would otherwise be as long as the history.
        steps();
        System::reset_events();
    });
    ext.commit_all().unwrap();
    ext.execute_with(|| {
        let accesses = accesses(|| {
            assert_ok!(transfer(ALICE, BOB, 10));
        });
        check();
        accesses
    })
}

#[test]
fn transfer_should_access_the_same_storage_with_1_and_1000_holders() {
    let few = accesses_with_holders(1);
    let many = accesses_with_holders(1_000);
    assert!(
        few.iter().any(|(method, _)| method.contains("Get")),
        "no read was seen: {few:?}"
    );
    assert!(
        few.iter().any(|(method, _)| method.contains("Put")),
        "no write was seen: {few:?}"
    );
    assert_eq!(few, many);
}
