// SPDX-License-Identifier: Apache-2.0
//! Openings: who, when, and that each of them is verified.

use crate::{mock::*, Error, Event, WeightInfo};
use compute_primitives::{api::Phase, AssetId, CensusIndex};
use compute_proof::{prove::Opening, Class};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::{DispatchClass, GetDispatchInfo, Pays},
};
use sp_core::H256;
use sp_runtime::DispatchError;

fn empty() -> Opening {
    Opening {
        top: [0; 32],
        samples: Vec::new(),
    }
}

/// A rig whose commit is drawn, in the opening phase.
fn drawn() -> Rig {
    let mut rig = Rig::new(1);
    next_census();
    rig.commit(3).unwrap();
    run_to_phase(Phase::Open);
    rig
}

#[test]
fn a_valid_opening_is_free_and_shows_a_rate() {
    execute(|| {
        let rig = drawn();
        let post = rig.open().unwrap();
        assert_eq!(post.pays_fee, Pays::No);
        assert_eq!(post.actual_weight, Some(<() as WeightInfo>::open_xs()));
        let rate = (3u128 << 20) * 1000 / (6 * u128::from(SLOT_MS));
        System::assert_last_event(
            Event::Opened {
                asset: rig.asset,
                census: current(),
                prover: rig.operator.clone(),
                rate,
            }
            .into(),
        );
        let state = device(rig.asset);
        assert_eq!((state.passed, state.best, state.best_at), (1, rate, current()));
        assert!(state.commit.unwrap().opened);
        // The rating waits for the settlement.
        assert_eq!(state.rate, 0);
    })
}

#[test]
fn openings_are_operational_and_declare_the_largest() {
    let call = crate::Call::<Test>::open {
        asset: AssetId(1),
        census: CensusIndex(1),
        open_seed: H256::zero(),
        top: H256::zero(),
        samples: Default::default(),
    };
    let info = call.get_dispatch_info();
    assert_eq!(
        (info.class, info.pays_fee),
        (DispatchClass::Operational, Pays::Yes)
    );
    assert_eq!(info.call_weight, <() as WeightInfo>::open_xl());
}

#[test]
fn every_class_that_counts_is_verified_by_its_own_weight() {
    for (class, weight) in [
        (Class::Xs, <() as WeightInfo>::open_xs()),
        (Class::S, <() as WeightInfo>::open_s()),
        (Class::M, <() as WeightInfo>::open_m()),
        (Class::L, <() as WeightInfo>::open_l()),
        (Class::Xl, <() as WeightInfo>::open_xl()),
    ] {
        execute(|| {
            let classes = (0..5).collect::<Vec<u8>>().try_into().unwrap();
            crate::Limits::<Test>::mutate(|limits| limits.classes = classes);
            let rig = Rig::new(1);
            next_census();
            // Who knew the seed beforehand could make a claim of any size from eight cells; here it is the
            // test.
            let seed = H256::repeat_byte(7);
            let (claim, opening) = forged(&rig, class, 65_536, seed);
            rig.commit_class(class, claim.rounds, H256(claim.commitment))
                .unwrap();
            run_to_phase(Phase::Open);
            assert_noop!(rig.submit(opening.clone()), submit_error(&rig, &opening));
            crate::Censuses::<Test>::mutate(current(), |census| {
                census.as_mut().unwrap().open_seed = Some(seed)
            });
            let post = rig.submit(opening).unwrap();
            assert_eq!(post.actual_weight, Some(weight));
        })
    }
}

/// Under another seed other cells are asked for: which check fails first depends on where they lie.
fn submit_error(rig: &Rig, opening: &Opening) -> DispatchError {
    let error = rig.submit(opening.clone()).unwrap_err().error;
    let expected = [
        Error::<Test>::OpeningLength.into(),
        Error::<Test>::OpeningPath.into(),
    ];
    assert!(expected.contains(&error), "{error:?}");
    error
}

#[test]
fn refused_unless_signed() {
    execute(|| {
        let rig = drawn();
        let call = |origin| {
            Poc::open(
                origin,
                rig.asset,
                current(),
                H256::zero(),
                H256::zero(),
                Default::default(),
            )
        };
        assert_noop!(call(RuntimeOrigin::none()), DispatchError::BadOrigin);
        assert_noop!(call(RuntimeOrigin::root()), DispatchError::BadOrigin);
    })
}

