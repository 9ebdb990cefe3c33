// A picture is made smaller here before it travels: the network looks at a few hundred pixels only.

import { Problem } from "./api.js";
import { t } from "./words.js";

const LONGEST = 1600; // pixels of the longer side
const QUALITY = 0.92;
const PROBE = 32; // side of the copy that is asked whether anything is transparent

/**
 * The picture upright and at most 1,600 pixels long, as JPEG, or PNG where parts are transparent.
 * One that is small already, grows by it, or that this browser cannot read goes as it is; a Problem
 * where there is nothing to send.
 *
 * @param {Blob} file
 * @returns {Promise<Blob>}
 */
export async function reduced(file) {
  await present(file);
  const image = await read(file);
  if (!image) return file;
  try {
    const [width, height] = fitted(image.width, image.height);
    if (width === image.width && height === image.height) return file;
    const smaller = await encoded(image, width, height, isTransparent(image));
    return smaller && smaller.size < file.size ? smaller : file;
  } finally {
    image.close();
  }
}

/**
 * @param {number} width
 * @param {number} height
 * @returns {[number, number]} the same shape, no longer than is sent
 */
export function fitted(width, height) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

// A file that has gone, or a folder, would break off on its way, as if there were no server.
/** @param {Blob} file */
async function present(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem("unreadable_picture", t("problem.unreadable_picture"));
  }
}

// Turned as the camera was held: the browser minds what the file says of it.
/** @param {Blob} file @returns {Promise<ImageBitmap | null>} null for what it cannot read */
async function read(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}

/** @param {ImageBitmap} image @param {number} width @param {number} height */
function drawn(image, width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, width, height);
  return { canvas, pen };
}

/** @param {ImageBitmap} image */
function isTransparent(image) {
  const { data } = drawn(image, PROBE, PROBE).pen.getImageData(0, 0, PROBE, PROBE);
  return data.some((value, place) => place % 4 === 3 && value < 255);
}

/** @param {ImageBitmap} image @param {number} width @param {number} height @param {boolean} transparent @returns {Promise<Blob | null>} */
function encoded(image, width, height, transparent) {
  const { canvas } = drawn(image, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, transparent ? "image/png" : "image/jpeg", QUALITY));
}
