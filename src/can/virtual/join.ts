import { setTimeout as delay } from "node:timers/promises";
import { ErrorCode, IntercellError, isIntercellError } from "../../errors.js";
import {
  Connection,
  closeDescriptor,
  connectUnix,
  type Descriptor,
  type Message,
  peerCredentials,
} from "../../native.js";
import type { BusTerms } from "./options.js";
import { startBusProcess } from "./process.js";
import { type BusHello, type BusWelcome, busSocketName } from "./server.js";
import { connectionOptions, decodeText, encodeText, MessageKind } from "./wire.js";

/** Pause before another attempt while a bus is beginning or ending, in milliseconds. */
const PAUSE_MS = 5;

/** A connection whose handle is on the bus. */
export interface Joined {
  readonly connection: Connection;
  readonly welcome: Extract<BusWelcome, { terms: BusTerms }>;
  /** What came right after the welcome, before anybody else handled the connection; filled until then. */
  readonly early: Message[];
}

/**
 * Connects to the bus of that name. If there is none, one is started, with these terms; of several processes that do so at once
 * one succeeds, and the others connect to its bus.
 *
 * @throws IntercellError `ERR_CONFIG` if the bus is not as the hello asks, `EPERM` if it is another user's, what the start
 * failed with, or the signal's reason.
 */
export async function joinBus(name: string, terms: BusTerms, hello: BusHello, signal: AbortSignal): Promise<Joined> {
  for (;;) {
    signal.throwIfAborted();
    const descriptor = tryConnect(name);
    if (descriptor === "absent") {
      await startBusProcess(name, terms, signal);
      continue;
    }
    const joined = descriptor === "busy" ? undefined : await greet(name, descriptor, hello, signal);
    if (joined !== undefined) return joined;
    // It has many to greet; or it ended just then, as its last handle had left.
    await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

function tryConnect(name: string): Descriptor | "absent" | "busy" {
  let descriptor: Descriptor;
  try {
    descriptor = connectUnix(busSocketName(name));
  } catch (error) {
    if (isIntercellError(error, "ECONNREFUSED")) return "absent";
    if (isIntercellError(error, "EAGAIN")) return "busy";
    throw error;
  }
  const { uid } = peerCredentials(descriptor);
  if (uid === process.getuid?.()) return descriptor;
  // Abstract names are free for all: another user can take the name of a bus of ours.
  closeDescriptor(descriptor);
  throw new IntercellError(
    "EPERM",
    `The virtual CAN bus ${name} is run by another user (uid ${uid}); choose another name`,
  );
}

/** Undefined if the other side hangs up without a word. */
async function greet(
  name: string,
  descriptor: Descriptor,
  hello: BusHello,
  signal: AbortSignal,
): Promise<Joined | undefined> {
  return await new Promise<Joined | undefined>((resolve, reject) => {
    const early: Message[] = [];
    const onAbort = () => finish(() => fail(signal.reason));
    const connection = new Connection(descriptor, connectionOptions, {
      message: ({ bytes, descriptors }) => {
        for (const unexpected of descriptors) closeDescriptor(unexpected);
        finish(() => {
          const welcome = decodeText(MessageKind.WELCOME, bytes) as BusWelcome;
          if (welcome.fault !== undefined) throw refused(name, welcome.fault);
          resolve({ connection, welcome, early });
        });
      },
      end: () => finish(() => resolve(undefined)),
    });
    const fail = (error: unknown) => {
      connection.close();
      reject(error);
    };
    const finish = (step: () => void) => {
      signal.removeEventListener("abort", onAbort);
      connection.handle({ message: (message) => early.push(message), end: () => undefined });
      try {
        step();
      } catch (error) {
        fail(error);
      }
    };
    signal.addEventListener("abort", onAbort, { once: true });
    if (!connection.trySend(encodeText(MessageKind.HELLO, hello))) finish(() => resolve(undefined));
  });
}

function refused(name: string, { code, message }: { readonly code: string; readonly message: string }): IntercellError {
  return new IntercellError(code, `Cannot open the virtual CAN bus ${name} as ${message}`);
}

/** The error of a bus that was not to be had in time. */
export function noBus(name: string, timeoutMs: number): IntercellError {
  const wanted = `Cannot open the virtual CAN bus ${name} within ${timeoutMs} ms`;
  return new IntercellError(ErrorCode.TIMEOUT, `${wanted}; its process is stopped or the computer busy`);
}
