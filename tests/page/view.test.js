import assert from "node:assert/strict";
import { test } from "node:test";

import * as view from "../../hashing/service/page/map/view.js";

const close = (/** @type {number[]} */ a, /** @type {number[]} */ b) => a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) < 1e-9));

test("a spot's pixel leads back to it, and what lies under the pointer stays there", () => {
  view.fit({ clientWidth: 400, clientHeight: 300, width: 0, height: 0 }, 2);
  close(view.spot(view.pixel([0.3, 0.8])), [0.3, 0.8]);
  const pointer = view.pixel([0.4, 0.6]);
  view.zoom(3, pointer);
  assert.equal(view.magnification(), 3);
  close(view.pixel([0.4, 0.6]), pointer);
  view.zoom(0);
  assert.equal(view.magnification(), 1);
});
