import type { CanNode, CanNodeOptions } from "../can/index.js";
import type { Link } from "../channel/index.js";
import { ErrorCode, IntercellError } from "../errors.js";
import { openShm, type ShmNode } from "../shm/index.js";
import { openSim } from "../sim/index.js";
import { openUio } from "../uio/index.js";
import type { BridgeConfig, LinkConfig } from "./bridge-config.js";
import { openCanBus } from "./can-bus.js";

/** The virtual protocol number of a device for channels (docs/on-the-board.md). */
const CHANNEL_PROTOCOL = 0;

type Node = ShmNode | CanNode;

/** The links of a configuration, over nodes and devices that several of them may share. */
export class BridgeLinks {
  readonly #links = new Map<string, Link>();
  readonly #nodes = new Map<string, Node>();
  readonly #closers: (() => void)[] = [];
  readonly #failed: Promise<never>;
  readonly #fail: (error: Error) => void;

  private constructor() {
    let fail: (error: Error) => void = () => {};
    this.#failed = new Promise((_, reject) => {
      fail = reject;
    });
    this.#failed.catch(() => {});
    this.#fail = fail;
  }

  /** @throws IntercellError as of opening the devices and buses. Then all that was opened is closed. */
  static async open(config: BridgeConfig, signal: AbortSignal): Promise<BridgeLinks> {
    const links = new BridgeLinks();
    try {
      for (const [name, link] of config.links) await links.#open(config, name, link, signal);
    } catch (error) {
      links.close();
      throw error;
    }
    return links;
  }

  /** Rejects when a device or bus is gone for good, or two nodes of a bus have one address. */
  get failed(): Promise<never> {
    return this.#failed;
  }

  get(name: string): Link {
    const link = this.#links.get(name);
    if (link === undefined) throw new TypeError(`There is no link ${JSON.stringify(name)}`);
    return link;
  }

  [Symbol.iterator](): IterableIterator<[name: string, link: Link]> {
    return this.#links[Symbol.iterator]();
  }

  /** Idempotent. */
  close(): void {
    for (const close of this.#closers.splice(0).reverse()) close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #open(config: BridgeConfig, name: string, link: LinkConfig, signal: AbortSignal): Promise<void> {
    const key = nodeKey(link);
    const node = this.#nodes.get(key) ?? (await this.#openNode(link, signal));
    this.#nodes.set(key, node);
    const opened = this.#link(config, name, node, link.peer);
    if ([...this.#links.values()].includes(opened)) {
      const message = `${config.path}: links.${name} leads to ${opened.name}, as another link does: use that one`;
      throw new IntercellError(ErrorCode.CONFIG, message, { path: config.path });
    }
    this.#links.set(name, opened);
  }

  #link(config: BridgeConfig, name: string, node: Node, peer: number): Link {
    try {
      return node.link(peer);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      const message = `${config.path}: links.${name}: ${cause.message}`;
      throw new IntercellError(ErrorCode.CONFIG, message, { path: config.path, cause });
    }
  }

  async #openNode(link: LinkConfig, signal: AbortSignal): Promise<Node> {
    if (link.kind === "can") return await this.#openCan(link);
    const device =
      link.kind === "sim"
        ? await openSim({ machine: link.machine, peer: link.cell, signal })
        : await openUio(link.device ?? { protocol: CHANNEL_PROTOCOL });
    const node = openShm(device);
    node.events.on("error", this.#fail);
    this.#closers.push(() => node.close());
    return node;
  }

  async #openCan(link: LinkConfig & { readonly kind: "can" }): Promise<CanNode> {
    const { openCan } = await import("../can/index.js");
    // It waits for an interface that is removed, such as one on USB.
    const bus = await openCanBus(link.interface, { reopen: true });
    this.#closers.push(() => bus.close());
    const options: CanNodeOptions = {
      node: link.node,
      ...(link.fd && { isoTp: { txDl: 64, bitRateSwitch: true } }),
      ...(link.windowBytes !== undefined && { windowBytes: link.windowBytes }),
    };
    const node = openCan(bus, options);
    node.events.on("error", this.#fail).on("conflict", this.#fail);
    this.#closers.push(() => node.close());
    return node;
  }
}

/** Links with one key share a node. */
function nodeKey(link: LinkConfig): string {
  if (link.kind === "sim") return JSON.stringify([link.kind, link.machine, link.cell]);
  if (link.kind === "uio") return JSON.stringify([link.kind, link.device]);
  return JSON.stringify([link.kind, link.interface, link.node, link.fd, link.windowBytes]);
}
