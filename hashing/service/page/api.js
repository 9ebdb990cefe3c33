// Every request of the page. A failure is a Problem with one sentence for the visitor.

export class Problem extends Error {
  constructor(code, message) {
    super(message[0].toUpperCase() + message.slice(1) + (message.endsWith(".") ? "" : "."));
    this.code = code;
  }

  // Whether waiting may help: the server is restarting, or the index is being rebuilt.
  get passing() {
    return this.code === "unreachable" || this.code === "index_unavailable";
  }
}

let index = null; // "identity generation" of the collection that answered last

export function get(path, query = {}) {
  const text = String(parameters(query));
  return request(text ? `${path}?${text}` : path);
}

export function postForm(path, query, fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return request(`${path}?${parameters(query)}`, { method: "POST", body: form });
}

export function postJson(path, value) {
  const headers = { "Content-Type": "application/json" };
  return request(path, { method: "POST", headers, body: JSON.stringify(value) });
}

function parameters(query) {
  const result = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== null && one !== undefined && one !== "") result.append(name, one);
  return result;
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), options);
  } catch {
    throw new Problem("unreachable", "The server does not answer.");
  }
  notice(response.headers.get("arthash-index"));
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const { code = "defect", message = `the server answered ${response.status}` } = body.error ?? {};
  const start = code === "unreadable_picture" ? "this picture could not be read: " : "";
  throw new Problem(code, start + message);
}

// Tells the page when the collection has changed since the last answer.
function notice(now) {
  const before = index;
  if (!now || now === before) return;
  index = now;
  const rebuilt = before?.split(" ")[0] !== now.split(" ")[0];
  if (before) window.dispatchEvent(new CustomEvent("arthash:changed", { detail: { rebuilt } }));
}
