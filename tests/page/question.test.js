import assert from "node:assert/strict";
import { test } from "node:test";

import { read } from "../../hashing/service/page/address.js";
import { byLikeness, kind, listing, orders, refinement, refinements, variety } from "../../hashing/service/page/question.js";

const column = (/** @type {string} */ name) => ({ name, kind: "text", role: null, distinct: 1, values: [], span: null, beside: null, chooses: true });
const facets = {
  index: "i", count: 9, files: 9, bits: 64, lengths: [32, 64], features: 0, diversity: 0.3,
  roles: { creator: "brand" },
  columns: [column("brand")],
  closeness: [{ word: "close", bits: 64, max_distance: 14 }, { word: "close", bits: 32, max_distance: 6 }],
};

test("each address asks for one thing", () => {
  const asked = { "": "wall", "?seed=4": "wall", "?work=0": "work", "?code=0f": "code", "?like=a": "taste", "?q=a": "words", "?works=a": "works", "?palette=2b2a26": "palette", "?area=0,0,1,1": "area" };
  for (const [search, found] of Object.entries(asked)) assert.equal(kind(read(search)), found);
});

test("controls that change nothing are not counted", () => {
  const set = "close=close&one=1&varied=0.5&brand=A";
  assert.equal(refinements(read(`?work=1&${set}`), facets), 4);
  assert.equal(refinements(read(`?q=red&${set}`), facets), 1);
  assert.equal(refinements(read(`?works=a&${set}`), facets), 0);
  assert.ok(byLikeness(read("?like=a")) && !byLikeness(read("?q=a")));
});

test("a cut-off is that of the length that is searched by", () => {
  const asked = refinement(read("?work=1&close=close&bits=32&one=1&brand=A&nonsense=1"), facets);
  assert.deepEqual(asked, { by: null, bits: 32, diversity: null, tones: 0.5, features: 1, max_distance: 6, one_per: "creator", "fields.brand": ["A"] });
});

test("features are gone by where the index keeps them, and words and lengths are of codes", () => {
  const kept = { ...facets, features: 7 };
  const asked = (/** @type {string} */ search, of = kept) => refinement(read(`${search}&bits=32&close=close`), of);
  assert.deepEqual(asked("?work=1&by=cosine"), { by: "cosine", bits: null, diversity: null, max_distance: null, one_per: null });
  assert.equal(asked("?work=1&by=cosine", facets).by, null);
  for (const search of ["?work=1&by=nonsense", "?work=1&by=hamming", "?code=0f&by=cosine", "?like=a&by=cosine"]) {
    assert.equal(asked(search).by, null);
    assert.equal(asked(search).bits, 32);
  }
  assert.deepEqual(orders(read("?q=red"), kept), []);
});

test("codes alone are gone by as they are, until they shall be varied", () => {
  const exact = { by: null, bits: null, diversity: 0, max_distance: null, one_per: null };
  assert.deepEqual(refinement(read("?work=1&by=hamming"), facets), exact);
  assert.deepEqual(refinement(read("?work=1&by=hamming&varied=0.5"), facets), { ...exact, diversity: 0.5 });
  assert.equal(variety(read("?work=1"), facets), 0.3);
  assert.deepEqual(orders(read("?code=0f"), { ...facets, features: 7 }), ["look", "hamming"]);
});

test("a listing is by words, or a random hang", () => {
  assert.deepEqual(listing(read("?q=red&brand=A"), facets), { q: "red", exact: null, "fields.brand": ["A"] });
  assert.deepEqual(listing(read(""), null), { sample: true, seed: 0 });
});
