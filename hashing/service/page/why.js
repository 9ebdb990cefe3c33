// Why this? The bits of both codes, the regions that carry the agreement, the nearest groups.

import { go } from "./address.js";
import { get, postForm } from "./api.js";
import { make } from "./dom.js";
import * as taste from "./taste.js";
import { heading } from "./where.js";

const CELLS_ACROSS = 32;
const NOT_HERE = "It is not on this wall.";

// A folded part of the open work; none where the wall does not hang by likeness.
export function why(work, page) {
  const { work: asked, code, taste: byTaste } = page.question();
  if (asked === null && !code && !byTaste) return null;
  const content = make("div", {});
  const folded = make("details", { id: "why" }, make("summary", {}, "Why this?"), content);
  folded.addEventListener("toggle", () => folded.open && fill(content, work, page));
  return folded;
}

// What a work is compared with, { work } or { code }: what was asked with, or of all that the
// visitor likes what is nearest to it, { …, title }.
function origin({ id }, { work, code, answer }) {
  if (work !== null) return { work };
  if (code) return { code };
  const place = answer.results?.find((result) => result.id === id)?.nearest_like;
  return taste.liked()[place] ?? null;
}

async function fill(content, work, page) {
  await page.settled();
  const question = page.question();
  const { bits } = question.answer;
  const from = origin(work, question);
  if (!from) return content.replaceChildren(make("p", { class: "note" }, NOT_HERE));
  try {
    const found = await explain(from, question.uploads, work.id, bits);
    const parts = [
      lengths(bits, page.facets().lengths, (length) => measure(content, work, page, length)),
      from.title ? make("p", {}, "Of what you like, ", make("i", {}, from.title), " is nearest to it.") : null,
      make("p", {}, summary(found, question.answer, work)),
      pattern(found),
      regions(found, from, question.uploads, work),
      groups(question.answer.groups, page.facets().roles.group),
    ];
    content.replaceChildren(...parts.filter(Boolean));
  } catch (problem) {
    content.replaceChildren(make("p", { class: "note" }, problem.message));
  }
}

function explain({ work, code }, uploads, id, bits) {
  const picture = uploads.get(code);
  if (!code) return get("api/explain", { work, id, bits });
  if (!picture) return get("api/explain", { code, id, bits });
  return postForm("api/explain", { id, bits }, { picture: picture.file });
}

// Another length: the wall is searched anew and this part is drawn again beside it.
async function measure(content, work, page, bits) {
  go({ bits: bits === page.facets().bits ? null : bits }, { replace: true });
  fill(content, work, page);
}

function lengths(current, all, choose) {
  const options = all.map((bits) =>
    make(
      "label",
      {},
      make("input", { type: "radio", name: "bits", value: bits, checked: bits === current, onchange: () => choose(bits) }),
      ` ${bits}`,
    ),
  );
  return make("fieldset", { class: "lengths" }, make("legend", {}, "Bits of the code"), ...options);
}

function summary({ bits, distance }, { results, search_ms }, work) {
  const place = results.find(({ id }) => id === work.id)?.rank;
  const rank = place ? `It hangs in place ${place} of this wall. ` : `${NOT_HERE} `;
  const time = `The search took ${search_ms < 1 ? search_ms.toFixed(2) : search_ms.toFixed(0)} ms.`;
  return `${bits - distance} of ${bits} bits agree. ${rank}${time}`;
}

// Two rows of cells for each line, the picture that was asked with above this work.
function pattern({ query, work, bits, distance }) {
  const lines = [];
  for (let start = 0; start < bits; start += CELLS_ACROSS)
    for (const side of [query, work])
      lines.push(make("div", {}, ...side.slice(start, start + CELLS_ACROSS).map((bit, i) => cell(bit, query[start + i] !== work[start + i]))));
  const name = `Both codes, one above the other; ${distance} of ${bits} bits differ`;
  return make("div", { class: "pattern", role: "img", "aria-label": name }, ...lines);
}

function cell(bit, differs) {
  return make("span", { class: `${bit ? "one" : "zero"}${differs ? " differs" : ""}` });
}

function regions({ query_regions, work_regions, centred }, from, uploads, work) {
  if (!work_regions) return null;
  const own = from.code ? uploads.get(from.code)?.address : `pictures/${from.work}`;
  const pair = [];
  if (query_regions && own) pair.push(lit(own, query_regions, centred, "What was asked with"));
  pair.push(lit(`pictures/${work.id}`, work_regions, centred, "This picture"));
  return make(
    "div",
    { class: "regions" },
    make("p", { class: "note" }, "Light falls where the pictures agree."),
    make("div", {}, ...pair),
  );
}

// A picture, dimmed but for the regions that carry the agreement.
//
// centred: the cells cover the picture's centre square, and nothing is known of the rest.
function lit(address, cells, centred, name) {
  const canvas = make("canvas", { role: "img", "aria-label": `${name}, lit where it carries the agreement` });
  const image = new Image();
  image.src = address;
  image.addEventListener("load", () => {
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    canvas.width = width;
    canvas.height = height;
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    pen.imageSmoothingQuality = "high";
    const side = Math.min(width, height);
    const [across, down] = centred ? [side, side] : [width, height];
    const [left, top] = [(width - across) / 2, (height - down) / 2];
    pen.drawImage(shade(cells), left, top, across, down);
    pen.fillStyle = dark(0);
    pen.fillRect(0, 0, left, height);
    pen.fillRect(left + across, 0, left, height);
    pen.fillRect(0, 0, width, top);
    pen.fillRect(0, top + down, width, top);
  });
  return canvas;
}

function shade(cells) {
  const canvas = make("canvas", {});
  canvas.width = cells[0].length;
  canvas.height = cells.length;
  const pen = canvas.getContext("2d");
  cells.forEach((row, y) =>
    row.forEach((value, x) => {
      pen.fillStyle = dark(value);
      pen.fillRect(x, y, 1, 1);
    }),
  );
  return canvas;
}

const dark = (value) => `rgb(0 0 0 / ${0.82 * (1 - Math.max(value, 0))})`;

function groups(shares, column) {
  if (!shares.length) return null;
  const rows = shares.flatMap(({ value, share }) => {
    const percent = Math.round(100 * share);
    return [
      make("dt", {}, value),
      make("dd", {}, make("span", { class: "share", style: `--share: ${share}` }), make("span", {}, `${percent} %`)),
    ];
  });
  return make("div", { class: "groups" }, make("p", { class: "note" }, `${heading(column)} of the nearest pictures`), make("dl", {}, ...rows));
}
