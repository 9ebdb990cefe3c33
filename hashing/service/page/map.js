// The map of the collection: every work a point, like beside like; near enough, its picture.

import { get } from "./api.js";
import { $, make, spoken } from "./dom.js";

const MARGIN = 24;
const CLOSEST = 40; // greatest magnification
const PICTURES_FROM = 9; // magnification at which points become pictures
const MOST_PICTURES = 80; // drawn at once
const REACH = 18; // pixels around the pointer
const PAN = 60; // pixels a drag of the keyboard

let points = null; // [id, x, y, style]
let styles = [];
let view = { scale: 1, x: 0.5, y: 0.5 }; // magnification and the place in the middle
let marked = { query: null, results: new Set() };
let only = null; // the one style that is lit
let current = null; // the point under the pointer or the keyboard
let open = () => {};
let version = "";
const thumbnails = new Map();
const labels = new Map();

export function prepare(facets) {
  version = facets.index.slice(0, 8);
}

export function mark(state, answer) {
  const results = answer.results ?? (state.q ? answer.works : []);
  marked = { query: state.work, results: new Set(results.map(({ id }) => id)) };
  if (points) draw();
}

export async function show(openWork) {
  open = openWork;
  if (!points) {
    try {
      ({ points, styles } = await get("api/map"));
    } catch (problem) {
      $("map-label").textContent = problem.message;
      $("map").hidden = true;
      return;
    }
    wire();
    legend();
  }
  fit();
}

// -- geometry -----------------------------------------------------------------------------------

function fit() {
  const canvas = $("map");
  const ratio = window.devicePixelRatio;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  draw();
}

function side() {
  const { clientWidth, clientHeight } = $("map");
  return [clientWidth - 2 * MARGIN, clientHeight - 2 * MARGIN];
}

function place([, x, y]) {
  const [width, height] = side();
  const { scale } = view;
  return [
    MARGIN + width * (0.5 + (x - view.x) * scale),
    MARGIN + height * (0.5 + (y - view.y) * scale),
  ];
}

function zoom(factor, [px, py] = [$("map").clientWidth / 2, $("map").clientHeight / 2]) {
  const [width, height] = side();
  const dx = (px - MARGIN) / width - 0.5;
  const dy = (py - MARGIN) / height - 0.5;
  const scale = Math.min(CLOSEST, Math.max(1, view.scale * factor));
  // What lies under the pointer stays there.
  view.x += dx / view.scale - dx / scale;
  view.y += dy / view.scale - dy / scale;
  view.scale = scale;
  move(0, 0);
}

function move(dx, dy) {
  const [width, height] = side();
  view.x = clamp(view.x - dx / width / view.scale);
  view.y = clamp(view.y - dy / height / view.scale);
  requestAnimationFrame(draw);
}

const clamp = (value) => Math.min(1, Math.max(0, value));

function nearest([px, py], reach, allowed = () => true) {
  let best = null;
  let least = reach;
  for (const point of points) {
    if (!allowed(point)) continue;
    const [x, y] = place(point);
    const gap = Math.hypot(x - px, y - py);
    if (gap < least) [best, least] = [point, gap];
  }
  return best;
}

// -- drawing ------------------------------------------------------------------------------------

function draw() {
  const canvas = $("map");
  const pen = canvas.getContext("2d");
  const paper = getComputedStyle(document.documentElement);
  const ink = paper.getPropertyValue("--ink");
  const accent = paper.getPropertyValue("--accent");
  pen.setTransform(window.devicePixelRatio, 0, 0, window.devicePixelRatio, 0, 0);
  pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  const seen = points.filter(visible);
  const close = view.scale >= PICTURES_FROM;
  const framed = close ? new Set(seen.slice(0, MOST_PICTURES)) : new Set();
  const radius = Math.min(5, 2 + view.scale / 4);
  for (const point of seen) {
    const [x, y] = place(point);
    pen.globalAlpha = only === null || point[3] === only ? 0.85 : 0.12;
    if (framed.has(point) && hang(pen, point, x, y)) continue;
    pen.fillStyle = colour(point[3]);
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.fill();
  }
  pen.globalAlpha = 1;
  for (const point of seen) {
    const [id] = point;
    if (marked.results.has(id)) ring(pen, place(point), radius + 2.5, ink, 1.5);
    if (id === marked.query) ring(pen, place(point), radius + 5, accent, 2.5);
  }
  if (current) ring(pen, place(current), radius + 8, accent, 1.5);
}

