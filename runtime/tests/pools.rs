// SPDX-License-Identifier: Apache-2.0
//! Pools of the currency and fractions through the real runtime: from their making to their end, who gets the income of the
//! fractions in them, and what can't be captured.

mod common;

use common::*;
use compute_primitives::{AssetId, Sale};
use ergon_runtime::{configs::pools::TradableId, *};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult, traits::fungible::NativeOrWithId};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{traits::StaticLookup, Perbill, TokenError};

const SUPPLY: Balance = 1_000_000;

fn dave() -> AccountId {
    Sr25519Keyring::Dave.to_account_id()
}

fn pair(asset: AssetId) -> (Box<TradableId>, Box<TradableId>) {
    (
        Box::new(NativeOrWithId::Native),
        Box::new(NativeOrWithId::WithId(asset)),
    )
}

fn create(asset: AssetId) -> DispatchResult {
    let (currency, fractions) = pair(asset);
    AssetConversion::create_pool(signed(dave()), currency, fractions)
}

fn add(asset: AssetId, who: AccountId, amount: Balance, fractions: Balance) -> DispatchResult {
    let (currency, fraction) = pair(asset);
    AssetConversion::add_liquidity(
        signed(who.clone()),
        currency,
        fraction,
        amount,
        fractions,
        1,
        1,
        who,
    )
}

fn remove(asset: AssetId, who: AccountId, tokens: Balance) -> DispatchResult {
    let (currency, fractions) = pair(asset);
    AssetConversion::remove_liquidity(signed(who.clone()), currency, fractions, tokens, 1, 1, who)
}

fn buy(asset: AssetId, who: AccountId, amount: Balance) -> DispatchResult {
    let (currency, fractions) = pair(asset);
    AssetConversion::swap_exact_tokens_for_tokens(
        signed(who.clone()),
        vec![currency, fractions],
        amount,
        1,
        who,
        true,
    )
}

fn sell(asset: AssetId, who: AccountId, amount: Balance) -> DispatchResult {
    let (currency, fractions) = pair(asset);
    AssetConversion::swap_exact_tokens_for_tokens(
        signed(who.clone()),
        vec![fractions, currency],
        amount,
        1,
        who,
        false,
    )
}

fn give(asset: AssetId, from: AccountId, to: AccountId, amount: Balance) -> DispatchResult {
    let dest = <Runtime as frame_system::Config>::Lookup::unlookup(to);
    FractionalOwnership::transfer(signed(from), asset, dest, amount)
}

fn fractions(asset: AssetId, who: AccountId) -> Balance {
    FractionalOwnership::account(asset, who).free
}

fn tokens(asset: AssetId, who: AccountId) -> Balance {
    LpTokens::tokens(asset, who)
}

/// What an account has had paid by claiming all it has coming from the pool.
fn claimed(asset: AssetId, who: AccountId) -> Balance {
    let before = Balances::free_balance(&who);
    assert_ok!(LpTokens::claim_for(signed(dave()), asset, who.clone()));
    Balances::free_balance(&who) - before
}

/// A tenant pays; 2% of it are the protocol's.
fn earn(asset: AssetId, amount: Balance) {
    assert_ok!(RewardDistribution::pay_revenue(signed(dave()), asset, amount));
}

/// Bob's device in a million fractions, half of them Charlie's; a pool with a hundred thousand of Bob's and 100 EGN.
fn pool() -> AssetId {
    let asset = register(&bob(), 1_000 * UNIT);
    assert_ok!(FractionalOwnership::fractionalize(
        signed(bob()),
        asset,
        SUPPLY,
        Perbill::zero()
    ));
    assert_ok!(give(asset, bob(), charlie(), SUPPLY / 2));
    assert_ok!(create(asset));
    assert_ok!(add(asset, bob(), 100 * UNIT, 100_000));
    check();
    asset
}

