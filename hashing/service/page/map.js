// The map of the collection: like beside like, looked at with pointer, fingers or keys.

import { get } from "./api.js";
import { colour, draw } from "./chart.js";
import { $, label, make, picture, say } from "./dom.js";
import * as view from "./view.js";
import { heading } from "./where.js";

const REACH = 18; // pixels around the pointer
const NEIGHBOURS = 4; // a picture that hangs nowhere lies amid this many of its results
const EDGE = 60; // pixels that the keys keep between their work and the frame
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

let points = null; // [id, x, y, group]
let near = []; // the work asked with, or those amid which an uploaded picture lies
let groups = [];
let role = ""; // what they are called
let open = () => {};
let version = "";
let wired = false; // whether the map listens
let pending = false; // whether a drawing is due
const works = new Map(); // id -> what its label says
const look = {
  only: null, // the one group that is lit
  results: new Set(),
  query: null, // the place of what was asked with
  current: null, // the point under the pointer or the keys
  address: (id) => `pictures/${id}?size=128&v=${version}`,
  again: redraw,
};

// Called anew when the collection has changed: its map is asked for when it is next looked at.
export function prepare(facets) {
  version = facets.index.slice(0, 8);
  role = facets.roles.group ? heading(facets.roles.group) : "";
  points = null;
  look.only = null;
  works.clear();
  look.current = null;
  $("map-label").replaceChildren();
}

export function mark(state, answer) {
  const found = answer.results ?? (state.q ? answer.works : []);
  look.results = new Set(found.map(({ id }) => id));
  near = state.work !== null ? [state.work] : state.code ? [...look.results].slice(0, NEIGHBOURS) : [];
  redraw();
}

export async function show(openWork) {
  open = openWork;
  if (!points) {
    try {
      ({ points, groups } = await get("api/map"));
    } catch (problem) {
      return say(problem.message);
    }
    if (!wired) wire($("map"));
    wired = true;
    legend();
  }
  view.fit($("map"));
  redraw();
}

function redraw() {
  if (pending || !points) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    look.query = amid(near);
    draw($("map"), points, look);
  });
}

// The middle of some works' points; null where none of them is on the map.
function amid(ids) {
  const there = points.filter(([id]) => ids.includes(id));
  const mean = (axis) => there.reduce((sum, point) => sum + point[axis], 0) / there.length;
  return there.length ? [null, mean(1), mean(2)] : null;
}

function nearest([px, py], reach, allowed = () => true) {
  let best = null;
  let least = reach;
  for (const point of points) {
    if (!allowed(point)) continue;
    const [x, y] = view.place(point);
    const gap = Math.hypot(x - px, y - py);
    if (gap < least) [best, least] = [point, gap];
  }
  return best;
}

// -- pointer, fingers and keys ------------------------------------------------------------------

function wire(canvas) {
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
    if (!before) return turnTo(nearest(now, REACH));
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) zoom(gap(now, other) / gap(before, other), other);
    else move(now[0] - before[0], now[1] - before[1]);
    travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
    fingers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel"])
    canvas.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      if (end === "pointerup" && travelled < 5) choose(nearest(at(event), REACH));
    });
  canvas.addEventListener("keydown", key);
  window.addEventListener("resize", () => {
    if (!canvas.clientWidth) return;
    view.fit(canvas);
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    legend();
    redraw();
  });
}

const at = ({ offsetX, offsetY }) => [offsetX, offsetY];
const gap = ([ax, ay], [bx, by]) => Math.max(1, Math.hypot(ax - bx, ay - by));

function zoom(factor, place) {
  view.zoom(factor, place);
  redraw();
}

function move(dx, dy) {
  view.move(dx, dy);
  redraw();
}

function key(event) {
  const { current } = look;
  if (event.key in STEPS) step(STEPS[event.key]);
  else if (event.key === "+" || event.key === "=") zoom(1.5, current ? view.place(current) : undefined);
  else if (event.key === "-") zoom(1 / 1.5);
  else if (event.key === "Enter" && current) choose(current);
  else return;
  event.preventDefault();
}

// To the nearest work that lies more in this direction than beside it.
function step([dx, dy]) {
  const { current } = look;
  const from = current ? view.place(current) : view.middle();
  const ahead = (point) => {
    if (point === current) return false;
    const [x, y] = view.place(point);
    const along = (x - from[0]) * dx + (y - from[1]) * dy;
    return along > 0 && along >= Math.abs((x - from[0]) * dy + (y - from[1]) * dx);
  };
  turnTo(nearest(from, Infinity, ahead) ?? current);
  const reached = look.current && view.place(look.current);
  if (reached && !view.within(reached, EDGE)) {
    const [x, y] = view.middle();
    move(x - reached[0], y - reached[1]);
  }
}

function choose(point) {
  if (point) open(point[0]);
}

// Hangs the work that pointer or keys have reached in the corner.
async function turnTo(point) {
  if (point === look.current) return;
  look.current = point;
  $("map").style.cursor = point ? "pointer" : "grab";
  redraw();
  if (!point) return;
  const [id] = point;
  if (!works.has(id)) works.set(id, await get(`api/items/${id}`));
  if (look.current === point) $("map-label").replaceChildren(picture(works.get(id)), label(works.get(id)));
}

// -- groups -------------------------------------------------------------------------------------

function legend() {
  const buttons = groups.map((name, group) =>
    make(
      "button",
      { type: "button", "aria-pressed": String(look.only === group), onclick: () => light(group) },
      make("span", { class: "swatch", style: `background: ${colour(group)}` }),
      name,
    ),
  );
  $("legend").setAttribute("aria-label", role);
  $("legend").replaceChildren(...buttons.map((button) => make("li", {}, button)));
}

function light(group) {
  look.only = look.only === group ? null : group;
  legend();
  redraw();
}
