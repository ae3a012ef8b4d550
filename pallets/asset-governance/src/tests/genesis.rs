// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::types::Timing;
use crate::GenesisConfig;
use sp_runtime::BuildStorage;

fn built(voting: u64, enactment: u64, lock: u64) -> Timing<u64> {
    let genesis = GenesisConfig::<Test> {
        timing: Timing {
            voting,
            enactment,
            lock,
        },
    };
    sp_io::TestExternalities::new(genesis.build_storage().unwrap()).execute_with(AssetGovernance::timing)
}

#[test]
fn times_should_be_those_of_genesis() {
    let timing = built(3, 2, 1);
    assert_eq!((timing.voting, timing.enactment, timing.lock), (3, 2, 1));
    let default = GenesisConfig::<Test>::default().timing;
    assert_eq!(
        (default.voting, default.enactment, default.lock),
        (7 * 28_800, 7 * 28_800, 28_800)
    );
}

#[test]
#[should_panic(expected = "timing.voting is zero")]
fn votes_should_take_some_time() {
    built(0, 1, 1);
}

#[test]
#[should_panic(expected = "timing.enactment is zero")]
fn what_has_passed_should_have_time_to_be_enacted() {
    built(1, 0, 1);
}

#[test]
#[should_panic(expected = "timing.lock is zero")]
fn votes_should_be_locked_for_some_time() {
    built(1, 1, 0);
}
