// Between the wall and the map: what of the one is marked on the other, and the way back.

import { go } from "../conductor.js";
import { toWall } from "../place.js";
import { kind } from "../question.js";
import { state } from "../store.js";
import { middle, rowOf } from "./atlas.js";
import { written } from "./outline.js";

/**
 * @typedef {import("./atlas.js").Atlas} Atlas
 * @typedef {import("./atlas.js").Place} Place
 */

const NEIGHBOURS = 4; // a picture that hangs nowhere lies amid this many of its results

/** @type {{ atlas: Atlas, answer: unknown, address: unknown, marks: ReturnType<typeof found> } | null} */
let latest = null;

// What hangs on the wall, and where that was asked with lies: found anew for another answer, not
// for every frame.
/** @param {Atlas} atlas */
export function marks(atlas) {
  const { address, answer } = state;
  if (latest?.atlas !== atlas || latest.answer !== answer || latest.address !== address)
    latest = { atlas, answer, address, marks: found(atlas) };
  return latest.marks;
}

/** @param {Atlas} atlas @returns {{ results: number[], query: Place | null }} */
function found(atlas) {
  const { address, answer } = state;
  const works = ["wall", "area"].includes(kind(address)) ? [] : (answer?.works ?? []);
  const asked = kind(address) === "work" ? [address.work] : kind(address) === "code" ? works.slice(0, NEIGHBOURS).map(({ id }) => id) : [];
  return { results: works.flatMap(({ id }) => rowOf(atlas, id) ?? []), query: middle(atlas, asked) };
}

/** @param {Place[]} line two corners of a box, or an outline */
export function showOnWall(line) {
  go({ area: written(line) }, { stay: "query" });
  toWall();
}
