import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Problem } from "../../hashing/service/page/api.js";
import { attempt, isLast, say } from "../../hashing/service/page/attempt.js";
import { state } from "../../hashing/service/page/store.js";

const browser = /** @type {any} */ (globalThis);
browser.document = { baseURI: "http://art.example/" };

/** @type {string[]} */
let knocks;
let isThere = false;

beforeEach(() => {
  knocks = [];
  isThere = false;
  mock.timers.enable({ apis: ["setTimeout"] });
  browser.fetch = async (/** @type {URL} */ url) => {
    knocks.push(url.pathname);
    if (!isThere) throw new TypeError("nobody");
    return Response.json({ status: "ready" });
  };
});
afterEach(() => mock.timers.reset());

const failing = () => {
  if (!isThere) throw new Problem("unreachable", "nobody answers");
};

/** @param {number} seconds */
async function pass(seconds) {
  for (let i = 0; i < 2 * seconds; i++) {
    mock.timers.tick(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("one wait with growing pauses serves all that failed", async () => {
  const done = Array(20).fill(0);
  for (const i of done.keys()) await attempt(() => (failing(), void done[i]++), () => true);
  await pass(60);
  assert.ok(knocks.length > 4 && knocks.length < 9, `${knocks.length} knocks`);
  isThere = true;
  await pass(30);
  assert.deepEqual(done, Array(20).fill(1));
  const before = knocks.length;
  await pass(60);
  assert.equal(knocks.length, before);
});

test("what is no longer wanted ends, and its sentence with it", async () => {
  let wanted = true;
  await attempt(failing, () => wanted);
  assert.notEqual(state.message, "");
  wanted = false;
  await pass(60);
  assert.deepEqual(knocks, []);
  assert.equal(state.message, "");
});

test("of one kind the last is done again", async () => {
  /** @type {number[]} */
  const done = [];
  for (const i of [0, 1, 2]) await attempt(() => (failing(), void done.push(i)), isLast("this"));
  isThere = true;
  await pass(60);
  assert.deepEqual(done, [2]);
});

test("who succeeds at last wipes out nothing that others said", async () => {
  await attempt(failing, () => true);
  say("A sentence of another's.");
  isThere = true;
  await pass(60);
  assert.equal(state.message, "A sentence of another's.");
  say("");
});
