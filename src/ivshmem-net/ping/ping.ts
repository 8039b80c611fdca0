import { whenAborted } from "../../channel/abort.js";
import { throwLater } from "../../channel/emitter.js";
import { requireKnownKeys } from "../../errors.js";
import { formatIpAddress } from "../../netlink/ip-address.js";
import { randomAddress } from "../ethernet/frame.js";
import type { FramePort } from "../ethernet/frame-port.js";
import type { FrameBatch } from "../frame-batch.js";
import { decodeIcmpv6, ECHO_HEADER_BYTES, IPV6_HEADER_BYTES, linkLocalOf, type Station } from "./icmpv6.js";
import { answerSolicitation } from "./neighbour.js";
import { Probes } from "./probes.js";
import type { PingReport } from "./report.js";

/** One answer. */
export interface PingEcho {
  /** Number of the probe, from 1. */
  readonly sequence: number;
  /** IPv6 address of who answered. */
  readonly from: string;
  /** Bytes of the answer, its ICMPv6 header of 8 included. */
  readonly lengthBytes: number;
  readonly hopLimit: number;
  /** From right before the probe was sent to when this program saw the answer. */
  readonly timeMs: number;
}

/** Options of {@link pingPeer}. */
export interface PingOptions {
  /** Probes to send. @defaultValue as many as there are until the signal */
  readonly count?: number | undefined;
  /** Time between two probes; 0 sends each when the one before was answered or has timed out. @defaultValue 1000 */
  readonly intervalMs?: number | undefined;
  /** How long a probe waits for its answer; one that comes later counts in `late` only. @defaultValue 1000 */
  readonly timeoutMs?: number | undefined;
  /** Bytes of a probe behind its headers. @defaultValue 56 */
  readonly sizeBytes?: number | undefined;
  /** Addresses to send from. The port's peer asks who has them. @defaultValue made up, and answered for */
  readonly station?: PingStation | undefined;
  /** Ends it; the report is of what was until then. @defaultValue none */
  readonly signal?: AbortSignal | undefined;
  /** Told of each answer. */
  readonly onEcho?: ((echo: PingEcho) => void) | undefined;
  /** Told of each probe that was not answered in time, by its number. */
  readonly onTimeout?: ((sequence: number) => void) | undefined;
}

/** Who pings. */
export interface PingStation {
  /** Six bytes. */
  readonly macAddress: Uint8Array;
  /** 16 bytes; the kernel of this side has it and answers for it. @defaultValue by the MAC address, and answered for */
  readonly ipAddress?: Uint8Array | undefined;
}

const DEFAULT_SIZE_BYTES = 56;
const DEFAULT_INTERVAL_MS = 1000;
const DEFAULT_TIMEOUT_MS = 1000;
const MAX_MS = 3_600_000;

/** With an interval of 0: when to try again after the link took nothing. */
const UNSENT_PAUSE_MS = 50;

const keys = ["count", "intervalMs", "timeoutMs", "sizeBytes", "station", "signal", "onEcho", "onTimeout"];

/** Largest `sizeBytes` on a link. */
export function maxPingBytes(mtu: number): number {
  return mtu - IPV6_HEADER_BYTES - ECHO_HEADER_BYTES;
}

/**
 * Sends ICMPv6 echo requests (RFC 4443, section 4.1) to all nodes of a link, which between two cells is the peer, and takes the
 * time of its kernel's answers. No address needs to be configured, on neither side: they are link-local.
 *
 * @returns what came of it, once all probes are answered or timed out, the signal aborted or the port closed.
 * @throws TypeError or RangeError for options that make no sense.
 */
export async function pingPeer(port: FramePort, options: PingOptions = {}): Promise<PingReport> {
  return await new Ping(port, options).run();
}

class Ping {
  readonly #port: FramePort;
  readonly #options: PingOptions;
  readonly #count: number;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #probes: Probes;
  readonly #station: Station;
  readonly #answers: boolean;
  #wake: (() => void) | undefined;

