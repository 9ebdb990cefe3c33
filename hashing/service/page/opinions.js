// Likes and dislikes as values: of works, which go by their names (see names.js), and of a visitor's
// own pictures, which go by their codes. Nothing here reads or changes the page.

import { fileOf, isNamed } from "./names.js";

/**
 * @typedef {import("./store.js").Opinion} Opinion
 * @typedef {{ file?: string, content?: string, code?: string }} Judged a work, or what an opinion says of it
 */

export const CODE = "code:";

/** @param {{ file?: string, code?: string }} one @param {Judged} work */
export const same = (one, { file = "", content = "", code }) => (one.file ? isNamed(one.file, { file, content }) : !file && one.code === code);

/**
 * @param {Opinion[]} opinions
 * @param {Judged} work
 * @returns {boolean | null} true liked, false disliked, null neither
 */
export const opinionOf = (opinions, work) => opinions.find((one) => same(one, work))?.liked ?? null;

/** @param {Opinion[]} opinions @param {Opinion} opinion */
export const withOpinion = (opinions, opinion) => [...without(opinions, opinion), opinion];

/** @param {Opinion[]} opinions @param {Judged} work */
export const without = (opinions, work) => opinions.filter((one) => !same(one, work));

/**
 * As the address carries them.
 *
 * @param {Opinion[]} opinions
 */
export function inAddress(opinions) {
  /** @param {boolean} liked */
  const of = (liked) => opinions.filter((one) => one.liked === liked).map((one) => one.file || CODE + one.code);
  return { like: of(true), dislike: of(false) };
}

/**
 * The same from an address; titles and pictures are known where the work is.
 *
 * @param {{ like: string[], dislike: string[] }} address
 * @returns {Opinion[]}
 */
export function fromAddress({ like, dislike }) {
  return [...like.map((name) => named(name, true)), ...dislike.map((name) => named(name, false))];
}

/** @param {string} name @param {boolean} liked @returns {Opinion} */
function named(name, liked) {
  const isCode = name.startsWith(CODE);
  return {
    file: isCode ? "" : name,
    code: isCode ? name.slice(CODE.length) : "",
    title: isCode ? "" : (fileOf(name).split("/").pop() ?? name),
    src: "",
    liked,
  };
}

/** @param {Opinion[]} a @param {Opinion[]} b */
export function agree(a, b) {
  const [one, other] = [inAddress(a), inAddress(b)].map(({ like, dislike }) => JSON.stringify([like.sort(), dislike.sort()]));
  return one === other;
}

/**
 * Opinions from a file or from storage: what is none is left out.
 *
 * @param {unknown} given
 * @returns {Opinion[]}
 */
export function checked(given) {
  if (!Array.isArray(given)) return [];
  return given
    .filter((one) => one && (typeof one.file === "string" || typeof one.code === "string") && typeof one.liked === "boolean")
    .map(({ file = "", code = "", title = "", src = "", liked }) => ({
      file: String(file),
      code: String(code),
      title: String(title),
      src: /^(data:image\/|pictures\/)/.test(src) ? src : "",
      liked,
    }))
    .filter(({ file, code }) => file || code);
}

/**
 * A table for spreadsheets, one work a line.
 *
 * @param {Opinion[]} opinions
 */
export function asCsv(opinions) {
  const rows = opinions.map(({ file, code, title, liked }) => [file || CODE + code, title, liked ? "like" : "dislike"]);
  return [["file", "title", "opinion"], ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

// A cell that begins like a formula is text all the same.
/** @param {string} text */
const cell = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
