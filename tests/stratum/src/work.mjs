// SPDX-License-Identifier: Apache-2.0

/**
 * A Stratum V1 job's arithmetic for SHA-256d, from the protocol's text and Bitcoin's block header format. Nothing here does IO.
 */
import { createHash } from 'node:crypto';

/** The target of difficulty 1: 0x00000000FFFF0000…00, as pools count. */
export const DIFFICULTY_1 = 0xffffn << 208n;

const MAX_TARGET = (1n << 256n) - 1n;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** SHA-256 of SHA-256, in the order of the hash function's output. */
export const sha256d = (bytes) => sha256(sha256(bytes));

/** The bytes of `hex`. @throws {TypeError} naming `what` if it isn't whole hex bytes, `length` of them where given. */
export function bytesOf(hex, what, length) {
  if (typeof hex !== 'string' || !/^(?:[0-9a-fA-F]{2})*$/.test(hex)) throw new TypeError(`${what}: not hex`);
  if (length !== undefined && hex.length !== 2 * length) throw new TypeError(`${what}: not ${length} bytes`);
  return Buffer.from(hex, 'hex');
}

/** Reverses the bytes within each group of four: what a previous block's hash has gone through on the wire. */
export function swapWords(bytes) {
  const swapped = Buffer.from(bytes);
  return swapped.swap32();
}

/** 32 bits as 8 hex digits, most significant first: how Stratum writes version, nbits, ntime and nonce. */
export const hex32 = (value) => (value >>> 0).toString(16).padStart(8, '0');

/** The root of a Merkle tree from its first leaf and the branch beside it, both in the hash function's order. */
export function merkleRoot(leaf, branch) {
  return branch.reduce((root, sibling) => sha256d(Buffer.concat([root, sibling])), leaf);
}

/** Parses the params of a mining.notify. @throws {TypeError} naming the field that is malformed. */
export function parseJob(params) {
  if (!Array.isArray(params) || params.length < 9) throw new TypeError('mining.notify: needs 9 params');
  const [id, prevhash, coinb1, coinb2, branch, version, nbits, ntime, clean] = params;
  if (typeof id !== 'string') throw new TypeError('job id: not a string');
  if (!Array.isArray(branch)) throw new TypeError('merkle branch: not a list');
  return {
    id,
    previous: swapWords(bytesOf(prevhash, 'prevhash', 32)),
    coinbase1: bytesOf(coinb1, 'coinb1'),
    coinbase2: bytesOf(coinb2, 'coinb2'),
    branch: branch.map((hash, index) => bytesOf(hash, `merkle branch ${index}`, 32)),
    version: bytesOf(version, 'version', 4).readUInt32BE(),
    nbits: bytesOf(nbits, 'nbits', 4).readUInt32BE(),
    ntime: bytesOf(ntime, 'ntime', 4).readUInt32BE(),
    clean: clean === true,
  };
}

/** nVersion after BIP 310: the job's bits where the mask is 0, the miner's where it is 1. */
export const rolledVersion = (version, bits, mask) => ((version & ~mask) | (bits & mask)) >>> 0;

/** The 80 bytes of a block header for one extranonce, version and time; nonce 0. */
export function headerOf(job, extranonce1, extranonce2, version, ntime) {
  const coinbase = Buffer.concat([job.coinbase1, extranonce1, extranonce2, job.coinbase2]);
  const header = Buffer.alloc(80);
  header.writeUInt32LE(version, 0);
  header.set(job.previous, 4);
  header.set(merkleRoot(sha256d(coinbase), job.branch), 36);
  header.writeUInt32LE(ntime, 68);
  header.writeUInt32LE(job.nbits, 72);
  return header;
}

/** A header's hash as the number that is compared with a target: its bytes read with the last one most significant. */
export const hashValue = (hash) => BigInt(`0x${Buffer.from(hash).reverse().toString('hex')}`);

/** The greatest hash value that has `difficulty`, a positive finite number that may well be below 1. */
export function targetOf(difficulty) {
  if (!Number.isFinite(difficulty) || difficulty <= 0) throw new TypeError('difficulty: not a positive number');
  // A double is a whole number over a power of two: so no digit is lost.
  let denominator = 1n;
  let numerator = difficulty;
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    denominator *= 2n;
  }
  const target = (DIFFICULTY_1 * denominator) / BigInt(numerator);
  return target > MAX_TARGET ? MAX_TARGET : target;
}

/** Spreads the low bits of `value` over the set bits of `mask`, lowest first. */
export function spread(value, mask) {
  let bits = 0;
  let left = value;
  for (let bit = 0; bit < 32; bit += 1) {
    if ((mask >>> bit) & 1) {
      if (left & 1) bits |= 1 << bit;
      left = Math.floor(left / 2);
    }
  }
  return bits >>> 0;
}

/**
 * The search space's slice number `index`: which extranonce2, version bits and first nonce it has.
 * Slices differ in extranonce2 until those are used up, then in nonce; so no two yield the same share.
 *
 * @returns {{ extranonce2: Buffer, bits: number, nonce: number } | null} null once the space is exhausted
 */
export function slice(index, extranonce2Size, mask, noncesPerSlice) {
  const space = 256 ** extranonce2Size;
  const nonce = Math.floor(index / space) * noncesPerSlice;
  if (nonce + noncesPerSlice > 2 ** 32) return null;
  const extranonce2 = Buffer.from((index % space).toString(16).padStart(2 * extranonce2Size, '0').slice(0, 2 * extranonce2Size), 'hex');
  return { extranonce2, bits: spread(index, mask), nonce };
}
