// The wall: pictures in rows of one height, each in its own shape, a label under each.

import { $, label, make, picture, spoken } from "./dom.js";

export function hang(works, open) {
  $("wall").replaceChildren(...works.map((work) => make("li", shape(work), card(work, open))));
}

function shape({ width, height }) {
  return { style: `--ratio: ${width / height}; --widest: ${2 * width}px` };
}

function card(work, open) {
  const copies = work.copies?.length
    ? make("span", { class: "quiet" }, `and ${work.copies.length} nearly the same`)
    : null;
  const style = work.style ? make("span", { class: "quiet" }, work.style) : null;
  const closeness = work.closeness
    ? make("span", { class: "closeness" }, sentence(work.closeness))
    : null;
  const name = [spoken(work), work.style, work.closeness].filter(Boolean).join(", ");
  return make(
    "button",
    { type: "button", class: "card", "aria-label": name, "data-id": work.id, onclick: () => open(work.id) },
    picture(work, { loading: "lazy", decoding: "async" }),
    label(work, style, closeness, copies),
  );
}

function sentence(words) {
  return words[0].toUpperCase() + words.slice(1);
}
