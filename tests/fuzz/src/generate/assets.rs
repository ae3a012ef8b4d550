// SPDX-License-Identifier: Apache-2.0
//! Calls of compute-assets.

use super::{Draw, Made};
use crate::scene::*;
use compute_primitives::{AssetKind, HardwareId};
use ergon_runtime::*;
use pallet_compute_assets::{Announcements, Assets, Call, Hardware};

/// So few that some are taken.
const HARDWARE_IDS: u8 = 12;

fn bond(draw: &mut Draw) -> Balance {
    let minimum = configs::compute::MinimumBond::get();
    match draw.entropy.small(0, 11) {
        0 => minimum - 1,
        1 => draw.entropy.amount(1_000 * UNIT),
        2 => 0,
        3 | 4 => minimum,
        _ => minimum + draw.entropy.range(0, 400 * UNIT),
    }
}

fn made(who: AccountId, call: Call<Runtime>) -> Made {
    Some((who, RuntimeCall::ComputeAssets(call)))
}

pub fn announce(draw: &mut Draw) -> Made {
    let who = draw.anyone();
    let ids = (0..HARDWARE_IDS).map(|id| HardwareId([id; 32]));
    let free: Vec<_> = ids.filter(|id| !Hardware::<Runtime>::contains_key(id)).collect();
    let hardware = match draw.entropy.pick(&free) {
        Some(id) if !draw.entropy.percent(10) => *id,
        _ => HardwareId([draw.entropy.small(0, u32::from(HARDWARE_IDS) - 1) as u8; 32]),
    };
    let salt = [draw.entropy.small(0, 255) as u8; 32];
    let commitment = ComputeAssets::commitment(&who, &hardware, &salt);
    draw.secrets.announced.insert(who.clone(), (hardware, salt));
    made(who, Call::announce { commitment })
}

pub fn register(draw: &mut Draw) -> Made {
    let (now, period) = (
        System::block_number(),
        configs::compute::AnnouncementPeriod::get(),
    );
    let announcers: Vec<_> = draw
        .secrets
        .announced
        .iter()
        .filter(|(who, (hardware, _))| {
            !Hardware::<Runtime>::contains_key(hardware)
                && Announcements::<Runtime>::get(who)
                    .is_some_and(|it| it.announced_at < now && now <= it.announced_at + period)
        })
        .map(|(who, _)| who.clone())
        .collect();
    if announcers.is_empty() && !draw.entropy.percent(10) {
        return announce(draw);
    }
    let who = draw.one_of(&announcers);
    let (hardware, mut salt) = draw.secrets.announced.get(&who).copied().unwrap_or_default();
    if draw.entropy.percent(4) {
        salt[0] ^= 1;
    }
    let kind = if draw.entropy.percent(12) {
        AssetKind::Hashrate
    } else {
        AssetKind::Gpu
    };
    let bond = if draw.entropy.percent(20) {
        None
    } else {
        Some(bond(draw))
    };
    let uri = b"https://example.org/device.json".to_vec().try_into().ok()?;
    made(
        who,
        Call::register {
            kind,
            hardware,
            salt,
            uri,
            bond,
        },
    )
}

pub fn nominate_operator(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(is_whole);
    let who = draw.mostly(owner(asset));
    let nominee = if draw.entropy.percent(10) {
        None
    } else {
        Some(draw.anyone())
    };
    made(who, Call::nominate_operator { asset, nominee })
}

pub fn accept_operator(draw: &mut Draw) -> Made {
    let nominee = |asset| {
        let nomination = Assets::<Runtime>::get(asset).and_then(|record| record.nomination)?;
        (owner(asset) == Some(nomination.by)).then_some(nomination.nominee)
    };
    let asset = draw.asset_where(|asset| nominee(asset).is_some());
    if nominee(asset).is_none() && !draw.entropy.percent(20) {
        return nominate_operator(draw);
    }
    let who = draw.mostly(nominee(asset));
    let bond = bond(draw);
    made(who, Call::accept_operator { asset, bond })
}

pub fn resign_operator(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(|asset| operator(asset).is_some());
    let who = draw.mostly(operator(asset));
    made(who, Call::resign_operator { asset })
}

pub fn bond_extra(draw: &mut Draw) -> Made {
    let broken = |asset| operator(asset).is_some() && !has_whole_bond(asset);
    let any_broken = draw.scene.assets.iter().any(|asset| broken(*asset));
    let asset = draw.asset_where(|asset| {
        if any_broken {
            broken(asset)
        } else {
            !bearers(asset).is_empty()
        }
    });
    let who = if draw.entropy.percent(70) {
        draw.mostly(operator(asset))
    } else {
        draw.one_of(&bearers(asset))
    };
    let missing = pallet_compute_assets::Bonds::<Runtime>::get(asset, &who)
        .map_or(0, |bond| bond.pledged.saturating_sub(bond.amount));
    let amount = if missing > 0 && draw.entropy.percent(70) {
        missing
    } else {
        draw.entropy.amount(50 * UNIT)
    };
    made(who, Call::bond_extra { asset, amount })
}

pub fn release_bond(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(|asset| {
        bearers(asset)
            .iter()
            .any(|who| operator(asset).as_ref() != Some(who))
    });
    let (who, bearer) = (draw.anyone(), draw.one_of(&bearers(asset)));
    made(who, Call::release_bond { asset, bearer })
}

pub fn set_metadata(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(is_whole);
    let who = draw.mostly(owner(asset));
    let uri = vec![b'x'; draw.entropy.below(257)].try_into().ok()?;
    made(who, Call::set_metadata { asset, uri })
}

pub fn retire(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(is_whole);
    let who = draw.mostly(owner(asset));
    made(who, Call::retire { asset })
}

pub fn reap(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(is_retired);
    if !is_retired(asset) && !draw.entropy.percent(10) {
        return None;
    }
    let who = draw.anyone();
    made(who, Call::reap { asset })
}

pub fn withdraw_announcement(draw: &mut Draw) -> Made {
    let announcers: Vec<_> = Announcements::<Runtime>::iter_keys().collect();
    let announcer = draw.one_of(&announcers);
    let who = draw.mostly(Some(announcer.clone()));
    made(who, Call::withdraw_announcement { announcer })
}
