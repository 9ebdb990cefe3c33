// The address of the page is its whole state: what is asked, how it is refined, which one is open.
//
// At most one of these asks for something: work (like this id), code (like an uploaded picture),
// q (words), like and dislike (a taste), works (a set), palette (colours), mix (several with weights),
// path (between two works), area (of the map). Without any, the wall is a random hang by `seed`. Works
// of a taste or a set go by their names (see names.js), so that a link survives an index that is built
// anew. All names that are not ours filter by columns, written as the API takes them (see where.js).

/**
 * @typedef {Record<string, string[]>} Where
 *
 * @typedef {object} Address
 * @property {number | null} work
 * @property {string | null} code
 * @property {string | null} q
 * @property {string[]} like names, or `code:` and a code in hexadecimal
 * @property {string[]} dislike
 * @property {string[]} works names
 * @property {string[]} palette colours in hexadecimal, `2b2a26`
 * @property {string[]} mix weights and what they belong to: `-0.5:` and a name, or `1:code:` and a code
 * @property {string[]} path names of the two works between which one walks
 * @property {string | null} area left, top, right and bottom, each 0 to 1
 * @property {boolean} exact whether words are taken letter by letter
 * @property {number | null} seed
 * @property {number | null} open
 * @property {string} panel refine, taste, map, or empty
 * @property {number | null} bits
 * @property {string | null} by codes alone or a distance of features, null for all that one sees
 * @property {boolean} number whether likeness is told as a number
 * @property {number | null} varied
 * @property {string} close
 * @property {boolean} one
 * @property {Where} where
 */

/** @type {Pick<Address, "varied" | "close" | "one" | "where">} */
export const REFINE = { varied: null, close: "any", one: false, where: {} };
const ASK = {
  ...{ work: null, code: null, q: null, exact: false },
  ...{ like: [], dislike: [], works: [], palette: [], mix: [], path: [], area: null, seed: null },
};
const REST = { open: null, panel: "", bits: null, by: null, number: false };
/** Those that fold out, one at a time. */
const PANELS = ["refine", "taste", "map"];
/** @type {Address} */
export const DEFAULTS = { ...ASK, ...REST, ...REFINE };
const NUMBERS = ["varied", "work", "open", "bits", "seed"];

/** @param {string} name */
export const isOurs = (name) => name in DEFAULTS || name === "taste";

/**
 * @param {string} search what follows the path: `?work=3`
 * @returns {Address}
 */
export function read(search) {
  const query = new URLSearchParams(search);
  /** @type {Record<string, unknown>} */
  const found = {};
  for (const [name, fallback] of Object.entries(DEFAULTS))
    found[name] = query.has(name) ? value(query, name, fallback) : fallback;
  found.where = where(query);
  if (!PANELS.includes(String(found.panel))) found.panel = DEFAULTS.panel;
  return /** @type {Address} */ (found);
}

/** @param {URLSearchParams} query @param {string} name @param {unknown} fallback */
function value(query, name, fallback) {
  if (Array.isArray(fallback)) return query.getAll(name);
  const text = query.get(name) ?? "";
  if (typeof fallback === "boolean") return text === "1";
  return NUMBERS.includes(name) ? number(text) : text;
}

/** @param {URLSearchParams} query @returns {Where} */
function where(query) {
  const names = [...new Set(query.keys())].filter((name) => !isOurs(name));
  return Object.fromEntries(names.map((name) => [name, query.getAll(name)]));
}

/** @param {string} text */
function number(text) {
  const found = Number(text);
  return text !== "" && Number.isFinite(found) ? found : null;
}

/**
 * Some of an address changed; a new question closes the open work and forgets the old question.
 *
 * @param {Address} address
 * @param {Partial<Address>} change
 * @returns {Address}
 */
export function changedBy(address, change) {
  const asks = Object.keys(change).some((name) => name in ASK);
  return { ...address, ...(asks ? { ...ASK, open: null } : {}), ...change };
}

/**
 * @param {Address} address
 * @returns {string} `?work=3`, empty for the plain wall
 */
export function write(address) {
  const query = new URLSearchParams();
  for (const [name, given] of Object.entries(address)) {
    if (name === "where") for (const [column, values] of Object.entries(address.where)) append(query, column, values);
    else if (Array.isArray(given)) append(query, name, given);
    else if (given === true) query.set(name, "1");
    else if (isSaid(name, given)) query.set(name, String(given));
  }
  const text = String(query);
  return text && `?${text}`;
}

// Whether a value is not what an address means without it.
/** @param {string} name @param {unknown} given */
const isSaid = (name, given) =>
  given !== null && given !== false && given !== "" && given !== DEFAULTS[/** @type {keyof Address} */ (name)];

/** @param {URLSearchParams} query @param {string} name @param {string[]} values */
function append(query, name, values) {
  for (const one of values) query.append(name, one);
}
