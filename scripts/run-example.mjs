// Runs an example by its name: Node 20 does not run TypeScript, so it is bundled first.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundleSource } from "./bundle-source.mjs";

const folder = fileURLToPath(new URL("../examples/", import.meta.url));
const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3));
const [name = "", ...parameters] = process.argv.slice(2);

if (names.includes(name)) {
  const program = await bundleSource(`${folder}${name}.ts`);
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", program, ...parameters], {
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
} else {
  console.error(`There is no example ${JSON.stringify(name)}: the examples are ${names.join(", ")}`);
  process.exitCode = 2;
}
