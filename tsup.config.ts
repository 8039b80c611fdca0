import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "tsup";

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
  exports: Record<string, { default?: string }>;
  bin?: Record<string, string>;
};

/** `./dist/uio/index.js` is built from `src/uio/index.ts`: the manifest alone says what the package offers. */
function entriesOf(files: readonly string[]): Record<string, string> {
  const names = files.map((file) => file.replace(/^(\.\/)?dist\//, "").replace(/\.js$/, ""));
  return Object.fromEntries(names.map((name) => [name, `src/${name}.ts`]));
}

/** Programs that the library starts as processes of their own, and protocols of its own, which are found as files. */
function fileEntries(): Record<string, string> {
  const names = readdirSync("src", { recursive: true, encoding: "utf8" });
  return entriesOf(
    names.filter((name) => /-(main|protocol)\.ts$/.test(name)).map((name) => name.replace(/\.ts$/, ".js")),
  );
}

const library = entriesOf(Object.values(manifest.exports).flatMap((target) => target.default ?? []));

export default defineConfig({
  entry: { ...library, ...entriesOf(Object.values(manifest.bin ?? {})), ...fileEntries() },
  format: "esm",
  target: "node20",
  platform: "node",
  removeNodeProtocol: false,
  splitting: true,
  sourcemap: true,
  clean: true,
  silent: true,
  dts: {
    entry: library,
    // Its type package is CommonJS, which readers with other module settings would see in another shape.
    resolve: ["typed-emitter"],
    // The bundler sets baseUrl, which TypeScript 6 deprecates.
    compilerOptions: { ignoreDeprecations: "6.0" },
  },
});
