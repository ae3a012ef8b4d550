// SPDX-License-Identifier: Apache-2.0
//! Commits: who may make them, when, and what they leave in the books.

use crate::{mock::*, Claim, Error, Event, WeightInfo, WorkLimits};
use compute_primitives::{api::Phase, AssetId, AssetKind, AssetStatus, CensusIndex};
use compute_proof::Class;
use frame_support::{assert_noop, dispatch::Pays};
use sp_core::H256;
use sp_runtime::DispatchError;

const XS: u8 = 0;

fn commit(
    who: u8,
    asset: AssetId,
    census: CensusIndex,
    challenge: H256,
    class: u8,
    rounds: u32,
) -> frame_support::dispatch::DispatchResultWithPostInfo {
    Poc::commit(
        RuntimeOrigin::signed(account(who)),
        asset,
        census,
        challenge,
        class,
        rounds,
        H256::zero(),
    )
}

#[test]
fn a_commit_is_free_and_stored_with_its_prover() {
    execute(|| {
        let mut rig = Rig::new(1);
        let index = next_census();
        run_to(System::block_number() + 2);
        let post = rig.commit(3).unwrap();
        assert_eq!(post.pays_fee, Pays::No);
        assert_eq!(post.actual_weight, Some(<() as WeightInfo>::commit()));
        let stored = device(rig.asset).commit.unwrap();
        assert_eq!(
            (stored.census, stored.prover.clone(), stored.count),
            (index, rig.operator.clone(), 1)
        );
        let commitment = H256(rig.store().claim().commitment);
        assert_eq!(
            stored.claim,
            Claim::Matrix {
                class: Class::Xs,
                rounds: 3,
                commitment
            }
        );
        assert_eq!(stored.claim.work(), 3 << 20);
        assert_eq!(stored.committed_at, System::block_number());
        assert!(stored.always && !stored.opened);
        let books = books(index);
        assert_eq!((books.commits, books.always, books.claimed), (1, 1, 3 << 20));
        System::assert_last_event(
            Event::Committed {
                asset: rig.asset,
                census: index,
                prover: rig.operator.clone(),
                class: Class::Xs,
                rounds: 3,
                always: true,
            }
            .into(),
        );
        // The bond answers for it as long as the census's record is kept.
        let until = census().closes_at() + HORIZON;
        assert_eq!(ledger::Bonds::get(rig.asset, &rig.operator).until, until);
    })
}

#[test]
fn a_later_commit_replaces_the_earlier_one_exactly() {
    execute(|| {
        let mut rig = Rig::new(1);
        let mut other = Rig::new(2);
        let index = next_census();
        other.commit(2).unwrap();
        rig.commit(3).unwrap();
        rig.commit(5).unwrap();
        assert_eq!(books(index).claimed, 7 << 20);
        rig.commit(1).unwrap();
        let now = books(index);
        assert_eq!((now.commits, now.always, now.claimed), (2, 2, 3 << 20));
        assert_eq!(device(rig.asset).commit.unwrap().count, 3);
        assert_noop!(rig.commit(1), Error::<Test>::TooManyCommits);
        check();
    })
}

#[test]
fn refused_unless_signed() {
    execute(|| {
        next_census();
        let call = |origin| {
            Poc::commit(
                origin,
                AssetId(1),
                current(),
                census().challenge,
                XS,
                1,
                H256::zero(),
            )
        };
        assert_noop!(call(RuntimeOrigin::none()), DispatchError::BadOrigin);
        assert_noop!(call(RuntimeOrigin::root()), DispatchError::BadOrigin);
    })
}

#[test]
fn refused_outside_the_window() {
    execute(|| {
        let rig = Rig::new(1);
        let unknown = CensusIndex(1);
        assert_noop!(
            commit(1, rig.asset, unknown, H256::zero(), XS, 1),
            Error::<Test>::NoSuchCensus
        );
        next_census();
        let challenge = census().challenge;
        let attempt = || commit(1, rig.asset, CensusIndex(1), challenge, XS, 1);
        assert_noop!(
            commit(1, rig.asset, CensusIndex(2), challenge, XS, 1),
            Error::<Test>::NoSuchCensus
        );
        run_to(census().closes_at() - 1);
        frame_support::assert_ok!(attempt());
        for phase in [Phase::Seed, Phase::Open, Phase::Report, Phase::Payment] {
            run_to_phase(phase);
            assert_noop!(attempt(), Error::<Test>::WindowClosed);
        }
        run_to_phase(Phase::Work);
        assert_noop!(attempt(), Error::<Test>::WindowClosed);
    })
}

