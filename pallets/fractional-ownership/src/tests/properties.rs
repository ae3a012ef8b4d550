// SPDX-License-Identifier: Apache-2.0
//! Random sequences of all calls and of what other pallets do. After each step every invariant holds, and what failed changed nothing.

use super::*;
use crate::mock::steps as steps_taken;
use crate::{Bids, Freezes, Holds, Offers, Owed, Vaults};
use compute_primitives::InspectAsset;
use frame_support::traits::fungible::Mutate as _;
use frame_support::traits::fungibles::{Balanced, Inspect, InspectHold, Mutate, MutateFreeze, MutateHold};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation, Restriction};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sp_runtime::DispatchError;
use std::cell::RefCell;
use std::collections::BTreeMap;

type Fractions = FractionalOwnership;

const PEOPLE: [AccountId; 4] = [ALICE, BOB, CAROL, DAVE];
const ASSETS: [AssetId; 3] = [GPU, RIG, SCRAP];

#[derive(Clone, Debug)]
enum Action {
    Fractionalize(AccountId, Amount, u32),
    Transfer(AccountId, AccountId, Amount),
    Offer(AccountId, Amount, Balance, Option<u64>),
    CancelOffer(AccountId),
    RemoveExpiredOffer(AccountId),
    Buy(AccountId, AccountId, Amount, Balance),
    Redeem(AccountId),
    SetReserve(Option<Balance>),
    Bid(AccountId, Balance),
    Outbid(AccountId),
    WithdrawBid(AccountId),
    AcceptBid(AccountId, Balance),
    AcceptForAll(Balance),
    EndAuction,
    SettleAuction(AccountId),
    CashOut(AccountId),
    CashOutFor(AccountId, AccountId),
    ClaimOwed(AccountId),
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
    Wait(u64),
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

/// Of a whole asset.
fn whole_price() -> impl Strategy<Value = Balance> {
    prop_oneof![12 => MINIMUM_BID..=20_000u128, 3 => Just(MINIMUM_BID), 2 => 0..=ENDOWMENT, 1 => Just(Balance::MAX)]
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
        6 => (person(), amount(), 0..=11u32).prop_map(|(a, n, r)| Fractionalize(a, n, r)),
        8 => (person(), person(), amount()).prop_map(|(a, b, n)| Transfer(a, b, n)),
        6 => (person(), amount(), price(), prop::option::of(0..4u64)).prop_map(|(a, n, p, e)| Offer(a, n, p, e)),
        2 => person().prop_map(CancelOffer),
        2 => person().prop_map(RemoveExpiredOffer),
        12 => (person(), person(), amount(), price()).prop_map(|(a, b, n, p)| Buy(a, b, n, p)),
        3 => person().prop_map(Redeem),
        3 => prop::option::weighted(0.8, whole_price()).prop_map(SetReserve),
        6 => (person(), whole_price()).prop_map(|(a, p)| Bid(a, p)),
        6 => person().prop_map(Outbid),
        2 => person().prop_map(WithdrawBid),
        2 => (person(), whole_price()).prop_map(|(a, p)| AcceptBid(a, p)),
        4 => prop_oneof![3 => Just(MINIMUM_BID), 1 => whole_price()].prop_map(AcceptForAll),
        4 => Just(EndAuction),
        10 => person().prop_map(SettleAuction),
        6 => person().prop_map(CashOut),
        6 => (person(), person()).prop_map(|(a, b)| CashOutFor(a, b)),
        2 => person().prop_map(ClaimOwed),
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
        4 => Just(Wait(1)),
        3 => (1..=PERIOD).prop_map(Wait),
    ]
}

