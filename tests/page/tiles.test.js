import assert from "node:assert/strict";
import { test } from "node:test";

import { needed, part } from "../../hashing/service/page/tiles.js";

const original = { width: 5000, height: 3300 };
const all = { left: 0, top: 0, right: 1, bottom: 1 };

test("a picture that is shown as finely as the screen can needs no tiles", () => {
  assert.deepEqual(needed(original, all, 1200, 1600), []);
  assert.deepEqual(needed({ width: 1500, height: 900 }, all, 6000, 1500), []);
});

test("tiles cover what is in sight, once, at a size that the screen shows", () => {
  for (const [across, sight] of /** @type {[number, typeof all][]} */ ([[2400, all], [10000, { left: 0.4, top: 0.1, right: 0.6, bottom: 0.3 }], [5000, { left: -0.2, top: 0.7, right: 0.2, bottom: 1.4 }]])) {
    const tiles = needed(original, sight, across, 1600);
    const [{ factor }] = tiles;
    assert.ok(5000 / factor >= Math.min(across, 5000) && 5000 / (2 * factor) < across);
    for (const { x, y, width, height } of tiles) {
      assert.ok(x + width <= 5000 && y + height <= 3300 && width > 0 && height > 0);
      assert.ok(x < sight.right * 5000 && x + width > sight.left * 5000);
      assert.ok(y < sight.bottom * 3300 && y + height > sight.top * 3300);
    }
    const clip = (/** @type {number} */ share, /** @type {number} */ length) => Math.min(length - 1, Math.max(0, share * length));
    for (const u of [sight.left, (sight.left + sight.right) / 2, sight.right])
      for (const v of [sight.top, sight.bottom]) {
        const [px, py] = [clip(u, 5000), clip(v, 3300)];
        const holding = tiles.filter(({ x, y, width, height }) => px >= x && px < x + width && py >= y && py < y + height);
        assert.ok(holding.length === 1 || (holding.length === 0 && (px === sight.right * 5000 || py === sight.bottom * 3300)));
      }
  }
});

test("a large screen is covered down to its last row", () => {
  const large = { width: 12000, height: 8000 };
  const across = 6100; // just too many for half the pixels: the smallest tiles
  const sight = { left: 0.1, top: 0.2, right: 0.1 + 3024 / across, bottom: 0.2 + 1964 / ((across * 8000) / 12000) };
  const tiles = needed(large, sight, across, 1600);
  assert.ok(Math.max(...tiles.map(({ y, height }) => y + height)) >= sight.bottom * 8000);
});

test("a tile's address says its part and its size", () => {
  assert.equal(part({ x: 1024, y: 0, width: 1024, height: 276, factor: 2 }), "1024,0,1024,276/512,138");
});