/// Sells the asset as a whole to Alice.
fn sell_asset(asset: AssetId, price: Balance) {
    assert_ok!(<FractionalOwnership as Sale>::set_reserve(asset, Some(price)));
    assert_ok!(FractionalOwnership::bid(signed(alice()), asset, price));
    System::set_block_number(System::block_number() + configs::compute::AuctionPeriod::get());
    assert_ok!(FractionalOwnership::settle_auction(signed(dave()), asset));
    check();
}

#[test]
fn a_pool_is_made_filled_traded_with_and_emptied() {
    development(|| {
        let asset = pool();
        let account = LpTokens::pool_account(asset);
        assert_eq!(fractions(asset, account.clone()), 100_000);
        assert_eq!(Balances::free_balance(&account), 100 * UNIT);
        // The geometric mean, less the least liquidity, which is the pool's own.
        let minted = tokens(asset, bob());
        assert_eq!(minted + 100_000, 3_162_277_660); // floor(sqrt(10^14 · 10^5))
        assert_eq!(LpTokens::pool(asset).unwrap().supply, minted + 100_000);

        let before = Balances::free_balance(alice());
        assert_ok!(buy(asset, alice(), UNIT));
        assert_eq!(before - Balances::free_balance(alice()), UNIT);
        let bought = fractions(asset, alice());
        assert_eq!(bought, 987); // 0.3% for the providers: 100,000 · 0.997 / 100.997
        check();
        assert_ok!(sell(asset, alice(), bought));
        assert!(Balances::free_balance(alice()) < before);
        assert_eq!(fractions(asset, alice()), 0);
        check();

        // asset-conversion keeps the least liquidity, and with it some fractions: nobody could ever redeem.
        assert_ok!(remove(asset, bob(), minted));
        check();
        let left = fractions(asset, account.clone());
        assert_eq!((tokens(asset, bob()), left), (0, 4));
        assert!(Balances::free_balance(&account) >= EXISTENTIAL_DEPOSIT);
        let not_sole =
            || sp_runtime::DispatchError::from(pallet_lp_tokens::Error::<Runtime>::NotSoleProvider);
        assert_noop!(LpTokens::remove_all_liquidity(signed(bob()), asset), not_sole());

        // Whoever is alone in a pool takes all of it.
        let had = fractions(asset, charlie());
        assert_ok!(add(asset, charlie(), 100 * UNIT, 100_000));
        assert_noop!(LpTokens::remove_all_liquidity(signed(bob()), asset), not_sole());
        assert_ok!(LpTokens::remove_all_liquidity(signed(charlie()), asset));
        assert_eq!(fractions(asset, charlie()), had + left);
        assert_eq!(
            (tokens(asset, charlie()), LpTokens::pool(asset).unwrap().supply),
            (0, 0)
        );
        assert_eq!(
            (Balances::free_balance(&account), fractions(asset, account)),
            (0, 0)
        );
        check();
        // And the pool is as new.
        assert_ok!(add(asset, charlie(), 100 * UNIT, 100_000));
        assert_eq!(tokens(asset, charlie()), minted);
    });
}

#[test]
fn income_of_the_fractions_in_a_pool_goes_to_its_providers_and_not_into_its_reserves() {
    development(|| {
        let asset = pool();
        let account = LpTokens::pool_account(asset);
        let reserves = (
            Balances::free_balance(&account),
            fractions(asset, account.clone()),
        );
        earn(asset, 100 * UNIT);
        // A tenth of the fractions are in the pool, 98 EGN are the holders'.
        assert_eq!(claimed(asset, bob()), 98 * UNIT / 10 - 1); // floored
        assert_eq!(
            reserves,
            (
                Balances::free_balance(&account),
                fractions(asset, account.clone())
            )
        );
        // Nobody can push it there.
        earn(asset, 100 * UNIT);
        assert_noop!(
            RewardDistribution::claim_for(signed(dave()), asset, account),
            pallet_reward_distribution::Error::<Runtime>::NotPushable
        );
    });
}

