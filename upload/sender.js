// Send the files of one upload: several at once, piece by piece, and on through whatever interrupts it.

import { sendPiece } from "./api.js";
import { Numbers, written } from "./known.js";

const AT_ONCE = 4;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
// So often a file may fail by its own fault.
const TRIES = 5;
const STUMBLED = 500;

/** One file on its way. */
class Job {
  constructor({ name, file }, before) {
    this.name = written(name);
    this.file = file;
    this.number = before?.number ?? null;
    this.offset = before?.received ?? 0;
    this.out = 0; // bytes of the piece at hand that have left
    this.unsure = false; // whether the service must be asked how much has come
    this.tries = 0;
    this.seen = null;
  }
}

export class Sender {
  /**
   * @param upload the identifier of the upload, and ``largest`` the bytes of one piece
   * @param files [{name, file}]
   * @param known what had come before, as the service tells it
   * @param changed called when the state is another
   */
  constructor({ upload, largest, files, known, changed }) {
    this.upload = upload;
    this.largest = largest;
    this.changed = changed;
    this.state = "beginning";
    this.ended = null; // "stopped", "forbidden" or "over": nothing is sent any more
    this.counts = { stored: 0, present: 0, refused: 0 };
    this.failed = []; // {name, why, job}
    this.totalBytes = 0;
    this.doneBytes = 0;
    this.doneFiles = 0;
    this.totalFiles = files.length;
    this.active = new Set();
    this.numbers = new Numbers(upload, known);
    this.queue = [];
    for (const one of files) this.#enlist(one, files);
    this.queue.reverse();
    this.successes = 0;
    this.misses = 0;
    this.delay = 0;
    this.recovery = null;
    this.wake = () => {};
    this.closed = false;
    this.waiting = [];
    this.interruption = new AbortController();
  }

  /** Send what is still to be sent; returns when nothing more can be done. */
  async run() {
    this.#become("sending");
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.#work()));
    if (!this.ended && this.failed.length) this.#become("unsent");
  }

  pause() {
    this.#close("paused");
  }

  /** Go on after a pause, after signing in, or before the time to try again. */
  goOn() {
    if (this.closed) {
      this.closed = false;
      this.interruption = new AbortController();
      this.#become("sending");
      for (const go of this.waiting.splice(0)) go();
    }
    this.delay = 0;
    this.wake();
  }

  stop(why = "stopped") {
    this.ended ??= why;
    this.interruption.abort();
    for (const go of this.waiting.splice(0)) go();
    this.wake();
  }

  /** Have sent again what could not be sent. */
  retry() {
    for (const { job } of this.failed.splice(0)) {
      job.tries = 0;
      job.unsure = job.number !== null;
      this.queue.push(job);
    }
    return this.run();
  }

  /** Bytes that are there or on their way. */
  get bytes() {
    let bytes = this.doneBytes;
    for (const job of this.active) bytes += Math.min(job.offset + job.out, job.file.size);
    return Math.min(bytes, this.totalBytes);
  }

