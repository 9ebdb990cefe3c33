// The wall: pictures in rows of one height, each in its own shape.

import { html, nothing, repeat } from "../vendor/lit.js";
import { clearRefine, home, more } from "../conductor.js";
import { refinements } from "../question.js";
import { state } from "../store.js";
import { t } from "../words.js";
import { shape } from "../works.js";
import { card } from "./card.js";
import { Part } from "./part.js";

const AT_ONCE = 12; // pictures that are asked for before one scrolls

class Wall extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["answer", "facets", "taste", "busy"];

  // Until there is an answer what the server hung stays.
  shouldUpdate() {
    return state.answer !== null;
  }

  render() {
    const { works, ended } = /** @type {import("../store.js").Answer} */ (state.answer);
    return html`<h2 id="wall-title" class="unseen" tabindex="-1">${t("pictures")}</h2>
      <ul id="wall" class=${state.busy ? "busy" : ""} aria-busy=${state.busy}>
        ${repeat(works, ({ id }) => id, (work, place) => html`<li style=${shape(work)}>${card(work, { lazy: place >= AT_ONCE })}</li>`)}
      </ul>
      <p class="actions" id="below">${ended ? end(works.length) : html`<button type="button" id="more" @click=${more}>${t("more")}</button>`}</p>`;
  }
}

/** @param {number} shown */
function end(shown) {
  if (shown > AT_ONCE) return html`<span class="quiet">${t("end", { n: shown })}</span>`;
  return shown || !state.facets?.count ? nothing : wayOn();
}

// An empty answer is no dead end.
function wayOn() {
  const filtered = refinements(state.address, state.facets) > 0;
  return html`${filtered ? html`<button type="button" class="accent" @click=${clearRefine}>${t("way.clear")}</button>` : nothing}
    <button type="button" class=${filtered ? "" : "accent"} @click=${home}>${t("way.home")}</button>`;
}

customElements.define("ah-wall", Wall);
