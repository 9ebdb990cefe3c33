// What the wall answers: a line above it, with the picture that was asked with.

import { html, nothing } from "../vendor/lit.js";
import { all, example, go, href, isHung, look, open, showPanel } from "../conductor.js";
import { agree, fromAddress, inAddress, opinionOf } from "../opinions.js";
import { arrived } from "../pictures.js";
import { kind, refinements } from "../question.js";
import { state } from "../store.js";
import { judgeOwn } from "../taste.js";
import { spoken as spell } from "../where.js";
import { isolated, plainly, t } from "../words.js";
import { named, shape, spoken } from "../works.js";
import { label, onPlain, picture } from "./card.js";
import { cutting } from "./cutting.js";
import { further, mixed } from "./mixed.js";
import { Part } from "./part.js";

const MOST_COLOURS = 6;
const FAR = "distant"; // the API's word for what is beyond all others

class Query extends Part {
  /** @type {(keyof import("../store.js").State)[]} */
  static watches = ["address", "answer", "asked", "busy", "taste", "facets", "seems"];

  // Until the answer hangs, the line tells of the works that hang.
  shouldUpdate() {
    return state.answer !== null && !state.busy && isHung();
  }

  render() {
    const content = this.content();
    return html`<section id="query" aria-label=${t("query")} ?hidden=${content === nothing}>${content}</section>`;
  }

  content() {
    const { address, answer, asked } = state;
    const hung = answer?.works.length ?? 0;
    switch (kind(address)) {
      case "work":
        return asked && asked.id === address.work ? (state.seems?.id === asked.id ? seems(asked, state.seems) : close(asked)) : nothing;
      case "code":
        return uploaded(address.code ?? "");
      case "taste":
        return byTaste(address);
      case "words":
        return hung ? words(address.q ?? "", answer?.total ?? hung) : nothing;
      case "palette":
        return palette(address.palette);
      case "works":
        return aSet(address.works);
      case "mix":
        return mixed();
      case "path":
        return hung ? aPath(answer?.works ?? []) : nothing;
      case "area":
        return html`<div>${note(t("area", { n: answer?.total ?? hung }))}
          <p class="actions"><button type="button" @click=${toMap}>${t("map.back")}</button></p></div>`;
      default:
        return hung && address.seed === null && !refinements(address, state.facets) && !state.taste.length ? firstSight() : nothing;
    }
  }
}

function toMap() {
  showPanel("map");
  document.getElementById("map")?.scrollIntoView({ block: "center" });
}

/** @param {string} text */
const note = (text) => html`<p class="note">${text}</p>`;

// The very work that the visitor's picture shows.
/** @param {import("../store.js").Work} work @param {{ file: Blob, src: string }} own */
const seems = (work, { file, src }) => html`<img src=${src} alt=${t("yours")} class="own" />
  ${framed(work)}
  <div id="seems">${note(t("seems"))}${label(work)}${note(t("seems.then"))}
    <p class="actions"><button type="button" @click=${() => look(file, { recognise: false })}>${t("seems.not")}</button>${cutting({ file, src })}</p></div>`;

/** @param {import("../store.js").Work} work */
const framed = (work) => html`<a class="card" href=${href({ open: work.id })} aria-label=${spoken(work)}
    style=${shape(work)} @click=${onPlain(() => open(work.id))}>${picture(work)}</a>`;

/** @param {import("../store.js").Work} work */
const close = (work) => html`${framed(work)}
  <div>${note(t("close to"))}${label(work)}${doubts()}${further()}</div>`;

// Where all lies beyond the last word that can be promised, and where there may be others as near.
const doubts = () => [unlike(), state.answer?.complete === false ? html`<p id="incomplete" class="note">${t("incomplete")}</p>` : nothing];

function unlike() {
  const works = state.answer?.works ?? [];
  const far = works.length > 0 && works.every(({ closeness }) => closeness === FAR);
  return far ? html`<p id="unlike" class="note">${t("unlike")}</p>` : nothing;
}

