import { writeSync } from "node:fs";
import { isIntercellError } from "../errors.js";
import { createPoller } from "../native.js";
import { Broker, type BrokerOptions } from "./broker.js";

/** The descriptor whose other end the starter holds. */
const LEASH = 0;
const STDOUT = 1;

/*
 * The broker's process. Its first argument is the machine as JSON. Its standard input is the leash: when the process
 * that started the machine ends, however it ends, the kernel closes the other end and the machine is gone. It writes
 * one line when it can be connected to, or why it cannot run.
 */
function main(): void {
  const options = JSON.parse(process.argv[2] ?? "") as Omit<BrokerOptions, "ownerPid">;
  process.title = `intercell-sim ${options.name}`;
  // An interrupt from the terminal is for the starter; the leash tells when it is over.
  process.on("SIGINT", () => undefined);
  process.on("SIGHUP", () => undefined);
  const broker = new Broker({ ...options, ownerPid: process.ppid });
  const stop = () => {
    broker.close();
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  // Not process.stdin and process.stdout: Node takes several milliseconds to make them.
  createPoller(LEASH, { countBytes: 0 }, stop);
  writeSync(STDOUT, `${JSON.stringify({ ready: true })}\n`);
}

try {
  main();
} catch (error) {
  const code = isIntercellError(error) ? error.code : "ERR_BROKER";
  const message = error instanceof Error ? error.message : String(error);
  writeSync(STDOUT, `${JSON.stringify({ error: { code, message } })}\n`);
  process.exitCode = 1;
}
