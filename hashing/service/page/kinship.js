// What two works have in common, as far as their labels and colours tell.

import { shared } from "./colours.js";

/**
 * @typedef {import("./store.js").Detail} Detail
 * @typedef {import("./store.js").Facets} Facets
 *
 * @typedef {object} Kinship
 * @property {{ column: string, value: string }[]} values equal in both
 * @property {number | null} years between them, where that is at most a generation
 * @property {string[]} colours of the second that the first has, too
 */

const GENERATION = 25;

/**
 * @param {Detail} one
 * @param {Detail} other
 * @param {Facets} facets
 * @returns {Kinship}
 */
export function kinship(one, other, { columns }) {
  const alike = columns.filter(
    ({ name, role, beside, kind }) =>
      !beside && kind === "text" && role !== "title" && role !== "link" && other.fields[name] && one.fields[name] === other.fields[name],
  );
  const [mine, theirs] = [one, other].map(({ year }) => Number.parseInt(String(year ?? ""), 10));
  const years = Math.abs(mine - theirs);
  return {
    values: alike.map(({ name }) => ({ column: name, value: String(other.fields[name]) })),
    years: years <= GENERATION ? years : null,
    colours: shared(other.colours, one.colours),
  };
}
