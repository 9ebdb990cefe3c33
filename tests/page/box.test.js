import assert from "node:assert/strict";
import { test } from "node:test";
import { between, FIRST, moved, resized, written } from "../../hashing/service/page/box.js";

test("a box is drawn from any corner, and never outside or too small", () => {
  assert.deepEqual(between([0.7, 0.2], [0.1, 0.9]), [0.1, 0.2, 0.7, 0.9]);
  assert.deepEqual(between([-3, 0.5], [0.5, 9]), [0, 0.5, 0.5, 1]);
  const [left, top, right, bottom] = between([1, 0.5], [1, 0.5]);
  assert.ok(left < right && right <= 1 && top < bottom && bottom <= 1);
});

test("a box is moved as far as the picture reaches, and keeps its size", () => {
  const box = moved(FIRST, 5, -0.1);
  assert.deepEqual(box.map((value) => Number(value.toFixed(9))), [0.4, 0.1, 1, 0.7]);
});

test("a box is made larger and smaller, not to nothing", () => {
  assert.deepEqual(resized(FIRST, 9, 0), [0.2, 0.2, 1, 0.8]);
  const [left, top, right, bottom] = resized(FIRST, -9, -9);
  assert.ok(right > left && bottom > top);
});

test("a box is written as the API reads it", () => {
  assert.equal(written([0, 0.12345, 1, 0.5]), "0.000,0.123,1.000,0.500");
});
