// The part of the map in sight: places in the unit square to pixels of the canvas, and back.

const MARGIN = 24;
const CLOSEST = 40; // greatest magnification

const view = { scale: 1, x: 0.5, y: 0.5 }; // magnification and the place in the middle
const size = { width: 1, height: 1 }; // of the canvas, in CSS pixels

export const magnification = () => view.scale;
export const middle = () => [size.width / 2, size.height / 2];

// Gives the canvas the pixels of its place on the screen.
export function fit(canvas) {
  [size.width, size.height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = size.width * window.devicePixelRatio;
  canvas.height = size.height * window.devicePixelRatio;
}

export function place([, x, y]) {
  const [width, height] = inner();
  return [
    MARGIN + width * (0.5 + (x - view.x) * view.scale),
    MARGIN + height * (0.5 + (y - view.y) * view.scale),
  ];
}

export function zoom(factor, [px, py] = middle()) {
  const [width, height] = inner();
  const dx = (px - MARGIN) / width - 0.5;
  const dy = (py - MARGIN) / height - 0.5;
  const scale = Math.min(CLOSEST, Math.max(1, view.scale * factor));
  // What lies under the pointer stays there.
  view.x += dx / view.scale - dx / scale;
  view.y += dy / view.scale - dy / scale;
  view.scale = scale;
  move(0, 0);
}

export function move(dx, dy) {
  const [width, height] = inner();
  view.x = clamp(view.x - dx / width / view.scale);
  view.y = clamp(view.y - dy / height / view.scale);
}

// Whether a place lies within `edge` pixels inside the frame, or outside for a negative one.
export function within([x, y], edge) {
  return x > edge && y > edge && x < size.width - edge && y < size.height - edge;
}

const inner = () => [size.width - 2 * MARGIN, size.height - 2 * MARGIN];
const clamp = (value) => Math.min(1, Math.max(0, value));
