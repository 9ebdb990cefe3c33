// The page's conductor: reads the address, asks the API, hangs the answer on the wall.

import { go, read, REFINE } from "./address.js";
import { get, postForm, postJson } from "./api.js";
import * as detail from "./detail.js";
import { $, say } from "./dom.js";
import * as drop from "./drop.js";
import * as columns from "./facets.js";
import * as map from "./map.js";
import * as panels from "./panels.js";
import { describe } from "./query.js";
import * as taste from "./taste.js";
import { hang } from "./wall.js";
import { known, spoken } from "./where.js";

const FIRST = 24;
const MOST = 200;
const PATIENCE = 1500; // milliseconds between two knocks at a door that does not open

const uploads = new Map(); // code -> { file, address } of its picture, while the page is open
let facets = null;
let tellControls = () => {};
let answer = null; // what hangs on the wall
let hanging = ""; // the question it answers
let fresh = null; // the answer to an upload, until its address is read
let count = FIRST;
let turn = 0;
let builds = 0; // how often the collection was built anew under this page
let rendering = Promise.resolve(); // the latest render

export function start(tell) {
  tellControls = tell;
  window.arthash = { refine, controls };
  history.scrollRestoration = "manual";
  $("line").addEventListener("input", find);
  drop.start({ look, example, surprise });
  panels.start({ map: () => map.show(open) });
  taste.start({ show: () => go({ taste: "1" }), changed: () => read().taste && render() });
  detail.start({
    facets: () => facets,
    question: () => ({ ...read(), answer, uploads }),
    wall: () => works(answer).map(({ id }) => id),
    settled: () => rendering,
    open,
    attempt,
  });
  $("home").addEventListener("click", home);
  $("more").addEventListener("click", more);
  window.addEventListener("popstate", (event) => (rendering = render(event)));
  window.addEventListener("arthash:go", (event) => (rendering = render(event)));
  window.addEventListener("arthash:changed", changed);
  $("refine-clear").addEventListener("click", () => go({ ...REFINE }, { replace: true }));
  attempt(arrive);
}

async function arrive() {
  facets = await get("api/facets");
  $("collection").textContent = `${facets.count.toLocaleString("en")} pictures`;
  columns.prepare(facets);
  taste.load(facets.index);
  map.prepare(facets);
  if (document.body.dataset.open === "map") map.show(open);
  await render();
}

// Pictures came or went. In an index built anew even ids mean other ones: nothing stays open.
async function changed({ detail: { rebuilt } }) {
  builds += rebuilt;
  hanging = "";
  if (rebuilt && read().work !== null) go({ seed: null }, { replace: true });
  else if (rebuilt && read().open !== null) go({ open: null }, { replace: true });
  await attempt(arrive);
  if (rebuilt) say("The collection was built anew; these are its pictures now.");
}

// -- what visitors do ---------------------------------------------------------------------------

let typing = 0;

// Listens to the line itself: Gradio tells of a key before its own value has followed.
function find() {
  clearTimeout(typing);
  typing = setTimeout(() => {
    const q = $("line").querySelector("input, textarea").value.trim() || null;
    if (q !== read().q) go({ q }, { replace: read().q !== null, told: true });
  }, 200);
}

// A control that was told of the address tells it back: only a difference is a wish.
function refine(name, value) {
  const known = { ...read(), varied: varied() }[name];
  if (JSON.stringify(value) !== JSON.stringify(known))
    go({ [name]: value }, { replace: true, told: true });
}

function controls() {
  const { q, close, one } = read();
  const { title, creator } = facets?.roles ?? {};
  const named = [title, creator].filter(Boolean).map(spoken).join(" or ");
  const words = named ? `Search by ${named}` : "Search by words";
  return [
    { __type__: "update", value: q ?? "", label: words, placeholder: words },
    varied(),
    close,
    { __type__: "update", value: one, label: `One for each ${spoken(creator ?? "")}`, visible: Boolean(creator) },
  ];
}

const varied = () => read().varied ?? facets?.diversity ?? 0;

function open(id) {
  go({ open: id });
}

function home(event) {
  event.preventDefault();
  go({ seed: null });
}

function surprise() {
  go({ seed: Math.floor(Math.random() * 1e6) });
}

