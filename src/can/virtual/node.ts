import { type ControllerProblem, ErrorThreshold } from "../error-class.js";
import { encodeErrorFrame } from "../error-report.js";
import type { ErrorFrame } from "../frame.js";

/** As the kernel calls the states of a controller that is up (`enum can_state`, linux/can/netlink.h). */
export type ControllerState = "error-active" | "error-warning" | "error-passive" | "bus-off";

/** What is known of a node of a virtual bus. */
export interface NodeReport {
  /** Whether its interface is up. */
  readonly up: boolean;
  readonly state: ControllerState;
  /** Transmit error counter, 0 to 256. */
  readonly txErrors: number;
  /** Receive error counter, 0 to 255. */
  readonly rxErrors: number;
}

/** Whether it can send and hear. */
export function isAble({ up, state }: NodeReport): boolean {
  return up && state !== "bus-off";
}

/** What a transmitter and a receiver of a destroyed frame add to their counters (ISO 11898-1, fault confinement). */
const TX_PENALTY = 8;
const RX_PENALTY = 1;

/** Receive error counter after a good frame if it was above the threshold of passive (ISO 11898-1: 119 to 127). */
const RX_RECOVERED = 119;

const severity: readonly ControllerState[] = ["error-active", "error-warning", "error-passive", "bus-off"];

/** The controller of a node of a virtual bus: its error counters, and the state that follows from them. */
export class VirtualNode {
  readonly name: string;
  up = true;
  #tx = 0;
  #rx = 0;
  #state: ControllerState = "error-active";

  constructor(name: string) {
    this.name = name;
  }

  get state(): ControllerState {
    return this.#state;
  }

  get report(): NodeReport {
    return { up: this.up, state: this.#state, txErrors: this.#tx, rxErrors: this.#rx };
  }

  /** Whether it takes part in what happens on the wire. */
  get active(): boolean {
    return isAble(this.report);
  }

  /** Each of these gives the error frame of a change of state, or undefined if the state stays. */
  sentFrame(): ErrorFrame | undefined {
    this.#tx = Math.max(0, this.#tx - 1);
    return this.#update();
  }

  receivedFrame(): ErrorFrame | undefined {
    this.#rx = this.#rx >= ErrorThreshold.PASSIVE ? RX_RECOVERED : Math.max(0, this.#rx - 1);
    return this.#update();
  }

  failedToSend(): ErrorFrame | undefined {
    this.#tx = Math.min(ErrorThreshold.BUS_OFF, this.#tx + TX_PENALTY);
    return this.#update();
  }

  failedToReceive(): ErrorFrame | undefined {
    this.#rx = Math.min(255, this.#rx + RX_PENALTY);
    return this.#update();
  }

  goBusOff(): ErrorFrame | undefined {
    this.#tx = ErrorThreshold.BUS_OFF;
    return this.#update();
  }

  /** Leaves bus-off with counters of 0. */
  restart(): ErrorFrame | undefined {
    if (this.#state !== "bus-off") return undefined;
    this.reset();
    return encodeErrorFrame({ restarted: true });
  }

  /** As when the interface is taken up. */
  reset(): void {
    this.#tx = 0;
    this.#rx = 0;
    this.#state = "error-active";
  }

  #update(): ErrorFrame | undefined {
    const state = stateOf(this.#tx, this.#rx);
    if (state === this.#state) return undefined;
    const before = this.#state;
    this.#state = state;
    // Bus-off has a class of its own, and the counter of 256 does not fit its byte (can_change_state(), drivers/net/can/dev).
    if (state === "bus-off") return encodeErrorFrame({ busOff: true });
    const worse = severity.indexOf(state) > severity.indexOf(before);
    return encodeErrorFrame({ controller: [this.#problem(state, worse)], counters: { tx: this.#tx, rx: this.#rx } });
  }

  #problem(state: ControllerState, worse: boolean): ControllerProblem {
    if (state === "error-active") return "active";
    const side = this.#tx >= this.#rx ? "tx" : "rx";
    return state === "error-warning" || !worse ? `${side}-warning` : `${side}-passive`;
  }
}

function stateOf(tx: number, rx: number): ControllerState {
  const worst = Math.max(tx, rx);
  if (tx >= ErrorThreshold.BUS_OFF) return "bus-off";
  if (worst >= ErrorThreshold.PASSIVE) return "error-passive";
  return worst >= ErrorThreshold.WARNING ? "error-warning" : "error-active";
}
