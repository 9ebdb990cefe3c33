// What the page says of itself and of an answer: its title, the line above the wall, and what is read aloud.

import { kind, refinements } from "./question.js";
import { state } from "./store.js";
import { named } from "./works.js";
import { t } from "./words.js";

export function title() {
  const { work, asked, address } = state;
  const of = {
    work: () => (asked ? t("title.work", { title: named(asked) }) : ""),
    code: () => t("title.code"),
    taste: () => t("title.taste"),
    words: () => t("title.words", { words: address.q ?? "" }),
    works: () => t("title.works"),
    palette: () => t("title.palette"),
    mix: () => t("title.mix"),
    path: () => t("title.path"),
    area: () => t("title.area"),
    wall: () => "",
  };
  return [work ? named(work) : of[kind(address)](), "ArtHash"].filter(Boolean).join(" · ");
}

// What has to be said about an answer, usually nothing.
/** @param {import("./store.js").Answer} answer */
export function remark(answer) {
  const { address, facets } = state;
  if (answer.works.length) return "";
  if (facets?.count === 0) return t("nothing.at_all");
  const filtered = refinements(address, facets) > 0;
  if (address.q) return t(filtered ? "nothing.words.filtered" : "nothing.words", { words: address.q });
  return t(kind(address) === "wall" || filtered ? "nothing.filtered" : "nothing.here");
}

/** @param {import("./store.js").Answer} answer */
export const summary = ({ works, total }) => t("said.answer", { n: total ?? works.length });
