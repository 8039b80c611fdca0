import { type Channel, defineProtocol, type LinkDown, openChannel } from "../../src/channel/index.js";
import { bytes, struct, u32 } from "../../src/schema/index.js";
import type { ShmLink, ShmNode } from "../../src/shm/index.js";
import { DIRECTORY_ENTRY_BYTES, DIRECTORY_OFFSET } from "../../src/shm/layout.js";
import type { Ledger, SessionRecord } from "./ledger.js";

const MAX_FILL_BYTES = 64;

/** A message that tells which epoch sent it, its place in the session, and as many bytes as its number says. */
const Item = struct("Item", { epoch: u32, number: u32, fill: bytes(MAX_FILL_BYTES) });
export const itemProtocol = defineProtocol("items", { messages: { item: Item } });
type ItemChannel = Channel<{ readonly messages: { readonly item: typeof Item } }>;

export interface TrafficOptions {
  readonly peers: readonly number[];
  /** @defaultValue true */
  readonly sending?: boolean;
  /** Messages committed before each flush; so many may be committed and not noted when the process is killed. */
  readonly batch: number;
  /** Pause between two batches; 0 is one turn of the event loop. */
  readonly pauseMs: number;
}

/** Told of what happens, for a test to wait for or to print: the event's name, the peer, then values. */
export type Reporter = (event: string, ...values: unknown[]) => void;

/** Numbered messages from one node to its peers and back, each session noted in a ledger. */
export class Traffic {
  readonly node: ShmNode;
  readonly conversations: readonly Conversation[];

  constructor(node: ShmNode, ledger: Ledger, options: TrafficOptions, report: Reporter) {
    this.node = node;
    this.conversations = options.peers.map((peer) => new Conversation(node, peer, ledger, options, report));
    node.events.on("stateLost", () => report("stateLost"));
    node.events.on("error", (error) => report("nodeError", "code" in error ? error.code : error.message));
    node.events.on("close", () => report("nodeClosed"));
  }

  /** Sends no more, and waits until the peers have taken what was sent. */
  async stop(): Promise<void> {
    await Promise.all(this.conversations.map((conversation) => conversation.stop()));
  }
}

/** The traffic with one peer, over all its sessions. */
export class Conversation {
  readonly link: ShmLink;
  readonly channel: ItemChannel;
  readonly #peer: number;
  readonly #ledger: Ledger;
  readonly #options: TrafficOptions;
  readonly #report: Reporter;
  readonly #ownWords: Uint32Array;
  #record: SessionRecord | undefined;
  #sending: { readonly session: AbortController; readonly done: Promise<void> } | undefined;
  #stopped = false;
  #ends: number[] = [];

