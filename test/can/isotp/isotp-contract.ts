import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { IsoTpCommonOptions, IsoTpEndpoint } from "../../../src/can/index.js";
import { uncaughtDuring } from "../../channel/uncaught.js";
import { until } from "../../channel/until.js";
import { pattern } from "./bytes.js";

/** Two endpoints that are each other's peers. */
export interface IsoTpPair {
  readonly left: IsoTpEndpoint;
  readonly right: IsoTpEndpoint;
  close(): Promise<void> | void;
}

/** Options that both ends get; who makes the pair adds the addresses. */
export type PairOptions = Omit<IsoTpCommonOptions, "address">;

export type MakeIsoTpPair = (options: PairOptions) => Promise<IsoTpPair> | IsoTpPair;

/** Lengths at which the form of a frame changes, in frames of 8 bytes and of 64, and those far beyond. */
const lengths = [1, 6, 7, 8, 13, 14, 61, 62, 63, 64, 300, 4095, 4096, 8300];

/** Gives the next PDU that `endpoint` receives. */
export async function receiveOne(endpoint: IsoTpEndpoint): Promise<Uint8Array | undefined> {
  for await (const pdu of endpoint.receive()) return pdu;
  return undefined;
}

/** Holds a way of segmenting against the contract of {@link IsoTpEndpoint}. */
export function describeIsoTp(name: string, makePair: MakeIsoTpPair, longestBytes = 66_000): void {
  describe(`${name} as an IsoTpEndpoint`, () => {
    let pair: IsoTpPair;

    beforeEach(async () => {
      pair = await makePair({});
    });

    afterEach(async () => {
      await pair.close();
    });

    test("send() delivers PDUs of each form in order, in both directions", async () => {
      for (const [from, to] of [
        [pair.left, pair.right],
        [pair.right, pair.left],
      ] as const) {
        const got: Uint8Array[] = [];
        const subscription = to.listen((pdu) => got.push(pdu));
        for (const length of lengths) await from.send(pattern(length));
        await until(() => got.length === lengths.length, "all are there");
        expect(got.map((pdu) => Buffer.compare(pdu, pattern(pdu.length)))).toEqual(lengths.map(() => 0));
        expect(got.map(({ length }) => length)).toEqual(lengths);
        subscription.close();
      }
    });

    test("listen() goes on with a listener that throws, which is an uncaught exception", async () => {
      const lengths = [3, 100, 5];
      for (const length of lengths) await pair.left.send(pattern(length));
      await until(() => pair.right.statistics.receivedPdus === lengths.length, "all wait");
      const got: number[] = [];
      const uncaught = await uncaughtDuring(async () => {
        pair.right.listen(({ length }) => {
          got.push(length);
          throw new Error(`${length} bytes`);
        });
        await pair.left.send(pattern(200));
        await until(() => got.length === lengths.length + 1, "the last is there");
      });
      expect(got).toEqual([...lengths, 200]);
      expect(uncaught.map((error) => (error as Error).message)).toEqual(got.map((length) => `${length} bytes`));
    });

    test("send() delivers the longest PDU", async () => {
      const sent = pair.left.send(pattern(longestBytes));
      const pdu = await receiveOne(pair.right);
      await sent;
      expect(pdu?.length).toBe(longestBytes);
      expect(Buffer.compare(pdu ?? new Uint8Array(), pattern(longestBytes))).toBe(0);
      expect(pair.left.statistics).toMatchObject({ sentPdus: 1, sentBytes: longestBytes, failedSends: 0 });
      expect(pair.right.statistics).toMatchObject({ receivedPdus: 1, receivedBytes: longestBytes });
    }, 60_000);

    test("send() goes both ways at once", async () => {
      const sends = [pair.left.send(pattern(3000)), pair.right.send(pattern(2000))];
      const pdus = await Promise.all([receiveOne(pair.left), receiveOne(pair.right)]);
      await Promise.all(sends);
      expect(pdus.map((pdu) => pdu?.length)).toEqual([2000, 3000]);
    });

    test("send() keeps what it was given when the caller changes it", async () => {
      const bytes = pattern(100);
      const sent = pair.left.send(bytes);
      bytes.fill(0);
      expect(await receiveOne(pair.right)).toEqual(pattern(100));
      await sent;
    });

    test("send() refuses what is no PDU", async () => {
      await expect(pair.left.send(new Uint8Array())).rejects.toThrow(RangeError);
      await expect(pair.left.send(new Uint8Array(pair.left.maxPduBytes + 1))).rejects.toThrow(RangeError);
      await expect(pair.left.send("x" as unknown as Uint8Array)).rejects.toThrow(TypeError);
      await expect(pair.left.send(pattern(1), { timeoutMs: -1 })).rejects.toThrow(RangeError);
      await expect(pair.left.send(pattern(1), { late: 1 } as object)).rejects.toThrow(TypeError);
    });

    test("send() rejects with the signal's reason, and the endpoint goes on", async () => {
      const reason = new Error("no longer");
      await expect(pair.left.send(pattern(9), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const sent = pair.left.send(pattern(9));
      expect(await receiveOne(pair.right)).toEqual(pattern(9));
      await sent;
    });

    test("receive() ends when the endpoint closes, after what has come", async () => {
      const got: number[] = [];
      await pair.left.send(pattern(3));
      await pair.left.send(pattern(4));
      await until(() => pair.right.statistics.receivedPdus === 2, "both are there");
      pair.right.close();
      for await (const { length } of pair.right.receive()) got.push(length);
      expect(got).toEqual([3, 4]);
    });

    test("receive() throws the signal's reason and lets another reader follow", async () => {
      const controller = new AbortController();
      const reading = pair.right.receive({ signal: controller.signal }).next();
      expect(() => pair.right.receive()).toThrow(expect.objectContaining({ code: "ERR_IN_USE" }));
      expect(() => pair.right.listen(() => {})).toThrow(expect.objectContaining({ code: "ERR_IN_USE" }));
      controller.abort(new Error("enough"));
      await expect(reading).rejects.toThrow("enough");
      const sent = pair.left.send(pattern(2));
      expect(await receiveOne(pair.right)).toEqual(pattern(2));
      await sent;
    });

    test("listen() hands on what waited when the listener throws", async () => {
      await pair.left.send(pattern(3));
      await pair.left.send(pattern(4));
      await until(() => pair.right.statistics.receivedPdus === 2, "both are there");
      const got: number[] = [];
      const thrown = await uncaughtDuring(async () => {
        pair.right.listen(({ length }) => {
          got.push(length);
          throw new Error(`at ${length}`);
        });
        await pair.left.send(pattern(20));
        await until(() => got.length === 3, "all are there");
      });
      expect(got).toEqual([3, 4, 20]);
      expect(thrown).toEqual([new Error("at 3"), new Error("at 4"), new Error("at 20")]);
    });

    test("listen() hands on no more once the listener has closed, and keeps the rest for the next reader", async () => {
      await pair.left.send(pattern(3));
      await pair.left.send(pattern(4));
      await until(() => pair.right.statistics.receivedPdus === 2, "both are there");
      const got: number[] = [];
      pair.right.listen(({ length }) => {
        got.push(length);
        pair.right.close();
      });
      for await (const { length } of pair.right.receive()) got.push(-length);
      expect(got).toEqual([3, -4]);
    });

    test("close() rejects what waits, once", async () => {
      let closes = 0;
      pair.left.events.on("close", () => closes++);
      const reading = pair.left.receive().next();
      const sends = [1, 2, 3].map(() => pair.left.send(pattern(2000)));
      const rejected = Promise.all(sends.map((send) => expect(send).rejects.toMatchObject({ code: "ERR_CLOSED" })));
      pair.left.close();
      pair.left.close();
      await rejected;
      expect(await reading).toEqual({ done: true, value: undefined });
      await expect(pair.left.send(pattern(1))).rejects.toMatchObject({ code: "ERR_CLOSED" });
      expect([closes, pair.left.closed]).toEqual([1, true]);
    });

    test("send() is held up by a reader that is slow, and nothing is lost", async () => {
      await pair.close();
      pair = await makePair({ queuePdus: 1 });
      const count = 4;
      const sends = Array.from({ length: count }, (_, index) => pair.left.send(pattern(20 + index)));
      await until(() => pair.right.statistics.receivedPdus === 1, "the first is there");
      const got: number[] = [];
      for await (const { length } of pair.right.receive()) {
        got.push(length);
        if (got.length === count) break;
      }
      await Promise.all(sends);
      expect(got).toEqual([20, 21, 22, 23]);
    });
  });
}
