// What fingers, or a pointer, do to a surface: they move it, or pull it apart.

/**
 * @typedef {[number, number]} Place
 * @typedef {object} Pull
 * @property {number} dx pixels
 * @property {number} dy
 * @property {number} factor 1 for a single finger
 * @property {Place} about what stays in place
 */

export class Fingers {
  /** @type {Map<number, Place>} */
  down = new Map();
  travelled = 0; // pixels since the last press

  /** @param {PointerEvent} event @param {Place} at */
  press({ pointerId, currentTarget }, at) {
    /** @type {Element} */ (currentTarget).setPointerCapture(pointerId);
    this.down.set(pointerId, at);
    this.travelled = 0;
  }

  /** @param {PointerEvent} event @param {Place} at @returns {Pull | null} null while nothing is pressed */
  drag({ pointerId }, at) {
    const before = this.down.get(pointerId);
    if (!before) return null;
    const other = [...this.down].find(([id]) => id !== pointerId)?.[1];
    this.travelled += Math.hypot(at[0] - before[0], at[1] - before[1]);
    this.down.set(pointerId, at);
    if (other) return { dx: 0, dy: 0, factor: gap(at, other) / gap(before, other), about: other };
    return { dx: at[0] - before[0], dy: at[1] - before[1], factor: 1, about: at };
  }

  /** @param {PointerEvent} event */
  release({ pointerId }) {
    this.down.delete(pointerId);
  }
}

/** @param {Place} a @param {Place} b */
const gap = ([ax, ay], [bx, by]) => Math.max(1, Math.hypot(ax - bx, ay - by));
