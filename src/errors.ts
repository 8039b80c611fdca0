import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

/**
 * The codes of faults that are not an errno. A fault of a system call carries the errno's name instead, such as
 * `"EACCES"`.
 */
export const ErrorCode = {
  /** The native addon could not be loaded on this machine. */
  ADDON: "ERR_ADDON",
  /** The requester no longer waits for the reply. */
  CANCELLED: "ERR_CANCELLED",
  /** The object was closed, by this side or because its device went away. */
  CLOSED: "ERR_CLOSED",
  /** A configuration or description read from outside does not make sense. */
  CONFIG: "ERR_CONFIG",
  /** Bytes from outside do not decode as the type that was expected. */
  DECODE: "ERR_DECODE",
  /** A bounded queue or ring has no room. */
  FULL: "ERR_FULL",
  /** A request handler of this side failed. */
  HANDLER: "ERR_HANDLER",
  /** The name, number or device is taken. */
  IN_USE: "ERR_IN_USE",
  /** What was asked for does not exist on this machine. */
  NOT_FOUND: "ERR_NOT_FOUND",
  /** Nobody on the other side handles the request. */
  NO_HANDLER: "ERR_NO_HANDLER",
  /** The device is configured without the section that was asked for. */
  NO_SECTION: "ERR_NO_SECTION",
  /** The other side is absent. */
  PEER_ABSENT: "ERR_PEER_ABSENT",
  /** The other side went away and came back while an operation was under way. */
  PEER_RESTARTED: "ERR_PEER_RESTARTED",
  /** The other side broke the wire protocol. */
  PROTOCOL: "ERR_PROTOCOL",
  /** Too many sends or requests wait already. */
  QUEUE_FULL: "ERR_QUEUE_FULL",
  /** The other side answered a request with a fault. */
  REMOTE: "ERR_REMOTE",
  /** The time the caller allowed has passed. */
  TIMEOUT: "ERR_TIMEOUT",
  /** The message is larger than the link can carry. */
  TOO_LARGE: "ERR_TOO_LARGE",
  /** The two sides of a channel disagree about its type. */
  TYPE_MISMATCH: "ERR_TYPE_MISMATCH",
  /** What was sent may have arrived or not: the word that it did was lost. */
  UNCONFIRMED: "ERR_UNCONFIRMED",
  /** This device, kernel or link cannot do what was asked. */
  UNSUPPORTED: "ERR_UNSUPPORTED",
} as const;

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** What an {@link IntercellError} carries besides its message. */
export interface IntercellErrorDetails {
  /** The positive errno of the system call that failed. */
  readonly errno?: number | undefined;
  /** The system call that failed, such as `"mmap"`. */
  readonly syscall?: string | undefined;
  /** The file, device or socket concerned. */
  readonly path?: string | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * A fault of the world: a device, a kernel, a peer or a clock did not do what was wanted. Mistakes in arguments are
 * `TypeError` and `RangeError` instead. Test for it with {@link isIntercellError}, which also holds when two copies of
 * this package are loaded.
 */
export class IntercellError extends Error {
  /** One of {@link ErrorCode}, or the name of an errno. */
  readonly code: string;
  declare readonly errno?: number;
  declare readonly syscall?: string;
  declare readonly path?: string;

  constructor(code: string, message: string, details: IntercellErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "IntercellError";
    this.code = code;
    if (details.errno !== undefined) this.errno = details.errno;
    if (details.syscall !== undefined) this.syscall = details.syscall;
    if (details.path !== undefined) this.path = details.path;
  }
}

/** Whether `error` is an {@link IntercellError} and, if `code` is given, has that code. */
export function isIntercellError(error: unknown, code?: string): error is IntercellError {
  if (!(error instanceof Error) || error.name !== "IntercellError" || !("code" in error)) return false;
  return code === undefined || error.code === code;
}

/** What {@link systemError} needs to know of a failed system call. */
export interface SystemFault {
  /** The errno, positive or negated. */
  readonly errno: number;
  /** The system call that failed, such as `"open"`. */
  readonly syscall: string;
  /** The file, device or socket concerned. */
  readonly path?: string | undefined;
  /** What was being done, so that "Cannot " can stand before it: `"open the device"`. */
  readonly wanted: string;
  /** What the reader can do about it, as a sentence. The default depends on the errno. */
  readonly advice?: string | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

const defaultAdvice: Readonly<Record<string, string>> = {
  EACCES: "Run as root, or give this user access.",
  EPERM: "Run as root, or give this process the capability it lacks.",
  EMFILE: "Close descriptors that are no longer used, or raise the limit (ulimit -n).",
};

/** libuv's own numbers begin here: EAI_*, EOF, UNKNOWN (uv/errno.h). */
const FIRST_PSEUDO_ERRNO = 3000;

const errnoNames: ReadonlyMap<number, string> = namesByErrno();

/** The name of an errno, positive or negated; `"ERRNO_<number>"` if neither Node nor libuv has a name for it. */
export function errnoName(errno: number): string {
  const positive = Math.abs(errno);
  return errnoNames.get(positive) ?? `ERRNO_${positive}`;
}

/** The {@link IntercellError} for a failed system call: its code is the errno's name. */
export function systemError(fault: SystemFault): IntercellError {
  const errno = Math.abs(fault.errno);
  const code = errnoName(errno);
  const meaning = errnoNames.has(errno) ? getSystemErrorMap().get(-errno)?.[1] : undefined;
  const found = `${fault.syscall} failed with ${code}${meaning === undefined ? "" : ` (${meaning})`}`;
  const place = fault.path === undefined ? "" : `: ${fault.path}`;
  const advice = fault.advice ?? defaultAdvice[code];
  const message = `Cannot ${fault.wanted} as ${found}${place}${advice === undefined ? "" : `. ${advice}`}`;
  return new IntercellError(code, message, { errno, syscall: fault.syscall, path: fault.path, cause: fault.cause });
}

/**
 * Holds an options bag against the keys it may have.
 *
 * @throws TypeError if `options` is not an object or has a key that is not in `known`.
 */
export function requireKnownKeys(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`The options of ${what} must be an object`);
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new TypeError(`Unknown option ${JSON.stringify(key)} of ${what}: the options are ${known.join(", ")}`);
    }
  }
}

function namesByErrno(): Map<number, string> {
  const names = new Map<number, string>();
  for (const [negative, [name]] of getSystemErrorMap()) if (-negative < FIRST_PSEUDO_ERRNO) names.set(-negative, name);
  // Linux gives EAGAIN and EWOULDBLOCK one number; the first name listed is the usual one.
  for (const [name, errno] of Object.entries(constants.errno)) if (!names.has(errno)) names.set(errno, name);
  return names;
}

/**
 * Holds an argument against the members that what is wanted has, for a mistake that types do not keep from JavaScript.
 *
 * @throws TypeError that says what `caller` takes and what was found.
 */
export function requireMembers(caller: string, wanted: string, value: unknown, members: readonly string[]): void {
  const isObject = typeof value === "object" && value !== null;
  if (isObject && members.every((member) => Reflect.get(value, member) !== undefined)) return;
  const found = isObject ? `an object of class ${value.constructor?.name ?? "none"}` : String(value);
  const awaited = value instanceof Promise ? "a Promise: await it" : found;
  throw new TypeError(`${caller}() takes ${wanted}, found ${awaited}`);
}
