// SPDX-License-Identifier: Apache-2.0
//! Attacks that must fail on the chain, one test each, with real work and real proofs. (Floods are in
//! `hooks`, drawn commits that nobody reports in `report` and `settle`, claims that dilute and devices that
//! count twice in `economics`.)

use crate::{mock::*, Error, Event};
use compute_primitives::{api::Phase, AssetStatus};
use compute_proof::{
    hash::Hash,
    prove::{Opening, Product, Reference, RoundTree},
    work::{digest, dot, Matrix},
    Class,
};
use core::convert::Infallible;
use frame_support::{assert_noop, assert_ok};
use sp_core::H256;
use sp_runtime::DispatchError;

/// Multiplies in some way of its own.
struct Cheat<F: FnMut(&[u8], &[u8]) -> i32>(F);

impl<F: FnMut(&[u8], &[u8]) -> i32> Product for Cheat<F> {
    fn digests(&mut self, class: Class, _: u32, seed: &Hash, out: &mut [u8]) {
        let a = Reference::input(seed, Matrix::A, class);
        let b = Reference::input(seed, Matrix::B, class);
        let k = class.k() as usize;
        let cells = a
            .chunks(k)
            .flat_map(|row| b.chunks(k).map(move |column| (row, column)));
        for (out, (row, column)) in out.iter_mut().zip(cells) {
            *out = digest((self.0)(row, column));
        }
    }
}

/// Works with `product`, is drawn, opens what it computed: the chain must find a false cell, and the prover
/// must pay.
fn is_caught(mut product: impl Product) {
    execute(|| {
        let mut rig = Rig::new(1);
        let index = next_census();
        let claim = rig.work_with(&mut product, 2).claim();
        rig.commit_claim(2, H256(claim.commitment)).unwrap();
        run_to_phase(Phase::Open);
        assert_noop!(
            rig.submit(rig.opening_with(&mut product)),
            Error::<Test>::OpeningCell
        );
        run_to_phase(Phase::Report);
        assert_ok!(rig.report_by(9, index));
        assert_eq!(ledger::Bonds::get(rig.asset, &rig.operator).left, 0);
    })
}

/// A rig with an honest commit of `rounds`, in the opening phase.
fn opening_phase(rounds: u32) -> Rig {
    let mut rig = Rig::new(1);
    next_census();
    rig.commit(rounds).unwrap();
    run_to_phase(Phase::Open);
    rig
}

fn is_refused(rig: &Rig, opening: Opening, errors: &[Error<Test>]) {
    let error = rig.submit(opening.clone()).unwrap_err().error;
    assert!(is_one_of(error, errors), "{error:?}");
    assert_noop!(rig.submit(opening), error);
}

#[test]
fn a_product_off_by_one() {
    is_caught(Cheat(|a, b| dot(a, b) + 1));
}

#[test]
fn a_product_in_float16() {
    // Eleven significant bits, as half precision keeps them.
    is_caught(Cheat(|a, b| {
        let exact = dot(a, b);
        let drop = (33 - exact.unsigned_abs().leading_zeros()).saturating_sub(12);
        (exact >> drop) << drop
    }));
}

#[test]
fn a_product_with_dropped_low_bits() {
    is_caught(Cheat(|a, b| {
        let drop = |row: &[u8]| row.iter().map(|x| x & 0xfe).collect::<Vec<u8>>();
        dot(&drop(a), &drop(b))
    }));
}

#[test]
fn index_structured_inputs() {
    struct Hankel;
    impl Product for Hankel {
        fn digests(&mut self, class: Class, _: u32, seed: &Hash, out: &mut [u8]) {
            let (n, k) = (class.n() as usize, class.k() as usize);
            // A[i][j] = B[i][j] = f(seed + i + j): all rows are windows of one sequence.
            let line: Vec<u8> = (0..n + k).map(|x| seed[x % 32].wrapping_add(x as u8)).collect();
            for (cell, out) in out.iter_mut().enumerate() {
                let (i, j) = (cell / n, cell % n);
                *out = digest(dot(&line[i..i + k], &line[j..j + k]));
            }
        }
    }
    is_caught(Hankel);
}

