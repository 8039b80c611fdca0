import { ErrorCode, IntercellError, isIntercellError } from "../../errors.js";
import { Connection, closeDescriptor, type Descriptor, Listener, type Message, peerCredentials } from "../../native.js";
import { systemClock } from "../clock.js";
import { VirtualMedium } from "./medium.js";
import type { NodeReport } from "./node.js";
import { type BusTerms, type HandleTerms, stationOf } from "./options.js";
import { VirtualSession } from "./session.js";
import { connectionOptions, decodeText, encodeText, MessageKind, VIRTUAL_WIRE_VERSION } from "./wire.js";

/** What a handle says first. */
export interface BusHello {
  readonly version: number;
  /** What it asks of the bus; what is absent is as the bus has it. */
  readonly bus: Partial<BusTerms>;
  readonly handle: HandleTerms;
  readonly receiveFrames: number;
}

/** What it is answered. */
export type BusWelcome =
  | { readonly terms: BusTerms; readonly node: NodeReport; readonly fault?: never }
  | { readonly terms?: never; readonly fault: { readonly code: string; readonly message: string } };

/** The abstract Unix socket of a bus of this user. */
export function busSocketName(name: string): string {
  return `intercell-can/${process.getuid?.() ?? 0}/${name}`;
}

/** Time that a bus waits for its first handle, and for frames to leave after the last one, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Carries a virtual bus for handles in other processes, as long as there is one. */
export class VirtualBusServer {
  readonly #terms: BusTerms;
  readonly #medium: VirtualMedium;
  readonly #listener: Listener;
  readonly #connections = new Set<Connection>();
  readonly #ended: () => void;
  #patience: NodeJS.Timeout;
  #closed = false;

  /** @throws IntercellError `EADDRINUSE` if the bus exists. */
  constructor(name: string, terms: BusTerms, ended: () => void) {
    this.#terms = terms;
    this.#ended = ended;
    this.#listener = new Listener(busSocketName(name), (descriptor) => this.#serve(descriptor));
    this.#medium = new VirtualMedium(terms, systemClock);
    this.#patience = setTimeout(() => this.close(), PATIENCE_MS);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#patience);
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    this.#medium.close();
    this.#ended();
  }

  #serve(descriptor: Descriptor): void {
    const { uid } = peerCredentials(descriptor);
    let session: VirtualSession | undefined;
    const hangUp = () => {
      connection.close();
      this.#left(connection, session);
    };
    const connection = new Connection(descriptor, connectionOptions, {
      message: ({ bytes, descriptors }: Message) => {
        for (const unexpected of descriptors) closeDescriptor(unexpected);
        try {
          if (session === undefined) session = this.#greet(connection, bytes, uid, hangUp);
          else session.message(bytes);
        } catch {
          // Nonsense from one client: it is hung up on, and the bus goes on.
          hangUp();
        }
      },
      end: () => this.#left(connection, session),
      room: () => session?.room(),
    });
    this.#connections.add(connection);
    clearTimeout(this.#patience);
  }

  #greet(connection: Connection, bytes: Uint8Array, uid: number, hangUp: () => void): VirtualSession {
    try {
      if (uid !== process.getuid?.()) throw new IntercellError("EPERM", `it belongs to another user than ${uid}`);
      const hello = decodeText(MessageKind.HELLO, bytes) as BusHello;
      this.#judge(hello);
      const { handle, receiveFrames } = hello;
      const station = stationOf(handle, this.#terms);
      const session = new VirtualSession(connection, this.#medium, station, receiveFrames, hangUp);
      connection.send(
        encodeText(MessageKind.WELCOME, { terms: this.#terms, node: session.report } satisfies BusWelcome),
      );
      return session;
    } catch (error) {
      const code = isIntercellError(error) ? error.code : ErrorCode.PROTOCOL;
      const message = error instanceof Error ? error.message : String(error);
      connection.send(encodeText(MessageKind.WELCOME, { fault: { code, message } } satisfies BusWelcome));
      throw error;
    }
  }

  #judge({ version, bus }: BusHello): void {
    if (version !== VIRTUAL_WIRE_VERSION) {
      const found = `its process speaks version ${VIRTUAL_WIRE_VERSION} and not ${version}`;
      throw new IntercellError(ErrorCode.PROTOCOL, `${found}; use one release of intercell on both sides`);
    }
    for (const [key, wanted] of Object.entries(bus)) {
      const found = this.#terms[key as keyof BusTerms];
      if (wanted === found) continue;
      const fault = `it has ${key} ${found ?? "undefined"} where ${wanted} is wanted`;
      throw new IntercellError(ErrorCode.CONFIG, `${fault}; ask for what it has, for nothing, or choose another name`);
    }
  }

  #left(connection: Connection, session: VirtualSession | undefined): void {
    if (!this.#connections.delete(connection)) return;
    session?.end();
    if (this.#connections.size > 0 || this.#closed) return;
    clearTimeout(this.#patience);
    this.#closeWhenIdle(performance.now() + PATIENCE_MS);
  }

  /** After the last handle, frames that it sent may be heard by one that comes before they are gone. */
  #closeWhenIdle(deadlineMs: number): void {
    if (this.#connections.size > 0 || this.#closed) return;
    if (this.#medium.idle || performance.now() >= deadlineMs) this.close();
    else this.#patience = setTimeout(() => this.#closeWhenIdle(deadlineMs), 10);
  }
}
