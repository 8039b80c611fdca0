import { decodeNetworkPdu, type Layout } from "../../../src/can/isotp/pci.js";
import type { IsoTpReason } from "../../../src/can/isotp/reason.js";
import { IsoTpReceiver, type ReceiverTerms } from "../../../src/can/isotp/receiver.js";
import { IsoTpSender, type SenderTerms } from "../../../src/can/isotp/sender.js";

const MS = 1e6;

/** What the wire does to one frame. */
export interface Fate {
  readonly lost: boolean;
  /** Arrivals; the second comes right after the first. */
  readonly copies: 1 | 2;
  readonly delayNs: number;
  /** Never on the bus: neither confirmed nor received. */
  readonly stuck: boolean;
}

export const fine: Fate = { lost: false, copies: 1, delayNs: 0, stuck: false };

export interface Terms extends Layout {
  readonly blockSize: number;
  readonly stMin: number;
}

export interface Outcome {
  /** True once sent, the reason if not. */
  readonly sent: true | IsoTpReason;
  readonly received: readonly Uint8Array[];
  readonly aborts: readonly IsoTpReason[];
  readonly elapsedNs: number;
}

interface Event {
  readonly atNs: number;
  readonly happen: () => void;
}

const FRAME_NS = 0.1 * MS;
const timers = { nAsNs: 1000 * MS, nBsNs: 1000 * MS, nArNs: 1000 * MS, nCrNs: 1000 * MS };

/** One PDU from a sender to a receiver over a wire of whose frames `fateOf` decides, in a time of its own. */
export function transfer(pdu: Uint8Array, terms: Terms, fateOf: () => Fate): Outcome {
  const events: Event[] = [];
  const received: Uint8Array[] = [];
  const aborts: IsoTpReason[] = [];
  let nowNs = 0;
  let sent: true | IsoTpReason | undefined;
  const sender = new IsoTpSender({
    ...terms,
    ...timers,
    maxWaitFrames: 0,
    unansweredGapNs: undefined,
  } satisfies SenderTerms);
  const receiver = new IsoTpReceiver(
    {
      ...terms,
      ...timers,
      waitIntervalNs: MS,
      maxWaitFrames: 0,
      maxPduBytes: 100_000,
      answers: true,
    } satisfies ReceiverTerms,
    {
      hasRoom: () => true,
      deliver: (whole) => received.push(whole),
      drop: () => {},
      abort: (reason) => aborts.push(reason),
    },
  );
  const at = (delayNs: number, happen: () => void): void => {
    const event = { atNs: nowNs + delayNs, happen };
    const later = events.findIndex((other) => other.atNs > event.atNs);
    events.splice(later < 0 ? events.length : later, 0, event);
  };
  const onSender = (outcome: boolean | IsoTpReason | undefined): void => {
    if (outcome === true || typeof outcome === "string") sent = outcome;
  };
  const start = terms.prefix === undefined ? 0 : 1;
  const carry = (frame: Uint8Array, confirmed: () => void): void => {
    const fate = fateOf();
    if (fate.stuck) return;
    at(FRAME_NS, confirmed);
    if (fate.lost) return;
    for (let copy = 0; copy < fate.copies; copy++) {
      at(FRAME_NS + fate.delayNs, () => {
        const decoded = decodeNetworkPdu(frame, start);
        if (decoded?.type === "flow") onSender(sender.flow(decoded, nowNs));
        else if (decoded !== undefined) receiver.receive(decoded, frame.length, nowNs);
      });
    }
  };
  sender.begin(pdu, 0);
  for (;;) {
    const frame = sender.next(nowNs);
    if (frame !== undefined) carry(frame, () => onSender(sender.confirmed(nowNs)));
    const flow = receiver.next(nowNs);
    if (flow !== undefined) carry(flow, () => receiver.confirmed(nowNs));
    const dueNs = Math.min(sender.dueNs, receiver.dueNs);
    const event = events[0];
    if (event !== undefined && event.atNs <= dueNs) {
      events.shift();
      nowNs = event.atNs;
      event.happen();
    } else if (dueNs === Number.POSITIVE_INFINITY) break;
    else {
      nowNs = Math.max(nowNs, dueNs);
      onSender(sender.expire(nowNs));
      receiver.expire(nowNs);
    }
  }
  if (sent === undefined) throw new Error("The transfer came to no end");
  return { sent, received, aborts, elapsedNs: nowNs };
}
