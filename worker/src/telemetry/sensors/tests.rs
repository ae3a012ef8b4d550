// SPDX-License-Identifier: Apache-2.0
use super::*;
use std::sync::Mutex;

/// A card that says what the test tells it to.
pub struct Fake(pub Mutex<Option<Reading>>);

impl Sensors for Fake {
    fn driver(&self) -> Option<String> {
        Some("1.2".into())
    }

    fn cards(&self) -> Vec<Card> {
        vec![Card {
            index: 0,
            uuid: "GPU-1".into(),
            model: "Fake".into(),
            memory: 1 << 30,
        }]
    }

    fn read(&self, uuid: &str) -> Option<Reading> {
        (uuid == "GPU-1").then(|| *self.0.lock().unwrap())?
    }
}

fn hot(temperature: u32) -> Reading {
    Reading {
        temperature: Some(temperature),
        power: Some(200_000),
        ..Reading::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_card_is_read_again_and_again_and_one_that_is_lost_is_missed() {
    let fake = Arc::new(Fake(Mutex::new(Some(hot(50)))));
    let seen = watch::Sender::new(Watched::default());
    let mut watching = seen.subscribe();
    let task = tokio::spawn(watch_card(fake.clone(), "GPU-1".into(), seen));
    let temperature = |watched: &Watched| watched.reading.and_then(|reading| reading.temperature);
    watching.wait_for(|w| temperature(w) == Some(50)).await.unwrap();
    *fake.0.lock().unwrap() = Some(hot(80));
    watching.wait_for(|w| temperature(w) == Some(80)).await.unwrap();
    *fake.0.lock().unwrap() = None;
    watching.wait_for(|w| w.reading.is_none()).await.unwrap();
    drop(watching);
    task.await.unwrap();
}

#[test]
fn energy_is_the_counters_and_where_there_is_none_power_over_time() {
    let counted = |energy| Reading {
        energy: Some(energy),
        power: Some(1),
        ..Reading::default()
    };
    let mut energy = Energy::default();
    for now in [5_000, 6_000, 12_000] {
        energy.add(&counted(now), EVERY);
    }
    assert_eq!(energy.joules(), 7.0);
    let mut energy = Energy::default();
    for _ in 0..3 {
        energy.add(&hot(50), Duration::from_secs(2));
    }
    assert_eq!(energy.joules(), 1_200.0);
    let mut energy = Energy::default();
    energy.add(&Reading::default(), EVERY);
    assert_eq!(energy.joules(), 0.0);
}
