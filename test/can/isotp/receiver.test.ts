import { beforeEach, describe, expect, test } from "vitest";
import { decodeNetworkPdu } from "../../../src/can/isotp/pci.js";
import { IsoTpReceiver, type ReceiverTerms } from "../../../src/can/isotp/receiver.js";
import { hex, shown } from "./bytes.js";

const MS = 1e6;
const terms: ReceiverTerms = {
  ...{ prefix: undefined, txDl: 8, padding: undefined, nArNs: 100 * MS, nCrNs: 1000 * MS },
  ...{ waitIntervalNs: 400 * MS, maxWaitFrames: 2, blockSize: 0, stMin: 0, maxPduBytes: 5000, answers: true },
};

let room: boolean;
let pdus: string[];
let dropped: number;
let aborts: [string, number, number][];

beforeEach(() => {
  room = true;
  pdus = [];
  dropped = 0;
  aborts = [];
});

function open(more: Partial<ReceiverTerms> = {}): IsoTpReceiver {
  return new IsoTpReceiver(
    { ...terms, ...more },
    {
      hasRoom: () => room,
      deliver: (pdu) => pdus.push(shown(pdu)),
      drop: () => {
        dropped += 1;
      },
      abort: (...abort) => aborts.push(abort),
    },
  );
}

/** Has the frames received, and gives the FlowControls that follow, which are on the bus at once. */
function take(receiver: IsoTpReceiver, frames: readonly string[], nowNs = 0): string[] {
  const flows: string[] = [];
  for (const text of frames) {
    const pdu = decodeNetworkPdu(hex(text), 0);
    if (pdu === undefined || pdu.type === "flow") throw new Error(`${text} is not for a receiver`);
    receiver.receive(pdu, hex(text).length, nowNs);
    flows.push(...answers(receiver, nowNs));
  }
  return flows;
}

function answers(receiver: IsoTpReceiver, nowNs: number): string[] {
  const flow = receiver.next(nowNs);
  if (flow === undefined) return [];
  receiver.confirmed(nowNs);
  return [shown(flow)];
}

const FIRST = "10 14 00 01 02 03 04 05";
const SECOND = "21 06 07 08 09 0A 0B 0C";
const THIRD = "22 0D 0E 0F 10 11 12 13";
const WHOLE = "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10 11 12 13";

