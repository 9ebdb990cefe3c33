// What the wall answers: a line above it, with the picture that was asked with.

import { get } from "./api.js";
import { $, label, make, picture, spoken } from "./dom.js";
import { go } from "./address.js";
import * as taste from "./taste.js";

export async function describe(state, answer, uploads) {
  const section = $("query");
  const content = await contents(state, answer, uploads);
  section.replaceChildren(...content);
  section.hidden = content.length === 0;
}

async function contents(state, answer, uploads) {
  if (state.work !== null) {
    const work = await get(`api/items/${state.work}`);
    const open = () => go({ open: work.id });
    return [
      make("button", { type: "button", class: "card", "aria-label": spoken(work), onclick: open }, picture(work)),
      make("div", {}, note("Close to"), label(work)),
    ];
  }
  if (state.code) return uploaded(state.code, uploads.get(state.code)?.address);
  if (state.taste && answer.results) return [note("Chosen for your taste")];
  if (state.q) return [note(`${answer.total.toLocaleString("en")} for “${state.q}”`)];
  return [];
}

function uploaded(code, address) {
  if (!address)
    return [note("Close to a picture that was not kept: this search repeats its code alone.")];
  return [
    make("img", { src: address, alt: "Your picture", class: "own" }),
    make(
      "div",
      {},
      note("Close to your picture"),
      make(
        "span",
        { class: "actions" },
        ...taste.opinions({ code, title: "Your picture" }, () => taste.tiny(address)),
      ),
    ),
  ];
}

const note = (text) => make("p", { class: "note" }, text);
