// Reads the address, asks the API, and puts what it answers into the state.

import { changedBy, read, REFINE, write } from "./address.js";
import { ask, FIRST, next, ofResults, plain } from "./answers.js";
import { collection, get, notice, onChanged, Problem, upload } from "./api.js";
import { asksStill, attempt, isLast, say } from "./attempt.js";
import { forget, remember } from "./lookup.js";
import { isOfAnother, keep, keepWhereOneStands, mark, place, put, reached, stand, toWall } from "./place.js";
import { BESIDE, byLikeness, identity, refinement } from "./question.js";
import { reduced } from "./reduced.js";
import { remark, summary, title } from "./remarks.js";
import { set, state } from "./store.js";
import * as taste from "./taste.js";
import { t } from "./words.js";

/**
 * @typedef {import("./store.js").Address} Address
 * @typedef {{ search: string, page: import("./shapes.js").Page }} First what the server hung already
 * @typedef {number | string | null} Stay where to stand once an answer hangs (see place.js), or null
 */

const NEIGHBOURS = 6;

let hanging = ""; // the question that the wall answers
let sought = ""; // the one that was asked last
let [turn, asking] = [0, 0];
/** @type {{ question: string, found: import("./shapes.js").Results } | null} */
let fresh = null; // the answer to an upload, until its address is read
let rendering = Promise.resolve(); // the latest render

export const settled = () => rendering;

// Whether the wall answers what the address asks.
export const isHung = () => hanging === identity(state.address);

/** @param {string | null} index of which the document is @param {First | null} first */
export function start(index, first) {
  history.scrollRestoration = "manual";
  taste.load();
  window.addEventListener("storage", taste.load);
  readAddress();
  const { y = null, count = 0 } = place();
  if (first && first.search === location.search && count <= first.page.works.length) {
    hanging = sought = identity(state.address);
    set({ answer: plain(first.page.works, first.page.total) });
    if (y !== null) stand(y);
  }
  window.addEventListener("popstate", back);
  keepWhereOneStands(isHung);
  onChanged(changed);
  notice(index); // one built anew since then is told from it by the first answer
  attempt(() => arrive({ stay: y }), isLast("arrive"));
}

/** @param {{ stay?: Stay, count?: number }} how */
async function arrive(how) {
  forget();
  set({ facets: await get("api/facets") });
  const left = isOfAnother() && leaveIds();
  mark();
  if (!left) rendering = render(how);
  await rendering;
  if (left) say(t("rebuilt"));
}

async function back() {
  readAddress();
  if (!isOfAnother() || !leaveIds()) return follow({ stay: place().y ?? 0 });
  const still = asksStill();
  await rendering; // which says what is to be said of the wall
  if (still()) say(t("rebuilt"));
}

// In an index built anew ids mean other works: the address asks for none by an id any more.
/** @returns {boolean} whether it did */
function leaveIds() {
  const { work, open } = state.address;
  if (work !== null) go({ seed: null }, { replace: true, stay: 0 });
  else if (open !== null) go({ open: null }, { replace: true });
  return work !== null || open !== null;
}

// Pictures came or went.
/** @param {boolean} rebuilt */
async function changed(rebuilt) {
  hanging = "";
  if (rebuilt) {
    fresh = null;
    set({ seems: null });
    leaveIds();
  }
  // As many hang as before, and the visitor stays where they stand.
  const count = rebuilt ? undefined : reached();
  await attempt(() => arrive({ stay: null, count }), isLast("arrive"));
  if (rebuilt) say(t("rebuilt"));
}

// -- what visitors do ---------------------------------------------------------------------------

/**
 * Change some of the address; a new question closes the open work. It begins at the top, a
 * refined one where the visitor stands.
 *
 * @param {Partial<Address>} change
 * @param {{ replace?: boolean, stay?: Stay }} [options]
 */
export function go(change, { replace = false, stay = !replace && asksAnew(change) ? 0 : null } = {}) {
  const url = write(changedBy(state.address, change)) || location.pathname;
  if (!replace) keep();
  const begun = { of: collection(), ...(replace ? { y: window.scrollY } : {}) };
  history[replace ? "replaceState" : "pushState"](!replace || asksAnew(change) ? begun : history.state, "", url);
  const { open } = state.address;
  follow({ stay });
  // What led to another question lies in the work that it has closed.
  if (open !== null && state.address.open === null && asksAnew(change)) toWall();
}

/** @param {Partial<Address>} change */
const asksAnew = (change) => Object.keys(change).some((name) => name !== "open" && name !== "panel");

// The address in a link's own form, for `href`.
/** @param {Partial<Address>} change */
export const href = (change) => write(changedBy(state.address, change)) || ".";

/** @param {Partial<Address>} change */
export const link = (change) => new URL(href(change), document.baseURI).href;

/** @param {number} id */
export const open = (id) => go({ open: id });

export const surprise = () => go({ seed: Math.floor(Math.random() * 1e6) });

export const home = () => go({ ...REFINE, bits: null, seed: null });

export const clearRefine = () => go({ ...REFINE }, { replace: true });

export function example() {
  const [last, still] = [isLast("example"), asksStill()];
  const wanted = () => last() && still();
  return attempt(async () => {
    const seed = Math.floor(Math.random() * 1e6);
    const { works } = await get("api/items", { sample: true, seed, limit: 1 });
    if (works.length && wanted()) go({ work: works[0].id });
  }, wanted);
}

