// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session, reasonOf } from '../src/session.mjs';
import { targetOf } from '../src/work.mjs';

const line = (object) => JSON.stringify(object);
const notify = (id, clean) =>
  line({ id: null, method: 'mining.notify', params: [id, '00'.repeat(32), '01', '02', [], '20000000', '1d00ffff', '495fab29', clean] });

function subscribed(rollVersion = false) {
  const session = new Session({ user: 'worker', password: 'x', agent: 'test/1', rollVersion });
  let [request] = session.start().map(JSON.parse);
  if (rollVersion) {
    assert.equal(request.method, 'mining.configure');
    [request] = session.receive(line({ id: request.id, result: { 'version-rolling': true, 'version-rolling.mask': '1fffe000' }, error: null })).send.map(JSON.parse);
  }
  assert.deepEqual([request.method, request.params], ['mining.subscribe', ['test/1']]);
  const [, authorize] = session.receive(line({ id: request.id, result: [[], 'aabbccdd', 4], error: null })).send.map(JSON.parse);
  assert.deepEqual([authorize.method, authorize.params], ['mining.authorize', ['worker', 'x']]);
  session.receive(line({ id: authorize.id, result: true, error: null }));
  return session;
}

test('a new difficulty and a new extranonce hold from the next job on', () => {
  const session = subscribed();
  session.receive(line({ id: null, method: 'mining.set_difficulty', params: [0.25] }));
  const first = session.receive(notify('1', true)).work;
  assert.equal(first.target, targetOf(0.25));
  assert.equal(first.extranonce1.toString('hex'), 'aabbccdd');

  assert.equal(session.receive(line({ id: null, method: 'mining.set_difficulty', params: [2] })).work, undefined);
  assert.equal(session.receive(line({ id: null, method: 'mining.set_extranonce', params: ['ee', 2] })).work, undefined);
  assert.equal(session.job.difficulty, 0.25);
  assert.equal(session.extranonce.one.toString('hex'), 'aabbccdd');

  const second = session.receive(notify('2', false)).work;
  assert.deepEqual([second.difficulty, second.extranonce1.toString('hex'), second.extranonce2Size], [2, 'ee', 2]);
  assert.deepEqual([...session.jobs], ['1', '2']);
  assert.equal(second.fresh, true, 'another extranonce is another space to search');
  assert.equal(session.receive(notify('2', false)).work.fresh, false, 'the same job sent anew is not searched anew');
  assert.equal(session.receive(notify('3', true)).work.fresh, true);
  assert.deepEqual([...session.jobs], ['3']);
});

test('the version mask holds at once, and a submit carries the bits', () => {
  const session = subscribed(true);
  assert.equal(session.receive(notify('1', true)).work.mask, 0x1fffe000);
  assert.equal(session.receive(line({ id: null, method: 'mining.set_version_mask', params: ['00006000'] })).work.mask, 0x6000);
  assert.equal(session.receive(line({ id: null, method: 'mining.set_version_mask', params: ['00006000'] })).work.fresh, false);
  const share = { jobId: '1', extranonce2: '00000001', ntime: '495fab29', nonce: '7c2bac1d', bits: 0x2000 };
  assert.deepEqual(JSON.parse(session.submit(share)).params, ['worker', '1', '00000001', '495fab29', '7c2bac1d', '00002000']);
  assert.equal(JSON.parse(subscribed().submit(share)).params.length, 5);
});

test('a server without mining.configure gets five params', () => {
  for (const refusal of [{ result: null, error: [20, 'unknown method', null] }, { result: {}, error: null }, { result: { 'version-rolling': false }, error: null }]) {
    const session = new Session({ user: 'worker', password: 'x', agent: 'test/1', rollVersion: true });
    const [configure] = session.start().map(JSON.parse);
    const { send } = session.receive(line({ id: configure.id, ...refusal }));
    assert.equal(JSON.parse(send[0]).method, 'mining.subscribe');
    assert.equal(session.mask, 0);
  }
});

test('verdicts name the share and the reason', () => {
  const session = subscribed();
  const share = { jobId: '1', extranonce2: '00', ntime: '00000000', nonce: '00000000', bits: 0 };
  const sent = [JSON.parse(session.submit(share)), JSON.parse(session.submit(share)), JSON.parse(session.submit(share))];
  assert.equal(session.unanswered, 3);
  assert.deepEqual(session.receive(line({ id: sent[0].id, result: true, error: null })).verdict, { share, fault: undefined, accepted: true, reason: null });
  assert.equal(session.receive(line({ id: sent[1].id, result: null, error: [23, 'low difficulty share of 0.0012', null] })).verdict.reason, '23 low difficulty share of N');
  assert.equal(session.receive(line({ id: sent[2].id, result: false, error: null })).verdict.reason, 'refused without a reason');
  assert.equal(session.unanswered, 0);
  assert.equal(reasonOf({ code: 21, message: 'job not found' }), '21 job not found');
});

test('what the server asks is answered, and what it tells is passed on', () => {
  const session = subscribed();
  const replies = (method, params = []) => session.receive(line({ id: 9, method, params })).send.map(JSON.parse);
  assert.deepEqual(replies('mining.ping'), [{ id: 9, result: 'pong', error: null }]);
  assert.deepEqual(replies('client.get_version'), [{ id: 9, result: 'test/1', error: null }]);
  assert.equal(replies('client.unheard_of')[0].error[0], 20);
  assert.equal(session.receive(line({ id: null, method: 'client.show_message', params: ['hello'] })).show, 'hello');
  assert.deepEqual(session.receive(line({ id: null, method: 'client.reconnect', params: ['127.0.0.1', 3334, 2] })).reconnect, { host: '127.0.0.1', port: 3334, wait: 2 });
  assert.deepEqual(session.receive(line({ id: 12345, result: true, error: null })), { send: [] });
});

test('malformed lines are refused with what is wrong', () => {
  const session = subscribed();
  assert.throws(() => session.receive('{'), SyntaxError);
  assert.throws(() => session.receive('[]'), /not a JSON object/);
  assert.throws(() => session.receive(line({ id: null, method: 'mining.set_difficulty', params: [0] })), /difficulty/);
  assert.throws(() => session.receive(line({ id: null, method: 'mining.set_extranonce', params: ['zz', 4] })), /extranonce1/);
  assert.throws(() => session.receive(line({ id: null, method: 'mining.set_extranonce', params: ['00', 33] })), /extranonce2_size/);
  assert.throws(() => session.receive(line({ id: null, method: 'mining.notify', params: [] })), /9 params/);
});
