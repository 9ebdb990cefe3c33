// A picture, dimmed but for the regions that carry an agreement.

import { html } from "../vendor/lit.js";
import { Part } from "./part.js";

const DARKEST = 0.6;

/**
 * @param {string} src
 * @param {number[][]} cells rows of how much each region carries, at most 1
 * @param {boolean} centred whether they cover the centre square alone: nothing is known of the rest
 * @param {string} name
 */
export const lit = (src, cells, centred, name) =>
  html`<ah-regions .src=${src} .cells=${cells} .centred=${centred} .name=${name}></ah-regions>`;

class Regions extends Part {
  static properties = {
    src: { attribute: false },
    cells: { attribute: false },
    centred: { attribute: false },
    name: { attribute: false },
  };

  constructor() {
    super();
    this.src = "";
    /** @type {number[][]} */
    this.cells = [];
    this.centred = false;
    this.name = "";
  }

  render() {
    return html`<canvas role="img" aria-label=${this.name}></canvas>`;
  }

  async updated() {
    const { src } = this;
    const image = new Image();
    image.src = src;
    try {
      await image.decode();
    } catch {
      return; // a picture that is gone leaves an empty sheet with its name
    }
    if (src !== this.src) return; // another one has been asked for meanwhile
    draw(/** @type {HTMLCanvasElement} */ (this.find("canvas")), image, this.cells, this.centred);
  }
}

/** @param {HTMLCanvasElement} canvas @param {HTMLImageElement} image @param {number[][]} cells @param {boolean} centred */
function draw(canvas, image, cells, centred) {
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.drawImage(image, 0, 0);
  const side = Math.min(width, height);
  const [across, down] = centred ? [side, side] : [width, height];
  const [left, top] = [(width - across) / 2, (height - down) / 2];
  pen.fillStyle = dark(0);
  pen.fillRect(0, 0, left, height);
  pen.fillRect(left + across, 0, left, height);
  pen.fillRect(left, 0, across, top);
  pen.fillRect(left, top + down, across, top);
  pen.save();
  pen.beginPath();
  pen.rect(left, top, across, down);
  pen.clip();
  // Few cells are no mosaic: they are where light falls, and light has soft edges.
  pen.imageSmoothingQuality = "high";
  pen.filter = `blur(${across / cells[0].length / 3}px)`;
  const bleed = across / cells[0].length;
  pen.drawImage(shade(cells), left - bleed, top - bleed, across + 2 * bleed, down + 2 * bleed);
  pen.restore();
}

// The cells with their edges repeated around them, so that a blur does not lighten the rim.
/** @param {number[][]} cells */
function shade(cells) {
  const [rows, columns] = [cells.length + 2, cells[0].length + 2];
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: columns, height: rows });
  const pen = canvas.getContext("2d");
  const inside = (/** @type {number} */ at, /** @type {number} */ most) => Math.min(Math.max(at - 1, 0), most - 3);
  for (let y = 0; pen && y < rows; y++)
    for (let x = 0; x < columns; x++) {
      pen.fillStyle = dark(cells[inside(y, rows)][inside(x, columns)]);
      pen.fillRect(x, y, 1, 1);
    }
  return canvas;
}

/** @param {number} value */
const dark = (value) => `rgb(0 0 0 / ${DARKEST * (1 - Math.max(value, 0))})`;

customElements.define("ah-regions", Regions);
