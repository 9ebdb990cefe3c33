// Works by their names, and the map's points: asked for once, forgotten when the collection changes.

import { get, getBytes } from "./api.js";
import { unpack } from "./map/atlas.js";
import { fileOf, isNamed, nameOf } from "./names.js";
import { state } from "./store.js";

/**
 * @typedef {import("./store.js").Work} Work
 * @typedef {import("./map/atlas.js").Atlas} Atlas
 */

// Letters of an address: proxies take 8 KiB unless they are told otherwise.
const AT_ONCE = { names: 50, letters: 6000, works: 500 };
/** @type {Map<string, Promise<Work | undefined>>} asked for at most once, those on their way included */
let byName = new Map();
/** @type {Promise<Atlas> | null} */
let points = null;

export function forget() {
  byName = new Map();
  points = null;
}

/** @param {Work[]} works */
export function remember(works) {
  for (const work of works) byName.set(nameOf(work, state.facets), Promise.resolve(work));
}

/**
 * The works of these names; those that are not there are left out.
 *
 * @param {string[]} names
 * @returns {Promise<Map<string, Work>>}
 */
export async function worksOf(names) {
  const known = byName;
  const wanted = [...new Set(names.filter(Boolean))];
  const unknown = wanted.filter((name) => !known.has(name));
  for (const some of portions(unknown)) {
    const answer = havingFiles([...new Set(some.map(fileOf))]);
    for (const name of some) known.set(name, answer.then((works) => works.find((work) => isNamed(name, work))));
  }
  try {
    const works = await Promise.all(wanted.map((name) => known.get(name)));
    return new Map(wanted.flatMap((name, place) => (works[place] ? [[name, works[place]]] : [])));
  } catch (problem) {
    for (const name of unknown) known.delete(name); // may be there when asked for again
    throw problem;
  }
}

/** @param {string[]} names @returns {string[][]} of each part the files fit into one address */
export function portions(names) {
  /** @type {string[][]} */
  const parts = [];
  /** @type {string[]} */
  let part = [];
  let letters = Infinity;
  for (const name of names) {
    const length = encodeURIComponent(fileOf(name)).length;
    letters += length;
    if (letters > AT_ONCE.letters || part.length === AT_ONCE.names) {
      parts.push((part = []));
      letters = length;
    }
    part.push(name);
  }
  return parts;
}

// All of them: a file may be that of many works.
/** @param {string[]} file @returns {Promise<Work[]>} in the order of their ids */
async function havingFiles(file) {
  /** @type {Work[]} */
  const works = [];
  for (;;) {
    const page = await get("api/items", { file, offset: works.length || null, limit: AT_ONCE.works });
    works.push(...page.works);
    if (!page.works.length || works.length >= page.total) return works;
  }
}

/** @returns {Promise<Atlas>} */
export function atlas() {
  points ??= getBytes("api/map/points")
    .then(unpack)
    .catch((problem) => {
      points = null;
      throw problem;
    });
  return points;
}
