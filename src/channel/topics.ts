import { ErrorCode, IntercellError } from "../errors.js";
import { NO_ROOM, type Port } from "./link.js";
import { noSuchEntry } from "./no-such-entry.js";
import type { ProtocolEntry } from "./protocol.js";
import type { ChannelCounters } from "./statistics.js";

/** The newest value of a topic. */
export interface Latest<T> {
  readonly value: T;
  /** Values that the peer has published in this topic, this one included. */
  readonly count: number;
}

/** What {@link Topics} needs of the channel. */
export interface TopicsHooks {
  readonly counters: ChannelCounters;
  readonly label: string;
  report(error: IntercellError): void;
}

/** A topic with buffers for its longest value. */
interface Topic extends ProtocolEntry {
  readonly output: DataView;
  readonly input: Uint8Array;
  readonly inputView: DataView;
}

/** The topics of a channel: one value each way and no queue. */
export class Topics {
  readonly #port: Port;
  readonly #hooks: TopicsHooks;
  readonly #topics: ReadonlyMap<string, Topic>;

  constructor(port: Port, entries: readonly ProtocolEntry[], hooks: TopicsHooks) {
    this.#port = port;
    this.#hooks = hooks;
    this.#topics = new Map(entries.map((entry) => [entry.name, withBuffers(entry)]));
  }

  publish(name: string, value: unknown): void {
    const topic = this.#find(name);
    const lengthBytes = topic.type.codec.encode(value, topic.output, 0);
    this.#port.publish(topic.number, new Uint8Array(topic.output.buffer, 0, lengthBytes));
    this.#hooks.counters.published++;
  }

  latest(name: string): Latest<unknown> | undefined {
    const topic = this.#find(name);
    const lengthBytes = this.#port.readLatest(topic.number, topic.input);
    if (lengthBytes === NO_ROOM) return undefined;
    const count = this.#port.latestCount;
    try {
      return { value: topic.type.codec.decode(topic.inputView, 0, lengthBytes), count };
    } catch (cause) {
      this.#hooks.counters.undecodable++;
      const found = cause instanceof Error ? cause.message : String(cause);
      const message = `Cannot take topic "${name}" of the peer on ${this.#hooks.label} as it does not decode: ${found}`;
      this.#hooks.report(new IntercellError(ErrorCode.DECODE, message, { cause }));
      return undefined;
    }
  }

  #find(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw noSuchEntry("topic", name, this.#hooks.label, this.#topics.keys());
    return topic;
  }
}

function withBuffers(entry: ProtocolEntry): Topic {
  const input = new ArrayBuffer(entry.type.size);
  return {
    ...entry,
    output: new DataView(new ArrayBuffer(entry.type.size)),
    input: new Uint8Array(input),
    inputView: new DataView(input),
  };
}
