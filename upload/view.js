// Draw the page: words into their places, figures, lists. Whatever others wrote becomes text, never markup.

import { oneLine } from "./text.js";

// More rows than these are counted, not drawn.
const MOST_ROWS = 1000;

/** Return the element of a name. */
export function the(id) {
  return document.getElementById(id);
}

export function show(id, visible = true) {
  the(id).hidden = !visible;
}

/** Make an element with text in it. */
export function made(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Put the words of a language wherever they do not change. */
export function drawWords(t) {
  document.documentElement.lang = t.language;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t.say(element.dataset.text);
  the("language").textContent = t.say("other-language");
  the("language").lang = t.language === "en" ? "fr" : "en";
}

/** Draw where one is: ``title`` and ``about`` name the words that say what for. */
export function drawPlace(t, { name, album, title, about, open }) {
  the("account").textContent = oneLine(name);
  if (!album) return;
  const called = oneLine(album.title);
  document.title = `${t.say(title, { album: called })} · PARADIM`;
  the("album").textContent = called;
  the("title").textContent = t.say(title, { album: called });
  the("about").textContent = t.say(about);
  show("crumbs");
  show("about", open);
}

/** Draw why nothing can be done here, with ways on: elements. */
export function drawNotice(title, text, ways) {
  the("notice-title").textContent = title;
  the("notice-text").textContent = text;
  the("notice-ways").replaceChildren(...ways);
  show("notice");
}

/** Draw the uploads that were not ended. */
export function drawOpen(t, uploads, { chosen, goOn, leave, end }) {
  const rows = uploads.map((one) => {
    const row = document.createElement("li");
    const facts = {
      moment: t.moment(one.change.created),
      count: one.files,
      stored: t.number(one.stored),
      refused: t.number(one.refused),
    };
    row.append(made("span", t.say("open.one", facts)));
    const buttons = made("span", "", { class: "buttons" });
    if (one.id === chosen) {
      buttons.append(made("strong", t.say("open.chosen")), button(t.say("open.leave"), leave));
    } else {
      buttons.append(button(t.say("open.go-on"), () => goOn(one)), button(t.say("open.end"), () => end(one)));
    }
    row.append(buttons);
    return row;
  });
  the("open-list").replaceChildren(...rows);
  show("open", uploads.length > 0);
}

/** Draw how many files are chosen, and how large they are. */
export function drawChosen(t, files, more) {
  const size = files.reduce((sum, { file }) => sum + file.size, 0);
  the("chosen-count").textContent = files.length ? t.say("chosen", { count: files.length, size: t.size(size) }) : "";
  the("chosen-more").textContent = more;
  show("chosen", files.length > 0 || more !== "");
  show("start", files.length > 0);
  show("clear", files.length > 0);
}

/** Draw how far it is, and return that in words. */
export function drawProgress(t, { bytes, totalBytes, doneFiles, totalFiles, counts }, rest) {
  const far = {
    done: t.size(bytes),
    total: t.size(totalBytes),
    percent: t.percent(bytes, totalBytes),
  };
  const progress = t.say("progress.bytes", far);
  const files = t.say("progress.files", { done: t.number(doneFiles), count: totalFiles });
  const left = rest === null ? "" : t.rest(rest);
  the("bytes-text").textContent = left ? t.say("progress.rest", { progress, rest: left }) : progress;
  the("count-text").textContent = files;
  Object.assign(the("bytes"), { max: totalBytes || 1, value: totalBytes ? bytes : 1 });
  Object.assign(the("count"), { max: totalFiles || 1, value: doneFiles });
  for (const [kind, count] of Object.entries(counts)) the(kind).textContent = t.number(count);
  return [progress, files, left].filter(Boolean).join(" · ");
}

/** Draw what the service refused, with why. */
export function drawNotTaken(t, lines, total) {
  the("not-taken-title").textContent = t.say("not-taken.title", { count: total });
  the("not-taken-rows").replaceChildren(...lines.map(({ uid, reason }) => row(uid, reasonWords(t, reason))));
  the("not-taken-more").textContent = t.say("not-taken.more", { shown: t.number(lines.length) });
  show("not-taken-more", total > lines.length);
  show("not-taken", total > 0);
}

/** Draw what could not be sent, with why. */
export function drawUnsent(t, failed) {
  the("unsent-title").textContent = t.say("unsent.title", { count: failed.length });
  const rows = failed.slice(0, MOST_ROWS).map(({ name, why }) => row(name, t.say(why.words, why)));
  the("unsent-rows").replaceChildren(...rows);
  show("unsent", failed.length > 0);
}

export function reasonWords(t, reason) {
  return t.knows(`reason.${reason}`) ? t.say(`reason.${reason}`) : reason;
}

function row(name, why) {
  const made_ = document.createElement("tr");
  made_.append(made("td", oneLine(name)), made("td", why));
  return made_;
}

export function button(words, clicked, kind = "") {
  const one = made("button", words, { type: "button", class: kind });
  one.addEventListener("click", clicked);
  return one;
}

export function link(words, address, kind = "") {
  return made("a", words, { href: address, class: `button ${kind}` });
}
