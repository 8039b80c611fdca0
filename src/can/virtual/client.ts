import { ErrorCode, IntercellError } from "../../errors.js";
import { type Connection, closeDescriptor, type Message } from "../../native.js";
import type { CanFrame } from "../frame.js";
import { type Joined, joinBus, noBus } from "./join.js";
import type { VirtualBusStatistics } from "./medium.js";
import { isAble } from "./node.js";
import type { BusTerms } from "./options.js";
import type { BusCommand, PortSink, VirtualPort } from "./port.js";
import type { BusHello } from "./server.js";
import { decodeEvents, decodeText, encodeText, FramesWriter, MessageKind, type StationEvent } from "./wire.js";

interface PendingCommand {
  readonly resolve: (statistics: VirtualBusStatistics) => void;
  readonly reject: (error: unknown) => void;
}

interface Reply {
  readonly id: number;
  readonly statistics?: VirtualBusStatistics;
  readonly error?: { readonly name?: string; readonly message?: string };
}

/** What a {@link SocketPort} needs besides its connection. */
export interface SocketPortOptions {
  readonly name: string;
  readonly hello: BusHello;
  /** Whether it connects again by itself when the process of the bus ends. */
  readonly reopen: boolean;
  readonly reopenTimeoutMs: number;
}

/** A handle's way to a bus in another process. */
export class SocketPort implements VirtualPort {
  readonly #options: SocketPortOptions;
  readonly #sink: PortSink;
  readonly #writer = new FramesWriter();
  /** Messages for which the socket had no room. At most as many frames as the node takes are in them. */
  readonly #backlog: Uint8Array[] = [];
  readonly #commands = new Map<number, PendingCommand>();
  readonly #stop = new AbortController();
  #terms: BusTerms;
  #connection: Connection;
  #inFlight = 0;
  #downs = 0;
  #lastCommand = 0;
  #flushing = false;
  #closed = false;
  /** Frames lost in connections before this one. */
  #droppedBefore = 0;
  #dropped = 0;

  constructor(joined: Joined, options: SocketPortOptions, sink: PortSink) {
    this.#options = options;
    this.#sink = sink;
    this.#terms = joined.welcome.terms;
    this.#connection = joined.connection;
    this.#takeOver(joined);
  }

  get room(): number {
    return this.#connection.closed ? 0 : this.#options.hello.handle.txQueueFrames - this.#inFlight;
  }

  send(frame: CanFrame): void {
    this.#inFlight += 1;
    if (!this.#writer.add(frame)) {
      this.#flush();
      this.#writer.add(frame);
    }
    if (this.#flushing) return;
    // Frames of one turn go in one message.
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  async command(command: BusCommand): Promise<VirtualBusStatistics> {
    this.#flush();
    return await new Promise<VirtualBusStatistics>((resolve, reject) => {
      if (this.#connection.closed) {
        reject(this.#gone());
        return;
      }
      this.#lastCommand += 1;
      this.#commands.set(this.#lastCommand, { resolve, reject });
      this.#push(encodeText(MessageKind.COMMAND, { id: this.#lastCommand, command }));
    });
  }

  /** What was taken still goes out. Nothing is told any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop.abort(new IntercellError(ErrorCode.CLOSED, "The handle was closed"));
    this.#flush();
    this.#rejectCommands(new IntercellError(ErrorCode.CLOSED, "The virtual CAN handle was closed"));
    if (this.#backlog.length === 0) this.#connection.close();
  }

  #takeOver({ connection, welcome, early }: Joined): void {
    this.#connection = connection;
    this.#terms = welcome.terms;
    this.#inFlight = 0;
    this.#downs = 0;
    this.#droppedBefore += this.#dropped;
    this.#dropped = 0;
    connection.handle({
      message: (message) => this.#receive(message),
      end: () => this.#end(),
      room: () => this.#drain(),
    });
    this.#sink.nodeChanged(welcome.node);
    // Not at once, as the handle that this port is made for does not know it yet.
    queueMicrotask(() => {
      for (const message of early) this.#receive(message);
      if (connection.closed) this.#end();
    });
  }

  #flush(): void {
    if (this.#writer.count === 0) return;
    this.#push(this.#writer.message(this.#downs));
    this.#writer.clear();
  }

  #push(message: Uint8Array): void {
    if (this.#backlog.length > 0 || !this.#connection.trySend(message)) this.#backlog.push(message.slice());
  }

  #drain(): void {
    while (this.#backlog.length > 0 && this.#connection.trySend(this.#backlog[0] as Uint8Array)) this.#backlog.shift();
    if (this.#closed && this.#backlog.length === 0) this.#connection.close();
  }

  #receive({ bytes, descriptors }: Message): void {
    for (const unexpected of descriptors) closeDescriptor(unexpected);
    if (this.#closed) return;
    try {
      if (bytes[0] === MessageKind.REPLY) this.#answer(decodeText(MessageKind.REPLY, bytes) as Reply);
      else for (const event of decodeEvents(bytes)) this.#take(event);
    } catch (error) {
      this.#connection.close();
      this.#sink.failed(error);
      return;
    }
    this.#sink.flush();
  }

  #take(event: StationEvent): void {
    switch (event.kind) {
      case "received":
        this.#sink.received(event.frame, event.timestamp, event.origin);
        break;
      case "sent":
        this.#inFlight -= 1;
        this.#sink.sent(event.timestamp);
        break;
      case "dropped":
        this.#dropped = event.total;
        this.#sink.dropped(this.#droppedBefore + event.total);
        break;
      case "node":
        if (!isAble(event.report)) this.#forget();
        this.#sink.nodeChanged(event.report);
        break;
    }
  }

  /** The node forgot what waits; what is on its way to it, it will ignore. */
  #forget(): void {
    this.#downs += 1;
    this.#inFlight = 0;
    this.#writer.clear();
  }

  #answer({ id, statistics, error }: Reply): void {
    const pending = this.#commands.get(id);
    this.#commands.delete(id);
    if (statistics !== undefined) pending?.resolve(statistics);
    else pending?.reject(new RangeError(error?.message ?? "The virtual CAN bus refused the command"));
  }

  #end(): void {
    if (this.#closed) return;
    this.#backlog.length = 0;
    this.#writer.clear();
    this.#rejectCommands(this.#gone());
    this.#sink.removed();
    if (this.#options.reopen) void this.#rejoin();
  }

  /** Whoever comes first starts the bus anew, as it was; the others find it. */
  async #rejoin(): Promise<void> {
    const { name, hello, reopenTimeoutMs } = this.#options;
    const late = noBus(name, reopenTimeoutMs);
    const timer = setTimeout(() => this.#stop.abort(late), reopenTimeoutMs);
    try {
      const joined = await joinBus(name, this.#terms, hello, this.#stop.signal);
      if (this.#closed) joined.connection.close();
      else {
        this.#takeOver(joined);
        this.#sink.back();
      }
    } catch (error) {
      if (!this.#closed) this.#sink.failed(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #rejectCommands(error: IntercellError): void {
    for (const { reject } of this.#commands.values()) reject(error);
    this.#commands.clear();
  }

  #gone(): IntercellError {
    const message = `The process that carried the virtual CAN bus ${this.#options.name} is gone`;
    return new IntercellError("ENODEV", message);
  }
}
