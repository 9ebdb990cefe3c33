// What is asked of the columns: { brand: ["A", "B"], price__lte: ["20"] }, as the API takes it.

import { isOurs } from "./address.js";

const OURS_ELSEWHERE = new Set([
  "k", "max_distance", "diversity", "one_per", "one_per_artist", "fold", "where",
  "sample", "offset", "limit", "from", "to", "liked", "disliked", "picture",
]); // parameters of the API
const FORMER = { hide: "creator__not", hide_artist: "creator__not", style: "group", artist: "creator" };
const OPERATOR = /__(not|like|gte?|lte?|null)$/;

// The parameter that a column is asked by.
export function parameter(column) {
  return isOurs(column) || OURS_ELSEWHERE.has(column) ? `fields.${column}` : column;
}

// The same with columns by their names, without what is no column: an address may say anything.
export function known(where, { columns, roles }) {
  const found = {};
  for (const [written, values] of Object.entries(where)) {
    const name = inForm(written, columns, roles);
    if (name) found[name] = [...(found[name] ?? []), ...values];
  }
  return found;
}

function inForm(written, columns, roles) {
  const bare = written.replace(/^fields[.]/, "");
  if (columns.some(({ name }) => name === bare)) return parameter(bare);
  if (written === "from" || written === "to") return roles.year ? written : null;
  const current = FORMER[bare] ?? bare;
  const [operator = ""] = current.match(OPERATOR) ?? [];
  const start = operator ? current.slice(0, -operator.length) : current;
  const column = columns.some(({ name }) => name === start) ? start : roles[FORMER[start] ?? start];
  return column ? parameter(column) + operator : null;
}

// One parameter with other values; with none it is gone.
export function changed(where, name, values) {
  const { [name]: _, ...others } = where;
  return values.length ? { ...others, [name]: values } : others;
}

// "list_price" in a sentence: "list price".
export const spoken = (column) => column.replaceAll("_", " ").toLowerCase();

// The same as a heading.
export function heading(column) {
  const text = column.replaceAll("_", " ");
  return text[0].toUpperCase() + text.slice(1);
}
