import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pattern } from "./bytes.js";
import { type Fate, fine, type Terms, transfer } from "./simulation.js";

const terms: fc.Arbitrary<Terms> = fc.record({
  prefix: fc.option(fc.nat(0xff), { nil: undefined }),
  txDl: fc.constantFrom(8, 12, 16, 20, 24, 32, 48, 64),
  padding: fc.option(fc.nat(0xff), { nil: undefined }),
  blockSize: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 255 })),
  stMin: fc.nat(0xff),
});

const lengths = fc.oneof(fc.integer({ min: 1, max: 130 }), fc.integer({ min: 1, max: 9000 }));

/** Mostly fine, so that long transfers get anywhere. */
const fates: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 30, arbitrary: fc.constant(fine) },
  { weight: 1, arbitrary: fc.constant({ ...fine, lost: true }) },
  { weight: 1, arbitrary: fc.constant({ ...fine, copies: 2 as const }) },
  { weight: 1, arbitrary: fc.constant({ ...fine, stuck: true }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3000 }).map((ms) => ({ ...fine, delayNs: ms * 1e6 })) },
);

const senderReasons = [true, "ERR_ISOTP_TIMEOUT_A", "ERR_ISOTP_TIMEOUT_BS"];
const receiverReasons = [
  ...["ERR_ISOTP_TIMEOUT_A", "ERR_ISOTP_TIMEOUT_CR", "ERR_ISOTP_WRONG_SN", "ERR_ISOTP_UNEXP_PDU"],
];

describe("IsoTpSender and IsoTpReceiver", () => {
  test("carry a PDU of any length by any terms", () => {
    fc.assert(
      fc.property(lengths, terms, (length, chosen) => {
        const pdu = pattern(length);
        const { sent, received, aborts } = transfer(pdu, chosen, () => fine);
        expect([sent, aborts]).toEqual([true, []]);
        expect(received).toEqual([pdu]);
      }),
    );
  });

  test.each([8, 64])("carry 66,000 bytes in frames of %i", (txDl) => {
    const pdu = pattern(66_000);
    const chosen = { prefix: undefined, txDl, padding: 0xcc, blockSize: 8, stMin: 0 };
    const { sent, received } = transfer(pdu, chosen, () => fine);
    expect(sent).toBe(true);
    expect(received.map((whole) => Buffer.compare(whole, pdu))).toEqual([0]);
  });

  test("leave the gap that the receiver asks for", () => {
    const chosen = { prefix: undefined, txDl: 8, padding: undefined, blockSize: 0, stMin: 20 };
    // 6 bytes in the first frame and 14 times 7: 13 gaps of 20 ms.
    expect(transfer(pattern(104), chosen, () => fine).elapsedNs).toBeGreaterThanOrEqual(260e6);
  });

  test("come to an end whatever the wire does, and deliver the PDU whole or not at all", () => {
    fc.assert(
      fc.property(lengths, terms, fc.infiniteStream(fates), (length, chosen, stream) => {
        const pdu = pattern(length);
        const { sent, received, aborts } = transfer(pdu, chosen, () => stream.next().value ?? fine);
        expect(senderReasons).toContain(sent);
        for (const reason of aborts) expect(receiverReasons).toContain(reason);
        for (const whole of received) expect(whole).toEqual(pdu);
      }),
      { numRuns: 300 },
    );
  });
});
