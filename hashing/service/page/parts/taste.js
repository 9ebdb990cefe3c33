// The panel of what this visitor likes and dislikes, and of the sets they keep.

import { html, nothing, repeat } from "../vendor/lit.js";
import { attempt, isLast, say } from "../attempt.js";
import { go, link } from "../conductor.js";
import { download } from "../keep.js";
import { worksOf } from "../lookup.js";
import { asCsv, checked, inAddress, without } from "../opinions.js";
import { state } from "../store.js";
import { choose, dropSet, keepSet } from "../taste.js";
import { t } from "../words.js";
import { address } from "../works.js";
import { copy } from "./copy.js";
import { Part } from "./part.js";

/** @typedef {import("../store.js").Opinion} Opinion */

class Taste extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["taste", "sets", "address", "facets"];

  /** @type {Map<string, import("../store.js").Work | undefined>} by the files that were asked for, gone ones included */
  works = new Map();

  // What works look like now: their pictures' addresses last only as long as an index.
  updated() {
    if (state.address.panel !== "taste" || !state.facets) return;
    const last = isLast("taste");
    attempt(async () => {
      const [{ taste }, before] = [state, this.works];
      const files = taste.map(({ file }) => file);
      const found = await worksOf(files);
      if (!last()) return; // asked anew meanwhile
      this.works = new Map(files.map((file) => [file, found.get(file)]));
      if (files.some((file) => !before.has(file) || before.get(file) !== found.get(file))) this.requestUpdate();
    }, () => last() && state.address.panel === "taste");
  }

  render() {
    const { taste } = state;
    const liked = taste.some((opinion) => opinion.liked);
    return html`<section id="taste-panel" class="panel" aria-label=${t("taste")}>
      <ul id="chips" aria-label=${t("taste.chips")}>
        ${repeat(taste, ({ file, code }) => file || code, (opinion) => this.chip(opinion))}
      </ul>
      <p id="taste-empty" ?hidden=${taste.length > 0}>${t("taste.empty")}</p>
      <p class="actions">
        <button type="button" id="taste-show" class="accent" ?disabled=${!liked} @click=${() => go(inAddress(taste))}>${t("taste.show")}</button>
        <button type="button" id="taste-clear" ?disabled=${!taste.length} @click=${() => choose([])}>${t("taste.clear")}</button>
      </p>
      <form class="actions" id="set-name-form" ?hidden=${!taste.length} @submit=${this.name}>
        <input id="set-name" required pattern=".*\\S.*" maxlength="60" placeholder=${t("set.name")} aria-label=${t("set.name")} />
        <button type="submit">${t("set.keep")}</button>
      </form>
      ${state.sets.length ? html`<ul id="sets" aria-label=${t("sets")}>${repeat(state.sets, ({ name }) => name, aSet)}</ul>` : nothing}
      <p class="actions">
        <button type="button" id="set-import" @click=${() => this.find("#set-file")?.click()}>${t("set.import")}</button>
        <input type="file" id="set-file" accept="application/json,.json" hidden aria-label=${t("set.import")} @change=${read} />
      </p>
    </section>`;
  }

  /** @param {Opinion} opinion */
  chip(opinion) {
    const { file, code, title, liked } = opinion;
    const work = this.works.get(file);
    const gone = file && this.works.has(file) && !work;
    const src = work ? address(work, 96) : opinion.src;
    return html`<li class=${liked ? "chip" : "chip disliked"}>
      ${src && !gone ? html`<img src=${src} alt=${title} />` : nothing}
      <span><i>${title}</i><span class="quiet">${gone ? t("taste.gone") : t(liked ? "liked" : "disliked")}</span></span>
      <button type="button" aria-label=${t("taste.forget", { title })} @click=${() => choose(without(state.taste, { file, code }))}>${t("remove")}</button>
    </li>`;
  }

  /** @param {Event} event */
  name(event) {
    event.preventDefault();
    const input = /** @type {HTMLInputElement} */ (this.find("#set-name"));
    keepSet(input.value.trim(), state.taste);
    input.value = "";
  }
}

/** @param {import("../store.js").NamedSet} set */
function aSet({ name, opinions }) {
  const works = opinions.filter(({ liked, file }) => liked && file).map(({ file }) => file);
  const shown = { works };
  return html`<li class="set">
    <span><b>${name}</b> <span class="quiet">${t("set.count", { n: opinions.length })}</span></span>
    <span class="actions">
      <button type="button" ?disabled=${!works.length} @click=${() => go(shown)}>${t("set.show")}</button>
      <button type="button" ?disabled=${!opinions.some(({ liked }) => liked)} @click=${() => go(inAddress(opinions))}>${t("set.more")}</button>
      <button type="button" @click=${() => choose(opinions)}>${t("set.use")}</button>
      ${copy(link(shown), t("copy.link"))}
      <button type="button" @click=${() => download(`${name}.csv`, "text/csv", asCsv(opinions))}>CSV</button>
      <button type="button" @click=${() => download(`${name}.json`, "application/json", JSON.stringify({ name, opinions }, null, 1))}>JSON</button>
      <button type="button" aria-label=${t("set.drop", { name })} @click=${() => dropSet(name)}>${t("remove")}</button>
    </span>
  </li>`;
}

// A set of one's own that has this name already stays.
/** @param {string} name */
function free(name) {
  const taken = new Set(state.sets.map((one) => one.name));
  for (let n = 1; ; n++) {
    const next = n > 1 ? `${name} (${n})` : name;
    if (!taken.has(next)) return next;
  }
}

/** @param {Event} event */
async function read({ target }) {
  const input = /** @type {HTMLInputElement} */ (target);
  const file = input.files?.[0];
  input.value = "";
  if (!file) return;
  try {
    const { name, opinions } = JSON.parse(await file.text());
    const found = checked(opinions);
    if (!found.length) throw new Error("no opinions");
    say("");
    keepSet(free(String(name ?? "").trim().slice(0, 60) || file.name), found);
  } catch {
    say(t("set.unreadable", { file: file.name }));
  }
}

customElements.define("ah-taste", Taste);
