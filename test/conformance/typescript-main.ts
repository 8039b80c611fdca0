import { createInterface } from "node:readline";
import { openSim } from "../../src/sim/index.js";
import type { Entry } from "./cell.js";
import { TypeScriptCell } from "./typescript-cell.js";

function print(...entry: Entry): void {
  process.stdout.write(`${JSON.stringify(entry)}\n`);
}

const cell = new TypeScriptCell(await openSim({ fallbackPollMs: 20 }), print);
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [name = "", ...numbers] = line.split(" ");
    print("done", cell.run(name, numbers.map(Number)));
  })
  .on("close", () => process.exit());
print("ready");
