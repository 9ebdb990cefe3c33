// What a work goes by where its id may come to mean another one, in addresses and in what is kept:
// its file, and in a collection of works that share files a digest of its picture behind it.

/** @typedef {import("./shapes.js").Facets} Facets */
/** @typedef {Pick<import("./shapes.js").Work, "file" | "content">} Named */

const DIGEST = /\*[0-9a-f]{12}$/;

/**
 * @param {Named} work
 * @param {Pick<Facets, "count" | "files"> | null} facets
 */
export const nameOf = ({ file, content }, facets) =>
  facets && facets.files < facets.count ? `${file}*${content}` : file;

/** @param {string} name */
export const fileOf = (name) => name.replace(DIGEST, "");

// Whether a name means this work: a file alone, as names once were, means whichever has it.
/** @param {string | undefined} name @param {Named} work */
export const isNamed = (name, { file, content }) => name === file || name === `${file}*${content}`;
