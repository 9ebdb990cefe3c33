// Search by words.

import { html, live } from "../vendor/lit.js";
import { go } from "../conductor.js";
import { state } from "../store.js";
import { t } from "../words.js";
import { spoken } from "../where.js";
import { Part } from "./part.js";

const PAUSE = 200; // milliseconds without a key before words are searched

class Line extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["address", "facets"];

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  typing = undefined;

  render() {
    const { title, creator } = state.facets?.roles ?? {};
    const columns = [title, creator].filter(Boolean).map((column) => spoken(column));
    const [first, second] = columns;
    const name = second ? t("line.two", { first, second }) : first ? t("line.one", { first }) : t("line");
    // Where somebody types the line is ahead of the address.
    const typing = this.typing !== undefined;
    const written = typing ? (/** @type {HTMLInputElement | null} */ (this.find("input"))?.value ?? "") : (state.address.q ?? "");
    return html`<input type="search" id="line" enterkeyhint="search" autocomplete="off" aria-label=${name}
      placeholder=${name} .value=${live(written)} @input=${this.type} @keydown=${this.enter} />`;
  }

  type() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.ask(), PAUSE);
  }

  /** @param {KeyboardEvent} event */
  enter({ key }) {
    if (key === "Enter") this.ask();
  }

  ask() {
    clearTimeout(this.typing);
    this.typing = undefined;
    const q = /** @type {HTMLInputElement} */ (this.find("input")).value.trim() || null;
    if (q !== state.address.q) go({ q }, { replace: state.address.q !== null });
  }
}

customElements.define("ah-line", Line);
