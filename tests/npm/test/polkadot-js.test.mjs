// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { merkleizeMetadata } from '@polkadot-api/merkleize-metadata';
import { ApiPromise, WsProvider } from '@polkadot/api';
import { Keyring } from '@polkadot/keyring';
import { Metadata, TypeRegistry } from '@polkadot/types';
import { stringCamelCase, u8aToHex } from '@polkadot/util';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { startChain } from '../src/chain.mjs';
import { METADATA_VERSIONS, PALLETS, spoil } from '../src/expect.mjs';
import { NETWORK } from '../src/network.mjs';

let chain;
let api;
let alice;

before(async () => {
  await cryptoWaitReady();
  alice = new Keyring({ type: 'sr25519' }).addFromUri('//Alice');
  chain = await startChain();
  api = await ApiPromise.create({ provider: new WsProvider(chain.url), noInitWarn: true });
});

after(async () => {
  await api?.disconnect();
  await chain?.stop();
});

/** The metadata of one version as the runtime serves it: bytes with the magic prefix. */
async function metadataAt(version) {
  const opaque = await api.call.metadata.metadataAtVersion(version);
  assert.ok(opaque.isSome, `the runtime serves metadata ${version}`);
  return opaque.unwrap().toU8a(true);
}

async function metadataHash() {
  return merkleizeMetadata(await metadataAt(15), NETWORK).digest();
}

/** @polkadot/api reads bytes as SCALE, so a hash must be handed in as hex. */
function checked(digest) {
  return { mode: 1, metadataHash: u8aToHex(digest) };
}

/** Signs and sends `call` and resolves with the hash of the block it got into; rejects with what the node answers. */
function send(call, options) {
  return new Promise((resolve, reject) => {
    call
      .signAndSend(alice, { nonce: -1, ...options }, ({ status, dispatchError, isError }) => {
        if (isError) reject(new Error(`dropped: ${status.type}`));
        else if (dispatchError) reject(new Error(`failed: ${dispatchError}`));
        else if (status.isInBlock) resolve(status.asInBlock);
      })
      .catch(reject);
  });
}

test('decodes all metadata', async () => {
  for (const version of METADATA_VERSIONS) {
    const registry = new TypeRegistry();
    const metadata = new Metadata(registry, await metadataAt(version));
    assert.equal(metadata.version, version);
    registry.setMetadata(metadata);
    const types = registry.lookup.types;
    assert.ok(types.length > 100, `metadata ${version} holds types`);
    for (const { id } of types) registry.createClass(registry.createLookupType(id));
    const names = metadata.asLatest.pallets.map(({ name }) => name.toString());
    for (const pallet of PALLETS) assert.ok(names.includes(pallet), `metadata ${version} has ${pallet}`);
  }
});

test('decodes every constant and knows every call', () => {
  for (const pallet of api.runtimeMetadata.asLatest.pallets) {
    const section = stringCamelCase(pallet.name);
    for (const { name, value } of pallet.constants) {
      assert.equal(api.consts[section][stringCamelCase(name)].toHex(true), value.toHex(true), `${section}.${name}`);
    }
    if (pallet.calls.isSome) assert.ok(Object.keys(api.tx[section]).length > 0, `${section} has calls`);
  }
});

test('a transaction with the metadata hash is included', async () => {
  const digest = await metadataHash();
  const expected = process.env.ERGON_METADATA_HASH;
  if (expected) assert.equal(u8aToHex(digest), expected, 'the hash of what the chain serves is the one it was built with');

  const block = await send(api.tx.system.remarkWithEvent('0x6572676f6e'), checked(digest));
  const { block: body } = await api.rpc.chain.getBlock(block);
  const sent = body.extrinsics.find(({ method }) => method.method === 'remarkWithEvent');
  assert.ok(sent, 'the block holds the transaction');
  assert.equal(sent.signer.toString(), alice.address);
  // Mode 1: the runtime really compared the hash.
  assert.equal(sent.inner.signature.mode.toNumber(), 1);
});

test('a transaction with a wrong metadata hash is refused', async () => {
  const wrong = checked(spoil(await metadataHash()));
  await assert.rejects(send(api.tx.system.remarkWithEvent('0x66616c7365'), wrong), /bad signature/i);
});
