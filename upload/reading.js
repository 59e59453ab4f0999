// A list as people have it: a text or a table of a spreadsheet, read here and nowhere else.

// Bytes of a file, names of a change (auth_service/albums/changing.py), bytes that nginx lets through to the API.
export const LARGEST_FILE = 10_000_000;
export const MOST_NAMES = 50_000;
export const LARGEST_REQUEST = 1_000_000;
// Whatever is longer is no identifier: one sign more than fits says so as well (auth_service/albums/naming.py).
const LONGEST_NAME = 64;
const SEPARATORS = ["\t", ";", ","];
// Control characters but tab and the ends of lines: no text has them.
const BINARY = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
const IDENTIFIER = /^\d+(\.\d+){3,}$/;
const HEADING = /uid|accession|patient ?id/i;

/** Return the text of a file, or why there is none: ``empty``, ``large``, ``binary``, ``unreadable``. */
export async function textOf(file) {
  if (file.size > LARGEST_FILE) return { why: "large" };
  let bytes;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    return { why: "unreadable" };
  }
  const text = decoded(bytes);
  if (BINARY.test(text)) return { why: "binary" };
  return text.trim() ? { text } : { why: "empty" };
}

/** UTF-8, with its mark or without; what is not is taken for Latin-1, as browsers take it. */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Return the lines of a table, each a list of its fields; fields in quotes may hold separators and lines. */
export function rowsOf(text) {
  const told = /^sep=([\t;,])\r?\n/i.exec(text); // what Excel writes above
  const body = told ? text.slice(told[0].length) : text;
  const separator = told?.[1] ?? separatorOf(body);
  const field = new RegExp(`[ ]*"([^"]*(?:""[^"]*)*)"[^\\r\\n${separator}]*|([^\\r\\n${separator}]*)`, "y");
  const rows = [];
  let row = [];
  for (let at = 0; at <= body.length; at += 1) {
    field.lastIndex = at;
    const [whole, quoted, plain] = field.exec(body);
    row.push((quoted === undefined ? plain : quoted.replaceAll('""', '"')).trim());
    at += whole.length;
    if (body[at] === separator) continue;
    if (body[at] === "\r" && body[at + 1] === "\n") at += 1;
    if (row.some(Boolean)) rows.push(row);
    row = [];
  }
  return rows;
}

/** Return what parts the fields: what is most often in the first line that says something, quotes aside. */
function separatorOf(text) {
  const first = /\S[^\r\n]*/.exec(text)?.[0].replace(/"[^"]*"/g, "") ?? "";
  const counted = SEPARATORS.map((one) => [first.split(one).length, one]);
  return counted.reduce((best, one) => (one[0] > best[0] ? one : best))[1];
}

/** Return whether the first line names the columns: nothing in it has a digit, as identifiers have. */
export function hasHeading(rows) {
  return rows.length > 1 && !rows[0].some((field) => /\d/.test(field));
}

/** Return the number of columns, and the one that looks as if it held identifiers. */
export function columnsOf(rows, heading) {
  const count = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const looked = heading ? rows[1] : rows[0];
  const named = heading ? rows[0].findIndex((field) => HEADING.test(field)) : -1;
  const likely = named < 0 ? looked.findIndex((field) => IDENTIFIER.test(field)) : named;
  return { count, likely: Math.max(likely, 0) };
}

/** Return the names in a column, each once. */
export function namesIn(rows, column, heading) {
  const names = new Set();
  for (const row of heading ? rows.slice(1) : rows) {
    const name = [...(row[column] ?? "")].slice(0, LONGEST_NAME + 1).join("");
    if (name) names.add(name);
  }
  return [...names];
}

/** Return why it is too much for one change, or nothing: ``many`` names, or too ``long`` a request. */
export function tooMuch(names, wish) {
  if (names.length > MOST_NAMES) return "many";
  return new TextEncoder().encode(JSON.stringify(wish)).length > LARGEST_REQUEST ? "long" : "";
}
