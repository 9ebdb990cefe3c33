import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

import { called, decimal, excuse, plainly, said, speak, t } from "../../hashing/service/page/words.js";
import { maker } from "../../hashing/service/page/works.js";

const WORK = { id: 1, fields: {}, file: "a", content: "", picture: "", width: 1, height: 1, creator: "Ada Lund", year: 1906 };
const PAGE = new URL("../../hashing/service/page/", import.meta.url);
const json = async (/** @type {string} */ code) => JSON.parse(await readFile(new URL(`languages/${code}.json`, PAGE), "utf8"));

test("every language says everything, with the same things filled in", async () => {
  const [own, ...others] = await Promise.all(["en", "de"].map(json));
  const blanks = (/** @type {string} */ text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const words of others) {
    assert.deepEqual(Object.keys(words), Object.keys(own));
    for (const key of Object.keys(own)) assert.deepEqual(blanks(words[key]), blanks(own[key]), key);
  }
});

test("every sentence that the page asks for is there", async () => {
  const words = await json("en");
  const files = (await readdir(PAGE, { recursive: true })).filter((name) => name.endsWith(".js") && !name.includes("vendor"));
  for (const file of files) {
    const source = await readFile(new URL(file, PAGE), "utf8");
    for (const [, key] of source.matchAll(/\bt\("([^"]+)"/g)) assert.ok(key in words, `${file}: ${key}`);
  }
});

test("what runs from right to left turns nothing beside it", async () => {
  speak("en", await json("en"));
  assert.equal(t("title.work", { title: "Sea!" }), "Close to Sea!");
  assert.equal(t("title.work", { title: "שלום!" }), "Close to \u2068שלום!\u2069");
  assert.equal(maker({ ...WORK, creator: "سارة" }), "\u2068سارة\u2069, 1906");
  assert.equal(maker(WORK), "Ada Lund, 1906");
});

test("numbers, plurals and the API's own words", async () => {
  speak("de", await json("de"));
  assert.equal(t("count", { n: 5088 }), "5.088 Bilder");
  assert.equal(t("count", { n: 1 }), "1 Bild");
  assert.equal(said("very close"), "sehr nah");
  assert.equal(said("Cubism"), "Cubism");
  assert.equal(called("Artist"), "Künstler");
  assert.equal(decimal(1.25, 2), "1,25");
  assert.equal(plainly(1906.5), "1906,5");
  assert.equal(plainly(12000), "12000");
  assert.equal(plainly("c. 1906"), "c. 1906");
  assert.equal(excuse("no_map"), "Diese Sammlung hat keine Karte");
  assert.equal(excuse("defect"), null); // what the server says of it stands
  assert.equal(called("brand"), null); // a column of its own is called what it is called
});
