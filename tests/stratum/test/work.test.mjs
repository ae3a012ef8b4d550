// SPDX-License-Identifier: Apache-2.0

// Bitcoin's own first blocks say what the arithmetic has to yield.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DIFFICULTY_1, bytesOf, hashValue, headerOf, merkleRoot, parseJob, rolledVersion, sha256d, slice, spread, swapWords, targetOf,
} from '../src/work.mjs';

const shown = (hash) => Buffer.from(hash).reverse().toString('hex');

/** The genesis block's coinbase transaction, cut where a pool would put 4 + 4 bytes of extranonce: into its headline. */
const GENESIS_COINBASE =
  '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000';
const CUT = 120;
const genesis = parseJob([
  'genesis', '00'.repeat(32), GENESIS_COINBASE.slice(0, CUT), GENESIS_COINBASE.slice(CUT + 16), [], '00000001', '1d00ffff', '495fab29', true,
]);
const extranonce1 = Buffer.from(GENESIS_COINBASE.slice(CUT, CUT + 8), 'hex');
const extranonce2 = Buffer.from(GENESIS_COINBASE.slice(CUT + 8, CUT + 16), 'hex');
const GENESIS_HASH = '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f';

function genesisHeader(version = 1) {
  const header = headerOf(genesis, extranonce1, extranonce2, version, genesis.ntime);
  header.writeUInt32LE(0x7c2bac1d, 76);
  return header;
}

test('the genesis block: coinbase, Merkle root, header and hash', () => {
  const coinbase = Buffer.from(GENESIS_COINBASE, 'hex');
  assert.equal(shown(sha256d(coinbase)), '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b');
  const header = genesisHeader();
  assert.equal(
    header.toString('hex'),
    '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
  );
  assert.equal(shown(sha256d(header)), GENESIS_HASH);
});

test('the genesis block has difficulty 1, and far from 2^32 / 1', () => {
  const value = hashValue(sha256d(genesisHeader()));
  assert.equal(value, BigInt(`0x${GENESIS_HASH}`));
  assert.ok(value <= targetOf(1));
  assert.ok(value <= targetOf(2536), 'its hash is worth about 2536.4');
  assert.ok(value > targetOf(2537));
});

test('block 1: the previous hash arrives with the bytes of each word reversed', () => {
  const coinbase =
    '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704ffff001d0104ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c52da7589379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000';
  const job = parseJob([
    '1', '0a8ce26f72b3f1b646a2a6c14ff763ae65831e939c085ae10019d66800000000', coinbase.slice(0, 90), coinbase.slice(98), [], '00000001', '1d00ffff',
    '4966bc61', false,
  ]);
  assert.equal(shown(job.previous), GENESIS_HASH);
  const header = headerOf(job, Buffer.from(coinbase.slice(90, 94), 'hex'), Buffer.from(coinbase.slice(94, 98), 'hex'), 1, job.ntime);
  header.writeUInt32LE(0x9962e301, 76);
  assert.equal(shown(sha256d(header)), '00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048');
});

test('block 100000: a Merkle branch of two', () => {
  const leaf = (txid) => Buffer.from(txid, 'hex').reverse();
  const third = leaf('6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4');
  const fourth = leaf('e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d');
  const branch = [leaf('fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4'), sha256d(Buffer.concat([third, fourth]))];
  assert.equal(
    shown(merkleRoot(leaf('8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87'), branch)),
    'f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766',
  );
});

test('targets of fractional difficulties', () => {
  assert.equal(targetOf(1), DIFFICULTY_1);
  assert.equal(targetOf(0.5), DIFFICULTY_1 * 2n);
  assert.equal(targetOf(2 ** -20), DIFFICULTY_1 << 20n);
  assert.equal(targetOf(0.001) / 1000n <= DIFFICULTY_1, true);
  assert.equal(targetOf(1e-300), (1n << 256n) - 1n);
  for (const bad of [0, -1, NaN, Infinity, '1', undefined]) assert.throws(() => targetOf(bad), /difficulty/);
});

test('version rolling changes the bits of the mask and no other', () => {
  const mask = 0x1fffe000;
  assert.equal(spread(0b101, 0x0000a100), 0x00008100);
  assert.equal(spread(0xffffffff, mask), mask);
  assert.equal(rolledVersion(0x20000000, 0xffffffff, mask), 0x3fffe000);
  assert.equal(rolledVersion(0xffffffff, 0, mask), 0xe0001fff);
  assert.notEqual(shown(sha256d(genesisHeader(rolledVersion(1, 0x2000, mask)))), GENESIS_HASH);
});

test('no two slices of the search space overlap, and it ends', () => {
  const seen = new Set();
  const perSlice = 2 ** 31;
  let index = 0;
  for (let one = slice(0, 1, 0, perSlice); one !== null; one = slice((index += 1), 1, 0, perSlice)) {
    assert.equal(one.extranonce2.length, 1);
    seen.add(`${one.extranonce2.toString('hex')} ${one.nonce}`);
  }
  assert.equal(index, 512);
  assert.equal(seen.size, 512);
  assert.equal(slice(0, 0, 0, 16).extranonce2.length, 0);
  assert.equal(slice(1, 0, 0, 16).nonce, 16);
  assert.equal(slice(0x0102, 4, 0, 16).extranonce2.toString('hex'), '00000102');
});

test('a malformed job is refused with the name of the field', () => {
  const good = ['1', '00'.repeat(32), '01', '02', ['00'.repeat(32)], '20000000', '1d00ffff', '495fab29', true];
  assert.equal(parseJob(good).clean, true);
  const broken = (index, value) => good.map((old, at) => (at === index ? value : old));
  assert.throws(() => parseJob(broken(0, 7)), /job id/);
  assert.throws(() => parseJob(broken(1, '00')), /prevhash/);
  assert.throws(() => parseJob(broken(2, 'xy')), /coinb1/);
  assert.throws(() => parseJob(broken(3, '0')), /coinb2/);
  assert.throws(() => parseJob(broken(4, ['00'])), /merkle branch 0/);
  assert.throws(() => parseJob(broken(5, '1')), /version/);
  assert.throws(() => parseJob(broken(6, null)), /nbits/);
  assert.throws(() => parseJob(broken(7, '')), /ntime/);
  assert.throws(() => parseJob(good.slice(1)), /9 params/);
  assert.throws(() => bytesOf('0', 'x'), /x: not hex/);
  assert.deepEqual(swapWords(Buffer.from('0102030405060708', 'hex')), Buffer.from('0403020108070605', 'hex'));
});
