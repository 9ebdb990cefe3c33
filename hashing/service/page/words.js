// What the page says, in the visitor's language: one flat file for each in languages/.

/** @type {Record<string, string>} */
let words = {};
let language = "en";
/** @type {Intl.PluralRules} */
let plurals = new Intl.PluralRules(language);

/** @param {string} code @param {Record<string, string>} said */
export function speak(code, said) {
  [language, words, plurals] = [code, said, new Intl.PluralRules(code)];
}

/**
 * A sentence by its key; `{n}` and the like are filled in. Of a key with `.one` the form follows n.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const { n } = values;
  const form = typeof n === "number" && plurals.select(n) === "one" ? `${key}.one` : key;
  const text = words[form] ?? words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => shown(values[name]));
}

/**
 * A word of the API's own ("very close"), in the visitor's language where it is known.
 *
 * @param {string} word
 */
export const said = (word) => words[`api.${word}`] ?? word;

// What went wrong, by the API's code for it; null for what a visitor hardly meets.
/** @param {string} code @returns {string | null} */
export const excuse = (code) => words[`problem.${code}`] ?? null;

/**
 * A column that many collections have, in the visitor's language; null for one of their own.
 *
 * @param {string} column
 */
export const called = (column) => words[`column.${column.toLowerCase()}`] ?? null;

// "title, artist or style"
/** @param {string[]} names */
export const either = (names) => new Intl.ListFormat(language, { type: "disjunction" }).format(names);

/** @param {string | number | undefined} value */
const shown = (value) => (typeof value === "number" ? count(value) : isolated(value ?? ""));

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

// What others wrote, within a line of ours: letters that run from right to left turn nothing beside
// them. Where it stands alone base.css does the same.
/** @param {string} text */
export const isolated = (text) => (RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text);

/** @param {number} value */
export const count = (value) => value.toLocaleString(language);

/** @param {number} value @param {number} digits behind the decimal sign */
export const decimal = (value, digits) =>
  value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

// A value of a column: numbers may be years or measures, so that nothing parts their thousands.
/** @param {string | number} value */
export const plainly = (value) =>
  typeof value === "number" ? value.toLocaleString(language, { useGrouping: false, maximumFractionDigits: 15 }) : value;
