import { writeSync } from "node:fs";
import { isIntercellError } from "../../errors.js";
import type { BusTerms } from "./options.js";
import { VirtualBusServer } from "./server.js";

const STDOUT = 1;

/*
 * The process that carries a virtual bus. Its arguments are the name and the terms of the bus, the latter as JSON. It writes one
 * line when handles can connect, or why they cannot, and ends with the last of them.
 */
function main(): void {
  const [, , name = "", terms = "{}"] = process.argv;
  const server = new VirtualBusServer(name, JSON.parse(terms) as BusTerms, () => process.exit(0));
  // Only now, as of several that start at once one has the name.
  process.title = `intercell-can ${name}`;
  process.on("SIGTERM", () => server.close());
  say({ ready: true });
}

/** Whoever started this may be gone by now. */
function say(line: object): void {
  try {
    writeSync(STDOUT, `${JSON.stringify(line)}\n`);
  } catch {
    // Then nobody waits for it.
  }
}

try {
  main();
} catch (error) {
  const code = isIntercellError(error) ? error.code : "ERR_BUS";
  const message = error instanceof Error ? error.message : String(error);
  say({ error: { code, message } });
  process.exitCode = 1;
}
