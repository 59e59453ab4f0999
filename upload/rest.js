// How long the rest will take, as far as that can honestly be said.

// What a file costs beside its bytes, as bytes: for small ones the round trip and the looking through count.
const PER_FILE = 250_000;
// What went on in so many milliseconds counts.
const WINDOW = 30_000;
const LEAST = 4_000;

export class Rest {
  constructor() {
    this.forget();
  }

  /** Begin anew: time that was spent waiting says nothing about how fast it goes. */
  forget() {
    this.seen = [];
  }

  /** Note how much was done at a moment. */
  note(bytes, files, at = performance.now()) {
    this.seen.push({ at, work: bytes + files * PER_FILE });
    while (this.seen.length > 2 && at - this.seen[0].at > WINDOW) this.seen.shift();
  }

  /** Return the seconds that so much more will take, or null while that is not known. */
  seconds(bytes, files) {
    const first = this.seen[0];
    const last = this.seen.at(-1);
    if (!first || last.at - first.at < LEAST || last.work <= first.work) return null;
    return ((bytes + files * PER_FILE) * (last.at - first.at)) / (last.work - first.work) / 1000;
  }
}
