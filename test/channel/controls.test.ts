import { describe, expect, test } from "vitest";
import { type ControlSink, Controls } from "../../src/channel/controls.js";
import { NO_ROOM, RecordKind } from "../../src/channel/link.js";

/** A ring that has room for so many records. */
class Sink implements ControlSink {
  readonly view = new DataView(new ArrayBuffer(64));
  readonly sent: string[] = [];
  room: number;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }

  claim(): number {
    return this.room > 0 ? 8 : NO_ROOM;
  }

  commit(kind: number, channel: number, message: number, payloadBytes: number): number {
    this.room -= 1;
    const bytes = [...new Uint8Array(this.view.buffer, 8, payloadBytes)].join(" ");
    this.sent.push(`${kind === RecordKind.announce ? "announce" : "withdraw"} ${channel} ${message} [${bytes}]`);
    return 0;
  }
}

const payload = new Uint8Array([1, 2]);

function never(): void {
  throw new Error("was told that it was sent");
}

describe("Controls", () => {
  test("send() commits in order and tells each when it is in", () => {
    const controls = new Controls();
    const sink = new Sink();
    const told: number[] = [];
    controls.announce(1, payload, () => told.push(1));
    controls.announce(2, payload, () => told.push(2));
    expect(controls.send(sink)).toBe(true);
    controls.withdraw(1, () => told.push(3));
    expect(controls.send(sink)).toBe(true);
    expect(sink.sent).toEqual(["announce 1 0 [1 2]", "announce 2 0 [1 2]", "withdraw 1 0 []"]);
    expect(told).toEqual([1, 2, 3]);
  });

  test("send() keeps the rest when the room ends", () => {
    const controls = new Controls();
    const sink = new Sink(1);
    controls.announce(1, payload, () => undefined);
    controls.announce(2, payload, () => undefined);
    expect(controls.send(sink)).toBe(false);
    expect(controls.length).toBe(1);
    sink.room = 1;
    expect(controls.send(sink)).toBe(true);
    expect(sink.sent).toEqual(["announce 1 0 [1 2]", "announce 2 0 [1 2]"]);
  });

  test("withdraw() takes the announcement back when it was not sent", () => {
    const controls = new Controls();
    let free = 0;
    controls.announce(1, payload, never);
    controls.withdraw(1, () => {
      free += 1;
    });
    expect([controls.length, free]).toEqual([0, 1]);
  });

  test("withdraw() takes back the last announcement when an earlier withdrawal of the number waits", () => {
    const controls = new Controls();
    const sink = new Sink();
    let free = 0;
    const release = () => {
      free += 1;
    };
    controls.withdraw(1, release);
    controls.announce(1, payload, never);
    controls.withdraw(1, release);
    expect(free).toBe(1);
    controls.send(sink);
    expect(sink.sent).toEqual(["withdraw 1 0 []"]);
    expect(free).toBe(2);
  });

  test("withdrawals counts what waits, be it sent or forgotten", () => {
    const controls = new Controls();
    controls.announce(1, payload, () => undefined);
    controls.withdraw(2, () => undefined);
    controls.withdraw(3, () => undefined);
    expect(controls.withdrawals).toBe(2);
    controls.send(new Sink(2));
    expect(controls.withdrawals).toBe(1);
    controls.clear();
    expect(controls.withdrawals).toBe(0);
  });

  test("clear() frees the numbers of withdrawals and forgets announcements", () => {
    const controls = new Controls();
    let free = 0;
    controls.announce(1, payload, never);
    controls.withdraw(2, () => {
      free += 1;
    });
    controls.clear();
    expect([controls.length, free]).toEqual([0, 1]);
    expect(controls.send(new Sink(0))).toBe(true);
  });
});
