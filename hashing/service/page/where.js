// What is asked of the columns: { brand: ["A", "B"], price__lte: ["20"] }, as the API takes it. In the
// page's address a column goes by its own name, unless that is ours.

import { isOurs } from "./address.js";
import { called } from "./words.js";

/** @typedef {import("./address.js").Where} Where */
/** @typedef {import("./shapes.js").Facets} Facets */

const YEARS = ["from", "to"]; // of the year, whatever the column is called
const PREFIX = "fields.";
/** @type {Record<string, string>} */
const FORMER = { hide: "creator__not", hide_artist: "creator__not", style: "group", artist: "creator" };
const OPERATOR = /__(not|like|gte?|lte?|null)$/;

/**
 * What a column is called in an address.
 *
 * @param {string} column
 */
export const parameter = (column) => (isOurs(column) || YEARS.includes(column) ? PREFIX + column : column);

/**
 * The same with all columns by names that no parameter of the API has.
 *
 * @param {Where} where
 * @returns {Where}
 */
export const asked = (where) =>
  Object.fromEntries(
    Object.entries(where).map(([name, values]) => [YEARS.includes(name) || name.startsWith(PREFIX) ? name : PREFIX + name, values]),
  );

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
  const bare = written.startsWith(PREFIX) ? written.slice(PREFIX.length) : written;
  if (columns.includes(bare)) return parameter(bare);
  if (YEARS.includes(written)) return roles.year ? written : null;
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
