import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isIntercellError } from "../../src/errors.js";
import type { IvshmemDevice } from "../../src/uio/index.js";
import { skipUnless } from "../support/skip.js";
import { heard, recordStates } from "./device-events.js";
import { describeDoorbell, describeMemory, describeState } from "./device-pair-contract.js";

/** What a device under test is configured as. */
export interface ExpectedDevice {
  readonly protocol: number;
  readonly peers: number;
  /** 0 for INTx. */
  readonly vectors: number;
  readonly rwBytes: number;
  readonly outputBytes: number;
}

/** One link with devices at its ends. */
export interface DeviceWorld {
  /** Opens the end of `peer`; the fallback poll is off unless asked for. */
  open(peer: number, options?: { readonly fallbackPollMs?: number }): Promise<IvshmemDevice>;
  close(): Promise<void>;
}

/** What {@link describeDevice} runs on. */
export interface DeviceContract {
  readonly expected: ExpectedDevice;
  /** The peers whose ends can be opened here, all different; two are enough for every test. */
  readonly openable: readonly number[];
  readonly start: () => Promise<DeviceWorld>;
}

/** The behaviour that every implementation of IvshmemDevice has, on whatever machine. */
export function describeDevice(name: string, contract: DeviceContract): void {
  describe(name, () => {
    let started: DeviceWorld;
    const opened: IvshmemDevice[] = [];
    const [first = 0, second = -1] = contract.openable;
    const both = skipUnless(second >= 0, "the other end of the link cannot be opened here");

    beforeAll(async () => {
      started = await contract.start();
    });
    afterEach(() => {
      for (const device of opened.splice(0)) device.close();
    });
    afterAll(async () => {
      await started.close();
    });

    const open: Open = async (peer, options) => {
      const device = await started.open(peer, options);
      opened.push(device);
      return device;
    };
    describeIdentity(contract.expected, first, open);
    describeSections(contract.expected, first, open);
    describeClosing(first, open);
    describe("between two peers", both, () => {
      describeMemory(contract.expected, first, second, open);
      describeDoorbell(contract.expected, first, second, open);
      describeState(first, second, open);
    });
  });
}

type Open = DeviceWorld["open"];

function describeIdentity(expected: ExpectedDevice, peer: number, open: Open): void {
  test("open() gives the identity that the device was configured with", async () => {
    const device = await open(peer);
    expect(device).toMatchObject({ id: peer, maxPeers: expected.peers, protocol: expected.protocol, closed: false });
    expect(device.vectors).toBe(Math.max(1, expected.vectors));
    expect(device.stateTable.length).toBe(expected.peers);
    expect(device.name).not.toBe("");
  });

  test("open() leaves the own state word alone", async () => {
    const device = await open(peer);
    expect(device.stateTable.get(peer)).toBe(0);
  });

  test("setState() shows in the own word at once, with all 32 bits, and is no event for oneself", async () => {
    const device = await open(peer);
    const events = recordStates(device);
    for (const value of [1, 0x0a0b0c0d, 0x80000000, 0xffffffff, 0]) {
      device.setState(value);
      expect(device.stateTable.get(peer)).toBe(value);
    }
    device.rearm();
    expect(events).toEqual([]);
  });

  test("setState() throws RangeError when the value is not a u32", async () => {
    const device = await open(peer);
    for (const value of [-1, 0x100000000, 1.5, Number.NaN]) expect(() => device.setState(value)).toThrow(RangeError);
    expect(device.stateTable.get(peer)).toBe(0);
  });

  test("ring() throws RangeError when the peer or the vector is not there", async () => {
    const device = await open(peer);
    for (const target of [-1, expected.peers, 0.5, 0x10000]) expect(() => device.ring(target)).toThrow(RangeError);
    for (const vector of [-1, device.vectors, 0.5]) expect(() => device.ring(peer, vector)).toThrow(RangeError);
  });

  test("stateTable throws RangeError when the peer is not there", async () => {
    const device = await open(peer);
    for (const other of [-1, expected.peers, 0.5]) expect(() => device.stateTable.get(other)).toThrow(RangeError);
    expect(device.stateTable.snapshot()).toHaveLength(expected.peers);
  });

  test("ring() of the own id interrupts oneself", async () => {
    const device = await open(peer);
    for (let round = 0; round < 3; round++) {
      const interrupt = heard(device, "interrupt");
      device.ring(peer, device.vectors - 1);
      expect(await interrupt).toEqual([1]);
    }
  });

  test("ring() of a peer that is absent does nothing", async () => {
    const device = await open(peer);
    const interrupt = heard(device, "interrupt");
    for (let other = 0; other < expected.peers; other++) if (other !== peer) device.ring(other);
    device.ring(peer);
    expect(await interrupt).toEqual([1]);
  });
}

