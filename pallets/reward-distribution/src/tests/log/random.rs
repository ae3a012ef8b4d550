// SPDX-License-Identifier: Apache-2.0
//! Random sequences: every answer that is complete is exact, and all answers together are what was credited.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Census,
    Advance(u64),
    Emit(u128),
    Earn(u128),
    Touch,
    Claim(usize),
    Transfer(usize, usize, u8),
    Sell(usize),
    Operator(usize, u8),
    Vault(u8),
}

const PEOPLE: [AccountId; 4] = [ALICE, BOB, OPERATOR, 21];

fn op() -> impl Strategy<Value = Op> {
    let who = || 0..PEOPLE.len();
    prop_oneof![
        3 => Just(Op::Census),
        2 => (0u64..8).prop_map(Op::Advance),
        2 => (1u128..2_000).prop_map(Op::Emit),
        3 => (1u128..300).prop_map(Op::Earn),
        1 => Just(Op::Touch),
        2 => who().prop_map(Op::Claim),
        4 => (who(), who(), any::<u8>()).prop_map(|(from, to, part)| Op::Transfer(from, to, part)),
        1 => who().prop_map(Op::Sell),
        1 => (who(), any::<u8>()).prop_map(|(who, fee)| Op::Operator(who, fee)),
        1 => any::<u8>().prop_map(Op::Vault),
    ]
}

/// Whole units that `who` has ever earned, paid or not, as the money shows it.
struct Money {
    claimed: [Balance; PEOPLE.len()],
    /// What each had earned at the end of each census.
    ends: Vec<[Balance; PEOPLE.len()]>,
}

impl Money {
    fn earned(&self) -> [Balance; PEOPLE.len()] {
        let mut earned = self.claimed;
        for (sum, who) in earned.iter_mut().zip(PEOPLE) {
            *sum += settled(who);
        }
        earned
    }
}

/// Owed by what was shared until now: not what a touch would release.
fn settled(who: AccountId) -> Balance {
    let Some(mut position) = Positions::<Test>::get(who, ASSET) else {
        return 0;
    };
    let held = RewardDistribution::held(ASSET, &who);
    if let Some(ledger) = Ledgers::<Test>::get(ASSET) {
        position.settle(&ledger.accumulator, held).unwrap();
    }
    position.whole().unwrap()
}

fn act(op: Op, money: &mut Money) {
    match op {
        Op::Census => {
            let earned = money.earned();
            money.ends.push(earned);
            next_census();
        }
        Op::Advance(blocks) => advance(blocks),
        Op::Emit(amount) => {
            let amount = amount.min(Pots::<Test>::get().gpu.outstanding);
            <RewardDistribution as Emission<_>>::pay(ASSET, GPU, amount).unwrap();
        }
        Op::Earn(amount) => earn(amount),
        Op::Touch => RewardDistribution::touch(RuntimeOrigin::signed(BOB), ASSET).unwrap(),
        Op::Claim(who) => {
            let due = pending(PEOPLE[who]);
            if RewardDistribution::claim(RuntimeOrigin::signed(PEOPLE[who]), ASSET).is_ok() {
                money.claimed[who] += due;
            }
        }
        Op::Transfer(from, to, part) => {
            if Fractions::supply(ASSET).is_some() {
                let held = Fractions::balance(ASSET, &PEOPLE[from]);
                // All of it one time in four.
                let amount = if part % 4 == 0 {
                    held
                } else {
                    held / 256 * Balance::from(part)
                };
                Fractions::transfer(ASSET, PEOPLE[from], PEOPLE[to], amount);
            }
        }
        Op::Sell(to) => {
            if Fractions::supply(ASSET).is_none() {
                Assets::set_owner(ASSET, Some(PEOPLE[to]));
            }
        }
        Op::Operator(who, fee) => {
            Assets::set_operator(ASSET, Some(PEOPLE[who]));
            operator_fee(Perbill::from_rational(u32::from(fee), 512));
        }
        Op::Vault(bits) => match Fractions::supply(ASSET) {
            None => Fractions::open(ASSET, (1 << 64) >> (bits % 65)),
            Some(_) => {
                for who in PEOPLE {
                    let held = Fractions::balance(ASSET, &who);
                    Fractions::transfer(ASSET, who, ALICE, held);
                }
                Fractions::close(ASSET, ALICE);
            }
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// By census and in every range an account's income is what the money shows, wherever the answer says that nothing is missing;
    /// all accounts together, the log's; and the log, with what fell out, the books.
    #[test]
    fn incomes_add_up_to_the_books(ops in proptest::collection::vec(op(), 1..120)) {
        run(|| {
            whole_asset();
            let mut money = Money { claimed: [0; PEOPLE.len()], ends: Vec::new() };
            for op in ops {
                act(op, &mut money);
            }
            let earned = money.earned();
            money.ends.push(earned);
            check();

            let last = now().0;
            let end = |census: u32, who: usize| money.ends[census as usize][who];
            for (index, who) in PEOPLE.into_iter().enumerate() {
                for from in 0..=last {
                    for to in from..=last {
                        let told = income(who, from, to);
                        let sum = told.fractions + told.owner + told.operator;
                        let start = told.from.0.min(to + 1);
                        let before = if start == 0 { 0 } else { end(start - 1, index) };
                        if told.complete {
                            assert_eq!(sum, end(to, index) - before, "{who}: {from} to {to}");
                        }
                        // What is told from there on is told in full.
                        let rest: Balance = told
                            .censuses
                            .iter()
                            .filter(|row| row.census.0 >= start)
                            .map(|row| row.fractions + row.owner + row.operator)
                            .sum();
                        assert_eq!(rest, end(to, index) - before, "{who}: from {start} to {to}");
                    }
                }
            }

            // All together: what was credited, but for parts of units.
            let total = log(0, last).total;
            let credited = total.credited + total.operator_fee;
            let all: Balance = earned.iter().sum();
            assert!(all <= credited && credited - all <= PEOPLE.len() as Balance + 1, "{all} of {credited}");
        });
    }
}
