// Pictures that are there more than once, looked for when somebody unfolds the list.

import { html, nothing } from "../vendor/lit.js";
import { get } from "../api.js";
import { attempt } from "../attempt.js";
import { state } from "../store.js";
import { decimal, t } from "../words.js";
import { card } from "./card.js";
import { Part } from "./part.js";

/** @typedef {import("../shapes.js").DuplicateGroups} Groups */

const AT_ONCE = 20;

class Duplicates extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["facets"];

  /** @type {Groups | null} */
  found = null;
  facets = state.facets; // of the collection in which they were found
  /** @type {typeof state.facets | undefined} of the collection that is being asked: it takes its time */
  asked = undefined;

  // In another collection ids may mean other works.
  /** @param {Map<PropertyKey, unknown>} changes */
  willUpdate(changes) {
    super.willUpdate(changes);
    if (this.facets === state.facets) return;
    [this.facets, this.found] = [state.facets, null];
    if (this.querySelector("details")?.open) this.more();
  }

  /** @param {Event} event */
  unfold = ({ target }) => {
    if (/** @type {HTMLDetailsElement} */ (target).open && !this.found) this.more();
  };

  more = () => {
    const { facets } = state;
    if (this.asked === facets) return;
    this.asked = facets;
    const wanted = () => facets === state.facets;
    attempt(async () => {
      const before = this.found?.groups ?? [];
      const next = await get("api/duplicates", { offset: before.length, limit: AT_ONCE }).catch((problem) => {
        if (!problem.passing && this.asked === facets) this.asked = undefined; // else `attempt` asks again
        throw problem;
      });
      if (!wanted()) return;
      this.found = { ...next, groups: [...before, ...next.groups] };
      this.asked = undefined;
      this.requestUpdate();
    }, wanted);
  };

  render() {
    return html`<details class="duplicates" @toggle=${this.unfold}>
      <summary>${t("duplicates")}</summary>
      ${this.found ? this.list(this.found) : nothing}
    </details>`;
  }

  /** @param {Groups} found */
  list({ total, frees, groups }) {
    if (!total) return html`<p>${t("duplicates.none")}</p>`;
    return html`<p>${t("duplicates.total", { n: total, mb: decimal(frees / 1e6, 1) })}</p>
      ${groups.map(({ works }) => html`<ul>${works.map((work) => html`<li>${card(work, { lazy: true, opinions: false })}</li>`)}</ul>`)}
      ${groups.length < total ? html`<p class="actions"><button type="button" @click=${this.more}>${t("more")}</button></p>` : nothing}`;
  }
}

customElements.define("ah-duplicates", Duplicates);