  constructor(node: ShmNode, peer: number, ledger: Ledger, options: TrafficOptions, report: Reporter) {
    const own = node.device.outputSection?.bytes ?? new Uint8Array(0);
    this.#ownWords = new Uint32Array(own.buffer, own.byteOffset, own.byteLength / 4);
    this.#peer = peer;
    this.#ledger = ledger;
    this.#options = options;
    this.#report = report;
    this.link = node.link(peer);
    this.link.events.on("up", ({ epoch, resumed }) => this.#onUp(epoch, resumed));
    this.link.events.on("down", (down) => this.#onDown(down));
    this.link.events.on("error", (error) => this.#fault(error.message));
    this.channel = openChannel(this.link, itemProtocol) as unknown as ItemChannel;
    this.channel.messages.on("item", ({ epoch, number, fill }) => this.#receive(epoch, number, fill));
    this.channel.events.on("error", (error) => this.#fault(error.message));
    this.channel.events.on("open", () => this.#onOpen());
    this.channel.events.on("lost", ({ resumable }) => {
      if (!resumable) this.#endSending();
    });
  }

  /** Where each record of the session ends that this side committed, the link's own included, if the batch is 1. */
  get ends(): readonly number[] {
    this.#noteEnd();
    return this.#ends;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#sending?.session.abort();
    await this.#sending?.done;
    if (this.channel.status === "open") await this.channel.drain({ timeoutMs: 5_000 });
  }

  #onUp(epoch: number, resumed: boolean): void {
    if (resumed !== (this.#record !== undefined)) this.#fault(`A session with epoch ${epoch} has resumed = ${resumed}`);
    if (!resumed) {
      this.#record = this.#ledger.open(this.#peer, this.#ownWords[directoryIndex(this.#peer) + 3] ?? 0, epoch);
      this.#ends = [];
    } else if (epoch !== this.#record?.peerEpoch) this.#fault(`A session went on with another epoch, ${epoch}`);
    this.#report("up", this.#peer, epoch, resumed);
  }

  #onDown(down: LinkDown): void {
    if (this.#record === undefined) this.#fault(`A session ended that had not begun: ${down.reason}`);
    this.#report("down", this.#peer, down.reason, down.resumable, down.lost, this.#record?.received);
    if (!down.resumable) {
      this.#record?.end(down.lost);
      this.#record = undefined;
      this.#endSending();
    }
  }

  #onOpen(): void {
    this.#report("open", this.#peer);
    if (this.#record === undefined) {
      this.#fault("A channel opened without a session");
      return;
    }
    // The link's own announcement ends here.
    this.channel.flush();
    this.#noteEnd();
    if (this.#sending === undefined && this.#options.sending !== false && !this.#stopped) {
      const session = new AbortController();
      this.#sending = { session, done: this.#send(this.#record, session.signal) };
    }
  }

  #endSending(): void {
    this.#sending?.session.abort();
    this.#sending = undefined;
  }

  async #send(record: SessionRecord, signal: AbortSignal): Promise<void> {
    const sender = this.channel.sender("item");
    for (let number = 0; !signal.aborted; ) {
      for (let count = 0; count < this.#options.batch && !signal.aborted; count += 1) {
        const item = { epoch: record.ownEpoch, number, fill: fillOf(number) };
        if (!sender.trySend(item) && !(await this.#sendSlowly(item, signal))) break;
        number += 1;
      }
      this.channel.flush();
      this.#noteEnd();
      record.committed = number;
      await pause(this.#options.pauseMs);
    }
  }

  /** False if the session ended first. */
  async #sendSlowly(item: Parameters<ItemChannel["send"]>[1], signal: AbortSignal): Promise<boolean> {
    try {
      await this.channel.send("item", item, { signal });
      return true;
    } catch (error) {
      if (!signal.aborted && this.channel.status !== "closed") this.#fault(String(error));
      return false;
    }
  }

  /** Takes the tail from the own section. To be called after each record: there is never more than one that is not noted. */
  #noteEnd(): void {
    const tail = this.#ownWords[(this.#ownWords[directoryIndex(this.#peer)] ?? 0) / 4] ?? 0;
    if (tail !== (this.#ends.at(-1) ?? 0)) this.#ends.push(tail);
  }

  #receive(epoch: number, number: number, fill: Uint8Array): void {
    const record = this.#record;
    if (record === undefined) {
      this.#fault(`Message ${number} of epoch ${epoch} arrived outside a session`);
    } else if (epoch !== record.peerEpoch || number !== record.received || !isFill(fill, number)) {
      const wanted = `${record.received} of epoch ${record.peerEpoch}`;
      this.#fault(`Message ${number} of epoch ${epoch} with bytes ${fill.join()} arrived, wanted ${wanted}`);
    } else {
      record.received = number + 1;
    }
  }

  #fault(text: string): void {
    this.#report("fault", this.#peer, text);
  }
}

/** Word of a section where its entry for `peer` begins: control offset, ring offset, capacity, epoch. */
export function directoryIndex(peer: number): number {
  return (DIRECTORY_OFFSET + peer * DIRECTORY_ENTRY_BYTES) / 4;
}

/** Sizes differ from message to message, so that the wrap of a ring is met at all places. */
function fillOf(number: number): Uint8Array {
  return new Uint8Array((number * 29) % (MAX_FILL_BYTES + 1)).fill(number);
}

function isFill(fill: Uint8Array, number: number): boolean {
  return fill.length === (number * 29) % (MAX_FILL_BYTES + 1) && fill.every((byte) => byte === (number & 0xff));
}

async function pause(pauseMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    if (pauseMs === 0) setImmediate(resolve);
    else setTimeout(resolve, pauseMs);
  });
}
