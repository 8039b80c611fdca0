import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  closeDescriptor,
  closePoller,
  createMemfd,
  createPoller,
  createSimRegisters,
  readRegister,
  reopenReadOnly,
  simDetach,
  unmapRegisters,
  writeRegister,
} from "../../src/native.js";
import { MAX_PEERS, PAGE_BYTES, Register, SimDevice } from "./sim-device.js";

const U32_MAX = 0xffff_ffff;

let device: SimDevice;

beforeEach(() => {
  device = new SimDevice();
});

afterEach(() => device.close());

describe("createSimRegisters()", () => {
  test("createSimRegisters() reads what the hypervisor would answer when each register is read", () => {
    writeRegister(device.registers(2), Register.STATE, 5);
    const offsets = [
      Register.ID,
      Register.MAX_PEERS,
      Register.INT_CONTROL,
      Register.DOORBELL,
      Register.STATE,
      0x14,
      PAGE_BYTES - 4,
    ];
    expect(offsets.map((offsetBytes) => readRegister(device.registers(2), offsetBytes))).toEqual([
      2,
      MAX_PEERS,
      0,
      0,
      5,
      0,
      0,
    ]);
  });

  test("createSimRegisters() ignores a store when the register cannot be written", () => {
    for (const offsetBytes of [Register.ID, Register.MAX_PEERS, 0x14])
      writeRegister(device.registers(1), offsetBytes, 7);
    expect([
      readRegister(device.registers(1), Register.ID),
      readRegister(device.registers(1), Register.MAX_PEERS),
    ]).toEqual([1, MAX_PEERS]);
  });

  test("createSimRegisters() throws ERR_CLOSED on access when unmapped", () => {
    unmapRegisters(device.registers(0));
    unmapRegisters(device.registers(0));
    const closed = expect.objectContaining({ code: "ERR_CLOSED" });
    expect(() => readRegister(device.registers(0), Register.ID)).toThrow(closed);
    expect(() => writeRegister(device.registers(0), Register.STATE, 1)).toThrow(closed);
  });

  test("createSimRegisters() throws EPROTO when the page was not prepared", () => {
    const { stateTable, eventfds } = device;
    const blank = createMemfd("blank", PAGE_BYTES);
    expect(() => createSimRegisters({ hypervisor: blank, stateTable, eventfds, peer: 0 })).toThrow(
      expect.objectContaining({ code: "EPROTO" }),
    );
    closeDescriptor(blank);
  });

  test("createSimRegisters() throws when its memory is too small, read-only, or lacks an eventfd", () => {
    const { hypervisor, stateTable, eventfds } = device;
    const small = createMemfd("small", 4);
    const readOnly = reopenReadOnly(stateTable);
    const make = (options: object) => () =>
      createSimRegisters({ hypervisor, stateTable, eventfds, peer: 0, ...options });
    expect(make({ hypervisor: small })).toThrow(expect.objectContaining({ code: "ENXIO" }));
    expect(make({ stateTable: small })).toThrow(expect.objectContaining({ code: "ENXIO" }));
    expect(make({ stateTable: readOnly })).toThrow(expect.objectContaining({ code: "EACCES" }));
    expect(make({ eventfds: eventfds.slice(1) })).toThrow(expect.objectContaining({ code: "EINVAL" }));
    expect(make({ eventfds: [0, 1, 1_000_000] })).toThrow(expect.objectContaining({ code: "EBADF" }));
    expect(make({ eventfds: new Array(13).fill(0) })).toThrow(RangeError);
    expect(make({ eventfds: undefined })).toThrow(TypeError);
    expect(make({ peer: MAX_PEERS })).toThrow(RangeError);
    expect(make({ peers: 1 })).toThrow(TypeError);
    for (const fd of [small, readOnly]) closeDescriptor(fd);
  });
});

describe("IntControl", () => {
  test("IntControl keeps bit 0 only when any value is written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: U32_MAX }), (value) => {
        writeRegister(device.registers(0), Register.INT_CONTROL, value);
        expect(readRegister(device.registers(0), Register.INT_CONTROL)).toBe(value % 2);
      }),
    );
  });

  test("IntControl is cleared by a delivery, and what follows is lost, when not armed again", () => {
    device.arm(1);
    for (let index = 0; index < 3; index++) device.ring(0, 1);
    expect(readRegister(device.registers(1), Register.INT_CONTROL)).toBe(0);
    expect(device.takeInterrupts(1)).toBe(1);
    expect(device.report(1)).toEqual({ intControl: 0, present: true, lost: 2, delivered: 1 });
    device.arm(1);
    expect(device.takeInterrupts(1)).toBe(0);
  });
});

