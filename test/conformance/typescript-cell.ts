import { setTimeout as wait } from "node:timers/promises";
import {
  type Channel,
  openChannel,
  type Protocol,
  type ProtocolDefinition,
  type RemoteFault,
  type RequestContext,
} from "../../src/channel/index.js";
import { isIntercellError } from "../../src/errors.js";
import { Fault } from "../../src/shm/fault.js";
import { openShm, type ShmNode, type ShmNodeOptions } from "../../src/shm/index.js";
import type { IvshmemDevice } from "../../src/uio/index.js";
import { type BlobValue, isWhole, makeBlob, Probe, Stranger } from "./blob.js";
import type { Entry } from "./cell.js";

type Definition<P> = P extends Protocol<infer D> ? D : never;
type ProbeChannel = Channel<Definition<typeof Probe>>;

/** What C returns where this side has no number of its own. */
const REFUSED = -1;

/** A cell of the conformance tests in TypeScript. The commands are those of probe.h. */
export class TypeScriptCell {
  readonly #node: ShmNode;
  readonly #emit: (...entry: Entry) => void;
  readonly #bytes: DataView;
  readonly #peers: readonly number[];
  /** By slot, then by peer. */
  readonly #channels = new Map<number, Map<number, ProbeChannel>>();
  readonly #asks = new Map<number, AbortController>();
  #asked = 0;
  #held = false;
  #unhandled = false;