/// The attack that paying income into the reserves would allow: come before the income is shared out, leave after.
#[test]
fn liquidity_that_comes_just_in_time_gets_nothing_of_what_was_earned_before() {
    development(|| {
        let asset = pool();
        // Emission vests: at every block of it a touch could be the moment.
        next_census();
        work(asset, &bob(), 3);
        assert_ok!(ProofOfCompute::settle(signed(dave()), asset));
        for _ in 0..10 {
            next_block();
        }
        earn(asset, 100 * UNIT);

        // Charlie brings four times as much liquidity, pokes everything there is to poke, and leaves in the same block.
        let before = Balances::free_balance(charlie());
        assert_ok!(add(asset, charlie(), 400 * UNIT, 400_000));
        let own = RewardDistribution::pending(asset, charlie());
        assert_ok!(RewardDistribution::touch(signed(charlie()), asset));
        assert_noop!(
            LpTokens::claim(signed(charlie()), asset),
            pallet_lp_tokens::Error::<Runtime>::NothingToClaim
        );
        assert_ok!(remove(asset, charlie(), tokens(asset, charlie())));
        assert_noop!(
            LpTokens::claim(signed(charlie()), asset),
            pallet_lp_tokens::Error::<Runtime>::NothingToClaim
        );
        assert!(Balances::free_balance(charlie()) <= before);
        assert!(fractions(asset, charlie()) <= SUPPLY / 2);
        assert_eq!(RewardDistribution::pending(asset, charlie()), own);
        check();
        // All of it is Bob's.
        assert!(claimed(asset, bob()) >= 98 * UNIT / 10);
    });
}

#[test]
fn whoever_stays_gets_its_part_of_what_is_earned_while_it_does() {
    development(|| {
        let asset = pool();
        assert_ok!(add(asset, charlie(), 300 * UNIT, 300_000));
        let (bobs, charlies) = (tokens(asset, bob()), tokens(asset, charlie()));
        earn(asset, 100 * UNIT);
        // 400,000 of the fractions are in the pool: 39.2 EGN, by tokens.
        let all = 392 * UNIT / 10;
        let expected = |tokens: Balance| {
            let product =
                sp_core::U256::from(all) * sp_core::U256::from(tokens) / sp_core::U256::from(bobs + charlies);
            Balance::try_from(product).unwrap()
        };
        let paid = [claimed(asset, bob()), claimed(asset, charlie())];
        assert_eq!(paid, [expected(bobs), expected(charlies)]);
        assert!(all - paid[0] - paid[1] <= 1);

        // What a token earned stays with who had it.
        earn(asset, 100 * UNIT);
        assert_ok!(LpTokens::transfer(
            signed(charlie()),
            asset,
            <Runtime as frame_system::Config>::Lookup::unlookup(alice()),
            charlies
        ));
        assert!(claimed(asset, charlie()) >= expected(charlies));
        assert_eq!(LpTokens::pending(asset, alice()), 0);
        assert_ok!(remove(asset, alice(), charlies));
        check();
    });
}

/// A swap moves fractions in and out; each earns for the pool as long as it is there.
#[test]
fn buying_just_before_a_payout_and_selling_just_after_gains_nothing() {
    development(|| {
        let asset = pool();
        let before = Balances::free_balance(alice());
        assert_ok!(buy(asset, alice(), 10 * UNIT));
        assert_ok!(RewardDistribution::touch(signed(alice()), asset));
        assert_ok!(sell(asset, alice(), fractions(asset, alice())));
        assert!(Balances::free_balance(alice()) < before);
        assert_eq!(RewardDistribution::pending(asset, alice()), 0);
        assert_eq!(fractions(asset, alice()), 0);
    });
}