#[test]
fn refused_for_another_challenge() {
    execute(|| {
        let rig = Rig::new(1);
        next_census();
        assert_noop!(
            commit(1, rig.asset, current(), H256::repeat_byte(1), XS, 1),
            Error::<Test>::WrongChallenge
        );
    })
}

#[test]
fn refused_for_work_that_does_not_count() {
    execute(|| {
        let rig = Rig::new(1);
        next_census();
        let attempt = |class, rounds| commit(1, rig.asset, current(), census().challenge, class, rounds);
        for class in [2, 3, 4, 5, 255] {
            assert_noop!(attempt(class, 1), Error::<Test>::ClassNotAllowed);
        }
        for rounds in [0, 65_537, u32::MAX] {
            assert_noop!(attempt(XS, rounds), Error::<Test>::RoundsOutOfBounds);
        }
        crate::Limits::<Test>::put(WorkLimits::public());
        assert_noop!(attempt(XS, 1_000), Error::<Test>::ClassNotAllowed);
        assert_noop!(attempt(1, 255), Error::<Test>::RoundsOutOfBounds);
        frame_support::assert_ok!(attempt(4, 65_536));
    })
}

#[test]
fn refused_for_assets_that_are_not_there_or_not_fit() {
    execute(|| {
        let rig = Rig::new(1);
        let hashrate = ledger::register(AssetKind::Hashrate, &account(1), BOND);
        next_census();
        let attempt = |who, asset| commit(who, asset, current(), census().challenge, XS, 1);
        assert_noop!(attempt(1, AssetId(99)), Error::<Test>::NoSuchAsset);
        assert_noop!(attempt(1, hashrate), Error::<Test>::WrongKind);
        assert_noop!(attempt(2, rig.asset), Error::<Test>::NotOperator);
        ledger::set_operator(rig.asset, None, 0);
        assert_noop!(attempt(1, rig.asset), Error::<Test>::NotOperator);
        ledger::set_operator(rig.asset, Some(&rig.operator), 0);
        ledger::set_status(rig.asset, AssetStatus::Retired);
        assert_noop!(attempt(1, rig.asset), Error::<Test>::AssetRetired);
        ledger::set_status(rig.asset, AssetStatus::Offline);
        frame_support::assert_ok!(attempt(1, rig.asset));
    })
}

#[test]
fn refused_while_the_bond_is_not_whole() {
    execute(|| {
        let rig = Rig::new(1);
        next_census();
        ledger::Bonds::mutate(rig.asset, &rig.operator, |bond| bond.pledged += 1);
        assert_noop!(rig.lie(1), Error::<Test>::BondNotWhole);
        ledger::make_whole(rig.asset, &rig.operator);
        frame_support::assert_ok!(rig.lie(1));
    })
}

#[test]
fn certain_openings_are_limited_and_a_replacement_is_counted_once() {
    execute(|| {
        let rigs: Vec<_> = (1..=6).map(Rig::new).collect();
        let index = next_census();
        let (last, first) = rigs.split_last().unwrap();
        first.iter().for_each(|rig| {
            rig.lie(1).unwrap();
        });
        assert_eq!(books(index).always, MAX_ALWAYS);
        assert_noop!(last.lie(1), Error::<Test>::TooManyAlways);
        // One that is in may still replace its own.
        rigs[0].lie(2).unwrap();
        assert_eq!(books(index).always, MAX_ALWAYS);
        // Devices past probation are not concerned.
        crate::Devices::<Test>::insert(
            last.asset,
            crate::Device {
                passed: crate::impls::PROBATION,
                best: u128::MAX,
                best_at: index,
                ..crate::Device::new(0)
            },
        );
        last.lie(1).unwrap();
        assert_eq!((books(index).commits, books(index).always), (6, MAX_ALWAYS));
    })
}

#[test]
fn probation_lasts_sixteen_openings_and_a_jump_is_always_opened() {
    execute(|| {
        let mut rig = Rig::new(1);
        for passed in 0..16 {
            next_census();
            rig.commit(4).unwrap();
            let stored = device(rig.asset);
            assert_eq!((stored.passed, stored.commit.unwrap().always), (passed, true));
            rig.finish();
        }
        let always = |rig: &mut Rig, rounds| {
            next_census();
            rig.commit(rounds).unwrap();
            let always = device(rig.asset).commit.unwrap().always;
            rig.finish();
            always
        };
        // The lottery, as long as the claim is near what was shown.
        assert!(!always(&mut rig, 4));
        assert!(!always(&mut rig, 3));
        // Half as much again was never shown.
        assert!(always(&mut rig, 6));
        // It was opened, so it is shown now.
        assert!(!always(&mut rig, 6));
    })
}

