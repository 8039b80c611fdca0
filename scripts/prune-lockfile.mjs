// Takes out of package-lock.json the optional dependencies that it has no entry for: builds for other platforms that the
// registry of the one who wrote it does not hold. npm installs such a lockfile, but `npm ci` refuses it.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lockfile = JSON.parse(readFileSync(path, "utf8"));
const locked = new Set(Object.keys(lockfile.packages).map((entry) => entry.split("node_modules/").at(-1)));

let pruned = 0;
for (const { optionalDependencies = {} } of Object.values(lockfile.packages)) {
  for (const name of Object.keys(optionalDependencies).filter((each) => !locked.has(each))) {
    delete optionalDependencies[name];
    pruned += 1;
  }
}
writeFileSync(path, `${JSON.stringify(lockfile, null, 2)}\n`);
console.log(`package-lock.json: ${pruned} optional dependencies without an entry taken out`);
