// One work: large, with everything that is known of it, its colours and its neighbours.

import { html, nothing, repeat } from "../vendor/lit.js";
import { go, link } from "../conductor.js";
import { DEFAULTS, write } from "../address.js";
import { came, failed } from "../pictures.js";
import { byLikeness, canNarrow } from "../question.js";
import { state } from "../store.js";
import { changed, known, parameter, sharing, spoken as spell } from "../where.js";
import { plainly, t } from "../words.js";
import { named, reshape, shape, spoken } from "../works.js";
import { card, isTyping, judging, keys, onPlain } from "./card.js";
import { copy } from "./copy.js";
import { Part } from "./part.js";
import { showSlides } from "./slides.js";
import { ways } from "./ways.js";
import { closeZoom, openZoom } from "./zoom.js";

/**
 * @typedef {import("../store.js").Detail} Detail
 * @typedef {import("../store.js").Facets} Facets
 */

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const SWIPE = 60; // pixels that a finger travels from one work to the next

class DetailPart extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["work", "near", "facets", "taste", "answer", "address", "asked", "start"];

  /** @type {number | null} */
  shown = null;
  /** @type {number | null} the work that was opened before one walked on */
  first = null;
  /** @type {[x: number, y: number] | null} where a finger came down */
  touched = null;

  render() {
    const { work, facets } = state;
    return html`<dialog id="detail" aria-labelledby="detail-title" @close=${closed} @click=${this.beside} @keydown=${this.key}
      @touchstart=${this.touch} @touchend=${this.swipe}>
      ${work && facets
        ? html`<p class="actions" id="detail-bar">
              ${step(-1, "previous")}${step(1, "next")}
              <button type="button" ?hidden=${!hangs(work.id)} @click=${() => showSlides(work.id)}>${t("slides")}</button>
              <button type="button" id="detail-close" @click=${() => this.dialog?.close()}>${t("close")}</button>
            </p>
            <div id="detail-body">${large(work, facets)}${facts(work, facets)}${neighbours()}</div>`
        : nothing}
      <ah-message within></ah-message>
    </dialog>`;
  }

  get dialog() {
    return /** @type {HTMLDialogElement | null} */ (this.find("dialog"));
  }

  // The address decides which work is open; focus comes to its name and goes back where it was, or
  // to the card that one walked to.
  updated() {
    const { dialog, shown } = this;
    const id = state.work?.id ?? null;
    if (!dialog || id === shown) return;
    this.shown = id;
    closeZoom(); // the browser's way back leaves both; before this dialog, for the focus
    if (id === null) {
      dialog.close();
      if (shown !== this.first) /** @type {HTMLElement | null} */ (document.querySelector(`#wall .card[data-id="${shown}"]`))?.focus();
      return;
    }
    if (!dialog.open) {
      this.first = id;
      dialog.showModal();
    }
    this.find("#detail-title")?.focus({ preventScroll: true });
    dialog.scrollTop = 0;
  }

  /** @param {MouseEvent} event */
  beside({ target }) {
    if (target === this.dialog) this.dialog?.close();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (isTyping(event) || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in STEPS && !(event.target instanceof HTMLInputElement)) walk(STEPS[event.key]);
    const onCard = event.target instanceof Element && event.target.closest(".card");
    if (state.work && !onCard) keys(state.work)(event);
  }

  // A second finger pulls, and what is enlarged or wider than its place moves under the first.
  /** @param {TouchEvent} event */
  touch({ touches, target }) {
    const walks = touches.length === 1 && !isEnlarged() && !movesSideways(/** @type {Element} */ (target), this.dialog);
    this.touched = walks ? [touches[0].clientX, touches[0].clientY] : null;
  }

  /** @param {TouchEvent} event */
  swipe({ changedTouches, touches }) {
    if (this.touched === null || touches.length) return;
    const [x, y] = this.touched;
    const [across, down] = [changedTouches[0].clientX - x, changedTouches[0].clientY - y];
    this.touched = null;
    // A finger that scrolls drifts sideways, too.
    if (Math.abs(across) >= SWIPE && Math.abs(across) > Math.abs(down)) walk(across < 0 ? 1 : -1);
  }
}

const isEnlarged = () => (window.visualViewport?.scale ?? 1) > 1.01; // of a browser's own rounding

// Whether something from here up to the dialog scrolls sideways.
/** @param {Element | null} element @param {Element | null} dialog @returns {boolean} */
function movesSideways(element, dialog) {
  if (!element) return false;
  const wider = element.scrollWidth > element.clientWidth;
  if (wider && (element.matches("input") || /auto|scroll/.test(getComputedStyle(element).overflowX))) return true;
  return element !== dialog && movesSideways(element.parentElement, dialog);
}

// Escape and the browser's own ways of closing end here, too.
const closed = () => state.address.open !== null && go({ open: null });

/** @param {number} id */
const hangs = (id) => (state.answer?.works ?? []).some((work) => work.id === id);

// The work that hangs before or after the one asked for, which may still be on its way; none if that
// one does not hang on the wall.
/** @param {number} step */
function next(step) {
  const order = state.answer?.works ?? [];
  const place = order.findIndex(({ id }) => id === state.address.open);
  return place < 0 ? undefined : order[place + step]?.id;
}

/** @param {number} step */
function walk(step) {
  const id = next(step);
  if (id !== undefined) go({ open: id }, { replace: true });
}

