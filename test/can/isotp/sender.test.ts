import { describe, expect, test } from "vitest";
import { IsoTpSender, type SenderTerms } from "../../../src/can/isotp/sender.js";
import { hex, pattern, shown } from "./bytes.js";

const MS = 1e6;
const terms: SenderTerms = {
  ...{ prefix: undefined, txDl: 8, padding: undefined },
  ...{ nAsNs: 100 * MS, nBsNs: 1000 * MS, maxWaitFrames: 2, unansweredGapNs: undefined },
};

function start(lengthBytes: number, more: Partial<SenderTerms> = {}): IsoTpSender {
  const sender = new IsoTpSender({ ...terms, ...more });
  sender.begin(pattern(lengthBytes), 0);
  return sender;
}

/** The next frame, which is on the bus at once. */
function leave(sender: IsoTpSender, nowNs: number): string | undefined {
  const frame = sender.next(nowNs);
  if (frame === undefined) return undefined;
  sender.confirmed(nowNs);
  return shown(frame);
}

const flow = (text: string) => {
  const [pci = 0, blockSize = 0, stMin = 0] = hex(text);
  return { status: pci & 0xf, blockSize, stMin };
};

describe("IsoTpSender", () => {
  test("confirmed() ends the transfer of one frame", () => {
    const sender = start(3);
    expect(shown(sender.next(0) ?? hex(""))).toBe("03 00 01 02");
    expect(sender.next(0)).toBeUndefined();
    expect(sender.confirmed(1)).toBe(true);
    expect([sender.idle, sender.dueNs]).toEqual([true, Number.POSITIVE_INFINITY]);
  });

  test("flow() lets one block go with its gaps, and asks for another", () => {
    const sender = start(30);
    expect(leave(sender, 0)).toBe("10 1E 00 01 02 03 04 05");
    expect(sender.next(0)).toBeUndefined();
    sender.flow(flow("30 02 F5"), 10 * MS);
    expect(leave(sender, 10 * MS)).toBe("21 06 07 08 09 0A 0B 0C");
    expect(sender.dueNs).toBe(10.5 * MS);
    expect(sender.next(10.4 * MS)).toBeUndefined();
    expect(leave(sender, 10.5 * MS)).toBe("22 0D 0E 0F 10 11 12 13");
    expect(sender.next(900 * MS)).toBeUndefined();
    sender.flow(flow("30 00 00"), 900 * MS);
    expect(leave(sender, 900 * MS)).toBe("23 14 15 16 17 18 19 1A");
    expect(shown(sender.next(900 * MS) ?? hex(""))).toBe("24 1B 1C 1D");
    expect(sender.confirmed(901 * MS)).toBe(true);
  });

  test("next() counts 714 consecutive frames for 5000 bytes and wraps their numbers", () => {
    const sender = start(5000);
    expect(leave(sender, 0)).toBe("10 00 00 00 13 88 00 01");
    sender.flow(flow("30 00 00"), 0);
    const numbers: string[] = [];
    for (let frame = leave(sender, 0); frame !== undefined; frame = leave(sender, 0)) numbers.push(frame.slice(0, 2));
    expect(numbers).toHaveLength(714);
    expect(numbers.slice(13, 18)).toEqual(["2E", "2F", "20", "21", "22"]);
    expect(numbers.at(-1)).toBe("2A");
  });

  test("flow() that comes before the confirmation counts after it", () => {
    const sender = start(10);
    sender.next(0);
    sender.flow(flow("30 00 00"), 0);
    expect(sender.next(0)).toBeUndefined();
    expect(sender.confirmed(0)).toBe(false);
    expect(leave(sender, 0)).toBe("21 06 07 08 09");
    expect(sender.idle).toBe(true);
  });

  test("flow() that was not asked for changes nothing", () => {
    const sender = start(30);
    sender.flow(flow("32 00 00"), 0);
    leave(sender, 0);
    sender.flow(flow("30 00 00"), 0);
    sender.next(0);
    expect(sender.flow(flow("3F 00 00"), 0)).toBeUndefined();
    expect(sender.confirmed(0)).toBe(false);
    expect(leave(sender, 0)).toMatch(/^22 /);
  });

  test("flow() that asks to wait puts N_Bs off, as often as is allowed", () => {
    const sender = start(10);
    leave(sender, 0);
    expect(sender.flow(flow("31 00 00"), 900 * MS)).toBeUndefined();
    expect(sender.expire(1800 * MS)).toBeUndefined();
    expect(sender.flow(flow("31 00 00"), 1800 * MS)).toBeUndefined();
    sender.flow(flow("30 00 00"), 2700 * MS);
    expect(leave(sender, 2700 * MS)).toBe("21 06 07 08 09");
  });

  test("next() leaves the gap alone and needs nobody when nobody answers", () => {
    const sender = start(20, { unansweredGapNs: MS });
    expect(leave(sender, 0)).toMatch(/^10 14/);
    expect(sender.next(0.9 * MS)).toBeUndefined();
    expect(leave(sender, MS)).toMatch(/^21/);
    expect(leave(sender, 2 * MS)).toMatch(/^22/);
    expect(sender.idle).toBe(true);
  });

  describe("ends with", () => {
    test("N_TIMEOUT_A when the frame is not on the bus in time", () => {
      const sender = start(3);
      sender.next(0);
      expect(sender.expire(99 * MS)).toBeUndefined();
      expect(sender.expire(100 * MS)).toBe("ERR_ISOTP_TIMEOUT_A");
      expect(sender.idle).toBe(true);
    });

    test("N_TIMEOUT_BS when no FlowControl comes", () => {
      const sender = start(10);
      leave(sender, 0);
      expect(sender.expire(1000 * MS)).toBe("ERR_ISOTP_TIMEOUT_BS");
      expect(sender.idle).toBe(true);
    });

    test.each([
      ["N_BUFFER_OVFLW when the receiver has no room", ["32 00 00"], "ERR_ISOTP_BUFFER_OVFLW"],
      ["N_INVALID_FS when the status does not exist", ["33 00 00"], "ERR_ISOTP_INVALID_FS"],
      ["N_WFT_OVRN when it is asked to wait too often", ["31 00 00", "31 00 00", "31 00 00"], "ERR_ISOTP_WFT_OVRN"],
    ])("%s", (_, flows, reason) => {
      const sender = start(10);
      leave(sender, 0);
      expect(flows.map((text) => sender.flow(flow(text), 0)).at(-1)).toBe(reason);
      expect([sender.idle, sender.next(0)]).toEqual([true, undefined]);
    });

    test("the same reason when the FlowControl came before the confirmation", () => {
      const sender = start(10);
      sender.next(0);
      sender.flow(flow("32 00 00"), 0);
      expect(sender.confirmed(0)).toBe("ERR_ISOTP_BUFFER_OVFLW");
    });
  });
});
