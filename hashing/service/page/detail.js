// One work: large, with everything that is known of it, its colours and its neighbours.

import { go, link } from "./address.js";
import { get } from "./api.js";
import { $, label, make, named, picture, spoken } from "./dom.js";
import * as taste from "./taste.js";
import { changed, known, parameter, spoken as spell } from "./where.js";
import { why } from "./why.js";

const NEIGHBOURS = 6;
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const ON_LABEL = ["title", "creator", "year", "link"];

let page = null; // what the conductor lends: facets(), question(), wall(), open(id)
let shown = null;

export function start(lent) {
  page = lent;
  $("detail-close").addEventListener("click", () => $("detail").close());
  $("detail-previous").addEventListener("click", () => walk(-1));
  $("detail-next").addEventListener("click", () => walk(1));
  $("detail").addEventListener("keydown", ({ key, target }) => {
    if (key in STEPS && !target.closest("input")) walk(STEPS[key]);
  });
  // Escape and the browser's own ways of closing end here too.
  $("detail").addEventListener("close", () => shown !== null && go({ open: null }));
  $("detail").addEventListener("click", (event) => event.target === $("detail") && $("detail").close());
}

// The address decides which work is open.
export async function follow(id) {
  if (id === shown) return;
  shown = id;
  if (id === null) {
    document.title = "ArtHash";
    return $("detail").close();
  }
  await page.attempt(async () => {
    if (shown === id) await load(id);
  });
}

async function load(id) {
  try {
    const [work, near] = await Promise.all([
      get(`api/items/${id}`),
      get(`api/items/${id}/similar`, { k: NEIGHBOURS, diversity: 0 }),
    ]);
    if (shown === id) show(work, near.results);
  } catch (problem) {
    if (!problem.passing && shown === id) go({ open: null }, { replace: true });
    throw problem;
  }
}

function show(work, near) {
  $("detail-body").replaceChildren(large(work), facts(work), neighbours(near));
  for (const [name, step] of [["detail-previous", -1], ["detail-next", 1]])
    $(name).hidden = beside(step) === undefined;
  document.title = `${named(work)} · ArtHash`;
  if (!$("detail").open) $("detail").showModal();
  $("detail-title").focus({ preventScroll: true });
  $("detail").scrollTop = 0;
}

// The work that hangs before or after this one on the wall; none if this one does not hang there.
function beside(step) {
  const order = page.wall();
  const place = order.indexOf(shown);
  return place < 0 ? undefined : order[place + step];
}

function walk(step) {
  const id = beside(step);
  if (id !== undefined) go({ open: id }, { replace: true });
}

function large(work) {
  const { width, height } = work;
  const image = picture(work, { id: "large", style: `--ratio: ${width / height}; --widest: ${2 * width}px` });
  image.src = `pictures/${work.id}?size=1600&v=${page.facets().index.slice(0, 8)}`;
  image.addEventListener("load", () => image.style.setProperty("--widest", `${2 * image.naturalWidth}px`));
  return make("figure", {}, image);
}

function facts(work) {
  return make(
    "div",
    { id: "facts" },
    make("h2", { id: "detail-title", tabindex: -1 }, make("i", {}, named(work))),
    make("p", { class: "maker" }, [work.creator, work.year].filter(Boolean).join(", ")),
    colours(work.colours),
    metadata(work),
    actions(work),
    why(work, page),
  );
}

function colours(values) {
  const strips = values.map((value) => make("span", { style: `background: ${value}` }));
  return make("div", { class: "colours", role: "img", "aria-label": `Main colours: ${values.join(", ")}` }, ...strips);
}

function metadata(work) {
  const { columns } = page.facets();
  const rest = columns.filter(({ role, beside }) => !beside && !ON_LABEL.includes(role));
  const pairs = rest.map(({ name }) => [spell(name), work.fields[name]]);
  const known = [...pairs, ["file", work.file]].filter(([, value]) => value !== undefined && value !== "");
  return make("dl", {}, ...known.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]));
}

function actions(work) {
  const { creator } = page.facets().roles;
  return make(
    "p",
    { class: "actions" },
    button("More like this", () => go({ work: work.id }), "accent"),
    ...taste.opinions({ ...work, title: named(work) }, () => work.picture.slice(1)),
    button("Copy link", (event) => copy(event.currentTarget, work)),
    work.creator ? button(`Hide this ${spell(creator)}`, () => hide(work)) : null,
    /^https?:/.test(work.link ?? "")
      ? make("a", { href: work.link, target: "_blank", rel: "noopener noreferrer" }, "Open at its source")
      : null,
  );
}

function hide(work) {
  const facets = page.facets();
  const where = known(page.question().where, facets);
  const name = `${parameter(facets.roles.creator)}__not`;
  const values = [...new Set([...(where[name] ?? []), work.creator])];
  go({ where: changed(where, name, values), open: null });
}

async function copy(element, work) {
  const address = link({ open: work.id });
  try {
    await navigator.clipboard.writeText(address);
    element.textContent = "Copied";
  } catch {
    element.replaceWith(make("input", { value: address, readonly: true, "aria-label": "Link to this picture" }));
  }
}

function neighbours(near) {
  const works = near.map((work) =>
    make(
      "li",
      {},
      make(
        "button",
        { type: "button", class: "card", "aria-label": `${spoken(work)}, ${work.closeness}`, onclick: () => page.open(work.id) },
        picture(work),
        label(work),
      ),
    ),
  );
  return make("section", { id: "neighbours" }, make("h3", {}, "Nearby"), make("ul", {}, ...works));
}

function button(text, onclick, kind) {
  return make("button", { type: "button", class: kind, onclick }, text);
}
