// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::{ProposalTerms, Verdict, Vote};

#[test]
fn views_should_tell_how_a_proposal_stands() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        let terms = |ayes, nays, verdict| {
            Some(ProposalTerms {
                proposer: ALICE,
                action: fee(1),
                ends_at: 1 + VOTING,
                tally: Tally { ayes, nays },
                verdict,
            })
        };
        let view = || AssetGovernance::proposal(GPU, proposal);
        assert_eq!(view(), terms(400, 0, Some(Verdict::Undecided)));
        assert_ok!(vote(BOB, proposal, false));
        assert_ok!(vote(CAROL, proposal, false));
        assert_eq!(view(), terms(400, 500, Some(Verdict::Rejected)));
        sell(GPU);
        assert_eq!(view(), terms(400, 500, None));
        assert_eq!(AssetGovernance::open_proposals(GPU), []);
        assert_ok!(close(proposal));
        assert_eq!(view(), None);
        assert_eq!(
            AssetGovernance::votes(GPU, BOB),
            [Vote {
                proposal,
                aye: false,
                weight: 300,
                locked_until: 1 + LOCK
            }]
        );
        assert_eq!(AssetGovernance::votes(GPU, EVE), []);
    });
}
