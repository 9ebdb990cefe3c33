// Which tiles of an original a close look needs: those in sight, at the size that the screen shows.

export const TILE = 512; // pixels of a side
const MOST = 256; // at once: more than a screen of 5120 × 2880 pixels takes but for its edge

/**
 * @typedef {{ width: number, height: number }} Size of the original in pixels
 * @typedef {{ left: number, top: number, right: number, bottom: number }} Sight shares of it, 0 to 1
 * @typedef {{ x: number, y: number, width: number, height: number, factor: number }} Tile
 */

/**
 * @param {Size} original
 * @param {Sight} sight
 * @param {number} across pixels of the screen that its whole width takes
 * @param {number} there pixels of the width of what is shown already
 * @returns {Tile[]} none where what is shown already is as fine
 */
export function needed(original, sight, across, there) {
  if (across <= there) return [];
  let factor = 1;
  while (original.width / (2 * factor) >= across && factor < 64) factor *= 2;
  if (original.width / factor <= there) return [];
  const side = TILE * factor;
  const first = (/** @type {number} */ share, /** @type {number} */ length) => Math.floor((Math.max(0, share) * length) / side);
  const last = (/** @type {number} */ share, /** @type {number} */ length) => Math.ceil((Math.min(1, share) * length) / side);
  const found = [];
  for (let row = first(sight.top, original.height); row < last(sight.bottom, original.height); row++)
    for (let column = first(sight.left, original.width); column < last(sight.right, original.width); column++) {
      const [x, y] = [column * side, row * side];
      found.push({ x, y, width: Math.min(side, original.width - x), height: Math.min(side, original.height - y), factor });
    }
  return found.slice(0, MOST);
}

/** @param {Tile} tile @returns {string} its part and its size, as the address of a tile has them (IIIF) */
export const part = ({ x, y, width, height, factor }) =>
  `${x},${y},${width},${height}/${Math.max(1, Math.floor(width / factor))},${Math.max(1, Math.floor(height / factor))}`;
