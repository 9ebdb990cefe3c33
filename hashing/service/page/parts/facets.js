// What the columns offer to choose from: values with their counts, and ranges of numbers.

import { html, live, nothing, repeat } from "../vendor/lit.js";
import { clearRefine, go } from "../conductor.js";
import { canNarrow, refinements } from "../question.js";
import { state } from "../store.js";
import { changed, heading, known, parameter, spoken } from "../where.js";
import { count, plainly, t } from "../words.js";
import { Part } from "./part.js";

/**
 * @typedef {import("../shapes.js").Column} Column
 * @typedef {import("../shapes.js").Facets} Facets
 */

const SHORT = 8; // values that a list shows before one looks for others
const MOST = 50; // values that it shows of those one looks for
const wide = matchMedia("(min-width: 701px)");

class FacetsPart extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["facets", "address", "answer"];

  render() {
    const { facets, address } = state;
    if (!facets) return nothing;
    const where = known(address.where, facets);
    const used = refinements(address, facets);
    return html`<div id="facets" ?hidden=${!canNarrow(address)}>
        ${repeat(offered(facets), ({ name }) => name, (column) =>
          column.chooses
            ? html`<ah-choice .column=${column} .where=${where}></ah-choice>`
            : html`<ah-range .column=${column} .where=${where}></ah-range>`,
        )}
      </div>
      <p class="actions">
        <label class="pick">${t("palette.pick")} <input type="color" value="#808080" @change=${pick} /></label>
        <button type="button" id="refine-clear" ?disabled=${!used} @click=${clearRefine}>${t("clear")}</button></p>`;
  }
}

/** @param {Event} event */
const pick = ({ target }) => go({ palette: [/** @type {HTMLInputElement} */ (target).value.slice(1)] });

/** @param {Facets} facets */
const offered = ({ columns }) =>
  columns.filter(({ beside, chooses, span }) => !beside && (chooses || (span && span[0] < span[1])));

/** @param {string} name @param {string[]} values */
function ask(name, values) {
  if (state.facets) go({ where: changed(known(state.address.where, state.facets), name, values) }, { replace: true });
}

// Unfolded where there is room or something is chosen; what is left again folds over nobody's hands.
/** @param {Column} column @param {string} chosen @param {unknown} content @param {boolean} stays */
const folded = (column, chosen, content, stays) => html`<details class="facet" ?open=${stays || wide.matches || Boolean(chosen)}>
  <summary>${heading(column.name)} <span class="quiet">${chosen}</span></summary>
  ${content}
</details>`;

// -- values -------------------------------------------------------------------------------------

class Facet extends Part {
  get isUnfolded() {
    return Boolean(this.find("details[open]"));
  }

  // A value that is chosen moves up, and what moves loses the focus.
  /** @param {Map<PropertyKey, unknown>} changes */
  update(changes) {
    const held = document.activeElement;
    super.update(changes);
    if (held instanceof HTMLElement && this.contains(held)) held.focus({ preventScroll: true });
  }
}

class Choice extends Facet {
  static properties = { column: { attribute: false }, where: { attribute: false }, sought: { state: true } };

  constructor() {
    super();
    /** @type {Column} */
    this.column = /** @type {any} */ (null);
    /** @type {import("../where.js").Where} */
    this.where = /** @type {any} */ (null);
    this.sought = "";
  }

  render() {
    const { column, where } = this;
    const name = parameter(column.name);
    const chosen = where[name] ?? [];
    const hidden = where[`${name}__not`] ?? [];
    const told = [chosen.length && t("chosen", { n: chosen.length }), hidden.length && t("hidden", { n: hidden.length })];
    return folded(
      column,
      told.filter(Boolean).join(", "),
      html`<input type="search" ?hidden=${column.values.length <= SHORT} aria-label=${t("facet.find", { column: spoken(column.name) })}
          placeholder=${t("facet.among", { n: column.values.length })} .value=${live(this.sought)}
          @input=${(/** @type {Event} */ event) => (this.sought = /** @type {HTMLInputElement} */ (event.target).value)} />
        ${this.values(name, chosen)}
        <ul class="away">${hidden.map((text) => this.away(name, hidden, text))}</ul>`,
      this.isUnfolded,
    );
  }

  /** @param {string} name @param {string[]} chosen */
  values(name, chosen) {
    const words = this.sought.trim().toLowerCase();
    const first = this.column.values.filter(({ value }) => chosen.includes(String(value)));
    const others = this.column.values.filter(({ value }) => !chosen.includes(String(value)));
    const found = words ? others.filter(({ value }) => String(value).toLowerCase().includes(words)) : others;
    const room = Math.max(0, (words ? MOST : SHORT) - first.length);
    const rest = found.length - Math.min(room, found.length);
    const remark = rest > 0 ? t("facet.more", { n: rest }) : words && !found.length ? t("facet.none") : "";
    return html`<ul>
        ${repeat([...first, ...found.slice(0, room)], ({ value }) => value, ({ value, count: number }) => {
          const text = String(value);
          const choose = () => ask(name, chosen.includes(text) ? chosen.filter((one) => one !== text) : [...chosen, text]);
          return html`<li><label><input type="checkbox" .checked=${live(chosen.includes(text))} @change=${choose} /><span>${plainly(value)}</span
            ><span class="quiet">${count(number)}</span></label></li>`;
        })}
      </ul>
      <p class="note" ?hidden=${!remark}>${remark}</p>`;
  }

  /** @param {string} name @param {string[]} hidden @param {string} text */
  away(name, hidden, text) {
    const show = () => ask(`${name}__not`, hidden.filter((one) => one !== text));
    return html`<li><span class="quiet">${t("facet.hidden", { value: text })}</span
      ><button type="button" aria-label=${t("facet.show", { value: text })} @click=${show}>${t("facet.again")}</button></li>`;
  }
}

// -- numbers ------------------------------------------------------------------------------------

class Range extends Facet {
  static properties = { column: { attribute: false }, where: { attribute: false } };

  constructor() {
    super();
    /** @type {Column} */
    this.column = /** @type {any} */ (null);
    /** @type {import("../where.js").Where} */
    this.where = /** @type {any} */ (null);
  }

  render() {
    const { column, where } = this;
    const plain = parameter(column.name);
    // Dates may be spans of years: of these the API takes what reaches into the range.
    const names = column.role === "year" ? ["from", "to"] : [`${plain}__gte`, `${plain}__lte`];
    const values = names.map((name) => where[name]?.at(-1) ?? "");
    const end = (/** @type {0 | 1} */ i) => {
      const tell = (/** @type {Event} */ event) => {
        const { value } = /** @type {HTMLInputElement} */ (event.target);
        ask(names[i], value === "" ? [] : [value]);
      };
      // Not `live`: an answer that comes in between must not take away what is being typed.
      return html`<input type="number" step="any" inputmode="decimal" placeholder=${column.span?.[i] ?? ""}
        aria-label=${t(i ? "range.to" : "range.from", { column: heading(column.name) })} .value=${values[i]} @change=${tell} />`;
    };
    return folded(column, values.some(Boolean) ? t("narrowed") : "", html`<div class="range">${end(0)}<span>${t("to")}</span>${end(1)}</div>`, this.isUnfolded);
  }
}

customElements.define("ah-choice", Choice);
customElements.define("ah-range", Range);
customElements.define("ah-facets", FacetsPart);
