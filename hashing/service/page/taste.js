// What this visitor likes and dislikes. It lives in this browser's storage and nowhere else.

import { $, make } from "./dom.js";
import { count } from "./panels.js";

const CHIP_SIDE = 96;

let key = "arthash.taste";
let entries = []; // { id or code, title, src, liked }
let changed = () => {};

export function start(actions) {
  changed = actions.changed;
  $("taste-show").addEventListener("click", actions.show);
  $("taste-clear").addEventListener("click", () => keep([]));
}

// Ids mean something within one index only, so each index has a taste of its own.
export function load(index) {
  key = `arthash.taste.${index}`;
  try {
    entries = JSON.parse(localStorage.getItem(key)) ?? [];
  } catch {
    entries = [];
  }
  draw();
}

export function works() {
  const of = (liked) => entries.filter((e) => e.liked === liked).map((e) => e.id ?? e.code);
  return { liked: of(true), disliked: of(false) };
}

// What is liked, in the order of `works`: { work or code, title }.
export function liked() {
  return entries.filter((e) => e.liked).map(({ id, code, title }) => ({ work: id, code, title: title ?? "Untitled" }));
}

// Two buttons that say what the visitor thinks of a work, { id or code, title }.
//
// show: gives the address of the picture on its chip, or a promise of it.
export function opinions(work, show) {
  const pair = [["Like", true], ["Dislike", false]].map(([name, liked]) =>
    make("button", { type: "button", onclick: () => choose(liked) }, name),
  );
  const press = () =>
    pair.forEach((button, i) => button.setAttribute("aria-pressed", String(opinion(work) === (i === 0))));
  const choose = async (liked) => {
    if (opinion(work) === liked) remove(work);
    else add(work, await show(), liked);
    press();
  };
  press();
  return pair;
}

// true liked, false disliked, null neither.
function opinion(work) {
  return entries.find((entry) => same(entry, work))?.liked ?? null;
}

function add(work, src, liked) {
  const { id, code, title } = work;
  const others = entries.filter((entry) => !same(entry, work));
  keep([...others, id === undefined ? { code, title, src, liked } : { id, title, src, liked }]);
}

function remove(work) {
  keep(entries.filter((entry) => !same(entry, work)));
}

// A small copy of a picture of the visitor's own, to be shown on its chip after a reload.
export async function tiny(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const scale = CHIP_SIDE / Math.max(image.naturalWidth, image.naturalHeight);
  const canvas = make("canvas", {});
  canvas.width = Math.max(1, image.naturalWidth * scale);
  canvas.height = Math.max(1, image.naturalHeight * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.8);
}

const same = (a, b) => (a.id === undefined ? a.code === b.code : a.id === b.id);

function keep(next) {
  entries = next;
  try {
    localStorage.setItem(key, JSON.stringify(entries));
  } catch {
    // A full or forbidden storage: the taste then lasts as long as the page.
  }
  draw();
  changed();
}

function draw() {
  $("chips").replaceChildren(...entries.map(chip));
  const liked = entries.filter((entry) => entry.liked).length;
  $("taste-empty").hidden = entries.length > 0;
  $("taste-show").disabled = liked === 0;
  $("taste-clear").disabled = entries.length === 0;
  count("taste", entries.length);
}

function chip(entry) {
  const name = entry.title ?? "Untitled";
  return make(
    "li",
    { class: entry.liked ? "chip" : "chip disliked" },
    make("img", { src: entry.src, alt: name }),
    make("span", {}, make("i", {}, name), make("span", { class: "quiet" }, entry.liked ? "liked" : "disliked")),
    make("button", { type: "button", "aria-label": `Forget ${name}`, onclick: () => remove(entry) }, "Remove"),
  );
}
