// A question of several parts: each with its picture and its weight, and what may be added to it.

import { html, live, nothing, repeat } from "../vendor/lit.js";
import { addLikes, addPicture, show, weigh } from "../blending.js";
import { partsOf, withoutPart } from "../mixing.js";
import { state } from "../store.js";
import { t } from "../words.js";
import { address, named } from "../works.js";

/** @typedef {import("../store.js").Mixed} Mixed */

const CHIP_SIDE = 96;
const STEP = 0.25;

export function mixed() {
  const parts = state.answer?.parts ?? [];
  return html`<div id="mix">
    <p class="note">${t("mix")}</p>
    <ul class="chips" aria-label=${t("mix")}>${repeat(parts, ({ file, code }) => file || code, chip)}</ul>
    ${further()}
  </div>`;
}

/** @param {Mixed} part */
function chip({ file, code, work, weight }) {
  const title = work ? named(work) : t("yours");
  const src = work ? address(work, CHIP_SIDE) : state.uploads.get(code)?.src;
  const change = (/** @type {Event} */ event) => weigh({ file, code }, Number(/** @type {HTMLInputElement} */ (event.target).value));
  return html`<li class=${weight < 0 ? "chip disliked" : "chip"}>
    ${src ? html`<img src=${src} alt=${title} />` : nothing}
    <span><i>${title}</i>
      <input type="range" min="-1" max="1" step=${STEP} .value=${live(String(weight))} aria-label=${t("mix.weight", { title })}
        aria-valuetext=${said(weight)} @change=${change} />
      <span class="quiet">${said(weight)}</span></span>
    <button type="button" aria-label=${t("mix.drop", { title })}
      @click=${() => show(withoutPart(partsOf(state.address), { file, code }))}>${t("remove")}</button>
  </li>`;
}

/** @param {number} weight */
const said = (weight) => t(weight < 0 ? "mix.away" : weight > 0.5 ? "mix.near" : weight > 0 ? "mix.some" : "mix.none");

// What a question by likeness may be mixed with.
export function further() {
  const chosen = (/** @type {Event} */ { target }) => {
    const input = /** @type {HTMLInputElement} */ (target);
    const file = input.files?.[0];
    input.value = "";
    if (file) addPicture(file);
  };
  return html`<p class="actions">
    <button type="button" @click=${() => document.getElementById("mix-file")?.click()}>${t("mix.picture")}</button>
    <input type="file" id="mix-file" accept="image/*" hidden aria-label=${t("mix.picture")} @change=${chosen} />
    ${state.taste.some(({ liked }) => liked) ? html`<button type="button" @click=${addLikes}>${t("mix.likes")}</button>` : nothing}
  </p>`;
}
