import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClockOffset } from "../../src/cli/clock-offset.js";

const MS = 1_000_000n;

/** One asking for the time: the pause before it, how long the question and the answer were under way; all in microseconds. */
const asking = fc.record({
  pauseUs: fc.nat(2_000_000),
  thereUs: fc.nat(100_000),
  backUs: fc.nat(100_000),
});

describe("ClockOffset", () => {
  test("age() knows nothing before the first reading and after clear()", () => {
    const offset = new ClockOffset();
    expect(offset.age(0n, 5n)).toBeUndefined();
    offset.add(10n, 1000n, 20n);
    expect(offset.age(1000n, 20n)).toBeDefined();
    offset.clear();
    expect(offset.age(1000n, 20n)).toBeUndefined();
  });

  test("age() halves the round trip, and takes the shortest of several", () => {
    const offset = new ClockOffset();
    // The peer is 1000 ms ahead; 4 ms there and back, then 1 ms.
    offset.add(0n, 1002n * MS, 4n * MS);
    expect(offset.age(1002n * MS, 4n * MS)).toEqual({ ageNs: 2e6, errorNs: 2e6 });
    offset.add(4n * MS, 1004n * MS + 500_000n, 5n * MS);
    expect(offset.age(1004n * MS, 5n * MS)).toEqual({ ageNs: 1e6, errorNs: 500_000 });
  });

  test("age() grows less sure with the time since the reading", () => {
    const offset = new ClockOffset();
    offset.add(0n, 0n, 0n);
    expect(offset.age(0n, 2000n * MS)).toEqual({ ageNs: 2e9, errorNs: 2e6 });
  });

  test("age() is as far from the truth as it says at most, whatever the ways take and the clocks drift", () => {
    const ppm = fc.integer({ min: -500, max: 500 });
    fc.assert(
      fc.property(
        fc.array(asking, { minLength: 1, maxLength: 40 }),
        fc.bigInt({ min: 0n, max: 10n ** 15n }),
        ppm,
        ppm,
        fc.nat(1_000_000),
        (askings, aheadNs, ownPpm, peerPpm, ageUs) => {
          const own = (trueNs: bigint): bigint => trueNs + (trueNs * BigInt(ownPpm)) / 1_000_000n;
          const peer = (trueNs: bigint): bigint => aheadNs + trueNs + (trueNs * BigInt(peerPpm)) / 1_000_000n;
          const offset = new ClockOffset();
          let nowNs = 0n;
          for (const { pauseUs, thereUs, backUs } of askings) {
            const askedNs = nowNs + BigInt(pauseUs) * 1000n;
            const readNs = askedNs + BigInt(thereUs) * 1000n;
            nowNs = readNs + BigInt(backUs) * 1000n;
            offset.add(own(askedNs), peer(readNs), own(nowNs));
          }
          const trueNs = BigInt(ageUs) * 1000n;
          const age = offset.age(peer(nowNs), own(nowNs + trueNs));
          // The age itself is measured by clocks that are off, and the drift is bounded to first order.
          const slackNs = 2000 + Number(trueNs) * 1e-6;
          const ownAgeNs = Number(own(nowNs + trueNs) - own(nowNs));
          expect(Math.abs((age?.ageNs ?? 0) - ownAgeNs)).toBeLessThanOrEqual((age?.errorNs ?? 0) * 1.01 + slackNs);
        },
      ),
    );
  });
});
