import { NO_ROOM, RecordKind } from "./link.js";

/** Most channels of one link, so that neither side can make the other remember without bound. */
export const MAX_CHANNELS = 1024;

interface Control {
  readonly kind: typeof RecordKind.announce | typeof RecordKind.withdraw;
  /** The own number of the channel. */
  readonly channel: number;
  readonly payload: Uint8Array;
  readonly sent: () => void;
}

/** How a control record gets into the ring. */
export interface ControlSink {
  readonly view: DataView;
  claim(payloadBytes: number): number;
  commit(kind: number, channel: number, message: number, payloadBytes: number): number;
}

const NOTHING = new Uint8Array(0);

/**
 * Announcements and withdrawals that wait for room in the ring, in order. At most one of each channel that is open, and one of
 * each that was closed since there was room last; those count towards {@link MAX_CHANNELS} as the open ones do.
 */
export class Controls {
  readonly #waiting: Control[] = [];
  #withdrawals = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** Channels that were closed and that the peer still takes for open. */
  get withdrawals(): number {
    return this.#withdrawals;
  }

  announce(channel: number, payload: Uint8Array, sent: () => void): void {
    this.#waiting.push({ kind: RecordKind.announce, channel, payload, sent });
  }

  /** Tells the peer that a channel is closed, unless it never heard of it; `sent` is called when its number may be used again. */
  withdraw(channel: number, sent: () => void): void {
    const unsent = this.#waiting.findIndex(
      (control) => control.channel === channel && control.kind === RecordKind.announce,
    );
    if (unsent >= 0) {
      this.#waiting.splice(unsent, 1);
      sent();
      return;
    }
    this.#withdrawals += 1;
    this.#waiting.push({
      kind: RecordKind.withdraw,
      channel,
      payload: NOTHING,
      sent: () => {
        this.#withdrawals -= 1;
        sent();
      },
    });
  }

  /** Forgets everything, as the session it was meant for is over. Numbers of withdrawn channels become free. */
  clear(): void {
    for (const control of this.#waiting.splice(0)) {
      if (control.kind === RecordKind.withdraw) {
        control.sent();
      }
    }
  }

  /** Commits what there is room for. Returns true if nothing is left. */
  send(sink: ControlSink): boolean {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { kind, channel, payload, sent } = next;
      const offset = sink.claim(payload.byteLength);
      if (offset === NO_ROOM) {
        return false;
      }
      new Uint8Array(sink.view.buffer, sink.view.byteOffset + offset, payload.byteLength).set(payload);
      sink.commit(kind, channel, 0, payload.byteLength);
      this.#waiting.shift();
      sent();
    }
    return true;
  }
}