function visible(point) {
  const [x, y] = place(point);
  const { clientWidth, clientHeight } = $("map");
  return x > -MARGIN && y > -MARGIN && x < clientWidth + MARGIN && y < clientHeight + MARGIN;
}

function ring(pen, [x, y], radius, style, width) {
  pen.strokeStyle = style;
  pen.lineWidth = width;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.stroke();
}

function hang(pen, [id], x, y) {
  const image = thumbnail(id);
  if (!image.complete || !image.naturalWidth) return false;
  const scale = (view.scale * 4) / Math.max(image.naturalWidth, image.naturalHeight);
  const size = Math.min(scale, 1);
  const [width, height] = [image.naturalWidth * size, image.naturalHeight * size];
  pen.drawImage(image, x - width / 2, y - height / 2, width, height);
  return true;
}

function thumbnail(id) {
  if (!thumbnails.has(id)) {
    const image = new Image();
    image.src = `pictures/${id}?size=256&v=${version}`;
    image.addEventListener("load", () => requestAnimationFrame(draw));
    thumbnails.set(id, image);
  }
  return thumbnails.get(id);
}

// Hues spread by the golden angle: any number of styles, neighbours in the list far apart.
function colour(style) {
  if (style < 0) return "#8a8580";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return `oklch(${dark ? 0.72 : 0.58} 0.12 ${(30 + 137.5 * style) % 360})`;
}

// -- pointer, fingers and keys ------------------------------------------------------------------

function wire() {
  const canvas = $("map");
  const fingers = new Map();
  let travelled = 0;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), at(event));
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    travelled = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = at(event);
    const before = fingers.get(event.pointerId);
    if (!before) return look(nearest(now, REACH));
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) zoom(gap(now, other) / gap(before, other), other);
    else move(now[0] - before[0], now[1] - before[1]);
    travelled += gap(now, before);
    fingers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel"])
    canvas.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      if (end === "pointerup" && travelled < 5) choose(nearest(at(event), REACH));
    });
  canvas.addEventListener("keydown", key);
  window.addEventListener("resize", () => canvas.clientWidth && fit());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    legend();
    draw();
  });
}

const at = ({ offsetX, offsetY }) => [offsetX, offsetY];
const gap = ([ax, ay], [bx, by]) => Math.max(1, Math.hypot(ax - bx, ay - by));

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function key(event) {
  if (event.key in STEPS) step(STEPS[event.key]);
  else if (event.key === "+" || event.key === "=") zoom(1.5, current ? place(current) : undefined);
  else if (event.key === "-") zoom(1 / 1.5);
  else if (event.key === "Enter" && current) choose(current);
  else return;
  event.preventDefault();
}

// To the nearest work that lies more in this direction than beside it.
function step([dx, dy]) {
  const middle = [$("map").clientWidth / 2, $("map").clientHeight / 2];
  const from = current ? place(current) : middle;
  const ahead = (point) => {
    if (point === current) return false;
    const [x, y] = place(point);
    const along = (x - from[0]) * dx + (y - from[1]) * dy;
    return along > 0 && along >= Math.abs((x - from[0]) * dy + (y - from[1]) * dx);
  };
  look(nearest(from, Infinity, ahead) ?? current);
  follow();
}

// Keeps the work that the keys have reached in sight.
function follow() {
  if (!current) return;
  const [x, y] = place(current);
  const { clientWidth, clientHeight } = $("map");
  if (x < PAN || y < PAN || x > clientWidth - PAN || y > clientHeight - PAN)
    move(clientWidth / 2 - x, clientHeight / 2 - y);
}

function choose(point) {
  if (point) open(point[0]);
}

async function look(point) {
  if (point === current) return;
  current = point;
  $("map").style.cursor = point ? "pointer" : "grab";
  requestAnimationFrame(draw);
  if (!point) return;
  if (!labels.has(point[0])) labels.set(point[0], spoken(await get(`api/items/${point[0]}`)));
  if (current === point) $("map-label").textContent = labels.get(point[0]);
}

function legend() {
  const buttons = styles.map((name, style) =>
    make(
      "button",
      { type: "button", "aria-pressed": String(only === style), onclick: () => light(style) },
      make("span", { class: "swatch", style: `background: ${colour(style)}` }),
      name,
    ),
  );
  $("legend").replaceChildren(...buttons.map((button) => make("li", {}, button)));
}

function light(style) {
  only = only === style ? null : style;
  legend();
  draw();
}
