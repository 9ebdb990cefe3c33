// Why this? Both pictures side by side, what they share in words, and, folded, what their codes say.

import { html, nothing } from "../vendor/lit.js";
import { get, postForm } from "../api.js";
import { go, settled } from "../conductor.js";
import { kinship } from "../kinship.js";
import { worksOf } from "../lookup.js";
import { state } from "../store.js";
import { heading, spoken } from "../where.js";
import { decimal, plainly, said, t } from "../words.js";
import { maker, named } from "../works.js";
import { Part } from "./part.js";
import { lit } from "./regions.js";

/**
 * @typedef {import("../store.js").Detail} Detail
 * @typedef {import("../shapes.js").Why} Explained
 *
 * @typedef {object} Origin what a work is compared with
 * @property {number | null} id of a work
 * @property {string} code of a picture of the visitor's own
 * @property {string} title
 * @property {boolean} nearest whether it is the nearest of several liked ones
 */

const CELLS_ACROSS = 32;

class Why extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["address"];
  static properties = { work: { attribute: false }, found: { state: true }, problem: { state: true } };

  constructor() {
    super();
    /** @type {Detail} */
    this.work = /** @type {any} */ (null);
    /** @type {{ origin: Origin, other: Detail | null, explained: Explained } | null} */
    this.found = null;
    this.problem = "";
    /** @type {number | null} */
    this.asked = null;
    this.folded = true;
    this.turn = 0;
  }

  /** @param {Map<PropertyKey, unknown>} changes */
  willUpdate(changes) {
    super.willUpdate(changes);
    if (this.asked !== this.work.id) [this.found, this.problem, this.asked] = [null, "", null];
    if (!this.folded && this.asked === null) this.ask();
  }

  render() {
    const toggle = (/** @type {Event} */ event) => {
      this.folded = !(/** @type {HTMLDetailsElement} */ (event.target).open);
      if (this.problem && !this.folded) this.asked = null; // to be asked again
      this.requestUpdate();
    };
    return html`<details id="why" @toggle=${toggle}>
      <summary>${t("why")}</summary>
      <div>${this.problem ? html`<p class="note">${this.problem}</p>` : this.found ? this.answer(this.found) : nothing}</div>
    </details>`;
  }

  async ask() {
    const { work } = this;
    const mine = ++this.turn;
    this.asked = work.id;
    try {
      await settled();
      const origin = await originOf(work);
      if (!origin) throw new Error(t("why.not here"));
      const bits = state.answer?.bits || null;
      const [explained, other] = await Promise.all([
        explain(origin, work.id, bits),
        origin.id === null ? null : get(`api/items/${origin.id}`),
      ]);
      if (mine === this.turn && this.work.id === work.id) [this.found, this.problem] = [{ origin, other, explained }, ""];
    } catch (problem) {
      if (mine === this.turn) this.problem = problem instanceof Error ? problem.message : "";
    }
  }

  /** @param {{ origin: Origin, other: Detail | null, explained: Explained }} found */
  answer({ origin, other, explained }) {
    const { work } = this;
    const theirs = origin.id === null ? (state.uploads.get(origin.code)?.src ?? "") : `pictures/${origin.id}`;
    const shown = Boolean(explained.work_regions);
    return html`${origin.nearest ? html`<p>${t("why.nearest before")}<i>${origin.title}</i>${t("why.nearest after")}</p>` : nothing}
      <div class="pair">
        ${theirs ? side(theirs, explained.query_regions, explained.centred, origin.title, other ? maker(other) : "") : nothing}
        ${side(`pictures/${work.id}`, explained.work_regions, explained.centred, named(work), maker(work))}
      </div>
      ${shown ? html`<p class="note">${t("why.light")}</p>` : nothing} ${this.words(other)}
      <details class="codes">
        <summary>${t("why.codes")}</summary>
        ${this.lengths(explained.bits)}
        <p>${summary(explained, work)}</p>
        ${pattern(explained)} ${groups()}
      </details>`;
  }

  // What both labels and both palettes have.
  /** @param {Detail | null} other */
  words(other) {
    if (!other || !state.facets) return nothing;
    const { values, years, colours } = kinship(other, this.work, state.facets);
    const hit = state.answer?.works.find(({ id }) => id === this.work.id);
    const lines = [
      ...values.map(({ column, value }) => [spoken(column), plainly(value)]),
      ...(years === null ? [] : [[t("why.years"), years ? t("why.apart", { n: years }) : t("why.same year")]]),
      ...(hit?.closeness ? [[t("why.closeness"), said(hit.closeness)]] : []),
    ];
    const strips = html`<dt>${t("why.colours")}</dt><dd><span class="colours">${colours.map((one) => html`<span style=${`background: ${one}`}></span>`)}</span></dd>`;
    if (!lines.length && !colours.length) return html`<p class="note">${t("why.nothing")}</p>`;
    return html`<div class="shared"><p class="note">${t("why.shared")}</p>
      <dl>${lines.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}${colours.length ? strips : nothing}</dl></div>`;
  }

  // Another length: the wall is searched anew and this part is drawn again beside it.
  /** @param {number} current */
  lengths(current) {
    const choose = (/** @type {number} */ bits) => {
      go({ bits: bits === state.facets?.bits ? null : bits }, { replace: true });
      this.ask();
    };
    return html`<fieldset class="lengths"><legend>${t("why.bits")}</legend>
      ${state.facets?.lengths.map((bits) => html`<label><input type="radio" name="bits" .checked=${bits === current} @change=${() => choose(bits)} /> ${bits}</label>`)}
    </fieldset>`;
  }
}

