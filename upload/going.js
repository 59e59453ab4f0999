// An upload that is under way, as it is seen: how far it is, what is refused, how it ends.

import { ask } from "./api.js";
import { Rest } from "./rest.js";
import { Sender } from "./sender.js";
import * as view from "./view.js";
import { show, the } from "./view.js";

const REDRAWN = 300;
// A screen reader is told how far it is so often, and the list of what is refused is asked for at most so often.
const SPOKEN = 20_000;
const ASKED = 4_000;
const MOST_PAUSE = 30_000;
// States in which nothing goes on any more.
const ENDED = ["done", "stopped", "gone"];

export class Going {
  constructor({ upload, files, known, text, cannotGoOn }) {
    this.upload = upload;
    this.text = text;
    this.cannotGoOn = cannotGoOn;
    this.before = { stored: upload.stored, present: upload.present, refused: upload.refused };
    this.lines = upload.change.failed;
    this.linesTotal = upload.change.failed_total;
    this.unheard = null; // why what is to be done at the end is not done yet
    this.spokenAt = 0;
    this.askedAt = 0;
    this.rest = new Rest();
    this.sender = new Sender({
      upload: upload.id,
      largest: upload.largest_piece,
      files,
      known,
      changed: () => this.#become(this.sender.state),
    });
    this.state = this.sender.state;
    the("pause").onclick = () => (this.sender.closed ? this.sender.goOn() : this.sender.pause());
    the("again").onclick = () => this.sender.goOn();
    the("stop").onclick = () => the("sure").showModal();
    the("sure-no").onclick = () => the("sure").close();
    the("sure-yes").onclick = () => this.#stop();
    the("retry").onclick = () => this.#sent(this.sender.retry());
    the("leave-them").onclick = () => this.#end();
  }

  /** Whether something would be lost by leaving the page. */
  get underWay() {
    return !ENDED.includes(this.state);
  }

  async run() {
    show("going");
    this.ticking = setInterval(() => this.#tick(), REDRAWN);
    // Who signed in again in another window comes back to this one.
    this.back = () => this.state === "signed-out" && this.sender.goOn();
    addEventListener("focus", this.back);
    await this.#sent(this.sender.run());
  }

  draw() {
    const t = this.text();
    this.#drawTitle();
    const hint = this.unheard ?? `hint.${this.state}`;
    the("going-text").textContent = t.knows(hint) ? t.say(hint) : "";
    the("pause").textContent = t.say(this.sender.closed ? "go-on" : "pause");
    const sending = ["sending", "connection", "service", "paused", "signed-out"].includes(this.state);
    show("pause", sending);
    show("stop", sending);
    show("again", ["connection", "service"].includes(this.state));
    show("sign-in", [this.state, this.unheard].some((one) => one?.endsWith("signed-out")));
    show("ways", ENDED.includes(this.state));
    show("to-contents", this.#changed > 0);
    this.#drawEnd(t);
    this.#drawProgress();
    view.drawUnsent(t, ENDED.includes(this.state) || this.state === "unsent" ? this.sender.failed : []);
    for (const id of ["retry", "leave-them"]) show(id, this.state === "unsent");
    view.drawNotTaken(t, this.lines, this.linesTotal);
  }

  #drawTitle() {
    const looking = this.state === "sending" && this.sender.bytes >= this.sender.totalBytes;
    the("going-title").textContent = this.text().say(`state.${looking ? "looking" : this.state}`);
  }

  get #changed() {
    return this.upload.change.done;
  }

  #drawEnd(t) {
    const words = [];
    if (this.state === "stopped") words.push(t.say("summary.stopped"));
    if (ENDED.includes(this.state)) {
      words.push(t.say("summary.series", { count: this.#changed }));
      const { grown_images: count, grown_total: total } = this.upload.change;
      if (count) words.push(t.say("summary.grown", { count, series: t.say("series", { count: total }) }));
    }
    the("summary").textContent = words.join(" ");
    show("summary", words.length > 0);
  }

  #drawProgress() {
    const { sender } = this;
    const counts = {};
    for (const [kind, count] of Object.entries(this.before)) {
      counts[kind] = ENDED.includes(this.state) ? this.upload[kind] : count + sender.counts[kind];
    }
    const far = {
      bytes: sender.bytes,
      totalBytes: sender.totalBytes,
      doneFiles: sender.doneFiles,
      totalFiles: sender.totalFiles,
      counts,
    };
    const rest =
      this.state === "sending"
        ? this.rest.seconds(far.totalBytes - far.bytes, far.totalFiles - far.doneFiles)
        : null;
    this.told = view.drawProgress(this.text(), far, rest);
  }

  #tick() {
    if (this.state === "sending") this.rest.note(this.sender.bytes, this.sender.doneFiles);
    this.#drawTitle();
    this.#drawProgress();
    const now = performance.now();
    if (this.state === "sending" && now - this.spokenAt > SPOKEN) this.#speak(this.told);
    if (this.#hasNewLines && now - this.askedAt > ASKED) this.#lookAtLines();
  }

  get #hasNewLines() {
    const refused = this.before.refused + this.sender.counts.refused;
    return refused > this.linesTotal && this.lines.length === this.linesTotal;
  }

  async #lookAtLines() {
    this.askedAt = performance.now();
    const answer = await ask(`/api/uploads/${this.upload.id}`);
    if (!answer.ok || ENDED.includes(this.state)) return;
    this.#take(answer.body);
    view.drawNotTaken(this.text(), this.lines, this.linesTotal);
  }

  #take(upload) {
    this.upload = upload;
    this.lines = upload.change.failed;
    this.linesTotal = upload.change.failed_total;
  }

  #become(state) {
    this.state = state;
    this.rest.forget();
    this.draw();
    this.#speak(the("going-title").textContent);
  }

  #speak(words) {
    this.spokenAt = performance.now();
    the("spoken").textContent = words;
  }

  /** See to what comes after all that can be sent has been. */
  async #sent(sending) {
    await sending;
    const { ended } = this.sender;
    if (ended === "stopped") return;
    if (ended) {
      this.#gone(ended);
    } else if (!this.sender.failed.length) {
      await this.#end();
    }
  }

  async #end() {
    this.#become("ending");
    if (await this.#told("POST", `/api/uploads/${this.upload.id}/end`)) this.#over("done");
  }

  async #stop() {
    the("sure").close();
    this.sender.stop();
    this.#become("stopping");
    await this.#told("POST", `/api/changes/${this.upload.id}/cancel`);
    if (await this.#told("POST", `/api/uploads/${this.upload.id}/end`)) this.#over("stopped");
  }

  /** Have something done, however long it takes until the service hears of it. */
  async #told(method, path) {
    for (let pause = 1_000; ; pause = Math.min(pause * 2, MOST_PAUSE)) {
      const answer = await ask(path, { method });
      this.unheard = null;
      if (answer.ok) {
        if (answer.body.change) this.#take(answer.body);
        return true;
      }
      if (answer.status === 409) return true; // it is over already
      if ([400, 403, 404, 422].includes(answer.status)) {
        this.#gone("forbidden");
        return false;
      }
      this.unheard = answer.status === 401 ? "state.signed-out" : "state.service";
      this.draw();
      await new Promise((go) => setTimeout(go, pause));
    }
  }

  #over(state) {
    this.#cease();
    this.#become(state);
    the("title").focus();
  }

  /** Leave the place to a word about why it cannot go on. */
  #gone(why) {
    this.#cease();
    this.state = "gone";
    show("going", false);
    this.cannotGoOn(why);
  }

  #cease() {
    clearInterval(this.ticking);
    removeEventListener("focus", this.back);
  }
}
