// What every part of the page is: a custom element that is drawn again when what it watches changes.

import { LitElement } from "../vendor/lit.js";
import { watch } from "../store.js";

/** @typedef {import("../store.js").State} State */

export class Part extends LitElement {
  /** @type {(keyof State)[]} what of the state it shows */
  static watches = [];

  // The page's style sheets reach in.
  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    const { watches } = /** @type {typeof Part} */ (this.constructor);
    this.unwatch = watch(watches, () => this.requestUpdate());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.unwatch?.();
  }

  // What the server drew makes room.
  /** @param {Map<PropertyKey, unknown>} changes */
  willUpdate(changes) {
    super.willUpdate(changes);
    if (!this.hasUpdated) this.replaceChildren();
  }

  /** @param {string} selector */
  find(selector) {
    return /** @type {HTMLElement | null} */ (this.querySelector(selector));
  }
}
