// SPDX-License-Identifier: Apache-2.0

use super::*;

fn nominate(who: AccountId, nominee: Option<AccountId>) -> DispatchResult {
    dispatch(
        who,
        Call::nominate_operator {
            asset: ASSET,
            nominee,
        },
    )
}

#[test]
fn nominate_operator_should_name_replace_and_take_back() {
    run(|| {
        register(ALICE, None);
        events();
        assert_ok!(nominate(ALICE, Some(BOB)));
        assert_eq!(ComputeAssets::details(ASSET).unwrap().nominee, Some(BOB));
        assert_ok!(nominate(ALICE, Some(CAROL)));
        assert_eq!(ComputeAssets::details(ASSET).unwrap().nominee, Some(CAROL));
        assert_noop!(
            dispatch(
                BOB,
                Call::accept_operator {
                    asset: ASSET,
                    bond: MINIMUM_BOND
                }
            ),
            Error::<Test>::NotNominated
        );
        assert_ok!(nominate(ALICE, None));
        assert_eq!(ComputeAssets::details(ASSET).unwrap().nominee, None);
        assert_eq!(ComputeAssets::operator(ASSET), None);
        assert_eq!(
            events(),
            [Some(BOB), Some(CAROL), None].map(|nominee| Event::OperatorNominated {
                asset: ASSET,
                nominee
            })
        );
    });
}

#[test]
fn nominate_operator_should_follow_the_nft() {
    run(|| {
        register(ALICE, None);
        assert_ok!(send_nft(ALICE, ASSET, BOB));
        assert_noop!(nominate(ALICE, Some(CAROL)), Error::<Test>::NotOwner);
        assert_ok!(nominate(BOB, Some(CAROL)));
    });
}

#[test]
fn nominate_operator_should_fail_for_the_operator_in_office() {
    run(|| {
        register(ALICE, Some(MINIMUM_BOND));
        assert_noop!(nominate(ALICE, Some(ALICE)), Error::<Test>::AlreadyOperator);
        // Nothing to take back is no error.
        assert_ok!(nominate(ALICE, None));
    });
}

#[test]
fn nominate_operator_should_fail_for_others_the_unknown_and_the_retired() {
    run(|| {
        assert_noop!(nominate(ALICE, Some(BOB)), Error::<Test>::UnknownAsset);
        register(ALICE, None);
        assert_noop!(nominate(BOB, Some(BOB)), Error::<Test>::NotOwner);
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_noop!(nominate(ALICE, Some(BOB)), Error::<Test>::Retired);
    });
}
