#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0

/**
 * A Stratum V1 miner for SHA-256d on CPU cores, written from the protocol's text for tests of a server: it shares no code with it.
 *
 * Prints its statistics as one JSON object when it ends. Ends with 0 if a share was accepted, with 1 if not.
 */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { Miner } from './src/miner.mjs';
import { number } from './src/options.mjs';

const USAGE = `usage: miner.mjs [options] HOST:PORT
  --user NAME        worker name (default worker)
  --password TEXT    (default x)
  --agent TEXT       what it calls itself (default ergon-test-miner/1)
  --threads N        (default 1)
  --seconds N        mine for N seconds (default 30)
  --shares N         end sooner, once N shares are accepted
  --roll-version     negotiate version rolling (BIP 310) and use it
  --roll-time        let ntime run on with the clock
  --submit-stale     submit what was found for a job that a clean one has replaced
  --faults           follow every fifth share with a faulty one: duplicate, unknown job, low difficulty, wrong size, wrong time
  --report SECONDS   print a line of JSON so often: at (milliseconds of Unix time) and hashes made up to then
  --record FILE      write each line sent and received to FILE, as JSON: t (seconds), dir (in, out, event), line`;

let options;
let seconds;
let report;
let file;
try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      user: { type: 'string', default: 'worker' },
      password: { type: 'string', default: 'x' },
      agent: { type: 'string', default: 'ergon-test-miner/1' },
      threads: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '30' },
      shares: { type: 'string' },
      'roll-version': { type: 'boolean', default: false },
      'roll-time': { type: 'boolean', default: false },
      'submit-stale': { type: 'boolean', default: false },
      faults: { type: 'boolean', default: false },
      report: { type: 'string' },
      record: { type: 'string' },
    },
  });
  if (positionals.length !== 1) throw new TypeError('needs one HOST:PORT');
  const [, host, port] = /^(?:stratum\+tcp:\/\/)?(.+):(\d+)$/.exec(positionals[0]) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) throw new TypeError(`'${positionals[0]}' is not HOST:PORT`);
  seconds = number(values, 'seconds', 0.1, 86_400);
  report = values.report === undefined ? null : number(values, 'report', 0.1, 3_600);
  file = values.record;
  options = {
    host,
    port: Number(port),
    user: values.user,
    password: values.password,
    agent: values.agent,
    threads: Math.floor(number(values, 'threads', 1, 256)),
    limit: values.shares === undefined ? Infinity : Math.floor(number(values, 'shares', 1)),
    rollVersion: values['roll-version'],
    rollTime: values['roll-time'],
    submitStale: values['submit-stale'],
    faults: values.faults,
  };
} catch (error) {
  console.error(`${error.message}\n${USAGE}`);
  process.exit(2);
}

const started = performance.now();
const transcript = file === undefined ? null : createWriteStream(file);
options.record = (dir, line) => transcript?.write(`${JSON.stringify({ t: Number(((performance.now() - started) / 1000).toFixed(3)), dir, line })}\n`);
options.log = (text) => console.error(text);

const miner = new Miner(options);
const timer = setTimeout(() => miner.stop(), 1000 * seconds);
const reports = report === null ? null : setInterval(() => console.log(JSON.stringify({ at: Date.now(), hashes: miner.hashes })), 1000 * report);
process.once('SIGINT', () => miner.stop()).once('SIGTERM', () => miner.stop());
const stats = await miner.run();
clearTimeout(timer);
clearInterval(reports);
if (transcript !== null) await finished(transcript.end());
console.log(JSON.stringify(stats));
process.exitCode = stats.accepted > 0 ? 0 : 1;
