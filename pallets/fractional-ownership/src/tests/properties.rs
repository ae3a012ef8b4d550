// SPDX-License-Identifier: Apache-2.0
//! Random sequences of all calls and of what other pallets do. After each step every invariant holds, and what failed changed nothing.

use super::*;
use crate::mock::steps as steps_taken;
use crate::{Freezes, Holds, Offers, Vaults};
use compute_primitives::InspectAsset;
use frame_support::traits::fungibles::{Balanced, Inspect, InspectHold, Mutate, MutateFreeze, MutateHold};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation, Restriction};
use proptest::prelude::*;
use sp_runtime::DispatchError;

type Fractions = FractionalOwnership;

const PEOPLE: [AccountId; 4] = [ALICE, BOB, CAROL, DAVE];
const ASSETS: [AssetId; 3] = [GPU, RIG, SCRAP];

#[derive(Clone, Debug)]
enum Action {
    Fractionalize(AccountId, Amount),
    Transfer(AccountId, AccountId, Amount),
    Offer(AccountId, Amount, Balance, Option<u64>),
    CancelOffer(AccountId),
    RemoveExpiredOffer(AccountId),
    Buy(AccountId, AccountId, Amount, Balance),
    Redeem(AccountId),
    Hold(AccountId, Amount),
    Release(AccountId, Amount, Precision),
    MoveHeld(AccountId, AccountId, Amount, Precision, Restriction, Fortitude),
    MoveAndHold(AccountId, AccountId, Amount, Precision, Preservation, Fortitude),
    Freeze(AccountId, Amount),
    Thaw(AccountId),
    Mint(AccountId, Amount),
    Burn(AccountId, Amount, Fortitude),
    BurnHeld(AccountId, Amount, Precision, Fortitude),
    Swap(AccountId, AccountId, Amount),
    DropCredit(AccountId, Amount),
    Wait,
}

/// Most amounts are a part of what is there, else nearly every action would fail.
#[derive(Clone, Debug)]
enum Amount {
    Quarters(Balance),
    Just(Balance),
}

impl Amount {
    fn of(self, whole: Balance) -> Balance {
        match self {
            Self::Quarters(quarters) => whole * quarters / 4,
            Self::Just(amount) => amount,
        }
    }
}

fn amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        12 => (1..=4u128).prop_map(Amount::Quarters),
        1 => Just(Amount::Quarters(5)),
        4 => (0..=12u128).prop_map(Amount::Just),
        1 => prop::sample::select(vec![crate::MAX_SUPPLY, crate::MAX_SUPPLY + 1, Balance::MAX])
            .prop_map(Amount::Just),
    ]
}

fn person() -> impl Strategy<Value = AccountId> {
    prop::sample::select(PEOPLE.to_vec())
}

