// Where the groups of a collection lie on its map.

/**
 * @typedef {import("./atlas.js").Atlas} Atlas
 * @typedef {{ name: string, group: number, x: number, y: number, size: number }} Region
 */

const CELLS = 12; // across the map
const SHARE = 0.4; // of a cell's works that a group needs to prevail there
const FEWEST = 6; // works in a cell that say anything

/**
 * The names to write on a map: each group once, where it prevails most; the greatest first.
 *
 * @param {Atlas} atlas
 * @returns {Region[]}
 */
export function regionsOf({ groups, xs, ys, of }) {
  /** @type {Map<number, Map<number, number[]>>} rows by cell and group */
  const cells = new Map();
  for (let row = 0; row < of.length; row++) {
    const cell = Math.floor(ys[row] * CELLS) * (CELLS + 1) + Math.floor(xs[row] * CELLS);
    const inside = cells.get(cell) ?? new Map();
    cells.set(cell, inside);
    if (!inside.has(of[row])) inside.set(of[row], []);
    inside.get(of[row]).push(row);
  }
  /** @type {Map<number, number[]>} */
  const lands = new Map();
  for (const inside of cells.values()) {
    const all = [...inside.values()].reduce((sum, rows) => sum + rows.length, 0);
    const [group, own] = [...inside].reduce((best, one) => (one[1].length > best[1].length ? one : best));
    if (group < 0 || all < FEWEST || own.length < SHARE * all) continue;
    if (own.length > (lands.get(group)?.length ?? 0)) lands.set(group, own);
  }
  const mean = (/** @type {number[]} */ rows, /** @type {Float32Array} */ column) => rows.reduce((sum, row) => sum + column[row], 0) / rows.length;
  return [...lands]
    .map(([group, own]) => ({ name: groups[group], group, x: mean(own, xs), y: mean(own, ys), size: own.length }))
    .sort((a, b) => b.size - a.size);
}
