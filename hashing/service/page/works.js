// What can be said of a work.

import { t } from "./words.js";

/** @typedef {import("./store.js").Work} Work */

// A picture of which nothing is known goes by its file's name.
/** @param {Pick<Work, "title" | "creator" | "file">} work */
export function named({ title, creator, file }) {
  if (title) return title;
  return creator || !file ? t("untitled") : (file.split("/").pop() ?? file).replace(/\.\w+$/, "");
}

/** @param {Work} work */
export const maker = ({ creator, year }) => [creator, year].filter(Boolean).join(", ");

// "Water Lilies, Claude Monet, 1906": for alternative texts and names of controls.
/** @param {Work} work */
export const spoken = (work) => [named(work), work.creator, work.year].filter(Boolean).join(", ");

// Relative to the page, which may lie below any path.
/** @param {Work} work @param {number} [size] */
export const address = ({ picture }, size) => picture.slice(picture.indexOf("pictures/")) + (size ? `&size=${size}` : "");
