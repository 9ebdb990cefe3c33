import assert from "node:assert/strict";
import { test } from "node:test";

import { changedBy, DEFAULTS, read, write } from "../../hashing/service/page/address.js";

test("an address says the same after it was read and written", () => {
  for (const search of ["", "?work=3", "?like=a%2Fb.jpg&like=c.jpg&dislike=code%3A0f", "?q=blue+horse&open=4", "?style=A&style=B&year__gte=1900"])
    assert.equal(write(read(search)), search);
});

test("what an address does not say is as it comes", () => {
  assert.deepEqual(read(""), DEFAULTS);
  assert.equal(read("?work=cat").work, null);
  assert.equal(read("?one=1").one, true);
  assert.deepEqual(read("?brand=A&utm_source=mail").where, { brand: ["A"], utm_source: ["mail"] });
});

test("a new question forgets the old one and closes the open work, but keeps what narrows", () => {
  const before = read("?work=3&open=5&brand=A&close=related");
  assert.equal(write(changedBy(before, { q: "horse" })), "?q=horse&close=related&brand=A");
  assert.equal(write(changedBy(before, { open: 6 })), "?work=3&open=6&close=related&brand=A");
});

test("the open panel stays through questions, and only those that there are open", () => {
  assert.equal(write(changedBy(read("?panel=map&open=3"), { work: 5 })), "?work=5&panel=map");
  assert.equal(read("?panel=none").panel, "");
});
