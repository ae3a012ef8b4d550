// SPDX-License-Identifier: Apache-2.0
//! Every call touches the same storage with two holders and with a thousand, who vote too.

use super::*;
use crate::mock::twin;
use crate::FreezeReason;
use compute_primitives::OnVaultClosed;
use frame_support::traits::fungibles::MutateFreeze as _;
use sp_core::Blake2Hasher;

const MANY: Balance = 1_000_000;

/// Distinct keys read from the backend, and keys written, by `act` after `prepare`.
fn accesses(holders: u64, prepare: impl FnOnce(), act: impl FnOnce()) -> (usize, usize) {
    let mut ext = new_test_ext();
    ext.execute_with(|| {
        open(GPU, ALICE, MANY);
        assert_ok!(transfer(GPU, ALICE, BOB, 300_000));
        let others = 10_000..10_000 + holders;
        for other in others {
            assert_ok!(transfer(GPU, ALICE, other, 7));
        }
        prepare();
        check();
        System::reset_events();
    });
    ext.commit_all().unwrap();

    let recorder = sp_trie::recorder::Recorder::<Blake2Hasher>::default();
    ext.execute_with_recorder(recorder.clone(), act);
    let reads = recorder.recorded_keys().values().map(|keys| keys.len()).sum();
    let writes = ext.overlayed_changes().changes().count();
    ext.execute_with(check);
    (reads, writes)
}

#[track_caller]
fn same(prepare: impl Fn(), act: impl Fn()) {
    let one = accesses(1, &prepare, &act);
    let thousand = accesses(1_000, &prepare, &act);
    assert!(one.0 > 0 && one.1 > 0);
    assert_eq!(one, thousand);
}

/// Bob proposes, and everybody with seven fractions has voted, for nothing.
fn voted() {
    assert_ok!(propose(BOB, fee(1)));
    let proposal = LastProposal::<Test>::get();
    let others: Vec<_> = twin::Accounts::<Test>::iter_key_prefix(GPU)
        .filter(|who| *who >= 10_000)
        .collect();
    for other in others {
        // What a vote leaves, without the deposit that these have no money for.
        let mut record = Proposals::<Test>::get(GPU, proposal).unwrap();
        record.tally = record.tally.with(true, 7).unwrap();
        Proposals::<Test>::insert(GPU, proposal, record);
        let mut voter = Voters::<Test>::get(GPU, BOB).unwrap();
        voter.votes[0].weight = 7;
        Voters::<Test>::insert(GPU, other, voter);
        assert_ok!(Twin::set_freeze(GPU, &FreezeReason::Vote.into(), &other, 7));
    }
}

#[test]
fn a_proposal() {
    same(voted, || {
        assert_ok!(propose(ALICE, fee(1)));
    });
}

#[test]
fn a_vote() {
    same(voted, || {
        assert_ok!(vote(ALICE, ProposalId(1), true));
    });
}

#[test]
fn a_closing() {
    let prepare = || {
        voted();
        assert_ok!(vote(ALICE, ProposalId(1), true));
    };
    same(prepare, || {
        assert_ok!(close(ProposalId(1)));
    });
}

#[test]
fn an_unlocking() {
    let prepare = || {
        voted();
        assert_ok!(vote(ALICE, ProposalId(1), true));
        assert_ok!(close(ProposalId(1)));
        advance(LOCK);
    };
    same(prepare, || {
        assert_ok!(unlock(ProposalId(1), ALICE));
    });
}

#[test]
fn the_end_of_a_vault() {
    same(voted, || {
        twin::Sold::<Test>::insert(GPU, ());
        assert_ok!(AssetGovernance::on_vault_closed(GPU));
    });
}
