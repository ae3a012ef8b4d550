// SPDX-License-Identifier: Apache-2.0
//! Random sequences of all calls and of what other pallets do. After each step every invariant holds, and what failed changed nothing.

use super::*;
use crate::{Freezes, Holds, Offers, Vaults};
use frame_support::traits::fungibles::{Balanced, Inspect, Mutate, MutateFreeze, MutateHold};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation, Restriction};
use proptest::prelude::*;
use sp_runtime::DispatchError;

type Fractions = FractionalOwnership;

const PEOPLE: [AccountId; 4] = [ALICE, BOB, CAROL, DAVE];
const ASSETS: [AssetId; 3] = [GPU, RIG, SCRAP];

#[derive(Clone, Debug)]
enum Action {
    Fractionalize(AccountId, Balance),
    Transfer(AccountId, AccountId, Balance),
    Offer(AccountId, Balance, Balance),
    CancelOffer(AccountId),
    Buy(AccountId, AccountId, Balance, Balance),
    Redeem(AccountId),
    Hold(AccountId, Balance),
    Release(AccountId, Balance, Precision),
    MoveHeld(AccountId, AccountId, Balance, Precision, Restriction, Fortitude),
    MoveAndHold(AccountId, AccountId, Balance, Precision, Preservation, Fortitude),
    Freeze(AccountId, Balance),
    Thaw(AccountId),
    Mint(AccountId, Balance),
    Burn(AccountId, Balance, Fortitude),
    BurnHeld(AccountId, Balance, Precision, Fortitude),
    Swap(AccountId, AccountId, Balance),
    DropCredit(AccountId, Balance),
    ToggleFailure(AccountId),
    Wait,
}

fn person() -> impl Strategy<Value = AccountId> {
    prop::sample::select(PEOPLE.to_vec())
}

/// Few fractions, so that accounts are often emptied; and now and then numbers at the edge.
fn amount() -> impl Strategy<Value = Balance> {
    prop_oneof![
        20 => 0..=12u128,
        4 => 12..=100u128,
        1 => Just(crate::MAX_SUPPLY),
        1 => Just(crate::MAX_SUPPLY + 1),
        1 => Just(Balance::MAX),
    ]
}

fn price() -> impl Strategy<Value = Balance> {
    prop_oneof![10 => 0..=200u128, 2 => Just(ENDOWMENT), 1 => Just(Balance::MAX)]
}

fn precision() -> impl Strategy<Value = Precision> {
    prop_oneof![Just(Precision::Exact), Just(Precision::BestEffort)]
}

fn restriction() -> impl Strategy<Value = Restriction> {
    prop_oneof![Just(Restriction::Free), Just(Restriction::OnHold)]
}

fn fortitude() -> impl Strategy<Value = Fortitude> {
    prop_oneof![Just(Fortitude::Polite), Just(Fortitude::Force)]
}

fn preservation() -> impl Strategy<Value = Preservation> {
    prop_oneof![
        Just(Preservation::Expendable),
        Just(Preservation::Protect),
        Just(Preservation::Preserve)
    ]
}

fn step() -> impl Strategy<Value = Action> {
    use Action::*;
    prop_oneof![
        6 => (person(), amount()).prop_map(|(a, n)| Fractionalize(a, n)),
        8 => (person(), person(), amount()).prop_map(|(a, b, n)| Transfer(a, b, n)),
        6 => (person(), amount(), price()).prop_map(|(a, n, p)| Offer(a, n, p)),
        2 => person().prop_map(CancelOffer),
        10 => (person(), person(), amount(), price()).prop_map(|(a, b, n, p)| Buy(a, b, n, p)),
        4 => person().prop_map(Redeem),
        3 => (person(), amount()).prop_map(|(a, n)| Hold(a, n)),
        3 => (person(), amount(), precision()).prop_map(|(a, n, p)| Release(a, n, p)),
        3 => (person(), person(), amount(), precision(), restriction(), fortitude())
            .prop_map(|(a, b, n, p, r, f)| MoveHeld(a, b, n, p, r, f)),
        2 => (person(), person(), amount(), precision(), preservation(), fortitude())
            .prop_map(|(a, b, n, p, k, f)| MoveAndHold(a, b, n, p, k, f)),
        2 => (person(), amount()).prop_map(|(a, n)| Freeze(a, n)),
        2 => person().prop_map(Thaw),
        1 => (person(), amount()).prop_map(|(a, n)| Mint(a, n)),
        2 => (person(), amount(), fortitude()).prop_map(|(a, n, f)| Burn(a, n, f)),
        1 => (person(), amount(), precision(), fortitude()).prop_map(|(a, n, p, f)| BurnHeld(a, n, p, f)),
        2 => (person(), person(), amount()).prop_map(|(a, b, n)| Swap(a, b, n)),
        1 => (person(), amount()).prop_map(|(a, n)| DropCredit(a, n)),
        2 => person().prop_map(ToggleFailure),
        3 => Just(Wait),
    ]
}

