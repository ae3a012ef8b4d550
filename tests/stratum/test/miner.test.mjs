// SPDX-License-Identifier: Apache-2.0

// The miner at a server that only this file has: what no pool package offers, namely version rolling, a new extranonce and a reconnect.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Miner } from '../src/miner.mjs';
import { hashValue, headerOf, parseJob, rolledVersion, sha256d, targetOf } from '../src/work.mjs';

const MASK = 0x0000e000;
const DIFFICULTY = 0.000001;
const JOB = ['1', '0a8ce26f72b3f1b646a2a6c14ff763ae65831e939c085ae10019d66800000000', '0102', '0304', ['11'.repeat(32)], '20000000', '17035d25', '66000000', true];

/** A server on a free port that calls `talk(send, message)` for each line of each connection. */
async function serve(talk) {
  const server = net.createServer((socket) => {
    const send = (message) => socket.write(`${JSON.stringify(message)}\n`);
    createInterface({ input: socket }).on('line', (line) => talk(send, JSON.parse(line), socket));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function minerFor(port, more = {}) {
  return new Miner({
    host: '127.0.0.1', port, user: 'worker', password: 'x', agent: 'test/1', rollVersion: true, rollTime: false, threads: 2, faults: false, submitStale: false,
    limit: Infinity, record: () => {}, log: () => {}, ...more,
  });
}

/** Answers the handshake; returns false for a message that isn't part of it. */
function handshake(send, { id, method }, extranonce1) {
  const results = {
    'mining.configure': { 'version-rolling': true, 'version-rolling.mask': '0000e000' },
    'mining.subscribe': [[['mining.notify', 's']], extranonce1, 2],
    'mining.extranonce.subscribe': true,
    'mining.authorize': true,
  };
  if (!(method in results)) return false;
  send({ id, result: results[method], error: null });
  if (method === 'mining.authorize') {
    send({ id: null, method: 'mining.set_difficulty', params: [DIFFICULTY] });
    send({ id: null, method: 'mining.notify', params: JOB });
  }
  return true;
}

test('rolled versions, a new extranonce and the answers to a ping all check out', { timeout: 60_000 }, async () => {
  const seen = { bits: new Set(), extranonce1: new Set(), pongs: 0 };
  const extranonces = { 1: 'aabbccdd', 2: '01' };
  let shares = 0;
  const server = await serve((send, message) => {
    if (handshake(send, message, extranonces[1])) return;
    if (message.result === 'pong') seen.pongs += 1;
    if (message.method !== 'mining.submit') return;
    const [, jobId, extranonce2, ntime, nonce, bits] = message.params;
    const rolled = parseInt(bits, 16);
    assert.equal(rolled & ~MASK, 0);
    const job = parseJob(JOB);
    const header = headerOf(job, Buffer.from(extranonces[jobId], 'hex'), Buffer.from(extranonce2, 'hex'), rolledVersion(job.version, rolled, MASK), parseInt(ntime, 16));
    header.writeUInt32LE(parseInt(nonce, 16), 76);
    const good = hashValue(sha256d(header)) <= targetOf(DIFFICULTY);
    send({ id: message.id, result: good, error: null });
    shares += 1;
    seen.bits.add(bits);
    seen.extranonce1.add(extranonces[jobId]);
    if (shares === 40) {
      send({ id: 7, method: 'mining.ping', params: [] });
      send({ id: null, method: 'mining.set_extranonce', params: [extranonces[2], 2] });
      send({ id: null, method: 'mining.notify', params: ['2', ...JOB.slice(1, 8), false] });
    }
  });
  const stats = await minerFor(server.address().port, { limit: 400 }).run();
  server.close();
  assert.deepEqual(stats.rejected, {});
  assert.ok(stats.accepted >= 400);
  assert.equal(seen.pongs, 1);
  assert.equal(seen.extranonce1.size, 2);
  assert.ok(seen.bits.size > 2, `${[...seen.bits]}`);
  // 400 shares say what the rate is to about 5 %: a third off would be a miscount.
  assert.ok(Math.abs(stats.provenRate / stats.rate - 1) < 0.33, JSON.stringify(stats));
});

test('a reconnect on the same host is followed, one to elsewhere is not, and a lost connection is renewed', { timeout: 60_000 }, async () => {
  let connections = 0;
  const second = await serve((send, message, socket) => {
    if (message.method === 'mining.configure') connections += 1;
    if (handshake(send, message, '02')) return;
    if (connections === 1) socket.destroy();
    else send({ id: message.id, result: true, error: null });
  });
  const first = await serve((send, message) => {
    if (handshake(send, message, '01')) return;
    send({ id: null, method: 'client.reconnect', params: ['192.0.2.1', 3333, 0] });
    send({ id: null, method: 'client.reconnect', params: ['127.0.0.1', second.address().port, 0] });
  });
  const stats = await minerFor(first.address().port, { limit: 5 }).run();
  first.close();
  second.close();
  assert.equal(stats.reconnectsRefused, 1);
  assert.equal(stats.connections, 3);
  assert.ok(stats.accepted >= 5);
  assert.ok(stats.unanswered >= 2);
});
