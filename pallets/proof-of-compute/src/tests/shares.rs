// SPDX-License-Identifier: Apache-2.0
//! Hashes: shown by shares, counted, paid, rated. No opening, nothing to slash.

use crate::{math, mock::*, Claim, Config, Error, Event, WeightInfo};
use compute_primitives::{api::Phase, AssetId, AssetKind, AssetStatus, CensusIndex, OnReap};
use compute_proof::hashrate::{estimate, share_hash, MAX_TIME_AHEAD};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use sp_core::H256;

/// What the chain counts of the miner's hashes.
fn counted(miner: &Miner, hashes: u32) -> u128 {
    let device = Poc::proof_device(miner.asset, &miner.operator);
    let challenge = census().challenge.0;
    let key = compute_proof::device_key(&challenge, &device);
    let shares = miner.mine(hashes);
    estimate(share_hash(&key, &challenge, &shares[63])).unwrap()
}

#[test]
fn shares_are_a_claim_of_the_hashes_that_they_stand_for() {
    execute(|| {
        let miner = Miner::new(1);
        let index = next_census();
        let hashes = counted(&miner, 1_000);
        let info = miner.submit(miner.mine(1_000)).unwrap();
        assert_eq!(
            (info.actual_weight, info.pays_fee),
            (Some(<() as WeightInfo>::submit_shares()), Pays::No)
        );
        System::assert_last_event(
            Event::SharesSubmitted {
                asset: miner.asset,
                census: index,
                prover: miner.operator.clone(),
                hashes,
            }
            .into(),
        );
        let commit = device(miner.asset).commit.unwrap();
        assert_eq!(commit.claim, Claim::Hashes(hashes));
        assert_eq!((commit.count, commit.always, commit.opened), (1, false, false));
        // The bond caps the payment, so it stays.
        assert_eq!(
            ledger::Bonds::get(miner.asset, &miner.operator).until,
            census().closes_at() + HORIZON
        );
        let books = hash_books(index);
        assert_eq!((books.commits, books.always, books.claimed), (1, 0, hashes));
        // Matrix work has a pot of its own.
        assert_eq!(
            crate::CensusBooks::<Test>::get(index, AssetKind::Gpu)
                .unwrap()
                .commits,
            0
        );
        assert_eq!(books.pot, ledger::SCHEDULED_FOR_HASHES);

        let info = Poc::census_info();
        assert_eq!((info.commits, info.claimed_work), (0, 0));
        assert_eq!(
            (info.hashrate.submissions, info.hashrate.hashes, info.hashrate.pot),
            (1, hashes, ledger::SCHEDULED_FOR_HASHES)
        );
        let commit = Poc::rating_info(miner.asset).unwrap().commit.unwrap();
        assert_eq!(
            (commit.work, commit.matrix, commit.drawn),
            (hashes, None, Some(false))
        );
    });
}

#[test]
fn the_last_of_three_submissions_counts() {
    execute(|| {
        let miner = Miner::new(1);
        let index = next_census();
        for hashes in [3_000, 500, 1_000] {
            assert_ok!(miner.submit(miner.mine(hashes)));
            assert_eq!(hash_books(index).claimed, counted(&miner, hashes));
        }
        assert_eq!(hash_books(index).commits, 1);
        assert_noop!(miner.submit(miner.mine(2_000)), Error::<Test>::TooManyCommits);
    });
}

#[test]
fn hashes_are_paid_without_an_opening_and_rate_the_device() {
    execute(|| {
        let miner = Miner::new(1);
        let index = next_census();
        let hashes = counted(&miner, 1_000);
        assert_ok!(miner.submit(miner.mine(1_000)));
        run_to_phase(Phase::Open);
        assert_noop!(
            submit(
                miner.operator.clone(),
                miner.asset,
                index,
                census().open_seed.unwrap(),
                compute_proof::prove::Opening {
                    top: [0; 32],
                    samples: Vec::new()
                }
            ),
            Error::<Test>::NotDrawn
        );
        run_to_phase(Phase::Report);
        assert_noop!(
            Poc::report(RuntimeOrigin::signed(account(9)), miner.asset, index),
            Error::<Test>::NotDrawn
        );
        run_to_phase(Phase::Payment);
        let paid = miner.settle();
        // Alone, so the whole pot: but at most a sixteenth of what it can lose.
        assert_eq!(paid, BOND / 16);
        assert_eq!(ledger::status(miner.asset), AssetStatus::Active);

        let shown = math::rate(hashes, census().slots.unwrap(), SLOT_MS).unwrap();
        let rating = Poc::rating_info(miner.asset).unwrap();
        assert_eq!((rating.rate, rating.verified_work), (shown / 16, hashes));
        // 1/16 of an estimate whose relative error is 1/√62.
        let expected = shown / 16 * 1_000 / 7_874;
        assert!(rating.rate_error.abs_diff(expected) <= 1, "{}", rating.rate_error);
        assert_eq!(Poc::verified_work_total(AssetKind::Hashrate), hashes);
        assert_eq!(Poc::network_rate(AssetKind::Hashrate), shown);
        assert_eq!(Poc::verified_work_total(AssetKind::Gpu), 0);
    });
}