/** @param {string} code */
function uploaded(code) {
  const own = state.uploads.get(code);
  if (!own) return html`<div>${note(t("not kept"))}${doubts()}</div>`;
  const [title, { src }] = [t("yours"), own];
  const opinion = opinionOf(state.taste, { file: "", code });
  const button = (/** @type {boolean} */ liked) => html`<button type="button" aria-pressed=${opinion === liked}
    @click=${() => judgeOwn(code, title, src, liked)}>${t(liked ? "like" : "dislike")}</button>`;
  return html`<img src=${src} alt=${title} class="own" />
    <div>${note(t("close to yours"))}${doubts()}<span class="actions">${button(true)}${button(false)}${cutting(own)}</span>${further()}</div>`;
}

/** @param {import("../store.js").Hung[]} works */
function aPath(works) {
  const [from, to] = [works[0], works[works.length - 1]].map(named);
  return note(t("path", { from, to, n: works.length - 2 }));
}

// The wall stays while one likes on; it follows when it is told to.
/** @param {import("../store.js").Address} address */
function byTaste(address) {
  const shown = fromAddress(address);
  const mine = agree(shown, state.taste);
  const again = () => go(inAddress(state.taste));
  return html`<div>${note(t(mine ? "for your taste" : "for a taste"))}${doubts()}${
    !mine && state.taste.some(({ liked }) => liked)
      ? html`<p class="actions"><button type="button" class="accent" @click=${again}>${t("taste.again")}</button></p>`
      : nothing
  }</div>`;
}

// What the words were taken for, and how to take them letter by letter.
/** @param {string} q @param {number} n */
function words(q, n) {
  const { values = [], corrections = [] } = state.answer?.meaning ?? {};
  if (!values.length && !corrections.length) return note(t("found", { n, words: q }));
  const taken = [
    ...values.map(({ column, value }) => html`<span class="taken">${spell(column)}: ${isolated(String(plainly(value)))}</span>`),
    ...corrections.map(({ asked, taken }) => html`<span class="taken">${t("corrected", { asked, taken })}</span>`),
  ];
  return html`<div>${note(t("found", { n, words: q }))}
    <p class="actions">${taken}<button type="button" @click=${() => go({ q, exact: true })}>${t("exact")}</button></p></div>`;
}

/** @param {string[]} colours */
function palette(colours) {
  const add = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    go({ palette: [...new Set([...state.address.palette, value.slice(1)])].slice(-MOST_COLOURS) });
  };
  // From what is asked by now: the line tells of what hangs, which may be an earlier question.
  const drop = (/** @type {string} */ one) => go({ palette: state.address.palette.filter((other) => other !== one) });
  return html`<div>${note(t("palette", { n: state.answer?.total ?? 0 }))}
    <p class="actions">${colours.map((one) => html`<button type="button" class="swatch-button" style=${`--colour: #${one}`}
        aria-label=${t("palette.drop", { colour: one })} @click=${() => drop(one)}></button>`)}
      <label class="pick">${t("palette.add")} <input type="color" .value=${`#${colours.at(-1) ?? "808080"}`} @change=${add} /></label>
    </p></div>`;
}

/** @param {string[]} files */
function aSet(files) {
  return html`<div>${note(t("set.shown", { n: state.answer?.total ?? 0 }))}
    <p class="actions">
      <button type="button" class="accent" @click=${() => go({ like: files })}>${t("set.more")}</button>
      <button type="button" @click=${print}>${t("print")}</button>
    </p></div>`;
}

// All of them, also those that do not hang yet or lie out of sight.
async function print() {
  if (!(await all())) return;
  const wall = /** @type {Part | null} */ (document.querySelector("ah-wall"));
  await wall?.updateComplete;
  await arrived([...(wall?.querySelectorAll("img") ?? [])]);
  window.print();
}

// One sentence of what this is and three things to try.
function firstSight() {
  return html`<div id="first-sight">
    <p>${t("first")}</p>
    <ol>
      <li><button type="button" @click=${() => document.getElementById("file")?.click()}>${t("first.picture")}</button></li>
      <li><button type="button" @click=${toFirstLike}>${t("first.like")}</button></li>
      <li><button type="button" @click=${example}>${t("first.detail")}</button></li>
    </ol>
  </div>`;
}

function toFirstLike() {
  const button = /** @type {HTMLElement | null} */ (document.querySelector("#wall .opinions button"));
  button?.scrollIntoView({ block: "center" });
  button?.focus();
}

customElements.define("ah-query", Query);
