// One sentence where something has to be said, and a silent one for those who listen.

import { html } from "../vendor/lit.js";
import { state } from "../store.js";
import { Part } from "./part.js";

class Message extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["message", "said"];

  render() {
    return html`<p id="message" role="status">${state.message}</p>
      <p id="said" class="unseen" role="status">${state.said}</p>`;
  }
}

customElements.define("ah-message", Message);