fn by(who: AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// What other pallets' holds and freezes are for here.
fn loan() -> RuntimeHoldReason {
    twin::HoldReason::Loan.into()
}

fn vote() -> RuntimeFreezeReason {
    FreezeReason::Vote.into()
}

fn take(asset: AssetId, who: &AccountId, amount: Balance) -> Result<CreditOf, DispatchError> {
    let (exact, expendable, polite) = (Precision::Exact, Preservation::Expendable, Fortitude::Polite);
    Fractions::withdraw(asset, who, amount, exact, expendable, polite)
}

type CreditOf = frame_support::traits::fungibles::Credit<AccountId, Fractions>;

/// The calls are dispatched, so they may count on being undone; what the traits offer has to be whole by itself.
fn run(asset: AssetId, step: Action) -> Result<(), DispatchError> {
    use Action::*;
    match step {
        Fractionalize(a, n) => dispatch(|| Fractions::fractionalize(by(a), asset, n)),
        Transfer(a, b, n) => dispatch(|| Fractions::transfer(by(a), asset, b, n)),
        Offer(a, n, p) => dispatch(|| Fractions::offer(by(a), asset, n, p)),
        CancelOffer(a) => dispatch(|| Fractions::cancel_offer(by(a), asset)),
        Buy(a, b, n, p) => dispatch(|| Fractions::buy(by(a), asset, b, n, p)),
        Redeem(a) => dispatch(|| Fractions::redeem(by(a), asset)),
        Hold(a, n) => Fractions::hold(asset, &loan(), &a, n),
        Release(a, n, p) => Fractions::release(asset, &loan(), &a, n, p).map(drop),
        MoveHeld(a, b, n, p, r, f) => {
            Fractions::transfer_on_hold(asset, &loan(), &a, &b, n, p, r, f).map(drop)
        }
        MoveAndHold(a, b, n, p, k, f) => {
            Fractions::transfer_and_hold(asset, &loan(), &a, &b, n, p, k, f).map(drop)
        }
        Freeze(a, n) => Fractions::set_freeze(asset, &vote(), &a, n),
        Thaw(a) => Fractions::thaw(asset, &vote(), &a),
        Mint(a, n) => Fractions::mint_into(asset, &a, n).map(drop),
        Burn(a, n, f) => {
            Fractions::burn_from(asset, &a, n, Preservation::Expendable, Precision::Exact, f).map(drop)
        }
        BurnHeld(a, n, p, f) => Fractions::burn_held(asset, &loan(), &a, n, p, f).map(drop),
        Swap(a, b, n) => with_storage_layer(|| {
            let credit = take(asset, &a, n)?;
            Fractions::resolve(&b, credit).map_err(|credit| {
                drop(credit);
                DispatchError::Unavailable
            })
        }),
        DropCredit(a, n) => take(asset, &a, n).map(drop),
        ToggleFailure(a) => {
            if twin::Fails::<Test>::contains_key(&a) {
                let_settlement_pass(a);
            } else {
                let_settlement_fail(a);
            }
            Ok(())
        }
        Wait => {
            open_sale();
            Ok(())
        }
    }
}

/// Everyone's way out, without any admin: everything is set free and gathered, and the NFT redeemed.
fn wind_up(asset: AssetId) {
    let Some(vault) = Vaults::<Test>::get(asset) else {
        return;
    };
    PEOPLE.into_iter().for_each(let_settlement_pass);
    for who in PEOPLE {
        if Offers::<Test>::contains_key(asset, &who) {
            assert_ok!(Fractions::cancel_offer(by(who.clone()), asset));
        }
        assert_ok!(Fractions::release(
            asset,
            &loan(),
            &who,
            Balance::MAX,
            Precision::BestEffort
        ));
        assert_ok!(Fractions::thaw(asset, &vote(), &who));
        let amount = fractions(asset, who.clone()).0;
        if who != CAROL && amount != 0 {
            assert_ok!(Fractions::transfer(by(who), asset, CAROL, amount));
        }
    }
    let heir = if Fractions::total_issuance(asset) == 0 {
        vault.depositor
    } else {
        CAROL
    };
    assert_ok!(Fractions::redeem(by(heir), asset));
}

/// More by `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn invariants_should_hold_after_every_step(
        steps in prop::collection::vec((prop::sample::select(ASSETS.to_vec()), step()), 1..80),
    ) {
        new_test_ext().execute_with(|| {
            let currency = Balances::total_issuance();
            for (asset, step) in steps {
                let before = sp_io::storage::root(Default::default());
                if run(asset, step.clone()).is_err() {
                    let after = sp_io::storage::root(Default::default());
                    assert_eq!(before, after, "{step:?} failed and changed the state");
                }
                check();
                assert_eq!(Balances::total_issuance(), currency);
            }

            ASSETS.into_iter().for_each(wind_up);
            check();
            assert_eq!(stored_keys(), 0);
            assert_eq!((Holds::<Test>::iter().count(), Freezes::<Test>::iter().count()), (0, 0));
            for who in PEOPLE {
                assert_eq!(deposited(who), 0);
            }
        });
    }
}
