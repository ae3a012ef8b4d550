// SPDX-License-Identifier: Apache-2.0

/**
 * Numbers on the command line.
 */
import net from 'node:net';
import { once } from 'node:events';

/** The number that option `name` has in `values`. @throws {TypeError} naming the option if it is no number from `least` to `most`. */
export function number(values, name, least, most = Number.MAX_SAFE_INTEGER) {
  const text = values[name];
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < least || value > most) {
    throw new TypeError(`--${name}: '${text}' is not a number from ${least} to ${most}`);
  }
  return value;
}

/** `port`, or for 0 one that is free now. */
export async function freePort(port) {
  if (port !== 0) return port;
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const free = server.address().port;
  server.close();
  await once(server, 'close');
  return free;
}
