import { once } from "node:events";
import { captureNet } from "../ivshmem-net/index.js";
import { withInterruption } from "./interruption.js";
import { type NetDeviceOptions, openNetDevice } from "./net-device.js";

/** Options of `intercell net capture`. */
export interface NetCaptureOptions extends NetDeviceOptions {
  readonly format?: "pcap" | "pcapng" | undefined;
  /** Bytes kept of each frame. */
  readonly snapLength?: number | undefined;
  /** Ends after so many frames. */
  readonly count?: number | undefined;
}

/** Takes the place of the driver and writes what the peer sends to a file, `-` for the standard output. */
export async function captureToFile(path: string, options: NetCaptureOptions): Promise<void> {
  await withInterruption(async (signal) => {
    using net = await openNetDevice(options, signal);
    const { format = "pcapng", snapLength, count = Number.POSITIVE_INFINITY } = options;
    const target = path === "-" ? process.stdout : path;
    const capture = captureNet(net, target, {
      format,
      maxFrames: count,
      ...(snapLength !== undefined && { snapLengthBytes: snapLength }),
    });
    const say = (line: string) => process.stderr.write(`${line}\n`);
    net.events.on("up", () => say("The link is up."));
    net.events.on("down", (reason) => say(`The link is down (${reason}).`));
    const ended = new Promise<void>((resolve, reject) => {
      net.events.on("error", (error) => (error.code === "ERR_PROTOCOL" ? say(error.message) : reject(error)));
      net.onFrames(() => {
        if (capture.statistics.frames >= count) resolve();
      });
    });
    say(`Capturing on ${net.name}. Ctrl-C ends it.`);
    try {
      await Promise.race([ended, once(signal, "abort")]);
    } finally {
      await capture.close();
      const { frames, dropped } = capture.statistics;
      say(`${frames} frames captured, ${dropped} left out as the file was too slow`);
    }
  });
}