#[test]
fn two_miners_share_a_pot_by_what_they_hashed_and_cards_have_theirs() {
    execute(|| {
        let (one, other) = (Miner::new(1), Miner::new(2));
        let mut rig = Rig::new(3);
        let index = next_census();
        let hashes = [counted(&one, 1_000), counted(&other, 3_000)];
        assert_ok!(one.submit(one.mine(1_000)));
        assert_ok!(other.submit(other.mine(3_000)));
        assert_ok!(rig.commit(2));
        run_to_phase(Phase::Open);
        assert_ok!(rig.open());
        run_to_phase(Phase::Payment);
        let paid = [one.settle(), other.settle()];
        let pot = ledger::SCHEDULED_FOR_HASHES;
        for (paid, hashes_of) in paid.into_iter().zip(hashes) {
            let share = pot * hashes_of / (hashes[0] + hashes[1]);
            assert_eq!(paid, share.min(BOND / 16));
        }
        assert_ok!(rig.settle());
        let books = hash_books(index);
        assert_eq!(books.paid, paid[0] + paid[1]);
        assert_eq!(
            crate::CensusBooks::<Test>::get(index, AssetKind::Gpu)
                .unwrap()
                .paid,
            ledger::unvested(rig.asset)
        );
    });
}

#[test]
fn the_next_submission_settles_the_last() {
    execute(|| {
        let miner = Miner::new(1);
        let last = next_census();
        assert_ok!(miner.submit(miner.mine(500)));
        next_census();
        let info = miner.submit(miner.mine(500)).unwrap();
        assert_eq!(
            info.actual_weight,
            Some(<() as WeightInfo>::submit_shares_paying())
        );
        assert_eq!(device(miner.asset).last_census, last);
        assert!(ledger::unvested(miner.asset) > 0);
    });
}

#[test]
fn what_is_refused() {
    execute(|| {
        let (miner, rig) = (Miner::new(1), Rig::new(2));
        let index = next_census();
        let challenge = census().challenge;
        let shares = miner.mine(500);
        let submit = |who: u8, asset, index, challenge, shares: &[_]| {
            Poc::submit_shares(
                RuntimeOrigin::signed(account(who)),
                asset,
                index,
                challenge,
                shares.to_vec().try_into().unwrap(),
            )
        };
        assert_noop!(
            submit(1, miner.asset, CensusIndex(99), challenge, &shares),
            Error::<Test>::NoSuchCensus
        );
        assert_noop!(
            submit(1, miner.asset, index, H256::zero(), &shares),
            Error::<Test>::WrongChallenge
        );
        assert_noop!(
            submit(1, AssetId(99), index, challenge, &shares),
            Error::<Test>::NoSuchAsset
        );
        assert_noop!(
            submit(2, rig.asset, index, challenge, &shares),
            Error::<Test>::WrongKind
        );
        assert_noop!(
            submit(2, miner.asset, index, challenge, &shares),
            Error::<Test>::NotOperator
        );
        assert_noop!(
            submit(1, miner.asset, index, challenge, &shares[..63]),
            Error::<Test>::ShareCount
        );
        let mut unordered = shares.clone();
        unordered.swap(3, 4);
        assert_noop!(
            submit(1, miner.asset, index, challenge, &unordered),
            Error::<Test>::ShareOrder
        );
        let mut late = shares.clone();
        late[0].ntime += MAX_TIME_AHEAD + 1;
        assert_noop!(
            submit(1, miner.asset, index, challenge, &late),
            Error::<Test>::ShareTime
        );
        late[0].ntime = u32::try_from(census().opened_slot * SLOT_MS / 1_000).unwrap() - 1;
        assert_noop!(
            submit(1, miner.asset, index, challenge, &late),
            Error::<Test>::ShareTime
        );
        let (asset, other) = (miner.asset, Miner::new(5));
        // The miner's own shares, for another asset of another operator.
        assert_noop!(
            submit(5, other.asset, index, challenge, &shares),
            Error::<Test>::ShareOrder
        );
        ledger::set_status(asset, AssetStatus::Retired);
        assert_noop!(
            submit(1, asset, index, challenge, &shares),
            Error::<Test>::AssetRetired
        );
        ledger::set_status(asset, AssetStatus::Active);
        ledger::Bonds::mutate(asset, &miner.operator, |bond| bond.pledged += 1);
        assert_noop!(
            submit(1, asset, index, challenge, &shares),
            Error::<Test>::BondNotWhole
        );
        ledger::Bonds::mutate(asset, &miner.operator, |bond| bond.pledged -= 1);
        run_to_phase(Phase::Seed);
        assert_noop!(
            submit(1, asset, index, challenge, &shares),
            Error::<Test>::WindowClosed
        );
    });
}

