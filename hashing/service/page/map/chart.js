// Draws the map: every work a dot, pictures among them, and what is marked.

import { paint } from "./dots.js";
import { choose, hang } from "./hanging.js";
import { extent, magnification, pixel, sight, within } from "./view.js";

/**
 * @typedef {[number, number]} Place
 * @typedef {import("./atlas.js").Atlas} Atlas
 * @typedef {import("./hanging.js").Hung} Hung
 *
 * @typedef {object} Look
 * @property {number | null} only the one group that is lit
 * @property {number[]} results rows
 * @property {Place | null} query the place of what was asked with
 * @property {number | null} current row
 * @property {import("./territory.js").Region[]} regions
 * @property {Place[]} line being drawn: two corners of a box, or an outline
 * @property {boolean} boxed
 * @property {(row: number) => string} address of a picture
 * @property {() => void} again draws once more
 */

const NAMES_UNTIL = 6; // magnification from which pictures speak for themselves
const LARGEST = 4; // radius of a dot
const CROWD = 0.45; // of the room that each work has, where there are very many

/** @type {{ image: ImageData, atlas: Atlas, how: string } | null} the dots as they were painted last */
let sheet = null;
/** @type {{ name: string, shades: Uint32Array }} */
let mixed = { name: "", shades: new Uint32Array(1) };
/** @type {CSSStyleDeclaration} of the page: its colours */
let room;

/** @param {HTMLCanvasElement} canvas @param {Atlas} atlas @param {Look} look @returns {Hung[]} */
export function draw(canvas, atlas, look) {
  const pen = canvas.getContext("2d");
  // Folded away, it has no width, and dots on it would be endlessly large.
  if (!pen || !canvas.clientWidth || !canvas.width || !canvas.height) return [];
  room = getComputedStyle(document.documentElement);
  const density = canvas.width / canvas.clientWidth;
  const radius = dotted(pen, canvas, atlas, look, density);
  pen.setTransform(density, 0, 0, density, 0, 0);
  const hung = choose(atlas, look.only);
  hang(pen, hung, look.address, ink, look.again);
  const frames = new Map(hung.filter(({ shape }) => shape[0]).map((one) => [one.row, one]));
  const at = (/** @type {number} */ row) => pixel([atlas.xs[row], atlas.ys[row]]);
  for (const row of look.results) mark(pen, at(row), frames.get(row), radius + 2.5, "--ink", 1.5);
  if (look.query) ring(pen, pixel(look.query), radius + 5, ink("--accent"), 2.5);
  if (look.current !== null) mark(pen, at(look.current), frames.get(look.current), radius + 8, "--accent", 2);
  if (magnification() < NAMES_UNTIL) write(pen, look);
  if (look.line.length) outline(pen, look);
  return hung;
}

/**
 * @param {CanvasRenderingContext2D} pen @param {HTMLCanvasElement} canvas @param {Atlas} atlas
 * @param {Look} look @param {number} density
 * @returns {number} radius of a dot
 */
function dotted(pen, { width, height }, atlas, { only }, density) {
  const [across, down] = extent();
  const each = Math.sqrt((across * down) / Math.max(1, atlas.ids.length));
  const radius = Math.min(LARGEST, 1.75 + magnification() / 4, Math.max(0.75, CROWD * each));
  const scaled = (/** @type {Place} */ [x, y]) => /** @type {Place} */ ([x * density, y * density]);
  const where = { origin: scaled(pixel([0, 0])), extent: scaled([across, down]), sight: sight(LARGEST), only };
  const how = JSON.stringify([where, width, height, isDark()]);
  // A pointer that only passes over leaves the dots as they are.
  if (sheet?.how !== how || sheet.atlas !== atlas) {
    const image = sheet?.image.width === width && sheet.image.height === height ? sheet.image : pen.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    paint({ pixels, width, height }, atlas, { ...where, radius: radius * density, shades: shades(pen, atlas.groups.length) });
    sheet = { image, atlas, how };
  }
  pen.putImageData(sheet.image, 0, 0);
  return radius;
}

// The colours of all groups as pixels; the browser turns each into red, green and blue once.
/** @param {CanvasRenderingContext2D} pen @param {number} groups */
function shades(pen, groups) {
  const name = `${groups} ${isDark()}`;
  if (name === mixed.name) return mixed.shades;
  const probe = pen.canvas.ownerDocument.createElement("canvas");
  [probe.width, probe.height] = [groups + 1, 1];
  const drop = probe.getContext("2d");
  if (!drop) return mixed.shades;
  for (let i = 0; i <= groups; i++) {
    drop.fillStyle = colour(i < groups ? i : -1);
    drop.fillRect(i, 0, 1, 1);
  }
  const pixels = new Uint32Array(drop.getImageData(0, 0, groups + 1, 1).data.buffer);
  mixed = { name, shades: pixels.map((pixel) => pixel & 0xffffff) };
  return mixed.shades;
}

const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;

// Hues spread by the golden angle: any number of groups, neighbours in the list far apart.
/** @param {number} number */
export function colour(number) {
  if (number < 0) return "#8a8580";
  return `oklch(${isDark() ? 0.72 : 0.58} 0.12 ${(30 + 137.5 * number) % 360})`;
}

/** @param {string} name */
const ink = (name) => room.getPropertyValue(name);

/** @param {CanvasRenderingContext2D} pen @param {Place} at @param {number} radius @param {string} stroke @param {number} width */
function ring(pen, [x, y], radius, stroke, width) {
  pen.strokeStyle = stroke;
  pen.lineWidth = width;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.stroke();
}

// A frame around a picture that hangs there, else a ring around its point.
/**
 * @param {CanvasRenderingContext2D} pen @param {Place} at @param {Hung | undefined} hung
 * @param {number} radius @param {string} name @param {number} width
 */
function mark(pen, at, hung, radius, name, width) {
  if (!hung) return ring(pen, at, radius, ink(name), width);
  const { at: [x, y], shape: [w, h] } = hung;
  pen.strokeStyle = ink(name);
  pen.lineWidth = width;
  pen.strokeRect(x - w / 2 - 2, y - h / 2 - 2, w + 4, h + 4);
}

/** @param {CanvasRenderingContext2D} pen @param {Look} look */
function outline(pen, { line, boxed }) {
  const corners = line.map(pixel);
  pen.strokeStyle = ink("--accent");
  pen.lineWidth = 1.5;
  pen.beginPath();
  if (boxed) pen.rect(...corners[0], corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]);
  else corners.forEach(([x, y]) => pen.lineTo(x, y));
  pen.stroke();
}

// The names of regions, the greatest first; one that finds no room is left out.
/** @param {CanvasRenderingContext2D} pen @param {Look} look */
function write(pen, { regions, only }) {
  /** @type {{ x: number, y: number, width: number }[]} */
  const written = [];
  pen.font = "600 13px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  pen.strokeStyle = ink("--sheet");
  pen.fillStyle = ink("--ink");
  for (const { name, group, x: across, y: down } of regions) {
    const [x, y] = pixel([across, down]);
    const width = pen.measureText(name).width / 2 + 8;
    const covers = written.some((other) => Math.abs(other.y - y) < 22 && Math.abs(other.x - x) < other.width + width);
    if (covers || (only !== null && only !== group) || !within([x, y], 12)) continue;
    written.push({ x, y, width });
    pen.strokeText(name, x, y);
    pen.fillText(name, x, y);
  }
}
