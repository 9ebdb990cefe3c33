import assert from "node:assert/strict";
import { test } from "node:test";

import { portions } from "../../hashing/service/page/lookup.js";

test("names are asked for in parts that fit into an address", () => {
  const short = Array.from({ length: 120 }, (_, place) => `a/${place}.jpg`);
  const long = Array.from({ length: 9 }, (_, place) => "\u5bfa".repeat(150) + place); // nine letters each
  for (const names of [[], short, long, [...short, ...long], ["x".repeat(9000), "y"]]) {
    const parts = portions(names);
    assert.deepEqual(parts.flat(), names);
    for (const part of parts) {
      const letters = part.map((name) => encodeURIComponent(name).length).reduce((a, b) => a + b, 0);
      assert.ok(part.length >= 1 && part.length <= 50 && (letters <= 6000 || part.length === 1));
    }
  }
  assert.deepEqual(portions(short).map((part) => part.length), [50, 50, 20]);
});
