// Draws the map: every picture a point of its group's colour; near enough, pictures where there is room.

import { magnification, place, within } from "./view.js";

const PICTURES_FROM = 3; // magnification at which points become pictures
const LARGEST = 112; // pixels of a picture's longer side
const MOST_PICTURES = 150; // drawn at once

const thumbnails = new Map();
let room; // of the page: its colours

// points: [id, x, y, group]. look: { only, results, query, current, address(id), again() };
// query and current are points, or null.
export function draw(canvas, points, look) {
  const pen = canvas.getContext("2d");
  room = getComputedStyle(document.documentElement);
  pen.setTransform(window.devicePixelRatio, 0, 0, window.devicePixelRatio, 0, 0);
  pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  const seen = points
    .map((point) => ({ point, at: place(point), lit: look.only === null || point[3] === look.only }))
    .filter(({ at }) => within(at, -LARGEST));
  const radius = Math.min(4, 1.75 + magnification() / 4);
  for (const { point, at, lit } of seen) dot(pen, at, radius, colour(point[3]), lit ? 0.85 : 0.1);
  const hung = magnification() < PICTURES_FROM ? new Map() : hangAll(pen, seen.filter(({ lit }) => lit), look);
  for (const { point, at } of seen)
    if (look.results.has(point[0])) mark(pen, at, hung.get(point[0]), radius + 2.5, "--ink", 1.5);
  if (look.query) ring(pen, place(look.query), radius + 5, ink("--accent"), 2.5);
  if (look.current) mark(pen, place(look.current), hung.get(look.current[0]), radius + 8, "--accent", 2);
}

// Hues spread by the golden angle: any number of groups, neighbours in the list far apart.
export function colour(number) {
  if (number < 0) return "#8a8580";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return `oklch(${dark ? 0.72 : 0.58} 0.12 ${(30 + 137.5 * number) % 360})`;
}

const ink = (name) => room.getPropertyValue(name);

function circle(pen, [x, y], radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
}

function dot(pen, at, radius, fill, alpha) {
  pen.globalAlpha = alpha;
  pen.fillStyle = fill;
  circle(pen, at, radius);
  pen.fill();
  pen.globalAlpha = 1;
}

function ring(pen, at, radius, stroke, width) {
  pen.strokeStyle = stroke;
  pen.lineWidth = width;
  circle(pen, at, radius);
  pen.stroke();
}

// A frame around a picture that hangs there, else a ring around its point.
function mark(pen, at, shape, radius, name, width) {
  if (!shape) return ring(pen, at, radius, ink(name), width);
  const [x, y] = [at[0] - shape[0] / 2, at[1] - shape[1] / 2];
  pen.strokeStyle = ink(name);
  pen.lineWidth = width;
  pen.strokeRect(x - 2, y - 2, shape[0] + 4, shape[1] + 4);
}

// No picture covers another: those that find no room stay points until one comes nearer.
// Returns id -> [width, height] of what hangs.
function hangAll(pen, seen, { address, again }) {
  const side = Math.min(LARGEST, 28 + 7 * magnification());
  const taken = new Map(); // cell -> places in it
  const hung = new Map();
  let count = 0;
  for (const { point, at } of seen) {
    if (count === MOST_PICTURES) break;
    if (!claim(taken, at, side)) continue;
    const shape = hang(pen, thumbnail(address(point[0]), again), at, side - 6);
    if (shape) hung.set(point[0], shape);
    count += 1;
  }
  return hung;
}

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

function hang(pen, image, [x, y], side) {
  if (!image.complete || !image.naturalWidth) return null;
  const scale = side / Math.max(image.naturalWidth, image.naturalHeight);
  const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
  pen.drawImage(image, x - width / 2, y - height / 2, width, height);
  return [width, height];
}

function thumbnail(address, again) {
  if (!thumbnails.has(address)) {
    const image = new Image();
    image.src = address;
    image.addEventListener("load", again);
    thumbnails.set(address, image);
  }
  return thumbnails.get(address);
}