fn price() -> impl Strategy<Value = Balance> {
    prop_oneof![12 => 1..=200u128, 1 => Just(0), 1 => Just(ENDOWMENT), 1 => Just(Balance::MAX)]
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

fn action() -> impl Strategy<Value = Action> {
    use Action::*;
    prop_oneof![
        6 => (person(), amount()).prop_map(|(a, n)| Fractionalize(a, n)),
        8 => (person(), person(), amount()).prop_map(|(a, b, n)| Transfer(a, b, n)),
        6 => (person(), amount(), price(), prop::option::of(0..4u64)).prop_map(|(a, n, p, e)| Offer(a, n, p, e)),
        2 => person().prop_map(CancelOffer),
        2 => person().prop_map(RemoveExpiredOffer),
        12 => (person(), person(), amount(), price()).prop_map(|(a, b, n, p)| Buy(a, b, n, p)),
        3 => person().prop_map(Redeem),
        3 => (person(), amount()).prop_map(|(a, n)| Hold(a, n)),
        3 => (person(), amount(), precision()).prop_map(|(a, n, p)| Release(a, n, p)),
        3 => (person(), person(), amount(), precision(), restriction(), fortitude())
            .prop_map(|(a, b, n, p, r, f)| MoveHeld(a, b, n, p, r, f)),
        2 => (person(), person(), amount(), precision(), preservation(), fortitude())
            .prop_map(|(a, b, n, p, k, f)| MoveAndHold(a, b, n, p, k, f)),
        2 => (person(), amount()).prop_map(|(a, n)| Freeze(a, n)),
        2 => person().prop_map(Thaw),
        1 => (person(), amount()).prop_map(|(a, n)| Mint(a, n)),
        1 => (person(), amount(), fortitude()).prop_map(|(a, n, f)| Burn(a, n, f)),
        1 => (person(), amount(), precision(), fortitude()).prop_map(|(a, n, p, f)| BurnHeld(a, n, p, f)),
        2 => (person(), person(), amount()).prop_map(|(a, b, n)| Swap(a, b, n)),
        1 => (person(), amount()).prop_map(|(a, n)| DropCredit(a, n)),
        6 => Just(Wait),
    ]
}

/// An action on an asset, during which the settlement of one account may fail.
fn step() -> impl Strategy<Value = (AssetId, Action, Option<AccountId>)> {
    let asset = prop_oneof![8 => Just(GPU), 4 => Just(RIG), 1 => Just(SCRAP)];
    (asset, action(), prop::option::weighted(0.1, person()))
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
fn run(asset: AssetId, action: Action) -> Result<(), DispatchError> {
    use Action::*;
    let free = |who: &AccountId| fractions(asset, who.clone()).0;
    let held = |who: &AccountId| <Fractions as InspectHold<_>>::balance_on_hold(asset, &loan(), who);
    let offered = |who: &AccountId| Offers::<Test>::get(asset, who).map_or(0, |offer| offer.amount);
    // Mostly someone who has fractions.
    let holder = |who: AccountId| {
        let other = Accounts::<Test>::iter_key_prefix(asset).next();
        other
            .filter(|_| fractions(asset, who.clone()) == (0, 0))
            .unwrap_or(who)
    };
    match action {
        Fractionalize(a, n) => {
            // Mostly by who may.
            let owner = Twin::owner(asset)
                .filter(|owner| PEOPLE.contains(owner))
                .unwrap_or(a);
            dispatch(|| Fractions::fractionalize(by(owner), asset, n.of(16)))
        }
        Transfer(a, b, n) => {
            let a = holder(a);
            let n = n.of(free(&a));
            dispatch(|| Fractions::transfer(by(a), asset, b, n))
        }
        Offer(a, n, p, e) => {
            let a = holder(a);
            let n = n.of(free(&a) + offered(&a));
            let e = e.map(|blocks| System::block_number() + blocks);
            dispatch(|| Fractions::offer(by(a), asset, n, p, e))
        }
        RemoveExpiredOffer(a) => dispatch(|| Fractions::remove_expired_offer(by(a.clone()), asset, a)),
        CancelOffer(a) => dispatch(|| Fractions::cancel_offer(by(a), asset)),
        Buy(a, b, n, p) => {
            // Mostly where there is an offer, for a limit above what it asks.
            let open = Offers::<Test>::iter().find(|(_, seller, _)| *seller != a);
            let (asset, seller, amount) = open.map_or((asset, b, 0), |(asset, seller, offer)| {
                (asset, seller, offer.amount)
            });
            dispatch(|| {
                Fractions::buy(
                    by(a),
                    asset,
                    seller,
                    n.of(amount),
                    p.saturating_add(50),
                    crate::MAX_SUPPLY,
                )
            })
        }
        Redeem(a) => dispatch(|| Fractions::redeem(by(holder(a)), asset)),
        Hold(a, n) => {
            let a = holder(a);
            Fractions::hold(asset, &loan(), &a, n.of(free(&a)))
        }
        Release(a, n, p) => Fractions::release(asset, &loan(), &a, n.of(held(&a)), p).map(drop),
        MoveHeld(a, b, n, p, r, f) => {
            Fractions::transfer_on_hold(asset, &loan(), &a, &b, n.of(held(&a)), p, r, f).map(drop)
        }
        MoveAndHold(a, b, n, p, k, f) => {
            Fractions::transfer_and_hold(asset, &loan(), &a, &b, n.of(free(&a)), p, k, f).map(drop)
        }
        Freeze(a, n) => Fractions::set_freeze(asset, &vote(), &a, n.of(free(&a))),
        Thaw(a) => Fractions::thaw(asset, &vote(), &a),
        Mint(a, n) => Fractions::mint_into(asset, &a, n.of(4)).map(drop),
        Burn(a, n, f) => {
            let (n, expendable, exact) = (n.of(free(&a)), Preservation::Expendable, Precision::Exact);
            Fractions::burn_from(asset, &a, n, expendable, exact, f).map(drop)
        }
        BurnHeld(a, n, p, f) => Fractions::burn_held(asset, &loan(), &a, n.of(held(&a)), p, f).map(drop),
        Swap(a, b, n) => with_storage_layer(|| {
            let credit = take(asset, &a, n.of(free(&a)))?;
            Fractions::resolve(&b, credit).map_err(|credit| {
                drop(credit);
                DispatchError::Unavailable
            })
        }),
        DropCredit(a, n) => take(asset, &a, n.of(free(&a))).map(drop),
        Wait => {
            System::set_block_number(System::block_number() + 1);
            Ok(())
        }
    }
}

/// Everyone's way out, without any admin: everything is set free and gathered, and the NFT redeemed.
fn wind_up(asset: AssetId) {
    let Some(vault) = Vaults::<Test>::get(asset) else {
        return;
    };
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
    fn invariants_should_hold_after_every_step(steps in prop::collection::vec(step(), 1..100)) {
        new_test_ext().execute_with(|| {
            let currency = Balances::total_issuance();
            for (asset, action, failing) in steps {
                if let Some(who) = failing.clone() {
                    let_settlement_fail(who);
                }
                let before = sp_io::storage::root(Default::default());
                if run(asset, action.clone()).is_err() {
                    let after = sp_io::storage::root(Default::default());
                    assert_eq!(before, after, "{action:?} failed and changed the state");
                }
                if let Some(who) = failing {
                    let_settlement_pass(who);
                }
                check();
                assert_eq!(Balances::total_issuance(), currency);
                // Else each root would hash the whole history.
                steps_taken();
                System::reset_events();
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
