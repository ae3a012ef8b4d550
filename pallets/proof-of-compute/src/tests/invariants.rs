// SPDX-License-Identifier: Apache-2.0
//! Each check of `try_state` notices what it is for.

use crate::{mock::*, *};
use compute_primitives::{api::Phase, AssetId, AssetKind, CensusIndex};

/// Breaks a state in which a census was paid, the next one too but for one commit, and a third takes commits.
fn notices(what: &'static str, spoil: impl FnOnce(&Rig)) {
    // Without the checks at the end that every other test has: they fail here, that's the point.
    new_test_ext(Schedule {
        trigger: u64::MAX,
        ..Schedule::DEVELOPMENT
    })
    .execute_with(|| {
        let mut rig = Rig::new(1);
        let mut other = Rig::new(2);
        rig.pass(2);
        next_census();
        rig.commit(2).unwrap();
        other.commit(3).unwrap();
        run_to_phase(Phase::Open);
        rig.open().unwrap();
        other.open().unwrap();
        next_census();
        rig.commit(1).unwrap();
        check();
        spoil(&rig);
        assert_eq!(Poc::do_try_state(), Err(what.into()));
    })
}

fn census_record(index: u32, change: impl FnOnce(&mut CensusOf<Test>)) {
    Censuses::<Test>::mutate(CensusIndex(index), |census| change(census.as_mut().unwrap()));
}

fn books_of(index: u32, change: impl FnOnce(&mut BooksOf<Test>)) {
    CensusBooks::<Test>::mutate(CensusIndex(index), AssetKind::Gpu, |books| {
        change(books.as_mut().unwrap())
    });
}

fn device_of(asset: AssetId, change: impl FnOnce(&mut DeviceOf<Test>)) {
    Devices::<Test>::mutate(asset, |device| change(device.as_mut().unwrap()));
}

fn commit_of(rig: &Rig, change: impl FnOnce(&mut CommitOf<Test>)) {
    device_of(rig.asset, |device| change(device.commit.as_mut().unwrap()));
}

#[test]
fn configuration() {
    notices("schedule out of bounds", |_| {
        CurrentSchedule::<Test>::mutate(|schedule| schedule.gap = 1)
    });
    notices("limits that no claim could meet", |_| {
        Limits::<Test>::mutate(|limits| limits.min_rounds = 0)
    });
}

#[test]
fn records() {
    notices("oldest census after the present one", |_| {
        OldestCensus::<Test>::put(CensusIndex(4))
    });
    notices("a census outside the range", |_| {
        OldestCensus::<Test>::put(CensusIndex(2))
    });
    notices("a census is missing", |_| {
        Censuses::<Test>::remove(CensusIndex(2))
    });
    notices("a census without books", |_| {
        CensusBooks::<Test>::remove(CensusIndex(2), AssetKind::Gpu)
    });
    notices("books without a census", |_| {
        CensusBooks::<Test>::insert(CensusIndex(9), AssetKind::Gpu, BooksOf::<Test>::default())
    });
    notices("a census without books", |_| {
        CensusBooks::<Test>::remove(CensusIndex(2), AssetKind::Hashrate)
    });
}

#[test]
fn stages() {
    notices("two censuses run", |_| {
        census_record(2, |census| census.stage = Stage::Running)
    });
    notices("paid before its seed", |_| {
        census_record(2, |census| census.open_seed = None)
    });
    notices("paid before its seed", |_| {
        census_record(2, |census| census.slots = None)
    });
    notices("void with a seed", |_| {
        census_record(2, |census| census.stage = Stage::Void)
    });
    notices("ordinal not counted", |_| CountedCensuses::<Test>::put(1));
    notices("ordinals with a gap", |_| {
        CountedCensuses::<Test>::put(3);
        census_record(2, |census| census.stage = Stage::Payment { ordinal: 3 });
    });
}

#[test]
fn pots() {
    for spoil in [
        |books: &mut BooksOf<Test>| books.pot += 1,
        |books: &mut BooksOf<Test>| books.paid += 1,
        |books: &mut BooksOf<Test>| books.put_back += 1,
        |books: &mut BooksOf<Test>| books.remaining -= 1,
    ] {
        notices("pot = paid + put back + remaining", |_| books_of(2, spoil));
    }
    notices("less left than is owed", |_| {
        books_of(2, |books| {
            books.put_back += books.remaining;
            books.remaining = 0;
        })
    });
}

#[test]
fn devices() {
    notices("a device without its asset", |_| {
        Devices::<Test>::insert(AssetId(99), Device::new(0));
    });
    notices("rated in a census that was not paid yet", |rig| {
        device_of(rig.asset, |device| device.rated_at = 3)
    });
    notices("a census to come", |rig| {
        device_of(rig.asset, |device| device.best_at = CensusIndex(4))
    });
    notices("a census to come", |rig| {
        device_of(rig.asset, |device| device.last_census = CensusIndex(4))
    });
    notices("a commit for a census to come", |rig| {
        commit_of(rig, |commit| commit.census = CensusIndex(4))
    });
    notices("commits beyond the limit", |rig| {
        commit_of(rig, |commit| commit.count = 4)
    });
    notices("commits beyond the limit", |rig| {
        commit_of(rig, |commit| commit.count = 0)
    });
    notices("opened and not drawn", |rig| {
        commit_of(rig, |commit| commit.opened = true)
    });
    notices("committed after the window", |rig| {
        commit_of(rig, |commit| commit.committed_at = u32::MAX)
    });
}

#[test]
fn claims() {
    notices("more openings certain than a census takes", |_| {
        books_of(3, |books| {
            books.always = MAX_ALWAYS + 1;
            books.commits = MAX_ALWAYS + 1;
        })
    });
    notices("more of a part than of the whole", |_| {
        books_of(3, |books| books.always = 2)
    });
    notices("more of a part than of the whole", |_| {
        books_of(3, |books| (books.commits, books.always) = (0, 0))
    });
    notices("claimed = failed + settled + unsettled", |_| {
        books_of(3, |books| books.claimed += 1)
    });
    notices("claimed = failed + settled + unsettled", |_| {
        books_of(2, |books| books.settled += 1)
    });
    notices("claimed = failed + settled + unsettled", |_| {
        books_of(2, |books| books.failed += 1)
    });
    notices("commits miscounted", |_| books_of(3, |books| books.commits = 2));
    notices("commits miscounted", |rig| {
        commit_of(rig, |commit| commit.always = false)
    });
    notices("settled before payment", |_| {
        books_of(3, |books| books.denominator = 1)
    });
    notices("more work credited than verified", |rig| {
        device_of(rig.asset, |device| device.verified_work += 1)
    });
}
