// What the columns offer to choose from: values with their counts, and ranges of numbers.

import { go, read } from "./address.js";
import { $, make } from "./dom.js";
import { changed, heading, known, parameter, spoken } from "./where.js";

const SHORT = 8; // values that a list shows before one looks for others
const MOST = 50; // values that it shows of those one looks for
const wide = matchMedia("(min-width: 701px)");

let facets = null;
const parts = new Map(); // column -> { element, update(where) }

// Called anew when the collection has changed.
export function prepare(given) {
  facets = given;
  parts.clear();
  for (const column of offered(facets)) parts.set(column.name, column.chooses ? choice(column) : range(column));
  $("facets").replaceChildren(...[...parts.values()].map(({ element }) => element));
}

// Shows what the address says.
export function follow(state) {
  if (!facets) return;
  const where = known(state.where, facets);
  for (const { update } of parts.values()) update(where);
}

export const offered = ({ columns }) =>
  columns.filter(({ beside, chooses, span }) => !beside && (chooses || (span && span[0] < span[1])));

function ask(name, values) {
  go({ where: changed(known(read().where, facets), name, values) }, { replace: true, told: true });
}

function folded(column, ...content) {
  const chosen = make("span", { class: "quiet" });
  const element = make(
    "details",
    { class: "facet", open: wide.matches },
    make("summary", {}, heading(column.name), " ", chosen),
    ...content,
  );
  const tell = (text) => {
    chosen.textContent = text;
    if (text) element.open = true;
  };
  return { element, tell };
}

// -- values -------------------------------------------------------------------------------------

function choice(column) {
  const name = parameter(column.name);
  const list = make("ul", {});
  const rest = make("p", { class: "note" });
  const away = make("ul", { class: "away" });
  const many = column.values.length > SHORT;
  const find = make("input", {
    type: "search",
    placeholder: `Find among ${column.values.length.toLocaleString("en")}`,
    "aria-label": `Find a value of ${spoken(column.name)}`,
    hidden: !many,
    oninput: () => draw(),
  });
  const { element, tell } = folded(column, find, list, rest, away);
  let chosen = [];
  let hidden = [];

  function draw() {
    const words = find.value.trim().toLowerCase();
    const fits = ({ value }) => (words ? String(value).toLowerCase().includes(words) : false);
    const first = column.values.filter(({ value }) => chosen.includes(String(value)));
    const others = column.values.filter(({ value }) => !chosen.includes(String(value)));
    const found = words ? others.filter(fits) : others;
    const room = Math.max(0, (words ? MOST : SHORT) - first.length);
    list.replaceChildren(...[...first, ...found.slice(0, room)].map(row));
    const more = found.length - Math.min(room, found.length);
    rest.textContent = more > 0 ? `and ${more.toLocaleString("en")} more` : words && !found.length ? "None like this." : "";
    rest.hidden = !rest.textContent;
  }

  function row({ value, count }) {
    const text = String(value);
    const choose = (event) =>
      ask(name, event.target.checked ? [...chosen, text] : chosen.filter((one) => one !== text));
    return make(
      "li",
      {},
      make(
        "label",
        {},
        make("input", { type: "checkbox", checked: chosen.includes(text), onchange: choose }),
        make("span", {}, text),
        make("span", { class: "quiet" }, count.toLocaleString("en")),
      ),
    );
  }

  function update(where) {
    const [before, hiddenBefore] = [String(chosen), String(hidden)];
    chosen = where[name] ?? [];
    hidden = where[`${name}__not`] ?? [];
    if (String(chosen) !== before || !list.children.length) draw();
    if (String(hidden) !== hiddenBefore) away.replaceChildren(...hidden.map(hiddenRow));
    tell([chosen.length && `${chosen.length} chosen`, hidden.length && `${hidden.length} hidden`].filter(Boolean).join(", "));
  }

  function hiddenRow(text) {
    const show = () => ask(`${name}__not`, hidden.filter((one) => one !== text));
    return make(
      "li",
      {},
      make("span", { class: "quiet" }, `Hidden: ${text}`),
      make("button", { type: "button", "aria-label": `Show ${text} again`, onclick: show }, "Show again"),
    );
  }

  return { element, update };
}

// -- numbers ------------------------------------------------------------------------------------

// Dates may be spans of years: of these the API takes what reaches into the range.
function range(column) {
  const plain = parameter(column.name);
  const names = column.role === "year" ? ["from", "to"] : [`${plain}__gte`, `${plain}__lte`];
  const ends = ["from", "to"].map((end, i) =>
    make("input", {
      type: "number",
      step: "any",
      inputmode: "decimal",
      placeholder: column.span[i],
      "aria-label": `${heading(column.name)} ${end}`,
      onchange: (event) => ask(names[i], event.target.value === "" ? [] : [event.target.value]),
    }),
  );
  const { element, tell } = folded(column, make("div", { class: "range" }, ends[0], make("span", {}, "to"), ends[1]));

  function update(where) {
    const values = names.map((name) => where[name]?.at(-1) ?? "");
    ends.forEach((end, i) => {
      if (end.value !== values[i]) end.value = values[i];
    });
    tell(values.some(Boolean) ? "narrowed" : "");
  }

  return { element, update };
}