#[test]
fn refused_without_a_commit_in_that_census() {
    execute(|| {
        let rig = Rig::new(1);
        next_census();
        run_to_phase(Phase::Open);
        assert_noop!(rig.submit(empty()), Error::<Test>::NoCommit);
        let rig = {
            next_census();
            let mut rig = rig;
            rig.commit(2).unwrap();
            run_to_phase(Phase::Open);
            rig
        };
        let seed = census().open_seed.unwrap();
        let elsewhere = |census| submit(rig.operator.clone(), rig.asset, census, seed, rig.opening());
        assert_noop!(elsewhere(CensusIndex(1)), Error::<Test>::NoCommit);
        assert_noop!(elsewhere(CensusIndex(3)), Error::<Test>::NoCommit);
        assert_ok!(elsewhere(CensusIndex(2)));
    })
}

#[test]
fn refused_from_anyone_but_the_prover() {
    execute(|| {
        let rig = drawn();
        let seed = census().open_seed.unwrap();
        assert_noop!(
            submit(account(2), rig.asset, current(), seed, rig.opening()),
            Error::<Test>::NotProver
        );
    })
}

#[test]
fn refused_outside_the_opening_phase() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        rig.commit(2).unwrap();
        assert_noop!(rig.submit(empty()), Error::<Test>::NotOpening);
        run_to_phase(Phase::Seed);
        assert_noop!(rig.submit(empty()), Error::<Test>::NotOpening);
        run_to_phase(Phase::Open);
        run_to(census().opening_ends_at() - 1);
        let opening = rig.opening();
        run_to_phase(Phase::Report);
        assert_noop!(rig.submit(opening.clone()), Error::<Test>::NotOpening);
        run_to_phase(Phase::Payment);
        assert_noop!(rig.submit(opening), Error::<Test>::NotOpening);
    })
}

#[test]
fn refused_in_a_void_census_and_after_its_record_is_cleared() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        let b = System::block_number();
        rig.commit(2).unwrap();
        NoVrf::set([b + 6].into());
        run_to(b + 9);
        assert_eq!(phase(), Phase::Void);
        assert_noop!(rig.submit(empty()), Error::<Test>::NotOpening);
        run_to(b + 6 + HORIZON + 1);
        assert_noop!(
            submit(
                rig.operator.clone(),
                rig.asset,
                CensusIndex(1),
                H256::zero(),
                empty()
            ),
            Error::<Test>::NoSuchCensus
        );
    })
}

#[test]
fn the_last_opening_block_is_still_in_time() {
    execute(|| {
        let rig = drawn();
        run_to(census().opening_ends_at() - 1);
        assert_ok!(rig.open());
    })
}

#[test]
fn refused_under_another_seed() {
    execute(|| {
        let rig = drawn();
        assert_noop!(
            rig.submit_under(H256::repeat_byte(1), rig.opening()),
            Error::<Test>::WrongOpenSeed
        );
    })
}

#[test]
fn refused_twice() {
    execute(|| {
        let rig = drawn();
        assert_ok!(rig.open());
        assert_noop!(rig.open(), Error::<Test>::AlreadyOpened);
    })
}

#[test]
fn refused_when_not_drawn() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.off_probation(2);
        for _ in 0..3 {
            rig.until_not_drawn(2);
            assert_noop!(rig.open(), Error::<Test>::NotDrawn);
        }
    })
}

#[test]
fn an_opening_that_does_not_verify_changes_nothing_and_may_be_tried_again() {
    execute(|| {
        let rig = drawn();
        let good = rig.opening();
        let tampered = |change: &dyn Fn(&mut Opening)| {
            let mut opening = good.clone();
            change(&mut opening);
            rig.submit(opening)
        };
        assert_noop!(
            tampered(&|o| o.samples.truncate(100)),
            Error::<Test>::OpeningLength
        );
        assert_noop!(tampered(&|o| o.samples.clear()), Error::<Test>::OpeningLength);
        assert_noop!(tampered(&|o| o.samples.push(0)), Error::<Test>::OpeningLength);
        assert_noop!(tampered(&|o| o.top[0] ^= 1), Error::<Test>::OpeningCommitment);
        assert_noop!(tampered(&|o| o.samples[0] ^= 1), Error::<Test>::OpeningPath);
        assert_ok!(rig.submit(good.clone()));
    })
}
