import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { hang } from "../../hashing/service/page/map/hanging.js";

test("a picture that did not come is asked for again at the next move", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {string[]} */
  const asked = [];
  class Broken {
    complete = false;
    /** @param {string} address */
    set src(address) {
      asked.push(address);
    }
    decode() {
      return Promise.reject(new Error("broken"));
    }
  }
  globalThis.Image = /** @type {any} */ (Broken);
  const pen = /** @type {CanvasRenderingContext2D} */ ({});
  /** @returns {Promise<void>} */
  const move = async () => {
    hang(pen, [{ row: 0, at: [0, 0], shape: [0, 0], works: 1, sign: null }], () => "pictures/5", () => "", () => {});
    mock.timers.tick(1000);
    await new Promise(setImmediate);
  };
  await move();
  await move();
  assert.deepEqual(asked, ["pictures/5", "pictures/5"]);
  mock.timers.reset();
});