/// A share whose hash is nothing: whoever finds 64 below 2^135 broke SHA-256. The error exists all the same.
#[test]
fn more_hashes_than_can_be_counted_have_an_error() {
    let error = Error::<Test>::from(compute_proof::hashrate::SharesError::Overflow);
    assert!(matches!(error, Error::TooManyHashes));
}

#[test]
fn shares_of_the_last_census_are_no_use_in_the_next() {
    execute(|| {
        let miner = Miner::new(1);
        next_census();
        let shares = miner.mine(500);
        assert_ok!(miner.submit(shares.clone()));
        next_census();
        // Their time is before the opening; and were it not, their order would be another.
        assert_noop!(miner.submit(shares.clone()), Error::<Test>::ShareTime);
        let now = u32::try_from(Slot::get() * SLOT_MS / 1_000).unwrap();
        let mut later = shares;
        later.iter_mut().for_each(|share| share.ntime = now);
        assert_noop!(miner.submit(later), Error::<Test>::ShareOrder);
    });
}

#[test]
fn a_void_census_neither_pays_nor_counts() {
    execute(|| {
        let miner = Miner::new(1);
        next_census();
        assert_ok!(miner.submit(miner.mine(500)));
        let seed_block = census().closes_at();
        NoVrf::mutate(|blocks| blocks.insert(seed_block));
        run_to_phase(Phase::Void);
        assert_eq!(miner.settle(), 0);
        assert_eq!(device(miner.asset).rate, 0);
        assert_eq!(hash_books(current()).remaining, 0);
    });
}

#[test]
fn a_miner_that_misses_three_censuses_is_offline_and_loses_a_sixteenth_each() {
    execute(|| {
        let miner = Miner::new(1);
        miner.pass(1_000);
        let before = Poc::rating_info(miner.asset).unwrap();
        for _ in 0..3 {
            next_census();
            run_to_phase(Phase::Payment);
        }
        let rating = Poc::rating_info(miner.asset).unwrap();
        assert_eq!(rating.missed, 3);
        assert_eq!(
            rating.rate,
            math::decayed_rate(AssetKind::Hashrate, before.rate, 3)
        );
        // 15^3 / 16^3
        assert!(rating.rate.abs_diff(before.rate * 3_375 / 4_096) <= 1);
        assert!(rating.rate_error.abs_diff(before.rate_error * 3_375 / 4_096) <= 1);
        assert_ok!(Poc::mark_offline(RuntimeOrigin::signed(account(20)), miner.asset));
        assert_eq!(ledger::status(miner.asset), AssetStatus::Offline);
        assert_eq!(Poc::effective_rate(miner.asset), rating.rate);
    });
}

#[test]
fn a_miner_goes_once_its_last_census_is_paid() {
    execute(|| {
        let miner = Miner::new(1);
        next_census();
        assert_ok!(miner.submit(miner.mine(500)));
        ledger::set_status(miner.asset, AssetStatus::Retired);
        assert_noop!(Poc::on_reap(miner.asset), Error::<Test>::TooEarly);
        run_to_phase(Phase::Payment);
        assert_ok!(Poc::on_reap(miner.asset));
        assert!(ledger::unvested(miner.asset) > 0);
        assert_eq!(crate::Devices::<Test>::iter().count(), 0);
        ledger::Records::remove(miner.asset);
    });
}

/// The estimate of K = 64, in units of the true number, as the K-th smallest of very many uniform numbers makes it.
struct Estimates(proptest::test_runner::TestRng);

impl Estimates {
    fn new() -> Self {
        let algorithm = proptest::test_runner::RngAlgorithm::ChaCha;
        Self(proptest::test_runner::TestRng::from_seed(algorithm, &[7; 32]))
    }

