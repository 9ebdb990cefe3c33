// Pictures that did not come: asked for again after a while, and once the server is seen to be there.

import { onAnswer } from "./api.js";

const AGAIN = 5000; // milliseconds before the second time; each further wait is twice as long
const LATEST = 10_000;

/** @type {Map<HTMLImageElement, { src: string, tries: number, at: number }>} */
const broken = new Map();

// A broken picture leaves its place and its name. It is asked for once more by itself, for the
// server may have been busy or about to start again; not all of them at the same time.
/** @param {Event} event */
export function failed({ target }) {
  const image = /** @type {HTMLImageElement} */ (target);
  const src = image.getAttribute("src") ?? "";
  const before = broken.get(image);
  const tries = before?.src === src ? before.tries + 1 : 1;
  image.classList.add("broken");
  broken.set(image, { src, tries, at: Date.now() });
  if (tries === 1) setTimeout(() => repeat(image), AGAIN * (1 + Math.random()));
}

/** @param {Event} event */
export function came({ target }) {
  const image = /** @type {HTMLImageElement} */ (target);
  image.classList.remove("broken");
  broken.delete(image);
}

// Waits for pictures that nobody has scrolled to, but not for ever.
/** @param {HTMLImageElement[]} images */
export async function arrived(images) {
  for (const image of images) image.loading = "eager";
  const late = new Promise((resolve) => setTimeout(resolve, LATEST));
  await Promise.race([Promise.allSettled(images.map((image) => image.decode())), late]);
}

/** @param {HTMLImageElement} image */
function repeat(image) {
  const src = broken.get(image)?.src;
  if (src === undefined) return;
  if (image.isConnected && image.getAttribute("src") === src) image.setAttribute("src", src);
  else broken.delete(image); // another hangs in its place
}

// One that is gone for good is not asked for with every answer.
/** @param {boolean} [patient] */
function again(patient = true) {
  for (const [image, { tries, at }] of [...broken])
    if (!patient || Date.now() - at >= AGAIN * 2 ** (tries - 1)) repeat(image);
}

onAnswer(() => again());
globalThis.addEventListener?.("online", () => again(false));
