// What is kept in this browser: nowhere else, and not at all where storage is full or forbidden.

/** @param {string} name @returns {unknown} */
export function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(`arthash.${name}`) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} name @param {unknown} value @returns {boolean} whether it outlasts the page */
export function keep(name, value) {
  try {
    localStorage.setItem(`arthash.${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} name @param {string} type @param {string} text */
export function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
