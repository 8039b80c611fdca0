import { spawn } from "node:child_process";
import { ErrorCode, IntercellError } from "../../errors.js";
import { ownProgram } from "../../native.js";
import type { BusTerms } from "./options.js";

/**
 * Starts the process that carries a bus, and waits until handles can connect to it. It does not end with this one, but with the
 * last handle. If another process was faster, that is as good.
 *
 * @throws IntercellError `ERR_UNSUPPORTED` if no such process can be started, or the signal's reason.
 */
export async function startBusProcess(name: string, terms: BusTerms, signal: AbortSignal): Promise<void> {
  const program = await ownProgram("can/virtual/bus-main");
  signal.throwIfAborted();
  // The bus is no place for the starter's debugger or loaders.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const options = { env, cwd: "/", detached: true, stdio: ["ignore", "pipe", "ignore"] as ("ignore" | "pipe")[] };
  const child = spawn(process.execPath, [program, name, JSON.stringify(terms)], options);
  try {
    const line = await firstLine(child, signal);
    const { error } = (line === "" ? noLine : JSON.parse(line)) as { error?: { code: string; message: string } };
    if (error === undefined || error.code === "EADDRINUSE") return;
    throw new IntercellError(error.code, `Cannot start the virtual CAN bus ${name}: ${error.message}`);
  } finally {
    child.stdout?.destroy();
    child.unref();
  }
}

const noLine = { error: { code: ErrorCode.UNSUPPORTED, message: "its process ended at once" } };

/** What it prints up to the end of the line, or all if it ends before. */
async function firstLine(child: ReturnType<typeof spawn>, signal: AbortSignal): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    let printed = "";
    const onAbort = () => {
      child.kill("SIGKILL");
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const finish = (settle: () => void) => {
      signal.removeEventListener("abort", onAbort);
      settle();
    };
    child.once("error", (cause) => {
      const message = `Cannot start the process of a virtual CAN bus: ${cause.message}`;
      finish(() => reject(new IntercellError(ErrorCode.UNSUPPORTED, message, { cause })));
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.includes("\n")) finish(() => resolve(printed));
    });
    child.once("close", () => finish(() => resolve(printed)));
  });
}