#[test]
fn the_best_rate_decays_until_the_same_claim_must_be_shown_again() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.off_probation(4);
        let best = device(rig.asset).best;
        // 1.05 · (255/256)^n falls below 1 after 12.5 censuses.
        for n in 1..=14u32 {
            next_census();
            rig.lie(4).unwrap();
            let expected = crate::math::exceeds_best(best, crate::math::decayed_best(best, n));
            assert_eq!(expected, n >= 13);
            assert_eq!(device(rig.asset).commit.unwrap().always, expected, "{n}");
            // Forget the claim as if its census had been void.
            crate::Devices::<Test>::mutate(rig.asset, |device| device.as_mut().unwrap().commit = None);
            crate::CensusBooks::<Test>::mutate(current(), AssetKind::Gpu, |books| {
                let books = books.as_mut().unwrap();
                (books.commits, books.always, books.claimed) = (0, 0, 0);
            });
        }
    })
}

#[test]
fn empty_slots_before_the_commit_lower_the_claimed_rate() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.off_probation(4);
        next_census();
        // The window lasts twice as long by now: eight rounds are no more per second than four were.
        Slot::mutate(|slot| *slot += 6);
        rig.commit(8).unwrap();
        assert!(!device(rig.asset).commit.unwrap().always);
        rig.finish();
    })
}

#[test]
fn the_next_commit_settles_the_last_one() {
    execute(|| {
        let mut rig = Rig::new(1);
        let first = next_census();
        rig.commit(2).unwrap();
        run_to_phase(Phase::Open);
        rig.open().unwrap();
        next_census();
        let post = rig.commit(2).unwrap();
        assert_eq!(post.pays_fee, Pays::No);
        assert_eq!(post.actual_weight, Some(<() as WeightInfo>::commit_paying()));
        assert_eq!(device(rig.asset).last_census, first);
        assert!(ledger::unvested(rig.asset) > 0);
        assert_eq!(ledger::status(rig.asset), AssetStatus::Active);
    })
}

#[test]
fn a_commit_after_a_failure_slashes_and_is_not_taken() {
    execute(|| {
        let rig = Rig::new(1);
        let first = next_census();
        rig.lie(2).unwrap();
        let second = next_census();
        let before = Balances::total_issuance();
        let post = rig.lie(2).unwrap();
        assert_eq!(post.pays_fee, Pays::Yes);
        assert_eq!(post.actual_weight, Some(<() as WeightInfo>::commit_slashing()));
        System::assert_last_event(
            Event::CommitRefused {
                asset: rig.asset,
                census: second,
            }
            .into(),
        );
        let state = device(rig.asset);
        assert_eq!((state.commit, state.failed, state.passed), (None, 1, 0));
        assert_eq!(books(second).commits, 0);
        // 48 rewards are more than the bond: all of it is burnt, as nobody reported.
        assert_eq!(before - Balances::total_issuance(), BOND);
        assert_eq!(ledger::Bonds::get(rig.asset, &rig.operator).left, 0);
        assert_eq!(books(first).put_back, books(first).pot);
        assert_noop!(rig.lie(2), Error::<Test>::BondNotWhole);
        ledger::make_whole(rig.asset, &rig.operator);
        rig.lie(2).unwrap();
        check();
        // Probation begins anew.
        assert!(device(rig.asset).commit.unwrap().always);
    })
}

#[test]
fn a_failure_that_costs_nothing_does_not_hinder_the_next_commit() {
    execute(|| {
        let rig = Rig::new(1);
        let first = next_census();
        rig.lie(2).unwrap();
        run_to_phase(Phase::Payment);
        // A pot of nothing: 48 times nothing is nothing.
        ledger::Outstanding::mutate(|sum| *sum -= books(first).remaining);
        crate::CensusBooks::<Test>::mutate(first, AssetKind::Gpu, |books| {
            let books = books.as_mut().unwrap();
            (books.pot, books.remaining, books.put_back) = (0, 0, 0);
        });
        next_census();
        let post = rig.lie(2).unwrap();
        assert_eq!(
            (post.pays_fee, post.actual_weight),
            (Pays::No, Some(<() as WeightInfo>::commit_slashing()))
        );
        assert_eq!(
            (device(rig.asset).failed, device(rig.asset).commit.unwrap().census),
            (1, current())
        );
    })
}

#[test]
fn plain_commits_fit_a_block_2500_times() {
    // In picoseconds: a block's normal weight, and what a transaction weighs beside its call.
    const NORMAL: u64 = 1_500_000_000_000;
    const OVERHEAD: u64 = 280_000_000;
    let fit = NORMAL / (<() as WeightInfo>::commit().ref_time() + OVERHEAD);
    assert!(fit >= 2_500, "{fit}");
}
