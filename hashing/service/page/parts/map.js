// The map of the collection: like beside like, looked at with pointer, fingers or keys.

import { html, nothing } from "../vendor/lit.js";
import { get } from "../api.js";
import { colour, draw } from "../chart.js";
import { attempt, go, open, togglePanel } from "../conductor.js";
import { atlas } from "../lookup.js";
import { kind } from "../question.js";
import { state } from "../store.js";
import { middle, regionsOf } from "../territory.js";
import * as view from "../view.js";
import { heading } from "../where.js";
import { t } from "../words.js";
import { label, picture } from "./card.js";
import { Part } from "./part.js";

/**
 * @typedef {[id: number, x: number, y: number, group: number]} Point
 * @typedef {[number, number]} Place
 */

const REACH = 18; // pixels around the pointer
const NEIGHBOURS = 4; // a picture that hangs nowhere lies amid this many of its results
const EDGE = 60; // pixels that the keys keep between their work and the frame
const STEP = 1.5;
/** @type {Record<string, Place>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class MapPart extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["panel", "answer", "facets", "address"];
  static properties = { boxing: { state: true }, only: { state: true }, near: { state: true } };

  constructor() {
    super();
    /** @type {import("../lookup.js").Atlas | null} */
    this.atlas = null;
    /** @type {import("../territory.js").Region[]} */
    this.regions = [];
    /** @type {number | null} the one group that is lit */
    this.only = null;
    /** @type {import("../store.js").Work | null} what hangs in the corner */
    this.near = null;
    /** @type {Point | null} the point under the pointer or the keys */
    this.current = null;
    /** @type {[Place, Place] | null} a box being drawn, in the unit square */
    this.box = null;
    this.boxing = false;
    this.travelled = 0;
    this.index = "";
    /** @type {Map<number, Place>} */
    this.fingers = new Map();
    /** @type {Map<number, import("../store.js").Work>} */
    this.works = new Map();
  }

  connectedCallback() {
    super.connectedCallback();
    window.addEventListener("resize", () => this.fit());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.requestUpdate());
    document.addEventListener("ah-on-map", (event) => this.goTo(/** @type {CustomEvent} */ (event).detail));
  }

  render() {
    const groups = this.atlas?.groups ?? [];
    const role = state.facets?.roles.group;
    return html`<section id="map-panel" class="panel" aria-label=${t("map.name")}>
      <div id="map-frame" class=${this.boxing ? "boxing" : ""}>
        <canvas id="map" tabindex="0" role="application" aria-label=${t("map.keys")} @keydown=${this.key} @wheel=${this.wheel}
          @pointerdown=${this.press} @pointermove=${this.drag} @pointerup=${this.release} @pointercancel=${this.release}></canvas>
        <p class="actions" id="map-buttons">
          <button type="button" aria-label=${t("zoom.in")} @click=${() => this.zoom(STEP)}>+</button>
          <button type="button" aria-label=${t("zoom.out")} @click=${() => this.zoom(1 / STEP)}>−</button>
          <button type="button" @click=${() => this.zoom(0)}>${t("map.whole")}</button>
          <button type="button" id="map-box" aria-pressed=${this.boxing} @click=${() => (this.boxing = !this.boxing)}>${t("map.box")}</button>
          <button type="button" id="map-here" @click=${this.here}>${t("map.here")}</button>
        </p>
        <div id="map-label" aria-live="polite">${this.near ? html`${picture(this.near)}${label(this.near)}` : nothing}</div>
      </div>
      <ul id="legend" aria-label=${role ? heading(role) : nothing}>
        ${groups.map((name, group) => html`<li><button type="button" aria-pressed=${this.only === group} @click=${() => this.light(group)}
          ><span class="swatch" style=${`background: ${colour(group)}`}></span>${name}</button></li>`)}
      </ul>
    </section>`;
  }

  updated() {
    if (state.panel !== "map" || !state.facets) return;
    if (this.index !== state.facets.index + state.facets.count) this.load(state.facets.index + state.facets.count);
    this.fit();
  }

  // Called anew when the collection has changed.
  /** @param {string} index */
  load(index) {
    this.index = index;
    this.works.clear();
    attempt(async () => {
      this.atlas = await atlas();
      this.regions = regionsOf(this.atlas);
      [this.current, this.near, this.only] = [null, null, null];
      this.requestUpdate();
    });
  }

  get canvas() {
    return /** @type {HTMLCanvasElement} */ (this.find("#map"));
  }

  fit() {
    if (!this.canvas?.clientWidth) return;
    view.fit(this.canvas);
    this.redraw();
  }

  redraw() {
    if (this.pending || !this.atlas) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      if (this.atlas) draw(this.canvas, this.atlas.points, this.look());
    });
  }

  /** @returns {import("../chart.js").Look} */
  look() {
    const { address, answer, facets } = state;
    const marked = kind(address) === "wall" || kind(address) === "area" ? [] : (answer?.works ?? []);
    const asked = kind(address) === "work" ? [address.work] : kind(address) === "code" ? marked.slice(0, NEIGHBOURS).map(({ id }) => id) : [];
    return {
      only: this.only,
      results: new Set(marked.map(({ id }) => id)),
      query: middle(this.atlas?.points ?? [], asked),
      current: this.current,
      regions: this.regions,
      box: this.box,
      address: (id, size) => `pictures/${id}?size=${size}&v=${facets?.index.slice(0, 8)}`,
      again: () => this.redraw(),
    };
  }

  /** @param {Place} at @param {number} reach @param {(point: Point) => boolean} [allowed] @returns {Point | null} */
  nearest([px, py], reach, allowed = () => true) {
    let best = null;
    let least = reach;
    for (const point of this.atlas?.points ?? []) {
      if (!allowed(point)) continue;
      const [x, y] = view.place(point);
      const gap = Math.hypot(x - px, y - py);
      if (gap < least) [best, least] = [point, gap];
    }
    return best;
  }

  // -- pointer, fingers and keys ----------------------------------------------------------------

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 300), at(event));
  }

  /** @param {PointerEvent} event */
  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, at(event));
    this.travelled = 0;
    if (this.boxing || event.shiftKey) this.box = [view.spot(at(event)), view.spot(at(event))];
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const now = at(event);
    const before = this.fingers.get(event.pointerId);
    if (!before) return this.turnTo(this.nearest(now, REACH));
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.travelled += gap(now, before);
    this.fingers.set(event.pointerId, now);
    if (this.box) {
      this.box = [this.box[0], view.spot(now)];
      this.redraw();
    } else if (other) this.zoom(gap(now, other) / gap(before, other), other);
    else this.move(now[0] - before[0], now[1] - before[1]);
  }

  /** @param {PointerEvent} event */
  release(event) {
    this.fingers.delete(event.pointerId);
    const { box } = this;
    this.box = null;
    if (event.type !== "pointerup") return this.redraw();
    if (box && this.travelled >= 5) return showOnWall(...box);
    this.redraw();
    if (this.travelled < 5) choose(this.nearest(at(event), REACH));
  }

  /** @param {number} factor 0 for the whole map @param {Place} [place] */
  zoom(factor, place) {
    view.zoom(factor, place);
    this.redraw();
  }

  /** @param {number} dx @param {number} dy */
  move(dx, dy) {
    view.move(dx, dy);
    this.redraw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { current } = this;
    if (event.key in STEPS) this.step(STEPS[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(STEP, current ? view.place(current) : undefined);
    else if (event.key === "-") this.zoom(1 / STEP);
    else if (event.key === "Enter" && current) choose(current);
    else return;
    event.preventDefault();
  }

  // To the nearest work that lies more in this direction than beside it.
  /** @param {Place} direction */
  step([dx, dy]) {
    const { current } = this;
    const from = current ? view.place(current) : view.middle();
    const ahead = (/** @type {Point} */ point) => {
      if (point === current) return false;
      const [x, y] = view.place(point);
      const along = (x - from[0]) * dx + (y - from[1]) * dy;
      return along > 0 && along >= Math.abs((x - from[0]) * dy + (y - from[1]) * dx);
    };
    this.turnTo(this.nearest(from, Infinity, ahead) ?? current);
    const reached = this.current && view.place(this.current);
    if (reached && !view.within(reached, EDGE)) this.centre(reached);
  }

  /** @param {Place} place of the canvas */
  centre(place) {
    const [x, y] = view.middle();
    this.move(x - place[0], y - place[1]);
  }

  // Hangs the work that pointer or keys have reached in the corner.
  /** @param {Point | null} point */
  async turnTo(point) {
    if (point === this.current) return;
    this.current = point;
    this.canvas.style.cursor = point && !this.boxing ? "pointer" : "";
    this.redraw();
    if (!point) return;
    const [id] = point;
    await attempt(async () => {
      if (!this.works.has(id)) this.works.set(id, await get(`api/items/${id}`));
      if (this.current === point) this.near = this.works.get(id) ?? null;
    });
  }

  // -- from the wall to the map and back --------------------------------------------------------

  // From a work to its place.
  /** @param {number} id */
  async goTo(id) {
    if (state.panel !== "map") togglePanel("map");
    await this.updateComplete;
    await attempt(async () => {
      this.atlas ??= await atlas();
      const point = this.atlas.points.find(([one]) => one === id);
      if (!point) return;
      view.fit(this.canvas);
      view.zoom(0);
      view.zoom(6, view.place(point));
      this.centre(view.place(point));
      this.turnTo(point);
      this.canvas.scrollIntoView({ block: "center" });
      this.canvas.focus({ preventScroll: true });
    });
  }

  // What is in sight, on the wall.
  here() {
    const { clientWidth, clientHeight } = this.canvas;
    showOnWall(view.spot([0, 0]), view.spot([clientWidth, clientHeight]));
  }

  /** @param {number} group */
  light(group) {
    this.only = this.only === group ? null : group;
    this.redraw();
  }
}

/** @param {Place} a @param {Place} b */
function showOnWall(a, b) {
  const ends = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  go({ area: ends.map((end) => end.toFixed(4)).join(",") });
  requestAnimationFrame(() => {
    const title = document.getElementById("query");
    title?.scrollIntoView({ block: "start" });
    document.getElementById("wall-title")?.focus({ preventScroll: true });
  });
}

/** @param {Point | null} point */
const choose = (point) => point && open(point[0]);
/** @param {MouseEvent} event @returns {Place} */
const at = ({ offsetX, offsetY }) => [offsetX, offsetY];
/** @param {Place} a @param {Place} b */
const gap = ([ax, ay], [bx, by]) => Math.max(0.5, Math.hypot(ax - bx, ay - by));

customElements.define("ah-map", MapPart);
