// Pictures on the map: one for each cell of a grid, and the number of works that it stands for.

import { count } from "../words.js";
import { clusters } from "./clusters.js";
import { extent, magnification, pixel, sight } from "./view.js";

/**
 * @typedef {import("./atlas.js").Atlas} Atlas
 * @typedef {[number, number]} Place
 *
 * @typedef {object} Hung
 * @property {number} row in the atlas
 * @property {Place} at its middle in pixels
 * @property {Place} shape width and height, 0 while it is on its way
 * @property {number} works that it stands for
 * @property {[left: number, top: number, width: number, height: number] | null} sign with their number
 */

const CELL = 104; // pixels, times or divided by the root of two
const SHARE = 0.8; // of a cell that a picture takes
const LARGEST = 112;
const REST = 120; // milliseconds without a move before pictures are asked for
const KEPT = 600;

/** @type {Map<string, HTMLImageElement>} */
const thumbnails = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let asking = undefined;

/**
 * The works that hang, or will, once their pictures are there.
 *
 * @param {Atlas} atlas
 * @param {number | null} only
 * @returns {Hung[]}
 */
export function choose(atlas, only) {
  const { columns, rows, room, side } = grid();
  const { counts, chosen } = clusters(atlas, columns, rows, only);
  const [[left, top], [right, bottom]] = sight();
  const half = side / 2;
  /** @type {Hung[]} */
  const found = [];
  for (let j = slot(top, rows); j <= slot(bottom, rows); j++)
    for (let i = slot(left, columns); i <= slot(right, columns); i++) {
      const [row, works] = [chosen[j * columns + i], counts[j * columns + i]];
      if (row < 0) continue;
      const [x, y] = pixel([atlas.xs[row], atlas.ys[row]]);
      const [cx, cy] = pixel([i / columns, j / rows]);
      // No picture covers another: each stays within its cell.
      const at = /** @type {Place} */ ([held(x, cx + half, cx + room[0] - half), held(y, cy + half, cy + room[1] - half)]);
      found.push({ row, at, shape: [0, 0], works, sign: null });
    }
  return found;
}

// Cells double as one nears, so that each falls into four.
function grid() {
  const scale = magnification();
  const finer = 2 ** Math.round(Math.log2(scale));
  const cells = (/** @type {number} */ length) => Math.max(1, Math.round(length / scale / CELL)) * finer;
  const [width, height] = extent();
  const [columns, rows] = [cells(width), cells(height)];
  const room = [width / columns, height / rows];
  return { columns, rows, room, side: Math.min(LARGEST, SHARE * Math.min(...room)) };
}

/** @param {number} value @param {number} slots */
const slot = (value, slots) => Math.min(slots - 1, Math.max(0, Math.floor(value * slots)));
/** @param {number} value @param {number} least @param {number} most */
const held = (value, least, most) => Math.min(most, Math.max(least, value));

/**
 * Draws those whose pictures are there; the others are asked for once the map rests.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Hung[]} hung given their shapes and signs
 * @param {(row: number) => string} address of a picture
 * @param {(name: string) => string} ink
 * @param {() => void} again draws once more
 */
export function hang(pen, hung, address, ink, again) {
  const { side } = grid();
  /** @type {string[]} */
  const missing = [];
  for (const one of hung) {
    const name = address(one.row);
    const image = thumbnails.get(name);
    if (!image) missing.push(name);
    if (!image?.complete || !image.naturalWidth) continue;
    const scale = side / Math.max(image.naturalWidth, image.naturalHeight);
    one.shape = [image.naturalWidth * scale, image.naturalHeight * scale];
    pen.drawImage(image, one.at[0] - one.shape[0] / 2, one.at[1] - one.shape[1] / 2, ...one.shape);
  }
  for (const one of hung) if (one.works > 1) sign(pen, one, side, ink);
  clearTimeout(asking);
  asking = missing.length ? setTimeout(() => missing.forEach((name) => fetch(name, again)), REST) : undefined;
}

// How many works hang behind a picture, in its corner.
/** @param {CanvasRenderingContext2D} pen @param {Hung} one @param {number} side @param {(name: string) => string} ink */
function sign(pen, one, side, ink) {
  const text = count(one.works);
  pen.font = "12px system-ui, sans-serif";
  const [width, height] = [pen.measureText(text).width + 10, 18];
  const [w, h] = one.shape[0] ? one.shape : [side * 0.6, side * 0.6];
  const [left, top] = [one.at[0] + w / 2 - width, one.at[1] + h / 2 - height];
  one.sign = [left, top, width, height];
  pen.fillStyle = ink("--sheet");
  pen.fillRect(left, top, width, height);
  pen.fillStyle = ink("--ink");
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, left + width / 2, top + height / 2 + 0.5);
}

/** @param {string} address @param {() => void} again */
function fetch(address, again) {
  const image = new Image();
  thumbnails.set(address, image);
  for (const oldest of [...thumbnails.keys()].slice(0, -KEPT)) thumbnails.delete(oldest);
  image.src = address;
  image.decode().then(again, () => {
    // A dot till the next move, which asks again.
    if (thumbnails.get(address) === image) thumbnails.delete(address);
  });
}
