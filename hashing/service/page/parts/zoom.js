// A work as large as its file: full screen, moved with pointer, fingers or keys.

import { html, nothing } from "../vendor/lit.js";
import { t } from "../words.js";
import { named, spoken } from "../works.js";
import { Part } from "./part.js";

/** @typedef {import("../store.js").Detail} Detail */

const LARGEST = 4096; // pixels of the longer side that the server gives
const STEP = 1.5;
const PAN = 80; // pixels for a key
/** @type {Record<string, [number, number]>} */
const PANS = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] };

/** @param {Detail} work @param {{ index: string }} facets */
export function openZoom(work, facets) {
  /** @type {Zoom} */ (document.querySelector("ah-zoom")).show(work, facets.index.slice(0, 8));
}

class Zoom extends Part {
  static properties = { work: { state: true } };

  constructor() {
    super();
    /** @type {Detail | null} */
    this.work = null;
    this.version = "";
    this.view = { scale: 1, x: 0, y: 0 };
    /** @type {Map<number, [number, number]>} */
    this.fingers = new Map();
  }

  /** @param {Detail} work @param {string} version */
  async show(work, version) {
    [this.work, this.version, this.view] = [work, version, { scale: 1, x: 0, y: 0 }];
    await this.updateComplete;
    const dialog = /** @type {HTMLDialogElement} */ (this.find("dialog"));
    dialog.showModal();
    this.find("#zoom-frame")?.focus();
  }

  render() {
    const { work } = this;
    return html`<dialog id="zoom" aria-label=${work ? t("zoom", { title: named(work) }) : t("zoom.in")} @close=${() => (this.work = null)}
      @keydown=${this.key} @wheel=${this.wheel}>
      ${work
        ? html`<div id="zoom-frame" tabindex="0" role="group" aria-label=${t("zoom.keys")} @pointerdown=${this.press}
              @pointermove=${this.drag} @pointerup=${this.release} @pointercancel=${this.release} @dblclick=${() => this.by(2)}>
              <img src=${`pictures/${work.id}?size=${LARGEST}&v=${this.version}`} alt=${spoken(work)} draggable="false" @load=${() => this.place()} />
            </div>
            <p class="actions">
              <button type="button" aria-label=${t("zoom.in")} @click=${() => this.by(STEP)}>+</button>
              <button type="button" aria-label=${t("zoom.out")} @click=${() => this.by(1 / STEP)}>−</button>
              <button type="button" @click=${this.pixels}>1 : 1</button>
              <button type="button" id="zoom-close" @click=${() => /** @type {HTMLDialogElement} */ (this.find("dialog")).close()}>${t("close")}</button>
            </p>`
        : nothing}
    </dialog>`;
  }

  get image() {
    return /** @type {HTMLImageElement | null} */ (this.find("#zoom-frame img"));
  }

  // How much the picture as it fits the screen is smaller than its own pixels.
  get fitted() {
    return this.image?.naturalWidth ? this.image.offsetWidth / this.image.naturalWidth : 1;
  }

  /** @param {number} factor @param {[number, number]} [at] from the middle of the screen */
  by(factor, at = [0, 0]) {
    const { scale, x, y } = this.view;
    const most = Math.max(4, 4 / this.fitted);
    const next = Math.min(most, Math.max(1, scale * factor));
    // What lies under the pointer stays there.
    this.view = { scale: next, x: at[0] - ((at[0] - x) * next) / scale, y: at[1] - ((at[1] - y) * next) / scale };
    this.place();
  }

  pixels() {
    this.view = { scale: Math.max(1, 1 / this.fitted), x: 0, y: 0 };
    this.place();
  }

  /** @param {number} dx @param {number} dy */
  move(dx, dy) {
    this.view = { ...this.view, x: this.view.x + dx, y: this.view.y + dy };
    this.place();
  }

  // No further than its edges.
  place() {
    const { image } = this;
    if (!image) return;
    const { scale, x, y } = this.view;
    const [across, down] = [(image.offsetWidth * (scale - 1)) / 2, (image.offsetHeight * (scale - 1)) / 2];
    this.view = { scale, x: Math.min(across, Math.max(-across, x)), y: Math.min(down, Math.max(-down, y)) };
    image.style.transform = `translate(${this.view.x}px, ${this.view.y}px) scale(${scale})`;
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  at({ clientX, clientY }) {
    return [clientX - window.innerWidth / 2, clientY - window.innerHeight / 2];
  }

  /** @param {PointerEvent} event */
  press(event) {
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.at(event));
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = this.at(event);
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.by(gap(now, other) / gap(before, other), other);
    else this.move(now[0] - before[0], now[1] - before[1]);
    this.fingers.set(event.pointerId, now);
  }

  /** @param {PointerEvent} event */
  release({ pointerId }) {
    this.fingers.delete(pointerId);
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    this.by(Math.exp(-event.deltaY / 300), [event.clientX - window.innerWidth / 2, event.clientY - window.innerHeight / 2]);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key in PANS) this.move(...PANS[event.key]);
    else if (event.key === "+" || event.key === "=") this.by(STEP);
    else if (event.key === "-") this.by(1 / STEP);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {[number, number]} a @param {[number, number]} b */
const gap = (a, b) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));

customElements.define("ah-zoom", Zoom);
