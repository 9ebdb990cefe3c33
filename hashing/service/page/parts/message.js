// One sentence where something has to be said, and a silent one for those who listen.

import { html, nothing, repeat } from "../vendor/lit.js";
import { state } from "../store.js";
import { t } from "../words.js";
import { Part } from "./part.js";

class Message extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["message", "said", "looking"];

  render() {
    const { looking } = state;
    return html`<p id="message" role="status">${looking ? t("looking") : state.message}</p>
      ${looking
        ? html`<p class="actions" id="looking">
            <progress aria-label=${t("looking.sent")} max="1" value=${looking.share < 1 ? looking.share : nothing}></progress>
            <button type="button" @click=${looking.cancel}>${t("cancel")}</button>
          </p>`
        : nothing}
      <p id="said" class="unseen" role="status">${repeat([state.said], (one) => one, ({ text }) => html`<span>${text}</span>`)}</p>`;
  }
}

customElements.define("ah-message", Message);
