// SPDX-License-Identifier: Apache-2.0

/**
 * A bitcoind's JSON-RPC as far as a pool server asks it: a chain that exists only in its answers. It listens on 127.0.0.1 only.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

const MAX_REQUEST = 4 << 20;

/** Main net's nbits of 2024, a difficulty of 8.4e13: no share of a test ever solves a block. */
const NBITS = '17035d25';
const DIFFICULTY = 83_675_262_295_059;
const TRANSACTIONS = 3;

const sha256d = (text) => createHash('sha256').update(createHash('sha256').update(text).digest()).digest('hex');

/** The chain: a height, and what hashes and transactions follow from it. */
export class Chain {
  #height = 840_000;
  #changed = Math.floor(Date.now() / 1000);
  submitted = [];

  /** A block by somebody else: the previous hash of every template after this one. */
  advance() {
    this.#height += 1;
    this.#changed = Math.floor(Date.now() / 1000);
  }

  template() {
    return {
      version: 0x20000000,
      rules: ['csv', 'segwit'],
      previousblockhash: `0000000000000000${sha256d(`block ${this.#height}`).slice(16)}`,
      transactions: Array.from({ length: TRANSACTIONS }, (_, index) => {
        const txid = sha256d(`transaction ${index} of ${this.#height}`);
        return { data: '', txid, hash: txid, fee: 1000, sigops: 1, weight: 400, depends: [] };
      }),
      coinbaseaux: {},
      coinbasevalue: 312_500_000,
      target: `${'0'.repeat(19)}35d25${'0'.repeat(40)}`,
      mintime: this.#changed - 3600,
      mutable: ['time', 'transactions', 'prevblock'],
      noncerange: '00000000ffffffff',
      sigoplimit: 80_000,
      sizelimit: 4_000_000,
      weightlimit: 4_000_000,
      curtime: this.#changed,
      bits: NBITS,
      height: this.#height + 1,
    };
  }

  /** The answer to one call: `{ result }` or `{ error }`. */
  call(method, params) {
    switch (method) {
      case 'getblocktemplate': return { result: this.template() };
      case 'validateaddress': return { result: { isvalid: true, address: params[0], scriptPubKey: `76a914${'00'.repeat(20)}88ac` } };
      case 'getdifficulty': return { result: DIFFICULTY };
      case 'getmininginfo': return { result: { blocks: this.#height, difficulty: DIFFICULTY, networkhashps: 6e20, chain: 'main' } };
      case 'getblockchaininfo': return { result: { chain: 'main', blocks: this.#height, difficulty: DIFFICULTY } };
      case 'getnetworkinfo': return { result: { version: 270_000, protocolversion: 70_016, connections: 8 } };
      case 'getpeerinfo': return { result: [{ id: 0, startingheight: this.#height }] };
      case 'submitblock':
        // Without a block this is how a pool asks whether the call exists; bitcoind answers a missing param with -1.
        if (typeof params[0] !== 'string') return { error: { code: -1, message: 'submitblock "hexdata"' } };
        this.submitted.push(params[0]);
        return { result: null };
      default: return { error: { code: -32601, message: 'Method not found' } };
    }
  }
}

function answer(chain, request) {
  const { id = null, method, params } = request !== null && typeof request === 'object' ? request : {};
  return { result: null, error: null, id, ...chain.call(method, Array.isArray(params) ? params : []) };
}

/** Serves `chain` until `close()` of what this returns, which is the HTTP server listening on `port`; 0 takes a free one. */
export async function serve(chain, port) {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk) => {
      body += chunk;
      if (body.length > MAX_REQUEST) request.destroy();
    });
    request.on('end', () => {
      let calls;
      try {
        calls = JSON.parse(body);
      } catch {
        response.writeHead(400).end();
        return;
      }
      const answers = Array.isArray(calls) ? calls.map((call) => answer(chain, call)) : answer(chain, calls);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers));
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
