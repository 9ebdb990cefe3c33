// What a pointer touches on the map, and where the arrow keys lead.

import { runs } from "./atlas.js";
import { pixel, spot } from "./view.js";

/**
 * @typedef {import("./atlas.js").Atlas} Atlas
 * @typedef {import("./hanging.js").Hung} Hung
 * @typedef {[number, number]} Place
 */

const REACH = 18; // pixels around the pointer

/** @param {Hung[]} hung @param {Place} place @returns {Hung | null} the picture whose number lies there */
export const signAt = (hung, [x, y]) =>
  hung.find(({ sign }) => sign && x >= sign[0] && x <= sign[0] + sign[2] && y >= sign[1] && y <= sign[1] + sign[3]) ?? null;

/**
 * The picture that hangs there, or else the nearest dot.
 *
 * @param {Atlas} atlas @param {Hung[]} hung @param {Place} place
 * @returns {number | null} its row
 */
export function near(atlas, hung, [px, py]) {
  const over = hung.find(({ at, shape }) => Math.abs(at[0] - px) <= shape[0] / 2 && Math.abs(at[1] - py) <= shape[1] / 2);
  if (over) return over.row;
  let [best, least] = [/** @type {number | null} */ (null), REACH];
  for (const [from, to] of runs(atlas, spot([px - REACH, py - REACH]), spot([px + REACH, py + REACH])))
    for (let row = from; row < to; row++) {
      const [x, y] = pixel([atlas.xs[row], atlas.ys[row]]);
      const gap = Math.hypot(x - px, y - py);
      if (gap < least) [best, least] = [row, gap];
    }
  return best;
}

/**
 * The nearest picture that lies more in a direction than beside it; where none hangs there, the
 * nearest work that does.
 *
 * @param {Atlas} atlas @param {Hung[]} hung @param {Place} from @param {Place} direction
 * @param {number | null} current the row that is left
 * @returns {number | null}
 */
export function ahead({ ids, xs, ys }, hung, from, [dx, dy], current) {
  const nearest = (/** @type {Iterable<number>} */ rows) => {
    let [best, least] = [/** @type {number | null} */ (null), Infinity];
    for (const row of rows) {
      const [x, y] = pixel([xs[row], ys[row]]);
      const along = (x - from[0]) * dx + (y - from[1]) * dy;
      const beside = Math.abs((x - from[0]) * dy + (y - from[1]) * dx);
      const gap = Math.hypot(along, beside);
      if (row !== current && along > 0 && along >= beside && gap < least) [best, least] = [row, gap];
    }
    return best;
  };
  return nearest(hung.map(({ row }) => row)) ?? nearest(ids.keys());
}
