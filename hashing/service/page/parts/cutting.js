// Asking with a part of one's own picture: a box to draw, or the frame that is seen.

import { html, nothing } from "../vendor/lit.js";
import { between, FIRST, moved, resized, written } from "../box.js";
import { look } from "../conductor.js";
import { t } from "../words.js";
import { Part } from "./part.js";

const STEP = 0.02;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {{ file: Blob, src: string }} own */
export const cutting = ({ file, src }) => html`<ah-cutting .file=${file} .src=${src}></ah-cutting>`;

class Cutting extends Part {
  static properties = {
    file: { attribute: false },
    src: { attribute: false },
    box: { state: true },
    opened: { state: true },
  };

  constructor() {
    super();
    /** @type {Blob | null} */
    this.file = null;
    this.src = "";
    this.box = FIRST;
    this.opened = false;
    /** @type {[number, number] | null} */
    this.start = null;
  }

  render() {
    return html`<button type="button" @click=${this.show}>${t("box")}</button>
      <dialog class="cutting" aria-label=${t("box")} @close=${() => (this.opened = false)}>
        ${this.opened ? this.content() : nothing}
      </dialog>`;
  }

  content() {
    const [left, top, right, bottom] = this.box.map((share) => `${100 * share}%`);
    const inset = `inset: ${top} calc(100% - ${right}) calc(100% - ${bottom}) ${left}`;
    return html`<p class="note">${t("box.how")}</p>
      <div class="canvas" @pointerdown=${this.press} @pointermove=${this.drag} @pointerup=${this.lift} @pointercancel=${this.lift}>
        <img src=${this.src} alt=${t("yours")} draggable="false" />
        <div class="box" role="application" tabindex="0" style=${inset} aria-label=${t("box.keys")} @keydown=${this.key}></div>
      </div>
      <p class="actions">
        <button type="button" class="accent" @click=${() => this.ask({ box: written(this.box) })}>${t("box.ask")}</button>
        <button type="button" @click=${() => this.ask({ box: "suggest" })}>${t("box.suggest")}</button>
        <button type="button" @click=${() => this.ask({ anyTurn: true })}>${t("box.turned")}</button>
        <button type="button" @click=${() => this.dialog.close()}>${t("close")}</button>
      </p>`;
  }

  get dialog() {
    return /** @type {HTMLDialogElement} */ (this.find("dialog"));
  }

  show() {
    this.opened = true;
    this.dialog.showModal();
  }

  /** @param {{ box?: string, anyTurn?: boolean }} how */
  ask(how) {
    this.dialog.close();
    if (this.file) look(this.file, how);
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button) return;
    event.preventDefault();
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    this.start = place(event);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (this.start) this.box = between(this.start, place(event));
  }

  lift() {
    this.start = null;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const way = ARROWS[event.key];
    if (!way) return;
    event.preventDefault();
    this.box = (event.shiftKey ? resized : moved)(this.box, STEP * way[0], STEP * way[1]);
  }
}

/** @param {PointerEvent} event @returns {[number, number]} in shares of the picture */
function place({ clientX, clientY, currentTarget }) {
  const { left, top, width, height } = /** @type {Element} */ (currentTarget).getBoundingClientRect();
  return [(clientX - left) / width, (clientY - top) / height];
}

customElements.define("ah-cutting", Cutting);
