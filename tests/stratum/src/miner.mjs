// SPDX-License-Identifier: Apache-2.0

/**
 * The miner: a session on a connection, worker threads that hash, and the statistics.
 */
import { Worker } from 'node:worker_threads';
import { connect } from './connection.mjs';
import { Session } from './session.mjs';
import { hex32 } from './work.mjs';

const RETRY_MS = 1000;
/** How long a stopped miner waits for the server's last verdicts. */
const DRAIN_MS = 3000;
/** With `faults`, every so many shares one is followed by a faulty one. */
const FAULT_EVERY = 5;
const DIFFICULTY_1_HASHES = 2 ** 48 / 0xffff;

const bump = (counts, key) => {
  counts[key] = (counts[key] ?? 0) + 1;
};

/** What `--faults` sends after a share, in turn: each is one that a server has to refuse. */
const FAULTS = [
  ['duplicate', (share) => share],
  ['unknown job', (share) => ({ ...share, jobId: 'ffffffffff' })],
  ['low difficulty', (share) => ({ ...share, nonce: hex32(parseInt(share.nonce, 16) ^ 1) })],
  ['short extranonce2', (share) => ({ ...share, extranonce2: share.extranonce2.slice(2) })],
  ['ntime a day ahead', (share) => ({ ...share, ntime: hex32(parseInt(share.ntime, 16) + 86_400) })],
];

