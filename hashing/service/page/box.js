// A box on a picture, in shares of its sides: drawn from corner to corner, moved, made larger.

/** @typedef {[number, number, number, number]} Box left, top, right, bottom; 0 to 1 */

/** @type {Box} */
export const FIRST = [0.2, 0.2, 0.8, 0.8];
const LEAST = 0.04;

const within = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));

/** Between two corners, of which neither has to be the upper left.
 * @param {[number, number]} a @param {[number, number]} b @returns {Box} */
export function between(a, b) {
  const [left, right] = span(a[0], b[0]);
  const [top, bottom] = span(a[1], b[1]);
  return [left, top, right, bottom];
}

/** Moved, no further than the picture reaches. @param {Box} box @param {number} dx @param {number} dy @returns {Box} */
export function moved([left, top, right, bottom], dx, dy) {
  const x = Math.min(1 - right, Math.max(-left, dx));
  const y = Math.min(1 - bottom, Math.max(-top, dy));
  return [left + x, top + y, right + x, bottom + y];
}

/** Its lower right corner moved. @param {Box} box @param {number} dx @param {number} dy @returns {Box} */
export function resized([left, top, right, bottom], dx, dy) {
  return [left, top, within(Math.max(left + LEAST, right + dx)), within(Math.max(top + LEAST, bottom + dy))];
}

/** As the API takes it. @param {Box} box */
export const written = (box) => box.map((value) => value.toFixed(3)).join(",");

/** @param {number} a @param {number} b @returns {[number, number]} */
function span(a, b) {
  const [low, high] = [within(Math.min(a, b)), within(Math.max(a, b))];
  if (high - low >= LEAST) return [low, high];
  const start = Math.min(low, 1 - LEAST);
  return [start, start + LEAST];
}
