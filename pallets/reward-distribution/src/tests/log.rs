// SPDX-License-Identifier: Apache-2.0
//! The income log of an asset, and what an account earned by it.

use crate::{mock::*, pallet::*, Balance};
use compute_primitives::{
    api::{AccountIncome, CensusIncome, IncomeEntry, IncomeLog, IncomePayee, IncomeSums},
    AssetId, CensusIndex, Emission, Holdings, OnReap,
};
use frame_support::{assert_ok, sp_runtime::Perbill};

mod random;

const ALL: CensusIndex = CensusIndex(u32::MAX);

fn now() -> CensusIndex {
    Pots::<Test>::get().census()
}

fn next_census() {
    <RewardDistribution as Emission<_>>::draw(GPU, CensusIndex(now().0 + 1));
}

fn log(from: u32, to: u32) -> IncomeLog<AccountId, Balance> {
    RewardDistribution::income_log(ASSET, CensusIndex(from), CensusIndex(to)).unwrap()
}

fn income(who: AccountId, from: u32, to: u32) -> AccountIncome<Balance> {
    RewardDistribution::income(ASSET, who, CensusIndex(from), CensusIndex(to)).unwrap()
}

/// Fractions, owner, operator, and whether nothing is missing.
fn parts(who: AccountId, from: u32, to: u32) -> (Balance, Balance, Balance, bool) {
    let income = income(who, from, to);
    let sum = |part: fn(&CensusIncome<Balance>) -> Balance| income.censuses.iter().map(part).sum::<Balance>();
    assert_eq!(sum(|row| row.fractions), income.fractions);
    assert_eq!(sum(|row| row.owner), income.owner);
    assert_eq!(sum(|row| row.operator), income.operator);
    assert_eq!(income.complete, income.from == CensusIndex(from));
    (income.fractions, income.owner, income.operator, income.complete)
}

#[test]
fn a_census_has_what_was_shared_from_its_draw_to_the_next() {
    run(|| {
        whole_asset();
        operator_fee(Perbill::from_percent(10));
        next_census();
        <RewardDistribution as Emission<_>>::pay(ASSET, GPU, 2_000).unwrap();
        advance(VESTING / 4);
        earn(1_000);
        next_census();
        events();
        // Nobody touched it since: what vested until now counts from now on.
        advance(VESTING / 4);
        assert_ok!(RewardDistribution::touch(RuntimeOrigin::signed(BOB), ASSET));
        let first = IncomeSums {
            emission: 500,
            revenue: 1_000,
            protocol_fee: 10 + 20,
            operator_fee: 49 + 98,
            net: 441 + 882,
            credited: 441 + 882,
        };
        let second = IncomeSums {
            emission: 500,
            revenue: 0,
            protocol_fee: 10,
            operator_fee: 49,
            net: 441,
            credited: 441,
        };
        let entry = |census, sums| IncomeEntry {
            census: CensusIndex(census),
            sums,
            payee: IncomePayee::Owner(ALICE),
            operator: Some(OPERATOR),
        };
        let both = log(0, u32::MAX);
        assert!(both.complete && both.from == CensusIndex(0));
        assert_eq!(both.entries, [entry(1, first), entry(2, second)]);
        assert_eq!(both.total.emission, 1_000);
        assert_eq!(both.total.credited, 441 + 882 + 441);
        assert_eq!(log(2, 2).entries, [entry(2, second)]);
        assert_eq!(log(3, 9).entries, []);
        // What is closed is told.
        assert_eq!(
            events()
                .into_iter()
                .filter(|event| matches!(event, Event::IncomeLogged { .. }))
                .collect::<Vec<_>>(),
            [Event::IncomeLogged {
                asset: ASSET,
                census: CensusIndex(1),
                emission: 500,
                revenue: 1_000,
                protocol_fee: 30,
                operator_fee: 147,
                credited: 441 + 882,
            }]
        );
        assert_eq!(parts(ALICE, 1, 1), (0, 1_323, 0, true));
        assert_eq!(parts(ALICE, 0, 2), (0, 1_764, 0, true));
        assert_eq!(parts(OPERATOR, 2, 2), (0, 0, 49, true));
        assert_eq!(parts(BOB, 0, 2), (0, 0, 0, true));
    });
}

