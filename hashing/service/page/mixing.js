// Several questions at once as values: works, which go by their names, and pictures of a visitor's own,
// which go by their codes, each with a weight from -1 (away from it) to 1 (near it).

import { CODE } from "./opinions.js";

/**
 * @typedef {import("./store.js").Address} Address
 * @typedef {import("./store.js").Opinion} Opinion
 *
 * @typedef {object} MixPart
 * @property {string} file empty for a picture of the visitor's own
 * @property {string} code empty for a work
 * @property {number} weight
 */

export const LESS = -0.5; // what is wanted less, as a dislike counts in a taste

/** @param {Pick<Address, "mix">} address @returns {MixPart[]} */
export const partsOf = ({ mix }) => mix.flatMap(part);

/** @param {string} written @returns {MixPart[]} none for what says nothing */
function part(written) {
  const [, text, name] = written.match(/^(-?[0-9.]+):(.+)$/) ?? [];
  const weight = Number(text);
  if (!name || !(Math.abs(weight) <= 1)) return [];
  const isCode = name.startsWith(CODE);
  return [{ file: isCode ? "" : name, code: isCode ? name.slice(CODE.length) : "", weight }];
}

/**
 * As the address carries them.
 *
 * @param {MixPart[]} parts
 */
export const inMix = (parts) => ({ mix: parts.map(({ file, code, weight }) => `${weight}:${file || CODE + code}`) });

/** @param {{ file: string, code: string }} a @param {{ file: string, code: string }} b */
const same = (a, b) => a.file === b.file && a.code === b.code;

// With a part, or with another weight of it.
/** @param {MixPart[]} parts @param {MixPart} part */
export function withPart(parts, { file, code, weight }) {
  const known = parts.some((one) => same(one, { file, code }));
  return known
    ? parts.map((one) => (same(one, { file, code }) ? { file, code, weight } : one))
    : [...parts, { file, code, weight }];
}

/** @param {MixPart[]} parts @param {{ file: string, code: string }} part */
export const withoutPart = (parts, part) => parts.filter((one) => !same(one, part));

/**
 * What an address asks for, as the beginning of a mix.
 *
 * @param {Address} address
 * @param {{ id: number, name: string } | null} asked the work that was asked with, not always this address's
 * @returns {MixPart[]}
 */
export function begun(address, asked) {
  if (address.mix.length) return partsOf(address);
  if (address.work !== null) return asked?.id === address.work ? [{ file: asked.name, code: "", weight: 1 }] : [];
  if (address.code) return [{ file: "", code: address.code, weight: 1 }];
  const taste = [...address.like.map((name) => `1:${name}`), ...address.dislike.map((name) => `${LESS}:${name}`)];
  return partsOf({ mix: taste });
}

/**
 * Likes as parts that together weigh as much as one picture.
 *
 * @param {Opinion[]} taste
 * @returns {MixPart[]}
 */
export function likes(taste) {
  const liked = taste.filter((opinion) => opinion.liked);
  const weight = Math.max(0.05, Math.round(100 / Math.max(1, liked.length)) / 100);
  return liked.map(({ file, code }) => ({ file, code, weight }));
}

/**
 * The wanted parts, in which `nearest_like` counts.
 *
 * @param {MixPart[]} parts
 * @returns {Opinion[]}
 */
export const asLiked = (parts) =>
  parts.filter(({ weight }) => weight > 0).map(({ file, code }) => ({ file, code, title: "", src: "", liked: true }));
