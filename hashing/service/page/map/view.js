// The part of the map in sight: places in the unit square to pixels of the canvas, and back.

const MARGIN = 24;
const CLOSEST = 100; // greatest magnification

/** @typedef {[number, number]} Place */

const view = { scale: 1, x: 0.5, y: 0.5 }; // magnification and the place in the middle
const size = { width: 1, height: 1 }; // of the canvas, in CSS pixels

export const magnification = () => view.scale;
/** @returns {Place} */
export const middle = () => [size.width / 2, size.height / 2];
/** @returns {Place} width and height of the whole map as it is seen, in pixels */
export const extent = () => {
  const [width, height] = inner();
  return [width * view.scale, height * view.scale];
};
/** @returns {[Place, Place]} corners of what is in sight, and so many pixels around it */
export const sight = (around = 0) => [spot([-around, -around]), spot([size.width + around, size.height + around])];

// Gives the canvas the pixels of its place on the screen, unless it has them.
/** @param {{ clientWidth: number, clientHeight: number, width: number, height: number }} canvas @param {number} [density] */
export function fit(canvas, density = globalThis.devicePixelRatio ?? 1) {
  [size.width, size.height] = [canvas.clientWidth, canvas.clientHeight];
  const [width, height] = [Math.round(size.width * density), Math.round(size.height * density)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/** @param {Place} spot of the unit square @returns {Place} */
export function pixel([x, y]) {
  const [width, height] = inner();
  return [
    MARGIN + width * (0.5 + (x - view.x) * view.scale),
    MARGIN + height * (0.5 + (y - view.y) * view.scale),
  ];
}

/** @param {Place} pixel of the canvas @returns {Place} */
export function spot([px, py]) {
  const [width, height] = inner();
  return [view.x + ((px - MARGIN) / width - 0.5) / view.scale, view.y + ((py - MARGIN) / height - 0.5) / view.scale];
}

/** @param {number} factor 0 for all of it @param {Place} [at] */
export function zoom(factor, at = middle()) {
  if (!factor) return void Object.assign(view, { scale: 1, x: 0.5, y: 0.5 });
  const [x, y] = spot(at);
  const scale = Math.min(CLOSEST, Math.max(1, view.scale * factor));
  // What lies under the pointer stays there.
  view.x = x - ((x - view.x) * view.scale) / scale;
  view.y = y - ((y - view.y) * view.scale) / scale;
  view.scale = scale;
  move(0, 0);
}

/** @param {number} dx @param {number} dy pixels */
export function move(dx, dy) {
  const [width, height] = inner();
  view.x = clamp(view.x - dx / width / view.scale);
  view.y = clamp(view.y - dy / height / view.scale);
}

// Whether a place lies within `edge` pixels inside the frame, or outside for a negative one.
/** @param {Place} at @param {number} edge */
export function within([x, y], edge) {
  return x > edge && y > edge && x < size.width - edge && y < size.height - edge;
}

const inner = () => [size.width - 2 * MARGIN, size.height - 2 * MARGIN];
/** @param {number} value */
const clamp = (value) => Math.min(1, Math.max(0, value));
