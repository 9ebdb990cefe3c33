// Ways to look, and the panels that fold out: one at a time.

import { html } from "../vendor/lit.js";
import { example, surprise, togglePanel } from "../conductor.js";
import { refinements } from "../question.js";
import { state } from "../store.js";
import { t } from "../words.js";
import { openCamera } from "./drop.js";
import { Part } from "./part.js";
import { showSlides } from "./slides.js";

class Bar extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["address", "facets", "taste"];

  render() {
    return html`<nav id="bar" aria-label=${t("bar")}>
      <span>
        <button type="button" id="surprise" @click=${surprise}>${t("surprise")}</button>
        <button type="button" id="example" @click=${example}>${t("example")}</button>
        <button type="button" id="camera" @click=${openCamera}>${t("camera")}</button>
      </span>
      <span>
        ${this.panel("refine", refinements(state.address, state.facets))} ${this.panel("taste", state.taste.length)}
        ${this.panel("map", 0)}
        <button type="button" id="slideshow" @click=${() => showSlides()}>${t("slides")}</button>
      </span>
    </nav>`;
  }

  // How many of its things are in use stands behind a panel's name.
  /** @param {string} name @param {number} used */
  panel(name, used) {
    return html`<button type="button" data-panel=${name} aria-expanded=${state.address.panel === name}
      @click=${() => togglePanel(name)}>${t(name)}${used ? ` (${used})` : ""}</button>`;
  }
}

customElements.define("ah-bar", Bar);
