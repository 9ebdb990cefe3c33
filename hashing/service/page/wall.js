// The wall: pictures in rows of one height, each in its own shape, a label under each.

import { $, label, make, picture, spoken } from "./dom.js";

export function hang(works, open) {
  $("wall").replaceChildren(...works.map((work) => make("li", shape(work), card(work, open))));
}

function shape({ width, height }) {
  return { style: `--ratio: ${width / height}; --widest: ${2 * width}px` };
}

function card(work, open) {
  const { group, closeness, copies } = work;
  const remarks = [group, closeness].filter(Boolean);
  const name = [spoken(work), ...remarks].join(", ");
  return make(
    "button",
    { type: "button", class: "card", "aria-label": name, "data-id": work.id, onclick: () => open(work.id) },
    picture(work, { loading: "lazy", decoding: "async" }),
    label(
      work,
      remarks.length ? make("span", { class: "quiet" }, remarks.join(" · ")) : null,
      copies?.length ? make("span", { class: "quiet" }, `and ${copies.length} nearly the same`) : null,
    ),
  );
}
