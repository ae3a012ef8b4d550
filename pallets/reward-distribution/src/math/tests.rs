// SPDX-License-Identifier: Apache-2.0
//! The sums against an oracle that reckons in fractions of any size.

use super::*;
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;

fn big(n: U256) -> BigRational {
    BigRational::from(BigInt::from_bytes_le(
        num_bigint::Sign::Plus,
        &n.to_little_endian(),
    ))
}

fn units(scaled: U256) -> BigRational {
    big(scaled) / big(SCALE)
}

fn whole(n: u128) -> BigRational {
    BigRational::from(BigInt::from(n))
}

fn floor(n: BigRational) -> u128 {
    u128::try_from(n.floor().to_integer()).unwrap()
}

fn perbill() -> impl Strategy<Value = Perbill> {
    (0u32..=1_000_000_000).prop_map(Perbill::from_parts)
}

/// Amounts of every magnitude.
fn amount() -> impl Strategy<Value = u128> {
    (any::<u128>(), 0u32..=128).prop_map(|(n, bits)| n.checked_shr(bits).unwrap_or(0))
}

#[test]
fn the_scale_is_two_to_the_64() {
    assert_eq!(SCALE, U256::one() << 64);
    assert_eq!(scaled(u128::MAX), (U256::from(u128::MAX)) << 64);
}

#[test]
fn a_stream_releases_the_floor_of_its_line() {
    let stream = Stream {
        amount: 100,
        released: 0,
        start: 10u32,
        end: 13,
    };
    let due: Vec<_> = (9..15).map(|now| stream.due(now).unwrap()).collect();
    assert_eq!(due, [0, 0, 33, 66, 100, 100]);
    assert_eq!(stream.unvested(11), Some(67));
    assert_eq!(
        Stream {
            released: 33,
            ..stream
        }
        .releasable(12),
        Some(33)
    );
}

#[test]
fn a_stream_of_the_largest_amount_does_not_overflow() {
    let stream = Stream {
        amount: u128::MAX,
        released: 0,
        start: 0u64,
        end: u64::MAX,
    };
    assert_eq!(stream.due(u64::MAX - 1), Some(u128::MAX - (1 << 64) - 1));
    assert_eq!(stream.due(u64::MAX), Some(u128::MAX));
    assert_eq!(Stream::deposit(Some(stream), 1, 0u64, 1), None);
    assert_eq!(Stream::deposit(None, 1, u64::MAX, 1), None);
}

#[test]
fn a_released_stream_that_owes_more_than_is_due_is_refused() {
    let broken = Stream {
        amount: 100,
        released: 60,
        start: 0u32,
        end: 10,
    };
    assert_eq!(broken.releasable(5), None);
    assert_eq!(broken.slash(41, 5), None);
}

#[test]
fn a_zero_supply_divides_nothing() {
    let mut accumulator = Accumulator::default();
    assert_eq!(accumulator.distribute(1, 0), None);
    assert_eq!(accumulator, Accumulator::default());
}

#[test]
fn a_position_ahead_of_its_ledger_is_refused() {
    let mut position = Position {
        checkpoint: U256::one(),
        owed: U256::zero(),
    };
    assert_eq!(position.settle(&Accumulator::default(), 1), None);
}

#[test]
fn the_schedule_halves() {
    let one = Perbill::one();
    let of = |census| scheduled(1_000, 10, one, CensusIndex(census));
    assert_eq!(
        [0, 1, 10, 11, 20, 21, 101].map(of),
        [0, 1_000, 1_000, 500, 500, 250, 0]
    );
    assert_eq!(scheduled(u128::MAX, 1, one, CensusIndex(u32::MAX)), 0);
    assert_eq!(
        scheduled(1_000, 10, Perbill::from_parts(333_333_333), CensusIndex(1)),
        333
    );
    assert_eq!(scheduled(1_000, 0, one, CensusIndex(1)), 0);
}

