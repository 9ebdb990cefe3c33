// What an address asks for, and how the API is asked for it.

import { DEFAULTS } from "./address.js";
import { asked, known } from "./where.js";

/**
 * @typedef {import("./store.js").Address} Address
 * @typedef {import("./store.js").Facets} Facets
 * @typedef {"work" | "code" | "taste" | "words" | "works" | "palette" | "mix" | "path" | "area" | "wall"} Kind
 */

/** @param {Address} address @returns {Kind} */
export function kind({ work, code, like, q, works, palette, mix, path, area }) {
  if (work !== null) return "work";
  if (code) return "code";
  if (like.length) return "taste";
  if (q) return "words";
  if (works.length) return "works";
  if (palette.length) return "palette";
  if (mix.length) return "mix";
  if (path.length) return "path";
  return area ? "area" : "wall";
}

// Whether the wall hangs by likeness, so that variety, a cut-off and one of each have a meaning.
/** @param {Address} address */
export const byLikeness = (address) => ["work", "code", "taste", "mix"].includes(kind(address));

// Whether columns narrow it: a set is shown as it was put together.
/** @param {Address} address */
export const canNarrow = (address) => !["works", "path", "area"].includes(kind(address));

const LIKENESS = /** @type {const} */ (["varied", "close", "one"]);

/**
 * How many of the controls under Refine change what hangs.
 *
 * @param {Address} address
 * @param {Facets | null} facets
 */
export function refinements(address, facets) {
  const others = byLikeness(address) ? LIKENESS.filter((name) => address[name] !== DEFAULTS[name]) : [];
  const where = facets ? known(address.where, facets) : address.where;
  return others.length + (canNarrow(address) ? Object.keys(where).length : 0);
}

/**
 * The words for distances of the codes that are asked with, the nearest first.
 *
 * @param {Address} address
 * @param {Facets} facets
 */
export const bounds = ({ bits }, facets) => facets.closeness.filter((bound) => bound.bits === (bits ?? facets.bits));

const CODES = "hamming";
const OF_FEATURES = ["cosine", "euclidean", "manhattan"];

/**
 * The orders that a question can have, the usual one, of all that one sees, first; none where there
 * is no choice.
 *
 * @param {Address} address
 * @param {Facets} facets
 */
export function orders(address, facets) {
  if (!["work", "code"].includes(kind(address))) return [];
  return ["look", CODES, ...(facets.features && kind(address) === "work" ? OF_FEATURES : [])];
}

/**
 * How varied an answer is: an order by codes alone stays as it is until a visitor moves the control.
 *
 * @param {Address} address
 * @param {Facets | null} facets
 */
export const variety = ({ varied, by }, facets) => varied ?? (by === CODES ? 0 : facets?.diversity ?? 0);

// Chosen by eye on queries of their own, see benchmarks/results/by_eye.md.
export const BESIDE = { tones: 0.5, features: 1 };

/**
 * The parameters of a question for what is alike.
 *
 * @param {Address} address
 * @param {Facets} facets
 * @returns {Record<string, unknown>}
 */
export function refinement(address, facets) {
  const exact = address.by === CODES;
  const by = orders(address, facets).find((name) => OF_FEATURES.includes(name) && name === address.by) ?? null;
  // the words for closeness, and shorter codes, are of the distance of codes
  const bound = by ? null : bounds(address, facets).find(({ word }) => word === address.close);
  return {
    by,
    bits: by ? null : address.bits,
    diversity: exact ? variety(address, facets) : address.varied,
    // what one sees counts beside the code
    ...(by || exact ? {} : BESIDE),
    max_distance: bound?.max_distance ?? null,
    one_per: address.one && facets.roles.creator ? "creator" : null,
    ...asked(known(address.where, facets)),
  };
}

/**
 * The parameters of a listing.
 *
 * @param {Address} address
 * @param {Facets | null} facets null for the plain wall, which has no columns to check
 * @returns {Record<string, unknown>}
 */
export function listing(address, facets) {
  const filters = facets ? asked(known(address.where, facets)) : {};
  if (address.q) return { ...filters, q: address.q, exact: address.exact || null };
  if (address.palette.length) return { ...filters, palette: address.palette };
  return { ...filters, sample: true, seed: address.seed ?? 0 };
}

/**
 * What hangs depends on this alone.
 *
 * @param {Address} address
 */
export const identity = (address) => JSON.stringify({ ...address, open: null, panel: "" });
