import assert from "node:assert/strict";
import { test } from "node:test";

import { nameOf } from "../../hashing/service/page/names.js";
import { agree, asCsv, checked, fromAddress, inAddress, opinionOf, withOpinion, without } from "../../hashing/service/page/opinions.js";

const work = (/** @type {string} */ file, liked = true) => ({ file, code: "", title: file, src: "", liked });
const own = { file: "", code: "0f", title: "Mine", src: "", liked: false };

test("a work has one opinion at most, by its file; an own picture by its code", () => {
  const taste = withOpinion(withOpinion([work("a"), own], work("a", false)), work("b"));
  assert.equal(opinionOf(taste, { file: "a" }), false);
  assert.equal(opinionOf(taste, { file: "b" }), true);
  assert.equal(opinionOf(taste, { file: "", code: "0f" }), false);
  assert.equal(opinionOf(taste, { file: "c" }), null);
  assert.deepEqual(without(taste, { file: "", code: "0f" }).map(({ file }) => file), ["a", "b"]);
});

test("of works that share a file each has an opinion of its own; a file alone means whichever has it", () => {
  const [a, b] = [{ file: "1.jpg", content: "0".repeat(12) }, { file: "1.jpg", content: "f".repeat(12) }];
  const taste = withOpinion([own], work(nameOf(a, { count: 3, files: 2 })));
  assert.equal(opinionOf(taste, a), true);
  assert.equal(opinionOf(taste, b), null);
  assert.deepEqual(without(taste, b), taste);
  assert.deepEqual(without(taste, a), [own]);
  assert.deepEqual([a, b].map((one) => opinionOf([work("1.jpg")], one)), [true, true]);
  assert.deepEqual(fromAddress(inAddress(taste)).map(({ file, title }) => [file, title])[0], ["1.jpg*000000000000", "1.jpg"]);
  assert.equal(nameOf(a, { count: 3, files: 3 }), "1.jpg");
});

test("a taste survives its address", () => {
  const taste = [work("x/a.jpg"), own];
  assert.deepEqual(inAddress(taste), { like: ["x/a.jpg"], dislike: ["code:0f"] });
  assert.ok(agree(fromAddress(inAddress(taste)), taste));
  assert.ok(!agree(taste, [work("x/a.jpg")]));
});

test("a file that says anything is read for opinions alone", () => {
  const evil = { file: "a", title: 3, src: "javascript:alert(1)", liked: true };
  assert.deepEqual(checked([evil, null, 4, { liked: true }, { file: "b" }]), [{ file: "a", code: "", title: "3", src: "", liked: true }]);
  assert.deepEqual(checked({}), []);
});

test("a table's cells are text for every spreadsheet", () => {
  const lines = asCsv([{ ...work("a.jpg"), title: '=1+"2"' }, own]).split("\r\n");
  assert.deepEqual(lines, ['"file","title","opinion"', `"a.jpg","'=1+""2""","like"`, '"code:0f","Mine","dislike"', ""]);
});