#[test]
fn a_pot_carries_at_most_as_much_again_and_stays_under_the_cap() {
    assert_eq!(pot(100, 0, 1_000), 100);
    assert_eq!(pot(100, 30, 1_000), 130);
    assert_eq!(pot(100, 101, 1_000), 200);
    assert_eq!(pot(100, 100, 150), 150);
    assert_eq!(pot(0, 100, 1_000), 0);
    assert_eq!(pot(u128::MAX, u128::MAX, 7), 7);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_waterfall_adds_up_and_each_fee_is_floored(amount in amount(), p in perbill(), o in perbill()) {
        let cut = waterfall(amount, p, o).unwrap();
        prop_assert_eq!(cut.protocol + cut.operator + cut.holders, amount);
        let billion = whole(1_000_000_000);
        let protocol = whole(amount) * whole(p.deconstruct().into()) / &billion;
        prop_assert_eq!(cut.protocol, floor(protocol));
        let operator = whole(amount - cut.protocol) * whole(o.deconstruct().into()) / &billion;
        prop_assert_eq!(cut.operator, floor(operator));
    }

    #[test]
    fn a_stream_is_due_the_floor_at_every_block(amount in amount(), start: u32, length in 1u32.., now: u32) {
        let end = start.saturating_add(length);
        prop_assume!(start < end);
        let stream = Stream { amount, released: 0, start, end };
        let elapsed = now.clamp(start, end) - start;
        let exact = whole(amount) * whole(elapsed.into()) / whole((end - start).into());
        prop_assert_eq!(stream.due(now).unwrap(), floor(exact));
    }

    /// However often it is touched in between: a stream does not drift.
    #[test]
    fn touches_do_not_change_what_is_released(
        amount in amount(),
        length in 1u64..100_000,
        mut touches in proptest::collection::vec(0u64..120_000, 0..50),
    ) {
        touches.sort_unstable();
        let fresh = Stream { amount, released: 0, start: 0, end: length };
        let mut stream = fresh;
        let mut released = 0;
        for now in touches {
            released += stream.release(now).unwrap();
            prop_assert_eq!(released, fresh.due(now).unwrap());
            prop_assert_eq!(stream.unvested(now), fresh.unvested(now));
        }
        prop_assert_eq!(stream.held(), Some(amount - released));
    }

    /// Deposits, slashes and touches in any order: nothing is lost, nothing vests ahead of its line, a slash leaves alone what had vested.
    #[test]
    fn a_stream_conserves(
        steps in proptest::collection::vec((0u8..3, 0u64..30, 1u128..1_000_000_007), 1..200),
    ) {
        let mut now = 0u64;
        let mut stream: Option<Stream<u64>> = None;
        let (mut paid_in, mut released, mut slashed) = (0u128, 0u128, 0u128);
        for (step, wait, amount) in steps {
            now += wait;
            if let Some(s) = &mut stream {
                released += s.release(now).unwrap();
            }
            match step {
                0 => {
                    stream = Stream::deposit(stream, amount, now, 20);
                    paid_in += amount;
                    prop_assert_eq!(stream.unwrap().unvested(now), Some(paid_in - released - slashed));
                }
                1 => if let Some(s) = stream {
                    let unvested = s.unvested(now).unwrap();
                    prop_assert_eq!(Some(unvested), s.held());
                    prop_assert!(s.slash(unvested + 1, now).is_none());
                    let x = amount.min(unvested);
                    let left = s.slash(x, now).unwrap();
                    slashed += x;
                    prop_assert_eq!(left.unvested(now), if now >= left.end { Some(0) } else { Some(unvested - x) });
                    prop_assert_eq!(left.end, s.end);
                    stream = (!left.is_empty()).then_some(left);
                },
                _ => {}
            }
            let held = stream.map_or(0, |s| s.held().unwrap());
            prop_assert_eq!(paid_in, released + slashed + held);
        }
        if let Some(mut s) = stream {
            released += s.release(now + 20).unwrap();
        }
        prop_assert_eq!(paid_in, released + slashed);
    }

    /// Never more than the whole units leave, and no fraction of one is lost.
    #[test]
    fn whole_units_leave(owed in any::<[u64; 3]>()) {
        let owed = U256([owed[0], owed[1], owed[2], 0]);
        let mut position = Position { checkpoint: U256::zero(), owed };
        let taken = position.take_whole().unwrap();
        prop_assert_eq!(taken, floor(units(owed)));
        prop_assert!(position.owed < SCALE);
        let residue = position.take_residue();
        prop_assert_eq!(scaled(taken) + residue, owed);
        prop_assert!(position.owed.is_zero());
    }
}

