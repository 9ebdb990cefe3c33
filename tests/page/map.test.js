import assert from "node:assert/strict";
import { test } from "node:test";

import { middle, rowOf, runs, sorted, unpack } from "../../hashing/service/page/map/atlas.js";
import { clusters } from "../../hashing/service/page/map/clusters.js";
import { paint } from "../../hashing/service/page/map/dots.js";
import { corners, holds, simple, within, written } from "../../hashing/service/page/map/outline.js";
import { regionsOf } from "../../hashing/service/page/map/territory.js";

/** @typedef {[number, number]} Place */

/** @param {string[]} groups @param {[id: number, x: number, y: number, group: number][]} points */
function atlasOf(groups, points) {
  const [ids, xs, ys, of] = [0, 1, 2, 3].map((column) => points.map((point) => point[column]));
  return sorted(groups, ids, xs, ys, of);
}

// The same points for every test: a sequence that fills the square evenly (Kronecker's).
const many = atlasOf(
  ["A", "B"],
  Array.from({ length: 2000 }, (_, i) => [7 * i, (i * 0.754877666) % 1, (i * 0.569840291) % 1, i % 3 === 2 ? -1 : i % 3]),
);

test("points arrive as they were packed", () => {
  const head = new TextEncoder().encode('{"groups": ["Ä"], "count": 2}   ');
  const packed = new ArrayBuffer(4 + 36 + 2 * 14);
  const bytes = new DataView(packed);
  bytes.setUint32(0, 36, true);
  new Uint8Array(packed, 4, 36).fill(32).set(head);
  [9, 2 ** 40].forEach((id, i) => bytes.setFloat64(40 + 8 * i, id, true));
  [65535, 0, 0, 13107, 65535, 0].forEach((value, i) => bytes.setUint16(56 + 2 * i, value, true));
  const atlas = unpack(packed);
  const [first, second] = [rowOf(atlas, 9), rowOf(atlas, 2 ** 40)];
  assert.deepEqual(atlas.groups, ["Ä"]);
  assert.ok(first !== null && second !== null);
  assert.deepEqual([atlas.xs[first], atlas.ys[first], atlas.of[first]], [1, 0, -1]);
  assert.deepEqual([atlas.xs[second], atlas.of[second]], [0, 0]);
  assert.ok(Math.abs(atlas.ys[second] - 0.2) < 1e-6);
  assert.equal(rowOf(atlas, 10), null);
});

test("a part of the map is a few runs of rows that miss nothing", () => {
  const found = runs(many, [0.7, 0.9], [0.31, 0.42]);
  const rows = new Set(found.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)));
  assert.ok(rows.size < many.ids.length / 2);
  for (let row = 0; row < many.ids.length; row++)
    if (many.xs[row] >= 0.31 && many.xs[row] <= 0.7 && many.ys[row] >= 0.42 && many.ys[row] <= 0.9) assert.ok(rows.has(row));
});

test("clusters count every work once, and nearing takes no picture away", () => {
  let before = new Set();
  for (const finer of [1, 2, 4, 8]) {
    const { counts, chosen } = clusters(many, 6 * finer, 4 * finer);
    assert.equal(counts.reduce((sum, one) => sum + one, 0), 2000);
    counts.forEach((count, cell) => assert.equal(count > 0, chosen[cell] >= 0));
    const hung = new Set(chosen.filter((row) => row >= 0));
    for (const row of before) assert.ok(hung.has(row));
    before = hung;
  }
  const { counts, chosen } = clusters(many, 5, 5, 1);
  assert.equal(counts.reduce((sum, one) => sum + one, 0), many.of.filter((group) => group === 1).length);
  assert.ok(chosen.every((row) => many.of[row] === 1));
});

