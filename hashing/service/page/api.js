// Every request of the page. A failure is a Problem with one sentence for the visitor.

import { excuse, t } from "./words.js";

export class Problem extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message.charAt(0).toUpperCase() + message.slice(1) + (message.endsWith(".") ? "" : "."));
    this.code = code;
  }

  // Whether waiting may help: the server is restarting, busy, or the index is being rebuilt.
  get passing() {
    return ["unreachable", "index_unavailable", "busy", "too_often"].includes(this.code);
  }
}

/** @typedef {Record<string, unknown>} Query values, lists of values, or null for what is not asked */

/** @type {string | null} */
let index = null; // "identity generation" of the collection that answered last
/** @type {(rebuilt: boolean) => void} */
let onChange = () => {};

/** @type {() => void} */
let onThere = () => {};

// Hears of every answer: the server is there.
/** @param {() => void} listener */
export const onAnswer = (listener) => void (onThere = listener);

// The identity of the collection that answered last; one that is built anew has another.
export const collection = () => index?.split(" ")[0] ?? null;

/**
 * @param {(rebuilt: boolean) => void} listener hears when the collection has changed between answers
 */
export function onChanged(listener) {
  onChange = listener;
}

/** @param {string} path @param {Query} [query] @returns {Promise<any>} */
export function get(path, query = {}) {
  return request(path + text(query));
}

/** @param {string} path @returns {Promise<ArrayBuffer>} */
export async function getBytes(path) {
  const response = await answer(path);
  return whole(response.arrayBuffer());
}

/**
 * Sends a picture; `fetch` tells nobody how far it is.
 *
 * @param {string} path @param {Query} query @param {Record<string, string | Blob>} fields
 * @param {{ signal: AbortSignal, progress: (share: number) => void }} how progress: 0 to 1
 * @returns {Promise<any>} rejects with an AbortError once the signal says so
 */
export function upload(path, query, fields, { signal, progress }) {
  const call = new XMLHttpRequest();
  call.open("POST", new URL(path + text(query), document.baseURI));
  call.responseType = "json";
  call.upload.addEventListener("progress", ({ loaded, total }) => progress(loaded / total));
  const stop = () => call.abort();
  signal.addEventListener("abort", stop);
  return new Promise((resolve, reject) => {
    call.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    call.addEventListener("error", () => reject(new Problem("unreachable", t("problem.unreachable"))));
    call.addEventListener("load", () => {
      notice(call.getResponseHeader("arthash-index"));
      if (call.status >= 400) return reject(problemOf(call.status, call.response));
      onThere();
      resolve(call.response);
    });
    if (signal.aborted) return reject(new DOMException("stopped", "AbortError"));
    call.send(form(fields));
  }).finally(() => signal.removeEventListener("abort", stop));
}

/** @param {string} path @param {Query} query @param {Record<string, string | Blob>} fields @returns {Promise<any>} */
export function postForm(path, query, fields) {
  return request(path + text(query), { method: "POST", body: form(fields) });
}

/** @param {Record<string, string | Blob>} fields */
function form(fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return body;
}

/** @param {string} path @param {Query} value @returns {Promise<any>} */
export function postJson(path, value) {
  const there = Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null && one !== undefined));
  const headers = { "Content-Type": "application/json" };
  return request(path, { method: "POST", headers, body: JSON.stringify(there) });
}

/** @param {Query} query */
export function text(query) {
  const result = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== null && one !== undefined && one !== "") result.append(name, String(one));
  const written = String(result);
  return written && `?${written}`;
}

/** @param {string} path @param {RequestInit} [options] @returns {Promise<any>} */
async function request(path, options) {
  const response = await answer(path, options);
  return whole(response.json());
}

// A body that has broken off on its way.
/** @template T @param {Promise<T>} body @returns {Promise<T>} */
const whole = (body) =>
  body.catch(() => {
    throw new Problem("unreachable", t("problem.unreachable"));
  });

/** @param {string} path @param {RequestInit} [options] @returns {Promise<Response>} a good one */
async function answer(path, options) {
  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), options);
  } catch {
    throw new Problem("unreachable", t("problem.unreachable"));
  }
  // What tells of a picture may be as old as the browser's store.
  if (path.startsWith("api/")) notice(response.headers.get("arthash-index"));
  if (!response.ok) throw problemOf(response.status, await response.json().catch(() => null));
  onThere();
  return response;
}

/** @param {number} status @param {{ error?: { code?: string, message?: string } } | null} body */
function problemOf(status, body) {
  const nobody = [502, 503, 504].includes(status); // a proxy's own answer: there is no server behind it
  const { code = nobody ? "unreachable" : "defect", message = t("problem.status", { status }) } = body?.error ?? {};
  return new Problem(code, excuse(code) ?? message);
}

// Of which collection an answer is, in the words of its header. An older generation is no news: of
// several processes one may be behind, and both would be news in turn.
/** @param {string | null} now */
export function notice(now) {
  if (!now) return;
  const [name, generation] = now.split(" ");
  const [known, last] = index?.split(" ") ?? [];
  if (name === known && !(Number(generation) > Number(last))) return;
  index = now;
  if (known !== undefined) onChange(name !== known);
}
