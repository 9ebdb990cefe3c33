// Ways on from an open work: into the question that hangs on the wall, and along a path to another work.

import { html, nothing } from "../vendor/lit.js";
import { weigh } from "../blending.js";
import { go } from "../conductor.js";
import { begun, LESS } from "../mixing.js";
import { byLikeness } from "../question.js";
import { set, state } from "../store.js";
import { t } from "../words.js";
import { named } from "../works.js";

/** @typedef {import("../store.js").Detail} Detail */

const MOST = 6;

/** @param {Detail} work */
export const ways = (work) => html`${mixing(work)}${paths(work)}`;

/** @param {Detail} work */
function mixing(work) {
  const asked = begun(state.address, state.asked);
  if (!byLikeness(state.address) || (asked.length === 1 && asked[0].file === work.file)) return nothing;
  return html`<p class="actions">
    <button type="button" id="mix-more" @click=${() => weigh(work, 1)}>${t("mix.more")}</button>
    <button type="button" id="mix-less" @click=${() => weigh(work, LESS)}>${t("mix.less")}</button>
  </p>`;
}

/** @param {Detail} work */
function paths(work) {
  const { start, taste, asked, address } = state;
  const liked = taste.filter((one) => one.liked && one.file && one.file !== work.file);
  const ends = liked.map(({ file, title }) => ({ file, title }));
  if (asked && address.work === asked.id && asked.file !== work.file) ends.unshift({ file: asked.file, title: named(asked) });
  const others = ends.filter(({ file }, place) => ends.findIndex((end) => end.file === file) === place).slice(0, MOST);
  const from = start && start.file !== work.file ? start : null;
  return html`<details id="paths" ?open=${Boolean(from)}>
    <summary>${t("path.to")}</summary>
    <p class="actions">
      ${from ? html`<button type="button" class="accent" @click=${() => go({ path: [from.file, work.file] })}>${t("path.here", { title: from.title })}</button>` : nothing}
      ${others.map(({ file, title }) => html`<button type="button" @click=${() => go({ path: [work.file, file] })}>${title}</button>`)}
      <button type="button" id="path-start" aria-pressed=${start?.file === work.file}
        @click=${() => set({ start: { file: work.file, title: named(work) } })}>${t("path.other")}</button>
    </p>
    ${start?.file === work.file ? html`<p class="note">${t("path.chosen")}</p>` : nothing}
  </details>`;
}