test("an outline holds what a count of crossings says, from the middle outwards", () => {
  /** @type {Place[]} */
  const triangle = [[0.1, 0.1], [0.9, 0.1], [0.1, 0.9]];
  const expected = [...many.ids].filter((_, row) => many.xs[row] > 0.1 && many.ys[row] > 0.1 && many.xs[row] + many.ys[row] < 1);
  assert.deepEqual(within(many, written(triangle)).sort((a, b) => a - b), expected.sort((a, b) => a - b));
  const box = within(many, "0.6000,0.8000,0.2000,0.3000"); // corners in any order
  const off = box.map((id) => Math.hypot(many.xs[rowOf(many, id) ?? -1] - 0.4, many.ys[rowOf(many, id) ?? -1] - 0.55));
  assert.deepEqual(off, [...off].sort((a, b) => a - b));
  assert.equal(box.length, many.ids.filter((_, i) => many.xs[i] >= 0.2 && many.xs[i] <= 0.6 && many.ys[i] >= 0.3 && many.ys[i] <= 0.8).length);
});

test("a line drawn by hand keeps its shape with few corners", () => {
  const circle = Array.from({ length: 500 }, (_, i) => /** @type {Place} */ ([0.5 + 0.3 * Math.cos(i / 79.6), 0.5 + 0.3 * Math.sin(i / 79.6)]));
  const few = simple(circle);
  assert.ok(few.length <= 32);
  assert.deepEqual(corners(written(circle)).length, few.length);
  for (const [x, y, inside] of /** @type {[number, number, boolean][]} */ ([[0.5, 0.5, true], [0.75, 0.5, true], [0.85, 0.5, false], [0.28, 0.28, false]]))
    assert.equal(holds(few, x, y), inside);
});

test("every dot in sight is painted in its group's colour", () => {
  const sheet = { pixels: new Uint32Array(100 * 100), width: 100, height: 100 };
  const atlas = atlasOf(["A", "B"], [[1, 0.25, 0.25, 0], [2, 0.75, 0.75, 1], [3, 0.25, 0.75, -1]]);
  const how = { origin: /** @type {Place} */ ([0, 0]), extent: /** @type {Place} */ ([100, 100]), radius: 2, only: null };
  const sight = /** @type {[Place, Place]} */ ([[0, 0], [1, 1]]);
  paint(sheet, atlas, { ...how, sight, shades: Uint32Array.of(0x10, 0x20, 0x30) });
  const at = (/** @type {number} */ x, /** @type {number} */ y) => sheet.pixels[y * 100 + x];
  assert.deepEqual([at(25, 25), at(75, 75), at(25, 75)].map((pixel) => pixel & 0xffffff), [0x10, 0x20, 0x30]);
  assert.equal(at(50, 50), 0);
  assert.ok(at(27, 25) >>> 24 < at(25, 25) >>> 24); // the edge is soft
  paint(sheet, atlas, { ...how, sight, only: 1, shades: Uint32Array.of(0x10, 0x20, 0x30) });
  assert.ok(at(25, 25) >>> 24 < at(75, 75) >>> 24 / 4);
});

test("a group's name stands where it prevails, and nowhere else", () => {
  /** @type {[number, number, number, number][]} */
  const points = [];
  for (let i = 0; i < 10; i++) points.push([i, 0.1, 0.1, 0], [100 + i, 0.9, 0.9, 1]);
  for (let i = 0; i < 3; i++) points.push([200 + i, 0.5, 0.5, 2]); // too few to say anything
  const regions = regionsOf(atlasOf(["A", "B", "C"], points));
  assert.deepEqual(regions.map(({ name }) => name).sort(), ["A", "B"]);
  const a = regions.find(({ name }) => name === "A");
  assert.ok(Math.abs((a?.x ?? 0) - 0.1) < 1e-6 && Math.abs((a?.y ?? 0) - 0.1) < 1e-6);
});

test("the middle of works on the map", () => {
  const atlas = atlasOf([], [[1, 0, 0, -1], [2, 1, 0.5, -1]]);
  assert.deepEqual(middle(atlas, [1, 2]), [0.5, 0.25]);
  assert.equal(middle(atlas, [9]), null);
});
