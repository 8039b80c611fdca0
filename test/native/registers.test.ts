import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  closeDescriptor,
  createMemfd,
  type Descriptor,
  mapMemory,
  mapRegisters,
  type Registers,
  readRegister,
  reopenReadOnly,
  unmapMemory,
  unmapRegisters,
  writeRegister,
} from "../../src/native.js";

const PAGE_BYTES = 4096;
let fd: Descriptor;
let memory: ArrayBuffer;
let registers: Registers;

beforeAll(() => {
  fd = createMemfd("registers", PAGE_BYTES);
  memory = mapMemory(fd, { sizeBytes: PAGE_BYTES, writable: true });
  registers = mapRegisters(fd, { sizeBytes: PAGE_BYTES });
});

afterAll(() => {
  unmapRegisters(registers);
  unmapMemory(memory);
  closeDescriptor(fd);
});

describe("readRegister() and writeRegister()", () => {
  test("readRegister() reads back what writeRegister() wrote when given any u32 at any offset", () => {
    const words = new Uint32Array(memory);
    const index = fc.integer({ min: 0, max: PAGE_BYTES / 4 - 1 });
    const value = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(index, value, (i, v) => {
        writeRegister(registers, 4 * i, v);
        expect([words[i], readRegister(registers, 4 * i)]).toEqual([v, v]);
      }),
    );
  });

  test.each([-4, 1, 2, 3, 0.5, PAGE_BYTES - 2, PAGE_BYTES, 2 ** 32, Number.NaN])(
    "readRegister() and writeRegister() throw RangeError when the offset is %d",
    (offsetBytes) => {
      expect(() => readRegister(registers, offsetBytes)).toThrow(RangeError);
      expect(() => writeRegister(registers, offsetBytes, 0)).toThrow(RangeError);
    },
  );

  test.each([-1, 2 ** 32, 0.5, Number.NaN])("writeRegister() throws RangeError when the value is %d", (value) => {
    expect(() => writeRegister(registers, 0, value)).toThrow(RangeError);
  });

  test.each([undefined, null, {}, new ArrayBuffer(8)])("readRegister() refuses %s as registers", (other) => {
    expect(() => readRegister(other as never, 0)).toThrow(TypeError);
    expect(() => writeRegister(other as never, 0, 0)).toThrow(TypeError);
    expect(() => unmapRegisters(other as never)).toThrow(TypeError);
  });
});

describe("mapRegisters()", () => {
  test("mapRegisters() shows nothing of the page when the handle is looked at", () => {
    expect(Reflect.ownKeys(registers)).toEqual([]);
    expect(Object.getPrototypeOf(registers)).toBe(null);
  });

  test("mapRegisters() throws EACCES when the descriptor is read-only", () => {
    const readOnly = reopenReadOnly(fd);
    expect(() => mapRegisters(readOnly, { sizeBytes: PAGE_BYTES })).toThrow(
      expect.objectContaining({ code: "EACCES" }),
    );
    closeDescriptor(readOnly);
  });

  test.each([
    { sizeBytes: 0 },
    { sizeBytes: 3 },
    { sizeBytes: 6 },
    { sizeBytes: 2 ** 30 },
    { sizeBytes: 4, offsetBytes: -1 },
  ])("mapRegisters() refuses %j", (options) => {
    expect(() => mapRegisters(fd, options)).toThrow(RangeError);
  });

  test("mapRegisters() refuses an option when it is unknown", () => {
    expect(() => mapRegisters(fd, { sizeBytes: 4, writable: true } as never)).toThrow(TypeError);
  });
});

describe("unmapRegisters()", () => {
  test("unmapRegisters() makes every access throw ERR_CLOSED when called once or twice", () => {
    const page = mapRegisters(fd, { sizeBytes: PAGE_BYTES });
    unmapRegisters(page);
    unmapRegisters(page);
    const closed = expect.objectContaining({ name: "IntercellError", code: "ERR_CLOSED" });
    expect(() => readRegister(page, 0)).toThrow(closed);
    expect(() => writeRegister(page, 0, 1)).toThrow(closed);
  });
});
