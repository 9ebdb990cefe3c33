// One sentence where something has to be said, and a silent one for those who listen. Outside an
// open dialog nothing is heard or clicked: those under which something may fail have one of their own.

import { html, nothing, repeat } from "../vendor/lit.js";
import { state } from "../store.js";
import { t } from "../words.js";
import { Part } from "./part.js";

class Message extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["message", "said", "looking"];

  static properties = { within: { type: Boolean } };

  constructor() {
    super();
    this.within = false; // a dialog
  }

  render() {
    const { looking } = state;
    const name = (/** @type {string} */ id) => (this.within ? nothing : id);
    return html`<p class="told" id=${name("message")} role="status">${looking ? t("looking") : state.message}</p>
      ${looking
        ? html`<p class="actions looking" id=${name("looking")}>
            <progress aria-label=${t("looking.sent")} max="1" value=${looking.share < 1 ? looking.share : nothing}></progress>
            <button type="button" @click=${looking.cancel}>${t("cancel")}</button>
          </p>`
        : nothing}
      ${this.within
        ? nothing
        : html`<p id="said" class="unseen" role="status">${repeat([state.said], (one) => one, ({ text }) => html`<span>${text}</span>`)}</p>`}`;
  }
}

customElements.define("ah-message", Message);
