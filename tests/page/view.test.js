import assert from "node:assert/strict";
import { test } from "node:test";

import { middle, regionsOf } from "../../hashing/service/page/territory.js";
import * as view from "../../hashing/service/page/view.js";

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

test("a group's name stands where it prevails, and nowhere else", () => {
  /** @type {[number, number, number, number][]} */
  const points = [];
  for (let i = 0; i < 10; i++) points.push([i, 0.1, 0.1, 0], [100 + i, 0.9, 0.9, 1]);
  for (let i = 0; i < 3; i++) points.push([200 + i, 0.5, 0.5, 2]); // too few to say anything
  const regions = regionsOf({ groups: ["A", "B", "C"], points });
  assert.deepEqual(regions.map(({ name }) => name).sort(), ["A", "B"]);
  const a = regions.find(({ name }) => name === "A");
  close([a?.x ?? 0, a?.y ?? 0], [0.1, 0.1]);
});

test("the middle of works on the map", () => {
  /** @type {[number, number, number, number][]} */
  const points = [[1, 0, 0, 0], [2, 1, 0.5, 0]];
  assert.deepEqual(middle(points, [1, 2]), [0.5, 0.25]);
  assert.equal(middle(points, [9]), null);
});
