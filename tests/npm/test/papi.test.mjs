// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { merkleizeMetadata } from '@polkadot-api/merkleize-metadata';
import { getDynamicBuilder, getLookupFn } from '@polkadot-api/metadata-builders';
import { decAnyMetadata, unifyMetadata } from '@polkadot-api/substrate-bindings';
import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { createClient } from 'polkadot-api';
import { getPolkadotSigner, withMetadataHash } from 'polkadot-api/signer';
import { getWsProvider } from 'polkadot-api/ws';
import { WebSocket } from 'ws';
import { startChain } from '../src/chain.mjs';
import { METADATA_VERSIONS, PALLETS } from '../src/expect.mjs';
import { NETWORK } from '../src/network.mjs';

let chain;
let client;
let api;
let signer;

before(async () => {
  await cryptoWaitReady();
  const alice = new Keyring({ type: 'sr25519' }).addFromUri('//Alice');
  signer = getPolkadotSigner(alice.publicKey, 'Sr25519', async (bytes) => alice.sign(bytes));
  chain = await startChain();
  // Node.js before 22 has no WebSocket of its own.
  client = createClient(getWsProvider(chain.url, { websocketClass: WebSocket }));
  api = client.getUnsafeApi();
});

after(async () => {
  client?.destroy();
  await chain?.stop();
});

async function metadataAt(version) {
  const bytes = await api.apis.Metadata.metadata_at_version(version);
  assert.ok(bytes, `the runtime serves metadata ${version}`);
  return bytes;
}

test('decodes all metadata', async () => {
  for (const version of METADATA_VERSIONS) {
    const decoded = decAnyMetadata(await metadataAt(version));
    assert.equal(decoded.metadata.tag, `v${version}`);
    const metadata = unifyMetadata(decoded);
    const builder = getDynamicBuilder(getLookupFn(metadata));
    assert.ok(metadata.lookup.length > 100, `metadata ${version} holds types`);
    for (const { id } of metadata.lookup) builder.buildDefinition(id);
    const names = metadata.pallets.map(({ name }) => name);
    for (const pallet of PALLETS) assert.ok(names.includes(pallet), `metadata ${version} has ${pallet}`);
    for (const pallet of metadata.pallets) {
      for (const { name, value } of pallet.constants) builder.buildConstant(pallet.name, name).dec(value);
      for (const { name } of pallet.storage?.items ?? []) builder.buildStorage(pallet.name, name);
    }
  }
});

test('knows the compute API', async () => {
  const census = await api.apis.ComputeApi.census();
  assert.equal(typeof census.index, 'number');
});

test('a transaction with the metadata hash is included', async () => {
  const expected = process.env.ERGON_METADATA_HASH;
  if (expected) {
    const digest = merkleizeMetadata(await metadataAt(15), NETWORK).digest();
    assert.equal(`0x${Buffer.from(digest).toString('hex')}`, expected);
  }
  const call = api.tx.System.remark_with_event({ remark: new TextEncoder().encode('ergon') });
  const result = await call.signAndSubmit(withMetadataHash(NETWORK, signer));
  assert.ok(result.ok, 'the call succeeded');
  assert.ok(result.block.number > 0, 'the transaction stands in a finalized block');
  assert.ok(result.events.some(({ type, value }) => type === 'System' && value.type === 'Remarked'));
});

test('a transaction with a wrong metadata hash is refused', async () => {
  const call = api.tx.System.remark_with_event({ remark: new TextEncoder().encode('false') });
  const wrong = withMetadataHash({ ...NETWORK, decimals: NETWORK.decimals + 1 }, signer);
  await assert.rejects(call.signAndSubmit(wrong), (error) => {
    assert.equal(error.error?.type, 'Invalid');
    assert.equal(error.error.value.type, 'BadProof');
    return true;
  });
});
