import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { requireKnownKeys, systemError } from "../errors.js";
import type { IvshmemNet } from "./endpoint.js";
import { type CaptureFormat, pcap, pcapng } from "./pcap.js";

/** Options of {@link captureNet}. */
export interface CaptureOptions {
  /** @defaultValue "pcapng" */
  readonly format?: "pcap" | "pcapng";
  /** Bytes of a frame that are kept at most, 14 to 262144. @defaultValue 262144 */
  readonly snapLengthBytes?: number;
  /** Ends the capture after so many frames. @defaultValue no end */
  readonly maxFrames?: number;
  /** Bytes that wait to be written at most; frames seen meanwhile are left out and counted. @defaultValue 16 MiB */
  readonly bufferBytes?: number;
}

/** Longest frame that a capture may have (libpcap, `MAXIMUM_SNAPLEN`). */
const MAX_SNAP_LENGTH = 262_144;

const formats: Readonly<Record<string, CaptureFormat>> = { pcap, pcapng };

/** Nanoseconds since 1970 at the origin of the monotonic clock, so that a capture's times do not jump. */
const originNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

/** A capture of the frames of an endpoint, both ways, while it is open. */
export class NetCapture {
  readonly #stream: Writable;
  readonly #format: CaptureFormat;
  readonly #snapLengthBytes: number;
  readonly #bufferBytes: number;
  readonly #maxFrames: number;
  readonly #leave: () => void;
  readonly #end: () => void;
  readonly #finished: Promise<void>;
  #frames = 0;
  #dropped = 0;
  #closing = false;

  /** @internal Use {@link captureNet}. */
  constructor(net: IvshmemNet, target: string | Writable, options: Required<CaptureOptions>) {
    const stream = typeof target === "string" ? createWriteStream(target) : target;
    const path = typeof target === "string" ? target : undefined;
    this.#stream = stream;
    this.#format = formats[options.format] as CaptureFormat;
    this.#snapLengthBytes = options.snapLengthBytes;
    this.#bufferBytes = options.bufferBytes;
    this.#maxFrames = options.maxFrames;
    let finish = (_error?: unknown): void => undefined;
    this.#finished = new Promise((resolve, reject) => {
      finish = (error) => (error === undefined || error === null ? resolve() : reject(error));
    });
    this.#end = () => {
      if (path === undefined) stream.write("", finish);
      else stream.end(finish);
    };
    stream.once("error", (cause: NodeJS.ErrnoException) => {
      this.#leave();
      const { errno, syscall = "write" } = cause;
      finish(errno === undefined ? cause : systemError({ errno, syscall, path, wanted: "write the capture", cause }));
    });
    // Whoever never asks is not told.
    this.#finished.catch(() => undefined);
    this.#leave = net.observe((direction, bytes, offset, length) => this.#see(direction, bytes, offset, length));
    stream.write(this.#format.header(net.name, this.#snapLengthBytes));
  }

  /** Frames that were captured, and those that had to be left out as the file was too slow. */
  get statistics(): { readonly frames: number; readonly dropped: number } {
    return { frames: this.#frames, dropped: this.#dropped };
  }

  /**
   * Ends the capture and waits until all is written.
   *
   * @throws IntercellError such as `ENOSPC` if the file could not be written.
   */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#leave();
      this.#end();
    }
    await this.#finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #see(direction: "in" | "out", bytes: Uint8Array, offset: number, length: number): void {
    if (this.#stream.writableLength > this.#bufferBytes) {
      this.#dropped++;
      return;
    }
    const kept = Math.min(length, this.#snapLengthBytes);
    const timeNs = originNs + process.hrtime.bigint();
    this.#stream.write(
      this.#format.frame({ timeNs, direction, bytes: bytes.subarray(offset, offset + kept), lengthBytes: length }),
    );
    this.#frames++;
    if (this.#frames >= this.#maxFrames) this.#leave();
  }
}

/**
 * Writes every frame that an endpoint sends and receives to a file or stream, for Wireshark or tcpdump.
 *
 * @param target a path, or a stream such as `process.stdout`, which stays open.
 * @throws RangeError or TypeError for options.
 */
export function captureNet(net: IvshmemNet, target: string | Writable, options: CaptureOptions = {}): NetCapture {
  requireKnownKeys("captureNet", options, ["format", "snapLengthBytes", "maxFrames", "bufferBytes"]);
  const { format = "pcapng", snapLengthBytes = MAX_SNAP_LENGTH } = options;
  const { maxFrames = Number.POSITIVE_INFINITY, bufferBytes = 16 * 1024 * 1024 } = options;
  if (!Object.hasOwn(formats, format)) throw new TypeError(`A capture's format is pcap or pcapng, not ${format}`);
  requireInteger("snapLengthBytes", snapLengthBytes, 14, MAX_SNAP_LENGTH);
  if (maxFrames !== Number.POSITIVE_INFINITY) requireInteger("maxFrames", maxFrames, 1, Number.MAX_SAFE_INTEGER);
  requireInteger("bufferBytes", bufferBytes, 0, Number.MAX_SAFE_INTEGER);
  return new NetCapture(net, target, { format, snapLengthBytes, maxFrames, bufferBytes });
}

function requireInteger(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new RangeError(`The option ${name} of a capture is an integer from ${low} to ${high}, not ${value}`);
}
