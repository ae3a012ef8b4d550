// SPDX-License-Identifier: Apache-2.0

use super::*;

const ROOM: Room = Room {
    connections: 5,
    per_address: 3,
};
const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const TWO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

fn share(nonce: u32) -> Share {
    Share {
        extranonce1: [0; 4],
        extranonce2: [0; 8],
        ntime: 0,
        nonce,
        version_bits: 0,
    }
}

#[test]
fn one_address_cannot_take_all_the_room_and_all_together_no_more_than_there_is() {
    let shared = Shared::new(ROOM, Split::CENSUS, 0);
    let mut in_house: Vec<_> = (0..3).map(|_| shared.admit(Some(ONE)).unwrap()).collect();
    assert_eq!(shared.admit(Some(ONE)).unwrap_err(), Full::Address);
    in_house.extend((0..2).map(|_| shared.admit(Some(TWO)).unwrap()));
    assert_eq!(shared.admit(Some(TWO)).unwrap_err(), Full::Connections);
    // The embedded miner is not one of the strangers.
    in_house.push(shared.admit(None).unwrap());
    for admission in in_house {
        shared.leave(admission);
    }
    assert_eq!(shared.connections(), 0);
    assert!(shared.core().addresses.is_empty());
    assert!(shared.admit(Some(ONE)).is_ok());
}

#[test]
fn where_the_split_is_narrow_the_seats_run_out_first() {
    let room = Room {
        connections: 1_000,
        per_address: 1_000,
    };
    let shared = Shared::new(room, Split::NARROW, 0);
    let admitted: Vec<_> = (0..256).map(|_| shared.admit(Some(ONE)).unwrap()).collect();
    assert_eq!(shared.admit(Some(ONE)).unwrap_err(), Full::Seats);
    shared.leave(admitted[7]);
    assert_eq!(shared.admit(Some(ONE)).unwrap().seat, admitted[7].seat);
}

#[test]
fn shares_of_another_census_are_not_kept() {
    let shared = Shared::new(ROOM, Split::CENSUS, 0);
    assert!(!shared.offer(&[1; 32], 5.into(), share(5)));
    shared.collect(Some([1; 32]));
    assert!(shared.offer(&[1; 32], 5.into(), share(5)));
    assert!(!shared.offer(&[2; 32], 6.into(), share(6)));
    shared.collect(Some([1; 32]));
    assert_eq!(shared.best(&[1; 32]).unwrap().len(), 1);
    assert!(shared.best(&[2; 32]).is_none());
    shared.collect(Some([2; 32]));
    assert_eq!(shared.best(&[2; 32]).unwrap().len(), 0);
}

#[test]
fn a_subscribers_many_addresses_are_one() {
    let shared = Shared::new(ROOM, Split::CENSUS, 0);
    let one: Vec<IpAddr> = ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1:1", "2001:db8::3"]
        .iter()
        .map(|address| address.parse().unwrap())
        .collect();
    let guests: Vec<_> = one[..3]
        .iter()
        .map(|address| shared.admit(Some(*address)).unwrap())
        .collect();
    assert_eq!(shared.admit(Some(one[3])).unwrap_err(), Full::Address);
    // A neighbour is another, and an IPv4 address is itself however it is written.
    shared.admit(Some("2001:db8:0:1::1".parse().unwrap())).unwrap();
    assert_eq!(household("::ffff:10.0.0.1".parse().unwrap()), ONE);
    for guest in guests {
        shared.leave(guest);
    }
    assert_eq!(shared.core().addresses.len(), 1);
}
