// SPDX-License-Identifier: Apache-2.0
//! Makes a sequence of steps shorter: drops steps while it still does what it did.

use crate::{entropy::STEP_LEN, world::Broken, Options};
use std::time::{Duration, Instant};

/// The shortest bytes found within `patience` that `still` do it. `still` answers how many steps it took.
pub fn shorten(data: &[u8], patience: Duration, still: impl Fn(&[u8]) -> Option<usize>) -> Vec<u8> {
    let began = Instant::now();
    let mut steps: Vec<&[u8]> = data.chunks(STEP_LEN).collect();
    if let Some(needed) = still(data) {
        steps.truncate(needed);
    }
    let mut chunk = steps.len().div_ceil(2);
    while chunk > 0 && began.elapsed() < patience {
        let mut at = 0;
        let mut dropped = false;
        while at < steps.len() && began.elapsed() < patience {
            let end = (at + chunk).min(steps.len());
            let fewer: Vec<&[u8]> = steps[..at].iter().chain(&steps[end..]).copied().collect();
            match still(&fewer.concat()) {
                Some(needed) => {
                    steps = fewer;
                    steps.truncate(needed);
                    dropped = true;
                }
                None => at = end,
            }
        }
        // As long as single steps can be dropped, go on.
        if chunk > 1 || !dropped {
            chunk /= 2;
        }
    }
    steps.concat()
}

/// Numbers differ from one sequence to another; the words of what went wrong don't.
fn words(what: &str) -> String {
    what.chars()
        .filter(|letter| !letter.is_ascii_digit())
        .take(60)
        .collect()
}

/// The shortest bytes found that break a world in the same way.
pub fn shrink(data: &[u8], broken: &Broken, options: Options, patience: Duration) -> Vec<u8> {
    let wanted = words(&broken.what);
    shorten(data, patience, |data| {
        let found = crate::run(
            data,
            Options {
                trace: false,
                ..options
            },
        )
        .broken?;
        (words(&found.what) == wanted).then_some(found.step + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_stays() {
        let step = |first: u8| [[first; 1].as_slice(), &[0; STEP_LEN - 1]].concat();
        let data: Vec<u8> = (0..40).flat_map(step).collect();
        // Needs the steps 7 and 23, in this order.
        let shortest = shorten(&data, Duration::from_secs(5), |data| {
            let firsts: Vec<u8> = data.chunks(STEP_LEN).map(|step| step[0]).collect();
            let seven = firsts.iter().position(|first| *first == 7)?;
            let after = firsts[seven..].iter().position(|first| *first == 23)?;
            Some(seven + after + 1)
        });
        assert_eq!(shortest, [step(7), step(23)].concat());
    }
}
