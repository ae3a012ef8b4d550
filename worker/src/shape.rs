// SPDX-License-Identifier: Apache-2.0
//! Which class of work suits a device.

use crate::{
    chain::Rules,
    prover::{time_round, Prover, ProverError},
};
use compute_proof::Class;
use std::time::Duration;

/// Of the window, the part in which rounds count: a commit is sent a block before it is taken.
const USEFUL: (u64, u64) = (4, 5);

/// Fewer rounds than this are not worth a class, whatever the chain takes: the last one of a window is always lost in part. A class that is asked for
/// by name is worth what the chain takes.
const FEWEST: u32 = 8;

/// How long a round of a class takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The class.
    pub class: Class,
    /// One round.
    pub round: Duration,
}

/// Measures the classes that the chain counts, from the smallest up, as far as they fit the window.
///
/// # Errors
/// The device's.
pub fn measure(prover: &mut dyn Prover, rules: &Rules) -> Result<Vec<Measured>, ProverError> {
    let mut classes = rules.classes.clone();
    classes.sort_unstable();
    let mut measured = Vec::new();
    for class in classes {
        let round = match time_round(prover, class) {
            Ok(round) => round,
            // A larger class does not fit either.
            Err(error) if error.is_memory() && !measured.is_empty() => {
                tracing::info!("{error}: left out");
                break;
            }
            Err(error) => return Err(error),
        };
        let result = Measured { class, round };
        measured.push(result);
        if rounds(&result, rules) < minimum(rules) {
            break;
        }
    }
    Ok(measured)
}

/// Rounds of a class that fit a window.
pub fn rounds(measured: &Measured, rules: &Rules) -> u32 {
    let window = Duration::from_millis(rules.block_ms) * rules.window;
    let useful = window.as_nanos() * u128::from(USEFUL.0) / u128::from(USEFUL.1);
    let rounds = useful / measured.round.as_nanos().max(1);
    u32::try_from(rounds).unwrap_or(u32::MAX).min(rules.max_rounds)
}

/// Fewer rounds than this are not worth a class that nobody asked for.
fn minimum(rules: &Rules) -> u32 {
    rules.min_rounds.max(FEWEST)
}

/// The class that yields most work in a window; `None` if the device is too slow for every one.
pub fn best(measured: &[Measured], rules: &Rules) -> Option<Class> {
    measured
        .iter()
        .filter(|candidate| rounds(candidate, rules) >= minimum(rules))
        .max_by_key(|candidate| candidate.class.work(rounds(candidate, rules)))
        .map(|candidate| candidate.class)
}

/// How long a round of each class takes, and a block: enough to tell what fits a stretch of blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    rounds: [Option<Duration>; Class::ALL.len()],
    block: Duration,
    asked: Option<Class>,
}

impl Ladder {
    /// The ladder of what was measured.
    pub fn new(measured: &[Measured], block: Duration) -> Self {
        let of = |class| measured.iter().find(|measured| measured.class == class);
        Self {
            rounds: Class::ALL.map(|class| of(class).map(|measured| measured.round)),
            block,
            asked: None,
        }
    }

    /// The same, where the owner has asked for this class, if for any.
    #[must_use]
    pub fn asked_for(self, asked: Option<Class>) -> Self {
        Self { asked, ..self }
    }

    fn round(&self, class: Class) -> Option<Duration> {
        self.rounds.get(usize::from(class.index())).copied().flatten()
    }

    /// The ladder of a device that of late takes so long for a round of a class, if that is longer than before.
    #[must_use]
    pub fn slowed(mut self, seen: Option<(Class, Duration)>) -> Self {
        let Some((before, now)) = seen.and_then(|(class, now)| Some((self.round(class)?, now))) else {
            return self;
        };
        let (before, now) = (before.as_nanos().max(1), now.as_nanos());
        if now > before {
            for round in self.rounds.iter_mut().flatten() {
                let slower = round.as_nanos().saturating_mul(now) / before;
                *round = Duration::from_nanos(u64::try_from(slower).unwrap_or(u64::MAX));
            }
        }
        self
    }

    /// Rounds of a class that fit so many blocks; `None` if it was not measured.
    pub fn rounds(&self, class: Class, blocks: u32) -> Option<u32> {
        let time = (self.block * blocks).as_nanos();
        let rounds = time / self.round(class)?.as_nanos().max(1);
        Some(u32::try_from(rounds).unwrap_or(u32::MAX))
    }