/// The price of a pool's tokens can be raised by gifts, but not so that the next provider is robbed by rounding.
#[test]
fn a_donation_to_a_pool_is_lost_to_who_makes_it() {
    development(|| {
        let asset = register(&bob(), 1_000 * UNIT);
        assert_ok!(FractionalOwnership::fractionalize(
            signed(bob()),
            asset,
            SUPPLY,
            Perbill::zero()
        ));
        assert_ok!(give(asset, bob(), charlie(), SUPPLY / 2));
        assert_ok!(create(asset));
        // The attacker is first, with next to nothing, and gives a thousand times as much.
        assert_ok!(add(asset, bob(), UNIT / 10, 1));
        let account = LpTokens::pool_account(asset);
        assert_ok!(give(asset, bob(), account.clone(), 1_000));
        assert_ok!(Balances::transfer_keep_alive(
            signed(bob()),
            <Runtime as frame_system::Config>::Lookup::unlookup(account.clone()),
            100 * UNIT
        ));
        check();
        let (before, had) = (Balances::free_balance(charlie()), fractions(asset, charlie()));
        assert_ok!(add(asset, charlie(), 50 * UNIT, 100_000));
        assert_ok!(remove(asset, charlie(), tokens(asset, charlie())));
        check();
        let lost = before - Balances::free_balance(charlie());
        assert!(lost < UNIT / 1_000, "{lost} lost by rounding");
        assert!(had - fractions(asset, charlie()) <= 1);
    });
}

/// With its least liquidity a pool holds fractions for ever, so nobody can redeem. The squeeze-out is the way out, and then everything
/// is free: the cash, the currency, the deposits, the ids.
#[test]
fn a_pool_that_keeps_its_least_liquidity_locks_neither_the_device_nor_the_money() {
    development(|| {
        let asset = pool();
        let account = LpTokens::pool_account(asset);
        // Dave's key is lost, and with it a thousandth of the pool.
        assert_ok!(give(asset, charlie(), dave(), 101));
        assert_ok!(add(asset, dave(), UNIT / 10, 100));
        let daves = tokens(asset, dave());
        assert_ok!(remove(asset, bob(), tokens(asset, bob())));
        for from in [charlie(), dave()] {
            assert_ok!(give(asset, from.clone(), bob(), fractions(asset, from)));
        }
        let stuck = fractions(asset, account.clone());
        assert!(stuck > 0);
        assert_noop!(
            FractionalOwnership::redeem(signed(bob()), asset),
            pallet_fractional_ownership::Error::<Runtime>::NotSoleHolder
        );
        assert_noop!(
            LpTokens::dissolve(signed(bob()), asset),
            pallet_lp_tokens::Error::<Runtime>::NotSold
        );

        // Bob has more than nine tenths: his bid opens the auction.
        assert_ok!(FractionalOwnership::bid(signed(bob()), asset, 10 * UNIT));
        System::set_block_number(System::block_number() + configs::compute::AuctionPeriod::get());
        assert_ok!(FractionalOwnership::settle_auction(signed(bob()), asset));
        check();
        assert_eq!(FractionalOwnership::vault(asset), None);
        assert_eq!(
            (Balances::free_balance(&account), fractions(asset, account)),
            (0, 0)
        );
        // Dave's part waits for whoever finds the key.
        assert_eq!(tokens(asset, dave()), 0);
        assert!(daves > 0 && LpTokens::pending(asset, dave()) > UNIT / 10);
        assert_eq!(Balances::reserved_balance(bob()) / UNIT, 1_000); // the bond

        // The device can be fractionalized again, and have liquidity in the same pool.
        assert_ok!(FractionalOwnership::fractionalize(
            signed(bob()),
            asset,
            500,
            Perbill::zero()
        ));
        assert_ok!(add(asset, bob(), 100 * UNIT, 100));
        assert_eq!(tokens(asset, bob()) + 100_000, 100_000_000); // sqrt(10^14 · 10^2)
        assert!(LpTokens::pending(asset, dave()) > UNIT / 10);
        assert!(claimed(asset, dave()) > UNIT / 10);
        check();
    });
}

