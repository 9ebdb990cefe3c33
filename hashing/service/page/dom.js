// The few helpers that every part of the page uses.

export const $ = (id) => document.getElementById(id);

// make("p", { class: "label", onclick }, "text", child): an element; text is never read as markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function say(text) {
  $("message").textContent = text;
}

// A picture of which nothing is known goes by its file's name.
export function named({ title, creator, file }) {
  if (title) return title;
  return creator || !file ? "Untitled" : file.split("/").pop().replace(/\.\w+$/, "");
}

// "Water Lilies, Claude Monet, 1906": for alternative texts and names of controls.
export function spoken(work) {
  return [named(work), work.creator, work.year].filter(Boolean).join(", ");
}

// The label beside a picture, as on a museum's wall.
export function label(work, ...more) {
  const maker = [work.creator, work.year].filter(Boolean).join(", ");
  return make(
    "span",
    { class: "label" },
    make("i", {}, named(work)),
    maker ? make("span", {}, maker) : null,
    ...more,
  );
}

export function picture(work, attributes = {}) {
  const { picture: src, width, height } = work;
  return make("img", { src: src.slice(1), width, height, alt: spoken(work), ...attributes });
}
