// The head of the room: its name, and how many works hang here.

import { html, nothing } from "../vendor/lit.js";
import { home } from "../conductor.js";
import { state } from "../store.js";
import { t } from "../words.js";
import { onPlain } from "./card.js";
import { Part } from "./part.js";

class Head extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["facets"];

  // Until the collection has told its count what the server wrote stays.
  shouldUpdate() {
    return state.facets !== null;
  }

  render() {
    return html`<header>
      <h1><a href="." id="home" @click=${onPlain(home)}>ArtHash</a></h1>
      <p id="collection">${state.facets ? t("count", { n: state.facets.count }) : nothing}</p>
    </header>`;
  }
}

customElements.define("ah-head", Head);