#[test]
fn an_asset_without_income_has_an_empty_log_and_no_asset_none() {
    run(|| {
        let none = AssetId(99);
        assert_eq!(RewardDistribution::income_log(none, CensusIndex(0), ALL), None);
        assert_eq!(RewardDistribution::income(none, ALICE, CensusIndex(0), ALL), None);
        whole_asset();
        assert_eq!(log(0, 9).entries, []);
        assert!(log(0, 9).complete);
        assert_eq!(parts(ALICE, 3, 9), (0, 0, 0, true));
        // A touch that does nothing logs nothing.
        assert_ok!(RewardDistribution::touch(RuntimeOrigin::signed(BOB), ASSET));
        assert!(!Logs::<Test>::contains_key(ASSET));
    });
}

#[test]
fn a_new_owner_or_operator_opens_an_entry_in_the_same_census() {
    run(|| {
        whole_asset();
        no_fees();
        next_census();
        earn(100);
        Assets::set_owner(ASSET, Some(BOB));
        earn(10);
        operator_fee(Perbill::from_percent(50));
        earn(20);
        Assets::set_operator(ASSET, Some(BOB));
        earn(2);
        Fractions::open(ASSET, 4);
        earn(8);
        let log = log(1, 1);
        let told: Vec<_> = log
            .entries
            .iter()
            .map(|entry| (entry.payee.clone(), entry.operator, entry.sums.net))
            .collect();
        assert_eq!(
            told,
            [
                (IncomePayee::Owner(ALICE), None, 100),
                (IncomePayee::Owner(BOB), Some(OPERATOR), 20),
                (IncomePayee::Owner(BOB), Some(BOB), 1),
                (IncomePayee::Fractions, Some(BOB), 4),
            ]
        );
        assert_eq!(parts(ALICE, 1, 1), (0, 100, 0, true));
        assert_eq!(parts(BOB, 1, 1), (4, 21, 5, true));
        assert_eq!(parts(OPERATOR, 1, 1), (0, 0, 10, true));
    });
}

#[test]
fn what_is_parked_is_net_and_credited_later() {
    run(|| {
        whole_asset();
        Assets::set_owner(ASSET, None);
        next_census();
        earn(1_000);
        next_census();
        Assets::set_owner(ASSET, Some(BOB));
        assert_ok!(RewardDistribution::touch(RuntimeOrigin::signed(BOB), ASSET));
        let entries = log(0, 9).entries;
        let told: Vec<_> = entries
            .iter()
            .map(|entry| (entry.payee.clone(), entry.sums.net, entry.sums.credited))
            .collect();
        assert_eq!(
            told,
            [(IncomePayee::Nobody, 980, 0), (IncomePayee::Owner(BOB), 0, 980)]
        );
        assert_eq!(parts(BOB, 2, 2), (0, 980, 0, true));
    });
}

#[test]
fn fractions_earn_by_census_what_they_were_when_it_came() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 10);
        next_census();
        earn(100);
        Fractions::transfer(ASSET, ALICE, BOB, 4);
        earn(100);
        next_census();
        // A census without a change of hands, and one without income.
        earn(50);
        next_census();
        next_census();
        Fractions::transfer(ASSET, BOB, ALICE, 1);
        earn(10);
        assert_eq!(parts(ALICE, 1, 1), (160, 0, 0, true));
        assert_eq!(parts(BOB, 1, 1), (40, 0, 0, true));
        assert_eq!(parts(ALICE, 2, 2), (30, 0, 0, true));
        assert_eq!(parts(BOB, 2, 3), (20, 0, 0, true));
        assert_eq!(parts(BOB, 4, 4), (3, 0, 0, true));
        assert_eq!(parts(BOB, 0, 9), (63, 0, 0, true));
        // A claim changes nothing of what was earned.
        assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(BOB), ASSET));
        assert_eq!(parts(BOB, 0, 9), (63, 0, 0, true));
        assert_eq!(pending(BOB), 0);
    });
}

#[test]
fn parts_of_units_fall_to_the_census_that_makes_them_whole() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 3);
        Fractions::transfer(ASSET, ALICE, BOB, 1);
        for _ in 0..6 {
            next_census();
            earn(1);
        }
        let by_census: Vec<_> = (1..=6).map(|census| parts(BOB, census, census).0).collect();
        assert_eq!(by_census.iter().sum::<Balance>(), pending(BOB));
        assert_eq!(parts(BOB, 1, 6).0, pending(BOB));
        assert!(by_census.iter().all(|units| *units <= 1));
    });
}

