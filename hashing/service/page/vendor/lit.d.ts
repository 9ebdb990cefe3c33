// What of lit 3 the page uses; `npm run vendor` bundles exactly this into lit.js.
export * from "lit";
export { classMap } from "lit/directives/class-map.js";
export { live } from "lit/directives/live.js";
export { repeat } from "lit/directives/repeat.js";
