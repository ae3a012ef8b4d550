// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::math::scaled;
use frame_support::traits::ConstU32;

type Records = History<ConstU32<3>>;

fn shared(owner: Option<(u8, Balance)>, operator: Option<(u8, Balance)>, holders: Balance) -> Shared<u8> {
    Shared {
        protocol: 1,
        operator,
        holders,
        owner,
        parked: 0,
    }
}

fn entry(census: u32, shared: &Shared<u8>, gross: Balance) -> Entry<u8> {
    let sums = Sums::of(gross, 0, shared).unwrap();
    Entry::of(CensusIndex(census), sums, shared, U256::zero())
}

#[test]
fn sums_tell_gross_and_net() {
    let sums = Sums::of(70, 30, &shared(Some((1, 92)), Some((2, 9)), 90)).unwrap();
    assert_eq!((sums.gross(), sums.net(), sums.swept), (Some(100), Some(90), 2));
    let broken = Sums {
        protocol_fee: 101,
        ..sums
    };
    assert_eq!(broken.net(), None);
    let huge = Sums {
        emission: Balance::MAX,
        ..Default::default()
    };
    assert_eq!(Sums { revenue: 1, ..huge }.gross(), None);
    let mut twice = huge;
    assert_eq!(twice.add(&huge), None);
    assert_eq!(twice, huge);
    // An owner that was credited less than the holders' part.
    assert_eq!(Sums::of(1, 0, &shared(Some((1, 0)), None, 1)), None);
}

#[test]
fn an_entry_goes_on_for_the_same_people_in_the_same_census() {
    let nobody = entry(1, &shared(None, None, 0), 1);
    let alice = entry(1, &shared(Some((1, 5)), Some((9, 1)), 5), 7);
    let fractions = entry(1, &shared(None, Some((8, 1)), 5), 7);
    assert_eq!(
        (&nobody.payee, &alice.payee, &fractions.payee),
        (&Payee::Nobody, &Payee::Owner(1), &Payee::Fractions)
    );
    assert!(nobody.goes_on_in(&alice) && alice.goes_on_in(&nobody) && nobody.goes_on_in(&fractions));
    assert!(!alice.goes_on_in(&fractions) && !fractions.goes_on_in(&alice));
    assert!(!alice.goes_on_in(&Entry {
        census: CensusIndex(2),
        ..alice.clone()
    }));
    assert!(!alice.goes_on_in(&Entry {
        operator: Some(8),
        ..alice.clone()
    }));

    let mut log = Log::begin(nobody.clone());
    assert_eq!(log.add(alice.clone()), Some(None));
    assert_eq!((&log.open.payee, log.open.operator), (&Payee::Owner(1), Some(9)));
    assert_eq!(log.open.sums.emission, 8);
    assert_eq!(log.add(nobody), Some(None));
    assert_eq!(log.open.payee, Payee::Owner(1));
    let closed = log.open.clone();
    assert_eq!(log.add(fractions.clone()), Some(Some(closed)));
    assert_eq!(log.open, fractions);
}

#[test]
fn a_ring_goes_round_by_pages() {
    let ring = Ring { length: 3, pages: 2 };
    let places: Vec<_> = (0..8).map(|closed| ring.place(closed).unwrap()).collect();
    assert_eq!(
        places,
        [
            (0, true),
            (0, false),
            (0, false),
            (1, true),
            (1, false),
            (1, false),
            (0, true),
            (0, false)
        ]
    );
    let in_use = |closed| ring.in_use(closed).collect::<Vec<_>>();
    assert!(in_use(0).is_empty());
    assert_eq!(in_use(1), [0]);
    assert_eq!(in_use(3), [0]);
    assert_eq!(in_use(4), [0, 1]);
    assert_eq!(in_use(6), [0, 1]);
    assert_eq!(in_use(7), [1, 0]);
    assert_eq!(in_use(10), [0, 1]);
    assert_eq!(Ring { length: 0, pages: 2 }.place(0), None);
    assert_eq!(Ring { length: 3, pages: 0 }.place(0), None);
    assert_eq!(in_use(u64::MAX - 3).len(), 2);
}

#[test]
fn a_history_tells_whole_units_at_the_end_of_each_census() {
    let mut history = Records::begin(CensusIndex(0));
    let units = |n: u64| scaled(n.into());
    // Ten fractions from census 2 on, half a unit each until they are four.
    history.note(CensusIndex(2), units(1), 10, U256::zero()).unwrap();
    assert_eq!(history.whole_at(CensusIndex(1), units(9)), Some(0));
    let half = units(1) / 2;
    assert_eq!(history.whole_at(CensusIndex(2), units(1) + half), Some(5));
    history
        .note(CensusIndex(4), units(1) + half, 4, U256::zero())
        .unwrap();
    assert_eq!(history.whole_at(CensusIndex(3), units(1) + half), Some(5));
    assert_eq!(history.whole_at(CensusIndex(4), units(2)), Some(7));
    // Twice in a census is one record.
    history.note(CensusIndex(4), units(2), 1, U256::zero()).unwrap();
    assert_eq!((history.records.len(), history.shortened), (2, false));
    assert_eq!(history.whole_at(CensusIndex(9), units(3) + half), Some(8));
    // What is given back is less than a unit.
    history.note(CensusIndex(5), units(3) + half, 0, half).unwrap();
    assert_eq!(history.whole_at(CensusIndex(9), units(77)), Some(8));
    // The fourth record takes the place of the first.
    history.note(CensusIndex(6), units(80), 1, U256::zero()).unwrap();
    assert_eq!((history.records.len(), history.shortened), (3, true));
    assert_eq!(history.whole_at(CensusIndex(3), units(1) + half), None);
    assert_eq!(history.whole_at(CensusIndex(4), units(3) + half), Some(8));
}

#[test]
fn a_history_does_not_run_back() {
    let mut history = Records::begin(CensusIndex(0));
    history.note(CensusIndex(1), scaled(5), 10, U256::zero()).unwrap();
    let before = history.clone();
    assert_eq!(history.note(CensusIndex(2), scaled(4), 10, U256::zero()), None);
    assert_eq!(history.note(CensusIndex(2), scaled(5), 10, U256::one()), None);
    assert_eq!(history, before);
    assert_eq!(history.whole_at(CensusIndex(1), scaled(4)), None);
}