/** @param {number} by @param {string} name */
const step = (by, name) =>
  html`<button type="button" id=${`detail-${name}`} ?hidden=${next(by) === undefined} @click=${() => walk(by)}>${t(name)}</button>`;

/** @param {Detail} work @param {Facets} facets */
function large(work, facets) {
  const { width, height } = work;
  const src = `pictures/${work.id}?size=1600&v=${facets.index.slice(0, 8)}`;
  const fit = (/** @type {Event} */ event) => {
    came(event);
    reshape(/** @type {HTMLImageElement} */ (event.target));
  };
  // A new element for each work: the former picture must not stand in for the next.
  return repeat([work], ({ id }) => id, () => html`<figure>
    <button type="button" id="zoom-in" aria-label=${t("zoom.open", { title: named(work) })} @click=${() => openZoom(work, facets)}>
      <img id="large" src=${src} width=${width} height=${height} alt=${spoken(work)} style=${shape(work)} @load=${fit} @error=${failed} />
    </button>
  </figure>`);
}

/** @param {Detail} work @param {Facets} facets */
function facts(work, facets) {
  return html`<div id="facts">
    <h2 id="detail-title" tabindex="-1"><i>${named(work)}</i></h2>
    <p class="maker">${doorsOfLabel(work, facets)}</p>
    <div class="colours" role="group" aria-label=${t("colours")}>${work.colours.map(colourDoor)}</div>
    ${metadata(work, facets)} ${actions(work, facets)} ${ways(work)}
    ${byLikeness(state.address) ? html`<ah-why .work=${work}></ah-why>` : nothing}
  </div>`;
}

// A colour that leads to the works that have it.
/** @param {string} value */
function colourDoor(value) {
  const palette = [value.slice(1)];
  return html`<a style=${`background-color: ${value}`} href=${write({ ...DEFAULTS, palette })} aria-label=${t("palette.door", { colour: value })}
    @click=${onPlain(() => go({ palette, bits: null, where: {} }))}></a>`;
}

// A value that leads to the works that share it.
/** @param {string} column @param {string | number} value @param {string | null} role */
function door(column, value, role) {
  const where = sharing(column, value, role);
  return html`<a class="door" href=${write({ ...DEFAULTS, where })} aria-label=${t("door", { column: spell(column), value: String(plainly(value)) })}
    @click=${onPlain(() => go({ seed: null, bits: null, where }))}>${plainly(value)}</a>`;
}

/** @param {Detail} work @param {Facets} facets */
function doorsOfLabel(work, { roles }) {
  const { creator, year } = work;
  const parts = [];
  if (creator) parts.push(door(roles.creator, String(work.fields[roles.creator] ?? creator), "creator"));
  if (year) parts.push(typeof year === "number" ? door(roles.year, year, "year") : year);
  return parts.map((part, i) => html`${i ? ", " : ""}${part}`);
}

/** @param {Detail} work @param {Facets} facets */
function metadata(work, { columns }) {
  const rest = columns.filter(({ role, beside }) => !beside && !["title", "creator", "year", "link"].includes(role ?? ""));
  const pairs = rest.map((column) => {
    const value = work.fields[column.name];
    return [spell(column.name), value === undefined || value === "" ? "" : column.chooses ? door(column.name, value, column.role) : plainly(value)];
  });
  const there = [...pairs, [t("file"), work.file]].filter(([, value]) => value !== "");
  return html`<dl>${there.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** @param {Detail} work @param {Facets} facets */
function actions(work, facets) {
  const { creator } = facets.roles;
  return html`<p class="actions">
      <button type="button" class="accent" @click=${() => go({ work: work.id })}>${t("alike")}</button>
      ${judging(work)}
    </p>
    <p class="actions">
      ${copy(link({ open: work.id }), t("copy.link"))}
      <button type="button" @click=${() => onMap(work)}>${t("map.show")}</button>
      ${work.creator && canNarrow(state.address) ? html`<button type="button" @click=${() => hide(work, facets)}>${t("hide", { column: spell(creator) })}</button>` : nothing}
      ${/^https?:/.test(work.link ?? "")
        ? html`<a href=${work.link ?? ""} target="_blank" rel="noopener noreferrer">${t("source")}</a>`
        : nothing}
      ${work.download ? html`<a href=${`pictures/${work.id}/original`} download>${t("download")}</a>` : nothing}
    </p>
    ${work.attribution ? html`<p class="attribution"><span class="quiet">${t("attribution")}</span> <bdi>${work.attribution}</bdi></p>` : nothing}`;
}

/** @param {Detail} work */
function onMap(work) {
  go({ open: null });
  document.dispatchEvent(new CustomEvent("ah-on-map", { detail: work.id }));
}

/** @param {Detail} work @param {Facets} facets */
function hide(work, facets) {
  const where = known(state.address.where, facets);
  const name = `${parameter(facets.roles.creator)}__not`;
  const values = [...new Set([...(where[name] ?? []), String(work.fields[facets.roles.creator] ?? work.creator)])];
  go({ where: changed(where, name, values), open: null });
}

const neighbours = () => html`<section id="neighbours">
  <h3>${t("nearby")}</h3>
  <ul>${repeat(state.near, ({ id }) => id, (work) => html`<li>${card({ ...work, group: null, copies: [] }, { opinions: false })}</li>`)}</ul>
</section>`;

customElements.define("ah-detail", DetailPart);
