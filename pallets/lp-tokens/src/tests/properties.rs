// SPDX-License-Identifier: Apache-2.0
//! Random sequences: every unit that came in is paid, pending or left, and no one gets more than its exact part.

use super::*;
use proptest::prelude::*;
use sp_core::U256;

const PEOPLE: [AccountId; 3] = [ALICE, BOB, CAROL];

#[derive(Clone, Debug)]
enum Op {
    Earn(Balance),
    Provide(usize, Balance),
    Burn(usize, u8),
    Transfer(usize, usize, u8),
    Claim(usize),
    RemoveAll(usize),
    Dissolve(Balance, Balance),
}

fn op() -> impl Strategy<Value = Op> {
    let who = || 0..PEOPLE.len();
    prop_oneof![
        5 => prop_oneof![1u128..20, 1u128..1_000_000].prop_map(Op::Earn),
        4 => (who(), prop_oneof![1u128..50, 1u128..(1 << 56)]).prop_map(|(who, amount)| Op::Provide(who, amount)),
        3 => (who(), any::<u8>()).prop_map(|(who, part)| Op::Burn(who, part)),
        3 => (who(), who(), any::<u8>()).prop_map(|(from, to, part)| Op::Transfer(from, to, part)),
        3 => who().prop_map(Op::Claim),
        1 => who().prop_map(Op::RemoveAll),
        1 => (0u128..1_000, 0u128..5_000).prop_map(|(fractions, currency)| Op::Dissolve(fractions, currency)),
    ]
}

/// Everyone's exact part, in units of 2^-64, floored at each division; and what came in.
#[derive(Default)]
struct Exact {
    parts: [U256; PEOPLE.len()],
    /// Came while there was no one, or was left over: whoever is there next may have it.
    unassigned: Balance,
    came: Balance,
    divisions: Balance,
}

impl Exact {
    fn divide(&mut self, amount: Balance) {
        self.came += amount;
        self.divisions += 1;
        let tokens = PEOPLE.map(|who| LpTokens::tokens(GPU, who));
        let all: Balance = tokens.iter().sum();
        if all == 0 {
            self.unassigned += amount;
            return;
        }
        for (part, tokens) in self.parts.iter_mut().zip(tokens) {
            *part += (U256::from(amount) << 64) * U256::from(tokens) / U256::from(all);
        }
    }
}

fn part(of: Balance, part: u8) -> Balance {
    // All of it one time in four.
    if part.is_multiple_of(4) {
        of
    } else {
        of / 256 * Balance::from(part)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn to_the_last_unit(ops in proptest::collection::vec(op(), 1..80)) {
        run(|| {
            pool();
            let mut exact = Exact::default();
            let mut paid = [0; PEOPLE.len()];
            for op in ops {
                match op {
                    Op::Earn(amount) => {
                        exact.divide(amount);
                        Twin::earn(GPU, amount);
                    }
                    Op::Provide(who, amount) => provide(PEOPLE[who].clone(), amount),
                    Op::Burn(who, of) => {
                        let amount = part(LpTokens::tokens(GPU, PEOPLE[who].clone()), of);
                        burn(PEOPLE[who].clone(), amount);
                    }
                    Op::Transfer(from, to, of) => {
                        let (from, to) = (PEOPLE[from].clone(), PEOPLE[to].clone());
                        let amount = part(LpTokens::tokens(GPU, from.clone()), of);
                        if amount > 0 {
                            assert_ok!(LpTokens::transfer(RuntimeOrigin::signed(from), GPU, to, amount));
                        }
                    }
                    Op::Claim(who) => paid[who] += claim(PEOPLE[who].clone()).unwrap_or(0),
                    Op::RemoveAll(who) => {
                        Twin::reserves(GPU, 0, 0);
                        let origin = RuntimeOrigin::signed(PEOPLE[who].clone());
                        let before = Balances::free_balance(&PEOPLE[who]);
                        if LpTokens::remove_all_liquidity(origin, GPU).is_ok() {
                            // What the mock has there, since its liquidity brings nothing.
                            assert!(Balances::free_balance(&PEOPLE[who]) >= before);
                        }
                    }
                    Op::Dissolve(fractions, currency) => {
                        Twin::reserves(GPU, currency.max(ED), fractions);
                        Twin::sell(GPU, 3);
                        let reserve = Balances::free_balance(LpTokens::pool_account(GPU));
                        exact.divide(reserve + 3 * fractions);
                        assert_ok!(dissolve());
                        Twin::renew(GPU);
                    }
                }
                check();
            }
            // Twice, for what the claims of others collected.
            for _ in 0..2 {
                for (who, paid) in PEOPLE.iter().zip(&mut paid) {
                    *paid += claim(who.clone()).unwrap_or(0);
                }
            }
            let pool = Pools::<Test>::get(GPU).unwrap();
            // Where nobody had anything to claim, nothing was collected either.
            let waiting = pool.balance + Twin::coming(GPU);
            assert_eq!(paid.iter().sum::<Balance>() + waiting + Twin::revenue(GPU), exact.came);
            for (paid, part) in paid.iter().zip(exact.parts) {
                // At most its part, what others' roundings left to it (less than a unit each), and what was there for no one.
                let most = part + (U256::from(exact.unassigned + exact.divisions + 1) << 64);
                assert!(U256::from(*paid) << 64 <= most);
                assert!((U256::from(*paid + exact.divisions + 1) << 64) >= part);
            }
        });
    }
}
