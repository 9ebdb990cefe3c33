// Gradio's controls, each by its name: told what the address says, heard when a visitor moves them.
//
// Gradio comes when the first pictures hang, or earlier when its controls are asked for.

import { go } from "./conductor.js";
import { bounds, byLikeness, variety } from "./question.js";
import { state, watch } from "./store.js";
import { spoken } from "./where.js";
import { said, t } from "./words.js";

/** @typedef {"varied" | "close" | "one"} Name */

const varied = () => variety(state.address, state.facets);

/** @type {Record<Name, () => Record<string, unknown>>} */
const CONTROLS = {
  varied: () => ({ value: varied(), label: t("varied") }),
  close: () => {
    const words = state.facets ? bounds(state.address, state.facets).map(({ word }) => word) : [];
    const choices = ["any", ...words.reverse()].map((word) => [said(word), word]);
    return { value: state.address.close, label: t("how close"), choices, visible: words.length > 0 && byLikeness(state.address) };
  },
  one: () => {
    const creator = state.facets?.roles.creator;
    const label = t("one for each", { column: spoken(creator ?? "") });
    return { value: state.address.one, label, visible: Boolean(creator) && byLikeness(state.address) };
  },
};

const bridge = {
  // What a control shows now; one that would change nothing is not shown.
  /** @param {Name} name */
  control: (name) => ({ __type__: "update", visible: byLikeness(state.address), ...CONTROLS[name]() }),

  // A control that was told of the address tells it back: only a difference is a wish.
  /** @param {Name} name @param {any} value */
  refine(name, value) {
    const now = name === "varied" ? varied() : state.address[name];
    if (state.facets && JSON.stringify(value) !== JSON.stringify(now)) go({ [name]: value }, { replace: true });
  },

  /** @param {() => void} tell */
  attach(tell) {
    watch(["address", "facets"], tell);
    tell();
    for (const main of document.querySelectorAll("gradio-app main")) demote(main);
  },
};

/** @type {any} */ (window).arthash = bridge;

// The page has one main part, and it is not Gradio's.
/** @param {Element} main */
function demote(main) {
  const room = document.createElement("div");
  room.className = main.className;
  room.append(...main.childNodes);
  main.replaceWith(room);
}

let loading = false;

export function loadGradio() {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("gradio"));
  if (loading || !template) return;
  loading = true;
  for (const element of template.content.children) {
    const copy = document.createElement(element.localName);
    for (const { name, value } of element.attributes) copy.setAttribute(name, value);
    copy.textContent = element.textContent;
    document.head.append(copy);
  }
}

if (document.readyState === "complete") loadGradio();
else window.addEventListener("load", loadGradio);
watch(["address"], () => state.address.panel === "refine" && loadGradio());
