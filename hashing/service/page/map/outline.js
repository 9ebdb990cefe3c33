// A part of the map: a box by two corners, or an outline that was drawn by hand, by all of its own.

/**
 * @typedef {import("./atlas.js").Atlas} Atlas
 * @typedef {import("./atlas.js").Place} Place
 */

const MOST_CORNERS = 32; // of an outline, so that its address stays short
const DIGITS = 4;

/** @param {Place[]} corners two for a box @returns {string} as the address carries it */
export const written = (corners) => simple(corners).flat().map((value) => value.toFixed(DIGITS)).join(",");

/** @param {string} area @returns {Place[]} */
export function corners(area) {
  const values = area.split(",").map(Number);
  return Array.from({ length: values.length >> 1 }, (_, i) => [values[2 * i], values[2 * i + 1]]);
}

/**
 * Ids of the works in a part of the map, from its middle outwards.
 *
 * @param {Atlas} atlas
 * @param {string} area
 */
export function within({ ids, xs, ys }, area) {
  const line = corners(area);
  const box = line.length < 3 ? bounds(line) : null;
  const [left, top, right, bottom] = box ?? bounds(line);
  /** @type {[id: number, off: number][]} */
  const found = [];
  for (let row = 0; row < ids.length; row++) {
    const [x, y] = [xs[row], ys[row]];
    if (!(x >= left && x <= right && y >= top && y <= bottom) || (!box && !holds(line, x, y))) continue;
    found.push([ids[row], Math.hypot(x - (left + right) / 2, y - (top + bottom) / 2)]);
  }
  return found.sort((a, b) => a[1] - b[1]).map(([id]) => id);
}

/** @param {Place[]} line @returns {[left: number, top: number, right: number, bottom: number]} */
function bounds(line) {
  const [xs, ys] = [line.map(([x]) => x), line.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

// By the even-odd rule: how often a ray to the right crosses the outline.
/** @param {Place[]} line @param {number} x @param {number} y */
export function holds(line, x, y) {
  let inside = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [[ax, ay], [bx, by]] = [line[i], line[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

// As many corners as an address has room for, those that matter most (Visvalingam & Whyatt 1993).
/** @param {Place[]} corners */
export function simple(corners) {
  const line = [...corners];
  while (line.length > MOST_CORNERS) {
    let [least, place] = [Infinity, 0];
    for (let i = 0; i < line.length; i++) {
      const size = triangle(line[(i || line.length) - 1], line[i], line[(i + 1) % line.length]);
      if (size < least) [least, place] = [size, i];
    }
    line.splice(place, 1);
  }
  return line;
}

/** @param {Place} a @param {Place} b @param {Place} c */
const triangle = (a, b, c) => Math.abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]));