#[test]
fn what_falls_out_of_the_ring_stays_in_the_sum() {
    run(|| {
        whole_asset();
        no_fees();
        let kept = PAGE * PAGES;
        for _ in 0..kept + 2 {
            next_census();
            earn(10);
        }
        // The first page made room: with the open entry, two pages and one entry are left.
        let told = log(0, u32::MAX);
        assert_eq!(told.entries.len(), 2 * PAGE as usize + 2);
        assert_eq!((told.from, told.complete), (CensusIndex(PAGE + 1), false));
        assert_eq!(told.total.credited, 10 * Balance::from(kept + 2));
        assert!(log(PAGE + 1, u32::MAX).complete);
        assert_eq!(parts(ALICE, PAGE + 1, PAGE + 2), (0, 20, 0, true));
        assert_eq!(
            parts(ALICE, 0, u32::MAX),
            (0, 10 * Balance::from(kept + 2 - PAGE), 0, false)
        );
        // The pages go round.
        for _ in 0..5 * kept {
            next_census();
            earn(10);
        }
        assert!(LogPages::<Test>::iter_prefix(ASSET).count() <= PAGES as usize);
        check();
    });
}

#[test]
fn a_history_that_is_full_forgets_its_oldest_record() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 100);
        for _ in 0..=RECORDS {
            next_census();
            earn(100);
            Fractions::transfer(ASSET, ALICE, BOB, 1);
            earn(100);
        }
        // Bob's first transfer fell out; of the census of the second only the end is known.
        let history = Histories::<Test>::get(BOB, ASSET).unwrap();
        assert_eq!(history.records.len(), RECORDS as usize);
        assert!(history.shortened);
        let known = history.records[0].census.0 + 1;
        assert_eq!(parts(BOB, known, known), (2 + 3, 0, 0, true));
        let all = income(BOB, 0, 9);
        assert_eq!((all.from, all.complete), (CensusIndex(known), false));
        // Of what is kept nothing is wrong: later censuses are told in full.
        let later: Balance = (known..=RECORDS + 1)
            .map(|census| parts(BOB, census, census).0)
            .sum();
        assert_eq!(all.fractions, later);
    });
}

#[test]
fn dust_from_others_shortens_a_history_by_a_census_at_most_once_a_census() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 1_000);
        next_census();
        Fractions::transfer(ASSET, ALICE, BOB, 100);
        next_census();
        for _ in 0..50 {
            Fractions::transfer(ASSET, ALICE, BOB, 1);
            earn(1_000);
        }
        assert_eq!(Histories::<Test>::get(BOB, ASSET).unwrap().records.len(), 2);
        assert_eq!(parts(BOB, 0, 2).0, pending(BOB));
        assert!(income(BOB, 0, 2).complete);
    });
}

#[test]
fn who_leaves_takes_its_history_along_and_the_log_knows() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 10);
        next_census();
        Fractions::transfer(ASSET, ALICE, BOB, 5);
        earn(100);
        assert_eq!(parts(BOB, 0, 1), (50, 0, 0, true));
        // Sold: known until it is paid.
        Fractions::transfer(ASSET, BOB, ALICE, 5);
        assert_eq!(parts(BOB, 0, 1), (50, 0, 0, true));
        assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(BOB), ASSET));
        assert!(!Histories::<Test>::contains_key(BOB, ASSET));
        assert_eq!(parts(BOB, 0, 1), (0, 0, 0, false));
        assert_eq!(income(BOB, 0, 1).from, CensusIndex(2));
        // Nor is anybody else without fractions known to have had none then.
        assert!(!income(CHARLIE, 0, 1).complete);
        assert!(income(ALICE, 0, 1).complete);
        // He comes again in the same census: of that one something is missing, of the next nothing.
        Fractions::transfer(ASSET, ALICE, BOB, 5);
        earn(100);
        next_census();
        earn(10);
        assert_eq!(parts(BOB, 0, 2), (5, 0, 0, false));
        assert_eq!(parts(BOB, 2, 2), (5, 0, 0, true));
        assert_eq!(income(BOB, 0, 2).from, CensusIndex(2));
    });
}

