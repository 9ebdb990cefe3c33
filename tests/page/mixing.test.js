import assert from "node:assert/strict";
import { test } from "node:test";

import { DEFAULTS } from "../../hashing/service/page/address.js";
import { begun } from "../../hashing/service/page/mixing.js";

test("a mix begins with the work of the address, never with the one before it", () => {
  const address = { ...DEFAULTS, work: 7 };
  assert.deepEqual(begun(address, { id: 7, name: "007.jpg" }), [{ file: "007.jpg", code: "", weight: 1 }]);
  assert.deepEqual(begun(address, { id: 5, name: "005.jpg" }), []);
  assert.deepEqual(begun(address, null), []);
});
