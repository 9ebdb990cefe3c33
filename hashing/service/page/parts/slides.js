// What hangs on the wall, one work after another, on all of the screen.

import { html, nothing, repeat } from "../vendor/lit.js";
import { more } from "../conductor.js";
import { came, failed } from "../pictures.js";
import { state } from "../store.js";
import { t } from "../words.js";
import { spoken } from "../works.js";
import { label } from "./card.js";
import { fullScreen, isFullScreen } from "./full.js";
import { Part } from "./part.js";

/** @typedef {import("../store.js").Work} Work */

const EACH = 7000; // milliseconds that a picture hangs
const SIDE = 1600;
const AHEAD = 6; // works before the end of which more are asked for
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/** @param {number | null} [id] the first one */
export function showSlides(id = null) {
  /** @type {Slides} */ (document.querySelector("ah-slides")).show(id);
}

class Slides extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["answer"];
  static properties = { place: { state: true }, playing: { state: true } };

  constructor() {
    super();
    /** @type {number | null} of the work that is shown, among those that hang */
    this.place = null;
    this.playing = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.clock = undefined;
  }

  // The browser's way back leaves the slideshow with what it was opened over.
  connectedCallback() {
    super.connectedCallback();
    window.addEventListener("popstate", () => this.place !== null && this.dialog.close());
  }

  get works() {
    return state.answer?.works ?? [];
  }

  get dialog() {
    return /** @type {HTMLDialogElement} */ (this.find("dialog"));
  }

  /** @param {number | null} id */
  async show(id) {
    if (!this.works.length) return;
    this.place = Math.max(0, this.works.findIndex((work) => work.id === id));
    // Who wants little motion starts it by hand.
    this.playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    await this.updateComplete;
    this.dialog.showModal();
    this.find("#slides-play")?.focus();
  }

  // The wall may have become shorter meanwhile, or empty.
  /** @param {Map<PropertyKey, unknown>} changes */
  willUpdate(changes) {
    super.willUpdate(changes);
    if (this.place !== null) this.place = Math.max(0, Math.min(this.place, this.works.length - 1));
  }

  updated() {
    if (this.place !== null && !this.works.length) this.dialog.close();
  }

  render() {
    const work = this.place === null ? undefined : this.works[this.place];
    return html`<dialog id="slides" aria-label=${t("slides")} @close=${this.closed} @keydown=${this.key}>
      ${work
        ? html`<div id="slides-room">
            <figure aria-live=${this.playing ? "off" : "polite"}>
              ${repeat([work], ({ id }) => id, (shown) => html`<img src=${source(shown)} alt=${spoken(shown)} @load=${this.hung} @error=${this.hung} />
                <figcaption>${label(shown)}</figcaption>`)}
            </figure>
            <p class="actions">
              <button type="button" @click=${() => this.step(-1)}>${t("previous")}</button>
              <button type="button" id="slides-play" @click=${this.toggle}>${t(this.playing ? "slides.pause" : "slides.play")}</button>
              <button type="button" @click=${() => this.step(1)}>${t("next")}</button>
              <button type="button" @click=${() => fullScreen(this.find("#slides-room"))}>${t("full")}</button>
              <button type="button" @click=${() => this.dialog.close()}>${t("close")}</button>
            </p>
          </div>`
        : nothing}
      <ah-message within></ah-message>
    </dialog>`;
  }

  // Its time begins when it hangs, and the next one is fetched meanwhile.
  /** @param {Event} event */
  hung(event) {
    (event.type === "load" ? came : failed)(event);
    const next = this.works[((this.place ?? 0) + 1) % this.works.length];
    if (next) new Image().src = source(next);
    this.wait();
  }

  wait() {
    clearTimeout(this.clock);
    if (this.playing && this.place !== null) this.clock = setTimeout(() => this.step(1), EACH);
  }

  /** @param {number} by */
  step(by) {
    clearTimeout(this.clock);
    const count = this.works.length;
    if (this.place === null || !count) return;
    this.place = (this.place + by + count) % count;
    if (this.place >= count - AHEAD && !state.answer?.ended && !state.busy) more();
    if (count === 1) this.wait(); // the same picture does not load again
  }

  toggle() {
    this.playing = !this.playing;
    this.wait();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
    if (event.key in STEPS) this.step(STEPS[event.key]);
    else if (event.key === " " && !(event.target instanceof HTMLButtonElement)) this.toggle();
    else if (event.key === "f") fullScreen(this.find("#slides-room"));
    else return;
    event.preventDefault();
  }

  closed() {
    clearTimeout(this.clock);
    if (isFullScreen()) document.exitFullscreen();
    [this.place, this.playing] = [null, false];
  }
}

/** @param {Work} work */
const source = ({ id }) => `pictures/${id}?size=${SIDE}&v=${state.facets?.index.slice(0, 8)}`;

customElements.define("ah-slides", Slides);
