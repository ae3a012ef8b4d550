// SPDX-License-Identifier: Apache-2.0
//! What the call filter refuses, alone and hidden in a batch.

mod common;

use common::*;
use ergon_runtime::*;
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo, traits::Contains};
use sp_runtime::traits::Dispatchable;

fn burn(asset: compute_primitives::AssetId) -> RuntimeCall {
    let collection = pallet_compute_assets::Collection::<Runtime>::get().unwrap();
    RuntimeCall::Nfts(pallet_nfts::Call::burn {
        collection,
        item: asset.0,
    })
}

fn exists(asset: compute_primitives::AssetId) -> bool {
    ComputeAssets::details(asset).is_some()
}

#[test]
fn a_holder_cannot_burn_a_device() {
    development(|| {
        let asset = register(&bob(), 100 * UNIT);
        assert_noop!(
            burn(asset).dispatch(signed(bob())),
            frame_system::Error::<Runtime>::CallFiltered
        );
    });
}

#[test]
fn nor_through_any_wrapper() {
    development(|| {
        let asset = register(&bob(), 100 * UNIT);
        let calls = || vec![burn(asset)];
        let wrapped = [
            RuntimeCall::Utility(pallet_utility::Call::batch { calls: calls() }),
            RuntimeCall::Utility(pallet_utility::Call::force_batch { calls: calls() }),
            RuntimeCall::Utility(pallet_utility::Call::batch_all { calls: calls() }),
            RuntimeCall::Utility(pallet_utility::Call::as_derivative {
                index: 0,
                call: Box::new(burn(asset)),
            }),
            RuntimeCall::Utility(pallet_utility::Call::if_else {
                main: Box::new(burn(asset)),
                fallback: Box::new(burn(asset)),
            }),
        ];
        for call in wrapped {
            // Some wrappers answer Ok and report the refusal in an event: what counts is that the device lives.
            let outcome = call.dispatch(signed(bob()));
            assert!(exists(asset), "{outcome:?}");
        }
    });
}

#[test]
fn another_collection_may_be_burned_from() {
    development(|| {
        let other = RuntimeCall::Nfts(pallet_nfts::Call::burn {
            collection: 77,
            item: 0,
        });
        assert!(configs::system::CallFilter::contains(&other));
    });
}

#[test]
fn babe_keeps_its_vrf_slots() {
    development(|| {
        let config = sp_consensus_babe::digests::NextConfigDescriptor::V1 {
            c: (1, 4),
            allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryPlainSlots,
        };
        let call = RuntimeCall::Babe(pallet_babe::Call::plan_config_change { config });
        assert!(!configs::system::CallFilter::contains(&call));
        // Root is not filtered: what root may do is decided by whoever is root.
        assert_ok!(RuntimeCall::System(frame_system::Call::remark { remark: vec![] }).dispatch(signed(bob())));
        assert!(call.get_dispatch_info().call_weight.ref_time() > 0);
    });
}
