import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./source.js";

interface Manifest {
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>;
  readonly bin?: Record<string, string>;
  readonly files: readonly string[];
  readonly scripts: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

const manifest = readJson<Manifest>("package.json");

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), "utf8")) as T;
}

function missing(paths: readonly string[]): string[] {
  return paths.filter((path) => !existsSync(join(root, path)));
}

/** The subpath that each folder of `src` with an index is offered under; those without are internal. */
function offeredFolders(): string[] {
  const names = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith("/index.ts"))
    .map((name) => `./${dirname(name)}`)
    .sort();
}

test("exports name built files when dist is there", () => {
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? target : [target.types, target.default],
  );
  expect(missing(targets)).toEqual([]);
});

test("exports offer every folder of src when it has an index", () => {
  const offered = Object.keys(manifest.exports).filter((name) => name !== "." && name !== "./package.json");
  expect(offered.sort()).toEqual(offeredFolders());
});

test("bin names a built program when dist is there", () => {
  expect(missing(Object.values(manifest.bin ?? {}))).toEqual([]);
});

test("files name the built package and all that a source build of the addon reads", () => {
  const { scripts, files } = manifest;
  const wanted = ["dist", "prebuilds", "native/*.c", "native/*.h", "native/binding.gyp", "native/toolchain.mjs"];
  expect(scripts["install"]).toBe("node scripts/build-native.mjs");
  expect(files).toEqual(expect.arrayContaining([...wanted, "native/include", "scripts/build-native.mjs"]));
});

test("dist imports declared dependencies and Node's modules only when it is built", () => {
  const scripts = readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" });
  const specifiers = scripts
    .filter((name) => name.endsWith(".js") || name.endsWith(".d.ts"))
    .flatMap((name) => [
      ...readFileSync(join(root, "dist", name), "utf8").matchAll(/^(?:import|export)\b.*?\bfrom ['"]([^'"]+)/gm),
    ])
    .map((match) => match[1] ?? "");
  const declared = Object.keys(manifest.dependencies ?? {});
  const others = specifiers.filter((specifier) => !/^(\.|node:)/.test(specifier) && !declared.includes(specifier));
  expect([...new Set(others)]).toEqual([]);
});

interface Lockfile {
  readonly packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>;
}

const { packages } = readJson<Lockfile>("package-lock.json");

test("the lockfile names no private registry when packages have an address", () => {
  const resolved = Object.values(packages).flatMap((entry) => entry.resolved ?? []);
  expect(resolved.filter((url) => !url.startsWith("https://registry.npmjs.org/"))).toEqual([]);
});

test("the lockfile holds every optional dependency that it names, as npm ci demands (npm run lock)", () => {
  const locked = new Set(Object.keys(packages).map((path) => path.split("node_modules/").at(-1)));
  const named = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  expect(named.filter((name) => !locked.has(name))).toEqual([]);
});
