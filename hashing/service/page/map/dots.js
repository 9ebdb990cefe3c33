// Every work as a dot of its group's colour, written into pixels at once: a path for each of a
// hundred thousand takes ten times as long.

import { runs } from "./atlas.js";

const LIT = 217; // of 255
const DIM = 26;

/**
 * @typedef {import("./atlas.js").Atlas} Atlas
 * @typedef {[number, number]} Place
 *
 * @typedef {object} Sheet
 * @property {Uint32Array} pixels red in the lowest byte, opacity in the highest
 * @property {number} width
 * @property {number} height
 */

/**
 * @param {Sheet} sheet written over
 * @param {Atlas} atlas
 * @param {object} how
 * @param {Place} how.origin pixel of the corner 0, 0
 * @param {Place} how.extent pixels from there to the corner 1, 1
 * @param {[Place, Place]} how.sight corners of what is drawn
 * @param {number} how.radius of a dot in pixels
 * @param {Uint32Array} how.shades of each group, of none at the end; without opacity
 * @param {number | null} how.only the one group that is lit
 */
export function paint({ pixels, width, height }, atlas, { origin, extent, sight, radius, shades, only }) {
  pixels.fill(0);
  const disc = stamp(radius, width);
  const edge = Math.ceil(radius);
  const { xs, ys, of } = atlas;
  for (const [from, to] of runs(atlas, ...sight))
    for (let row = from; row < to; row++) {
      const x = Math.round(origin[0] + extent[0] * xs[row]);
      const y = Math.round(origin[1] + extent[1] * ys[row]);
      if (x < edge || y < edge || x >= width - edge || y >= height - edge) continue;
      const shade = shades[of[row] < 0 ? shades.length - 1 : of[row]];
      const strength = only === null || of[row] === only ? LIT : DIM;
      for (let k = 0; k < disc.length; k += 2) {
        const place = y * width + x + disc[k];
        const opacity = (disc[k + 1] * strength) >>> 8;
        if (opacity > pixels[place] >>> 24) pixels[place] = ((opacity << 24) | shade) >>> 0;
      }
    }
}

// The pixels of a dot: how far each is from its middle, and how much of it is covered, to 256.
/** @param {number} radius @param {number} width of a line of pixels */
export function stamp(radius, width) {
  const found = [];
  const edge = Math.ceil(radius);
  for (let y = -edge; y <= edge; y++)
    for (let x = -edge; x <= edge; x++) {
      const covered = Math.round(256 * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y))));
      if (covered) found.push(y * width + x, covered);
    }
  return Int32Array.from(found);
}
