import assert from "node:assert/strict";
import { test } from "node:test";

import { oklab, shared } from "../../hashing/service/page/colours.js";
import { kinship } from "../../hashing/service/page/kinship.js";

test("Oklab: white, and red as its author gives it", () => {
  const near = (/** @type {number[]} */ found, /** @type {number[]} */ wanted) => found.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-3));
  near(oklab("#ffffff"), [1, 0, 0]);
  near(oklab("#ff0000"), [0.62796, 0.22486, 0.12585]);
});

test("colours that one would call the same are shared", () => {
  assert.deepEqual(shared(["#aa3322", "#2244aa"], ["#b03826", "#101010"]), ["#aa3322"]);
});

test("what two works have in common", () => {
  const column = (/** @type {string} */ name, /** @type {string | null} */ role) => ({ name, kind: "text", role, distinct: 1, values: [], span: null, beside: null, chooses: true });
  const work = (/** @type {Record<string, string>} */ fields, /** @type {number} */ year) => ({
    id: 1, fields, year, file: "a", content: "", picture: "/pictures/1", width: 1, height: 1, code: "", colours: ["#aa3322"],
  });
  const facets = { index: "", count: 2, files: 2, bits: 8, lengths: [8], features: 0, diversity: 0, roles: {}, closeness: [], columns: [column("name", "title"), column("brand", "creator"), column("kind", null)] };
  const found = kinship(work({ name: "A", brand: "B", kind: "x" }, 1900), work({ name: "A", brand: "B", kind: "y" }, 1910), facets);
  assert.deepEqual(found, { values: [{ column: "brand", value: "B" }], years: 10, colours: ["#aa3322"] });
  assert.equal(kinship(work({}, 1500), work({}, 1900), facets).years, null);
});
