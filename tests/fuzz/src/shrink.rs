// SPDX-License-Identifier: Apache-2.0
//! Makes what breaks a world shorter: drops steps while it still breaks in the same way.

use crate::{entropy::STEP_LEN, world::Broken, Options};
use std::time::{Duration, Instant};

/// Numbers differ from one sequence to another; the words of what went wrong don't.
fn words(what: &str) -> String {
    what.chars().filter(|letter| !letter.is_ascii_digit()).take(60).collect()
}

/// The shortest bytes found within `patience`, and how they break.
pub fn shrink(data: &[u8], broken: &Broken, options: Options, patience: Duration) -> (Vec<u8>, Broken) {
    let wanted = words(&broken.what);
    let breaks = |steps: &[&[u8]]| {
        let found = crate::run(&steps.concat(), Options { trace: false, ..options }).broken;
        found.filter(|found| words(&found.what) == wanted)
    };
    let began = Instant::now();
    let mut steps: Vec<&[u8]> = data.chunks(STEP_LEN).take(broken.step + 1).collect();
    let mut broken = broken.clone();
    let mut chunk = steps.len().div_ceil(2);
    while chunk > 0 && began.elapsed() < patience {
        let mut at = 0;
        let mut dropped = false;
        while at < steps.len() && began.elapsed() < patience {
            let end = (at + chunk).min(steps.len());
            let fewer: Vec<&[u8]> = steps[..at].iter().chain(&steps[end..]).copied().collect();
            match breaks(&fewer) {
                Some(found) => {
                    steps = fewer;
                    steps.truncate(found.step + 1);
                    broken = found;
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
    (steps.concat(), broken)
}
