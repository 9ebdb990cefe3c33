// Bundles what vendor/lit.d.ts names into vendor/lit.js: `npm run vendor`.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

export const VENDOR = new URL("../../hashing/service/page/vendor/", import.meta.url);

export async function bundle() {
  const contents = await readFile(new URL("lit.d.ts", VENDOR), "utf8");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("../..", import.meta.url)) },
    bundle: true,
    charset: "utf8",
    format: "esm",
    legalComments: "inline",
    minify: true,
    target: "es2022",
    write: false,
  });
  return outputFiles[0].text;
}

if (process.argv.includes("--write")) await writeFile(new URL("lit.js", VENDOR), await bundle());
