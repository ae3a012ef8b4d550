// SPDX-License-Identifier: Apache-2.0

/**
 * What a miner knows of its pool: a state that changes with each line received. It says what to send and does no IO.
 *
 * From the text of the protocol: difficulty and extranonce hold from the next job on, the version mask (BIP 310) at once.
 */
import { bytesOf, hex32, parseJob, targetOf } from './work.mjs';

/** The bits that BIP 320 leaves to miners. */
export const BIP320_MASK = 0x1fffe000;
const MAX_EXTRANONCE2 = 32;

/** A word for a rejection: the error's code and text as far as they don't change from share to share. */
export function reasonOf(error) {
  if (Array.isArray(error)) return `${error[0]} ${String(error[1]).replace(/[0-9.]+(?:e[+-]?[0-9]+)?/gi, 'N')}`;
  if (error !== null && typeof error === 'object') return `${error.code} ${error.message}`;
  return error === null || error === undefined ? 'refused without a reason' : String(error);
}

export class Session {
  #options;
  #nextId = 1;
  #pending = new Map();
  #nextDifficulty = 1;
  #nextExtranonce = null;
  extranonce = null;
  /** The version bits to roll; none until the server has agreed to it. */
  mask = 0;
  rolling = false;
  authorized = false;
  job = null;
  /** Ids of the jobs that no clean job has made worthless. */
  jobs = new Set();

  /** @param {{ user: string, password: string, agent: string, rollVersion: boolean }} options */
  constructor(options) {
    this.#options = options;
  }

  /** The first request. The others follow as answers come. */
  start() {
    if (!this.#options.rollVersion) return [this.#subscribe()];
    const mask = hex32(BIP320_MASK);
    return [this.#request('mining.configure', [['version-rolling'], { 'version-rolling.mask': mask, 'version-rolling.min-bit-count': 2 }])];
  }

  /** The line that submits a share; `fault` names what is wrong with it where that is on purpose. */
  submit(share, fault) {
    const params = [this.#options.user, share.jobId, share.extranonce2, share.ntime, share.nonce];
    if (this.rolling) params.push(hex32(share.bits));
    return this.#request('mining.submit', params, { share, fault });
  }

  /** How many submitted shares have no answer yet. */
  get unanswered() {
    return [...this.#pending.values()].filter(({ method }) => method === 'mining.submit').length;
  }

  /**
   * Takes in one line and returns what follows from it:
   * `send` lines to send, and one of `work`, `verdict`, `reconnect`, `show`, `failed` where the line meant that.
   *
   * @throws {TypeError} if the line isn't what the protocol has at this point
   */
  receive(line) {
    const message = JSON.parse(line);
    if (message === null || typeof message !== 'object' || Array.isArray(message)) throw new TypeError('line: not a JSON object');
    if (typeof message.method === 'string') return this.#notified(message.method, message.params ?? [], message.id ?? null);
    const request = this.#pending.get(message.id);
    if (request === undefined) return { send: [] };
    this.#pending.delete(message.id);
    return this.#answered(request, message.result ?? null, message.error ?? null);
  }

  #request(method, params, about = {}) {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#pending.set(id, { method, ...about });
    return JSON.stringify({ id, method, params });
  }

  #subscribe() {
    return this.#request('mining.subscribe', [this.#options.agent]);
  }

  #answered({ method, share, fault }, result, error) {
    switch (method) {
      case 'mining.configure':
        // A server that doesn't know the call refuses it: then no version is rolled.
        this.rolling = result?.['version-rolling'] === true;
        if (this.rolling) this.mask = this.#maskOf(result['version-rolling.mask']);
        return { send: [this.#subscribe()] };
      case 'mining.subscribe': {
        if (error !== null || !Array.isArray(result)) return { send: [], failed: `mining.subscribe: ${reasonOf(error)}` };
        this.extranonce = this.#extranonceOf(result[1], result[2]);
        const { user, password } = this.#options;
        return { send: [this.#request('mining.extranonce.subscribe', []), this.#request('mining.authorize', [user, password])] };
      }
      case 'mining.authorize':
        if (result !== true) return { send: [], failed: `mining.authorize: ${reasonOf(error)}` };
        this.authorized = true;
        return { send: [], work: this.#work(true) };
      case 'mining.submit':
        return { send: [], verdict: { share, fault, accepted: result === true, reason: result === true ? null : reasonOf(error) } };
      default:
        return { send: [] };
    }
  }

  #notified(method, params, id) {
    const reply = (result, error = null) => (id === null ? [] : [JSON.stringify({ id, result, error })]);
    switch (method) {
      case 'mining.notify': {
        const job = parseJob(params);
        const fresh = job.clean || this.#nextExtranonce !== null;
        if (this.#nextExtranonce !== null) this.extranonce = this.#nextExtranonce;
        this.#nextExtranonce = null;
        if (job.clean) this.jobs.clear();
        this.jobs.add(job.id);
        this.job = { job, difficulty: this.#nextDifficulty, target: targetOf(this.#nextDifficulty), received: Date.now() };
        return { send: [], work: this.#work(fresh) };
      }
      case 'mining.set_difficulty':
        targetOf(params[0]);
        this.#nextDifficulty = params[0];
        return { send: [], difficulty: params[0] };
      case 'mining.set_extranonce':
        this.#nextExtranonce = this.#extranonceOf(params[0], params[1]);
        return { send: [] };
      case 'mining.set_version_mask':
        this.mask = this.#maskOf(params[0]);
        return { send: [], work: this.#work(false) };
      case 'mining.ping':
        return { send: reply('pong') };
      case 'client.get_version':
        return { send: reply(this.#options.agent) };
      case 'client.show_message':
        return { send: reply(true), show: String(params[0]) };
      case 'client.reconnect':
        return { send: [], reconnect: { host: params[0] ?? null, port: params[1] ?? null, wait: params[2] ?? 0 } };
      default:
        return { send: reply(null, [20, `unknown method ${method}`, null]) };
    }
  }

  /**
   * What the hashers are to do now. Null as long as something is missing.
   * Work that isn't fresh may be the job they have, sent anew with another difficulty: what they have searched of it stays searched.
   */
  #work(fresh) {
    if (!this.authorized || this.extranonce === null || this.job === null) return null;
    return { fresh, ...this.job, extranonce1: this.extranonce.one, extranonce2Size: this.extranonce.size, mask: this.mask };
  }

  #maskOf(text) {
    return (bytesOf(text, 'version-rolling.mask', 4).readUInt32BE() & BIP320_MASK) >>> 0;
  }

  #extranonceOf(one, size) {
    if (!Number.isInteger(size) || size < 0 || size > MAX_EXTRANONCE2) throw new TypeError(`extranonce2_size: ${size} is not from 0 to ${MAX_EXTRANONCE2}`);
    return { one: bytesOf(one, 'extranonce1'), size };
  }
}
