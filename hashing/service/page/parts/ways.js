// Ways on from an open work: into the question that hangs on the wall, and along a path to another work.

import { html, nothing } from "../vendor/lit.js";
import { now, weigh } from "../blending.js";
import { go } from "../conductor.js";
import { LESS } from "../mixing.js";
import { isNamed, nameOf } from "../names.js";
import { byLikeness } from "../question.js";
import { set, state } from "../store.js";
import { isolated, t } from "../words.js";
import { named } from "../works.js";

/** @typedef {import("../store.js").Detail} Detail */

const MOST = 6;

/** @param {Detail} work */
export const ways = (work) => html`${mixing(work)}${paths(work)}`;

/** @param {Detail} work */
function mixing(work) {
  const asked = now();
  if (!byLikeness(state.address) || (asked.length === 1 && isNamed(asked[0].file, work))) return nothing;
  const file = nameOf(work, state.facets);
  return html`<p class="actions">
    <button type="button" id="mix-more" @click=${() => weigh({ file }, 1)}>${t("mix.more")}</button>
    <button type="button" id="mix-less" @click=${() => weigh({ file }, LESS)}>${t("mix.less")}</button>
  </p>`;
}

/** @param {Detail} work */
function paths(work) {
  const { start, taste, asked, address, facets } = state;
  const name = nameOf(work, facets);
  const liked = taste.filter((one) => one.liked && one.file && !isNamed(one.file, work));
  const ends = liked.map(({ file, title }) => ({ file, title }));
  if (asked && address.work === asked.id && asked.id !== work.id) ends.unshift({ file: nameOf(asked, facets), title: named(asked) });
  const others = ends.filter(({ file }, place) => ends.findIndex((end) => end.file === file) === place).slice(0, MOST);
  const begins = start !== null && isNamed(start.file, work);
  const from = begins ? null : start;
  return html`<details id="paths" ?open=${Boolean(from)}>
    <summary>${t("path.to")}</summary>
    <p class="actions">
      ${from ? html`<button type="button" class="accent" @click=${() => go({ path: [from.file, name] })}>${t("path.here", { title: from.title })}</button>` : nothing}
      ${others.map(({ file, title }) => html`<button type="button" @click=${() => go({ path: [name, file] })}>${isolated(title)}</button>`)}
      <button type="button" id="path-start" aria-pressed=${begins}
        @click=${() => set({ start: { file: name, title: named(work) } })}>${t("path.other")}</button>
    </p>
    ${begins ? html`<p class="note">${t("path.chosen")}</p>` : nothing}
  </details>`;
}
