import assert from "node:assert/strict";
import { test } from "node:test";

import { asked, changed, heading, known, parameter, sharing } from "../../hashing/service/page/where.js";

const column = (/** @type {string} */ name) => ({ name, kind: "text", role: null, distinct: 1, values: [], span: null, beside: null, chooses: true });
const shop = { columns: ["brand", "open", "price"].map(column), roles: { creator: "brand" } };

test("columns go by their own names in an address, or by another where that is ours", () => {
  assert.equal(parameter("brand"), "brand");
  assert.equal(parameter("open"), "fields.open");
  assert.equal(parameter("from"), "fields.from");
});

test("no column is asked for by the name of another parameter, whatever the API will take", () => {
  const columns = ["box", "parts", "k", "recognise", "open", "from"].map(column);
  const where = known({ box: ["12"], parts__not: ["1"], "fields.k": ["2"], recognise: ["Blue"], "fields.open": ["3"], to: ["1900"] }, { columns, roles: { year: "made" } });
  assert.deepEqual(asked(where), { "fields.box": ["12"], "fields.parts__not": ["1"], "fields.k": ["2"], "fields.recognise": ["Blue"], "fields.open": ["3"], to: ["1900"] });
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
