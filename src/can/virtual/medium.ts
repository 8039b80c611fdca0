import { type TimedFrame, wireTimeNs } from "../bit-length.js";
import type { Timestamp } from "../bus.js";
import { BusLoad } from "../bus-load.js";
import type { CanClock, ClockTimer } from "../clock.js";
import { encodeErrorFrame } from "../error-report.js";
import type { CanFrame, ErrorFrame } from "../frame.js";
import { addNs } from "../timestamp.js";
import { DelayLine } from "./delay.js";
import { type FateOf, FaultSource, type FrameFate, type VirtualFaults } from "./faults.js";
import { VirtualNode } from "./node.js";
import { type QueuedFrame, type StationOptions, type StationSink, VirtualStation } from "./station.js";

/** Frames carried before others in this process get their turn. */
const BURST = 512;

/** Bits of an error frame and what follows: the flags of two nodes together 6 to 12, delimiter 8, intermission 3. */
const ERROR_FRAME_BITS = 17;

/** What a virtual bus is made of. */
export interface MediumOptions {
  /** bit/s; undefined for a bus on which a frame takes no time. */
  readonly bitRate: number | undefined;
  readonly dataBitRate: number | undefined;
  /** Milliseconds after which a node leaves bus-off by itself; 0 for never. */
  readonly restartMs: number;
  readonly faults: VirtualFaults | undefined;
}

/** What happened on a virtual bus since it began; all u53 but `load`. */
export interface VirtualBusStatistics {
  /** Handles that are open on it. */
  readonly handles: number;
  /** Frames that wait for the wire, the one on it included. */
  readonly waitingFrames: number;
  /** Frames that got through. */
  readonly frames: number;
  /** Frames that an error frame destroyed, each time that it did. */
  readonly corruptedFrames: number;
  /** Deliveries to a receiver that did not happen. */
  readonly droppedFrames: number;
  readonly duplicatedFrames: number;
  /** Frames that were held back before their delivery, and those that are right now. */
  readonly delayedFrames: number;
  /** Share of the last second in which the wire was busy, 0 to 1; 0 without a bit rate. */
  readonly load: number;
  /** Nanoseconds in which the wire was busy. */
  readonly busyNs: number;
}

interface Transmission {
  readonly station: VirtualStation;
  readonly queued: QueuedFrame;
  readonly startNs: number;
  readonly endNs: number;
}

/** The wire of a virtual bus, and who is on it. Whatever carries frames to handles is behind {@link StationSink}. */
export class VirtualMedium {
  readonly #options: MediumOptions;
  readonly #clock: CanClock;
  readonly #fateOf: FateOf | undefined;
  readonly #stations = new Set<VirtualStation>();
  readonly #nodes = new Map<string, VirtualNode>();
  readonly #restarts = new Map<VirtualNode, ClockTimer>();
  readonly #delay: DelayLine;
  readonly #load = new BusLoad();
  readonly #counts = { frames: 0, corruptedFrames: 0, droppedFrames: 0, duplicatedFrames: 0, delayedFrames: 0 };
  readonly #startNs: number;
  #faults: FaultSource | undefined;
  #current: Transmission | undefined;
  #idleAtNs = 0;
  #held = false;
  #turnNs: number | undefined;
  #run: ClockTimer | undefined;

  /** @throws RangeError if a fault is out of range. */
  constructor(options: MediumOptions, clock: CanClock, fateOf?: FateOf) {
    this.#options = options;
    this.#clock = clock;
    this.#fateOf = fateOf;
    this.#startNs = clock.elapsedNs();
    this.#delay = new DelayLine(clock, () => this.#flush());
    this.setFaults(options.faults);
  }