/// An action on an asset, during which the settlement of one account may fail.
fn step() -> impl Strategy<Value = (AssetId, Action, Option<AccountId>)> {
    let asset = prop_oneof![12 => Just(GPU), 4 => Just(RIG), 1 => Just(SCRAP)];
    (asset, action(), prop::option::weighted(0.05, person()))
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
    // Mostly someone who has fractions of a sold asset.
    let claimant = || {
        let sold = |asset| Vaults::<Test>::get(asset).is_some_and(|vault| vault.is_sold());
        Accounts::<Test>::iter_keys().find(|(asset, _)| sold(*asset))
    };
    match action {
        Fractionalize(a, n, r) => {
            // Mostly by who may.
            let owner = Twin::owner(asset)
                .filter(|owner| PEOPLE.contains(owner))
                .unwrap_or(a);
            dispatch(|| Fractions::fractionalize(by(owner), asset, n.of(16), Perbill::from_percent(r)))
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
        CancelOffer(a) => {
            let (asset, a) = Offers::<Test>::iter_keys().next().unwrap_or((asset, a));
            dispatch(|| Fractions::cancel_offer(by(a), asset))
        }
        RemoveExpiredOffer(a) => {
            let expired =
                Offers::<Test>::iter().find(|(_, _, offer)| offer.has_expired(System::block_number()));
            let (asset, seller) = expired.map_or((asset, a), |(asset, seller, _)| (asset, seller));
            dispatch(|| Fractions::remove_expired_offer(by(DAVE), asset, seller))
        }
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
        SetReserve(p) => <Fractions as Sale>::set_reserve(asset, p),
        Bid(a, p) => dispatch(|| Fractions::bid(by(a), asset, p)),
        Outbid(a) => {
            let least = Fractions::least_bid(asset).unwrap_or_default();
            dispatch(|| Fractions::bid(by(a), asset, least))
        }
        WithdrawBid(a) => {
            let bid = Bids::<Test>::get(asset);
            let a = bid.map_or(a, |bid| bid.bidder);
            dispatch(|| Fractions::withdraw_bid(by(a), asset))
        }
        AcceptBid(a, p) => dispatch(|| Fractions::accept_bid(by(holder(a)), asset, p)),
        AcceptForAll(p) => <Fractions as Sale>::accept_bid(asset, p),
        EndAuction => {
            let end = Bids::<Test>::iter_values().find_map(|bid| bid.ends_at);
            System::set_block_number(end.unwrap_or_default().max(System::block_number()));
            Ok(())
        }
        SettleAuction(a) => {
            let over = Bids::<Test>::iter().find(|(_, bid)| bid.has_ended(System::block_number()));
            let asset = over.map_or(asset, |(asset, _)| asset);
            dispatch(|| Fractions::settle_auction(by(a), asset))
        }
        CashOut(a) => {
            let (asset, a) = claimant().unwrap_or((asset, a));
            dispatch(|| Fractions::cash_out(by(a), asset))
        }
        CashOutFor(a, b) => {
            let (asset, b) = claimant().unwrap_or((asset, b));
            dispatch(|| Fractions::cash_out_for(by(a), asset, b))
        }
        ClaimOwed(a) => {
            // Mostly whoever is owed something.
            let (asset, a) = Owed::<Test>::iter_keys().next().unwrap_or((asset, a));
            dispatch(|| Fractions::claim_owed(by(a.clone()), asset, a))
        }
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
        Wait(blocks) => {
            advance(blocks);
            Ok(())
        }
    }
}

/// Everyone's way out, without any admin: what is sold is cashed; else everything is set free and gathered, and the NFT redeemed.
fn wind_up(asset: AssetId) {
    let auction = Bids::<Test>::get(asset).and_then(|bid| bid.ends_at);
    if let Some(end) = auction {
        System::set_block_number(end.max(System::block_number()));
        assert_ok!(Fractions::settle_auction(by(DAVE), asset));
    } else if let Some(bid) = Bids::<Test>::get(asset) {
        assert_ok!(Fractions::withdraw_bid(by(bid.bidder), asset));
    }
    match Vaults::<Test>::get(asset) {
        Some(vault) if vault.is_sold() => cash_all(asset),
        Some(vault) => redeem_all(asset, vault),
        None => {}
    }
    for who in PEOPLE {
        if Owed::<Test>::contains_key(asset, &who) {
            Balances::set_balance(&who, free(who.clone()).max(ED));
            assert_ok!(Fractions::claim_owed(by(DAVE), asset, who));
        }
    }
    assert!(!System::account_exists(&Fractions::vault_account(asset)));
}

fn cash_all(asset: AssetId) {
    for who in PEOPLE {
        assert_ok!(Fractions::release(
            asset,
            &loan(),
            &who,
            Balance::MAX,
            Precision::BestEffort
        ));
        if fractions(asset, who.clone()) != (0, 0) {
            assert_ok!(Fractions::cash_out_for(by(DAVE), asset, who));
        }
    }
    if let Some(vault) = Vaults::<Test>::get(asset) {
        assert_ok!(Fractions::cash_out_for(by(DAVE), asset, vault.depositor));
    }
}

fn redeem_all(asset: AssetId, vault: crate::VaultOf<Test>) {
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

/// Runs the steps on a new chain, on which four people share the GPU; answers the names of the actions that succeeded.
fn run_sequence(steps: Vec<(AssetId, Action, Option<AccountId>)>) -> Vec<String> {
    let mut succeeded = Vec::new();
    new_test_ext().execute_with(|| {
        let currency = Balances::total_issuance();
        let ten = Perbill::from_percent(10);
        assert_ok!(Fractions::fractionalize(by(ALICE), GPU, 100, ten));
        for (who, amount) in [(BOB, 20), (CAROL, 10), (DAVE, 3)] {
            give_fractions(who, amount);
        }
        for (asset, action, failing) in steps {
            if let Some(who) = failing.clone() {
                let_settlement_fail(who);
            }
            let before = sp_io::storage::root(Default::default());
            if run(asset, action.clone()).is_ok() {
                let name = format!("{action:?}");
                succeeded.push(name.split('(').next().unwrap_or_default().into());
            } else {
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
        assert_eq!(
            (Holds::<Test>::iter().count(), Freezes::<Test>::iter().count()),
            (0, 0)
        );
        for who in PEOPLE {
            assert_eq!(deposited(who), 0);
        }
    });
    succeeded
}

#[test]
fn invariants_should_hold_after_every_step() {
    let succeeded = RefCell::new(BTreeMap::<String, u32>::new());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..Default::default()
    });
    runner
        .run(&prop::collection::vec(step(), 20..120), |steps| {
            for name in run_sequence(steps) {
                *succeeded.borrow_mut().entry(name).or_default() += 1;
            }
            Ok(())
        })
        .unwrap();
    // Sequences in which nothing succeeds would show nothing.
    let succeeded = succeeded.into_inner();
    println!("{succeeded:?}");
    for name in [
        "Fractionalize",
        "Transfer",
        "Offer",
        "CancelOffer",
        "Buy",
        "SetReserve",
        "Bid",
        "Outbid",
        "WithdrawBid",
        "AcceptForAll",
        "SettleAuction",
        "CashOut",
        "CashOutFor",
    ] {
        assert!(succeeded.contains_key(name), "{name}: {succeeded:?}");
    }
}
