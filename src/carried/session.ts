import type { LinkDownReason } from "../channel/link.js";

/** What a hello of the peer brings, in this order. */
export interface SessionChange {
  /** The session is over, or what was to become one. */
  readonly ended?: LinkDownReason;
  /** The peer's epoch was accepted: everything starts from nothing. */
  readonly accepted: boolean;
  /** Both sides have accepted each other. */
  readonly opened: boolean;
  /** The peer has not accepted this side yet. */
  readonly answer: boolean;
}

/**
 * The handshake of one pair of sides (docs/can-wire.md, section 3): each tells its epoch and the one of the other that it has
 * accepted. Epochs are u24, never 0.
 */
export class LinkSession {
  readonly epoch: number;
  /** Epoch of the peer that is accepted, else 0. */
  accepted = 0;
  /** Epoch of the peer that this side refuses, else 0. */
  refused = 0;
  /** Epoch of the peer that refuses this side, else 0. */
  refusedBy = 0;
  #open = false;

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  /** Whether both sides have accepted each other. */
  get open(): boolean {
    return this.#open;
  }

  hello(epoch: number, echo: number): SessionChange {
    const ended = this.#endedBy(epoch, echo);
    if (ended !== undefined) this.end();
    if (ended === "peer refused") this.refusedBy = epoch;
    const acceptable = epoch !== 0 && epoch !== this.refused && epoch !== this.refusedBy;
    const accepted = acceptable && this.accepted === 0;
    if (accepted) this.accepted = epoch;
    const opened = this.accepted !== 0 && !this.#open && echo === this.epoch;
    if (opened) this.#open = true;
    const answer = accepted || (this.accepted !== 0 && echo !== this.epoch);
    return { accepted, opened, answer, ...(ended === undefined ? {} : { ended }) };
  }

  end(): void {
    this.accepted = 0;
    this.#open = false;
  }

  #endedBy(epoch: number, echo: number): LinkDownReason | undefined {
    if (this.accepted === 0) return undefined;
    if (epoch === 0) return "peer closed";
    if (epoch !== this.accepted) return "restarted";
    return this.#open && echo !== this.epoch ? "peer refused" : undefined;
  }
}
