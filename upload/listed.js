// Draw what a list holds, and what would come of it. Whatever others wrote becomes text, never markup.

import { oneLine } from "./text.js";
import { made, reasonWords, show, the } from "./view.js";

const SHOWN = 5;

function options(id, choices, chosen) {
  the(id).replaceChildren(...choices.map(([value, words]) => made("option", words, { value })));
  the(id).value = String(chosen);
}

/** Draw what may be done with the names: put in, take out. */
export function drawVerbs(t, verbs, chosen) {
  options("verb", verbs.map((verb) => [verb, t.say(`list.${verb}`)]), chosen);
  show("verb-field", verbs.length > 0);
}

/** Draw the columns of the file, and which of them counts. */
export function drawColumns(t, { rows, count, heading, column }) {
  const called = (number) => {
    const name = heading ? oneLine(rows[0][number] ?? "") : "";
    return name || t.say("list.column-number", { number: t.number(number + 1) });
  };
  options("column", Array.from({ length: count }, (_, number) => [String(number), called(number)]), column);
  show("column-field", count > 1);
  the("heading").checked = heading;
}

/** Draw how many names were found, and the first of them. */
export function drawNames(t, file, names, wrong) {
  the("read-title").textContent = oneLine(file);
  the("found").textContent = wrong || t.say("list.found", { count: names.length });
  const shown = names.slice(0, SHOWN).map((name) => made("li", oneLine(name)));
  if (names.length > SHOWN) shown.push(made("li", "…"));
  the("first").replaceChildren(...shown);
  the("look").disabled = Boolean(wrong);
}

/** Draw what a change would do. */
export function drawProspect(t, prospect, verb) {
  const series = t.say("series", { count: prospect.series });
  const studies = t.say("list.studies", { count: prospect.studies });
  the("prospect-title").textContent = prospect.series ? `${series} ${studies}` : t.say(`list.nothing-${verb}`);
  the("present").textContent = t.say("list.present", { count: prospect.present });
  show("present", prospect.present > 0);
  the("not-taken-title").textContent = t.say("list.not-taken", { count: prospect.failed_total });
  the("not-taken-rows").replaceChildren(...prospect.failed.map((one) => notTaken(t, one)));
  the("not-taken-more").textContent = t.say("not-taken.more", { shown: t.number(prospect.failed.length) });
  show("not-taken-more", prospect.failed_total > prospect.failed.length);
  show("not-taken", prospect.failed_total > 0);
  the("do").textContent = t.say(`list.do-${verb}`);
  show("do", prospect.series > 0);
}

function notTaken(t, { uid, reason, lacking }) {
  const row = document.createElement("tr");
  const rights = lacking.map((right) => (t.knows(`right.${right}`) ? t.say(`right.${right}`) : right));
  row.append(made("td", oneLine(uid)), made("td", reasonWords(t, reason)), made("td", rights.join(", ")));
  return row;
}
