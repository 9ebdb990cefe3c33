// Does what may fail: says in one sentence why, and does it again where waiting helps.

import { collection, get } from "./api.js";
import { identity } from "./question.js";
import { set, state } from "./store.js";
import { t } from "./words.js";

const PATIENCE = 1500; // milliseconds before one knocks at a door that did not open
const GROWTH = 1.5; // of each further wait
const MOST = 30_000;

/**
 * @typedef {object} Waiting
 * @property {() => Promise<void> | void} action
 * @property {() => boolean} wanted
 * @property {string | null} of the collection of which it was asked
 */

/** @type {Set<Waiting>} what is done again once the server is there: one wait serves all of it */
const waiting = new Set();
let pause = PATIENCE;
let knocking = false;
let told = ""; // what was said last of those that wait

/** @param {string} message */
export function say(message) {
  set({ message });
}

// Do it; say in one sentence why it failed; where waiting helps, wait and do it again, as long as it
// is wanted.
/** @param {() => Promise<void> | void} action @param {() => boolean} wanted */
export async function attempt(action, wanted) {
  try {
    await action();
    if (!waiting.size) pause = PATIENCE;
  } catch (problem) {
    if (!(problem instanceof Error) || !("code" in problem)) throw problem;
    if (!wanted()) return;
    if (!("passing" in problem && problem.passing)) return say(problem.message);
    told = t("problem.again", { why: problem.message });
    say(told);
    waiting.add({ action, wanted, of: collection() });
    knock();
  }
}

// Tells whether what the address asks now is asked still.
export function asksStill() {
  const question = identity(state.address);
  return () => identity(state.address) === question;
}

/** @type {Map<string, symbol>} */
const begun = new Map();

// Tells whether none of its kind has been begun since: of several that wait the last is done again.
/** @param {string} kind */
export function isLast(kind) {
  const mine = Symbol(kind);
  begun.set(kind, mine);
  return () => begun.get(kind) === mine;
}

// Knocks while anybody waits, each time a while later: also where the server is there, yet busy.
function knock() {
  if (knocking) return;
  knocking = true;
  setTimeout(async () => {
    for (const one of waiting) if (!one.wanted()) waiting.delete(one);
    const isThere = waiting.size > 0 && (await get("api/health").catch(() => null)) !== null;
    knocking = false;
    pause = Math.min(MOST, GROWTH * pause);
    if (waiting.size && !isThere) return knock();
    const again = [...waiting];
    waiting.clear();
    if (state.message === told) say(""); // what others said stays
    // Of another collection what was asked means nothing any more.
    for (const { action, wanted, of } of again)
      if (wanted() && !(state.facets && collection() !== of)) attempt(action, wanted);
  }, pause);
}
