// SPDX-License-Identifier: Apache-2.0

use super::*;

fn announcement_hold(who: &AccountId) -> Balance {
    Balances::balance_on_hold(&HoldReason::Announcement.into(), who)
}

#[test]
fn announce_should_record_the_commitment_under_a_deposit() {
    run(|| {
        let commitment = H256::repeat_byte(3);
        assert_ok!(dispatch(ALICE, Call::announce { commitment }));

        let announcement = Announcements::<Test>::get(ALICE).unwrap();
        assert_eq!(
            (announcement.commitment, announcement.announced_at),
            (commitment, 1)
        );
        assert!(announcement_hold(&ALICE) > 0);
        assert_eq!(
            events(),
            [Event::Announced {
                who: ALICE,
                commitment
            }]
        );
    });
}

#[test]
fn announce_should_replace_an_earlier_one_under_the_same_deposit() {
    run(|| {
        assert_ok!(announce(ALICE, HARDWARE));
        let deposit = announcement_hold(&ALICE);
        System::set_block_number(5);
        assert_ok!(announce(ALICE, HardwareId([2; 32])));

        assert_eq!(announcement_hold(&ALICE), deposit);
        assert_eq!(Announcements::<Test>::get(ALICE).unwrap().announced_at, 5);
        // The first can't be revealed any more, and the second has to wait like any other.
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, None)),
            Error::<Test>::AnnouncementTooRecent
        );
        next_block();
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, None)),
            Error::<Test>::WrongReveal
        );
        assert_ok!(dispatch(ALICE, register_call(HardwareId([2; 32]), None)));
    });
}

#[test]
fn announce_should_fail_without_the_deposit() {
    run(|| {
        assert_noop!(announce(NOBODY, HARDWARE), TokenError::FundsUnavailable);
    });
}

#[test]
fn announce_should_fail_unsigned() {
    run(|| {
        let call = RuntimeCall::from(Call::announce {
            commitment: H256::zero(),
        });
        assert_noop!(
            call.dispatch(RuntimeOrigin::none()).map_err(|error| error.error),
            DispatchError::BadOrigin
        );
    });
}