  get statistics(): VirtualBusStatistics {
    const load = this.#load.at(this.#clock.elapsedNs() - this.#startNs);
    const handles = [...this.#stations].filter(({ closed }) => !closed).length;
    const waitingFrames = [...this.#stations].reduce((sum, { waiting }) => sum + waiting, 0);
    return { handles, waitingFrames, ...this.#counts, load, busyNs: this.#load.totalNs };
  }

  attach(options: StationOptions, sink: StationSink): VirtualStation {
    const node = this.#nodes.get(options.node) ?? new VirtualNode(options.node);
    this.#nodes.set(node.name, node);
    const station = new VirtualStation(node, options, sink);
    this.#stations.add(station);
    return station;
  }

  /** Takes a station off. What it was given is still sent. */
  detach(station: VirtualStation): void {
    station.closed = true;
    this.#forgetIfDone(station);
  }

  /** Whether all that was given to it is sent. */
  get idle(): boolean {
    return (
      this.#current === undefined &&
      this.#delay.waiting === 0 &&
      [...this.#stations].every(({ waiting }) => waiting === 0)
    );
  }

  /** Takes a frame to be sent; false if the station has no room, or its node is down or in bus-off. */
  send(station: VirtualStation, frame: CanFrame): boolean {
    if (!station.node.active || !station.hasRoom) return false;
    station.push(frame, this.#turn());
    this.#wake();
    return true;
  }

  /** Faults from here on; undefined for none. @throws RangeError if one is out of range. */
  setFaults(faults: VirtualFaults | undefined): void {
    this.#faults = faults && new FaultSource(faults);
  }

  /** Gives an error frame to every handle that wants such. */
  injectError(frame: ErrorFrame): void {
    this.#report(frame, () => true);
    this.#flush();
  }

  /** Takes a node off the bus as its controller would be after too many errors. */
  goBusOff(node: VirtualNode): void {
    this.#reportState(node, node.goBusOff());
    this.#flush();
  }

  /** Brings a node back from bus-off; does nothing if it is not. */
  restart(node: VirtualNode): void {
    this.#restarts.get(node)?.cancel();
    this.#restarts.delete(node);
    this.#reportState(node, node.restart());
    this.#flush();
    this.#wake();
  }

  /** Takes a node up or down, as `ip link set` does. Frames that wait in a node that is taken down are gone. */
  setUp(node: VirtualNode, up: boolean): void {
    if (node.up === up) return;
    node.up = up;
    node.reset();
    this.#restarts.get(node)?.cancel();
    this.#restarts.delete(node);
    this.#tellNode(node);
    this.#flush();
  }

  /** Holds the wire up, or lets it go: frames wait until then. */
  setHeld(held: boolean): void {
    this.#held = held;
    if (held) return;
    // What waits begins now.
    this.#idleAtNs = Math.max(this.#idleAtNs, this.#clock.elapsedNs());
    this.#wake();
  }

  /** Stops the clockwork. Stations hear nothing any more. */
  close(): void {
    this.#stations.clear();
    this.#delay.close();
    this.#run?.cancel();
    for (const timer of this.#restarts.values()) timer.cancel();
  }

  /** Frames that are queued in one turn of the event loop are queued together. */
  #turn(): number {
    if (this.#turnNs === undefined) {
      this.#turnNs = this.#clock.elapsedNs();
      queueMicrotask(() => {
        this.#turnNs = undefined;
      });
    }
    return this.#turnNs;
  }

  #wake(): void {
    if (this.#run === undefined && this.#current === undefined) this.#runIn(0);
  }

  #runIn(delayNs: number): void {
    this.#run = this.#clock.schedule(delayNs, () => {
      this.#run = undefined;
      this.#carry();
    });
  }

  /** Carries all that is due by now. A timer that is late changes nothing of what happened when on the wire. */
  #carry(): void {
    for (let carried = 0; carried < BURST; carried += 1) {
      this.#current ??= this.#arbitrate();
      if (this.#current === undefined) break;
      if (this.#current.endNs > this.#clock.elapsedNs()) break;
      const done = this.#current;
      this.#current = undefined;
      this.#complete(done);
    }
    this.#flush();
    if (this.#run !== undefined) return;
    if (this.#current !== undefined) this.#runIn(Math.max(0, this.#current.endNs - this.#clock.elapsedNs()));
    else if (this.#arbitrate() !== undefined) this.#runIn(0);
  }

  /** Chooses what is sent next: of the frames that wait when the wire becomes free, the one with the lowest key. */
  #arbitrate(): Transmission | undefined {
    if (this.#held) return undefined;
    let earliestNs = Number.POSITIVE_INFINITY;
    for (const { node, head } of this.#stations) {
      if (node.active && head !== undefined) earliestNs = Math.min(earliestNs, head.sinceNs);
    }
    if (earliestNs === Number.POSITIVE_INFINITY) return undefined;
    // Without a bit rate the wire has been free all along, and all that waits now waits together.
    const rated = this.#options.bitRate !== undefined;
    const startNs = rated ? Math.max(this.#idleAtNs, earliestNs) : this.#clock.elapsedNs();
    let winner: VirtualStation | undefined;
    for (const station of this.#stations) {
      const { head } = station;
      if (!station.node.active || head === undefined || head.sinceNs > startNs) continue;
      if (winner?.head === undefined || head.key < winner.head.key) winner = station;
    }
    if (winner?.head === undefined) return undefined;
    const queued = winner.head;
    return { station: winner, queued, startNs, endNs: startNs + this.#wireTimeNs(queued.frame) };
  }

  #wireTimeNs(frame: CanFrame): number {
    const { bitRate, dataBitRate } = this.#options;
    if (bitRate === undefined) return 0;
    if (frame.kind === "error" || frame.kind === "xl") return (ERROR_FRAME_BITS * 1e9) / bitRate;
    return wireTimeNs(frame satisfies TimedFrame, { bitRate, dataBitRate });
  }

  #complete({ station, queued, startNs, endNs }: Transmission): void {
    const { frame } = queued;
    this.#idleAtNs = endNs;
    if (endNs > startNs) this.#load.add(startNs - this.#startNs, endNs - this.#startNs);
    const fate = this.#fateOf?.(frame, station.attempts) ?? this.#faults?.fateOf(frame) ?? {};
    if (fate.corrupt === true) this.#destroy(station);
    else this.#deliver(station, queued, fate, addNs(this.#clock.now(), endNs - this.#clock.elapsedNs()));
  }

  #deliver(from: VirtualStation, queued: QueuedFrame, fate: FrameFate, timestamp: Timestamp): void {
    const { frame } = queued;
    this.#counts.frames += 1;
    // Its handle may have closed, or its node gone down, while it was on the wire.
    if (from.head === queued) {
      from.shift();
      if (!from.closed) from.sink.sent(timestamp);
      this.#forgetIfDone(from);
      this.#reportState(from.node, from.node.sentFrame());
    }
    const copies = fate.duplicate === true ? 2 : 1;
    this.#counts.duplicatedFrames += copies - 1;
    for (let copy = 0; copy < copies; copy += 1) {
      for (const station of this.#stations) {
        if (station === from || !station.node.active || !station.hears(frame)) continue;
        if (fate.drop === true || this.#faults?.drops(frame) === true) this.#counts.droppedFrames += 1;
        else this.#hand(station, frame, timestamp, station.node === from.node, fate.delayMs ?? 0);
      }
    }
    for (const node of this.#others(from.node)) this.#reportState(node, node.receivedFrame());
  }

  #hand(station: VirtualStation, frame: CanFrame, timestamp: Timestamp, local: boolean, delayMs: number): void {
    const origin = local ? "local" : "remote";
    if (delayMs <= 0 && this.#delay.waiting === 0) {
      station.sink.received(frame, timestamp, origin);
      return;
    }
    this.#counts.delayedFrames += 1;
    this.#delay.add(delayMs * 1e6, (lateNs) => {
      if (!station.closed) station.sink.received(frame, addNs(timestamp, lateNs), origin);
    });
  }

  /** An error frame ends the transmission; the frame stays where it is and takes part in the next arbitration. */
  #destroy(from: VirtualStation): void {
    this.#counts.corruptedFrames += 1;
    from.attempts += 1;
    if (this.#options.bitRate !== undefined) this.#idleAtNs += (ERROR_FRAME_BITS * 1e9) / this.#options.bitRate;
    const report = { busError: true, protocol: { violations: ["single-bit" as const], location: undefined } };
    this.#report(encodeErrorFrame(report), (node) => node !== from.node);
    const own = {
      busError: true,
      protocol: { violations: ["single-bit" as const, "transmitting" as const], location: undefined },
    };
    this.#report(encodeErrorFrame(own), (node) => node === from.node);
    this.#reportState(from.node, from.node.failedToSend());
    for (const node of this.#others(from.node)) this.#reportState(node, node.failedToReceive());
  }

  #others(node: VirtualNode): VirtualNode[] {
    return [...this.#nodes.values()].filter((other) => other !== node && other.active);
  }

  #reportState(node: VirtualNode, frame: ErrorFrame | undefined): void {
    if (frame === undefined) return;
    this.#report(frame, (other) => other === node);
    this.#tellNode(node);
    if (node.state !== "bus-off" || this.#options.restartMs === 0) return;
    this.#restarts.set(
      node,
      this.#clock.schedule(this.#options.restartMs * 1e6, () => this.restart(node)),
    );
  }

  #tellNode(node: VirtualNode): void {
    for (const station of this.#stationsOf(node)) {
      if (!node.active) station.clear();
      this.#forgetIfDone(station);
      if (!station.closed) station.sink.nodeChanged(node.report);
    }
  }

  #stationsOf(node: VirtualNode): VirtualStation[] {
    return [...this.#stations].filter((station) => station.node === node);
  }

  /** A node goes with its last station. */
  #forgetIfDone(station: VirtualStation): void {
    if (!station.closed || station.waiting > 0 || !this.#stations.delete(station)) return;
    const { node } = station;
    if (this.#stationsOf(node).length > 0) return;
    this.#nodes.delete(node.name);
    this.#restarts.get(node)?.cancel();
    this.#restarts.delete(node);
  }

  #report(frame: ErrorFrame, concerns: (node: VirtualNode) => boolean): void {
    const timestamp = this.#clock.now();
    for (const station of this.#stations) {
      if (station.node.up && concerns(station.node) && station.hears(frame)) {
        station.sink.received(frame, timestamp, "remote");
      }
    }
  }

  #flush(): void {
    for (const station of [...this.#stations]) if (!station.closed) station.sink.flush();
  }
}
