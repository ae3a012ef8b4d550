#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0

/**
 * Prints the metadata hash (RFC-0078) of a runtime's Wasm: 0x and 64 hex digits.
 *
 * Usage: node metadata-hash.mjs <runtime.wasm>
 *
 * scripts/build.sh puts it into the runtime through RUNTIME_METADATA_HASH.
 */
import { readFile } from 'node:fs/promises';
import { merkleizeMetadata } from '@polkadot-api/merkleize-metadata';
import { getMetadataFromRuntime } from '@polkadot-api/wasm-executor/node';
import { NETWORK } from './src/network.mjs';

const [path, ...rest] = process.argv.slice(2);
if (path === undefined || rest.length > 0) {
  console.error('usage: metadata-hash.mjs <runtime.wasm>');
  process.exit(2);
}

const wasm = await readFile(path);
const metadata = getMetadataFromRuntime(`0x${wasm.toString('hex')}`);
const digest = merkleizeMetadata(metadata, NETWORK).digest();
console.log(`0x${Buffer.from(digest).toString('hex')}`);
