// Works that lie together while one looks from afar: one of them stands for each cell of a grid.
//
// Which one is drawn by lot, the same lot at every magnification: whoever stands for a cell stands
// for the smaller cell that it falls into, too, so that nearing adds pictures and takes none away.

/**
 * @typedef {import("./atlas.js").Atlas} Atlas
 *
 * @typedef {object} Clusters
 * @property {number} columns
 * @property {number} rows
 * @property {Int32Array} counts of the works in each cell, row by row
 * @property {Int32Array} chosen the row in the atlas that stands for them, -1 for an empty cell
 */

const KEPT = 4; // magnifications whose clusters are remembered

/** @type {WeakMap<Atlas, Map<string, Clusters>>} */
const known = new WeakMap();

/**
 * @param {Atlas} atlas
 * @param {number} columns
 * @param {number} rows
 * @param {number | null} only the one group that counts
 * @returns {Clusters}
 */
export function clusters(atlas, columns, rows, only = null) {
  const these = known.get(atlas) ?? new Map();
  known.set(atlas, these);
  const name = `${columns} ${rows} ${only}`;
  const found = these.get(name) ?? gather(atlas, columns, rows, only);
  these.delete(name); // the latest comes last
  these.set(name, found);
  for (const oldest of [...these.keys()].slice(0, -KEPT)) these.delete(oldest);
  return found;
}

/** @param {Atlas} atlas @param {number} columns @param {number} rows @param {number | null} only @returns {Clusters} */
function gather({ ids, xs, ys, of }, columns, rows, only) {
  const counts = new Int32Array(columns * rows);
  const chosen = new Int32Array(columns * rows).fill(-1);
  for (let row = 0; row < ids.length; row++) {
    if (only !== null && of[row] !== only) continue;
    const cell = Math.min(rows - 1, Math.floor(ys[row] * rows)) * columns + Math.min(columns - 1, Math.floor(xs[row] * columns));
    counts[cell]++;
    if (chosen[cell] < 0 || lot(ids[row]) > lot(ids[chosen[cell]])) chosen[cell] = row;
  }
  return { columns, rows, counts, chosen };
}

// A number for each id, as if drawn (Knuth's multiplicative hash).
/** @param {number} id */
const lot = (id) => Math.imul(id + 1, 2654435761) >>> 0;
