// Refine, Taste and Map: one folded panel is open at a time.

const OPENED = {};

export function start(onOpen) {
  Object.assign(OPENED, onOpen);
  for (const button of buttons()) button.addEventListener("click", () => toggle(button.dataset.panel));
}

export function toggle(name) {
  const open = document.body.dataset.open === name ? "" : name;
  document.body.dataset.open = open;
  for (const button of buttons())
    button.setAttribute("aria-expanded", String(button.dataset.panel === open));
  OPENED[open]?.();
}

// How many of its things are in use stands behind a panel's name.
export function count(panel, number) {
  const button = document.querySelector(`[data-panel=${panel}]`);
  const [name] = button.textContent.split(" (");
  button.textContent = number ? `${name} (${number})` : name;
}

const buttons = () => document.querySelectorAll("button[data-panel]");
