import { openCanBus } from "./can-bus.js";
import { withInterruption } from "./interruption.js";

export interface SendOptions {
  readonly confirm?: boolean;
  readonly json?: boolean;
  readonly timeout?: number;
}

/** Sends frames in the order of the words, and ends once the kernel, or the wire, has them. */
export async function runSend(name: string, texts: readonly string[], options: SendOptions): Promise<void> {
  const { formatFrame, formatTimestamp, parseFrame } = await import("../can/index.js");
  // All are read before any is sent.
  const frames = texts.map((text) => {
    try {
      return parseFrame(text);
    } catch (cause) {
      // Text of a command line is the caller's mistake, where that of a log is not.
      throw new TypeError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  });
  const { confirm = false, json = false, timeout = 5000 } = options;
  await withInterruption(async (signal) => {
    const bus = await openCanBus(name, { ownFrames: confirm });
    try {
      for (const frame of frames) {
        const wait = { signal, timeoutMs: timeout };
        const time = confirm ? await bus.sendConfirmed(frame, wait) : await bus.send(frame, wait);
        const timestamp = time === undefined ? undefined : formatTimestamp(time, 9);
        if (json) {
          process.stdout.write(`${JSON.stringify({ interface: name, frame: formatFrame(frame), timestamp })}\n`);
        } else if (timestamp !== undefined) process.stdout.write(`(${timestamp}) ${name} ${formatFrame(frame)}\n`);
      }
    } finally {
      bus.close();
    }
  });
}