#[test]
fn no_product_at_all() {
    struct Nothing;
    impl Product for Nothing {
        fn digests(&mut self, _: Class, _: u32, _: &Hash, out: &mut [u8]) {
            out.fill(0);
        }
    }
    is_caught(Nothing);
}

#[test]
fn a_flipped_cell() {
    execute(|| {
        let rig = opening_phase(2);
        for byte in 0..64 {
            let mut opening = rig.opening();
            opening.samples[byte] ^= 0x80;
            is_refused(&rig, opening, &[Error::OpeningPath]);
        }
        assert_ok!(rig.open());
    })
}

#[test]
fn a_wrong_root_of_two_rounds_before() {
    execute(|| {
        let rig = opening_phase(64);
        let good = rig.opening();
        let positions = rig.store().positions(&census().open_seed.unwrap().0).unwrap();
        let layout = compute_proof::opening::Layout::new(Class::Xs, 64).unwrap();
        let mut at = 0;
        let mut tried = 0;
        for position in positions {
            let len = layout.sample_len(position.round);
            if position.round > 2 {
                // The last part of a sample is that root and its path, six nodes.
                let root = at + len - 7 * 32;
                let mut opening = good.clone();
                opening.samples[root] ^= 1;
                is_refused(&rig, opening, &[Error::OpeningPath]);
                // Nor does the root of another round do, path and all.
                let mut opening = good.clone();
                let own = at + 64 + 6 * 32;
                opening.samples.copy_within(own..own + 7 * 32, root);
                is_refused(&rig, opening, &[Error::OpeningPath]);
                tried += 1;
            }
            at += len;
        }
        assert!(tried > 0);
        assert_ok!(rig.submit(good));
    })
}

#[test]
fn another_devices_proof() {
    execute(|| {
        let mut honest = Rig::new(1);
        let thief = Rig::new(2);
        next_census();
        let claim = honest.work(2).claim();
        honest.commit_claim(2, H256(claim.commitment)).unwrap();
        thief.commit_claim(2, H256(claim.commitment)).unwrap();
        run_to_phase(Phase::Open);
        // Two rounds have no earlier roots, so the lengths agree: it is the commitment that does not.
        is_refused(&thief, honest.opening(), &[Error::OpeningCommitment]);
        assert_ok!(honest.open());
    })
}

#[test]
fn the_same_operators_proof_for_another_asset() {
    execute(|| {
        let mut first = Rig::new(1);
        let second = Rig::new(1);
        assert_ne!(first.asset, second.asset);
        next_census();
        let claim = first.work(2).claim();
        first.commit_claim(2, H256(claim.commitment)).unwrap();
        second.commit_claim(2, H256(claim.commitment)).unwrap();
        run_to_phase(Phase::Open);
        is_refused(&second, first.opening(), &[Error::OpeningCommitment]);
        assert_ok!(first.open());
    })
}

#[test]
fn another_censuss_proof() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        let claim = rig.work(2).claim();
        rig.commit_claim(2, H256(claim.commitment)).unwrap();
        run_to_phase(Phase::Open);
        let old = rig.opening();
        rig.submit(old.clone()).unwrap();
        next_census();
        rig.commit_claim(2, H256(claim.commitment)).unwrap();
        run_to_phase(Phase::Open);
        is_refused(&rig, old, &[Error::OpeningCommitment]);
    })
}

