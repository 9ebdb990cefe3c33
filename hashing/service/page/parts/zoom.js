// A work as large as its file: moved with pointer, fingers or keys, sharp wherever one looks.

import { html, nothing, repeat } from "../vendor/lit.js";
import { attempt, isLast } from "../attempt.js";
import { get } from "../api.js";
import { Fingers } from "../fingers.js";
import { came, failed } from "../pictures.js";
import { needed, part } from "../tiles.js";
import { t } from "../words.js";
import { extent, named, spoken } from "../works.js";
import { fullScreen, isFullScreen } from "./full.js";
import { Part } from "./part.js";

/**
 * @typedef {import("../store.js").Detail} Detail
 * @typedef {import("../tiles.js").Tile} Tile
 */

const SHOWN = 1600; // pixels of the picture that hangs large already
const STEP = 1.5;
const PAN = 80; // pixels for a key
const REST = 120; // milliseconds without a move before tiles are asked for
const KEPT = 640; // tiles, of more than one screen
/** @type {Record<string, [number, number]>} */
const PANS = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] };

/** @param {Detail} work @param {{ index: string }} facets */
export function openZoom(work, facets) {
  /** @type {Zoom} */ (document.querySelector("ah-zoom")).show(work, facets.index.slice(0, 8));
}

export function closeZoom() {
  /** @type {HTMLDialogElement | null} */ (document.querySelector("ah-zoom dialog"))?.close();
}

class Zoom extends Part {
  static properties = { work: { state: true }, size: { state: true }, tiles: { state: true } };

  constructor() {
    super();
    /** @type {Detail | null} */
    this.work = null;
    this.version = "";
    this.view = { scale: 1, x: 0, y: 0 };
    this.fingers = new Fingers();
    /** @type {import("../tiles.js").Size | null} of the original, once it is known */
    this.size = null;
    /** @type {Tile[]} the coarsest first */
    this.tiles = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.resting = undefined;
  }

  /** @param {Detail} work @param {string} version */
  async show(work, version) {
    [this.work, this.version, this.view] = [work, version, { scale: 1, x: 0, y: 0 }];
    [this.size, this.tiles] = [null, []];
    await this.updateComplete;
    this.dialog.showModal();
    this.find("#zoom-frame")?.focus();
    const last = isLast("zoom");
    const wanted = () => last() && this.work === work;
    await attempt(async () => {
      const size = await get(`pictures/${work.id}/info.json`, { v: version });
      if (!wanted()) return;
      this.size = size;
      await this.updateComplete;
      this.place();
    }, wanted);
  }

  render() {
    const { work } = this;
    const { width, height } = this.size ?? extent(work ?? { width: 1, height: 1 });
    return html`<dialog id="zoom" aria-label=${work ? t("zoom", { title: named(work) }) : t("zoom.in")} @close=${this.closed}
      @keydown=${this.key} @wheel=${this.wheel}>
      ${work
        ? html`<div id="zoom-room"><div id="zoom-frame" tabindex="0" role="group" aria-label=${t("zoom.keys")} @pointerdown=${this.press}
              @pointermove=${this.drag} @pointerup=${this.release} @pointercancel=${this.release} @dblclick=${() => this.by(2)}>
              <div id="zoom-sheet">
                <img src=${`pictures/${work.id}?size=${SHOWN}&v=${this.version}`} alt=${spoken(work)} draggable="false"
                  style=${`--wide: ${width}px; --ratio: ${width / height}`} @load=${this.hung} @error=${failed} />
                ${repeat(this.tiles, part, (tile) => this.tile(work, tile))}
              </div>
            </div>
            <p class="actions">
              <button type="button" aria-label=${t("zoom.in")} @click=${() => this.by(STEP)}>+</button>
              <button type="button" aria-label=${t("zoom.out")} @click=${() => this.by(1 / STEP)}>−</button>
              <button type="button" @click=${this.pixels}>1 : 1</button>
              <button type="button" @click=${this.full}>${t("full")}</button>
              <button type="button" id="zoom-close" @click=${() => this.dialog.close()}>${t("close")}</button>
            </p></div>`
        : nothing}
      <ah-message within></ah-message>
    </dialog>`;
  }

  /** @param {Detail} work @param {Tile} tile */
  tile({ id }, tile) {
    const { width, height } = /** @type {import("../tiles.js").Size} */ (this.size);
    const share = (/** @type {number} */ value, /** @type {number} */ all) => `${(100 * value) / all}%`;
    return html`<img class="tile" alt="" draggable="false" @load=${came} @error=${failed} src=${`pictures/${id}/${part(tile)}/0/default.jpg?v=${this.version}`}
      style=${`left: ${share(tile.x, width)}; top: ${share(tile.y, height)}; width: ${share(tile.width, width)}; height: ${share(tile.height, height)}`} />`;
  }

  /** @param {Event} event */
  hung(event) {
    came(event);
    this.place();
  }

  get dialog() {
    return /** @type {HTMLDialogElement} */ (this.find("dialog"));
  }

  get image() {
    return /** @type {HTMLImageElement | null} */ (this.find("#zoom-sheet img"));
  }

  closed() {
    clearTimeout(this.resting);
    if (isFullScreen()) document.exitFullscreen();
    [this.work, this.tiles] = [null, []];
    this.fingers = new Fingers(); // one that is still down is lifted elsewhere
  }

  full() {
    fullScreen(this.find("#zoom-room"));
  }

  // How much the picture as it fits the screen is smaller than its own pixels.
  get fitted() {
    const { image } = this;
    const wide = this.size?.width ?? image?.naturalWidth;
    return image && wide ? image.offsetWidth / wide : 1;
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
    const sheet = /** @type {HTMLElement} */ (this.find("#zoom-sheet"));
    sheet.style.transform = `translate(${this.view.x}px, ${this.view.y}px) scale(${scale})`;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.sharpen(), REST);
  }

  // Once it rests, with the pixels that the screen can show.
  sharpen() {
    const { image, size } = this;
    if (!image || !size) return;
    const box = image.getBoundingClientRect();
    const sight = {
      ...{ left: -box.left / box.width, top: -box.top / box.height },
      ...{ right: (window.innerWidth - box.left) / box.width, bottom: (window.innerHeight - box.top) / box.height },
    };
    const tiles = needed(size, sight, box.width * window.devicePixelRatio, image.naturalWidth);
    const known = new Set(this.tiles.map(part));
    const fresh = tiles.filter((tile) => !known.has(part(tile)));
    if (fresh.length) this.tiles = [...this.tiles, ...fresh].slice(-KEPT).sort((a, b) => b.factor - a.factor);
  }

  /** @param {PointerEvent | WheelEvent} event @returns {[number, number]} */
  at({ clientX, clientY }) {
    return [clientX - window.innerWidth / 2, clientY - window.innerHeight / 2];
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button) return;
    this.fingers.press(event, this.at(event));
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const pull = this.fingers.drag(event, this.at(event));
    if (pull && pull.factor !== 1) this.by(pull.factor, pull.about);
    else if (pull) this.move(pull.dx, pull.dy);
  }

  /** @param {PointerEvent} event */
  release(event) {
    this.fingers.release(event);
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    this.by(Math.exp(-event.deltaY / 300), this.at(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
    if (event.key in PANS) this.move(...PANS[event.key]);
    else if (event.key === "+" || event.key === "=") this.by(STEP);
    else if (event.key === "-") this.by(1 / STEP);
    else if (event.key === "f") this.full();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

customElements.define("ah-zoom", Zoom);
