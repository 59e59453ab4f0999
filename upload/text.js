// Say things to one person: words, numbers, sizes and moments in his language.

const LOCALES = { en: "en-CA", fr: "fr-CA" };
const SIZES = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]];
// Characters that reorder what stands around them, and control characters: in names of files they only deceive.
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Return the language to speak: the one that was chosen, or what the browser prefers. */
export function bestLanguage(chosen) {
  const preferred = navigator.languages.map((one) => one.slice(0, 2).toLowerCase());
  return [chosen, ...preferred].find((one) => one in LOCALES) ?? "en";
}

/** Make a line of what others wrote. */
export function oneLine(text) {
  return text.replace(INVISIBLE, " ").replace(/\s+/g, " ").trim();
}

export class Text {
  constructor(language, words) {
    const locale = LOCALES[language];
    this.language = language;
    this.words = words;
    this.plurals = new Intl.PluralRules(locale);
    this.numbers = new Intl.NumberFormat(locale);
    this.decimals = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.percents = new Intl.NumberFormat(locale, { style: "percent" });
    this.moments = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  }

  static async in(language) {
    const answer = await fetch(`/upload/words/${language}.json`);
    if (!answer.ok) throw new Error("the words of the page are not there");
    return new Text(language, await answer.json());
  }

  /** Say something; a ``count`` chooses between one and many, and is written as the language writes numbers. */
  say(name, places = {}) {
    let words = this.words[name];
    const filled = { ...places };
    if (typeof words === "object") words = words[this.plurals.select(places.count)] ?? words.other;
    if (typeof places.count === "number") filled.count = this.number(places.count);
    return words.replace(/\{(\w+)\}/g, (whole, place) => filled[place] ?? whole);
  }

  knows(name) {
    return name in this.words;
  }

  number(value) {
    return this.numbers.format(value);
  }

  size(bytes) {
    const [unit, much] = SIZES.find(([, least]) => bytes >= least) ?? SIZES.at(-1);
    const value = bytes / much;
    return this.say(`size.${unit}`, { number: value < 10 ? this.decimals.format(value) : this.number(Math.round(value)) });
  }

  /** Write a part of a whole; 100 % only where nothing is missing. */
  percent(part, whole) {
    const share = whole ? part / whole : 1;
    return this.percents.format(share < 1 ? Math.min(Math.floor(share * 100) / 100, 0.99) : 1);
  }

  moment(stamp) {
    return this.moments.format(new Date(stamp));
  }

  rest(seconds) {
    if (seconds < 50) return this.say("rest.seconds");
    if (seconds < 5400) return this.say("rest.minutes", { count: Math.max(1, Math.round(seconds / 60)) });
    return this.say("rest.hours", { count: Math.max(2, Math.round(seconds / 3600)) });
  }
}
