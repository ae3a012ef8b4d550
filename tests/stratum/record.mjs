#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0

/**
 * Stands between a miner and a server, changes nothing, and writes down what they say: a transcript of a miner that makes none itself.
 *
 * The transcript is that of `miner.mjs --record`: t (seconds), dir (in: to the miner, out: from it, event), line.
 */
import { createWriteStream } from 'node:fs';
import net from 'node:net';
import { createInterface } from 'node:readline';

const [from, to, file] = process.argv.slice(2);
const address = (text) => {
  const [, host, port] = /^(.+):(\d+)$/.exec(text ?? '') ?? [];
  if (host === undefined || Number(port) > 65_535) {
    console.error(`'${text}' is not HOST:PORT\nusage: record.mjs LISTEN SERVER FILE, the first two as HOST:PORT`);
    process.exit(2);
  }
  return { host, port: Number(port) };
};
const [listen, server] = [address(from), address(to)];
if (file === undefined) {
  console.error('FILE is missing\nusage: record.mjs LISTEN SERVER FILE');
  process.exit(2);
}

const started = performance.now();
const transcript = createWriteStream(file);
const record = (dir, line) => transcript.write(`${JSON.stringify({ t: Number(((performance.now() - started) / 1000).toFixed(3)), dir, line })}\n`);

net
  .createServer((miner) => {
    const upstream = net.connect(server);
    record('event', 'connected');
    for (const [source, sink, dir] of [
      [miner, upstream, 'out'],
      [upstream, miner, 'in'],
    ]) {
      source.setNoDelay(true);
      source.pipe(sink);
      createInterface({ input: source, crlfDelay: Infinity }).on('line', (line) => record(dir, line));
      source.on('error', (error) => record('event', `${dir}: ${error.code ?? error.message}`));
      source.on('close', () => sink.destroy());
    }
  })
  .listen(listen.port, listen.host);