/// One asset's holders, and beside them what each has coming in exact fractions.
struct Model {
    accumulator: Accumulator,
    positions: Vec<Position>,
    held: Vec<u128>,
    /// Owed by the oracle, claimed units taken off.
    exact: Vec<BigRational>,
    exact_pool: BigRational,
    supply: u128,
    received: u128,
    claimed: u128,
    distributions: u128,
}

impl Model {
    fn new(holders: usize, supply: u128) -> Self {
        let mut held = vec![0; holders];
        held[0] = supply;
        Self {
            accumulator: Accumulator::default(),
            positions: vec![Position::default(); holders],
            held,
            exact: vec![BigRational::from(BigInt::from(0)); holders],
            exact_pool: BigRational::from(BigInt::from(0)),
            supply,
            received: 0,
            claimed: 0,
            distributions: 0,
        }
    }

    fn distribute(&mut self, amount: u128) {
        self.accumulator.distribute(amount, self.supply).unwrap();
        let pool = whole(amount) + &self.exact_pool;
        for (exact, held) in self.exact.iter_mut().zip(&self.held) {
            *exact += &pool * whole(*held) / whole(self.supply);
        }
        self.exact_pool = whole(0);
        self.received += amount;
        self.distributions += 1;
    }

    fn transfer(&mut self, from: usize, to: usize, amount: u128) {
        if from == to {
            return;
        }
        for (who, will_hold) in [(from, self.held[from] - amount), (to, self.held[to] + amount)] {
            self.positions[who]
                .settle(&self.accumulator, self.held[who])
                .unwrap();
            if will_hold == 0 {
                let residue = self.positions[who].take_residue();
                self.accumulator.absorb(residue).unwrap();
                self.exact[who] -= units(residue);
                self.exact_pool += units(residue);
            }
            self.held[who] = will_hold;
        }
    }

    fn claim(&mut self, who: usize) {
        self.positions[who]
            .settle(&self.accumulator, self.held[who])
            .unwrap();
        let amount = self.positions[who].take_whole().unwrap();
        self.claimed += amount;
        self.exact[who] -= whole(amount);
    }

    /// To the last unit, and each holder within what the divisions can have moved.
    fn check(&self) {
        let mut owed = self.accumulator.remainder;
        // What a distribution leaves over is less than one scaled unit a fraction.
        let bound = whole(self.distributions) * whole(self.supply) / big(SCALE);
        for ((position, held), exact) in self.positions.iter().zip(&self.held).zip(&self.exact) {
            let mut position = *position;
            position.settle(&self.accumulator, *held).unwrap();
            owed += position.owed;
            let off = exact - units(position.owed);
            let off = if off < whole(0) { -off } else { off };
            assert!(off <= bound, "a holder is off by more than the divisions explain");
        }
        assert_eq!(
            owed,
            scaled(self.received - self.claimed),
            "units were lost or made"
        );
    }
}

#[derive(Clone, Debug)]
enum Op {
    Distribute(u128),
    Transfer(usize, usize, u16),
    Claim(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0u128..100_000).prop_map(Op::Distribute),
        (0usize..8, 0usize..8, any::<u16>()).prop_map(|(a, b, part)| Op::Transfer(a, b, part)),
        (0usize..8).prop_map(Op::Claim),
    ]
}

proptest! {
    // 8 cases of 3,000 operations: 24,000, of which not a unit may be lost.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn holders_share_to_the_last_unit(
        supply in prop_oneof![Just(1u128), Just(3), Just(1_000_003), Just(1u128 << 64)],
        ops in proptest::collection::vec(op(), 3_000),
    ) {
        let mut model = Model::new(8, supply);
        for (step, op) in ops.into_iter().enumerate() {
            match op {
                Op::Distribute(amount) => model.distribute(amount),
                Op::Transfer(from, to, part) => {
                    // All of it one time in four: residues go back.
                    let held = model.held[from];
                    let amount = if part % 4 == 0 { held } else { held / 65_536 * u128::from(part) };
                    model.transfer(from, to, amount);
                }
                Op::Claim(who) => model.claim(who),
            }
            if step % 100 == 0 {
                model.check();
            }
        }
        model.check();
    }
}