    fn next(&mut self) -> f64 {
        use proptest::prelude::Rng;
        // The gaps between them are exponential.
        let kth: f64 = (0..64)
            .map(|_| {
                -((self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64)
                    .max(1e-18)
                    .ln()
            })
            .sum();
        63.0 / kth
    }
}

/// A device's rating over many censuses, in which it shows what `shows` says, or nothing.
fn mean_rating(censuses: u32, mut shows: impl FnMut() -> Option<f64>) -> f64 {
    const TRUE: f64 = 1e12;
    let (mut rate, mut sum) = (TRUE as u128, 0.0);
    for _ in 0..censuses {
        rate = match shows() {
            Some(part) => math::rerated(AssetKind::Hashrate, rate, (part * TRUE) as u128),
            None => math::decayed_rate(AssetKind::Hashrate, rate, 1),
        };
        sum += rate as f64 / TRUE;
    }
    sum / f64::from(censuses)
}

/// 1/16 both ways: the estimator's noise does not pull the rating down, nor up.
#[test]
fn a_rating_of_hashes_is_right_in_the_mean_and_its_error_is_the_one_shown() {
    let mut estimates = Estimates::new();
    let mean = mean_rating(40_000, || Some(estimates.next()));
    assert!((mean - 1.0).abs() < 0.01, "{mean}");

    let (mut rate, mut variance) = (1u128 << 60, sp_core::U256::zero());
    let (mut sum, mut squares, mut errors) = (0.0, 0.0, 0.0);
    let count = 40_000;
    for census in 0..count + 500 {
        let shown = (estimates.next() * (1u128 << 60) as f64) as u128;
        rate = math::rerated(AssetKind::Hashrate, rate, shown);
        variance = math::variance_with(variance, shown);
        if census >= 500 {
            let part = rate as f64 / (1u128 << 60) as f64;
            (sum, squares) = (sum + part, squares + part * part);
            errors += math::standard_error(variance) as f64 / rate as f64;
        }
    }
    let mean = sum / f64::from(count);
    let deviation = (squares / f64::from(count) - mean * mean).sqrt();
    let shown = errors / f64::from(count);
    // 1/√62 · 1/√31 = 2.28%
    assert!((shown - 0.0228).abs() < 0.001, "{shown}");
    assert!((deviation / shown - 1.0).abs() < 0.1, "{deviation} {shown}");
}

/// Who submits only when it was lucky has its other censuses counted as missed, as zero.
#[test]
fn to_submit_only_when_lucky_lowers_the_rating_and_the_pay() {
    for least in [0.9, 1.0, 1.1, 1.3] {
        let mut estimates = Estimates::new();
        let (mut paid, mut lost) = (0.0, 0.0);
        let mean = mean_rating(20_000, || {
            let shown = estimates.next();
            if shown >= least {
                paid += shown;
                Some(shown)
            } else {
                lost += shown;
                None
            }
        });
        assert!(lost > 0.0 && paid < 0.95 * (paid + lost), "{least}");
        assert!(mean < 0.95, "{least}: {mean}");
    }
}

/// Hashrate is for hire. An hour of a hundred times as much must not shut the others out for a day.
#[test]
fn a_spike_of_hired_hashrate_dilutes_its_own_census_only() {
    execute(|| {
        let (honest, hired) = (Miner::new(1), Miner::new(2));
        for _ in 0..3 {
            honest.pass(1_000);
        }
        next_census();
        honest.submit(honest.mine(1_000)).unwrap();
        hired.submit(hired.mine(100_000)).unwrap();
        run_to_phase(Phase::Payment);
        honest.settle();
        let remembered = crate::PastDenominators::<Test>::get(AssetKind::Hashrate);
        assert!(*remembered.last().unwrap() < 10_000, "{remembered:?}");

        // The very next pot is divided by what was hashed for it.
        next_census();
        honest.submit(honest.mine(1_000)).unwrap();
        let claimed = hash_books(current()).claimed;
        run_to_phase(Phase::Payment);
        assert_eq!(hash_books(current()).denominator, claimed);
        honest.settle();
    });
}

#[test]
fn the_weight_of_shares_is_declared_at_its_worst() {
    use frame_support::dispatch::GetDispatchInfo;
    let call = crate::Call::<Test>::submit_shares {
        asset: AssetId(1),
        census: CensusIndex(1),
        challenge: H256::zero(),
        shares: Default::default(),
    };
    let declared = call.get_dispatch_info().call_weight;
    let paying = <<Test as Config>::WeightInfo as WeightInfo>::submit_shares_paying();
    assert!(declared.all_gte(paying));
    assert!(declared.all_gte(<() as WeightInfo>::submit_shares()));
}
