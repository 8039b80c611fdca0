import { once } from "node:events";
import { createBridge } from "../bridge/index.js";
import { type BridgeConfig, type ChannelConfig, readBridgeConfig } from "./bridge-config.js";
import { BridgeLinks } from "./bridge-links.js";
import { describeBridges, formatBridges, type NamedBridge } from "./bridge-text.js";
import { CommandFailure } from "./exit.js";
import { isWantedEnd, withInterruption } from "./interruption.js";

export interface BridgeCommandOptions {
  /** Print the counters so often, in seconds. @defaultValue only at the end */
  readonly stats?: number | undefined;
  /** Print the counters as JSON, one object a line, and all else to the standard error. @defaultValue false */
  readonly json?: boolean | undefined;
  /** Only read the configuration and tell what is wrong with it. @defaultValue false */
  readonly check?: boolean | undefined;
}

/**
 * Connects channels of links as a configuration says, until it is interrupted. Prints the counters at the end.
 *
 * @throws IntercellError as of `readBridgeConfig()` and of opening the links, or when a device or bus is gone for good.
 */
export async function runBridge(path: string, options: BridgeCommandOptions): Promise<void> {
  const config = await readBridgeConfig(path);
  if (options.check === true) {
    process.stdout.write(`${path} is well: ${config.channels.length} channels between ${config.links.size} links\n`);
    return;
  }
  await withInterruption(async (signal) => {
    using links = await BridgeLinks.open(config, signal);
    const bridges = openBridges(config, links);
    const say = (line: string): void => {
      (options.json === true ? process.stderr : process.stdout).write(`${line}\n`);
    };
    for (const [name, link] of links) say(`${name} is ${link.name}`);
    for (const each of bridges) follow(each, say);
    const print = (): void => {
      const now = { time: new Date().toISOString() };
      if (options.json !== true) process.stdout.write(`\n${formatBridges(bridges, links)}`);
      else process.stdout.write(`${JSON.stringify({ ...now, ...describeBridges(bridges, links) })}\n`);
    };
    const timer = options.stats === undefined ? undefined : setInterval(print, options.stats * 1000);
    const closed = Promise.race(bridges.map(({ bridge }) => once(bridge.events, "close")));
    const ended = closed.then(() => {
      throw new CommandFailure("A link of the bridge was closed");
    });
    try {
      if (!signal.aborted) await Promise.race([once(signal, "abort"), links.failed, ended]);
      if (!isWantedEnd(signal.reason)) throw signal.reason;
    } finally {
      clearInterval(timer);
      for (const { bridge } of bridges) bridge.events.removeAllListeners();
      await Promise.all(bridges.map(({ bridge }) => bridge[Symbol.asyncDispose]()));
      print();
    }
  });
}

function openBridges({ path, channels }: BridgeConfig, links: BridgeLinks): readonly NamedBridge[] {
  return channels.map((config) => {
    const [left, right] = config.between;
    try {
      const options = { left: links.get(left), right: links.get(right), name: config.name, ...config.rules };
      return { config, bridge: createBridge(config.protocol, options) };
    } catch (error) {
      throw new CommandFailure(`${path}: ${config.place}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

/** Tells what happens to the two ends of a bridge; one complaint that is repeated is told once in a row. */
function follow({ config, bridge }: NamedBridge, say: (line: string) => void): void {
  const { between } = config as ChannelConfig;
  const end = (side: "left" | "right"): string => `${bridge.left.name}: ${side === "left" ? between[0] : between[1]}`;
  let last = "";
  bridge.events.on("open", (side) => say(`${end(side)} is there`));
  bridge.events.on("lost", (side, { reason, resumable, lost }) => {
    say(`${end(side)} is gone (${reason})${resumable ? ", its session stands" : `, ${lost} records lost`}`);
  });
  bridge.events.on("error", ({ message }, side) => {
    const line = `${end(side)}: ${message}`;
    if (line !== last) say(line);
    last = line;
  });
}
