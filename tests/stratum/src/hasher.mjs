// SPDX-License-Identifier: Apache-2.0

/**
 * A worker thread that searches its part of the current job: the slices `thread`, `thread + threads`, `thread + 2 threads` …
 *
 * In: `{ work }`, or `{ work: null }` to rest. Out: one message per share found. Hashes done are added to `counts[thread]`.
 */
import crypto from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { headerOf, hashValue, hex32, rolledVersion, slice } from './work.mjs';

/** Nonces tried with one extranonce2 and version: few enough that a short test rolls all of them. */
const NONCES_PER_SLICE = 1 << 17;
/** Hashes between two looks for a new job: some 10 ms. */
const BATCH = 4096;

const { thread, threads } = workerData;
const counts = new Float64Array(workerData.counts);
// One call each since Node.js 20.12; before that, an object each.
const sha256 = crypto.hash
  ? (bytes) => crypto.hash('sha256', bytes, 'buffer')
  : (bytes) => crypto.createHash('sha256').update(bytes).digest();

let work = null;
let index = thread;
let part = null;
let searching = false;

/** The next part of the search space, ready to hash. Null when there is none left. */
function nextPart() {
  const job = { ...work.job, previous: Buffer.from(work.job.previous), branch: work.job.branch.map((hash) => Buffer.from(hash)) };
  const next = slice(index, work.extranonce2Size, work.mask, NONCES_PER_SLICE);
  index += threads;
  if (next === null) return null;
  const ntime = (job.ntime + (work.rollTime ? Math.floor((Date.now() - work.received) / 1000) : 0)) >>> 0;
  const version = rolledVersion(job.version, next.bits, work.mask);
  const header = headerOf(job, Buffer.from(work.extranonce1), next.extranonce2, version, ntime);
  return { ...next, ntime, header, end: next.nonce + NONCES_PER_SLICE };
}

function found(hash) {
  parentPort.postMessage({
    jobId: work.job.id,
    difficulty: work.difficulty,
    extranonce2: part.extranonce2.toString('hex'),
    ntime: hex32(part.ntime),
    nonce: hex32(part.nonce),
    bits: part.bits,
    hash: Buffer.from(hash).reverse().toString('hex'),
  });
}

function search() {
  searching = false;
  if (work === null) return;
  part ??= nextPart();
  if (part === null) return;
  const top = Number(work.target >> 224n);
  const end = Math.min(part.end, part.nonce + BATCH);
  const started = part.nonce;
  for (; part.nonce < end; part.nonce += 1) {
    part.header.writeUInt32LE(part.nonce, 76);
    const hash = sha256(sha256(part.header));
    if (hash.readUInt32LE(28) <= top && hashValue(hash) <= work.target) found(hash);
  }
  counts[thread] += end - started;
  if (part.nonce >= part.end) part = null;
  schedule();
}

/** Searches on after the messages that have come meanwhile. */
function schedule() {
  if (!searching) {
    searching = true;
    setImmediate(search);
  }
}

parentPort.on('message', (message) => {
  work = message.work;
  part = null;
  if (work?.fresh) index = thread;
  if (work !== null) schedule();
});
