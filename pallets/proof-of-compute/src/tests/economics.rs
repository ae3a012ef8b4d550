// SPDX-License-Identifier: Apache-2.0
//! What lying and splitting earn.

use crate::{math, mock::*};
use compute_primitives::api::Phase;
use frame_support::assert_ok;

/// Chance that a drawn commit with a share δ of its cells skipped passes.
fn passes(delta: f64) -> f64 {
    (1.0 - delta * 255.0 / 256.0).powi(8)
}

/// Income of a census, in rewards of the claim, of a device off probation that skips a share δ and claims
/// all.
fn expected(delta: f64, slash_rewards: f64) -> f64 {
    const DRAWN: f64 = 1.0 / 8.0;
    let caught = DRAWN * (1.0 - passes(delta));
    (1.0 - caught) - caught * slash_rewards
}

#[test]
fn skipping_pays_for_no_share() {
    // What the chain takes of a claim whose reward is 1,000,000 and whose stake allows it, less the tenth
    // that goes to a reporter who may be the cheat itself.
    let reward = 1_000_000;
    let slash = math::slash(reward, u128::MAX / 2, 0);
    let cost = (slash.bond - slash.bond_bounty) as f64 / reward as f64;
    for step in 1..=1_000 {
        let delta = f64::from(step) / 1_000.0;
        // An honest device that did only what this one did would earn 1 - δ.
        assert!(expected(delta, cost) < 1.0 - delta, "{delta}");
    }
    // Without any work it is a loss outright.
    assert!(expected(1.0, cost) < -4.0);
    // Seven rewards are the least that suffices where no work is done at all.
    assert!(expected(1.0, 6.9) > 0.0 && expected(1.0, 7.1) < 0.0);
}

#[test]
fn what_an_asset_is_paid_it_can_lose_sixteen_times() {
    // However much is at stake, 16 rewards are there to be taken: more than twice the seven that are needed.
    for (bond, unvested) in [
        (1_600u128, 0u128),
        (0, 1_600),
        (1, 0),
        (10_000, 333),
        (u128::MAX / 4, u128::MAX / 4),
    ] {
        let paid = math::capped(u128::MAX, bond, unvested);
        let slash = math::slash(paid, bond, unvested);
        assert!(slash.bond + slash.unvested >= paid.saturating_mul(16).min(bond + unvested));
        assert!(paid.checked_mul(16).is_some_and(|stake| stake <= bond + unvested));
    }
}

#[test]
fn a_claim_made_to_dilute_is_reported_and_dilutes_nobody() {
    execute(|| {
        let mut honest = Rig::with_bond(1, 32_000 * UNIT);
        let spoiler = Rig::with_bond(2, 32_000 * UNIT);
        let index = next_census();
        honest.commit(2).unwrap();
        spoiler.lie(65_536).unwrap();
        run_to_phase(Phase::Open);
        honest.open().unwrap();
        run_to_phase(Phase::Report);
        assert_ok!(spoiler.report_by(9, index));
        run_to_phase(Phase::Payment);
        honest.settle().unwrap();
        assert_eq!(ledger::unvested(honest.asset), ledger::SCHEDULED);
        // Its claim was nearly all of the pot, and 48 pots are more than its bond.
        assert_eq!(ledger::Bonds::get(spoiler.asset, &spoiler.operator).left, 0);
    })
}

#[test]
fn a_claim_made_to_dilute_that_nobody_reports_wins_nothing() {
    execute(|| {
        let mut honest = Rig::with_bond(1, 32_000 * UNIT);
        let spoiler = Rig::with_bond(2, 32_000 * UNIT);
        let index = next_census();
        honest.commit(2).unwrap();
        spoiler.lie(6).unwrap();
        run_to_phase(Phase::Open);
        honest.open().unwrap();
        run_to_phase(Phase::Payment);
        honest.settle().unwrap();
        spoiler.settle().unwrap();
        assert_eq!(ledger::unvested(honest.asset), ledger::SCHEDULED / 4);
        assert_eq!(ledger::unvested(spoiler.asset), 0);
        // What it kept from the others is in the next pot.
        assert_eq!(books(index).put_back, ledger::SCHEDULED * 3 / 4);
        next_census();
        assert_eq!(books(current()).pot, ledger::SCHEDULED * 7 / 4);
    })
}

/// One device of eight rounds a window beside a rival of eight: paid and rated as one identity, or as two of
/// which the first works until 40% of the window and the second for the rest.
fn two_identities(split: &[u32]) -> (u128, u128) {
    let mut totals = (0, 0);
    execute(|| {
        let mut rival = Rig::with_bond(9, 50_000 * UNIT);
        let mut parts: Vec<Rig> = (1..)
            .zip(split)
            .map(|(seed, _)| Rig::with_bond(seed, 50_000 * UNIT))
            .collect();
        for _ in 0..20 {
            next_census();
            rival.commit(8).unwrap();
            for (part, rounds) in parts.iter_mut().zip(split) {
                // Each commits when its share of the window is over.
                next_block();
                part.commit(*rounds).unwrap();
            }
            run_to_phase(Phase::Open);
            for rig in parts.iter().chain([&rival]) {
                if rig.is_drawn() {
                    rig.open().unwrap();
                }
            }
            run_to_phase(Phase::Payment);
            for rig in parts.iter().chain([&rival]) {
                rig.settle().unwrap();
            }
        }
        totals = parts.iter().fold((0, 0), |(paid, rated), part| {
            (
                paid + ledger::unvested(part.asset),
                rated + device(part.asset).rate,
            )
        });
    });
    totals
}

#[test]
fn two_identities_on_one_device_add_up_to_one() {
    let (paid_one, rated_one) = two_identities(&[8]);
    for split in [[3, 5], [4, 4], [1, 7]] {
        let (paid_two, rated_two) = two_identities(&split);
        assert!(paid_two <= paid_one, "{split:?}: {paid_two} > {paid_one}");
        assert!(rated_two <= rated_one, "{split:?}: {rated_two} > {rated_one}");
        // Nor does splitting cost an honest pair of devices anything but rounding.
        assert!(paid_one - paid_two <= 40, "{split:?}");
    }
    // Had each been measured from the opening up to its own commit, the first of two that work until 40% and
    // until 85% of the window would have shown all of the device's strength, and the second half of it once
    // more.
    let to_own_commit = |worked: u32, committed: u32| 100 * worked / committed;
    assert_eq!(to_own_commit(40, 40) + to_own_commit(45, 85), 152);
}

#[test]
fn resting_and_then_claiming_without_work_loses() {
    // A device off probation rests until all that it earned has vested, then claims without work until it is
    // drawn.
    execute(|| {
        let mut rig = Rig::with_bond(1, 16_000 * UNIT);
        rig.off_probation(2);
        ledger::vest(rig.asset, &account(1));
        let bond = ledger::Bonds::get(rig.asset, &rig.operator).left;
        let mut earned = 0;
        for census in 0.. {
            assert!(census < 200, "never drawn");
            let index = next_census();
            rig.lie(2).unwrap();
            run_to_phase(Phase::Report);
            if rig.is_drawn() {
                assert_ok!(rig.report_by(9, index));
                break;
            }
            run_to_phase(Phase::Payment);
            rig.settle().unwrap();
            earned = ledger::unvested(rig.asset);
        }
        let lost =
            bond - ledger::Bonds::get(rig.asset, &rig.operator).left + earned - ledger::unvested(rig.asset);
        assert!(lost > earned, "{lost} {earned}");
        assert_eq!(device(rig.asset).passed, 0);
    })
}
