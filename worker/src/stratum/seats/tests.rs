// SPDX-License-Identifier: Apache-2.0

use super::*;
use std::collections::HashSet;

#[test]
fn no_two_connections_share_an_extranonce_and_the_full_house_is_closed() {
    for (split, most) in [(Split::NARROW, 256), (Split::CENSUS, 65_536)] {
        let mut seats = Seats::new(split, 0xabcd);
        let mut seen = HashSet::new();
        while let Some(seat) = seats.take() {
            let bytes = seat.extranonce1(split).unwrap();
            assert_eq!(bytes.len(), split.extranonce1);
            assert!(seen.insert(bytes));
        }
        assert_eq!((seen.len(), seats.taken()), (most, most));
    }
}

#[test]
fn a_seat_that_was_given_back_is_the_last_to_be_given_out() {
    let mut seats = Seats::new(Split::NARROW, 0);
    let first = seats.take().unwrap();
    seats.give_back(first);
    for _ in 0..255 {
        assert_ne!(seats.take(), Some(first));
    }
    assert_eq!(seats.take(), Some(first));
    assert_eq!(seats.take(), None);
}

#[test]
fn a_high_seat_has_no_place_in_a_narrow_split() {
    let mut seats = Seats::new(Split::CENSUS, 7);
    let all: Vec<_> = (0..257).map(|_| seats.take().unwrap()).collect();
    assert_eq!(all[255].extranonce1(Split::NARROW), Some(vec![255]));
    assert_eq!(all[256].extranonce1(Split::NARROW), None);
    assert_eq!(all[256].extranonce1(Split::CENSUS), Some(vec![0, 7, 1, 0]));
}
