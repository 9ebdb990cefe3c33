// The one state of the page. Parts read it and are told when what they watch has changed; only the
// functions of conductor.js, taste.js and sets.js change it.

import { DEFAULTS } from "./address.js";

/**
 * @typedef {import("./address.js").Address} Address
 * @typedef {import("./shapes.js").Facets} Facets
 * @typedef {import("./shapes.js").Work} Work
 * @typedef {import("./shapes.js").Result} Result
 * @typedef {import("./shapes.js").Detail} Detail
 * @typedef {import("./shapes.js").Share} Share
 *
 * @typedef {Work & Partial<Result>} Hung a work on the wall, with what an answer says of it
 *
 * @typedef {object} Answer
 * @property {Hung[]} works
 * @property {number | null} total of all pages; null where it is not known
 * @property {boolean} ended whether there is no more
 * @property {string | null} code
 * @property {number} bits
 * @property {Share[]} groups
 * @property {number} ms of the search
 * @property {boolean} complete whether nothing as near was left out
 * @property {import("./shapes.js").Meaning | null} meaning what words were taken for
 * @property {Opinion[]} liked what `nearest_like` counts in
 * @property {Mixed[]} parts of a mix, as far as they are here
 *
 * @typedef {import("./mixing.js").MixPart & { work: Work | undefined }} Mixed
 *
 * @typedef {object} Opinion
 * @property {string} file the work's name (see names.js), empty for a picture of the visitor's own
 * @property {string} code empty for a work
 * @property {string} title
 * @property {string} src of its small picture
 * @property {boolean} liked
 *
 * @typedef {object} NamedSet
 * @property {string} name
 * @property {Opinion[]} opinions
 *
 * @typedef {object} Own a picture of the visitor's own
 * @property {Blob} file
 * @property {string} src
 * @property {Record<string, unknown>} how which part of it is asked with, and whether in any turn
 *
 * @typedef {object} Looking
 * @property {number} share of the picture that has been sent, 0 to 1
 * @property {() => void} cancel
 *
 * @typedef {object} State
 * @property {Address} address
 * @property {Facets | null} facets
 * @property {Answer | null} answer what hangs on the wall
 * @property {Work | null} asked the work that was asked with
 * @property {boolean} busy
 * @property {string} message
 * @property {Looking | null} looking a picture on its way
 * @property {{ text: string }} said for those who listen, each time anew: two answers may be alike
 * @property {Detail | null} work the open one
 * @property {Result[]} near its neighbours
 * @property {Opinion[]} taste
 * @property {NamedSet[]} sets
 * @property {Map<string, Own>} uploads by code, while the page is open
 * @property {{ file: string, title: string } | null} start the work from which a path may lead
 * @property {{ id: number, file: Blob, src: string } | null} seems the work that the visitor's picture shows
 */

/** @type {State} */
export const state = {
  address: DEFAULTS,
  facets: null,
  answer: null,
  asked: null,
  busy: false,
  message: "",
  looking: null,
  said: { text: "" },
  work: null,
  near: [],
  taste: [],
  sets: [],
  uploads: new Map(),
  seems: null,
  start: null,
};

/** @type {Set<{ names: (keyof State)[], listener: () => void }>} */
const watchers = new Set();

/** @param {Partial<State>} change */
export function set(change) {
  const names = /** @type {(keyof State)[]} */ (Object.keys(change)).filter((name) => state[name] !== change[name]);
  Object.assign(state, change);
  for (const watcher of watchers) if (watcher.names.some((name) => names.includes(name))) watcher.listener();
}

/**
 * @param {(keyof State)[]} names
 * @param {() => void} listener
 * @returns {() => void} ends the watch
 */
export function watch(names, listener) {
  const watcher = { names, listener };
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
