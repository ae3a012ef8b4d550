#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0

/**
 * An upstream pool for tests of the proxy: the npm package stratum-pool-sha256 on a fake getblocktemplate daemon.
 *
 * Prints one JSON object per line: {"event":"ready",…} once, {"event":"share",…} for each share that the pool judged, and
 * {"event":"end",…} with the sums when it is told to stop by SIGTERM, SIGINT or the end of its standard input.
 */
import { parseArgs } from 'node:util';
import { Chain, serve } from './src/daemon.mjs';
import { freePort, number } from './src/options.mjs';
import { startPool } from './src/pool.mjs';

const USAGE = `usage: upstream.mjs [options]
  --port N          Stratum port on 127.0.0.1; 0 takes a free one (default 0)
  --daemon-port N   the fake daemon's port; 0 takes a free one (default 0)
  --difficulty D    of a new connection (default 0.0001, that is 429,497 hashes a share)
  --vardiff S       have the pool aim at one share in S seconds
  --block-seconds S a new block every S seconds; 0 is never (default 30)
  --job-seconds S   a new job for the same block every S seconds (default 55)
  --until-eof       stop when standard input ends`;

let settings;
let blockSeconds;
let untilEof;
try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'daemon-port': { type: 'string', default: '0' },
      difficulty: { type: 'string', default: '0.0001' },
      vardiff: { type: 'string' },
      'block-seconds': { type: 'string', default: '30' },
      'job-seconds': { type: 'string', default: '55' },
      'until-eof': { type: 'boolean', default: false },
    },
  });
  settings = {
    port: number(values, 'port', 0, 65_535),
    daemon: number(values, 'daemon-port', 0, 65_535),
    difficulty: number(values, 'difficulty', 1e-9),
    vardiff: values.vardiff === undefined ? undefined : number(values, 'vardiff', 1, 3600),
    refresh: 250,
    rebroadcast: number(values, 'job-seconds', 1, 3600),
  };
  blockSeconds = number(values, 'block-seconds', 0, 86_400);
  untilEof = values['until-eof'];
} catch (error) {
  console.error(`${error.message}\n${USAGE}`);
  process.exit(2);
}

const sums = { accepted: 0, acceptedDifficulty: 0, rejected: {} };

/** A reason without its numbers: those would make each one its own. */
const kind = (reason) => String(reason).replace(/ of [0-9.e-]+$/, '');

function tell(event) {
  if (event.event === 'share' && event.accepted) {
    sums.accepted += 1;
    sums.acceptedDifficulty += event.difficulty;
  } else if (event.event === 'share') {
    const reason = kind(event.reason);
    sums.rejected[reason] = (sums.rejected[reason] ?? 0) + 1;
  }
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function end() {
  process.stdout.write(`${JSON.stringify({ event: 'end', ...sums, blocks: chain.submitted.length })}\n`, () => process.exit(0));
}

const chain = new Chain();
const daemon = await serve(chain, settings.daemon);
if (blockSeconds > 0) setInterval(() => chain.advance(), blockSeconds * 1000);
process.once('SIGTERM', end).once('SIGINT', end);
if (untilEof) process.stdin.on('end', end).resume();
startPool({ ...settings, port: await freePort(settings.port), daemon: daemon.address().port }, tell);