    /// `wish`, if enough of its rounds fit so many blocks or nothing smaller does better; else the smaller class that yields most work. Enough is what the
    /// chain takes; for a class that the owner has not asked for, at least [`FEWEST`].
    pub fn fall_back(&self, wish: Class, blocks: u32, min_rounds: u32) -> Class {
        let enough = |class: Class| match self.asked == Some(class) {
            true => min_rounds.max(1),
            false => min_rounds.max(FEWEST),
        };
        let fits = |class: Class| {
            self.rounds(class, blocks)
                .filter(|rounds| *rounds >= enough(class))
        };
        // Not measured: nothing is known against it.
        if self.round(wish).is_none() || fits(wish).is_some() {
            return wish;
        }
        Class::ALL
            .into_iter()
            .filter(|class| *class < wish)
            .filter_map(|class| fits(class).map(|rounds| (class.work(rounds), class)))
            .max()
            .map_or(wish, |(_, class)| class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(classes: &[Class], min_rounds: u32) -> Rules {
        Rules {
            classes: classes.to_vec(),
            min_rounds,
            max_rounds: 65_536,
            window: 20,
            block_ms: 3_000,
        }
    }

    fn at(class: Class, millis: f64) -> Measured {
        Measured {
            class,
            round: Duration::from_secs_f64(millis / 1e3),
        }
    }

    #[test]
    fn rounds_fill_four_fifths_of_the_window_and_no_more_than_may_be_claimed() {
        let rules = rules(&Class::ALL, 256);
        assert_eq!(rounds(&at(Class::S, 10.0), &rules), 4_800);
        assert_eq!(rounds(&at(Class::Xs, 0.001), &rules), 65_536);
    }

    #[test]
    fn the_class_with_most_work_wins() {
        // A processor: XS is capped by the number of rounds, S does thirty times as much work.
        let cpu = [at(Class::Xs, 0.02), at(Class::S, 14.0), at(Class::M, 450.0)];
        assert_eq!(best(&cpu, &rules(&Class::ALL, 256)), Some(Class::S));
        // A large GPU: the small classes leave it idle.
        let gpu = [
            at(Class::S, 0.3),
            at(Class::M, 1.0),
            at(Class::L, 3.0),
            at(Class::Xl, 20.0),
        ];
        assert_eq!(best(&gpu, &rules(&Class::ALL, 256)), Some(Class::Xl));
    }

    #[test]
    fn a_class_of_which_too_few_rounds_fit_is_passed_over() {
        let slow = [at(Class::S, 150.0), at(Class::M, 250.0)];
        assert_eq!(best(&slow, &rules(&[Class::S, Class::M], 256)), Some(Class::S));
        assert_eq!(best(&slow[1..], &rules(&[Class::M], 256)), None);
        assert_eq!(best(&[], &rules(&[], 256)), None);
    }

    fn ladder() -> Ladder {
        let measured = [at(Class::S, 10.0), at(Class::M, 250.0), at(Class::L, 3_000.0)];
        Ladder::new(&measured, Duration::from_secs(3))
    }

    #[test]
    fn a_window_that_is_too_short_for_a_class_falls_back_to_the_best_that_fits() {
        // 17 blocks are 51 s: 17 rounds of L, 204 of M, 5100 of S.
        assert_eq!(ladder().fall_back(Class::L, 17, 1), Class::L);
        assert_eq!(ladder().fall_back(Class::L, 7, 1), Class::M);
        assert_eq!(ladder().fall_back(Class::L, 17, 100), Class::M);
        assert_eq!(ladder().fall_back(Class::L, 17, 1_000), Class::S);
        // Nothing fits: what was asked for stays.
        assert_eq!(ladder().fall_back(Class::L, 0, 1), Class::L);
        assert_eq!(Ladder::default().fall_back(Class::L, 17, 1), Class::L);
    }

    #[test]
    fn a_class_that_is_asked_for_stands_as_long_as_the_chain_takes_its_rounds() {
        // 7 blocks are 21 s: 7 rounds of L.
        let asked = ladder().asked_for(Some(Class::L));
        assert_eq!(asked.fall_back(Class::L, 7, 1), Class::L);
        assert_eq!(asked.fall_back(Class::L, 7, 7), Class::L);
        assert_eq!(asked.fall_back(Class::L, 1, 0), Class::L);
        assert_eq!(asked.fall_back(Class::L, 7, 8), Class::M);
        // None of it fits, whatever the chain takes.
        let slow = asked.slowed(Some((Class::L, Duration::from_secs(22))));
        assert_eq!(slow.fall_back(Class::L, 7, 0), Class::M);
        // Another than the one that is worked in was asked for: then that one is the worker's own choice.
        assert_eq!(
            ladder().asked_for(Some(Class::Xl)).fall_back(Class::L, 7, 1),
            Class::M
        );
    }

    #[test]
    fn a_device_that_has_become_slow_falls_back_too() {
        let slow = |millis| ladder().slowed(Some((Class::L, Duration::from_millis(millis))));
        assert_eq!(slow(9_000).fall_back(Class::L, 17, 1), Class::M);
        assert_eq!(slow(9_000).rounds(Class::S, 17), Some(1_700));
        // One that has become faster is taken at its word for the rounds that it computes, and for no others.
        assert_eq!(slow(1), ladder());
        assert_eq!(
            ladder().slowed(Some((Class::Xl, Duration::from_secs(99)))),
            ladder()
        );
    }
}
