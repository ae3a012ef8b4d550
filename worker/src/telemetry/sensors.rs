// SPDX-License-Identifier: Apache-2.0
//! What a card says of itself, behind a trait: there is one implementation for cards, and one for tests.
//!
//! Everything here is the device's own claim. Nothing of it reaches the chain.

#[cfg(test)]
mod tests;

use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{interval, MissedTickBehavior},
};

/// Time between two readings.
const EVERY: Duration = Duration::from_secs(5);

/// A card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Card {
    /// Its number, as the driver counts.
    pub index: u32,
    /// Its UUID, such as `GPU-0a1b…`.
    pub uuid: String,
    /// Its maker's name for it.
    pub model: String,
    /// Bytes of its memory.
    pub memory: u64,
}

/// Why a card runs slower than it could, as NVML's bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttle(pub u64);

impl Throttle {
    /// It is too hot, by its software or by its hardware. (The hardware's slowdown without a reason, 0x08, may be no more than a change of
    /// clocks.)
    pub const THERMAL: Self = Self(0x20 | 0x40);
    /// The mains or the power supply give too little.
    pub const BRAKE: Self = Self(0x80);
    /// It is at its power limit: as it should be under full load.
    pub const POWER_CAP: Self = Self(0x04);

    /// The reasons that are told apart, by name.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("thermal", Self::THERMAL),
        ("brake", Self::BRAKE),
        ("power_cap", Self::POWER_CAP),
    ];

    /// Whether any of these reasons holds.
    pub const fn has(self, reasons: Self) -> bool {
        self.0 & reasons.0 != 0
    }

    /// Whether it is too hot.
    pub const fn is_thermal(self) -> bool {
        self.has(Self::THERMAL)
    }

    /// Whether it gets too little power.
    pub const fn is_brake(self) -> bool {
        self.has(Self::BRAKE)
    }
}

/// What the sensors say. `None`: this card doesn't have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Degrees Celsius.
    pub temperature: Option<u32>,
    /// Degrees at which the card slows down by itself.
    pub slowdown: Option<u32>,
    /// Milliwatts.
    pub power: Option<u32>,
    /// Milliwatts that it may take.
    pub power_limit: Option<u32>,
    /// Millijoules since the driver was loaded.
    pub energy: Option<u64>,
    /// Why it runs slower than it could.
    pub throttle: Throttle,
    /// Bytes of memory that are taken.
    pub memory_used: Option<u64>,
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Clock of the multiprocessors, in MHz.
    pub clock: Option<u32>,
    /// Part of the time in which it computed, in percent.
    pub utilization: Option<u32>,
}

/// Where readings come from.
pub trait Sensors: Send + Sync + 'static {
    /// The driver's version.
    fn driver(&self) -> Option<String>;

    /// All cards.
    fn cards(&self) -> Vec<Card>;

    /// What the card of this UUID says; `None`, if it does not answer any more.
    fn read(&self, uuid: &str) -> Option<Reading>;
}

/// Energy since the beginning, by the card's counter or, where it has none, by its power over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Energy {
    first: Option<u64>,
    joules: f64,
}

impl Energy {
    /// Adds a reading that comes so long after the one before.
    pub fn add(&mut self, reading: &Reading, since: Duration) {
        match (reading.energy, reading.power) {
            (Some(now), _) => {
                let first = *self.first.get_or_insert(now);
                // Shown to people only. A counter that began anew counts from there.
                self.joules = now.saturating_sub(first) as f64 / 1e3;
            }
            (None, Some(power)) => self.joules += f64::from(power) / 1e3 * since.as_secs_f64(),
            (None, None) => {}
        }
    }

    /// Joules.
    pub fn joules(&self) -> f64 {
        self.joules
    }
}

/// What those who watch see of a card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watched {
    /// The card; `None`: the device is none, or there is no driver.
    pub card: Option<Card>,
    /// What it said last; `None` while it does not answer.
    pub reading: Option<Reading>,
    /// What it has used since the worker began.
    pub energy: Energy,
}

/// Reads the sensors of a card again and again, until nobody watches any more.
pub async fn watch_card(sensors: Arc<dyn Sensors>, uuid: String, seen: watch::Sender<Watched>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = ticks.tick().await;
    loop {
        let (source, id) = (sensors.clone(), uuid.clone());
        // The driver may take its time, and hang with a card that is lost.
        let reading = spawn_blocking(move || source.read(&id)).await.ok().flatten();
        let now = tokio::time::Instant::now();
        let mut lost = false;
        seen.send_modify(|watched| {
            lost = reading.is_none() && watched.reading.is_some();
            watched.reading = reading;
            if let Some(reading) = &reading {
                watched.energy.add(reading, now - before);
            }
        });
        before = now;
        if lost {
            tracing::warn!(uuid, "the card's sensors do not answer any more");
        }
        tokio::select! {
            () = seen.closed() => return,
            _ = ticks.tick() => {}
        }
    }
}
