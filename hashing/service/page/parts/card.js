// A work as it hangs: its picture in its own shape, a label under it, and what one thinks of it.

import { html, nothing } from "../vendor/lit.js";
import { href, open } from "../conductor.js";
import { opinionOf } from "../opinions.js";
import { came, failed } from "../pictures.js";
import { state } from "../store.js";
import { judge } from "../taste.js";
import { isolated, said, t } from "../words.js";
import { address, isKnown, maker, named, reshape, spoken } from "../works.js";

/**
 * @typedef {import("../store.js").Work} Work
 * @typedef {import("../store.js").Hung} Hung
 */

/** @param {Work} work @param {{ lazy?: boolean, size?: number }} [how] */
export function picture(work, { lazy = false, size } = {}) {
  return html`<img src=${address(work, size)} width=${work.width} height=${work.height} alt=${spoken(work)}
    loading=${lazy ? "lazy" : "eager"} decoding="async" @error=${failed} @load=${whole(work)} />`;
}

/** @param {Work} work */
const whole = (work) => (/** @type {Event} */ event) => {
  came(event);
  if (!isKnown(work)) reshape(/** @type {HTMLImageElement} */ (event.target));
};

/** @param {Work} work @param {unknown} [more] */
export const label = (work, more = nothing) => html`<span class="label"
  ><i>${named(work)}</i> ${maker(work) ? html`<span>${maker(work)}</span>` : nothing} ${more}</span
>`;

/** @param {Hung} work @param {{ lazy?: boolean, opinions?: boolean }} [how] */
export function card(work, { lazy = false, opinions = true } = {}) {
  const { group, closeness, copies } = work;
  const alike = state.address.number && work.similarity !== undefined ? number(work.similarity) : null;
  const remarks = [group && isolated(group), closeness && said(closeness), alike].filter(Boolean);
  const more = html`${remarks.length ? html`<span class="quiet">${remarks.join(" · ")}</span>` : nothing} ${
    copies?.length ? html`<span class="quiet">${t("copies", { n: copies.length })}</span>` : nothing
  }`;
  return html`<a class="card" href=${href({ open: work.id })} data-id=${work.id}
      aria-label=${[spoken(work), ...remarks].join(", ")} @click=${onPlain(() => open(work.id))}
      @keydown=${keys(work)}>${picture(work, { lazy })}${label(work, more)}</a
    >${opinions ? judging(work) : nothing}`;
}

/** @param {number} similarity */
const number = (similarity) => similarity.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 3 });

// A link of our own is followed in place, unless the visitor asks for a tab or a window of it.
/** @param {() => void} action */
export function onPlain(action) {
  /** @param {MouseEvent} event */
  return (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    action();
  };
}

/** @param {Work} work */
export function keys(work) {
  /** @param {KeyboardEvent} event */
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (event.key === "l") judge(work, true);
    if (event.key === "d") judge(work, false);
  };
}

/** @param {Event} event */
export const isTyping = ({ target }) => target instanceof HTMLElement && target.matches("input:not([type=radio]), textarea");

/** @param {Work} work */
export function judging(work) {
  const opinion = opinionOf(state.taste, work);
  const button = (/** @type {boolean} */ liked) => {
    const word = t(liked ? "like" : "dislike");
    return html`<button type="button" aria-pressed=${opinion === liked} aria-label=${`${word}: ${isolated(named(work))}`}
      @click=${() => judge(work, liked)}>${word}</button>`;
  };
  return html`<span class="opinions" role="group">${button(true)}${button(false)}</span>`;
}