// A picture from outside: made smaller, sent, and shown with what is close to it; where it shows a
// work that hangs here, that work with what is close to it.
/** @param {Blob} file @param {{ recognise?: boolean, box?: string | null, anyTurn?: boolean }} [how] only a box of it */
export function look(file, { recognise = true, box = null, anyTurn = false } = {}) {
  state.looking?.cancel();
  const [last, still] = [isLast("look"), asksStill()];
  return attempt(async () => {
    const facets = state.facets ?? (await get("api/facets")); // a picture may come before the page has arrived
    const stop = new AbortController();
    const cancel = () => stop.abort();
    const tell = (/** @type {number} */ share) => set({ looking: { share, cancel } });
    set({ message: "" });
    tell(0);
    try {
      const picture = await reduced(file);
      const refined = refinement(changedBy(state.address, { code: "?" }), facets);
      const how = { box, any_turn: anyTurn || null };
      const query = { ...refined, ...how, k: FIRST.likeness, recognise };
      const found = await upload("api/search", query, { picture }, { signal: stop.signal, progress: tell });
      const [own, work] = [{ file: picture, src: URL.createObjectURL(picture), how }, found.seems?.work ?? null];
      const change = work ? { work: work.id } : { code: found.code };
      const following = read(write(changedBy(state.address, change)));
      // What was refined meanwhile is asked anew.
      const stands = JSON.stringify(refinement(following, facets)) === JSON.stringify(refined);
      fresh = stands ? { question: identity(following), found } : null;
      if (work) set({ seems: { id: work.id, ...own } });
      else set({ uploads: new Map(state.uploads).set(found.code, own) });
      go(change);
      if (state.facets) fresh = null; // what did not want it now, must not find it later
    } catch (problem) {
      if (!stop.signal.aborted) throw problem;
    } finally {
      if (state.looking?.cancel === cancel) set({ looking: null });
    }
  }, () => last() && still());
}

// What follows what hangs; while something else is asked for there is nothing to follow.
export const more = () => follows(({ works }) => next(state.address, works.length));

// All of a listing, as it goes to paper.
/** @returns {Promise<boolean>} whether all of it hangs; if not, why not is said */
export async function all() {
  if (!state.answer?.ended) await follows(({ total, works }) => total ?? works.length);
  return isHung() && Boolean(state.answer?.ended);
}

/** @param {(hanging: import("./store.js").Answer) => number} count how many works then hang */
async function follows(count) {
  if (!isHung()) return;
  await busily(async (wanted) => {
    const before = /** @type {import("./store.js").Answer} */ (state.answer);
    const answer = await ask(state.address, count(before), before);
    if (!wanted() || !isHung()) return;
    set({ answer, said: { text: t("said.more", { n: answer.works.length }) } });
    put({ count: reached() });
  });
}

/** @param {string} name */
export const togglePanel = (name) => showPanel(state.address.panel === name ? "" : name);

/** @param {string} panel */
export function showPanel(panel) {
  if (panel !== state.address.panel) go({ panel }, { replace: true });
}

// -- from the address to the wall ---------------------------------------------------------------

function readAddress() {
  const address = read(location.search);
  document.body.dataset.open = address.panel;
  set({ address });
}

/** @param {{ stay?: Stay }} how */
function follow(how) {
  readAddress();
  rendering = render(how);
}

// count: how many works, where that is more than hang at first.
/** @param {{ stay?: Stay, count?: number }} how */
async function render({ stay = null, count = place().count ?? 0 }) {
  const { address } = state;
  if (!state.facets) return;
  const opening = openWork(address.open);
  const question = identity(address);
  const anew = question !== sought;
  sought = question;
  if (question !== hanging)
    await busily(async (wanted) => {
      const [answer, asked] = await Promise.all([
        fresh?.question === question ? uploaded() : ask(address, Math.max(count, FIRST[byLikeness(address) ? "likeness" : "listing"])),
        address.work === null ? null : get(`api/items/${address.work}`),
      ]);
      if (!wanted()) return;
      hanging = question;
      set({ answer, asked, message: remark(answer), said: { text: summary(answer) } });
      if (stay !== null) stand(stay);
    });
  else if (state.answer && (anew || !state.answer.works.length)) say(remark(state.answer)); // what was said was of another question
  await opening;
  document.title = title();
}

/** @returns {import("./store.js").Answer} */
function uploaded() {
  const { found } = /** @type {NonNullable<typeof fresh>} */ (fresh);
  fresh = null;
  remember(found.results);
  return ofResults(found, FIRST.likeness);
}

// The address decides which work is open.
/** @param {number | null} id */
async function openWork(id) {
  const last = isLast("open");
  if (id === (state.work?.id ?? null)) return;
  if (id === null) return set({ work: null, near: [] });
  const [wanted, still] = [() => last() && state.address.open === id, asksStill()];
  await attempt(async () => {
    try {
      const [work, near] = await Promise.all([
        get(`api/items/${id}`),
        get(`api/items/${id}/similar`, { k: NEIGHBOURS, diversity: 0, ...BESIDE }),
      ]);
      if (wanted()) set({ work, near: near.results });
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.passing || !wanted()) throw problem;
      go({ open: null }, { replace: true });
      await rendering; // and with it what is to be said of the wall
      if (still() && state.address.open === null) say(problem.message);
    }
  }, wanted);
}

// Attempt what changes the wall: it is busy until the last of these is done, and only the last one
// may hang what it has found, while its question is asked still.
/** @param {(wanted: () => boolean) => Promise<void>} action */
function busily(action) {
  let mine = turn;
  const asked = asksStill();
  const wanted = () => mine === turn && asked();
  return attempt(async () => {
    mine = ++turn;
    set({ busy: ++asking > 0 });
    try {
      await action(wanted);
    } finally {
      set({ busy: --asking > 0 });
    }
  }, wanted);
}
