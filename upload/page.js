// The page from which people upload into an album: who comes, what he may, what he chose, and then `going.js`.

import { ask } from "./api.js";
import { Going } from "./going.js";
import { begun } from "./known.js";
import { fromDrop, fromInput } from "./picking.js";
import { albumAddress, inPortal, signIn } from "./place.js";
import * as shell from "./shell.js";
import { again, noNotice, notice, page, toAlbums } from "./shell.js";
import * as view from "./view.js";
import { show, the } from "./view.js";

Object.assign(page, {
  draw,
  open: [], // uploads that were begun and not ended
  chosen: null, // the one of them that is gone on with
  files: [], // {name, file}, as they were picked
  picked: () => "", // what is said of the picking, in the language of the moment
  going: null,
});

/** Draw everything anew, in the language of the moment. */
function draw() {
  const { t } = page;
  view.drawWords(t);
  const open = Boolean(page.album?.actions.includes("upload") && !page.album.archived);
  view.drawPlace(t, {
    name: page.me?.name || page.me?.username || "",
    album: page.album,
    title: "title",
    about: "about",
    open,
  });
  show("deidentifies", open && page.album.deidentifies === true);
  the("to-album").href = inPortal("album");
  the("album").href = the("to-album").href;
  the("to-contents").href = inPortal("contents");
  // In a window of its own: this one goes on.
  the("sign-in").href = signIn(inPortal("album"));
  the("pick-title").textContent = t.say(page.chosen ? "pick.title-again" : "pick.title");
  view.drawChosen(t, page.files, page.picked());
  if (!page.going) {
    view.drawOpen(t, page.open, { chosen: page.chosen?.id, goOn: choose, leave: () => choose(null), end });
  }
  page.notice();
  page.going?.draw();
}

const toAlbum = () => view.link(page.t.say("to-album"), the("to-album").href);

async function load() {
  const why = await shell.enter(["upload"]);
  if (why === "signed-out") return;
  draw();
  if (why === "down") notice("down.title", null, again(load));
  else if (why) notice(`${why}.title`, null, () => [page.album ? toAlbum() : toAlbums()]);
  else await offer();
}

/** Let him choose files, and say what was begun and not ended. */
async function offer() {
  const found = await ask(`${albumAddress}/uploads`);
  page.open = found.ok ? found.body.items.filter(({ files }) => files > 0) : [];
  show("pick");
  draw();
}

/** Go on with an upload that was begun before; with none, begin a new one. */
function choose(upload) {
  page.chosen = upload;
  draw();
  the("pick-files").focus();
}

async function end(upload) {
  await ask(`/api/uploads/${upload.id}/end`, { method: "POST" });
  if (page.chosen?.id === upload.id) page.chosen = null;
  await offer();
}

/** Add files to those that are chosen; the same one is not added twice. */
function add(found, picked) {
  const there = new Set(page.files.map(identity));
  page.files.push(...found.filter((one) => !there.has(identity(one))));
  page.picked = picked;
  draw();
  if (page.files.length) the("start").focus();
}

const identity = ({ name, file }) => `${file.size} ${file.lastModified} ${name}`;

async function drop(transfer) {
  const { found, unreadable } = await fromDrop(transfer, (count) => {
    page.picked = () => page.t.say("pick.looking", { count });
    view.drawChosen(page.t, page.files, page.picked());
  });
  add(found, () => {
    if (unreadable) return page.t.say("pick.unreadable", { count: unreadable });
    return found.length ? "" : page.t.say("chosen.none");
  });
}

async function start() {
  noNotice();
  the("start").disabled = true;
  const upload = page.chosen ?? (await begin());
  const known = upload && page.chosen ? await begun(upload.id) : { ok: true, files: [] };
  the("start").disabled = false;
  if (!upload) return;
  if (!known.ok) {
    notice("down.title", null, again(start));
    return;
  }
  show("pick", false);
  show("open", false);
  const files = page.files;
  page.files = [];
  page.going = new Going({ upload, files, known: known.files, text: () => page.t, cannotGoOn });
  await page.going.run();
}

async function begin() {
  const answer = await ask(`${albumAddress}/uploads`, { method: "POST" });
  if (answer.ok) return answer.body;
  if (answer.status === 401) location.assign(signIn());
  else if (answer.status === 409 || answer.status === 403) {
    notice("refused-begin.title", answer.message, () => [toAlbum()]);
  } else if (answer.status === 404) notice("missing.title", null, () => [toAlbums()]);
  else notice("down.title", null, again(start));
  return null;
}

/** Say that an upload ended under somebody's hands; where it may help, let him choose anew. */
function cannotGoOn(why) {
  const title = why === "over" ? "over.title" : "lost-right.title";
  page.going = null;
  notice(title, null, () => [toAlbum()]);
  if (why === "over") anew();
}

function anew() {
  page.going = null;
  page.chosen = null;
  page.files = [];
  page.picked = () => "";
  show("going", false);
  the("files").value = "";
  the("folder").value = "";
  return offer();
}

function listen() {
  for (const input of [the("files"), the("folder")]) {
    the(`pick-${input.id}`).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const found = fromInput(input);
      add(found, () => (found.length ? "" : page.t.say("chosen.none")));
      input.value = "";
    });
  }
  shell.takeDrops(drop);
  addEventListener("beforeunload", (event) => {
    if (!page.going?.underWay) return;
    event.preventDefault();
    event.returnValue = true; // older browsers
  });
  the("clear").addEventListener("click", () => {
    page.files = [];
    page.picked = () => "";
    draw();
  });
  the("start").addEventListener("click", start);
  the("more").addEventListener("click", async () => {
    noNotice();
    await anew();
    the("pick-files").focus();
  });
}

await shell.begin();
listen();
await load();