  #enlist(one, files) {
    this.totalBytes += one.file.size;
    const before = this.numbers.before(one, files);
    if (before?.done) {
      this.doneBytes += one.file.size;
      this.doneFiles += 1;
    } else {
      this.queue.push(new Job(one, before));
    }
  }

  async #work() {
    while (!this.ended && this.queue.length) {
      const job = this.queue.pop();
      this.active.add(job);
      let over = false;
      while (!over && !this.ended) over = await this.#step(job);
      this.active.delete(job);
    }
  }

  /** Do the next thing for a file; returns whether it is over with it. */
  async #step(job) {
    while (this.closed && !this.ended) await new Promise((go) => this.waiting.push(go));
    if (this.ended) return true;
    const { signal } = this.interruption;
    if (job.unsure) {
      const answer = await this.numbers.look(job.number);
      if (!answer.ok) return this.#missed(job, answer, signal);
      job.unsure = false;
      const before = job.offset;
      job.offset = answer.file?.received ?? 0;
      if (job.offset > before) job.tries = 0;
    }
    job.number ??= this.numbers.next();
    const answer = await sendPiece({
      upload: this.upload,
      number: job.number,
      name: job.name,
      size: job.file.size,
      offset: job.offset,
      piece: job.file.slice(job.offset, job.offset + this.largest),
      signal,
      loaded: (bytes) => {
        job.out = bytes;
      },
    });
    job.out = 0;
    return answer.ok ? this.#came(job, answer.body) : this.#missed(job, answer, signal);
  }

  #came(job, state) {
    this.successes += 1;
    this.misses = 0;
    this.delay = 0;
    job.tries = 0;
    job.offset = state.received;
    if (["connection", "service"].includes(this.state)) this.#become("sending");
    if (!state.done) return false;
    this.doneBytes += job.file.size;
    this.doneFiles += 1;
    for (const kind of Object.keys(this.counts)) this.counts[kind] += state[kind];
    return true;
  }

  async #missed(job, answer, signal) {
    // What was interrupted may have come: the service knows.
    if (signal.aborted) job.unsure = job.number !== null;
    if (signal.aborted) return false;
    switch (answer.status) {
      case 0:
        if (!(await canBeRead(job.file))) return this.#fail(job, { words: "why.unreadable" });
        return this.#wait(job, "connection");
      case 401:
        this.#close("signed-out");
        return false;
      case 403:
      case 404:
        this.stop("forbidden");
        return true;
      case 409:
        return this.#conflict(job, answer);
      case 400:
      case 413:
      case 422:
        return this.#refuse(job, answer);
      default:
        return this.#wait(job, "service", answer.status);
    }
  }

  async #conflict(job, { reason }) {
    if (reason === "offset") {
      job.unsure = true;
    } else if (reason === "working") {
      // An earlier request has it looked through: asked without a byte, it tells when it has.
      job.offset = job.file.size;
      await this.#pause();
    } else if (reason === "file") {
      job.number = null;
      job.offset = 0;
    } else {
      this.stop("over");
    }
    return false;
  }

  #refuse(job, { reason, message }) {
    const known = { number: "too-many", size: "too-large" }[reason];
    if (reason === "number") {
      // There is no room for any other either.
      for (const other of this.queue.splice(0)) this.#fail(other, { words: "reason.too-many" });
    }
    if (known) return this.#fail(job, { words: `reason.${known}` });
    return this.#fail(job, message ? { words: "why.refused", message } : { words: "why.error" });
  }

  #fail(job, why) {
    this.failed.push({ name: job.name, why, job });
    return true;
  }

  /** Wait a little, longer each time; a file that fails again and again by its own fault is given up. */
  async #wait(job, state, status) {
    const othersCome = job.seen !== null && this.successes > job.seen;
    const isLast = state === "service" && !this.queue.length;
    if (othersCome || isLast || status === STUMBLED) job.tries += 1;
    job.seen = this.successes;
    if (job.tries >= TRIES) return this.#fail(job, { words: "why.error" });
    job.unsure = job.number !== null;
    this.misses += 1;
    if (this.misses > 1) this.#become(state);
    await this.#pause();
    return false;
  }

  #pause() {
    if (this.recovery) return this.recovery;
    this.delay = Math.min(Math.max(FIRST_PAUSE, this.delay * 2), LONGEST_PAUSE);
    this.recovery = new Promise((done) => {
      const go = () => {
        clearTimeout(timer);
        removeEventListener("online", go);
        this.wake = () => {};
        this.recovery = null;
        done();
      };
      const timer = setTimeout(go, this.delay);
      addEventListener("online", go);
      this.wake = go;
    });
    return this.recovery;
  }

  #close(state) {
    this.closed = true;
    this.interruption.abort();
    this.#become(state);
    this.wake();
  }

  #become(state) {
    if (this.state === state || (this.closed && !["paused", "signed-out"].includes(state))) return;
    this.state = state;
    this.changed();
  }
}

/** Return whether a file is still where it was: a browser calls one that is gone a lost connection. */
async function canBeRead(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
