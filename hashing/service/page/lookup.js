// Works by their files, and the map's points: asked for once, forgotten when the collection changes.

import { get, getBytes } from "./api.js";
import { unpack } from "./map/atlas.js";

/**
 * @typedef {import("./store.js").Work} Work
 * @typedef {import("./map/atlas.js").Atlas} Atlas
 */

const AT_ONCE = 50;
/** @type {Map<string, Work | null>} */
let byFile = new Map();
/** @type {Promise<Atlas> | null} */
let points = null;

export function forget() {
  byFile = new Map();
  points = null;
}

/** @param {Work[]} works */
export function remember(works) {
  for (const work of works) byFile.set(work.file, work);
}

/**
 * The works of these files; those that are not there are left out.
 *
 * @param {string[]} files
 * @returns {Promise<Map<string, Work>>}
 */
export async function worksOf(files) {
  const unknown = [...new Set(files.filter((file) => file && !byFile.has(file)))];
  for (let start = 0; start < unknown.length; start += AT_ONCE) {
    const some = unknown.slice(start, start + AT_ONCE);
    for (const file of some) byFile.set(file, null);
    remember((await get("api/items", { file: some, limit: 500 })).works);
  }
  const found = new Map();
  for (const file of files) if (byFile.get(file)) found.set(file, byFile.get(file));
  return found;
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