describe("IsoTpReceiver", () => {
  test("receive() delivers a single frame, its padding cut off", () => {
    expect(take(open(), ["03 22 F1 90 CC CC CC CC"])).toEqual([]);
    expect(pdus).toEqual(["22 F1 90"]);
  });

  test("receive() answers the first frame and delivers the whole", () => {
    expect(take(open(), [FIRST, SECOND, THIRD])).toEqual(["30 00 00"]);
    expect(pdus).toEqual([WHOLE]);
  });

  test("receive() answers each block, but not the last frame", () => {
    const receiver = open({ blockSize: 1, stMin: 0xf5 });
    expect(take(receiver, [FIRST, SECOND, THIRD])).toEqual(["30 01 F5", "30 01 F5"]);
    expect(pdus).toEqual([WHOLE]);
  });

  test("receive() answers nothing when nobody is to be answered", () => {
    expect(take(open({ answers: false }), [FIRST, SECOND, THIRD])).toEqual([]);
    expect(pdus).toEqual([WHOLE]);
  });

  test("receive() takes a last frame that is padded, and ignores one that is longer than the first", () => {
    expect(take(open(), [FIRST, SECOND, `${SECOND} FF FF FF FF`, THIRD])).toEqual(["30 00 00"]);
    expect(pdus).toEqual([WHOLE]);
  });

  test("receive() ignores consecutive frames when none is due", () => {
    take(open(), [SECOND, THIRD]);
    expect([pdus, aborts]).toEqual([[], []]);
  });

  test("receive() lets a single frame go and counts it when there is no room", () => {
    room = false;
    take(open(), ["03 22 F1 90"]);
    expect([pdus, dropped]).toEqual([[], 1]);
  });

  test("roomChanged() lets the sender go on that was asked to wait", () => {
    room = false;
    const receiver = open();
    expect(take(receiver, [FIRST])).toEqual(["31 00 00"]);
    receiver.roomChanged(1);
    expect(answers(receiver, 1)).toEqual([]);
    room = true;
    receiver.roomChanged(2);
    expect(answers(receiver, 2)).toEqual(["30 00 00"]);
    take(receiver, [SECOND, THIRD]);
    expect(pdus).toEqual([WHOLE]);
  });

  test("expire() repeats the wish to wait, and finds room by itself", () => {
    room = false;
    const receiver = open();
    take(receiver, [FIRST]);
    expect(receiver.dueNs).toBe(400 * MS);
    receiver.expire(400 * MS);
    expect(answers(receiver, 400 * MS)).toEqual(["31 00 00"]);
    room = true;
    receiver.expire(800 * MS);
    expect(answers(receiver, 800 * MS)).toEqual(["30 00 00"]);
  });

  describe("ends with", () => {
    test("N_TIMEOUT_A when the FlowControl is not on the bus in time", () => {
      const receiver = open();
      const first = decodeNetworkPdu(hex(FIRST), 0);
      if (first?.type !== "first") throw new Error("not a first frame");
      receiver.receive(first, 8, 0);
      receiver.next(0);
      receiver.expire(100 * MS);
      expect(aborts).toEqual([["ERR_ISOTP_TIMEOUT_A", 6, 20]]);
    });

    test("N_TIMEOUT_CR when the sender falls silent, counted from the FlowControl", () => {
      const receiver = open();
      take(receiver, [FIRST], 0);
      take(receiver, [SECOND], 500 * MS);
      receiver.expire(1499 * MS);
      expect(aborts).toEqual([]);
      receiver.expire(1500 * MS);
      expect(aborts).toEqual([["ERR_ISOTP_TIMEOUT_CR", 13, 20]]);
      take(receiver, [THIRD]);
      expect([receiver.idle, receiver.dueNs, pdus]).toEqual([true, Number.POSITIVE_INFINITY, []]);
    });

    test("N_WFT_OVRN when there is no room for too long", () => {
      room = false;
      const receiver = open();
      take(receiver, [FIRST]);
      for (const ms of [400, 800]) {
        receiver.expire(ms * MS);
        answers(receiver, ms * MS);
      }
      expect(aborts).toEqual([["ERR_ISOTP_WFT_OVRN", 6, 20]]);
    });

    test("N_BUFFER_OVFLW when the PDU is too large, and says so", () => {
      expect(take(open(), ["10 00 FF FF FF FF 00 01"])).toEqual(["32 00 00"]);
      expect(aborts).toEqual([["ERR_ISOTP_BUFFER_OVFLW", 0, 0xffff_ffff]]);
    });

    test.each<[string, string[], string, number]>([
      ["N_WRONG_SN when a frame is missing", [FIRST, THIRD], "ERR_ISOTP_WRONG_SN", 6],
      ["N_WRONG_SN when a frame comes twice", [FIRST, SECOND, SECOND], "ERR_ISOTP_WRONG_SN", 13],
      ["N_ERROR when a frame is short that is not the last", [FIRST, "21 06 07"], "ERR_ISOTP_ERROR", 6],
      ["N_UNEXP_PDU when another PDU begins", [FIRST, SECOND, FIRST], "ERR_ISOTP_UNEXP_PDU", 13],
      ["N_UNEXP_PDU when a single frame comes", [FIRST, "01 55"], "ERR_ISOTP_UNEXP_PDU", 6],
    ])("%s", (_, frames, reason, received) => {
      take(open(), frames);
      expect(aborts).toEqual([[reason, received, 20]]);
    });

    test("nothing of the old PDU when another one begins", () => {
      take(open(), [FIRST, SECOND, FIRST, SECOND, THIRD]);
      expect(pdus).toEqual([WHOLE]);
      take(open(), [FIRST, "01 55"]);
      expect(pdus.at(-1)).toBe("55");
    });
  });
});