async function example() {
  attempt(async () => {
    const seed = Math.floor(Math.random() * 1e6);
    const { works } = await get("api/items", { sample: true, seed, limit: 1 });
    go({ work: works[0].id });
  });
}

function look(file) {
  say("Looking at your picture.");
  attempt(async () => {
    fresh = await postForm("api/search", refinement(read()), { picture: file });
    uploads.set(fresh.code, { file, address: URL.createObjectURL(file) });
    go({ code: fresh.code });
  });
}

function more() {
  count = Math.min(2 * count, MOST);
  hanging = "";
  render();
}

// -- from the address to the wall ---------------------------------------------------------------

async function render(event) {
  if (!event?.detail?.told) tellControls();
  const state = read();
  detail.follow(state.open);
  columns.follow(state);
  panels.count("refine", refinements(state));
  $("refine-clear").disabled = !refinements(state);
  const question = JSON.stringify({ ...state, open: null, liked: state.taste && taste.works() });
  if (question === hanging) return;
  if (answer && event) count = FIRST;
  await attempt(async () => {
    const mine = ++turn;
    document.body.classList.add("busy");
    const found = await ask(state);
    if (mine !== turn) return;
    hanging = question;
    answer = found;
    hang(works(found), open);
    if (event) window.scrollTo(0, event.type === "popstate" ? (event.state?.y ?? 0) : 0);
    map.mark(state, found);
    $("more").hidden = !canShowMore(found);
    say(remark(state, found));
    await describe(state, found, uploads);
  });
}

function ask(state) {
  const refined = refinement(state);
  if (fresh && fresh.code === state.code) return take();
  if (state.work !== null) return get(`api/items/${state.work}/similar`, refined);
  if (state.code) return postForm("api/search", refined, { code: state.code });
  if (state.taste && taste.works().liked.length)
    return postJson("api/recommend", { ...compact(refined), ...taste.works() });
  const filters = { ...known(state.where, facets), limit: 2 * count };
  if (state.q) return get("api/items", { ...filters, q: state.q });
  return get("api/items", { ...filters, sample: true, seed: state.seed ?? 0 });
}

function take() {
  const found = fresh;
  fresh = null;
  return found;
}

function refinement(state) {
  const bits = state.bits ?? facets.bits;
  const bound = facets.closeness.find(({ word }) => word === state.close);
  return {
    k: count,
    bits: state.bits,
    diversity: state.varied,
    max_distance: bound ? Math.floor((bound.max_distance * bits) / facets.bits) : null,
    one_per: state.one && facets.roles.creator ? "creator" : null,
    ...known(state.where, facets),
  };
}

const compact = (values) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));

function canShowMore(found) {
  if (found.works) return found.works.length < found.total && found.works.length < 2 * MOST;
  return found.results.length === count && count < MOST;
}

// How many of the controls under Refine are not as they come.
function refinements(state) {
  const others = Object.keys(REFINE).filter((name) => name !== "where" && state[name] !== REFINE[name]);
  return others.length + Object.keys(facets ? known(state.where, facets) : state.where).length;
}

const works = (found) => found?.results ?? found?.works ?? [];

// What has to be said about an answer, usually nothing.
function remark(state, found) {
  if (state.taste && found.works) return "Like a picture first: your taste is empty in this browser.";
  if (works(found).length) return "";
  const where = refinements(state) ? " that passes these filters" : " here";
  if (state.q) return `Nothing${where} contains “${state.q}”.`;
  return "No picture passes these filters. Loosen them under Refine.";
}

// -- when something goes wrong ------------------------------------------------------------------

// Do it; say in one sentence why it failed; where waiting helps, wait and do it again.
async function attempt(action) {
  try {
    await action();
  } catch (problem) {
    if (problem.code === undefined) throw problem;
    say(problem.passing ? `${problem.message} Trying again.` : problem.message);
    if (problem.passing) knock(action);
  } finally {
    document.body.classList.remove("busy");
  }
}

function knock(action) {
  const before = builds;
  setTimeout(async () => {
    try {
      await get("api/health");
    } catch {
      return knock(action);
    }
    if (facets && builds !== before) return; // what was asked means nothing any more
    say("");
    attempt(action);
  }, PATIENCE);
}

