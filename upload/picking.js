// Files as people give them: chosen one by one, as a folder, or dropped. Nothing is read here but folders.

// What systems put beside people's files.
const PASSED_OVER = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);
const AT_ONCE = 100;

/** Return whether a file is a person's own. */
function isWanted(name) {
  const parts = name.split("/");
  return !PASSED_OVER.has(parts.at(-1)) && !parts.includes("__MACOSX");
}

/** Return the files of an input as {name, file}: with their folders, where one was chosen. */
export function fromInput(input) {
  return [...input.files]
    .map((file) => ({ name: file.webkitRelativePath || file.name, file }))
    .filter(({ name }) => isWanted(name));
}

/**
 * Return the files of a drop as {found, unreadable}, those in folders and their folders too.
 *
 * The entries must be taken before the event is over: this function does so before it waits for anything.
 */
export async function fromDrop(transfer, tell) {
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry() ?? item.getAsFile())
    .filter((one) => one !== null);
  const found = [];
  let unreadable = 0;
  const pending = entries;
  while (pending.length) {
    const batch = pending.splice(0, AT_ONCE);
    const opened = await Promise.allSettled(batch.map(opening));
    for (const one of opened) {
      if (one.status === "rejected") unreadable += 1;
      else if (Array.isArray(one.value)) pending.push(...one.value);
      else if (isWanted(one.value.name)) found.push(one.value);
    }
    tell(found.length);
  }
  return { found, unreadable };
}

function opening(entry) {
  // What comes from another program, and not from a disk, is a file without an entry.
  if (entry instanceof File) return Promise.resolve({ name: entry.name, file: entry });
  return entry.isDirectory ? inside(entry) : asFile(entry);
}

function asFile(entry) {
  return new Promise((done, failed) => {
    entry.file((file) => done({ name: entry.fullPath.slice(1), file }), failed);
  });
}

/** Return all entries of a folder: a browser gives them a hundred at a time, and none at the end. */
async function inside(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return all;
    all.push(...some);
  }
}
