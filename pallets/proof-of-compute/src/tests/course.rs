// SPDX-License-Identifier: Apache-2.0
//! The course of a census, block by block.

use crate::{mock::*, CensusBooks, Censuses, Event, OldestCensus, RecentVrfs, Schedule, Stage};
use codec::Encode;
use compute_primitives::{api::Phase, AssetKind, CensusIndex};
use sp_core::H256;
use sp_io::hashing::blake2_256;

fn vrf(block: u32) -> H256 {
    H256((b"ergon/vrf".as_slice(), block, VrfSalt::get()).using_encoded(blake2_256))
}

fn concat(parts: &[&[u8]]) -> H256 {
    H256(blake2_256(&parts.concat()))
}

#[test]
fn phases_follow_the_block_numbers_exactly() {
    execute(|| {
        assert_eq!(phase(), Phase::Idle);
        next_census();
        let b = System::block_number();
        let expected = [
            (6, Phase::Work),
            (2, Phase::Seed),
            (6, Phase::Open),
            (3, Phase::Report),
        ];
        let mut at = b;
        for (blocks, wanted) in expected {
            for _ in 0..blocks {
                assert_eq!((System::block_number(), phase()), (at, wanted));
                at += 1;
                next_block();
            }
        }
        assert_eq!((System::block_number(), phase()), (b + 17, Phase::Payment));
        let info = Poc::census_info();
        assert_eq!(
            (info.closes_at, info.open_until, info.report_until),
            (b + 6, b + 13, b + 16)
        );
        // With a trigger that always fires, the gap alone decides.
        assert_eq!(info.not_before, b + 18);
        assert_eq!(info.index, CensusIndex(1));
        next_block();
        assert_eq!(
            (System::block_number(), current(), phase()),
            (b + 18, CensusIndex(2), Phase::Work)
        );
    })
}

#[test]
fn no_census_opens_before_four_vrfs_are_known() {
    execute(|| {
        // Block 1 reads what block 0 left, which only tells whether block 1's own is new: four are known in
        // block 5.
        next_census();
        assert_eq!(System::block_number(), 5);
    });
    execute(|| {
        NoVrf::set([2].into());
        next_census();
        assert_eq!(System::block_number(), 7);
    })
}

#[test]
fn challenge_binds_the_chain_the_census_and_the_parent_block() {
    execute(|| {
        // Past frame_system's window of block hashes, genesis is still known.
        run_to(4);
        let before = current();
        while System::block_number() < 40 || current() == before {
            next_sealed_block();
        }
        run_to(census().not_before() - 1);
        next_sealed_block();
        let index = current();
        let b = System::block_number();
        assert_eq!((census().opened_at, System::block_hash(10)), (b, H256::zero()));
        let parent = System::block_hash(b - 1);
        assert_ne!(parent, H256::zero());
        let genesis = [0x67u8; 32];
        assert_eq!(
            census().challenge,
            concat(&[
                b"ergon/challenge",
                &genesis,
                &index.0.to_le_bytes(),
                parent.as_bytes()
            ])
        );
    })
}

#[test]
fn trigger_is_the_published_hash_of_four_vrfs() {
    execute_with(
        Schedule {
            trigger: 1 << 61,
            ..Schedule::DEVELOPMENT
        },
        || {
            let genesis = [0x67u8; 32];
            for _ in 0..10 {
                let opens = |n: u32, index: u32| {
                    let mixed = blake2_256(&(n - 4..n).flat_map(|block| vrf(block).0).collect::<Vec<u8>>());
                    let hash = concat(&[b"ergon/trigger", &genesis, &index.to_le_bytes(), &mixed]);
                    u64::from_le_bytes(hash.0[..8].try_into().unwrap()) < 1 << 61
                };
                let from = Poc::census_info().not_before.max(5);
                let index = next_census();
                let expected = (from..).find(|block| opens(*block, index.0)).unwrap();
                assert_eq!(System::block_number(), expected);
            }
        },
    )
}

#[test]
fn trigger_fires_about_as_often_as_it_says() {
    execute(|| {
        let hits = (0u32..20_000)
            .filter(|i| crate::math::triggered(&blake2_256(&i.to_le_bytes()), Schedule::PUBLIC.trigger))
            .count();
        // 1/960 of 20,000: 20.8 expected, standard error 4.6.
        assert!((7..=35).contains(&hits), "{hits}");
    })
}