describe("Doorbell", () => {
  test("Doorbell interrupts the target alone when it is armed", () => {
    device.arm(0, 1, 2);
    device.ring(0, 2);
    expect([0, 1, 2].map((peer) => device.takeInterrupts(peer))).toEqual([0, 0, 1]);
    expect([0, 1, 2].map((peer) => readRegister(device.registers(peer), Register.INT_CONTROL))).toEqual([1, 1, 0]);
  });

  test("Doorbell interrupts its own cell when it is rung for itself", () => {
    device.arm(1);
    device.ring(1, 1);
    expect(device.takeInterrupts(1)).toBe(1);
  });

  test.each([1, 2, 0xffff])(
    "Doorbell silences the target without an interrupt when INTx has no vector %d",
    (vector) => {
      device.arm(1);
      device.ring(0, 1, vector);
      expect(device.takeInterrupts(1)).toBe(0);
      expect(device.report(1)).toEqual({ intControl: 0, present: true, lost: 0, delivered: 0 });
      device.ring(0, 1);
      expect(device.takeInterrupts(1)).toBe(0);
      expect(device.report(1)).toMatchObject({ lost: 1 });
    },
  );

  test("Doorbell delivers the vectors that MSI-X has when there are 4", () => {
    device.close();
    device = new SimDevice(4);
    const delivered = [0, 3, 4, 5].map((vector) => {
      device.arm(1);
      device.ring(0, 1, vector);
      return device.takeInterrupts(1);
    });
    expect(delivered).toEqual([1, 1, 0, 0]);
  });

  test.each([MAX_PEERS, 12, 0xffff])("Doorbell is ignored when there is no peer %d", (target) => {
    device.arm(0, 1, 2);
    device.ring(0, target);
    expect([0, 1, 2].map((peer) => device.takeInterrupts(peer))).toEqual([0, 0, 0]);
    expect([0, 1, 2].map((peer) => readRegister(device.registers(peer), Register.INT_CONTROL))).toEqual([1, 1, 1]);
  });

  test("Doorbell is ignored when the target is absent", () => {
    simDetach(device.handle, 1, false);
    device.ring(0, 1);
    expect(device.report(1)).toEqual({ intControl: 0, present: false, lost: 0, delivered: 0 });
  });

  test("Doorbell has no effect when the cell that rings is detached", () => {
    device.arm(1);
    simDetach(device.handle, 0, false);
    device.ring(0, 1);
    writeRegister(device.registers(0), Register.STATE, 3);
    writeRegister(device.registers(0), Register.INT_CONTROL, 1);
    expect(device.takeInterrupts(1)).toBe(0);
    expect([device.states[0], readRegister(device.registers(0), Register.INT_CONTROL)]).toEqual([0, 0]);
  });
});

describe("State", () => {
  test("State holds all 32 bits and shows in the table at once when any value is written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: U32_MAX }), fc.integer({ min: 0, max: MAX_PEERS - 1 }), (value, peer) => {
        writeRegister(device.registers(peer), Register.STATE, value);
        expect([readRegister(device.registers(peer), Register.STATE), device.states[peer]]).toEqual([value, value]);
      }),
    );
  });

  test("State interrupts every other peer but not its own when the value changes", () => {
    device.arm(0, 1, 2);
    writeRegister(device.registers(1), Register.STATE, 0x0a0b_0c0d);
    expect([0, 1, 2].map((peer) => device.takeInterrupts(peer))).toEqual([1, 0, 1]);
  });

  test("State interrupts nobody when the value stays the same", () => {
    writeRegister(device.registers(1), Register.STATE, 4);
    device.arm(0, 1, 2);
    writeRegister(device.registers(1), Register.STATE, 4);
    expect([0, 1, 2].map((peer) => device.takeInterrupts(peer))).toEqual([0, 0, 0]);
    expect([0, 1, 2].map((peer) => readRegister(device.registers(peer), Register.INT_CONTROL))).toEqual([1, 1, 1]);
  });
});

describe("a poller with rearm", () => {
  test("createPoller() re-arms a simulated device when it has read the count", async () => {
    const callback = vi.fn();
    const rearm = { registers: device.registers(1), offsetBytes: Register.INT_CONTROL, value: 1 };
    const poller = createPoller(device.eventfds[1] ?? -1, { countBytes: 8, rearm }, callback);
    device.arm(1);
    for (let rings = 1; rings <= 3; rings++) {
      device.ring(0, 1);
      while (callback.mock.calls.length < rings) await setImmediate();
      expect(readRegister(device.registers(1), Register.INT_CONTROL)).toBe(1);
    }
    expect(device.report(1)).toMatchObject({ delivered: 3, lost: 0 });
    closePoller(poller);
  });
});
