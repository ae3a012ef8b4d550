// SPDX-License-Identifier: Apache-2.0

// Our miner at a pool server that others wrote: what the miner counts is what the pool judged.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const ended = (child) => new Promise((resolve) => {
  child.once('exit', resolve);
});

let pool;
let folder;
let port;
const judged = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ergon-stratum-'));
  pool = spawn(process.execPath, [script('upstream.mjs'), '--difficulty', '0.000002', '--block-seconds', '3', '--job-seconds', '1', '--until-eof'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  port = await new Promise((resolve, reject) => {
    pool.once('exit', (code) => reject(new Error(`the pool ended with ${code}`)));
    createInterface({ input: pool.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      judged.push(event);
      if (event.event === 'ready') resolve(event.stratum);
    });
  });
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
  if (pool.exitCode === null) pool.kill();
});

async function mine(...options) {
  const child = spawn(process.execPath, [script('miner.mjs'), ...options, `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  const code = await ended(child);
  return { code, stats: JSON.parse(out) };
}

const count = (counts) => Object.values(counts).reduce((sum, one) => sum + one, 0);

test('the pool accepts every share and refuses every faulty one for its fault', async () => {
  const record = join(folder, 'transcript.jsonl');
  const { code, stats } = await mine('--user', 'first', '--seconds', '60', '--shares', '60', '--threads', '2', '--roll-version', '--faults', '--record', record);
  assert.equal(code, 0);
  assert.ok(stats.accepted >= 60, JSON.stringify(stats));
  // A block may replace the job while a share is on its way.
  assert.deepEqual(Object.keys(stats.rejected).filter((reason) => reason !== '21 job not found'), []);
  const expected = {
    duplicate: /^22 /, 'unknown job': /^21 /, 'low difficulty': /^23 /, 'short extranonce2': /^20 .*extranonce/, 'ntime a day ahead': /^20 ntime/,
  };
  assert.deepEqual(Object.keys(stats.faults).sort(), Object.keys(expected).sort());
  for (const [fault, reasons] of Object.entries(stats.faults)) {
    for (const reason of Object.keys(reasons)) assert.ok(expected[fault].test(reason) || reason === '21 job not found', `${fault}: ${reason}`);
  }
  const shares = judged.filter((event) => event.event === 'share' && event.worker === 'first');
  assert.equal(shares.filter((share) => share.accepted).length, stats.accepted);
  assert.equal(shares.length, stats.accepted + count(stats.rejected) + Object.values(stats.faults).reduce((sum, one) => sum + count(one), 0));

  const lines = (await readFile(record, 'utf8')).trim().split('\n').map(JSON.parse);
  assert.deepEqual([...new Set(lines.map(({ dir }) => dir))].sort(), ['event', 'in', 'out']);
  const submits = lines.filter(({ dir, line }) => dir === 'out' && JSON.parse(line).method === 'mining.submit');
  assert.equal(submits.length, shares.length);
  assert.ok(lines.every(({ t }, index) => index === 0 || t >= lines[index - 1].t));
});

test('a worker that the pool does not know mines nothing', async () => {
  const { code, stats } = await mine('--user', 'nobody', '--seconds', '10');
  assert.equal(code, 1);
  assert.match(stats.failed, /^mining.authorize/);
  assert.equal(stats.submitted, 0);
});

test('the pool ends with its sums', async () => {
  pool.stdin.end();
  await ended(pool);
  const end = judged.at(-1);
  assert.equal(end.event, 'end');
  assert.equal(end.accepted, judged.filter((event) => event.event === 'share' && event.accepted).length);
  assert.equal(end.blocks, 0);
});