#[test]
fn a_short_or_a_long_path() {
    execute(|| {
        let rig = opening_phase(5);
        let good = rig.opening();
        for cut in [1, 32, 64, good.samples.len()] {
            let mut opening = good.clone();
            opening.samples.truncate(good.samples.len() - cut);
            is_refused(&rig, opening, &[Error::OpeningLength]);
        }
        for more in [1, 32, 64] {
            let mut opening = good.clone();
            opening.samples.extend(vec![0; more]);
            is_refused(&rig, opening, &[Error::OpeningLength]);
        }
        // A node moved from one path to the next keeps the length and breaks the paths.
        let mut opening = good.clone();
        opening.samples.rotate_left(32);
        is_refused(&rig, opening, &[Error::OpeningPath, Error::OpeningCell]);
    })
}

#[test]
fn rounds_inflated_after_the_fact() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        // The top over three roots is the top over the same three and a zero: the commitment names the count,
        // and so differs.
        let claim = rig.work(3).claim();
        rig.commit_claim(4, H256(claim.commitment)).unwrap();
        run_to_phase(Phase::Open);
        let roots = [rig.store().roots(), &[[0; 32]]].concat();
        let inflated = compute_proof::prove::RoundStore::from_roots(
            &census().challenge.0,
            &rig.proof_device(),
            Class::Xs,
            roots,
        )
        .unwrap();
        assert_eq!(inflated.top(), rig.store().top());
        let seed = census().open_seed.unwrap().0;
        let positions = inflated.positions(&seed).unwrap();
        let len = compute_proof::samples_len(Class::Xs, 4, &positions).unwrap();
        is_refused(
            &rig,
            Opening {
                top: inflated.top(),
                samples: vec![0; len],
            },
            &[Error::OpeningCommitment],
        );
    })
}

#[test]
fn another_classs_proof() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        let claim = rig.work(2).claim();
        // 4,096 times the work, if it were so.
        rig.commit_class(Class::S, 2, H256(claim.commitment)).unwrap();
        run_to_phase(Phase::Open);
        let opening = rig.opening();
        is_refused(&rig, opening.clone(), &[Error::OpeningLength]);
        let seed = H256(census().open_seed.unwrap().0);
        let (_, mut of_class_s) = forged(&rig, Class::S, 2, seed);
        of_class_s.top = opening.top;
        is_refused(&rig, of_class_s, &[Error::OpeningCommitment]);
    })
}

#[test]
fn skipped_cells_pass_at_the_theoretical_rate_and_no_better() {
    /// Leaves out the cells that a hash picks, `per_mille` of them.
    struct Skipping(u32);
    impl Product for Skipping {
        fn digests(&mut self, class: Class, round: u32, seed: &Hash, out: &mut [u8]) {
            Reference.digests(class, round, seed, out);
            for (cell, out) in out.iter_mut().enumerate() {
                let hash = sp_io::hashing::blake2_256(&(cell as u32).to_le_bytes());
                if u32::from_le_bytes([hash[0], hash[1], 0, 0]) * 1000 / 65_536 < self.0 {
                    *out = 0;
                }
            }
        }
    }
    const TRIALS: u32 = 2_000;
    for per_mille in [50, 100, 200] {
        execute(|| {
            let mut rig = Rig::new(1);
            next_census();
            let mut product = Skipping(per_mille);
            let store = rig.work_with(&mut product, 1).clone();
            rig.commit_claim(1, H256(store.claim().commitment)).unwrap();
            run_to_phase(Phase::Open);
            let seed = store.seed(1).unwrap();
            let mut digests = vec![0; 64 * 64];
            product.digests(Class::Xs, 1, &seed, &mut digests);
            let tree = RoundTree::new(&seed, digests);
            let passes = (0..TRIALS)
                .filter(|trial| {
                    let open_seed = H256(sp_io::hashing::blake2_256(&trial.to_le_bytes()));
                    crate::Censuses::<Test>::mutate(current(), |census| {
                        census.as_mut().unwrap().open_seed = Some(open_seed)
                    });
                    let leaves = |_: u32, _: &Hash, leaves: &[u32]| {
                        Ok::<_, Infallible>(leaves.iter().filter_map(|leaf| tree.leaf(*leaf)).collect())
                    };
                    let opening = store.open(&open_seed.0, leaves).unwrap();
                    frame_support::storage::with_transaction(|| {
                        sp_runtime::TransactionOutcome::Rollback(Ok::<_, DispatchError>(
                            rig.submit(opening).is_ok(),
                        ))
                    })
                    .unwrap()
                })
                .count();
            let delta = f64::from(per_mille) / 1000.0;
            let theory = (1.0 - delta * 255.0 / 256.0).powi(8);
            let error = (theory * (1.0 - theory) / f64::from(TRIALS)).sqrt();
            let measured = passes as f64 / f64::from(TRIALS);
            // Which cells are left out is fixed here, so their share is not exactly δ: about 0.003 of 4,096.
            assert!(
                (measured - theory).abs() < 3.0 * error + 0.02,
                "{per_mille}: {measured} {theory}"
            );
        })
    }
}

