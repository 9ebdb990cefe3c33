import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/vendor/lit.js", "**/*.d.ts", "site/", ".venv/", "demo/", "runs/", "build/"] },
  js.configs.recommended,
  {
    files: ["hashing/service/page/**/*.js"],
    languageOptions: { globals: globals.browser },
  },
  { files: ["tests/page/**/*.js"], languageOptions: { globals: globals.node } },
  {
    rules: {
      eqeqeq: "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
];
