import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { bundle, VENDOR } from "./vendor.js";

test("lit.js is what `npm run vendor` makes of the locked package", async () => {
  assert.equal(await readFile(new URL("lit.js", VENDOR), "utf8"), await bundle());
});
