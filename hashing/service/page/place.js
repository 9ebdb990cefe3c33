// What the browser's history remembers of each address: where the visitor stands, before how many
// works, and of which collection its ids are.

import { collection } from "./api.js";
import { state } from "./store.js";

/** @returns {{ y?: number, count?: number, of?: string | null }} */
export const place = () => history.state ?? {};

// Whether the ids of this address are those of a collection that has been built anew since.
export const isOfAnother = () => Boolean(place().of) && place().of !== collection();

// How many works to ask for so that those hang that hang now. Where only an answer that is too
// short tells its end, one more than there are: else "More" would stand there with nothing behind.
export function reached() {
  const { works, total, ended } = state.answer ?? { works: [], total: 0, ended: true };
  return works.length + Number(total === null && ended);
}

// Remember where the visitor stands.
export const keep = () => put({ y: window.scrollY, count: reached() });

// Remember that ids are of the collection that answers, unless they were of one already.
export const mark = () => place().of || put({ of: collection() });

/** @param {ReturnType<typeof place>} more */
export const put = (more) => history.replaceState({ ...place(), ...more }, "");

/** @param {number | string} at pixels from above, or the id of what then stands at the top */
export const stand = (at) =>
  requestAnimationFrame(() => {
    if (typeof at === "number") window.scrollTo(0, at);
    else document.getElementById(at)?.scrollIntoView({ block: "start" });
  });

// The wall's name takes the focus: what had it goes, or is elsewhere.
export const toWall = () =>
  requestAnimationFrame(() => document.getElementById("wall-title")?.focus({ preventScroll: true }));

/** @type {ReturnType<typeof setTimeout> | undefined} */
let resting;

// Whoever reloads or comes back by Forward stands where they stood, too.
/** @param {() => boolean} isHung whether the works hang that the address asks for */
export function keepWhereOneStands(isHung) {
  window.addEventListener("scroll", () => {
    const url = location.href;
    clearTimeout(resting);
    resting = setTimeout(() => url === location.href && isHung() && keep(), 200);
  });
}