#[test]
fn opening_seed_mixes_the_vrfs_of_the_blocks_after_the_window() {
    execute(|| {
        let index = next_census();
        let b = System::block_number();
        run_to_phase(Phase::Seed);
        assert_eq!(census().open_seed, None);
        run_to_phase(Phase::Open);
        assert_eq!(System::block_number(), b + 8);
        let expected = concat(&[
            b"ergon/open",
            &index.0.to_le_bytes(),
            vrf(b + 6).as_bytes(),
            vrf(b + 7).as_bytes(),
        ]);
        assert_eq!(census().open_seed, Some(expected));
        System::assert_has_event(
            Event::OpeningSeedMade {
                census: index,
                open_seed: expected,
            }
            .into(),
        );
    })
}

#[test]
fn the_widest_seed_fits_the_memory_of_vrfs() {
    let schedule = Schedule {
        seed_blocks: 16,
        gap: 40,
        trigger: u64::MAX,
        ..Schedule::DEVELOPMENT
    };
    execute_with(schedule, || {
        let index = next_census();
        let b = System::block_number();
        run_to_phase(Phase::Open);
        assert_eq!(RecentVrfs::<Test>::get().len(), 17);
        let mut message = [b"ergon/open".as_slice(), &index.0.to_le_bytes()].concat();
        (b + 6..b + 22).for_each(|block| message.extend_from_slice(vrf(block).as_bytes()));
        assert_eq!(census().open_seed, Some(H256(blake2_256(&message))));
    })
}

#[test]
fn a_missing_vrf_voids_the_census_without_pay_or_slash() {
    for missing in [6, 7] {
        execute(|| {
            let mut rig = Rig::new(1);
            let index = next_census();
            let b = System::block_number();
            rig.commit(2).unwrap();
            NoVrf::set([b + missing].into());
            run_to(b + missing);
            assert_eq!(phase(), Phase::Seed);
            next_block();
            assert_eq!(phase(), Phase::Void);
            assert_eq!(census().stage, Stage::Void);
            // The whole pot is back, and the next census carries it over.
            assert_eq!(books(index).put_back, ledger::SCHEDULED);
            assert_eq!(books(index).remaining, 0);
            System::assert_has_event(
                Event::CensusVoided {
                    census: index,
                    put_back: ledger::SCHEDULED + ledger::SCHEDULED_FOR_HASHES,
                }
                .into(),
            );

            next_census();
            assert_eq!(System::block_number(), b + 18);
            assert_eq!(books(current()).pot, 2 * ledger::SCHEDULED);
            rig.settle().unwrap();
            System::assert_last_event(
                Event::CommitDropped {
                    asset: rig.asset,
                    census: index,
                }
                .into(),
            );
            assert_eq!(ledger::unvested(rig.asset), 0);
            assert_eq!(ledger::Bonds::get(rig.asset, &rig.operator).left, BOND);
            assert_eq!(device(rig.asset).failed, 0);
            // A void census counts for nobody.
            assert_eq!(Poc::missed(rig.asset), 0);
        })
    }
}

#[test]
fn a_stale_vrf_is_a_missing_one() {
    // The second one's predecessor is itself stale, and lies before the seed blocks.
    for stale in [&[7][..], &[5, 6], &[4, 5, 6, 7]] {
        execute(|| {
            next_census();
            let b = System::block_number();
            StaleVrf::set(stale.iter().map(|block| b + block).collect());
            run_to(b + 8);
            assert_eq!(phase(), Phase::Void, "{stale:?}");
        })
    }
}

#[test]
fn a_vrf_missing_outside_the_seed_blocks_changes_nothing() {
    execute(|| {
        next_census();
        let b = System::block_number();
        NoVrf::set([b, b + 5, b + 8].into());
        run_to(b + 17);
        assert_eq!(phase(), Phase::Payment);
        // Nor does the next one open without its four.
        NoVrf::set([b + 17].into());
        run_to(b + 21);
        assert_eq!(phase(), Phase::Payment);
        next_block();
        assert_eq!(phase(), Phase::Work);
    })
}