function describeSections(expected: ExpectedDevice, peer: number, open: Open): void {
  test("sections have the configured sizes and are absent when their size is 0", async () => {
    const device = await open(peer);
    expect(device.rwSection?.sizeBytes ?? 0).toBe(expected.rwBytes);
    expect(device.outputSection?.sizeBytes ?? 0).toBe(expected.outputBytes);
    for (let other = 0; other < expected.peers; other++) {
      if (expected.outputBytes > 0) expect(device.inputSection(other).sizeBytes).toBe(expected.outputBytes);
      else expect(codeOf(() => device.inputSection(other))).toBe("ERR_NO_SECTION");
    }
  });

  test("inputSection() throws RangeError when the peer is not there", async () => {
    const device = await open(peer);
    for (const other of [-1, expected.peers, 0.5]) expect(() => device.inputSection(other)).toThrow(RangeError);
  });

  test("no member of an input section or of the state table is memory that could be stored to", async () => {
    const device = await open(peer);
    const readable: object[] = [device.stateTable];
    if (expected.outputBytes > 0) readable.push(device.inputSection(peer));
    for (const object of readable) {
      for (const value of memberValues(object)) {
        expect(ArrayBuffer.isView(value) || value instanceof ArrayBuffer).toBe(false);
      }
    }
  });

  test("readUint32() and copyTo() throw RangeError when they would leave the section", async () => {
    const device = await open(peer);
    if (expected.outputBytes === 0) return;
    const input = device.inputSection(peer);
    const size = expected.outputBytes;
    for (const offset of [-4, 2, size, size - 2, 0.5]) expect(() => input.readUint32(offset)).toThrow(RangeError);
    for (const offset of [-1, size - 3, size, 0.5]) {
      expect(() => input.copyTo(new Uint8Array(4), offset)).toThrow(RangeError);
    }
    input.copyTo(new Uint8Array(4), size - 4);
    input.copyTo(new Uint8Array(0), size);
  });

  test("what the own output section gets shows in the own input section", async () => {
    const device = await open(peer);
    if (device.outputSection === undefined) return;
    const { bytes } = device.outputSection;
    bytes.set([1, 2, 3, 4], bytes.length - 4);
    expect(device.inputSection(peer).readUint32(bytes.length - 4)).toBe(0x04030201);
  });
}

function describeClosing(peer: number, open: Open): void {
  test("close() emits close once however often it is called", async () => {
    const device = await open(peer);
    let closed = 0;
    device.events.on("close", () => {
      closed += 1;
      device.close();
    });
    device.close();
    device[Symbol.dispose]();
    expect([closed, device.closed]).toEqual([1, true]);
  });

  test("everything but close() is ERR_CLOSED when the device is closed", async () => {
    const device = await open(peer, { fallbackPollMs: 1 });
    const { stateTable, outputSection, rwSection } = device;
    const input = outputSection && device.inputSection(peer);
    const bytes = outputSection?.bytes;
    device.close();
    const calls = [
      () => device.setState(1),
      () => device.ring(peer),
      () => device.rearm(),
      () => stateTable.get(peer),
      () => stateTable.snapshot(),
      ...(input === undefined ? [] : [() => input.readUint32(0), () => input.copyTo(new Uint8Array(1))]),
      ...(outputSection === undefined ? [] : [() => outputSection.bytes]),
      ...(rwSection === undefined ? [] : [() => rwSection.bytes]),
    ];
    for (const call of calls) expect(codeOf(call)).toBe("ERR_CLOSED");
    expect(bytes?.length ?? 0).toBe(0);
  });

  test("close() in a listener ends the events of that wake-up", async () => {
    const device = await open(peer);
    const seen: string[] = [];
    const closed = heard(device, "close");
    device.events.on("interrupt", () => {
      seen.push("interrupt");
      device.close();
    });
    device.ring(peer);
    await closed;
    expect(seen).toEqual(["interrupt"]);
  });

  test("an interrupt that is pending at close() is not reported", async () => {
    const device = await open(peer);
    let interrupts = 0;
    device.events.on("interrupt", () => {
      interrupts += 1;
    });
    device.ring(peer);
    device.close();
    const again = await open(peer);
    const interrupt = heard(again, "interrupt");
    again.ring(peer);
    expect(await interrupt).toEqual([1]);
    expect(interrupts).toBe(0);
  });

  test("open() works again after close() and finds the sections as they were", async () => {
    const device = await open(peer);
    const section = device.outputSection ?? device.rwSection;
    section?.bytes.set([9, 8, 7], 1);
    device.close();
    const again = await open(peer);
    const found = (again.outputSection ?? again.rwSection)?.bytes.subarray(1, 4) ?? [];
    expect([...found]).toEqual(section === undefined ? [] : [9, 8, 7]);
  });

  test("the fallback poll emits poll until the device is closed", async () => {
    const device = await open(peer, { fallbackPollMs: 1 });
    await heard(device, "poll");
    await heard(device, "poll");
    device.close();
    let polls = 0;
    device.events.on("poll", () => {
      polls += 1;
    });
    const again = await open(peer, { fallbackPollMs: 1 });
    for (let round = 0; round < 5; round++) await heard(again, "poll");
    expect(polls).toBe(0);
  });
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    return isIntercellError(error) ? error.code : String(error);
  }
  return undefined;
}

/** The values of all members, inherited and accessor ones included. */
function memberValues(object: object): unknown[] {
  const values: unknown[] = [];
  for (let at: object | null = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) values.push(Reflect.get(at, key, object));
  }
  return values;
}
