// SPDX-License-Identifier: Apache-2.0
//! What the engine's thread and the service share. It can be read while the thread hangs in a card's driver, which may be for ever.

use crate::state::Work;
use compute_proof::prove::RoundStore;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

#[derive(Default)]
struct Inner {
    held: Option<(Work, RoundStore)>,
    /// Since when the device has been at what it does.
    at_work_since: Option<Instant>,
    lost: bool,
    rescues: u64,
}

/// The shared state; its clones are the same.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Inner>>);

impl Shared {
    fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        // Whoever panicked holding it left it whole: every change is one assignment, or the push of a root.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts the rounds of `work` in the place of those before.
    pub fn hold(&self, work: Work, store: RoundStore) {
        self.with(|inner| inner.held = Some((work, store)));
    }

    /// Looks at the rounds that are held, or adds to them.
    pub fn held<T>(&self, look: impl FnOnce(&mut Option<(Work, RoundStore)>) -> T) -> T {
        self.with(|inner| look(&mut inner.held))
    }

    /// A copy of the rounds of `work`, if these are held.
    pub fn store(&self, work: Work) -> Option<RoundStore> {
        self.held(|held| match held {
            Some((held, store)) if *held == work => Some(store.clone()),
            _ => None,
        })
    }

    /// Does what occupies the device, and notes since when.
    pub fn at_work<T>(&self, work: impl FnOnce() -> T) -> T {
        self.with(|inner| inner.at_work_since = Some(Instant::now()));
        let result = work();
        self.with(|inner| inner.at_work_since = None);
        result
    }

    /// Whether the device has been at one thing for longer than `limit`.
    pub fn hangs(&self, limit: Duration) -> bool {
        self.with(|inner| inner.at_work_since.is_some_and(|since| since.elapsed() > limit))
    }

    /// The device is of no use to this process any more.
    pub fn lose(&self) {
        self.with(|inner| inner.lost = true);
    }

    /// Another prover begins an opening in the device's place.
    pub fn rescue(&self) {
        self.with(|inner| inner.rescues += 1);
    }

    /// How often [`Self::rescue`] was called.
    pub fn rescues(&self) -> u64 {
        self.with(|inner| inner.rescues)
    }

    /// Whether [`Self::lose`] was called.
    pub fn is_lost(&self) -> bool {
        self.with(|inner| inner.lost)
    }
}