#[test]
fn who_leaves_with_less_than_a_unit_is_forgotten_at_once() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 3);
        Fractions::transfer(ASSET, ALICE, BOB, 1);
        earn(1);
        Fractions::transfer(ASSET, BOB, ALICE, 1);
        assert!(!Histories::<Test>::contains_key(BOB, ASSET));
        assert!(!Positions::<Test>::contains_key(BOB, ASSET));
    });
}

#[test]
fn a_log_ends_with_its_asset() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 2);
        Fractions::transfer(ASSET, ALICE, BOB, 1);
        for _ in 0..PAGE * PAGES * 2 {
            next_census();
            earn(10);
        }
        Fractions::transfer(ASSET, BOB, ALICE, 1);
        Fractions::close(ASSET, ALICE);
        events();
        assert_ok!(<RewardDistribution as OnReap>::on_reap(ASSET));
        Assets::burn(ASSET);
        assert!(matches!(events()[0], Event::IncomeLogged { .. }));
        assert_eq!(Logs::<Test>::iter().count(), 0);
        assert_eq!(LogPages::<Test>::iter_keys().count(), 0);
        assert_eq!(RewardDistribution::income_log(ASSET, CensusIndex(0), ALL), None);
        check();
        // What is left goes with the debts.
        for who in [ALICE, BOB] {
            assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(who), ASSET));
        }
        assert_eq!(Histories::<Test>::iter().count(), 0);
    });
}

/// Breaks the state in one way, sees that it is found, and mends it.
#[track_caller]
fn found(what: &str, harm: impl FnOnce()) {
    use frame_support::storage::{with_transaction, TransactionOutcome};
    let result = with_transaction(|| {
        harm();
        TransactionOutcome::Rollback(Ok(RewardDistribution::do_try_state()))
    });
    let result: Result<_, sp_runtime::DispatchError> = result;
    assert_eq!(
        result.unwrap(),
        Err(sp_runtime::TryRuntimeError::Other(Box::leak(
            what.to_owned().into_boxed_str()
        )))
    );
}

#[test]
fn try_state_finds_what_is_wrong() {
    run(|| {
        whole_asset();
        operator_fee(Perbill::from_percent(10));
        Fractions::open(ASSET, 3);
        for _ in 0..3 {
            next_census();
            Fractions::transfer(ASSET, ALICE, BOB, 1);
            earn(100);
        }
        let terms = crate::types::AutoClaim {
            threshold: 1_000,
            bounty: 100,
        };
        assert_ok!(RewardDistribution::set_auto_claim(
            RuntimeOrigin::signed(ALICE),
            Some(terms)
        ));
        let log = |change: fn(&mut crate::types::LogOf<Test>)| {
            Logs::<Test>::mutate(ASSET, |log| change(log.as_mut().unwrap()));
        };
        let history = |change: fn(&mut crate::types::HistoryOf<Test>)| {
            Histories::<Test>::mutate(BOB, ASSET, |history| change(history.as_mut().unwrap()));
        };
        found("an income log misses income", || {
            log(|log| log.open.sums.revenue += 1)
        });
        found("an income log misses fees", || {
            log(|log| log.open.sums.protocol_fee += 1)
        });
        found("an income log does not add up to what was credited", || {
            log(|log| log.fallen.sums.credited += 1)
        });
        found("an income log that runs back", || {
            log(|log| log.open.census = CensusIndex(0))
        });
        found("income was shared and not logged", || {
            log(|log| log.open.per_share += 1.into())
        });
        found("entries fell out of an income log that was not full", || {
            log(|log| log.closed = 100)
        });
        found("a page of an income log that ended", || {
            LogPages::<Test>::insert(AssetId(99), 0, LogPages::<Test>::get(ASSET, 0));
        });
        found("fractions without a history", || {
            Histories::<Test>::remove(BOB, ASSET)
        });
        found("a holding changed and was not noted", || {
            history(|history| history.records.last_mut().unwrap().held += 1)
        });
        found("a history that does not tell what is owed", || {
            history(|history| history.records.last_mut().unwrap().total += 1.into())
        });
        found("a history that runs back", || {
            history(|history| history.records[0].census = CensusIndex(9))
        });
        found("a threshold below the least", || {
            AutoClaims::<Test>::mutate(ALICE, |standing| standing.as_mut().unwrap().terms.threshold = 0);
        });
        found("a bounty above its bound", || {
            AutoClaims::<Test>::mutate(ALICE, |standing| standing.as_mut().unwrap().terms.bounty += 1);
        });
    });
}
