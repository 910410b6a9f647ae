// Builds what pages load into ../built: names with a hash of the content, each file also compressed, and a manifest.
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const out = join(here, "..", "built");
const entries = ["console.css", "console.js", "charts.js", "passkeys.js", "icon.svg"];

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const { outputFiles, metafile } = await build({
  entryPoints: entries.map((name) => join(here, "src", name)),
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2020",
  entryNames: "[name]-[hash]",
  loader: { ".svg": "copy" },
  legalComments: "none",
  metafile: true,
  write: false,
  logLevel: "warning",
  absWorkingDir: here,
});

for (const { path, contents } of outputFiles) {
  writeFileSync(path, contents);
  writeFileSync(`${path}.gz`, gzipSync(contents, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}
const manifest = {};
for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
  if (entryPoint) manifest[basename(entryPoint)] = basename(path);
}
for (const name of entries.filter((name) => name.endsWith(".svg"))) {
  const made = outputFiles.find(({ path }) => basename(path).startsWith(basename(name, ".svg")) && path.endsWith(".svg"));
  manifest[name] = basename(made.path);
}
// Last: whoever finds it finds everything.
writeFileSync(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
