// SPDX-License-Identifier: Apache-2.0
//! Blocks without room for openings, and what hooks cost.

use crate::{mock::*, room, weights::WeightInfo, Event, Stage};
use compute_primitives::api::Phase;
use frame_support::{
    dispatch::{DispatchClass, DispatchInfo, Pays},
    traits::Hooks,
    weights::Weight,
};
use frame_system::CheckWeight;

/// An opening as the transaction extensions see it.
fn opening_info() -> DispatchInfo {
    DispatchInfo {
        call_weight: <() as WeightInfo>::open_xl(),
        extension_weight: OpeningOverhead::get(),
        class: DispatchClass::Operational,
        pays_fee: Pays::Yes,
    }
}

const OPENING_LEN: usize = compute_proof::MAX_SAMPLES_LEN as usize + 512;

/// Has `frame_system` admit openings until it refuses one, as a flood of failing ones would. Answers how many
/// fitted.
fn flood() -> u32 {
    let mut fitted = 0;
    while CheckWeight::<Test>::do_validate(&opening_info(), OPENING_LEN)
        .and_then(|(_, next)| CheckWeight::<Test>::do_prepare(&opening_info(), OPENING_LEN, next))
        .is_ok()
    {
        fitted += 1;
    }
    fitted
}

#[test]
fn room_is_judged_as_frame_system_does() {
    execute(|| {
        assert!(room::has_room::<Test>());
        let mut fitted = 0;
        while room::has_room::<Test>() {
            let (_, next) = CheckWeight::<Test>::do_validate(&opening_info(), OPENING_LEN).unwrap();
            CheckWeight::<Test>::do_prepare(&opening_info(), OPENING_LEN, next).unwrap();
            fitted += 1;
        }
        assert!(fitted > 100, "{fitted}");
        assert!(CheckWeight::<Test>::do_validate(&opening_info(), OPENING_LEN)
            .and_then(|(_, next)| CheckWeight::<Test>::do_prepare(&opening_info(), OPENING_LEN, next))
            .is_err());
    })
}

#[test]
fn weight_limits_are_those_of_frame_system() {
    let limits: frame_system::limits::BlockWeights = BlockWeights::get();
    let weight = Weight::from_parts(3_000_000_000, 16_384);
    let info = DispatchInfo {
        call_weight: weight,
        class: DispatchClass::Operational,
        ..Default::default()
    };
    // Fillings up to each limit and just past it, in every mix of classes.
    let max = limits.max_block.ref_time();
    let mut seen = std::collections::BTreeSet::new();
    for normal in [0, max / 4, max * 3 / 4] {
        for operational in [
            0,
            max / 5,
            max / 4,
            max / 2,
            max * 3 / 4,
            max - 3_000_000_000,
            max,
        ] {
            execute(|| {
                System::register_extra_weight_unchecked(Weight::from_parts(normal, 0), DispatchClass::Normal);
                System::register_extra_weight_unchecked(
                    Weight::from_parts(operational, 0),
                    DispatchClass::Operational,
                );
                let fits = room::fits_weight(&limits, System::block_weight(), weight);
                assert_eq!(
                    fits,
                    CheckWeight::<Test>::do_prepare(&info, 0, 0).is_ok(),
                    "{normal} {operational}"
                );
                seen.insert(fits);
            });
        }
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn blocks_without_room_prolong_the_opening_phase() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        rig.commit(2).unwrap();
        run_to_phase(Phase::Open);
        let ends = census().opening_ends_at();
        // A flood keeps the device from opening until past the deadline that was.
        while System::block_number() < ends + 4 {
            assert!(flood() > 100);
            assert_eq!(phase(), Phase::Open);
            next_block();
        }
        assert_eq!(census().full_blocks, ends + 4 - (ends - 6));
        assert_eq!(phase(), Phase::Open);
        rig.open().unwrap();
        // The gap is long over: the next census opens as soon as this one reaches payment.
        let paid_at = census().payment_at();
        run_to(paid_at - 1);
        assert_eq!(phase(), Phase::Report);
        next_block();
        assert_eq!((current().0, phase()), (2, Phase::Work));
        rig.settle().unwrap();
        assert!(ledger::unvested(rig.asset) > 0);
        assert_eq!(ledger::Bonds::get(rig.asset, &rig.operator).left, BOND);
    })
}

#[test]
fn full_blocks_outside_the_opening_phase_change_nothing() {
    execute(|| {
        next_census();
        let b = System::block_number();
        while phase() != Phase::Open {
            flood();
            next_block();
        }
        run_to_phase(Phase::Report);
        while phase() != Phase::Payment {
            flood();
            next_block();
        }
        assert_eq!(census().full_blocks, 0);
        assert_eq!(System::block_number(), b + 17);
    })
}

#[test]
fn the_last_opening_block_counts_only_if_it_had_room() {
    execute(|| {
        next_census();
        run_to_phase(Phase::Open);
        run_to(census().opening_ends_at() - 1);
        flood();
        next_block();
        assert_eq!(phase(), Phase::Open);
        next_block();
        assert_eq!(phase(), Phase::Report);
    })
}

#[test]
fn hooks_weigh_what_they_do() {
    type W = ();
    execute(|| {
        let quiet = <W as WeightInfo>::on_initialize();
        run_to(4);
        let weigh = |steps: &[Weight]| steps.iter().fold(quiet, |sum, step| sum.saturating_add(*step));
        // The mock counts each block's hooks as mandatory weight.
        let spent = || *System::block_weight().get(DispatchClass::Mandatory);
        assert_eq!(spent(), quiet);
        next_block();
        assert_eq!(phase(), Phase::Work);
        assert_eq!(spent(), weigh(&[<W as WeightInfo>::on_initialize_open()]));
        next_block();
        assert_eq!(spent(), quiet);
        run_to_phase(Phase::Seed);
        assert_eq!(spent(), weigh(&[<W as WeightInfo>::on_initialize_close()]));
        run_to_phase(Phase::Open);
        let full = <W as WeightInfo>::on_finalize_full();
        assert_eq!(spent(), weigh(&[<W as WeightInfo>::on_initialize_seed(), full]));
        next_block();
        assert_eq!(spent(), weigh(&[full]));
        run_to_phase(Phase::Payment);
        assert_eq!(spent(), weigh(&[<W as WeightInfo>::on_initialize_payment()]));
        assert!(matches!(census().stage, Stage::Payment { ordinal: 1 }));
        assert!(events()
            .iter()
            .any(|event| matches!(event, Event::PaymentStarted { .. })));
    })
}

#[test]
fn constants_fit_together() {
    execute(<Poc as Hooks<u32>>::integrity_test);
    // The schedules that the pallet names are admissible where they are meant to be.
    assert!(crate::Schedule::PUBLIC.is_valid(201_600));
    assert!(crate::Schedule::DEVELOPMENT.is_valid(HORIZON));
    assert!(crate::WorkLimits::public().is_valid() && crate::WorkLimits::development().is_valid());
    assert!(
        crate::WorkLimits::public().class(0).is_none(),
        "XS does not count on a public chain"
    );
}
