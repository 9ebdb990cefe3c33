// What is asked of the columns: { brand: ["A", "B"], price__lte: ["20"] }, as the API takes it.

import { isOurs } from "./address.js";
import { called } from "./words.js";

/** @typedef {import("./address.js").Where} Where */
/** @typedef {import("./shapes.js").Facets} Facets */

const OURS_ELSEWHERE = new Set([
  "k", "max_distance", "diversity", "one_per", "one_per_artist", "fold", "where", "sample",
  "offset", "limit", "from", "to", "liked", "disliked", "picture", "id", "tones", "features",
]); // parameters of the API
/** @type {Record<string, string>} */
const FORMER = { hide: "creator__not", hide_artist: "creator__not", style: "group", artist: "creator" };
const OPERATOR = /__(not|like|gte?|lte?|null)$/;

/**
 * The parameter that a column is asked by.
 *
 * @param {string} column
 */
export function parameter(column) {
  return isOurs(column) || OURS_ELSEWHERE.has(column) ? `fields.${column}` : column;
}

/**
 * The same with columns by their names, without what is no column: an address may say anything.
 *
 * @param {Where} where
 * @param {Pick<Facets, "columns" | "roles">} facets
 * @returns {Where}
 */
export function known(where, { columns, roles }) {
  const names = columns.map(({ name }) => name);
  /** @type {Where} */
  const found = {};
  for (const [written, values] of Object.entries(where)) {
    const name = inForm(written, names, roles);
    if (name) found[name] = [...(found[name] ?? []), ...values];
  }
  return found;
}

/** @param {string} written @param {string[]} columns @param {Record<string, string>} roles */
function inForm(written, columns, roles) {
  const bare = written.replace(/^fields[.]/, "");
  if (columns.includes(bare)) return parameter(bare);
  if (written === "from" || written === "to") return roles.year ? written : null;
  const current = FORMER[bare] ?? bare;
  const operator = current.match(OPERATOR)?.[0] ?? "";
  const start = operator ? current.slice(0, -operator.length) : current;
  const column = columns.includes(start) ? start : roles[FORMER[start] ?? start];
  return column ? parameter(column) + operator : null;
}

/**
 * One parameter with other values; with none it is gone.
 *
 * @param {Where} where
 * @param {string} name
 * @param {string[]} values
 * @returns {Where}
 */
export function changed(where, name, values) {
  const { [name]: _, ...others } = where;
  return values.length ? { ...others, [name]: values } : others;
}

/**
 * The address of the works that share a value: what a door in a work's detail leads to.
 *
 * @param {string} column
 * @param {string | number} value
 * @param {string | null} role
 * @returns {Where}
 */
export function sharing(column, value, role) {
  // Dates may be spans of years: of these the API takes what reaches into the range.
  if (role === "year") return { from: [String(value)], to: [String(value)] };
  return { [parameter(column)]: [String(value)] };
}

/**
 * "list_price" in a sentence: "list price".
 *
 * @param {string} column
 */
export const spoken = (column) => called(column) ?? column.replaceAll("_", " ").toLowerCase();

/**
 * The same as a heading.
 *
 * @param {string} column
 */
export function heading(column) {
  const text = called(column) ?? column.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