export class Miner {
  #options;
  #counts;
  #workers = [];
  #session = null;
  #connection = null;
  #endpoint;
  #stopping = false;
  #retry = null;
  #faultIndex = 0;
  #finished;
  #finish;
  /** Milliseconds that the threads had work, and since when they have it now. */
  #busy = 0;
  #busySince = null;
  #lastJob = null;
  #stats = {
    connections: 0, jobs: 0, cleanJobs: 0, found: 0, submitted: 0, accepted: 0, provenHashes: 0, rejected: {}, unanswered: 0, droppedStale: 0, faults: {},
    difficulties: [], reconnectsRefused: 0, ended: [],
  };

  /**
   * @param {{ host: string, port: number, user: string, password: string, agent: string, rollVersion: boolean, rollTime: boolean,
   *   threads: number, faults: boolean, submitStale: boolean, limit: number, record: Function, log: Function }} options
   */
  constructor(options) {
    this.#options = options;
    this.#endpoint = { host: options.host, port: options.port };
    this.#counts = new Float64Array(new SharedArrayBuffer(8 * options.threads));
    this.#finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Mines until `stop()`, or until `limit` shares are accepted. Resolves with the statistics. */
  async run() {
    for (let thread = 0; thread < this.#options.threads; thread += 1) {
      const worker = new Worker(new URL('./hasher.mjs', import.meta.url), {
        workerData: { thread, threads: this.#options.threads, counts: this.#counts.buffer },
      });
      worker.on('message', (share) => this.#found(share));
      worker.on('error', (error) => this.#fail(`hasher: ${error.message}`));
      this.#workers.push(worker);
    }
    this.#connect();
    await this.#finished;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    const seconds = this.#busy / 1000;
    const { hashes } = this;
    const per = (count) => (seconds > 0 ? Math.round(count / seconds) : 0);
    const { provenHashes, ...stats } = this.#stats;
    return { hashes, seconds, rate: per(hashes), provenRate: per(provenHashes), ...stats };
  }

  /** Hashes made so far. */
  get hashes() {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** Stops hashing, waits a little for the last verdicts, and ends. */
  stop() {
    if (this.#stopping) return;
    this.#stopping = true;
    clearTimeout(this.#retry);
    this.#setWork(null);
    const deadline = Date.now() + DRAIN_MS;
    const drained = () => {
      if (this.#session !== null && this.#session.unanswered > 0 && Date.now() < deadline) return void setTimeout(drained, 20);
      this.#connection?.close('stopped');
      return this.#finish();
    };
    drained();
  }

  #fail(reason) {
    this.#stats.failed = reason;
    this.#options.log(reason);
    this.stop();
  }

  #connect() {
    const session = new Session(this.#options);
    this.#session = session;
    this.#connection = connect(
      this.#endpoint,
      this.#options.record,
      () => {
        this.#stats.connections += 1;
        session.start().forEach((line) => this.#connection.send(line));
      },
      (line) => this.#received(session.receive(line)),
      (reason) => {
        this.#stats.unanswered += session.unanswered;
        this.#disconnected(reason);
      },
    );
  }

  #disconnected(reason) {
    this.#stats.ended.push(reason);
    this.#session = null;
    this.#connection = null;
    if (this.#stopping) return;
    this.#setWork(null);
    this.#options.log(`connection over: ${reason}`);
    this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
  }

  #received({ send, work, verdict, difficulty, reconnect, show, failed }) {
    send.forEach((line) => this.#connection.send(line));
    if (difficulty !== undefined) this.#stats.difficulties.push(difficulty);
    if (show !== undefined) this.#options.log(`server: ${show}`);
    if (verdict !== undefined) this.#judged(verdict);
    if (work) this.#setWork({ ...work, rollTime: this.#options.rollTime });
    if (failed !== undefined) this.#fail(failed);
    if (reconnect !== undefined) this.#reconnect(reconnect);
  }

  /** Goes where the server says if that is the same host: sending a miner elsewhere is how hashrate is stolen. */
  #reconnect({ host, port, wait }) {
    const to = { host: host === null || host === '' ? this.#endpoint.host : String(host), port: port === null ? this.#endpoint.port : Number(port) };
    if (to.host !== this.#endpoint.host || !Number.isInteger(to.port) || to.port < 1 || to.port > 65_535) {
      this.#stats.reconnectsRefused += 1;
      return;
    }
    const seconds = Number.isFinite(Number(wait)) ? Math.min(Math.max(Number(wait), 0), 60) : 0;
    this.#endpoint = to;
    this.#connection.close('reconnect asked for');
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), 1000 * seconds);
  }

  #setWork(work) {
    if (work !== null && this.#stopping) return;
    if (work !== null && work.job !== this.#lastJob) {
      this.#lastJob = work.job;
      this.#stats.jobs += 1;
      if (work.job.clean) this.#stats.cleanJobs += 1;
    }
    if (this.#busySince !== null) this.#busy += performance.now() - this.#busySince;
    this.#busySince = work === null ? null : performance.now();
    this.#workers.forEach((worker) => worker.postMessage({ work }));
  }

  #found(share) {
    this.#stats.found += 1;
    const session = this.#session;
    // A share that was in flight when the connection or its mask changed has no taker any more.
    if (this.#stopping || session === null || !session.authorized || (share.bits & ~session.mask) !== 0) {
      this.#stats.droppedStale += 1;
      return;
    }
    if (!session.jobs.has(share.jobId) && !this.#options.submitStale) {
      this.#stats.droppedStale += 1;
      return;
    }
    this.#connection.send(session.submit(share));
    this.#stats.submitted += 1;
    if (this.#options.faults && this.#stats.submitted % FAULT_EVERY === 0) {
      const [fault, spoil] = FAULTS[this.#faultIndex % FAULTS.length];
      this.#faultIndex += 1;
      this.#connection.send(session.submit(spoil(share), fault));
    }
  }

  #judged({ share, fault, accepted, reason }) {
    if (fault !== undefined) {
      this.#stats.faults[fault] ??= {};
      bump(this.#stats.faults[fault], accepted ? 'accepted' : reason);
      return;
    }
    if (!accepted) {
      bump(this.#stats.rejected, reason);
      return;
    }
    this.#stats.accepted += 1;
    this.#stats.provenHashes += share.difficulty * DIFFICULTY_1_HASHES;
    if (this.#stats.accepted === this.#options.limit) this.stop();
  }
}
