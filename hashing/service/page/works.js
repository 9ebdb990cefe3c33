// What can be said of a work.

import { isolated, t } from "./words.js";

/** @typedef {import("./store.js").Work} Work */

// A picture of which nothing is known goes by its file's name.
/** @param {Pick<Work, "title" | "creator" | "file">} work */
export function named({ title, creator, file }) {
  if (title) return title;
  return creator || !file ? t("untitled") : (file.split("/").pop() ?? file).replace(/\.\w+$/, "");
}

/** @param {Work} work */
export const maker = ({ creator, year }) => joined([creator, year]);

// "Water Lilies, Claude Monet, 1906": for alternative texts and names of controls.
/** @param {Work} work */
export const spoken = (work) => joined([named(work), work.creator, work.year]);

/** @param {(string | number | null | undefined)[]} parts */
const joined = (parts) => parts.flatMap((part) => (part ? isolated(String(part)) : [])).join(", ");

const UNKNOWN = 512; // pixels, as many as a preview has

// What is known of a work's shape before its picture is there: without a preview nothing, and it
// hangs as a square of ordinary width meanwhile.
/** @param {Pick<Work, "width" | "height">} work */
export const isKnown = ({ width, height }) => width > 1 || height > 1;

/** @param {Pick<Work, "width" | "height">} work */
export const extent = (work) => (isKnown(work) ? work : { width: UNKNOWN, height: UNKNOWN });

// The same as a style.
/** @param {Pick<Work, "width" | "height">} work */
export function shape(work) {
  const { width, height } = extent(work);
  return `--ratio: ${width / height}; --widest: ${2 * width}px`;
}

// The true shape of a picture that is there.
/** @param {HTMLImageElement} image */
export function reshape(image) {
  const place = /** @type {HTMLElement | null} */ (image.closest('[style*="--ratio"]'));
  place?.style.setProperty("--ratio", String(image.naturalWidth / image.naturalHeight));
  place?.style.setProperty("--widest", `${2 * image.naturalWidth}px`);
}

// Relative to the page, which may lie below any path.
/** @param {Work} work @param {number} [size] */
export const address = ({ picture }, size) => picture.slice(picture.indexOf("pictures/")) + (size ? `&size=${size}` : "");