#[test]
fn the_pool_of_a_sold_device_pays_its_providers_their_part_of_the_cash_and_of_the_currency() {
    development(|| {
        let asset = pool();
        assert_ok!(add(asset, charlie(), 100 * UNIT, 100_000));
        let (bobs, charlies) = (tokens(asset, bob()), tokens(asset, charlie()));
        earn(asset, 100 * UNIT);
        assert_ok!(buy(asset, dave(), UNIT));
        assert_ok!(remove(asset, charlie(), charlies / 2));
        let account = LpTokens::pool_account(asset);
        let claims = fractions(asset, account.clone());
        let currency = Balances::free_balance(&account);
        let worth = currency + 1_000 * UNIT / SUPPLY * claims;
        let (bobs_income, charlies_income) = (
            98 * UNIT / 5 * bobs / (bobs + charlies),
            98 * UNIT / 5 * charlies / (bobs + charlies),
        );

        // The sale itself dissolves the pool: no block in which claims could be had from it below their worth.
        sell_asset(asset, 1_000 * UNIT);
        assert_eq!((tokens(asset, bob()), tokens(asset, charlie())), (0, 0));
        assert!(buy(asset, dave(), UNIT).is_err());
        // Nor can any be put there: from there only the pool's dissolution cashes.
        assert_noop!(
            give(asset, charlie(), account.clone(), 1),
            pallet_fractional_ownership::Error::<Runtime>::AssetSold
        );
        assert_noop!(add(asset, charlie(), UNIT, 1_000), TokenError::Blocked);
        assert_eq!(
            (Balances::free_balance(&account), fractions(asset, account)),
            (0, 0)
        );
        assert_noop!(
            LpTokens::dissolve(signed(dave()), asset),
            pallet_lp_tokens::Error::<Runtime>::NothingToDissolve
        );
        let left = charlies - charlies / 2;
        let (bob_got, charlie_got) = (claimed(asset, bob()), claimed(asset, charlie()));
        check();
        let near = |got: Balance, expected: Balance| got.abs_diff(expected) <= 2;
        assert!(near(bob_got, bobs_income + worth * bobs / (bobs + left)));
        assert!(near(charlie_got, charlies_income + worth * left / (bobs + left)));

        // Everyone else is cashed, the vault closes, and nothing of the pool but its record is left.
        for holder in [bob(), charlie(), dave()] {
            assert_ok!(FractionalOwnership::cash_out_for(signed(alice()), asset, holder));
        }
        assert_eq!(FractionalOwnership::vault(asset), None);
        assert_eq!(pallet_lp_tokens::Accounts::<Runtime>::iter().count(), 0);
        assert_eq!(pallet_lp_tokens::Eras::<Runtime>::iter().count(), 0);
        assert!(LpTokens::pool(asset).unwrap().balance <= 1);
    });
}

/// Fractions in the account of another asset's pool, or of one's own that was never made, are no one's liquidity.
#[test]
fn fractions_sent_to_an_account_that_is_no_pool_of_theirs_lock_nothing() {
    development(|| {
        let other = pool();
        let asset = register(&bob(), 1_000 * UNIT);
        assert_ok!(FractionalOwnership::fractionalize(
            signed(bob()),
            asset,
            1_000,
            Perbill::zero()
        ));
        let astray = [LpTokens::pool_account(other), LpTokens::pool_account(asset)];
        for account in &astray {
            assert_ok!(give(asset, bob(), account.clone(), 10));
        }
        earn(asset, 100 * UNIT);
        for account in &astray {
            assert_ok!(RewardDistribution::claim_for(
                signed(dave()),
                asset,
                account.clone()
            ));
        }
        sell_asset(asset, 100 * UNIT);
        for holder in astray.into_iter().chain([bob()]) {
            assert_ok!(FractionalOwnership::cash_out_for(signed(dave()), asset, holder));
        }
        assert_eq!(FractionalOwnership::vault(asset), None);
        check();
    });
}

/// Found by fuzzing: the pool could not be dissolved, and the vault not be closed.
#[test]
fn fractions_in_a_pool_that_are_worth_nothing_lock_nothing() {
    development(|| {
        let asset = register(&bob(), 1_000 * UNIT);
        assert_ok!(FractionalOwnership::fractionalize(
            signed(bob()),
            asset,
            1 << 64,
            Perbill::zero()
        ));
        assert_ok!(create(asset));
        let pool = LpTokens::pool_account(asset);
        assert_ok!(give(asset, bob(), pool.clone(), 30_000));
        sell_asset(asset, UNIT);
        assert_eq!(fractions(asset, pool), 0);
        assert_ok!(FractionalOwnership::cash_out(signed(bob()), asset));
        assert_eq!(FractionalOwnership::vault(asset), None);
        check();
    });
}

