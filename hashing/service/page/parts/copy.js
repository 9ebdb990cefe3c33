// A button that copies a link; where the browser does not allow that, the link itself.

import { html } from "../vendor/lit.js";
import { t } from "../words.js";

/** @param {string} address @param {string} name */
export const copy = (address, name) =>
  html`<ah-copy .address=${address} .name=${name}></ah-copy>`;

import { Part } from "./part.js";

class Copy extends Part {
  static properties = { address: { attribute: false }, name: { attribute: false }, done: { state: true } };

  constructor() {
    super();
    this.address = "";
    this.name = "";
    /** @type {"" | "copied" | "refused"} */
    this.done = "";
  }

  /** @param {Map<PropertyKey, unknown>} changes */
  willUpdate(changes) {
    super.willUpdate(changes);
    if (changes.has("address")) this.done = "";
  }

  render() {
    if (this.done === "refused") return html`<input .value=${this.address} readonly aria-label=${this.name} />`;
    return html`<button type="button" @click=${this.copy}>${this.done ? t("copied") : this.name}</button>`;
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.address);
      this.done = "copied";
    } catch {
      this.done = "refused";
    }
  }
}

customElements.define("ah-copy", Copy);
