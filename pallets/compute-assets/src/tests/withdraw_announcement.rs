// SPDX-License-Identifier: Apache-2.0

use super::*;

fn withdraw(who: AccountId) -> DispatchResult {
    dispatch(who, Call::withdraw_announcement { announcer: ALICE })
}

#[test]
fn withdraw_announcement_should_return_the_deposit_to_its_announcer_at_any_time() {
    run(|| {
        assert_ok!(announce(ALICE, HARDWARE));
        events();
        assert_ok!(withdraw(ALICE));

        assert_eq!(Balances::balance(&ALICE), ENDOWMENT);
        assert_eq!(Announcements::<Test>::get(ALICE), None);
        assert_eq!(events(), [Event::AnnouncementWithdrawn { who: ALICE }]);
        next_block();
        assert_noop!(
            dispatch(ALICE, register_call(HARDWARE, None)),
            Error::<Test>::NotAnnounced
        );
    });
}

#[test]
fn withdraw_announcement_should_be_open_to_anyone_once_expired() {
    run(|| {
        assert_ok!(announce(ALICE, HARDWARE));
        System::set_block_number(1 + ANNOUNCEMENT_PERIOD);
        assert_noop!(withdraw(BOB), Error::<Test>::AnnouncementStands);
        next_block();
        assert_ok!(withdraw(BOB));
        assert_eq!(Balances::balance(&ALICE), ENDOWMENT);
        assert_eq!(Balances::balance(&BOB), ENDOWMENT);
    });
}

#[test]
fn withdraw_announcement_should_fail_without_one() {
    run(|| {
        assert_noop!(withdraw(ALICE), Error::<Test>::NotAnnounced);
    });
}
