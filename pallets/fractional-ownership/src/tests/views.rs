// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::{OfferTerms, VaultTerms};
use codec::{DecodeAll, Encode};
use std::collections::BTreeMap;

fn id(n: u8) -> AccountId {
    AccountId::new([n; 32])
}

/// Alice's fractions spread over `count` holders, with 1, 2, 3 … fractions.
fn spread(count: u8) {
    assert_ok!(FractionalOwnership::fractionalize(
        RuntimeOrigin::signed(ALICE),
        GPU,
        1_000_000,
        NO_ROYALTY
    ));
    for n in 0..count {
        let (who, amount) = (id(100 + n), Balance::from(n) + 1);
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            who,
            amount
        ));
    }
}

#[test]
fn whole_asset_should_have_no_page() {
    build_and_execute(|| {
        assert_eq!(FractionalOwnership::holders(GPU, None, 10), None);
        assert_eq!(FractionalOwnership::holders(NONE, None, 10), None);
    });
}

#[test]
fn pages_should_show_each_holder_once_with_all_it_has() {
    build_and_execute(|| {
        spread(24);
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            500_000,
            1,
            None
        ));
        let mut seen = BTreeMap::new();
        let (mut cursor, mut pages) = (None, 0);
        loop {
            let (supply, holders, next) = FractionalOwnership::holders(GPU, cursor, 10).unwrap();
            assert_eq!(supply, 1_000_000);
            assert!(holders.len() <= 10);
            for (who, fractions) in holders {
                assert_eq!(seen.insert(who, fractions), None);
            }
            pages += 1;
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((pages, seen.len()), (3, 25));
        assert_eq!(seen.values().sum::<Balance>(), 1_000_000);
        assert_eq!(seen[&id(100)], 1);
    });
}

#[test]
fn last_full_page_should_have_no_next() {
    build_and_execute(|| {
        spread(9);
        let (_, holders, next) = FractionalOwnership::holders(GPU, None, 10).unwrap();
        assert_eq!((holders.len(), next), (10, None));
    });
}

#[test]
fn page_that_leaves_one_should_have_a_next() {
    build_and_execute(|| {
        spread(10);
        let (_, holders, next) = FractionalOwnership::holders(GPU, None, 10).unwrap();
        assert_eq!(holders.len(), 10);
        let (_, rest, end) = FractionalOwnership::holders(GPU, next, 10).unwrap();
        assert_eq!((rest.len(), end), (1, None));
    });
}

#[test]
fn page_should_have_1_to_100_entries() {
    build_and_execute(|| {
        spread(120);
        assert_eq!(FractionalOwnership::holders(GPU, None, 0).unwrap().1.len(), 1);
        assert_eq!(
            FractionalOwnership::holders(GPU, None, u32::MAX).unwrap().1.len(),
            100
        );
    });
}

#[test]
fn cursor_of_a_holder_who_left_should_go_on() {
    build_and_execute(|| {
        spread(9);
        let (_, first, next) = FractionalOwnership::holders(GPU, None, 4).unwrap();
        let last = AccountId::decode_all(&mut next.clone().unwrap().as_slice()).unwrap();
        assert_eq!(first.last().unwrap().0, last);
        if last == ALICE {
            assert_ok!(FractionalOwnership::transfer(
                RuntimeOrigin::signed(last),
                GPU,
                id(100),
                999_955
            ));
        } else {
            let amount = first.last().unwrap().1;
            assert_ok!(FractionalOwnership::transfer(
                RuntimeOrigin::signed(last),
                GPU,
                first[0].0.clone(),
                amount
            ));
        }
        let (_, rest, next) = FractionalOwnership::holders(GPU, next, 100).unwrap();
        assert_eq!((rest.len(), next), (6, None));
        assert!(rest.iter().all(|holder| !first.contains(holder)));
    });
}

#[test]
fn cursor_that_is_no_account_should_have_nothing_after_it() {
    build_and_execute(|| {
        spread(9);
        for cursor in [vec![], vec![1; 31], vec![1; 33]] {
            assert_eq!(
                FractionalOwnership::holders(GPU, Some(cursor), 10),
                Some((1_000_000, vec![], None))
            );
        }
    });
}

#[test]
fn holders_of_other_assets_should_not_show() {
    build_and_execute(|| {
        spread(9);
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(BOB),
            RIG,
            5,
            NO_ROYALTY
        ));
        assert_eq!(
            FractionalOwnership::holders(RIG, None, 100),
            Some((5, vec![(BOB, 5)], None))
        );
        // Whatever the cursor, of whichever asset.
        let (_, rest, _) = FractionalOwnership::holders(RIG, Some(id(100).encode()), 100).unwrap();
        assert!(rest.iter().all(|(who, _)| *who == BOB));
    });
}

#[test]
fn vault_should_show_its_terms() {
    build_and_execute(|| {
        assert_eq!(FractionalOwnership::vault(GPU), None);
        spread(2);
        let terms = VaultTerms {
            supply: 1_000_000,
            holders: 3,
            opened_at: 1,
            depositor: ALICE,
            account: FractionalOwnership::vault_account(GPU),
            royalty: NO_ROYALTY,
            reserve: None,
            cash: None,
        };
        assert_eq!(FractionalOwnership::vault(GPU), Some(terms));
    });
}

#[test]
fn offers_should_be_paged_too() {
    build_and_execute(|| {
        spread(0);
        for who in [BOB, CAROL] {
            assert_ok!(FractionalOwnership::transfer(
                RuntimeOrigin::signed(ALICE),
                GPU,
                who,
                10
            ));
        }
        for (who, price) in [(ALICE, 3), (BOB, 2), (CAROL, 1)] {
            assert_ok!(FractionalOwnership::offer(
                RuntimeOrigin::signed(who),
                GPU,
                10,
                price,
                None
            ));
        }
        let (mut first, next) = FractionalOwnership::standing_offers(GPU, None, 2);
        assert_eq!(next.as_ref(), Some(&first[1].seller));
        let (second, end) = FractionalOwnership::standing_offers(GPU, next, 2);
        assert_eq!(end, None);
        first.extend(second);
        first.sort_by_key(|offer| offer.unit_price);
        let terms = |seller, unit_price| OfferTerms {
            seller,
            amount: 10,
            unit_price,
            expires_at: None,
        };
        assert_eq!(first, [terms(CAROL, 1), terms(BOB, 2), terms(ALICE, 3)]);
        assert_eq!(FractionalOwnership::standing_offer(GPU, BOB), Some(terms(BOB, 2)));
        assert_eq!(FractionalOwnership::standing_offer(RIG, BOB), None);
        assert_eq!(FractionalOwnership::standing_offers(RIG, None, 2), (vec![], None));
    });
}

#[test]
fn account_should_show_free_held_and_frozen() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            5,
            None
        ));
        let account = FractionalOwnership::account(GPU, ALICE);
        assert_eq!((account.free, account.held, account.frozen), (600, 400, 0));
        assert_eq!(FractionalOwnership::account(GPU, BOB), Default::default());
    });
}
