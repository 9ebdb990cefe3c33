// Asks the API what an address asks for: the first works, or those that follow what hangs already.

import { get, postForm, postJson } from "./api.js";
import { atlas, remember, worksOf } from "./lookup.js";
import { within } from "./map/outline.js";
import { asLiked, partsOf } from "./mixing.js";
import { fromAddress } from "./opinions.js";
import { byLikeness, kind, listing, refinement } from "./question.js";
import { state } from "./store.js";

/**
 * @typedef {import("./store.js").Address} Address
 * @typedef {import("./store.js").Answer} Answer
 * @typedef {import("./store.js").Facets} Facets
 * @typedef {import("./shapes.js").Results} Results
 * @typedef {import("./store.js").Mixed} Mixed
 */

export const FIRST = { likeness: 24, listing: 48 };
const VARIED = 200; // places of an answer by likeness that variety chooses; the rest follows as it is near
/** @type {Results} */
const NOTHING = { code: null, bits: 0, by: "hamming", search_ms: 0, complete: true, groups: [], results: [] };
const AT_ONCE = { listing: 500, named: 100 };

/**
 * How many works hang after another "More".
 *
 * @param {Address} address
 * @param {number} now
 */
export function next(address, now) {
  if (!byLikeness(address)) return now + FIRST.listing;
  return now < VARIED ? Math.min(2 * now, VARIED) : now + VARIED;
}

/**
 * @param {Address} address
 * @param {number} count how many works
 * @param {Answer | null} hanging what hangs of the same answer already
 * @returns {Promise<Answer>}
 */
export async function ask(address, count, hanging = null) {
  const answer = await (byLikeness(address) ? likeness(address, count, hanging) : list(address, count, hanging));
  remember(answer.works);
  return answer;
}

/** @param {Address} address @param {number} count @param {Answer | null} hanging */
async function list(address, count, hanging) {
  const page = await source(address);
  let works = hanging?.works ?? [];
  let total = 0;
  let meaning = null;
  do {
    const found = await page(works.length, count - works.length);
    total = found.total;
    meaning = found.meaning ?? null;
    works = [...works, ...found.works];
    if (!found.works.length) break;
  } while (works.length < Math.min(count, total));
  return { ...plain(works, total), meaning };
}

/** @param {import("./store.js").Hung[]} works @param {number} total @returns {Answer} */
export function plain(works, total) {
  return { works, total, ended: works.length >= total, code: null, bits: 0, groups: [], ms: 0, complete: true, liked: [], parts: [], meaning: null };
}

/**
 * Gives any part of a listing.
 *
 * @param {Address} address
 * @returns {Promise<(offset: number, limit: number) => Promise<import("./shapes.js").Page>>}
 */
async function source(address) {
  const named = kind(address);
  if (named === "works") {
    const found = await worksOf(address.works);
    const works = address.works.flatMap((name) => found.get(name) ?? []);
    return async (offset, limit) => ({ total: works.length, works: works.slice(offset, offset + limit), meaning: null });
  }
  if (named === "path") {
    const works = await between(address.path);
    // up to its end, whatever is asked for
    return async (offset) => ({ total: works.length, works: works.slice(offset), meaning: null });
  }
  if (named === "area") {
    const ids = within(await atlas(), address.area ?? "");
    return async (offset, limit) => {
      const id = ids.slice(offset, offset + Math.min(limit, AT_ONCE.named));
      if (!id.length) return { total: ids.length, works: [], meaning: null };
      return { ...(await get("api/items", { id, limit: AT_ONCE.listing })), total: ids.length };
    };
  }
  const query = listing(address, state.facets);
  return (offset, limit) => get("api/items", { ...query, offset, limit: Math.min(limit, AT_ONCE.listing) });
}

/** @param {Address} address @param {number} count @param {Answer | null} hanging @returns {Promise<Answer>} */
async function likeness(address, count, hanging) {
  // Up to here variety chooses anew among more; what follows is put behind what hangs.
  const before = hanging && hanging.works.length >= VARIED ? hanging.works : [];
  const facets = /** @type {Facets} */ (state.facets);
  let works = before;
  /** @type {Results} */
  let found;
  /** @type {import("./store.js").Opinion[]} */
  let liked = [];
  /** @type {Mixed[]} */
  let parts = [];
  let k;
  do {
    k = Math.min(count - works.length, VARIED);
    const query = { ...refinement(address, facets), k, offset: works.length || null };
    if (address.mix.length) [found, parts] = await blended(address, query);
    else [found, liked] = await near(address, query);
    works = [...works, ...found.results];
  } while (found.results.length === k && works.length < count);
  return { ...ofResults(found, k), works, liked: parts.length ? asLiked(parts) : liked, parts };
}

/** @param {Results} found @param {number} k how many were asked for @returns {Answer} */
export function ofResults({ results: works, code, bits, groups, search_ms: ms, complete = true }, k) {
  return { works, total: null, ended: works.length < k, code, bits, groups, ms, complete, liked: [], parts: [], meaning: null };
}

// The works of a path; none where one of its ends is not here.
/** @param {string[]} names @returns {Promise<import("./store.js").Work[]>} */
async function between(names) {
  const found = await worksOf(names);
  const [from, to] = names.map((name) => found.get(name)?.id);
  if (from === undefined || to === undefined) return [];
  return (await get("api/path", { from, to })).works;
}

// Parts of which no wanted one is here ask for nothing.
/** @param {Address} address @param {Record<string, unknown>} query @returns {Promise<[Results, Mixed[]]>} */
async function blended(address, query) {
  const given = partsOf(address);
  const works = await worksOf(given.map(({ file }) => file));
  const parts = given
    .map((part) => ({ ...part, work: works.get(part.file) }))
    .filter(({ work, code }) => work || code)
    // two names may mean one work: what was said of it last counts
    .filter(({ work }, place, all) => !work || all.findLastIndex((other) => other.work?.id === work.id) === place);
  if (!parts.some(({ weight }) => weight > 0)) return [NOTHING, parts];
  const asked = parts.map(({ work, code, weight }) => ({ work: work?.id ?? code, weight }));
  return [await postJson("api/mix", { ...query, parts: asked }), parts];
}

/**
 * @param {Address} address
 * @param {Record<string, unknown>} query
 * @returns {Promise<[Results, import("./store.js").Opinion[]]>} and what `nearest_like` counts in
 */
async function near(address, query) {
  if (address.work !== null) return [await get(`api/items/${address.work}/similar`, query), []];
  const own = state.uploads.get(address.code ?? "");
  // The picture tells more than its code: what one sees counts as it did at first.
  if (own) return [await postForm("api/search", { ...query, ...own.how }, { picture: own.file }), []];
  if (address.code) return [await postForm("api/search", query, { code: address.code }), []];
  const opinions = fromAddress(address);
  const works = await worksOf(opinions.map(({ file }) => file));
  const there = opinions
    .filter(({ file }) => !file || works.has(file))
    .map((opinion) => ({ ...opinion, work: works.get(opinion.file) }));
  /** @param {boolean} wanted */
  const of = (wanted) => there.filter(({ liked }) => liked === wanted).map(({ work, code }) => work?.id ?? code);
  const liked = there.filter((opinion) => opinion.liked);
  if (!liked.length) return [NOTHING, []];
  return [await postJson("api/recommend", { ...query, liked: of(true), disliked: of(false) }), liked];
}
