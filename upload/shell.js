// What both pages do alike: they learn who comes and what he may, speak his language, and say why not.

import { ask, speak } from "./api.js";
import { come, signIn } from "./place.js";
import { Text, bestLanguage } from "./text.js";
import * as view from "./view.js";
import { show, the } from "./view.js";

/** What a page knows; each adds what is its own, and how it draws itself. */
export const page = {
  t: null,
  me: null,
  album: null,
  draw: () => {},
  notice: () => {},
};

/** Say why it does not go on, and offer ways on. */
export function notice(title, text, ways) {
  page.notice = () => view.drawNotice(page.t.say(title), text ?? page.t.say(`${title.split(".")[0]}.text`), ways());
  page.notice();
}

export function noNotice() {
  page.notice = () => {};
  show("notice", false);
}

export const toAlbums = () => view.link(page.t.say("to-albums"), "/portal/albums");
export const again = (what) => () => [view.button(page.t.say("try-again"), what, "first")];

/** Learn who comes, and speak his language: ``why`` as of `come`, whose page is left by who must sign in. */
export async function enter(rights) {
  noNotice();
  const { me, album, why } = await come(rights);
  if (why === "signed-out") {
    location.assign(signIn());
    return why;
  }
  page.me = me ?? page.me;
  page.album = album ?? page.album;
  const language = bestLanguage(page.me?.language);
  if (language !== page.t.language) await spoken(language);
  return why;
}

/** Begin a page: something can be said before it is known who comes. */
export async function begin() {
  await spoken(bestLanguage(null));
  the("language").addEventListener("click", changeLanguage);
}

async function spoken(language) {
  page.t = await Text.in(language);
  speak(language);
}

async function changeLanguage() {
  const language = page.t.language === "en" ? "fr" : "en";
  await spoken(language);
  page.draw();
  await ask("/api/me", { method: "PATCH", body: { language } });
}

/** Take what falls anywhere: beside the field, a file would be opened in place of the page. */
export function takeDrops(drop) {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    the("drop").classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) the("drop").classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    the("drop").classList.remove("over");
    if (!the("pick").hidden) drop(event.dataTransfer);
  });
}
