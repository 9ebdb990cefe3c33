import assert from "node:assert/strict";
import { test } from "node:test";

import { changed, heading, known, parameter, sharing } from "../../hashing/service/page/where.js";

const column = (/** @type {string} */ name) => ({ name, kind: "text", role: null, distinct: 1, values: [], span: null, beside: null, chooses: true });
const shop = { columns: ["brand", "open", "price"].map(column), roles: { creator: "brand" } };

test("columns go by their own names, or by another where a parameter has it", () => {
  assert.equal(parameter("brand"), "brand");
  assert.equal(parameter("open"), "fields.open");
});

test("roles and names of earlier versions stand for columns, anything else is left out", () => {
  const where = { artist: ["A"], brand: ["B"], price__lte: ["20"], "fields.open": ["x"], utm_source: ["mail"], hide: ["C"], from: ["1900"] };
  assert.deepEqual(known(where, shop), { brand: ["A", "B"], price__lte: ["20"], "fields.open": ["x"], brand__not: ["C"] });
});

test("a parameter without values is gone", () => {
  assert.deepEqual(changed({ brand: ["A"], price: ["1"] }, "brand", []), { price: ["1"] });
});

test("a door asks for the works that share a value; a year is a range", () => {
  assert.deepEqual(sharing("brand", "A", "creator"), { brand: ["A"] });
  assert.deepEqual(sharing("made", 1912, "year"), { from: ["1912"], to: ["1912"] });
});

test("headings", () => {
  assert.equal(heading("list_price"), "List price");
});
