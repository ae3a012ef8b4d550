// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 15_000;
const KEPT_LOG_LINES = 60;

/**
 * A development chain to talk to: the one at ERGON_WS_URL, or one of our own made by the binary at ERGON_NODE.
 *
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function startChain() {
  const running = process.env.ERGON_WS_URL;
  if (running) return { url: running, stop: async () => {} };
  const binary = process.env.ERGON_NODE;
  if (!binary) throw new Error('name a running development chain in ERGON_WS_URL, or a node binary in ERGON_NODE');

  const rpcPort = await freePort();
  const p2pPort = await freePort();
  const node = spawn(
    binary,
    [
      '--dev',
      '--tmp',
      '--no-mdns',
      '--no-prometheus',
      '--no-telemetry',
      ...['--rpc-port', String(rpcPort)],
      ...['--port', String(p2pPort)],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const log = [];
  node.stderr.setEncoding('utf8');
  node.stderr.on('data', (text) => {
    log.push(...text.split('\n').filter(Boolean));
    log.splice(0, Math.max(0, log.length - KEPT_LOG_LINES));
  });
  let failure;
  node.on('error', (error) => (failure = error));
  // A node must not outlive the tests, however they end.
  const kill = () => node.kill('SIGKILL');
  process.once('exit', kill);

  const stop = async () => {
    process.removeListener('exit', kill);
    if (node.exitCode !== null || node.signalCode !== null || failure) return;
    const ended = once(node, 'exit');
    node.kill('SIGTERM');
    const timer = setTimeout(kill, STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  };

  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await listens(rpcPort))) {
    const ended = node.exitCode !== null || node.signalCode !== null;
    if (failure || ended || Date.now() > deadline) {
      await stop();
      throw new Error(`the node did not start: ${failure ?? node.exitCode ?? 'timeout'}\n${log.join('\n')}`);
    }
    await sleep(200);
  }
  return { url: `ws://127.0.0.1:${rpcPort}`, stop };
}

/** A port that nobody listened on a moment ago. */
async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