/// Whoever has all the rest makes the pool, and gets what was sent to its account.
#[test]
fn fractions_sent_to_the_account_of_a_pool_that_was_never_made_can_be_redeemed() {
    development(|| {
        let asset = register(&bob(), 1_000 * UNIT);
        assert_ok!(FractionalOwnership::fractionalize(
            signed(bob()),
            asset,
            2,
            Perbill::zero()
        ));
        assert_ok!(give(asset, bob(), LpTokens::pool_account(asset), 1));
        assert_ok!(create(asset));
        assert_ok!(LpTokens::remove_all_liquidity(signed(bob()), asset));
        assert_ok!(FractionalOwnership::redeem(signed(bob()), asset));
        check();
    });
}

#[test]
fn settling_an_auction_weighs_the_dissolution_of_a_pool() {
    use frame_support::dispatch::GetDispatchInfo;
    use pallet_lp_tokens::WeightInfo;
    let settle = RuntimeCall::from(pallet_fractional_ownership::Call::settle_auction { asset: AssetId(0) });
    let dissolve = pallet_lp_tokens::weights::SubstrateWeight::<Runtime>::dissolve();
    assert!(settle.get_dispatch_info().call_weight.all_gt(dissolve));
}

#[test]
fn a_pool_goes_with_its_device() {
    development(|| {
        let asset = pool();
        sell_asset(asset, 100 * UNIT);
        for holder in [bob(), charlie()] {
            assert_ok!(FractionalOwnership::cash_out_for(signed(alice()), asset, holder));
        }
        assert_ok!(ComputeAssets::retire(signed(alice()), asset));
        System::set_block_number(System::block_number() + configs::compute::SlashingHorizon::get() + 10);
        assert_ok!(ComputeAssets::reap(signed(alice()), asset));
        check();
        assert_eq!(pallet_asset_conversion::Pools::<Runtime>::iter().count(), 0);
        // Who has something coming still gets it, and then the record goes.
        assert!(claimed(asset, bob()) > 0);
        assert_eq!(LpTokens::pool(asset), None);
        assert_eq!(pallet_lp_tokens::Tokens::<Runtime>::iter().count(), 0);
    });
}

#[test]
fn there_are_pools_of_the_currency_and_of_fractions_only() {
    development(|| {
        let asset = register(&bob(), 1_000 * UNIT);
        // Of a whole asset there is nothing to trade.
        assert_noop!(
            create(asset),
            pallet_lp_tokens::Error::<Runtime>::NotFractionalized
        );
        let between = AssetConversion::create_pool(
            signed(bob()),
            Box::new(NativeOrWithId::WithId(asset)),
            Box::new(NativeOrWithId::WithId(AssetId(asset.0 + 1))),
        );
        assert_noop!(
            between,
            pallet_asset_conversion::Error::<Runtime>::InvalidAssetPair
        );
        assert_ok!(FractionalOwnership::fractionalize(
            signed(bob()),
            asset,
            SUPPLY,
            Perbill::zero()
        ));
        assert_ok!(create(asset));
        assert_noop!(
            create(asset),
            pallet_asset_conversion::Error::<Runtime>::PoolExists
        );
    });
}

/// Fractions of one asset for those of another, over the currency.
#[test]
fn a_swap_goes_through_two_pools() {
    development(|| {
        let (one, two) = (pool(), {
            let asset = register(&bob(), 1_000 * UNIT);
            assert_ok!(FractionalOwnership::fractionalize(
                signed(bob()),
                asset,
                SUPPLY,
                Perbill::zero()
            ));
            assert_ok!(create(asset));
            assert_ok!(add(asset, bob(), 100 * UNIT, 100_000));
            asset
        });
        let path = vec![pair(one).1, pair(one).0, pair(two).1];
        assert_ok!(AssetConversion::swap_exact_tokens_for_tokens(
            signed(charlie()),
            path,
            1_000,
            900,
            charlie(),
            false
        ));
        assert!(fractions(two, charlie()) >= 900);
    });
}
