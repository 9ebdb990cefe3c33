// What a visitor does to a mix.

import { postForm } from "./api.js";
import { asksStill, attempt } from "./attempt.js";
import { go } from "./conductor.js";
import { begun, inMix, likes, withPart } from "./mixing.js";
import { nameOf } from "./names.js";
import { reduced } from "./reduced.js";
import { set, state } from "./store.js";

/** @typedef {import("./mixing.js").MixPart} MixPart */

export function now() {
  const { address, asked, facets } = state;
  return begun(address, asked && { id: asked.id, name: nameOf(asked, facets) });
}

/** @param {MixPart[]} parts */
export const show = (parts) => go(parts.length ? inMix(parts) : { seed: null });

// Adds to what is asked for, or gives a part of it another weight.
/** @param {{ file: string, code?: string }} what @param {number} weight */
export const weigh = ({ file, code = "" }, weight) => show(withPart(now(), { file, code, weight }));

export const addLikes = () => show(likes(state.taste).reduce(withPart, now()));

/** @param {Blob} file */
export function addPicture(file) {
  const wanted = asksStill();
  return attempt(async () => {
    const picture = await reduced(file);
    const { code } = await postForm("api/search", { k: 1, diversity: 0 }, { picture });
    if (!wanted()) return; // the visitor has gone elsewhere
    set({ uploads: new Map(state.uploads).set(code, { file: picture, src: URL.createObjectURL(picture), how: {} }) });
    weigh({ file: "", code }, 1);
  }, wanted);
}
