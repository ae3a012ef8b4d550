// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::stratum::planner::Outcome;

#[test]
fn the_line_says_what_there_is_to_say() {
    let mut snapshot = Snapshot {
        connections: 1,
        source: "idle",
        ..Snapshot::default()
    };
    assert_eq!(
        line(&snapshot),
        "reaching the chain · waiting for a census · 1 connection · 0.00 H/s"
    );
    snapshot.stage = Stage::Collecting;
    snapshot.best = (64, Some(1));
    snapshot.connections = 3;
    snapshot.report.hashes_per_second = 2.5e7;
    snapshot.last = Some((Task::Settle { census: 1 }, Outcome::Taken { at: 5 }));
    assert_eq!(
        line(&snapshot),
        "reaching the chain · 64 shares · 3 connections · 25.00 MH/s · settlement taken"
    );
    assert_eq!(window(&snapshot), (0, 1));
}
