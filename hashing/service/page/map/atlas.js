// The points of the map in columns, sorted into the cells of a grid: what lies in a part of it is a
// few runs of rows, however many works there are.

const CELLS = 128; // of the grid, each way
const STEPS = 65535; // of a coordinate as it travels
const NONE = 65535; // in place of a group

/**
 * @typedef {[number, number]} Place
 *
 * @typedef {object} Atlas rows of equal number belong together
 * @property {string[]} groups
 * @property {Float64Array} ids
 * @property {Float32Array} xs 0 to 1
 * @property {Float32Array} ys
 * @property {Int32Array} of the place in `groups`, -1 for none
 * @property {Uint32Array} starts first row of each cell, and the number of rows
 */

/**
 * The points as the server packs them; see `/api/v1/map/points`.
 *
 * @param {ArrayBuffer} packed
 * @returns {Atlas}
 */
export function unpack(packed) {
  const length = new DataView(packed).getUint32(0, true);
  const { groups, count } = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 4, length)));
  const begin = 4 + length;
  const coordinate = (/** @type {number} */ place) => new Uint16Array(packed, begin + count * (8 + 2 * place), count);
  return sorted(groups, new Float64Array(packed, begin, count), scaled(coordinate(0)), scaled(coordinate(1)), signed(coordinate(2)));
}

/** @param {Uint16Array} column */
const scaled = (column) => Float32Array.from(column, (value) => value / STEPS);
/** @param {Uint16Array} column */
const signed = (column) => Int32Array.from(column, (value) => (value === NONE ? -1 : value));

/**
 * @param {string[]} groups @param {ArrayLike<number>} ids @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} ys @param {ArrayLike<number>} of
 * @returns {Atlas}
 */
export function sorted(groups, ids, xs, ys, of) {
  const starts = new Uint32Array(CELLS * CELLS + 1);
  for (let i = 0; i < ids.length; i++) starts[cell(xs[i], ys[i]) + 1]++;
  for (let i = 0; i < CELLS * CELLS; i++) starts[i + 1] += starts[i];
  const next = starts.slice();
  const atlas = {
    ...{ groups, starts, ids: new Float64Array(ids.length), of: new Int32Array(ids.length) },
    ...{ xs: new Float32Array(ids.length), ys: new Float32Array(ids.length) },
  };
  for (let i = 0; i < ids.length; i++) {
    const row = next[cell(xs[i], ys[i])]++;
    [atlas.ids[row], atlas.xs[row], atlas.ys[row], atlas.of[row]] = [ids[i], xs[i], ys[i], of[i]];
  }
  return atlas;
}

/** @param {number} value */
const slot = (value) => Math.min(CELLS - 1, Math.max(0, Math.floor(value * CELLS)));
/** @param {number} x @param {number} y */
const cell = (x, y) => slot(y) * CELLS + slot(x);

/**
 * Runs of rows that hold everything between two corners, and a little more.
 *
 * @param {Atlas} atlas @param {Place} a @param {Place} b
 * @returns {[from: number, to: number][]}
 */
export function runs({ starts }, [ax, ay], [bx, by]) {
  const [left, right] = [slot(Math.min(ax, bx)), slot(Math.max(ax, bx))];
  /** @type {[number, number][]} */
  const found = [];
  for (let row = slot(Math.min(ay, by)); row <= slot(Math.max(ay, by)); row++) {
    const [from, to] = [starts[row * CELLS + left], starts[row * CELLS + right + 1]];
    if (to > from) found.push([from, to]);
  }
  return found;
}

/** @param {Atlas} atlas @param {number} id @returns {number | null} its row */
export function rowOf({ ids }, id) {
  const row = ids.indexOf(id);
  return row < 0 ? null : row;
}

/**
 * The middle of some works' points; null where none of them is on the map.
 *
 * @param {Atlas | null} atlas
 * @param {(number | null)[]} ids
 * @returns {Place | null}
 */
export function middle(atlas, ids) {
  const rows = atlas ? ids.flatMap((id) => (id === null ? [] : (rowOf(atlas, id) ?? []))) : [];
  if (!atlas || !rows.length) return null;
  const mean = (/** @type {Float32Array} */ column) => rows.reduce((sum, row) => sum + column[row], 0) / rows.length;
  return [mean(atlas.xs), mean(atlas.ys)];
}
