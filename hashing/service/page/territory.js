// Where the groups of a collection lie on its map.

/**
 * @typedef {[id: number, x: number, y: number, group: number]} Point
 * @typedef {{ name: string, group: number, x: number, y: number, size: number }} Region
 */

const CELLS = 12; // across the map
const SHARE = 0.4; // of a cell's works that a group needs to prevail there
const FEWEST = 6; // works in a cell that say anything

/**
 * The names to write on a map: each group once, where it prevails most; the greatest first.
 *
 * @param {{ groups: string[], points: Point[] }} map
 * @returns {Region[]}
 */
export function regionsOf({ groups, points }) {
  /** @type {Map<string, Point[]>} */
  const cells = new Map();
  for (const point of points) {
    const key = `${Math.floor(point[1] * CELLS)} ${Math.floor(point[2] * CELLS)}`;
    cells.set(key, [...(cells.get(key) ?? []), point]);
  }
  /** @type {Map<number, Point[]>} */
  const lands = new Map();
  for (const inside of cells.values()) {
    const [group, own] = prevailing(inside);
    if (group < 0 || inside.length < FEWEST || own.length < SHARE * inside.length) continue;
    if (own.length > (lands.get(group)?.length ?? 0)) lands.set(group, own);
  }
  return [...lands]
    .map(([group, own]) => ({ name: groups[group], group, x: mean(own, 1), y: mean(own, 2), size: own.length }))
    .sort((a, b) => b.size - a.size);
}

/** @param {Point[]} points @returns {[number, Point[]]} */
function prevailing(points) {
  /** @type {Map<number, Point[]>} */
  const found = new Map();
  for (const point of points) found.set(point[3], [...(found.get(point[3]) ?? []), point]);
  return [...found].reduce((best, one) => (one[1].length > best[1].length ? one : best));
}

/**
 * The middle of some works' points; null where none of them is on the map.
 *
 * @param {Point[]} points
 * @param {(number | null)[]} ids
 * @returns {[number, number] | null}
 */
export function middle(points, ids) {
  if (!ids.length) return null;
  const there = points.filter(([id]) => ids.includes(id));
  return there.length ? [mean(there, 1), mean(there, 2)] : null;
}

/** @param {Point[]} points @param {1 | 2} axis */
const mean = (points, axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
