// SPDX-License-Identifier: Apache-2.0
//! What people ask of the chain, beyond what the service needs.

use super::{
    client::{api_error, height, incompatible, storage_error, unreachable, AtBlock, Client},
    metadata, Chain, ChainError, Rules, View,
};
use compute_proof::MAX_SAMPLES_LEN;
use subxt::{
    ext::scale_decode::DecodeAsType,
    utils::{AccountId32, H256},
};

/// Money of an account, in the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Neither held nor reserved.
    pub free: u128,
    /// Of the free balance, not spendable.
    pub frozen: u128,
}

impl Balance {
    /// What can be paid with. What keeps the account alive is not counted out: fees may take it.
    pub fn spendable(&self) -> u128 {
        self.free.saturating_sub(self.frozen)
    }
}

/// The chain's vital signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// Hash of the genesis block.
    pub genesis: [u8; 32],
    /// Version of the runtime.
    pub spec_version: u32,
    /// Height of the best block.
    pub best: u32,
    /// Height of the finalized block.
    pub finalized: u32,
    /// The best block's time, in milliseconds since 1970.
    pub time_ms: u64,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Account {
    data: AccountData,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct AccountData {
    free: u128,
    frozen: u128,
}

impl Client {
    /// Whether all that this worker uses of the chain is what it was generated from.
    ///
    /// # Errors
    /// [`ChainError::Incompatible`] if not.
    pub async fn check_compatible(&self) -> Result<u32, ChainError> {
        let at = self.best().await?;
        // Calls and reads are checked one by one as well; this only finds a difference before anything depends on it.
        let apis = at.runtime_apis();
        let api = metadata::runtime_apis().compute_api();
        apis.validate(api.census()).map_err(api_error)?;
        apis.validate(api.asset(metadata::AssetId(0)))
            .map_err(api_error)?;
        apis.validate(api.rating(metadata::AssetId(0)))
            .map_err(api_error)?;
        let calls = metadata::transactions();
        let hash = || H256::zero();
        let (asset, census) = (|| metadata::AssetId(0), || metadata::CensusIndex(0));
        let samples = metadata::samples(Vec::new());
        at.tx()
            .validate(
                &calls
                    .proof_of_compute()
                    .commit(asset(), census(), hash(), 0, 0, hash()),
            )
            .map_err(incompatible)?;
        at.tx()
            .validate(
                &calls
                    .proof_of_compute()
                    .open(asset(), census(), hash(), hash(), samples),
            )
            .map_err(incompatible)?;
        at.tx()
            .validate(&calls.proof_of_compute().settle(asset()))
            .map_err(incompatible)?;
        at.tx()
            .validate(&calls.compute_assets().announce(hash()))
            .map_err(incompatible)?;
        self.rules().await?;
        Ok(at.spec_version())
    }

    /// The vital signs.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn vitals(&self) -> Result<Vitals, ChainError> {
        let at = self.best().await?;
        let finalized = self.finalized().await?;
        let address = subxt::dynamic::storage::<(), u64>("Timestamp", "Now");
        let time = at.storage().entry(address).map_err(storage_error)?;
        let time = time
            .fetch(())
            .await
            .map_err(storage_error)?
            .decode()
            .map_err(incompatible)?;
        Ok(Vitals {
            genesis: at.genesis_hash().map_or([0; 32], |hash| hash.0),
            spec_version: at.spec_version(),
            best: height(&at)?,
            finalized: height(&finalized)?,
            time_ms: time,
        })
    }

    /// The money of an account; an unknown account has none.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn balance(&self, account: &AccountId32) -> Result<Balance, ChainError> {
        let at = self.best().await?;
        let address = subxt::dynamic::storage::<(AccountId32,), Account>("System", "Account");
        let entry = at
            .storage()
            .try_fetch(address, (*account,))
            .await
            .map_err(storage_error)?;
        match entry {
            None => Ok(Balance { free: 0, frozen: 0 }),
            Some(entry) => {
                let AccountData { free, frozen } = entry.decode().map_err(incompatible)?.data;
                Ok(Balance { free, frozen })
            }
        }
    }

    /// The record of an asset.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn asset(&self, asset: u64) -> Result<Option<metadata::AssetInfo>, ChainError> {
        let call = metadata::runtime_apis()
            .compute_api()
            .asset(metadata::AssetId(asset));
        self.best()
            .await?
            .runtime_apis()
            .call(call)
            .await
            .map_err(api_error)
    }

    /// What an asset earned in the censuses from `from` to `to`, as the finalized block has it.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn income_log(
        &self,
        asset: u64,
        from: u32,
        to: u32,
    ) -> Result<Option<metadata::IncomeLog>, ChainError> {
        let call = metadata::runtime_apis().compute_api().income_log(
            metadata::AssetId(asset),
            metadata::CensusIndex(from),
            metadata::CensusIndex(to),
        );
        let at = self.finalized().await?;
        at.runtime_apis().call(call).await.map_err(api_error)
    }

    /// What `account` earned by an asset in the censuses from `from` to `to`, as the finalized block has it.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn income(
        &self,
        account: &AccountId32,
        asset: u64,
        from: u32,
        to: u32,
    ) -> Result<Option<metadata::AccountIncome>, ChainError> {
        let call = metadata::runtime_apis().compute_api().income(
            *account,
            metadata::AssetId(asset),
            metadata::CensusIndex(from),
            metadata::CensusIndex(to),
        );
        let at = self.finalized().await?;
        at.runtime_apis().call(call).await.map_err(api_error)
    }

    /// The asset registered for a hardware id.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn asset_of_hardware(&self, hardware: [u8; 32]) -> Result<Option<u64>, ChainError> {
        let at = self.best().await?;
        let address = metadata::storage().compute_assets().hardware();
        let entry = at
            .storage()
            .try_fetch(address, (metadata::HardwareId(hardware),))
            .await
            .map_err(storage_error)?;
        Ok(match entry {
            Some(entry) => Some(entry.decode().map_err(incompatible)?.0),
            None => None,
        })
    }

    /// The least bond that an operator may post.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn minimum_bond(&self) -> Result<u128, ChainError> {
        let address = metadata::ergon::constants().compute_assets().minimum_bond();
        self.best()
            .await?
            .constants()
            .entry(address)
            .map_err(incompatible)
    }

    /// What the longest opening costs up front. It is free if it verifies, but the chain wants to see the fee first.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn fee_up_front(&self) -> Result<u128, ChainError> {
        let at = self.best().await?;
        let samples = metadata::samples(vec![0; usize::try_from(MAX_SAMPLES_LEN).map_err(incompatible)?]);
        let open = metadata::transactions().proof_of_compute().open(
            metadata::AssetId(0),
            metadata::CensusIndex(0),
            H256::zero(),
            H256::zero(),
            samples,
        );
        let signed = self.sign(&at, &open).await.map_err(unreachable)?;
        signed.partial_fee_estimate().await.map_err(unreachable)
    }

    /// The view at the best block, and the rules.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn view_and_rules(&self) -> Result<(View, Rules), ChainError> {
        Ok((self.view(None).await?, self.rules().await?))
    }

    /// Waits until the best block is another one, and higher than `height`.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn past(&self, height: u32) -> Result<View, ChainError> {
        let mut seen = None;
        loop {
            let view = self.view(seen).await?;
            if view.best.number > height {
                return Ok(view);
            }
            seen = Some(view.best.hash);
        }
    }

    /// Whether a block's metadata is that from which this worker was generated, in all of our pallets.
    pub fn is_same_version(at: &AtBlock) -> bool {
        metadata::ergon::is_codegen_valid_for(at.metadata_ref())
    }
}
