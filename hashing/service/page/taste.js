// What this visitor likes and dislikes, and the sets they gave a name. It lives in this browser.

import { say } from "./attempt.js";
import { keep, kept } from "./keep.js";
import { nameOf } from "./names.js";
import { checked, opinionOf, same, withOpinion, without } from "./opinions.js";
import { set, state } from "./store.js";
import { t } from "./words.js";
import { address, named } from "./works.js";

/**
 * @typedef {import("./store.js").Opinion} Opinion
 * @typedef {import("./store.js").NamedSet} NamedSet
 */

const CHIP_SIDE = 96;

const lasting = { taste: true, sets: true }; // whether what is kept here was
let told = false;

// Also when another tab has changed it, unless that would take the place of what cannot be kept.
export function load() {
  if (lasting.taste) set({ taste: checked(kept("taste")) });
  if (lasting.sets) set({ sets: setsOf(kept("sets")) });
}

/** @param {unknown} given @returns {NamedSet[]} */
function setsOf(given) {
  const list = Array.isArray(given) ? given.filter((one) => one && typeof one === "object") : [];
  return list.map(({ name, opinions }) => ({ name: String(name), opinions: checked(opinions) }));
}

// Keeps it as long as the browser lets us; once it does not, the visitor is told.
/** @param {"taste" | "sets"} name */
function remember(name) {
  lasting[name] = keep(name, state[name]);
  if (lasting[name] || told) return;
  told = true;
  say(t("not lasting"));
}

// Says this of a work; said a second time it is taken back.
/** @param {import("./store.js").Work} work @param {boolean} liked */
export function judge(work, liked) {
  const others = without(state.taste, work);
  if (opinionOf(state.taste, work) === liked) return choose(others);
  const file = nameOf(work, state.facets);
  choose([...others, { file, code: "", title: named(work), src: address(work, CHIP_SIDE), liked }]);
}

// The same of a picture of the visitor's own.
/** @param {string} code @param {string} title @param {string} src @param {boolean} liked */
export async function judgeOwn(code, title, src, liked) {
  const own = { file: "", code };
  if (opinionOf(state.taste, own) === liked) return choose(without(state.taste, own));
  choose(withOpinion(state.taste, { ...own, title, src: "", liked }));
  const small = await tiny(src);
  choose(state.taste.map((one) => (same(one, own) ? { ...one, src: small } : one)));
}

/** @param {Opinion[]} taste */
export function choose(taste) {
  set({ taste });
  remember("taste");
}

// Keeps opinions under a name; one of that name is replaced.
/** @param {string} name @param {Opinion[]} opinions */
export function keepSet(name, opinions) {
  changeSets([...state.sets.filter((one) => one.name !== name), { name, opinions }]);
}

/** @param {string} name */
export function dropSet(name) {
  changeSets(state.sets.filter((one) => one.name !== name));
}

/** @param {NamedSet[]} sets */
function changeSets(sets) {
  set({ sets });
  remember("sets");
}

// A small copy of a picture of the visitor's own, to be shown on its chip after a reload; none of
// what this browser cannot read.
/** @param {string} src */
async function tiny(src) {
  const image = new Image();
  image.src = src;
  try {
    await image.decode();
  } catch {
    return "";
  }
  const scale = CHIP_SIDE / Math.max(image.naturalWidth, image.naturalHeight);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, image.naturalWidth * scale);
  canvas.height = Math.max(1, image.naturalHeight * scale);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.8);
}
