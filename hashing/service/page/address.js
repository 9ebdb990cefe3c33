// The address of the page is its whole state: what is asked, how it is refined, which one is open.
//
// At most one of these asks for something: work (like this id), code (like an uploaded picture),
// q (words), taste (the taste of this browser). Without any, the wall is a random hang by `seed`.
// All names that are not ours filter by columns, written as the API takes them (see where.js).

export const REFINE = {
  varied: null,
  close: "any",
  one: false,
  where: {},
};
const ASK = { work: null, code: null, q: null, taste: null, seed: null };
const REST = { open: null, bits: null };
const NUMBERS = ["varied", "work", "open", "bits", "seed"];
const DEFAULTS = { ...ASK, ...REST, ...REFINE };

export const isOurs = (name) => name in DEFAULTS;

export function read() {
  const query = new URLSearchParams(location.search);
  const state = {};
  for (const [name, fallback] of Object.entries(DEFAULTS)) {
    if (name === "where") state.where = where(query);
    else if (!query.has(name)) state[name] = fallback;
    else if (typeof fallback === "boolean") state[name] = query.get(name) === "1";
    else state[name] = NUMBERS.includes(name) ? number(query.get(name)) : query.get(name);
  }
  return state;
}

function where(query) {
  const names = [...new Set(query.keys())].filter((name) => !isOurs(name));
  return Object.fromEntries(names.map((name) => [name, query.getAll(name)]));
}

// Change some of the state; a new question closes the open work and forgets the old question.
//
// told: the change comes from a control, which therefore need not be told of it.
export function go(change, { replace = false, told = false } = {}) {
  const asks = Object.keys(change).some((name) => name in ASK);
  const state = { ...read(), ...(asks ? { ...ASK, open: null } : {}), ...change };
  const text = String(write(state));
  const url = text ? `?${text}` : location.pathname;
  // Going back, the visitor stands where they stood.
  if (!replace) history.replaceState({ y: window.scrollY }, "");
  history[replace ? "replaceState" : "pushState"](null, "", url);
  window.dispatchEvent(new CustomEvent("arthash:go", { detail: { told } }));
}

export function link(state) {
  return new URL(`?${write({ ...read(), ...state })}`, document.baseURI).href;
}

function write(state) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (name === "where")
      for (const [column, values] of Object.entries(value)) for (const one of values) query.append(column, one);
    else if (value === true) query.set(name, "1");
    else if (value !== null && value !== false && value !== "" && value !== REFINE[name])
      query.set(name, value);
  }
  return query;
}

function number(text) {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
