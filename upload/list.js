// The page that reads a list from a file, has it looked up, and begins the change that it names.

import { ask } from "./api.js";
import { drawColumns, drawNames, drawProspect, drawVerbs } from "./listed.js";
import { albumAddress, inPortal, signIn } from "./place.js";
import { LARGEST_FILE, MOST_NAMES, columnsOf, hasHeading, namesIn, rowsOf, textOf, tooMuch } from "./reading.js";
import * as shell from "./shell.js";
import { again, noNotice, notice, page, toAlbums } from "./shell.js";
import * as view from "./view.js";
import { show, the } from "./view.js";

const VERBS = [["upload", "add"], ["remove", "remove"]];

Object.assign(page, {
  draw,
  verbs: [],
  verb: "add",
  list: null, // {file, rows, count, heading, column, names}
  wrong: null, // why a file is no list
  looked: null, // what would come of it: the wish and the service's answer
});

/** Draw everything anew, in the language of the moment. */
function draw() {
  const { t, list, looked } = page;
  view.drawWords(t);
  view.drawPlace(t, {
    name: page.me?.name || page.me?.username || "",
    album: page.album,
    title: "list.title",
    about: "list.about",
    open: page.verbs.length > 0,
  });
  the("album").href = inPortal("album");
  the("contents").href = inPortal("contents");
  the("wrong").textContent = page.wrong ? said(page.wrong) : "";
  show("wrong", page.wrong !== null);
  show("pick", page.verbs.length > 0 && !list);
  show("read", list !== null && !looked);
  show("prospect", looked !== null);
  if (list) drawList();
  if (looked) drawProspect(t, looked.prospect, page.verb);
  page.notice();
}

function drawList() {
  const { t, list } = page;
  list.names = namesIn(list.rows, list.column, list.heading);
  const wrong = list.names.length ? tooMuch(list.names, wish()) : "empty";
  drawVerbs(t, page.verbs, page.verb);
  drawColumns(t, list);
  drawNames(t, list.file, list.names, wrong && said(wrong));
}

function said(wrong) {
  const { t } = page;
  return t.say(`list-wrong.${wrong}`, { most: t.number(MOST_NAMES), size: t.size(LARGEST_FILE) });
}

const wish = () => ({ [page.verb]: { names: page.list.names } });

const toContents = () => view.link(page.t.say("list.to-contents"), inPortal("contents"));

async function load() {
  const why = await shell.enter(VERBS.map(([right]) => right));
  if (why === "signed-out") return;
  page.verbs = why ? [] : VERBS.filter(([right]) => page.album.actions.includes(right)).map(([, verb]) => verb);
  page.verb = page.verbs[0] ?? "add";
  draw();
  if (why === "down") notice("down.title", null, again(load));
  else if (why === "forbidden") notice("list-forbidden.title", null, () => [page.album ? toContents() : toAlbums()]);
  else if (why) notice(`${why}.title`, null, () => [page.album ? toContents() : toAlbums()]);
}

async function read(file) {
  noNotice();
  const { text, why } = await textOf(file);
  page.wrong = why ?? null;
  page.looked = null;
  page.list = null;
  const rows = text ? rowsOf(text) : [];
  if (rows.length) page.list = listOf(file.name, rows);
  else page.wrong ??= "empty";
  draw();
  if (page.list) the("look").focus();
}

/** Take a table for a list, by the column that looks as if it held the names. */
function listOf(file, rows) {
  const heading = hasHeading(rows);
  const { count, likely } = columnsOf(rows, heading);
  return { file, rows, count, heading, column: likely, names: [] };
}

/** Ask the service something about the list; what it does not do is said. */
async function asked(path, wanted, repeat) {
  noNotice();
  const answer = await ask(`${albumAddress}${path}`, { method: "POST", body: wanted });
  if (answer.ok) return answer.body;
  if (answer.status === 401) location.assign(signIn());
  else if (answer.status === 404) notice("missing.title", null, () => [toAlbums()]);
  else if ([403, 409, 422].includes(answer.status)) {
    notice("refused-begin.title", answer.message, () => [toContents()]);
  } else notice("down.title", null, again(repeat));
  return null;
}

async function look() {
  const wanted = wish();
  the("look").disabled = true;
  the("spoken").textContent = page.t.say("list.looking");
  const prospect = await asked("/changes/preview", wanted, look);
  the("spoken").textContent = "";
  the("look").disabled = false;
  if (!prospect) return;
  page.looked = { wanted, prospect };
  draw();
  the("prospect-title").focus();
}

/** Do it: how it goes on is told on the portal's page. */
async function change() {
  the("do").disabled = true;
  const begun = await asked("/changes", page.looked.wanted, change);
  if (begun) location.assign(inPortal("contents"));
  else the("do").disabled = false;
}

function other() {
  Object.assign(page, { list: null, looked: null, wrong: null });
  noNotice();
  draw();
  the("pick-file").focus();
}

function listen() {
  the("pick-file").addEventListener("click", () => the("file").click());
  the("file").addEventListener("change", async () => {
    const [file] = the("file").files;
    if (file) await read(file);
    the("file").value = "";
  });
  shell.takeDrops(async ({ files: [file] }) => {
    if (file) await read(file);
  });
  the("verb").addEventListener("change", () => {
    page.verb = the("verb").value;
    draw();
  });
  the("column").addEventListener("change", () => {
    page.list.column = Number(the("column").value);
    draw();
  });
  the("heading").addEventListener("change", () => {
    page.list.heading = the("heading").checked;
    draw();
  });
  the("look").addEventListener("click", look);
  the("other").addEventListener("click", other);
  the("do").addEventListener("click", change);
  the("leave").addEventListener("click", other);
}

await shell.begin();
listen();
await load();
