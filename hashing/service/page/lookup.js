// Works by their files, and the map's points: asked for once, forgotten when the collection changes.

import { get, getBytes } from "./api.js";
import { unpack } from "./map/atlas.js";

/**
 * @typedef {import("./store.js").Work} Work
 * @typedef {import("./map/atlas.js").Atlas} Atlas
 */

const AT_ONCE = 50;
/** @type {Map<string, Promise<Work | undefined>>} asked for at most once, those on their way included */
let byFile = new Map();
/** @type {Promise<Atlas> | null} */
let points = null;

export function forget() {
  byFile = new Map();
  points = null;
}

/** @param {Work[]} works */
export function remember(works) {
  for (const work of works) byFile.set(work.file, Promise.resolve(work));
}

/**
 * The works of these files; those that are not there are left out.
 *
 * @param {string[]} files
 * @returns {Promise<Map<string, Work>>}
 */
export async function worksOf(files) {
  const known = byFile;
  const wanted = [...new Set(files.filter(Boolean))];
  const unknown = wanted.filter((file) => !known.has(file));
  for (let start = 0; start < unknown.length; start += AT_ONCE) {
    const some = unknown.slice(start, start + AT_ONCE);
    /** @type {Promise<import("./shapes.js").Page>} */
    const answer = get("api/items", { file: some, limit: 500 });
    for (const file of some) known.set(file, answer.then(({ works }) => works.find((work) => work.file === file)));
  }
  try {
    const works = await Promise.all(wanted.map((file) => known.get(file)));
    return new Map(works.flatMap((work) => (work ? [[work.file, work]] : [])));
  } catch (problem) {
    for (const file of unknown) known.delete(file); // may be there when asked for again
    throw problem;
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
