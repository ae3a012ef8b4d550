// SPDX-License-Identifier: Apache-2.0

/**
 * The pool server of the npm package stratum-pool-sha256, set up on our fake daemon.
 */
import net from 'node:net';
import { createRequire } from 'node:module';

/** Bitcoin's genesis address: the pool wants one, and nothing is ever paid to it. */
const ADDRESS = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';

/**
 * The package listens on every interface and has no option to do otherwise; a test's server has no business there.
 * Every net.Server of this process is bound to the loopback interface from here on.
 */
function keepToLoopback() {
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function listenOnLoopback(port, ...rest) {
    if (typeof port !== 'number') return listen.call(this, port, ...rest);
    const callback = rest.find((argument) => typeof argument === 'function');
    return listen.call(this, port, '127.0.0.1', callback);
  };
}

/**
 * Starts the pool on `port` and calls `tell` with one object per event: `ready`, `share` and `log`.
 *
 * @param {{ port: number, daemon: number, difficulty: number, vardiff?: number, refresh: number, rebroadcast: number }} settings
 *   ports, difficulty of a new connection, seconds between two shares that the pool's vardiff aims at, milliseconds between
 *   two looks for a new block, seconds after which the same block's job is sent anew
 */
export function startPool(settings, tell) {
  keepToLoopback();
  // The package prints what it does with console.log: standard output is for our lines.
  console.log = () => {};
  const { createPool } = createRequire(import.meta.url)('stratum-pool-sha256');
  const port = { diff: settings.difficulty };
  if (settings.vardiff !== undefined) {
    port.varDiff = {
      minDiff: settings.difficulty / 1024, maxDiff: settings.difficulty * 1024, targetTime: settings.vardiff, retargetTime: 4 * settings.vardiff,
      variancePercent: 30,
    };
  }
  const pool = createPool(
    {
      coin: { name: 'Bitcoin', symbol: 'BTC', algorithm: 'sha256' },
      address: ADDRESS,
      rewardRecipients: {},
      blockRefreshInterval: settings.refresh,
      jobRebroadcastTimeout: settings.rebroadcast,
      connectionTimeout: 600,
      banning: { enabled: false },
      varDiff: { mode: 'fast' },
      ports: { [settings.port]: port },
      daemons: [{ host: '127.0.0.1', port: settings.daemon, user: 'pool', password: 'pool' }],
    },
    (address, localPort, worker, password, decide) => decide({ error: null, authorized: worker !== 'nobody', disconnect: false }),
  );
  pool.on('started', () => tell({ event: 'ready', stratum: settings.port, daemon: settings.daemon, difficulty: settings.difficulty }));
  pool.on('share', (valid, block, share) => {
    tell({
      event: 'share', accepted: valid, worker: share.worker, job: share.job, difficulty: share.difficulty,
      ...(valid ? { shareDifficulty: Number(share.shareDiff) } : { reason: share.error }),
    });
  });
  pool.on('difficultyUpdate', (worker, difficulty) => tell({ event: 'difficulty', worker, difficulty }));
  pool.on('log', (severity, text) => {
    if (severity !== 'debug' && severity !== 'special') tell({ event: 'log', severity, text });
  });
  pool.start();
}
