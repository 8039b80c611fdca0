import { isIntercellError } from "../errors.js";
import { Broker, type BrokerOptions } from "./broker.js";

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
  process.stdin.on("end", stop).on("error", stop).resume();
  process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
}

try {
  main();
} catch (error) {
  const code = isIntercellError(error) ? error.code : "ERR_BROKER";
  const message = error instanceof Error ? error.message : String(error);
  process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`, () => process.exit(1));
}
