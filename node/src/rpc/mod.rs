// SPDX-License-Identifier: Apache-2.0
//! The node's JSON-RPC: the SDK's, and the `compute` namespace.

mod compute;

use crate::service::{FullBackend, FullClient};
use ergon_runtime::{opaque::Block, BlockNumber, Hash};
use jsonrpsee::RpcModule;
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_grandpa::{
    FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_rpc::SubscriptionTaskExecutor;
use sc_transaction_pool_api::TransactionPool;
use sp_consensus::SelectChain;
use sp_keystore::KeystorePtr;
use std::sync::Arc;

pub struct BabeDeps {
    pub babe_worker_handle: BabeWorkerHandle<Block>,
    pub keystore: KeystorePtr,
}

pub struct GrandpaDeps {
    pub shared_voter_state: SharedVoterState,
    pub shared_authority_set: SharedAuthoritySet<Hash, BlockNumber>,
    pub justification_stream: GrandpaJustificationStream<Block>,
    pub subscription_executor: SubscriptionTaskExecutor,
    pub finality_provider: Arc<FinalityProofProvider<FullBackend, Block>>,
}

pub struct FullDeps<P, SC> {
    pub client: Arc<FullClient>,
    pub pool: Arc<P>,
    pub select_chain: SC,
    pub babe: BabeDeps,
    pub grandpa: GrandpaDeps,
}

/// All methods of a full node. The SDK adds its own of both generations (`state_*`, `chainHead_v1_*`, …).
pub fn create_full<P, SC>(
    FullDeps {
        client,
        pool,
        select_chain,
        babe,
        grandpa,
    }: FullDeps<P, SC>,
) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>>
where
    P: TransactionPool<Block = Block> + 'static,
    SC: SelectChain<Block> + 'static,
{
    use compute::{Compute, ComputeApiServer};
    use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
    use sc_consensus_babe_rpc::{Babe, BabeApiServer};
    use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
    use substrate_frame_rpc_system::{System, SystemApiServer};

    let mut module = RpcModule::new(());
    module.merge(System::new(client.clone(), pool).into_rpc())?;
    module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
    module.merge(
        Babe::new(
            client.clone(),
            babe.babe_worker_handle,
            babe.keystore,
            select_chain,
        )
        .into_rpc(),
    )?;
    module.merge(
        Grandpa::new(
            grandpa.subscription_executor,
            grandpa.shared_authority_set,
            grandpa.shared_voter_state,
            grandpa.justification_stream,
            grandpa.finality_provider,
        )
        .into_rpc(),
    )?;
    module.merge(Compute::new(client).into_rpc())?;
    Ok(module)
}
