// The API's description as a page, drawn from /openapi.json without anything from elsewhere.

import { get } from "./api.js";
import { $, make } from "./dom.js";

const description = await get("openapi.json");
const schemas = description.components.schemas;
$("intro").textContent = description.info.description;
for (const [path, operations] of Object.entries(description.paths))
  for (const [method, operation] of Object.entries(operations))
    $("routes").append(...route(method, path, operation));

function route(method, path, operation) {
  const fields = [...parameters(operation), ...body(operation)];
  const answer = operation.responses[200].content?.["application/json"]?.schema;
  return [
    make("h2", {}, make("code", {}, `${method.toUpperCase()} ${path}`)),
    make("p", {}, operation.description),
    fields.length ? make("table", {}, make("tbody", {}, ...fields.map(row))) : "",
    answer ? make("pre", {}, JSON.stringify(example(answer), null, 2)) : "",
  ];
}

function parameters({ parameters = [] }) {
  return parameters.map(({ name, schema, description }) => ({ name, schema, description }));
}

function body({ requestBody }) {
  const schema = resolve(Object.values(requestBody?.content ?? {})[0]?.schema ?? {});
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    schema: property,
    description: property.description,
  }));
}

function row({ name, schema, description = "" }) {
  const text = String(schema.default ?? "");
  const fallback = text ? ` (${text})` : "";
  return make("tr", {}, make("td", {}, make("code", {}, name)), make("td", {}, description + fallback));
}

function resolve(schema) {
  const name = schema.$ref?.split("/").pop();
  return name ? schemas[name] : schema;
}

// What an answer looks like: its examples where there are some, else its types.
function example(given) {
  const schema = resolve(given);
  if (schema.examples) return schema.examples[0];
  if (schema.anyOf) return example(schema.anyOf[0]);
  if (schema.type === "array") return [schema.items ? example(schema.items) : schema.prefixItems.map(example)].flat();
  if (schema.properties)
    return Object.fromEntries(Object.entries(schema.properties).map(([k, v]) => [k, example(v)]));
  return schema.type ?? "any";
}
