// Draws the map: every picture a point of its group's colour, and pictures where there is room.

import { magnification, pixel, place, within } from "./view.js";

/**
 * @typedef {[number, number]} Place
 * @typedef {[id: number, x: number, y: number, group: number]} Point
 *
 * @typedef {object} Look
 * @property {number | null} only the one group that is lit
 * @property {Set<number>} results
 * @property {Place | null} query the place of what was asked with
 * @property {Point | null} current
 * @property {import("./territory.js").Region[]} regions
 * @property {[Place, Place] | null} box being drawn
 * @property {(id: number, size: number) => string} address of a picture
 * @property {() => void} again draws once more
 */

const LARGEST = 112; // pixels of a picture's longer side
const MOST_PICTURES = 150; // drawn at once
const SIZE = 128; // of the pictures that are asked for
const NAMES_UNTIL = 6; // magnification from which pictures speak for themselves

/** @type {Map<string, HTMLImageElement>} */
const thumbnails = new Map();
/** @type {CSSStyleDeclaration} of the page: its colours */
let room;

/** @param {HTMLCanvasElement} canvas @param {Point[]} points @param {Look} look */
export function draw(canvas, points, look) {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  room = getComputedStyle(document.documentElement);
  pen.setTransform(window.devicePixelRatio, 0, 0, window.devicePixelRatio, 0, 0);
  pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  const seen = points
    .map((point) => ({ point, at: place(point), lit: look.only === null || point[3] === look.only }))
    .filter(({ at }) => within(at, -LARGEST));
  const radius = Math.min(4, 1.75 + magnification() / 4);
  for (const { point, at, lit } of seen) dot(pen, at, radius, colour(point[3]), lit ? 0.85 : 0.1);
  const hung = hangAll(pen, seen.filter(({ lit }) => lit), look);
  for (const { point, at } of seen)
    if (look.results.has(point[0])) mark(pen, at, hung.get(point[0]), radius + 2.5, "--ink", 1.5);
  if (look.query) ring(pen, pixel(look.query), radius + 5, ink("--accent"), 2.5);
  if (look.current) mark(pen, place(look.current), hung.get(look.current[0]), radius + 8, "--accent", 2);
  if (magnification() < NAMES_UNTIL) write(pen, look);
  if (look.box) frame(pen, look.box);
}

// Hues spread by the golden angle: any number of groups, neighbours in the list far apart.
/** @param {number} number */
export function colour(number) {
  if (number < 0) return "#8a8580";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return `oklch(${dark ? 0.72 : 0.58} 0.12 ${(30 + 137.5 * number) % 360})`;
}

/** @param {string} name */
const ink = (name) => room.getPropertyValue(name);

/** @param {CanvasRenderingContext2D} pen @param {Place} at @param {number} radius */
function circle(pen, [x, y], radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
}

/** @param {CanvasRenderingContext2D} pen @param {Place} at @param {number} radius @param {string} fill @param {number} alpha */
function dot(pen, at, radius, fill, alpha) {
  pen.globalAlpha = alpha;
  pen.fillStyle = fill;
  circle(pen, at, radius);
  pen.fill();
  pen.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} pen @param {Place} at @param {number} radius @param {string} stroke @param {number} width */
function ring(pen, at, radius, stroke, width) {
  pen.strokeStyle = stroke;
  pen.lineWidth = width;
  circle(pen, at, radius);
  pen.stroke();
}

// A frame around a picture that hangs there, else a ring around its point.
/**
 * @param {CanvasRenderingContext2D} pen @param {Place} at @param {Place | undefined} shape
 * @param {number} radius @param {string} name @param {number} width
 */
function mark(pen, at, shape, radius, name, width) {
  if (!shape) return ring(pen, at, radius, ink(name), width);
  const [x, y] = [at[0] - shape[0] / 2, at[1] - shape[1] / 2];
  pen.strokeStyle = ink(name);
  pen.lineWidth = width;
  pen.strokeRect(x - 2, y - 2, shape[0] + 4, shape[1] + 4);
}

/** @param {CanvasRenderingContext2D} pen @param {[Place, Place]} box */
function frame(pen, [a, b]) {
  const [[ax, ay], [bx, by]] = [pixel(a), pixel(b)];
  pen.strokeStyle = ink("--accent");
  pen.lineWidth = 1.5;
  pen.strokeRect(ax, ay, bx - ax, by - ay);
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

// No picture covers another: those that find no room stay points until one comes nearer.
/**
 * @param {CanvasRenderingContext2D} pen
 * @param {{ point: Point, at: Place }[]} seen
 * @param {Look} look
 * @returns {Map<number, Place>} width and height of what hangs by id
 */
function hangAll(pen, seen, { address, again }) {
  const side = Math.min(LARGEST, 36 + 7 * magnification());
  /** @type {Map<string, Place[]>} */
  const taken = new Map(); // cell -> places in it
  const hung = new Map();
  let count = 0;
  // Far off, pictures stand loosely among the points.
  const room = side * (magnification() < 2 ? 1.9 : 1);
  for (const { point, at } of seen) {
    if (count === MOST_PICTURES) break;
    if (!claim(taken, at, room)) continue;
    const shape = hang(pen, thumbnail(address(point[0], SIZE), again), at, side - 6);
    if (shape) hung.set(point[0], shape);
    count += 1;
  }
  return hung;
}

/** @param {Map<string, Place[]>} taken @param {Place} at @param {number} side */
function claim(taken, [x, y], side) {
  const [column, row] = [Math.floor(x / side), Math.floor(y / side)];
  for (let i = column - 1; i <= column + 1; i++)
    for (let j = row - 1; j <= row + 1; j++)
      for (const [u, v] of taken.get(`${i} ${j}`) ?? [])
        if (Math.max(Math.abs(u - x), Math.abs(v - y)) < side) return false;
  const cell = `${column} ${row}`;
  taken.set(cell, [...(taken.get(cell) ?? []), [x, y]]);
  return true;
}

/** @param {CanvasRenderingContext2D} pen @param {HTMLImageElement} image @param {Place} at @param {number} side @returns {Place | null} */
function hang(pen, image, [x, y], side) {
  if (!image.complete || !image.naturalWidth) return null;
  const scale = side / Math.max(image.naturalWidth, image.naturalHeight);
  const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
  pen.drawImage(image, x - width / 2, y - height / 2, width, height);
  return [width, height];
}

/** @param {string} address @param {() => void} again @returns {HTMLImageElement} */
function thumbnail(address, again) {
  const known = thumbnails.get(address);
  if (known) return known;
  const image = new Image();
  image.src = address;
  image.addEventListener("load", again);
  thumbnails.set(address, image);
  return image;
}
