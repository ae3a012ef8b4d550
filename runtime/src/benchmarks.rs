// SPDX-License-Identifier: Apache-2.0

frame_benchmarking::define_benchmarks!(
    [frame_benchmarking, BaselineBench::<Runtime>]
    [frame_system, SystemBench::<Runtime>]
    [frame_system_extensions, SystemExtensionsBench::<Runtime>]
    [pallet_balances, Balances]
    [pallet_timestamp, Timestamp]
    [pallet_transaction_payment, TransactionPayment]
    [pallet_utility, Utility]
    [pallet_sudo, Sudo]
    [pallet_compute_assets, ComputeAssets]
    [pallet_proof_of_compute, ProofOfCompute]
    [pallet_fractional_ownership, FractionalOwnership]
    [pallet_reward_distribution, RewardDistribution]
    [pallet_asset_governance, AssetGovernance]
    [pallet_lp_tokens, LpTokens]
);

impl frame_system_benchmarking::Config for crate::Runtime {}
impl frame_benchmarking::baseline::Config for crate::Runtime {}
