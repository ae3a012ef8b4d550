// SPDX-License-Identifier: Apache-2.0

/**
 * One TCP connection to a Stratum server, line by line, with a transcript where one is wanted.
 */
import net from 'node:net';

/** Far above any job: 1 MiB. */
const MAX_LINE = 1 << 20;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connects and calls `onLine` with each line. `onEnd` is called once, with why the connection is over.
 *
 * @param {(direction: 'in' | 'out' | 'event', text: string) => void} record
 * @returns {{ send(line: string): void, close(reason: string): void }}
 */
export function connect({ host, port }, record, onOpen, onLine, onEnd) {
  const socket = net.connect({ host, port });
  let rest = '';
  let over = false;

  function close(reason) {
    if (over) return;
    over = true;
    record('event', `closed: ${reason}`);
    socket.destroy();
    onEnd(reason);
  }

  socket.setEncoding('utf8');
  socket.setNoDelay(true);
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => close('no connection in time'));
  socket.on('connect', () => {
    socket.setTimeout(0);
    record('event', `connected to ${host}:${port}`);
    onOpen();
  });
  socket.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (over) return;
      if (line.trim() === '') continue;
      record('in', line);
      try {
        onLine(line);
      } catch (error) {
        close(`malformed line: ${error.message}`);
      }
    }
    if (rest.length > MAX_LINE) close(`line longer than ${MAX_LINE} characters`);
  });
  socket.on('error', (error) => close(error.code ?? error.message));
  socket.on('close', () => close('by the server'));

  return {
    send(line) {
      if (over) return;
      record('out', line);
      socket.write(`${line}\n`);
    },
    close,
  };
}
