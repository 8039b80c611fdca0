import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type BridgeRules, checkBridgeRules } from "../bridge/rule.js";
import type { Protocol } from "../channel/index.js";
import { errnoName, systemError } from "../errors.js";
import { loadProtocols } from "../gen/load-protocols.js";
import { ConfigValue } from "./config-value.js";

/** How to get to a peer. */
export type LinkConfig =
  | { readonly kind: "uio"; readonly device: string | undefined; readonly peer: number }
  | {
      readonly kind: "sim";
      readonly machine: string | undefined;
      readonly cell: number | undefined;
      readonly peer: number;
    }
  | {
      readonly kind: "can";
      /** Name of the interface, `virtual:` before that of a bus without a kernel. */
      readonly interface: string;
      readonly node: number;
      readonly peer: number;
      readonly fd: boolean;
      readonly windowBytes: number | undefined;
    };

/** One protocol between two links. */
export interface ChannelConfig {
  /** Place in the file, such as `channels[0]`. */
  readonly place: string;
  readonly protocol: Protocol;
  readonly name: string | undefined;
  /** Names of the links: the bridge's left and right. */
  readonly between: readonly [left: string, right: string];
  readonly rules: BridgeRules;
}

/** A configuration of `intercell bridge` that was read and checked. */
export interface BridgeConfig {
  readonly path: string;
  readonly links: ReadonlyMap<string, LinkConfig>;
  readonly channels: readonly ChannelConfig[];
}

/** A device has at most 65,536 peers (ivshmem version 2, vendor specific capability). */
const MAX_PEER = 0xffff;
const MAX_CAN_NODE = 254;

/**
 * Reads a configuration in JSON (docs/bridge.md) and loads the modules that it names, relative to its own folder.
 *
 * @throws IntercellError `ERR_CONFIG` that names the place in the file, `ENOENT` and the like, or as of `loadProtocols`.
 */
export async function readBridgeConfig(path: string): Promise<BridgeConfig> {
  const root = parse(path, read(path)).object(["links", "channels"]);
  const links = new Map(root.links.entries().map(([name, value]) => [name, readLink(value)]));
  const items = root.channels.items();
  if (items.length === 0) throw root.channels.wanted("an array with at least one channel");
  const channels: ChannelConfig[] = [];
  for (const item of items) channels.push(await readChannel(item, [...links.keys()], dirname(path)));
  const used = new Set(channels.flatMap(({ between }) => between));
  for (const name of links.keys()) {
    if (!used.has(name)) throw root.links.error(`no channel uses the link ${JSON.stringify(name)}: remove it`);
  }
  return { path, links, channels };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { errno = 0, syscall = "open" } = cause as NodeJS.ErrnoException;
    const advice = errnoName(errno) === "ENOENT" ? "docs/bridge.md shows a configuration." : undefined;
    throw systemError({ errno, syscall, path, wanted: "read the configuration", advice, cause });
  }
}

function parse(path: string, text: string): ConfigValue {
  try {
    return new ConfigValue(path, JSON.parse(text));
  } catch (cause) {
    throw new ConfigValue(path, text).error(`it is not JSON: ${(cause as Error).message}`, cause);
  }
}

function readLink(value: ConfigValue): LinkConfig {
  const all = ["kind", "device", "machine", "cell", "interface", "node", "peer", "fd", "windowBytes"] as const;
  const kind = value.object(all).kind.choice(["uio", "sim", "can"]);
  if (kind === "uio") {
    const { device, peer } = value.object(["kind", "device", "peer"]);
    return { kind, device: device.optional((it) => it.text()), peer: peer.integer(0, MAX_PEER) };
  }
  if (kind === "sim") {
    const { machine, cell, peer } = value.object(["kind", "machine", "cell", "peer"]);
    return {
      ...{ kind, machine: machine.optional((it) => it.text()), cell: cell.optional((it) => it.integer(0, MAX_PEER)) },
      peer: peer.integer(0, MAX_PEER),
    };
  }
  const can = value.object(["kind", "interface", "node", "peer", "fd", "windowBytes"]);
  return {
    ...{ kind, interface: can.interface.text("the name of a CAN interface, or virtual: and a name") },
    ...{ node: can.node.integer(0, MAX_CAN_NODE), peer: can.peer.integer(0, MAX_CAN_NODE) },
    fd: can.fd.optional((it) => it.boolean()) ?? false,
    windowBytes: can.windowBytes.optional((it) => it.integer(1024, 4_194_304)),
  };
}

async function readChannel(value: ConfigValue, links: readonly string[], folder: string): Promise<ChannelConfig> {
  const keys = ["module", "export", "name", "between", "messages", "broadcasts", "requests", "topics"] as const;
  const channel = value.object(keys);
  const between = readBetween(channel.between, links);
  const { messages, broadcasts, requests, topics } = channel;
  const rules: BridgeRules = {
    ...{ messages: readRules(messages, between), broadcasts: readRules(broadcasts, between) },
    ...{ requests: readRules(requests, between), topics: readRules(topics, between) },
  };
  const name = channel.name.optional((it) => it.text());
  const protocol = await loadProtocol(channel.module, channel.export, folder);
  try {
    checkBridgeRules(protocol, rules);
  } catch (cause) {
    throw value.error(`${value.place}: ${(cause as Error).message}`, cause);
  }
  return { place: value.place, protocol, name, between, rules };
}

function readBetween(value: ConfigValue, links: readonly string[]): readonly [string, string] {
  const [left, right, ...more] = value.items();
  if (left === undefined || right === undefined || more.length > 0) throw value.wanted("the names of two links");
  const names = [left.choice(links), right.choice(links)] as const;
  if (names[0] === names[1]) throw value.wanted("the names of two different links");
  return names;
}

/** Puts sides in the place of the names of links; all else is the bridge's to check. */
function readRules(value: ConfigValue, [left, right]: readonly [string, string]): never | undefined {
  if (value.isMissing) return undefined;
  const rules = value.entries().map(([name, rule]) => {
    const to = new Map(rule.entries()).get("to") ?? rule.object(["to"]).to;
    const chosen = to.choice([left, right, "both"]);
    const side = chosen === "both" ? chosen : chosen === left ? "left" : "right";
    return [name, { ...(rule.value as object), to: side }] as const;
  });
  return Object.fromEntries(rules) as never;
}

async function loadProtocol(module: ConfigValue, name: ConfigValue, folder: string): Promise<Protocol> {
  const path = resolve(folder, module.text("the path of a module that exports protocols"));
  const exportName = name.optional((it) => it.text());
  let found: readonly Protocol[];
  try {
    found = await loadProtocols(path, exportName);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw name.error(`${name.place}: ${cause.message}`, cause);
  }
  const [protocol, ...others] = found;
  if (protocol !== undefined && others.length === 0) return protocol;
  const names = found.map((each) => each.name).join(", ");
  throw name.error(`${name.place} must name one export, as ${path} exports the protocols ${names}`);
}
