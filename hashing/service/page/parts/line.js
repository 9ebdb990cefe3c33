// Search by words.

import { html, live } from "../vendor/lit.js";
import { go } from "../conductor.js";
import { state } from "../store.js";
import { either, t } from "../words.js";
import { spoken } from "../where.js";
import { Part } from "./part.js";

const ROLES = ["title", "creator", "group", "year"];
const PAUSE = 200; // milliseconds without a key before words are searched

class Line extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["address", "facets"];

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  typing = undefined;

  render() {
    // Words are looked for in all columns; these are the ones that a label tells.
    const roles = state.facets?.roles ?? {};
    const columns = ROLES.flatMap((role) => (roles[role] ? [spoken(roles[role])] : []));
    const name = columns.length ? t("line.by", { columns: either(columns) }) : t("line");
    // Where somebody types the line is ahead of the address, be it by a space.
    const [asked, own] = [state.address.q ?? "", /** @type {HTMLInputElement | null} */ (this.find("input"))?.value ?? ""];
    const written = this.typing !== undefined || own.trim() === asked ? own : asked;
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
