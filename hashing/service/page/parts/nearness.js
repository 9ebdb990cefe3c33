// By what works are near: all that one sees, codes alone, or features; and likeness as a number.

import { html, live, nothing } from "../vendor/lit.js";
import { go } from "../conductor.js";
import { byLikeness, orders } from "../question.js";
import { state } from "../store.js";
import { t } from "../words.js";
import { Part } from "./part.js";

class Nearness extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["facets", "address"];

  render() {
    const { facets, address } = state;
    if (!facets || !byLikeness(address)) return nothing;
    const offered = orders(address, facets);
    return html`<p class="nearness">
      ${offered.length
        ? html`<label>${t("by")} <select id="by" @change=${choose}>
            ${offered.map((by) => html`<option value=${by} .selected=${live(by === (address.by ?? offered[0]))}>${t(`by.${by}`)}</option>`)}
          </select></label>`
        : nothing}
      <label><input type="checkbox" id="number" .checked=${address.number} @change=${count} /> ${t("number")}</label>
    </p>`;
  }
}

/** @param {Event} event */
const choose = ({ target }) => {
  const { value } = /** @type {HTMLSelectElement} */ (target);
  go({ by: value === "look" ? null : value }, { replace: true });
};

/** @param {Event} event */
const count = ({ target }) => go({ number: /** @type {HTMLInputElement} */ (target).checked }, { replace: true });

customElements.define("ah-nearness", Nearness);
