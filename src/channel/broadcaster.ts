import type { Port } from "./link.js";
import { noSuchEntry } from "./no-such-entry.js";
import type { ProtocolEntry } from "./protocol.js";
import type { ChannelCounters } from "./statistics.js";

/** Sends the broadcasts of a channel. */
export class Broadcaster {
  readonly #port: Port;
  readonly #counters: ChannelCounters;
  readonly #label: string;
  readonly #entries: ReadonlyMap<string, ProtocolEntry>;
  #scratch = new DataView(new ArrayBuffer(0));

  constructor(port: Port, entries: readonly ProtocolEntry[], counters: ChannelCounters, label: string) {
    this.#port = port;
    this.#counters = counters;
    this.#label = label;
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
  }

  broadcast(name: string, value: unknown): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw noSuchEntry("broadcast", name, this.#label, this.#entries.keys());
    if (this.#scratch.byteLength < entry.type.size) this.#scratch = new DataView(new ArrayBuffer(entry.type.size));
    const lengthBytes = entry.type.codec.encode(value, this.#scratch, 0);
    this.#port.broadcast(entry.number, new Uint8Array(this.#scratch.buffer, 0, lengthBytes));
    this.#counters.broadcastsSent++;
  }
}
