// SPDX-License-Identifier: Apache-2.0
use super::*;
use crate::{
    service::{Tally, Withheld},
    shape::Ladder,
    state::{step, Event, Settings, State},
    telemetry::sensors::{Card, Reading},
};
use compute_proof::Class;

fn snapshot() -> Snapshot {
    let settings = Settings {
        asset: 1,
        prover: [1; 32],
        class: Class::Xs,
        min_rounds: 1,
        max_rounds: 9,
        ladder: Ladder::default(),
    };
    Snapshot {
        state: State::new(settings),
        progress: Default::default(),
        connected: true,
        last: None,
        tally: Tally::default(),
        rescues: 0,
        withheld: None,
    }
}

fn watched(reading: Option<Reading>) -> Watched {
    Watched {
        card: Some(Card {
            index: 0,
            uuid: "GPU-1".into(),
            model: "Fake".into(),
            memory: 1,
        }),
        reading,
        ..Watched::default()
    }
}

#[test]
fn a_card_shows_its_temperature_its_power_and_why_it_is_slow() {
    let hot = Reading {
        temperature: Some(91),
        power: Some(312_400),
        throttle: Throttle::THERMAL,
        ..Reading::default()
    };
    let mut snapshot = snapshot();
    (snapshot.state, _) = step(snapshot.state, Event::Pace(Pace::FULL.after(&hot)));
    let text = line(&snapshot, &watched(Some(hot)), 0);
    for part in ["91 °C", "312 W", "slowed down: too hot", "rests to cool down"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(line(&snapshot, &watched(None), 0).contains("do not answer"));
}

#[test]
fn a_processor_shows_no_sensors() {
    let text = line(&snapshot(), &Watched::default(), 0);
    assert_eq!(text, "waiting for a census");
}

#[test]
fn a_commit_that_was_withheld_says_in_which_round_and_why() {
    let mut snapshot = snapshot();
    snapshot.withheld = Some(Withheld {
        census: 4,
        reason: "round 3: computed again, it has another root".into(),
    });
    let text = line(&snapshot, &Watched::default(), 0);
    assert!(
        text.contains("COMMIT WITHHELD, census 4: round 3: computed again"),
        "{text}"
    );
}
