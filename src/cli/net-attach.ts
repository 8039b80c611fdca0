import { once } from "node:events";
import { attachTap, captureNet, type IvshmemNet, type TapAttachment } from "../ivshmem-net/index.js";
import { withInterruption } from "./interruption.js";
import { type NetDeviceOptions, openNetDevice } from "./net-device.js";

/** Options of `intercell net attach`. */
export interface NetAttachOptions extends NetDeviceOptions {
  /** Name of the TAP interface. */
  readonly name?: string | undefined;
  /** False to leave the interface down. */
  readonly up?: boolean | undefined;
  /** File for a capture in pcapng. */
  readonly capture?: string | undefined;
}

/** Makes an endpoint an interface of the kernel until the process is interrupted or the device goes. */
export async function attachNet(options: NetAttachOptions): Promise<void> {
  await withInterruption(async (signal) => {
    using net = await openNetDevice(options, signal);
    const { name, up = true, capture } = options;
    using tap = attachTap(net, name === undefined ? { setUp: up } : { name, setUp: up });
    const file = capture === undefined ? undefined : captureNet(net, capture);
    const failure = follow(net, tap);
    print(`${tap.name} is attached to ${net.name}, MTU ${net.mtu}. Ctrl-C detaches it.`);
    try {
      await Promise.race([failure, once(signal, "abort")]);
    } finally {
      printStatistics(net, tap);
      await file?.close();
    }
  });
}

/** Tells what happens to the link; rejects if the device or the interface goes. */
function follow(net: IvshmemNet, tap: TapAttachment): Promise<never> {
  net.events.on("up", () => print("The link is up."));
  net.events.on("down", (reason, lost) => print(`The link is down (${reason}); ${lost} frames were on their way.`));
  return new Promise((_, reject) => {
    net.events.on("error", (error) => {
      if (error.code === "ERR_PROTOCOL") process.stderr.write(`${error.message}\n`);
      else reject(error);
    });
    tap.events.on("error", reject);
  });
}

function printStatistics(net: IvshmemNet, tap: TapAttachment): void {
  const { statistics } = net;
  const { outDropped, inDropped, pauses } = tap.statistics;
  print(
    `sent ${statistics.txFrames} frames (${statistics.txBytes} bytes), dropped ${outDropped}, paused ${pauses} times`,
  );
  print(`received ${statistics.rxFrames} frames (${statistics.rxBytes} bytes), dropped ${inDropped}`);
  print(`doorbells ${statistics.doorbellsRung} rung, ${statistics.doorbellsSaved} saved; ups ${statistics.ups}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
