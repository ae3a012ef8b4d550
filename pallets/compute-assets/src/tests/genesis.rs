// SPDX-License-Identifier: Apache-2.0

use super::*;
use pallet_nfts::CollectionRole;

#[test]
fn genesis_should_create_the_collection_for_the_pallet_s_account_alone() {
    run(|| {
        let collection = ComputeAssets::collection().unwrap();
        let account = ComputeAssets::account_id();
        assert_eq!(Nfts::collection_owner(collection), Some(account.clone()));
        let roles = pallet_nfts::CollectionRoleOf::<Test>::iter_prefix(collection).collect::<Vec<_>>();
        assert_eq!(roles.len(), 1);
        assert_eq!(roles[0].0, account);
        for role in [
            CollectionRole::Admin,
            CollectionRole::Issuer,
            CollectionRole::Freezer,
        ] {
            assert!(roles[0].1.has_role(role));
        }
        assert_eq!(Balances::reserved_balance(&account), COLLECTION_DEPOSIT);
        // Its balance is one provider, this pallet's reference another.
        assert_eq!(System::providers(&account), 2);
    });
}

#[test]
#[should_panic(expected = "its account must hold the collection's deposit and the existential deposit")]
fn genesis_should_refuse_a_pallet_account_without_the_deposit() {
    genesis(vec![(ComputeAssets::account_id(), COLLECTION_DEPOSIT - 1)]);
}

#[test]
fn genesis_should_leave_a_chain_that_funds_nothing_without_a_collection() {
    sp_io::TestExternalities::new(genesis(vec![(ALICE, ENDOWMENT)])).execute_with(|| {
        System::set_block_number(1);
        assert_eq!(ComputeAssets::collection(), None);
        assert!(ComputeAssets::do_try_state().is_err());
        assert_ok!(announce(ALICE, HARDWARE));
        next_block();
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, None)),
            Error::<Test>::NoCollection
        );

        // A migration can mend it.
        assert_ok!(dispatch(
            ALICE,
            pallet_balances::Call::transfer_keep_alive {
                dest: ComputeAssets::account_id(),
                value: COLLECTION_DEPOSIT + ED
            }
        ));
        assert_ok!(ComputeAssets::create_collection());
        assert_ok!(dispatch(ALICE, register_call(HARDWARE, None)));
        check_state();
    });
}
