// SPDX-License-Identifier: Apache-2.0
//! The schedule and its bounds.

use crate::{mock::*, CurrentSchedule, Error, Event, Schedule, WorkLimits};
use compute_primitives::api::Phase;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{BuildStorage, DispatchError};

const GOOD: Schedule = Schedule {
    window: 4,
    seed_blocks: 3,
    open: 5,
    report: 2,
    gap: 30,
    trigger: u64::MAX,
};

fn set(schedule: Schedule) -> sp_runtime::DispatchResult {
    Poc::set_schedule(RuntimeOrigin::root(), schedule)
}

#[test]
fn a_new_schedule_holds_from_the_next_census_on() {
    execute(|| {
        next_census();
        let b = System::block_number();
        run_to_phase(Phase::Payment);
        assert_ok!(set(GOOD));
        System::assert_last_event(Event::ScheduleSet { schedule: GOOD }.into());
        // The gap after the last census is still its own.
        next_census();
        assert_eq!(System::block_number(), b + 18);
        assert_eq!(census().schedule, GOOD);
        assert_eq!(census().payment_at(), b + 18 + 14);
        next_census();
        assert_eq!(System::block_number(), b + 18 + 30);
    })
}

#[test]
fn it_may_be_set_before_the_first_census_and_after_a_void_one() {
    execute(|| {
        assert_ok!(set(GOOD));
        next_census();
        NoVrf::set([census().closes_at()].into());
        run_to_phase(Phase::Void);
        assert_ok!(set(GOOD));
    })
}

#[test]
fn refused_unless_root_and_between_censuses() {
    execute(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::signed(account(1))] {
            assert_noop!(Poc::set_schedule(origin, GOOD), DispatchError::BadOrigin);
        }
        next_census();
        while phase() != Phase::Payment {
            assert_noop!(set(GOOD), Error::<Test>::CensusRunning);
            next_block();
        }
        assert_ok!(set(GOOD));
    })
}

#[test]
fn refused_out_of_bounds() {
    execute(|| {
        let bad = [
            Schedule { window: 0, ..GOOD },
            Schedule {
                seed_blocks: 0,
                ..GOOD
            },
            Schedule { open: 0, ..GOOD },
            Schedule { report: 0, ..GOOD },
            Schedule { trigger: 0, ..GOOD },
            // Phases must end before the gap does.
            Schedule { gap: 14, ..GOOD },
            Schedule { gap: 0, ..GOOD },
            Schedule {
                seed_blocks: 17,
                gap: 100,
                ..GOOD
            },
            // Payment must begin within the slashing horizon.
            Schedule {
                open: HORIZON - 5,
                gap: 1_000,
                ..GOOD
            },
            Schedule {
                window: 28_801,
                gap: 100_000,
                ..GOOD
            },
            Schedule {
                gap: 7 * 28_800 + 1,
                ..GOOD
            },
            Schedule {
                window: u32::MAX,
                seed_blocks: u32::MAX,
                open: u32::MAX,
                report: u32::MAX,
                ..GOOD
            },
            Schedule {
                gap: u32::MAX,
                ..GOOD
            },
        ];
        for schedule in bad {
            assert_noop!(set(schedule), Error::<Test>::InvalidSchedule);
        }
        for schedule in [
            Schedule { gap: 15, ..GOOD },
            Schedule {
                seed_blocks: 16,
                gap: 100,
                ..GOOD
            },
            Schedule {
                open: HORIZON - 6,
                gap: 1_000,
                ..GOOD
            },
            Schedule {
                window: 28_800,
                gap: 7 * 28_800,
                ..GOOD
            },
        ] {
            assert_ok!(set(schedule));
            assert_eq!(CurrentSchedule::<Test>::get(), schedule);
        }
    })
}

#[test]
fn censuses_never_overlap_at_the_tightest_gap() {
    execute_with(Schedule { gap: 15, ..GOOD }, || {
        for _ in 0..5 {
            next_census();
            let paid_at = census().payment_at();
            next_census();
            assert!(System::block_number() >= paid_at);
            check();
        }
    })
}

#[test]
fn limits_that_no_claim_meets_are_no_genesis() {
    let limits = |classes: &[u8], min_rounds, max_rounds| WorkLimits {
        classes: classes.to_vec().try_into().unwrap(),
        min_rounds,
        max_rounds,
    };
    for bad in [
        limits(&[], 1, 2),
        limits(&[5], 1, 2),
        limits(&[0], 0, 2),
        limits(&[0], 3, 2),
        limits(&[0], 1, 65_537),
    ] {
        assert!(!bad.is_valid());
        let config = crate::GenesisConfig::<Test> {
            limits: bad,
            ..Default::default()
        };
        assert!(std::panic::catch_unwind(|| config.build_storage()).is_err());
    }
    assert!(limits(&[0, 1, 2, 3, 4], 1, 65_536).is_valid());
    let overlapping = crate::GenesisConfig::<Test> {
        schedule: Schedule { gap: 3, ..GOOD },
        ..Default::default()
    };
    assert!(std::panic::catch_unwind(|| overlapping.build_storage()).is_err());
}

#[test]
fn the_named_schedules_are_those_of_the_protocol() {
    let Schedule {
        window,
        seed_blocks,
        open,
        report,
        gap,
        trigger,
    } = Schedule::PUBLIC;
    assert_eq!((window, seed_blocks, open, report, gap), (20, 8, 100, 100, 240));
    assert_eq!(u128::from(trigger), (1u128 << 64) / 960);
    let Schedule {
        window,
        seed_blocks,
        open,
        report,
        gap,
        trigger,
    } = Schedule::default();
    assert_eq!(
        (window, seed_blocks, open, report, gap, trigger),
        (6, 2, 6, 3, 18, 1 << 63)
    );
}