/** @param {Detail} work @returns {Promise<Origin | null>} */
async function originOf(work) {
  const { address, asked, answer } = state;
  if (address.work !== null) return { id: address.work, code: "", title: asked ? named(asked) : "", nearest: false };
  if (address.code) return { id: null, code: address.code, title: t("yours"), nearest: false };
  const place = answer?.works.find(({ id }) => id === work.id)?.nearest_like;
  const opinion = place === undefined || place === null ? null : answer?.liked[place];
  if (!opinion) return null;
  const found = opinion.file ? (await worksOf([opinion.file])).get(opinion.file) : null;
  return { id: found?.id ?? null, code: opinion.code, title: found ? named(found) : opinion.title || t("yours"), nearest: true };
}

/** @param {Origin} origin @param {number} id @param {number | null} bits @returns {Promise<Explained>} */
function explain({ id: work, code }, id, bits) {
  if (work !== null) return get("api/explain", { work, id, bits });
  const picture = state.uploads.get(code);
  // What is explained is the code of what was asked with, be it of a part.
  return picture && !picture.how.box && !picture.how.any_turn ? postForm("api/explain", { id, bits }, { picture: picture.file }) : get("api/explain", { code, id, bits });
}

/** @param {string} src @param {number[][] | null} cells @param {boolean} centred @param {string} title @param {string} by */
const side = (src, cells, centred, title, by) => html`<figure>
  ${cells ? lit(src, cells, centred, t("why.lit", { title })) : html`<img src=${src} alt=${title} />`}
  <figcaption><i>${title}</i>${by ? html`<span class="quiet">${by}</span>` : nothing}</figcaption>
</figure>`;

/** @param {Explained} explained @param {Detail} work */
function summary({ bits, distance }, work) {
  const place = (state.answer?.works.findIndex(({ id }) => id === work.id) ?? -1) + 1;
  const ms = state.answer?.ms ?? 0;
  return [
    t("why.agree", { same: bits - distance, bits }),
    place ? t("why.place", { place }) : t("why.not here"),
    t("why.ms", { ms: decimal(ms, ms < 1 ? 2 : 0) }),
  ].join(" ");
}

// Two rows of cells for each line, the picture that was asked with above this work.
/** @param {Explained} explained */
function pattern({ query, work, bits, distance }) {
  const lines = [];
  for (let start = 0; start < bits; start += CELLS_ACROSS)
    for (const codes of [query, work])
      lines.push(html`<div>${codes.slice(start, start + CELLS_ACROSS).map((bit, i) => cell(bit, query[start + i] !== work[start + i]))}</div>`);
  return html`<div class="pattern" role="img" aria-label=${t("why.pattern", { distance, bits })}>${lines}</div>`;
}

/** @param {number} bit @param {boolean} differs */
const cell = (bit, differs) => html`<span class=${`${bit ? "one" : "zero"}${differs ? " differs" : ""}`}></span>`;

function groups() {
  const { answer, facets } = state;
  if (!answer?.groups.length || !facets) return nothing;
  return html`<div class="groups"><p class="note">${t("why.groups", { column: heading(facets.roles.group) })}</p>
    <dl>${answer.groups.map(({ value, share }) => html`<dt>${value}</dt>
      <dd><span class="share" style=${`--share: ${share}`}></span><span>${Math.round(100 * share)} %</span></dd>`)}</dl></div>`;
}

customElements.define("ah-why", Why);
