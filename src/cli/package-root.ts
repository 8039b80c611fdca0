import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package that this module belongs to, as built or from source. */
export function packageRoot(): string {
  const begin = dirname(fileURLToPath(import.meta.url));
  for (let folder = begin; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder))
      throw new Error(`There is no package.json above ${begin}; install the package again`);
  }
}

/** The version in the package's manifest. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return manifest.version;
}