#[test]
fn a_commit_after_the_window() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        let claim = rig.work(2).claim();
        run_to_phase(Phase::Seed);
        assert_noop!(
            rig.commit_claim(2, H256(claim.commitment)),
            Error::<Test>::WindowClosed
        );
    })
}

#[test]
fn an_opening_when_not_drawn() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.off_probation(1);
        rig.until_not_drawn(1);
        assert_noop!(rig.open(), Error::<Test>::NotDrawn);
    })
}

#[test]
fn a_claim_far_above_what_was_ever_opened() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.off_probation(2);
        let index = next_census();
        // A hundred times its strength would pay in seven of eight censuses, were it left to the lottery.
        rig.lie(200).unwrap();
        run_to_phase(Phase::Open);
        assert!(rig.is_drawn());
        run_to_phase(Phase::Report);
        assert_ok!(rig.report_by(9, index));
        assert_eq!(device(rig.asset).passed, 0);
    })
}

#[test]
fn replacing_commits_does_not_lift_what_is_certain() {
    execute(|| {
        let mut rig = Rig::new(1);
        rig.off_probation(2);
        next_census();
        rig.commit(2).unwrap();
        assert!(!device(rig.asset).commit.unwrap().always);
        rig.lie(200).unwrap();
        assert!(device(rig.asset).commit.unwrap().always);
        assert_eq!(
            (books(current()).always, books(current()).claimed),
            (1, 200 << 20)
        );
        // Taking it back takes the certainty back with it.
        rig.commit(2).unwrap();
        assert_eq!((books(current()).always, books(current()).claimed), (0, 2 << 20));
        rig.finish();
    })
}

#[test]
fn a_commit_and_an_opening_made_on_a_fork_that_lost() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        // On the other fork the parent block had another hash, and with it the census another challenge.
        let lost = H256::repeat_byte(0xf0);
        let call = Poc::commit(
            RuntimeOrigin::signed(rig.operator.clone()),
            rig.asset,
            current(),
            lost,
            0,
            2,
            H256::repeat_byte(1),
        );
        assert_eq!(call.unwrap_err().error, Error::<Test>::WrongChallenge.into());
        assert!(crate::Devices::<Test>::get(rig.asset).is_none());
        // Where the challenge agreed and the seed did not, the opening is refused and may be made again.
        rig.commit(2).unwrap();
        run_to_phase(Phase::Open);
        let other_seed = H256::repeat_byte(0xf1);
        let opening = compute_proof::prove::open(&mut Reference, rig.store(), &other_seed.0).unwrap();
        assert_noop!(
            rig.submit_under(other_seed, opening),
            Error::<Test>::WrongOpenSeed
        );
        assert_ok!(rig.open());
        run_to_phase(Phase::Payment);
        rig.settle().unwrap();
        assert_eq!(ledger::Bonds::get(rig.asset, &rig.operator).left, BOND);
    })
}

