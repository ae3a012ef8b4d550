// SPDX-License-Identifier: Apache-2.0
//! The sums, pure: no storage, no clock. Every `Option` is `None` on overflow, never a wrong number.
//!
//! Rounding: what a bidder pays is raised, what a holder or the first owner is paid is floored; whoever comes last gets the exact
//! rest. So no one gains by rounding at the expense of those who are paid with it.

use sp_runtime::helpers_128bit::multiply_by_rational_with_rounding;
use sp_runtime::{Perbill, Rounding};

/// What a bid at `price` for the whole asset pays in currency, when `committed` of its `supply` fractions are the bidder's own
/// and count as payment: `price · (supply - committed) / supply`, raised, and at least `minimum` where there is anyone to pay.
pub fn payment(price: u128, supply: u128, committed: u128, minimum: u128) -> Option<u128> {
    let bought = supply.checked_sub(committed)?;
    if bought == 0 {
        return Some(0);
    }
    let payment = multiply_by_rational_with_rounding(price, bought, supply, Rounding::Up)?;
    Some(payment.max(minimum))
}

/// What `amount` of `supply` fractions are paid out of `cash`: their part, floored. All of them get all.
pub fn payout(cash: u128, amount: u128, supply: u128) -> Option<u128> {
    multiply_by_rational_with_rounding(cash, amount, supply, Rounding::Down)
}

/// The least that outbids `price`: `increment` of it more, raised, and at least one unit.
pub fn least_above(price: u128, increment: Perbill) -> Option<u128> {
    price.checked_add(increment.mul_ceil(price).max(1))
}

#[cfg(test)]
mod tests;
