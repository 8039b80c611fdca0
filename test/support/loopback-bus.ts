import type { CanBus, CanBusOptions } from "../../src/can/bus.js";
import { BusHandle } from "../../src/can/bus-handle.js";
import { busOptionKeys, checkBusOptions } from "../../src/can/bus-options.js";
import { createMatcher } from "../../src/can/filter.js";
import type { CanFrame } from "../../src/can/frame.js";
import { requireKnownKeys } from "../../src/errors.js";

interface Port {
  readonly handle: BusHandle;
  readonly ownFrames: boolean;
  readonly passes: (frame: CanFrame) => boolean;
}

/** Frames that wait for the wire at most. */
const QUEUE_FRAMES = 16;

/** A CAN bus in this process, whose wire can be held up. It is to tests what vcan is to the kernel. */
export class LoopbackBus {
  readonly #ports = new Set<Port>();
  readonly #queue: { readonly sender: BusHandle; readonly frame: CanFrame }[] = [];
  #held = false;
  #scheduled = false;
  #up = true;

  open(options: CanBusOptions = {}): CanBus {
    requireKnownKeys("a loopback bus", options, busOptionKeys);
    const checked = checkBusOptions(options);
    const handle: BusHandle = new BusHandle({
      carriage: { name: "loopback", fd: true, xl: false },
      options: checked,
      loopback: true,
      status: this.#up ? "up" : "down",
      transport: {
        transmit: (frames) => this.#transmit(handle, frames),
        close: () => {
          this.#ports.delete(port);
        },
      },
    });
    const port = { handle, ownFrames: checked.ownFrames, passes: createMatcher(checked.filterSet) };
    this.#ports.add(port);
    return handle;
  }

  /** Holds the wire up: what is sent fills the queue. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#schedule();
  }

  setUp(up: boolean): void {
    this.#up = up;
    if (!up) this.#queue.splice(0);
    for (const { handle } of this.#ports) handle.setStatus(up ? "up" : "down");
  }

  #transmit(sender: BusHandle, frames: readonly CanFrame[]): number {
    const count = Math.min(frames.length, QUEUE_FRAMES - this.#queue.length);
    for (const frame of frames.slice(0, count)) this.#queue.push({ sender, frame });
    this.#schedule();
    return count;
  }

  #schedule(): void {
    if (this.#scheduled || this.#held) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#held) return;
      for (const { sender, frame } of this.#queue.splice(0)) this.#carry(sender, frame);
      for (const { handle } of this.#ports) handle.resume();
    });
  }

  #carry(sender: BusHandle, frame: CanFrame): void {
    const ms = performance.timeOrigin + performance.now();
    const timestamp = { seconds: Math.floor(ms / 1000), nanoseconds: Math.floor((ms % 1000) * 1e6) };
    for (const { handle, ownFrames, passes } of [...this.#ports]) {
      if (!passes(frame) || (handle === sender && !ownFrames)) continue;
      const origin = handle === sender ? "own" : "local";
      handle.deliver({ frame, timestamp, origin, interfaceName: "loopback" });
    }
  }
}
