// The map of the collection: like beside like, looked at with pointer, fingers or keys.

import { html, nothing } from "../vendor/lit.js";
import { get, Problem } from "../api.js";
import { attempt, isLast } from "../attempt.js";
import { open, showPanel } from "../conductor.js";
import { Fingers } from "../fingers.js";
import { atlas } from "../lookup.js";
import { rowOf } from "../map/atlas.js";
import { marks, showOnWall } from "../map/between.js";
import { colour, draw } from "../map/chart.js";
import { ahead, near, signAt } from "../map/reach.js";
import { regionsOf } from "../map/territory.js";
import * as view from "../map/view.js";
import { state } from "../store.js";
import { heading } from "../where.js";
import { isolated, t } from "../words.js";
import { label, picture } from "./card.js";
import { Part } from "./part.js";

/** @typedef {[number, number]} Place */

const EDGE = 60; // pixels that the keys keep between their work and the frame
const STEP = 1.5;
const STILL = 5; // pixels that a press may travel and yet be none but a press
/** @type {Record<string, Place>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class MapPart extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["answer", "facets", "address"];
  static properties = { tool: { state: true }, only: { state: true }, near: { state: true } };

  constructor() {
    super();
    /** @type {import("../lookup.js").Atlas | null} */
    this.atlas = null;
    /** @type {import("../map/territory.js").Region[]} */
    this.regions = [];
    /** @type {import("../map/hanging.js").Hung[]} */
    this.hung = [];
    /** @type {number | null} the one group that is lit */
    this.only = null;
    /** @type {import("../store.js").Work | null} what hangs in the corner */
    this.near = null;
    /** @type {number | null} the row under the pointer or the keys */
    this.current = null;
    /** @type {"" | "box" | "lasso"} what a pointer draws; nothing: it moves the map */
    this.tool = "";
    /** @type {Place[]} what is being drawn, in the unit square */
    this.line = [];
    /** @type {import("../store.js").Facets | null} of the collection whose works it shows, or will */
    this.facets = null;
    this.fingers = new Fingers();
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
      <div id="map-frame" class=${this.tool && "drawing"}>
        <canvas id="map" tabindex="0" role="application" aria-label=${t("map.keys")} @keydown=${this.key} @wheel=${this.wheel}
          @pointerdown=${this.press} @pointermove=${this.drag} @pointerup=${this.release} @pointercancel=${this.release}></canvas>
        <p class="actions" id="map-buttons">
          <button type="button" aria-label=${t("zoom.in")} @click=${() => this.zoom(STEP)}>+</button>
          <button type="button" aria-label=${t("zoom.out")} @click=${() => this.zoom(1 / STEP)}>−</button>
          <button type="button" @click=${() => this.zoom(0)}>${t("map.whole")}</button>
          ${this.drawing("box")} ${this.drawing("lasso")}
          <button type="button" id="map-here" @click=${() => showOnWall(view.sight())}>${t("map.here")}</button>
        </p>
        <div id="map-label" aria-live="polite">${this.near ? html`${picture(this.near)}${label(this.near)}` : nothing}</div>
      </div>
      <ul id="legend" aria-label=${role ? heading(role) : nothing}>
        ${groups.map((name, group) => html`<li><button type="button" aria-pressed=${this.only === group} @click=${() => this.light(group)}
          ><span class="swatch" style=${`background: ${colour(group)}`}></span>${isolated(name)}</button></li>`)}
      </ul>
    </section>`;
  }

  /** @param {"box" | "lasso"} tool */
  drawing(tool) {
    return html`<button type="button" id=${`map-${tool}`} aria-pressed=${this.tool === tool}
      @click=${() => (this.tool = this.tool === tool ? "" : tool)}>${t(`map.${tool}`)}</button>`;
  }

  updated() {
    if (state.address.panel !== "map" || !state.facets) return;
    if (this.facets !== state.facets) this.load();
    this.fit();
  }

  // Called anew when the collection has changed.
  load() {
    const { facets } = state;
    const wanted = () => facets === state.facets;
    attempt(async () => {
      this.facets = facets;
      this.works.clear();
      try {
        const points = await atlas();
        if (!wanted()) return;
        [this.atlas, this.regions] = [points, regionsOf(points)];
        [this.current, this.near, this.only] = [null, null, null];
        this.requestUpdate();
      } catch (problem) {
        // To be asked for once it is drawn again, unless there is none or `attempt` asks again.
        const stays = problem instanceof Problem && (problem.code === "no_map" || problem.passing);
        if (!stays && this.facets === facets) this.facets = null;
        throw problem;
      }
    }, wanted);
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
      if (this.atlas) this.hung = draw(this.canvas, this.atlas, this.look(this.atlas));
    });
  }

  /** @param {import("../lookup.js").Atlas} atlas @returns {import("../map/chart.js").Look} */
  look(atlas) {
    const { facets } = state;
    return {
      ...{ only: this.only, current: this.current, regions: this.regions, line: this.line, boxed: this.tool !== "lasso" },
      ...marks(atlas),
      address: (row) => `pictures/${atlas.ids[row]}?size=128&v=${facets?.index.slice(0, 8)}`,
      again: () => this.redraw(),
    };
  }

  // -- pointer, fingers and keys ----------------------------------------------------------------

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 300), at(event));
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button) return;
    const spot = view.spot(at(event));
    this.fingers.press(event, at(event));
    if (this.tool || event.shiftKey) this.line = [spot, spot];
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const pull = this.fingers.drag(event, at(event));
    if (!pull) return this.turnTo(this.touched(at(event)));
    if (this.line.length) {
      this.line = [...(this.tool === "lasso" ? this.line : this.line.slice(0, 1)), view.spot(at(event))];
      this.redraw();
    } else if (pull.factor === 1) this.move(pull.dx, pull.dy);
    else this.zoom(pull.factor, pull.about);
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (!this.fingers.down.has(event.pointerId)) return; // not one that was pressed here
    this.fingers.release(event);
    const { line } = this;
    this.line = [];
    this.redraw();
    if (event.type !== "pointerup") return;
    if (this.fingers.travelled < STILL) this.choose(at(event));
    else if (line.length) showOnWall(line);
  }

  /** @param {Place} place @returns {number | null} the row under a pointer */
  touched(place) {
    return this.atlas && near(this.atlas, this.hung, place);
  }

  // A number of works comes nearer, a work opens.
  /** @param {Place} place */
  choose(place) {
    const sign = signAt(this.hung, place);
    if (sign) return this.zoom(2 * STEP, sign.at);
    const row = this.touched(place);
    if (row !== null && this.atlas) open(this.atlas.ids[row]);
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
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
    const { current } = this;
    if (event.key in STEPS) this.step(STEPS[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(STEP, current === null ? undefined : this.place(current));
    else if (event.key === "-") this.zoom(1 / STEP);
    else if (event.key === "0") this.zoom(0);
    else if (event.key === "Escape" && this.tool) this.tool = "";
    else if (event.key === "Enter" && current !== null && this.atlas) open(this.atlas.ids[current]);
    else return;
    event.preventDefault();
  }

  /** @param {number} row @returns {Place} */
  place(row) {
    return this.atlas ? view.pixel([this.atlas.xs[row], this.atlas.ys[row]]) : view.middle();
  }

  // To the nearest picture that lies more in this direction than beside it.
  /** @param {Place} direction */
  step(direction) {
    if (!this.atlas) return;
    const from = this.current === null ? view.middle() : this.place(this.current);
    const reached = ahead(this.atlas, this.hung, from, direction, this.current);
    if (reached === null) return;
    this.turnTo(reached);
    if (!view.within(this.place(reached), EDGE)) this.centre(this.place(reached));
  }

  /** @param {Place} place of the canvas */
  centre(place) {
    const [x, y] = view.middle();
    this.move(x - place[0], y - place[1]);
  }

  // Hangs the work that pointer or keys have reached in the corner.
  /** @param {number | null} row */
  async turnTo(row) {
    if (row === this.current) return;
    this.current = row;
    this.canvas.style.cursor = row !== null && !this.tool ? "pointer" : "";
    this.redraw();
    if (row === null || !this.atlas) return;
    const id = this.atlas.ids[row];
    await attempt(async () => {
      if (!this.works.has(id)) this.works.set(id, await get(`api/items/${id}`));
      if (this.current === row) this.near = this.works.get(id) ?? null;
    }, () => this.current === row);
  }

  // -- from the wall to the map and back --------------------------------------------------------

  // From a work to its place.
  /** @param {number} id */
  async goTo(id) {
    showPanel("map");
    await this.updateComplete;
    await attempt(async () => {
      this.atlas = await atlas();
      const row = rowOf(this.atlas, id);
      if (row === null) return;
      view.fit(this.canvas);
      view.zoom(0);
      view.zoom(6, this.place(row));
      this.centre(this.place(row));
      this.turnTo(row);
      this.canvas.scrollIntoView({ block: "center" });
      this.canvas.focus({ preventScroll: true });
    }, isLast("map"));
  }

  /** @param {number} group */
  light(group) {
    this.only = this.only === group ? null : group;
    this.redraw();
  }
}

/** @param {MouseEvent} event @returns {Place} */
const at = ({ offsetX, offsetY }) => [offsetX, offsetY];

customElements.define("ah-map", MapPart);