  constructor(port: FramePort, options: PingOptions) {
    requireKnownKeys("pingPeer", options, keys);
    const { count = Number.POSITIVE_INFINITY, station, sizeBytes = DEFAULT_SIZE_BYTES } = options;
    const { intervalMs = DEFAULT_INTERVAL_MS, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (count !== Number.POSITIVE_INFINITY) requireIn("count", count, 1, Number.MAX_SAFE_INTEGER);
    this.#port = port;
    this.#options = options;
    this.#count = count;
    this.#intervalMs = requireIn("intervalMs", intervalMs, 0, MAX_MS);
    this.#timeoutMs = requireIn("timeoutMs", timeoutMs, 1, MAX_MS);
    requireIn("sizeBytes", sizeBytes, 0, maxPingBytes(port.mtu));
    const mac = station?.macAddress ?? randomAddress();
    this.#station = { mac, ip: station?.ipAddress ?? linkLocalOf(mac) };
    this.#answers = station?.ipAddress === undefined;
    this.#probes = new Probes(this.#station, sizeBytes);
  }

  async run(): Promise<PingReport> {
    const { signal } = this.#options;
    const begin = performance.now();
    const ignore = this.#port.onFrames((batch) => this.#take(batch));
    const end = () => this.#wake?.();
    this.#port.events.on("close", end);
    const unwatch = signal === undefined ? undefined : whenAborted(signal, end);
    try {
      for (let sent = 0; sent < this.#count && !this.#ended; sent++) {
        this.#transmit();
        if (sent + 1 < this.#count) await this.#pause();
      }
      while (this.#probes.waiting > 0 && !this.#ended) await this.#wait(this.#timeoutMs);
    } finally {
      ignore();
      this.#port.events.off("close", end);
      unwatch?.();
    }
    return this.#probes.report(performance.now() - begin);
  }

  get #ended(): boolean {
    return this.#port.closed || this.#options.signal?.aborted === true;
  }

  #transmit(): void {
    const frame = this.#probes.next(performance.now());
    if (this.#port.closed || !this.#port.trySend(frame)) this.#probes.unsent();
  }

  async #pause(): Promise<void> {
    if (this.#intervalMs === 0) {
      if (this.#probes.waiting === 0) await this.#wait(UNSENT_PAUSE_MS);
      while (this.#probes.waiting > 0 && !this.#ended) await this.#wait(this.#timeoutMs);
      return;
    }
    const until = performance.now() + this.#intervalMs;
    for (let leftMs = this.#intervalMs; leftMs > 0 && !this.#ended; leftMs = until - performance.now()) {
      await this.#wait(leftMs);
    }
  }

  /** Waits for an answer, the end, the time-out of a probe, or the time to pass. */
  async #wait(timeMs: number): Promise<void> {
    const dueMs = this.#probes.oldestMs + this.#timeoutMs - performance.now();
    await new Promise<void>((resolve) => {
      // A process that was stopped sees first what came meanwhile, so that no answer is missed that is there.
      const timer = setTimeout(() => setImmediate(resolve), Math.max(0, Math.min(timeMs, dueMs)));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
    for (const sequence of this.#probes.expire(performance.now() - this.#timeoutMs)) {
      this.#tell(() => this.#options.onTimeout?.(sequence));
    }
  }

  #take(batch: FrameBatch): void {
    const nowMs = performance.now();
    for (let index = 0; index < batch.count; index++) {
      const frame = batch.frame(index);
      const message = decodeIcmpv6(frame);
      if (message === undefined) continue;
      const answer = this.#answers && message.intact ? answerSolicitation(this.#station, message, frame) : undefined;
      if (answer !== undefined && !this.#port.closed) this.#port.trySend(answer);
      const echo = this.#probes.take(message, nowMs);
      if (echo === undefined) continue;
      const { source, hopLimit, bytes } = message;
      const from = formatIpAddress(source) as string;
      this.#tell(() => this.#options.onEcho?.({ ...echo, from, hopLimit, lengthBytes: bytes.length }));
    }
    this.#wake?.();
  }

  /** Whoever is told may throw, which is no business of the ping. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      throwLater(error);
    }
  }
}

function requireIn(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`The option ${name} of pingPeer is an integer from ${least} to ${most}, not ${value}`);
}
