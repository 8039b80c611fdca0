import { ErrorCode, IntercellError, isIntercellError, systemError } from "../errors.js";
import { Connection, closeDescriptor, connectUnix, type Descriptor, type Message, peerCredentials } from "../native.js";
import { listMachines, socketName } from "./names.js";
import { connectionOptions, decodeWelcome, encodeHello, type Hello, type Welcome } from "./wire.js";

/** Limits of a wait. */
export interface WaitOptions {
  /** Ends the wait; the call rejects with the signal's reason. @defaultValue none */
  readonly signal?: AbortSignal | undefined;
  /** @defaultValue 10_000 */
  readonly timeoutMs?: number | undefined;
}

/**
 * Connects to the broker of `machine`, says hello and waits for the welcome. `accept` makes the client of it at once,
 * before another message can arrive; it owns the descriptors and the connection.
 *
 * @throws IntercellError `ERR_NOT_FOUND` if there is no such machine, `ERR_TIMEOUT`, or the errno of a refusal.
 */
export async function greetBroker<T>(
  machine: string,
  hello: Hello,
  wait: WaitOptions,
  accept: (welcome: Welcome, descriptors: readonly Descriptor[], connection: Connection) => T,
): Promise<T> {
  wait.signal?.throwIfAborted();
  const descriptor = connectOwn(machine);
  return await new Promise<T>((resolve, reject) => {
    const connection = new Connection(descriptor, connectionOptions, {
      message: (message) => finish(() => resolve(welcomed(machine, message, connection, accept))),
      end: () => finish(() => fail(machineGone(machine))),
    });
    const { signal, timeoutMs = 10_000 } = wait;
    const fail = (error: unknown) => {
      connection.close();
      reject(error);
    };
    const onAbort = () => finish(() => fail(signal?.reason));
    const timer = setTimeout(() => finish(() => fail(noAnswer(machine, timeoutMs))), timeoutMs);
    const finish = (step: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      try {
        step();
      } catch (error) {
        fail(error);
      }
    };
    signal?.addEventListener("abort", onAbort);
    try {
      connection.send(encodeHello(hello));
    } catch (error) {
      finish(() => fail(error));
    }
  });
}

/** The error of everything that was using a machine that ended. */
export function machineGone(machine: string, cause?: unknown): IntercellError {
  return new IntercellError(
    ErrorCode.CLOSED,
    `The simulated machine ${machine} is gone: its starter closed it or ended. Start it again.`,
    { cause },
  );
}

function connectOwn(machine: string): Descriptor {
  const descriptor = connect(machine);
  const { uid } = peerCredentials(descriptor);
  if (uid === process.getuid?.()) return descriptor;
  // Abstract names are free for all: another user can take the name of a machine of ours.
  closeDescriptor(descriptor);
  throw new IntercellError("EPERM", `The machine ${machine} is run by another user (uid ${uid}); choose another name`);
}

function connect(machine: string): Descriptor {
  try {
    return connectUnix(socketName(machine));
  } catch (cause) {
    if (!isIntercellError(cause, "ECONNREFUSED")) throw cause;
    const running = listMachines();
    throw new IntercellError(
      ErrorCode.NOT_FOUND,
      `There is no simulated machine ${machine}: there is ${running.length === 0 ? "none" : running.join(", ")}. ` +
        `Start one with startMachine(), or for programs of their own with: intercell sim --name ${machine}`,
      { cause },
    );
  }
}

function welcomed<T>(
  machine: string,
  { bytes, descriptors }: Message,
  connection: Connection,
  accept: (welcome: Welcome, descriptors: readonly Descriptor[], connection: Connection) => T,
): T {
  let welcome: Welcome;
  try {
    welcome = decodeWelcome(bytes);
    if (welcome.errno !== 0) throw refused(machine, welcome);
  } catch (error) {
    for (const descriptor of descriptors) closeDescriptor(descriptor);
    throw error;
  }
  return accept(welcome, descriptors, connection);
}

function refused(machine: string, { errno, reason }: Welcome): IntercellError {
  return systemError({
    errno,
    syscall: "connect",
    path: machine,
    wanted: "join the simulated machine",
    advice: reason,
  });
}

function noAnswer(machine: string, timeoutMs: number): IntercellError {
  return new IntercellError(
    ErrorCode.TIMEOUT,
    `The simulated machine ${machine} did not answer within ${timeoutMs} ms; its broker is stopped or the computer busy`,
  );
}