#[test]
fn rates_are_measured_over_the_slots_that_passed_until_the_close() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        rig.commit(3).unwrap();
        // Six empty slots: the window took twice its time.
        Slot::mutate(|slot| *slot += 6);
        run_to_phase(Phase::Seed);
        assert_eq!(census().slots, Some(12));
        // Slots after the close don't count.
        Slot::mutate(|slot| *slot += 100);
        rig.finish();
        let shown = (3u128 << 20) * 1000 / (12 * u128::from(SLOT_MS));
        assert_eq!(device(rig.asset).rate, shown / 16);
        assert_eq!(device(rig.asset).best, shown);
        assert_eq!(Poc::network_rate(AssetKind::Gpu), shown);
    })
}

#[test]
fn an_empty_census_puts_its_pot_back_and_carries_at_most_one() {
    execute(|| {
        for _ in 0..4 {
            next_census();
            run_to_phase(Phase::Payment);
            assert_eq!(books(current()).remaining, 0);
            assert_eq!(books(current()).put_back, books(current()).pot);
        }
        assert_eq!(books(current()).pot, 2 * ledger::SCHEDULED);
    })
}

#[test]
fn a_record_is_cleared_once_its_horizon_has_passed() {
    execute(|| {
        let mut rig = Rig::new(1);
        let index = next_census();
        rig.commit(2).unwrap();
        let due = census().closes_at() + HORIZON;
        run_to(due);
        assert!(Censuses::<Test>::contains_key(index));
        let left = books(index).remaining;
        assert!(left > 0, "the share of a commit that nobody settled");
        next_block();
        assert!(!Censuses::<Test>::contains_key(index));
        assert!(!CensusBooks::<Test>::contains_key(index, AssetKind::Gpu));
        assert_eq!(OldestCensus::<Test>::get(), CensusIndex(2));
        System::assert_has_event(
            Event::CensusCleared {
                census: index,
                put_back: left,
            }
            .into(),
        );
        // The commit left behind is worth nothing any more, and does no harm.
        rig.settle().unwrap();
        System::assert_last_event(
            Event::CommitDropped {
                asset: rig.asset,
                census: index,
            }
            .into(),
        );
        assert_eq!(ledger::unvested(rig.asset), 0);
        assert_eq!(device(rig.asset).commit, None);
    })
}

#[test]
fn the_present_census_is_never_cleared() {
    execute_with(
        Schedule {
            trigger: 1,
            ..Schedule::DEVELOPMENT
        },
        || {
            run_to(10);
            crate::CurrentSchedule::<Test>::put(Schedule {
                trigger: u64::MAX,
                ..Schedule::DEVELOPMENT
            });
            let index = next_census();
            crate::CurrentSchedule::<Test>::put(Schedule {
                trigger: 1,
                ..Schedule::DEVELOPMENT
            });
            run_to(System::block_number() + 2 * HORIZON);
            assert_eq!(current(), index);
            assert!(Censuses::<Test>::contains_key(index));
            assert_eq!(phase(), Phase::Payment);
        },
    )
}

#[test]
fn what_cannot_be_put_back_is_kept_until_it_can() {
    execute(|| {
        let index = next_census();
        ledger::Jammed::put(true);
        run_to_phase(Phase::Payment);
        assert_eq!(books(index).remaining, ledger::SCHEDULED);
        let due = census().closes_at() + HORIZON;
        run_to(due + 3);
        // Still there, and nothing was lost.
        assert_eq!(books(index).remaining, ledger::SCHEDULED);
        check();
        ledger::Jammed::put(false);
        next_block();
        assert!(!Censuses::<Test>::contains_key(index));
    })
}

#[test]
fn the_last_24_denominators_are_remembered_newest_last() {
    execute(|| {
        let mut rig = Rig::new(1);
        let mut before_last = Vec::new();
        for census in 1..=26u32 {
            next_census();
            if census % 2 == 0 {
                rig.commit(3).unwrap();
                rig.finish();
            }
            run_to_phase(Phase::Payment);
            if census == 24 {
                before_last = crate::PastDenominators::<Test>::get(AssetKind::Gpu).to_vec();
            }
        }
        let past = crate::PastDenominators::<Test>::get(AssetKind::Gpu);
        assert_eq!(past.len(), 24);
        // Censuses 1 and 2 are forgotten. Nobody committed in the odd ones: they have the floor, half the
        // mean of those before.
        assert_eq!((past[23], past[1]), (3 << 20, 3 << 20));
        assert_eq!(past[22], before_last.iter().sum::<u128>() / 48);
        assert_eq!(past[22], books(CensusIndex(25)).denominator);
    })
}