#[test]
fn the_operator_changed_between_commit_and_opening() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        rig.commit(2).unwrap();
        ledger::set_operator(rig.asset, Some(&account(2)), BOND);
        run_to_phase(Phase::Open);
        // The new operator did not make the commit; the old one may still open it.
        let seed = census().open_seed.unwrap();
        assert_noop!(
            submit(account(2), rig.asset, current(), seed, rig.opening()),
            Error::<Test>::NotProver
        );
        assert_ok!(rig.open());
        run_to_phase(Phase::Payment);
        rig.settle().unwrap();
        assert!(ledger::unvested(rig.asset) > 0);
    })
}

#[test]
fn the_operator_changed_and_its_false_claim_stays_with_its_bond() {
    execute(|| {
        let rig = Rig::new(1);
        let index = next_census();
        rig.lie(2).unwrap();
        ledger::set_operator(rig.asset, Some(&account(2)), BOND);
        run_to_phase(Phase::Report);
        assert_ok!(rig.report_by(9, index));
        assert_eq!(ledger::Bonds::get(rig.asset, account(1)).left, 0);
        assert_eq!(ledger::Bonds::get(rig.asset, account(2)).left, BOND);
        // The new operator's bond is whole, so it may commit.
        run_to_phase(Phase::Work);
        assert_ok!(Poc::commit(
            RuntimeOrigin::signed(account(2)),
            rig.asset,
            current(),
            census().challenge,
            0,
            1,
            H256::zero()
        ));
        assert_eq!(
            ledger::Bonds::get(rig.asset, account(1)).until,
            crate::Censuses::<Test>::get(index).unwrap().closes_at() + HORIZON
        );
    })
}

#[test]
fn a_new_operator_within_the_window_takes_the_commit_over() {
    execute(|| {
        let rig = Rig::new(1);
        let index = next_census();
        rig.lie(3).unwrap();
        ledger::set_operator(rig.asset, Some(&account(2)), BOND);
        assert_noop!(rig.lie(3), Error::<Test>::NotOperator);
        let mut heir = Rig::new(2);
        heir.asset = rig.asset;
        heir.commit(1).unwrap();
        let commit = device(rig.asset).commit.unwrap();
        assert_eq!((commit.prover, commit.count), (account(2), 2));
        assert_eq!((books(index).commits, books(index).claimed), (1, 1 << 20));
        run_to_phase(Phase::Open);
        assert_ok!(heir.open());
        run_to_phase(Phase::Payment);
        assert_ok!(heir.settle());
    })
}

#[test]
fn the_asset_retired_between_commit_and_opening() {
    execute(|| {
        let mut rig = Rig::new(1);
        next_census();
        rig.commit(2).unwrap();
        ledger::set_status(rig.asset, AssetStatus::Retired);
        run_to_phase(Phase::Open);
        assert_ok!(rig.open());
        run_to_phase(Phase::Payment);
        rig.settle().unwrap();
        assert!(ledger::unvested(rig.asset) > 0);
        next_census();
        assert_noop!(rig.commit(2), Error::<Test>::AssetRetired);
    })
}

#[test]
fn random_bytes_never_verify_and_never_panic() {
    execute(|| {
        let rig = opening_phase(2);
        let len = rig.opening().samples.len();
        let mut state = [0u8; 32];
        for trial in 0..2_000usize {
            state = sp_io::hashing::blake2_256(&state);
            let wanted = if trial % 2 == 0 {
                len
            } else {
                usize::from(state[0]) * 58
            };
            let samples: Vec<u8> = state.iter().copied().cycle().take(wanted).collect();
            let top = if trial % 4 == 0 { rig.opening().top } else { state };
            let error = rig.submit(Opening { top, samples }).unwrap_err().error;
            let known = [
                Error::<Test>::OpeningLength,
                Error::OpeningCommitment,
                Error::OpeningPath,
            ];
            assert!(known.into_iter().any(|known| error == known.into()), "{error:?}");
        }
        assert!(!events().iter().any(|event| matches!(event, Event::Opened { .. })));
    })
}
