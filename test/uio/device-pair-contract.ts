import { expect, test } from "vitest";
import type { DeviceWorld, ExpectedDevice } from "./device-contract.js";
import { heard, recordStates } from "./device-events.js";

type Open = DeviceWorld["open"];

/** What one peer stores, the other reads. */
export function describeMemory(expected: ExpectedDevice, first: number, second: number, open: Open): void {
  test("the last byte of a peer's output section is the peer's", async () => {
    const [ours, theirs] = [await open(first), await open(second)];
    if (ours.outputSection === undefined || theirs.outputSection === undefined) return;
    const last = expected.outputBytes - 1;
    ours.outputSection.bytes[last] = 0x11;
    theirs.outputSection.bytes[last] = 0x22;
    const copy = new Uint8Array(1);
    ours.inputSection(second).copyTo(copy, last);
    expect(copy[0]).toBe(0x22);
    theirs.inputSection(first).copyTo(copy, last);
    expect(copy[0]).toBe(0x11);
  });

  test("the R/W section is the same memory for both peers", async () => {
    const [ours, theirs] = [await open(first), await open(second)];
    if (ours.rwSection === undefined || theirs.rwSection === undefined) return;
    ours.rwSection.bytes[expected.rwBytes - 1] = 0x33;
    expect(theirs.rwSection.bytes[expected.rwBytes - 1]).toBe(0x33);
    theirs.rwSection.bytes[0] = 0x44;
    expect(ours.rwSection.bytes[0]).toBe(0x44);
  });
}

/** One-shot interrupts from one peer to the other. */
export function describeDoorbell(expected: ExpectedDevice, first: number, second: number, open: Open): void {
  test("ring() interrupts the peer, on each vector, again and again", async () => {
    const [ours, theirs] = [await open(first), await open(second)];
    for (let vector = 0; vector < Math.max(1, expected.vectors); vector++) {
      const interrupt = heard(theirs, "interrupt");
      ours.ring(second, vector);
      expect(await interrupt).toEqual([1]);
    }
  });

  test("ring() interrupts once when the peer has not woken up in between, as the interrupt is one-shot", async () => {
    const [ours, theirs] = [await open(first), await open(second)];
    const interrupt = heard(theirs, "interrupt");
    for (let round = 0; round < 5; round++) ours.ring(second);
    expect(await interrupt).toEqual([1]);
  });

  test("interrupt is emitted with the device armed, so that a listener can be rung back", async () => {
    const [ours, theirs] = [await open(first), await open(second)];
    let left = 50;
    theirs.events.on("interrupt", () => theirs.ring(first));
    const done = new Promise<void>((resolve) => {
      ours.events.on("interrupt", () => {
        left -= 1;
        if (left === 0) resolve();
        else ours.ring(second);
      });
    });
    ours.ring(second);
    await done;
    expect(left).toBe(0);
  });
}

/** State words and what is told of them. */
export function describeState(first: number, second: number, open: Open): void {
  test("state is emitted when a peer's word changes, and not when it is written with the same value", async () => {
    const [ours, theirs] = [await open(first), await open(second)];
    const events = recordStates(ours);
    for (const value of [2, 2, 0xffffffff, 0]) {
      const interrupt = value === theirs.stateTable.get(second) ? undefined : heard(ours, "interrupt");
      theirs.setState(value);
      await interrupt;
    }
    expect(events).toEqual([
      [second, 2, 0],
      [second, 0xffffffff, 2],
      [second, 0, 0xffffffff],
    ]);
  });

  test("state events chain to the word in the table when it goes 2, 0, 2 faster than it is heard", async () => {
    const [ours, theirs] = [await open(first), await open(second)];
    const events = recordStates(ours);
    const up = heard(ours, "interrupt");
    theirs.setState(2);
    await up;
    const interrupt = heard(ours, "interrupt");
    theirs.setState(0);
    theirs.setState(2);
    await interrupt;
    ours.rearm();
    // Two changes between two looks at the table are none: only an epoch in the section tells.
    expect(events).toEqual([[second, 2, 0]]);
    expect(ours.stateTable.get(second)).toBe(2);
  });

  test("state is not emitted for words that were there at open()", async () => {
    const theirs = await open(second);
    theirs.setState(7);
    const ours = await open(first);
    const events = recordStates(ours);
    ours.rearm();
    expect(ours.stateTable.get(second)).toBe(7);
    expect(events).toEqual([]);
  });

  test("close() sets the own word to 0 and tells the peers", async () => {
    const [ours, theirs] = [await open(first), await open(second)];
    theirs.setState(3);
    ours.rearm();
    const gone = heard(ours, "state");
    theirs.close();
    expect(await gone).toEqual([second, 0, 3]);
  });

  test("rearm() emits a change whose interrupt has not been heard, once", async () => {
    const [ours, theirs] = [await open(first), await open(second)];
    const events = recordStates(ours);
    const interrupt = heard(ours, "interrupt");
    theirs.setState(5);
    ours.rearm();
    expect(events).toEqual([[second, 5, 0]]);
    await interrupt;
    expect(events).toHaveLength(1);
  });

  test("a listener that throws leaves the other changes to the next look at the table", async () => {
    const [ours, theirs] = [await open(first), await open(second)];
    theirs.setState(5);
    ours.events.once("state", () => {
      throw new Error("listener");
    });
    expect(() => ours.rearm()).toThrow("listener");
    const events = recordStates(ours);
    ours.rearm();
    expect(events).toEqual([]);
    theirs.setState(6);
    ours.rearm();
    expect(events).toEqual([[second, 6, 5]]);
  });
}
