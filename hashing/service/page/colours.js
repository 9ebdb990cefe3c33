// Colours as people see them: distances in Oklab (Björn Ottosson, 2020).

const ALIKE = 0.09; // of two colours that one would call the same

/** @param {string} hex `#a08c68` @returns {[number, number, number]} L 0 to 1, a and b about -0.4 to 0.4 */
export function oklab(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** @param {number} value of sRGB, 0 to 1 */
const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/**
 * The colours of one list that the other has, too.
 *
 * @param {string[]} these
 * @param {string[]} those
 */
export function shared(these, those) {
  const others = those.map(oklab);
  return these.filter((colour) => others.some((other) => apart(oklab(colour), other) < ALIKE));
}

/** @param {[number, number, number]} a @param {[number, number, number]} b */
const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