  constructor(device: IvshmemDevice, emit: (...entry: Entry) => void, options: ShmNodeOptions = {}) {
    this.#emit = emit;
    this.#node = openShm(device, options);
    const bytes = device.outputSection?.bytes ?? new Uint8Array();
    this.#bytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#peers = Array.from({ length: device.maxPeers }, (_, peer) => peer).filter((peer) => peer !== device.id);
    for (const peer of this.#peers) this.#watch(peer);
  }

  /** Carries out a command; a negative result is a refusal. */
  run(name: string, numbers: readonly number[]): number {
    const [a = 0, b = 0, c = 0, d = 0] = numbers;
    switch (name) {
      case "peek":
        this.#emit("word", a, this.#bytes.getUint32(a, true));
        return 0;
      case "poke":
        this.#bytes.setUint32(a, b, true);
        return 0;
      case "hold":
        this.#held = a !== 0;
        return 0;
      case "unhandle":
        this.#unhandled = a !== 0;
        for (const channels of this.#channels.values()) for (const channel of channels.values()) this.#handle(channel);
        return 0;
      case "stop":
        this.#node.close();
        return 0;
      case "ring":
        this.#node.device.ring(a);
        return 0;
      case "cancel":
        this.#asks.get(a)?.abort();
        return 0;
      default:
        return this.#runOnSlot(name, a, b, c, d);
    }
  }

  #runOnSlot(name: string, slot: number, b: number, c: number, d: number): number {
    switch (name) {
      case "open":
        for (const peer of this.#peers) this.#open(slot, peer, b === 0 ? Probe : Stranger);
        return 0;
      case "close":
        for (const channel of this.#channels.get(slot)?.values() ?? []) channel.close();
        return 0;
      case "send":
        return this.#send(this.#channel(slot, b), makeBlob(c, d));
      case "news":
        for (let id = b; id < b + d; id += 1) this.#anyChannel(slot).broadcast("news", makeBlob(id, c));
        return 0;
      case "publish":
        for (const channel of this.#channels.get(slot)?.values() ?? []) channel.publish("mark", makeBlob(b, c));
        return 0;
      case "latest":
        this.#tellLatest(slot, b);
        return 0;
      case "ask":
        return this.#ask(this.#channel(slot, b), makeBlob(c, d));
      default:
        throw new TypeError(`There is no command ${name}`);
    }
  }

  #watch(peer: number): void {
    const { events } = this.#node.link(peer);
    events.on("up", () => this.#emit("up", peer));
    events.on("down", ({ reason }) => {
      if (reason === "fault") return;
      const isStanding = reason === "away" || reason === "stalled";
      this.#emit("down", peer, isStanding ? reason : "ended");
    });
    events.on("error", ({ cause }) => {
      if (cause instanceof Fault) this.#emit("fault", peer, cause.faultCode);
      else this.#emit("refused", peer);
    });
  }

  #open(slot: number, peer: number, protocol: Protocol<ProtocolDefinition>): void {
    const link = this.#node.link(peer);
    const channel = openChannel(link, protocol, { name: `slot${slot}`, holdUntilListened: false }) as ProbeChannel;
    const channels = this.#channels.get(slot) ?? new Map<number, ProbeChannel>();
    this.#channels.set(slot, channels.set(peer, channel));
    let isMatched = false;
    channel.events.on("open", () => {
      if (!isMatched) this.#emit("matched", slot, peer);
      isMatched = true;
    });
    channel.events.on("lost", ({ resumable }) => {
      if (resumable || !isMatched) return;
      isMatched = false;
      this.#emit("withdrawn", slot, peer);
    });
    channel.events.on("mismatch", () => this.#emit("mismatched", slot, peer));
    if (channel.protocol.topics.length === 0) return;
    void this.#read(channel, slot, peer);
    channel.messages.on("news", (value, { missed }) => this.#tell("news", [slot, peer], value, missed));
    this.#handle(channel, slot, peer);
  }

  /** Takes messages one by one, and none while they are to be held back. */
  async #read(channel: ProbeChannel, slot: number, peer: number): Promise<void> {
    const receiver = channel.receive("blob", { capacity: 1 });
    try {
      for await (const value of receiver) {
        while (this.#held) await wait(1);
        this.#tell("blob", [slot, peer], value);
      }
    } catch {
      // The peer broke the protocol, which the link tells, and this reader is over with it.
      if (channel.status !== "closed") void this.#read(channel, slot, peer);
    }
  }

  readonly #handlers = new Map<ProbeChannel, { readonly set: () => () => void; remove: (() => void) | undefined }>();

  #handle(channel: ProbeChannel, slot?: number, peer?: number): void {
    if (slot !== undefined && peer !== undefined) {
      const set = () => channel.handle("ask", (value, context) => this.#answer(value, context, [slot, peer]));
      this.#handlers.set(channel, { set, remove: undefined });
    }
    const handler = this.#handlers.get(channel);
    if (handler === undefined) return;
    handler.remove?.();
    handler.remove = this.#unhandled ? undefined : handler.set();
  }

  /** Requests whose number modulo 4 is 2 fail, 3 are never answered, and the others get the next number back. */
  async #answer(value: BlobValue, context: RequestContext, from: readonly number[]): Promise<BlobValue> {
    this.#tell("asked", from, value);
    const { id, data } = value;
    if (id % 4 === 2) throw new Error("no ink");
    if (id % 4 !== 3) return makeBlob(id + 1, data.length);
    return await new Promise((_, reject) => {
      context.signal.addEventListener("abort", () => {
        this.#emit("cancelled", ...from);
        reject(context.signal.reason);
      });
    });
  }

  #send(channel: ProbeChannel, value: BlobValue): number {
    if (!channel.trySend("blob", value)) return REFUSED;
    channel.flush();
    return 0;
  }

  #ask(channel: ProbeChannel, value: BlobValue): number {
    this.#asked += 1;
    const number = this.#asked;
    const abort = new AbortController();
    this.#asks.set(number, abort);
    channel.request("ask", value, { signal: abort.signal, timeoutMs: 60_000 }).then(
      (reply) => this.#tell("replied", [number], reply),
      (error: unknown) => this.#tellFailure(number, abort.signal, error),
    );
    return number;
  }

  #tellFailure(number: number, signal: AbortSignal, error: unknown): void {
    if (signal.aborted) {
      this.#emit("failed", number, "cancelled");
    } else if (isIntercellError(error, "ERR_REMOTE") || isIntercellError(error, "ERR_NO_HANDLER")) {
      const { code, text } = error.cause as RemoteFault;
      this.#emit("failed", number, code, text);
    } else {
      this.#emit("failed", number, "ended");
    }
  }

  #tellLatest(slot: number, peer: number): void {
    const latest = this.#channel(slot, peer).latest("mark");
    if (latest === undefined) this.#emit("mark", slot, peer);
    else this.#tell("mark", [slot, peer], latest.value);
  }

  #tell(event: string, from: readonly number[], value: BlobValue, ...more: readonly number[]): void {
    if (isWhole(value)) this.#emit(event, ...from, value.id, value.data.length, ...more);
    else this.#emit("torn", ...from);
  }

  #channel(slot: number, peer: number): ProbeChannel {
    const channel = this.#channels.get(slot)?.get(peer);
    if (channel === undefined) throw new RangeError(`Slot ${slot} is not open to peer ${peer}`);
    return channel;
  }

  #anyChannel(slot: number): ProbeChannel {
    return this.#channel(slot, this.#peers[0] ?? 0);
  }
}
