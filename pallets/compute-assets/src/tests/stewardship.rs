// SPDX-License-Identifier: Apache-2.0
//! The owner's powers while the NFT is in a vault, which has neither key nor funds.

use super::*;
use compute_primitives::Stewardship;

fn vaulted() {
    register(ALICE, Some(MINIMUM_BOND));
    assert_ok!(ComputeAssets::deposit(ASSET, &ALICE, &VAULT));
    events();
}

fn nominate(nominee: Option<AccountId>) -> DispatchResult {
    <ComputeAssets as Stewardship<AccountId>>::nominate_operator(ASSET, nominee)
}

fn set_uri(text: &str) -> DispatchResult {
    <ComputeAssets as Stewardship<AccountId>>::set_uri(ASSET, text.as_bytes().to_vec())
}

fn accept(who: AccountId) -> DispatchResult {
    dispatch(
        who,
        Call::accept_operator {
            asset: ASSET,
            bond: MINIMUM_BOND,
        },
    )
}

#[test]
fn nominee_of_a_vault_should_take_office() {
    run(|| {
        vaulted();
        assert_ok!(nominate(Some(BOB)));
        assert_eq!(
            events(),
            [Event::OperatorNominated {
                asset: ASSET,
                nominee: Some(BOB)
            }]
        );
        assert_ok!(accept(BOB));
        assert_eq!(ComputeAssets::operator(ASSET), Some(BOB));
    });
}

#[test]
fn nomination_by_a_vault_should_be_withdrawn_or_lapse_with_it() {
    run(|| {
        vaulted();
        assert_ok!(nominate(Some(BOB)));
        assert_ok!(nominate(None));
        assert_noop!(accept(BOB), Error::<Test>::NotNominated);
        assert_ok!(nominate(Some(BOB)));
        assert_ok!(ComputeAssets::withdraw(ASSET, &VAULT, &CAROL));
        assert_noop!(accept(BOB), Error::<Test>::NominationLapsed);
    });
}

#[test]
fn uri_of_a_vaulted_asset_should_be_set_without_funds() {
    run(|| {
        vaulted();
        let longest = "x".repeat(64);
        assert_ok!(set_uri(&longest));
        assert_eq!(ComputeAssets::details(ASSET).unwrap().uri, longest.as_bytes());
        assert_eq!(Balances::total_balance(&VAULT), 0);
        assert_eq!(
            events(),
            [Event::MetadataSet {
                asset: ASSET,
                uri: uri(&longest)
            }]
        );
        assert_noop!(set_uri(&"x".repeat(65)), Error::<Test>::UriTooLong);
    });
}

#[test]
fn what_an_owner_may_not_should_be_refused_here_too() {
    run(|| {
        assert_noop!(nominate(Some(BOB)), Error::<Test>::UnknownAsset);
        assert_noop!(set_uri("a"), Error::<Test>::UnknownAsset);
        register(ALICE, Some(MINIMUM_BOND));
        assert_noop!(nominate(Some(ALICE)), Error::<Test>::AlreadyOperator);
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_noop!(nominate(Some(BOB)), Error::<Test>::Retired);
    });
}
