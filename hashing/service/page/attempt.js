// Does what may fail: says in one sentence why, and does it again where waiting helps.

import { collection, get } from "./api.js";
import { identity } from "./question.js";
import { set, state } from "./store.js";
import { t } from "./words.js";

const PATIENCE = 1500; // milliseconds between two knocks at a door that does not open

/** @param {string} message */
export function say(message) {
  set({ message });
}

// Do it; say in one sentence why it failed; where waiting helps, wait and do it again, as long as it
// is wanted.
/** @param {() => Promise<void> | void} action @param {() => boolean} [wanted] */
export async function attempt(action, wanted = () => true) {
  try {
    await action();
  } catch (problem) {
    if (!(problem instanceof Error) || !("code" in problem)) throw problem;
    if (!wanted()) return;
    const passing = "passing" in problem && problem.passing;
    say(passing ? t("problem.again", { why: problem.message }) : problem.message);
    if (passing) knock(action, wanted);
  }
}

// Tells whether what the address asks now is asked still.
export function asksStill() {
  const question = identity(state.address);
  return () => identity(state.address) === question;
}

/** @param {() => Promise<void> | void} action @param {() => boolean} wanted */
function knock(action, wanted) {
  const before = collection();
  setTimeout(async () => {
    if (!wanted()) return;
    try {
      await get("api/health");
    } catch {
      return knock(action, wanted);
    }
    if (!wanted() || (state.facets && collection() !== before)) return; // what was asked means nothing any more
    say("");
    attempt(action, wanted);
  }, PATIENCE);
}
