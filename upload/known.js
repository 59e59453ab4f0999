// What the service has of an upload: which files, under which numbers, and how much of each.

import { ask } from "./api.js";

const LONGEST_NAME = 512;
const PAGE = 200;
const LARGEST_PAGE = 1000;
// What Python does not count as printable.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Return a file's name as the service writes it down: so it is known again. */
export function written(name) {
  return [...name.replace(UNPRINTABLE, "_")].slice(-LONGEST_NAME).join("");
}

/** Return all files that were begun of an upload, or the answer that says why they cannot be had. */
export async function begun(upload) {
  const files = [];
  for (;;) {
    const answer = await ask(`/api/uploads/${upload}/files?limit=${LARGEST_PAGE}&offset=${files.length}`);
    if (!answer.ok) return answer;
    files.push(...answer.body.items);
    if (!answer.body.items.length || files.length >= answer.body.total) return { ok: true, files };
  }
}

const key = (name, size) => `${size} ${name}`;

/** The numbers of an upload's files: those that were given, and those to give. */
export class Numbers {
  constructor(upload, files) {
    this.upload = upload;
    this.last = files.reduce((most, { number }) => Math.max(most, number), 0);
    this.known = new Map();
    for (const one of files) {
      const same = this.known.get(key(one.name, one.size));
      if (same) same.push(one);
      else this.known.set(key(one.name, one.size), [one]);
    }
    this.alike = null;
  }

  next() {
    this.last += 1;
    return this.last;
  }

  /** Return what had come of a file that was chosen again, among all that were; null: nothing that is sure. */
  before({ name, file }, files) {
    const same = this.known.get(key(written(name), file.size));
    if (!same) return null;
    this.alike ??= counted(files);
    const chosen = this.alike.get(key(written(name), file.size));
    if (chosen === 1 && same.length === 1) return same[0];
    // Several of one name and size cannot be told apart: only where all of them have come is one done.
    return same.filter(({ done }) => done).length >= chosen ? { done: true } : null;
  }

  /** Ask how much of one file has come: an answer with ``file``, which is null where it was not begun. */
  async look(number) {
    // A page of the list that ends at the place that it would have if all before it were begun.
    for (let offset = Math.max(0, number - PAGE); ; offset = Math.max(0, offset - PAGE)) {
      const answer = await ask(`/api/uploads/${this.upload}/files?limit=${PAGE}&offset=${offset}`);
      if (!answer.ok) return answer;
      const { items } = answer.body;
      const file = items.find((one) => one.number === number) ?? null;
      if (file || offset === 0 || (items.length && items[0].number < number)) return { ok: true, file };
    }
  }
}

function counted(files) {
  const count = new Map();
  for (const { name, file } of files) {
    const one = key(written(name), file.size);
    count.set(one, (count.get(one) ?? 0) + 1);
  }
  return count;
}
