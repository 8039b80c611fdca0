import { execFileSync } from "node:child_process";
import { constants, mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ErrorCode, IntercellError } from "../../src/errors.js";
import {
  closeDescriptor,
  createMemfd,
  type Descriptor,
  mapMemory,
  mapRegisters,
  openDescriptor,
  readRegister,
  unmapMemory,
} from "../../src/native.js";
import { Register } from "../../src/uio/index.js";
import { MappedDevice } from "../../src/uio/mapped-device.js";
import { heard, recordStates } from "./device-events.js";

const PAGE = 0x1000;

/** A device whose hypervisor is the test: plain memory for registers and state table, a FIFO for the interrupt of UIO. */
class Bench {
  readonly device: MappedDevice;
  readonly states: Uint32Array<ArrayBuffer>;
  readonly registers: Uint32Array<ArrayBuffer>;
  readonly released: string[] = [];
  /** What the device is told when it asks whether it is gone. */
  gone: IntercellError | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), "intercell-"));
  #line: Descriptor;

  constructor(fallbackPollMs = 0) {
    const fifo = join(this.#folder, "interrupt");
    execFileSync("mkfifo", [fifo]);
    const descriptor = openDescriptor(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#line = openDescriptor(fifo, constants.O_WRONLY);
    const [registerPage, statePage] = [createMemfd("registers", PAGE), createMemfd("states", PAGE)];
    this.registers = new Uint32Array(mapMemory(registerPage, { sizeBytes: PAGE, writable: true }));
    this.states = new Uint32Array(mapMemory(statePage, { sizeBytes: PAGE, writable: true }), 0, 3);
    const table = mapMemory(statePage, { sizeBytes: PAGE });
    const registers = mapRegisters(registerPage, { sizeBytes: PAGE });
    for (const page of [registerPage, statePage]) closeDescriptor(page);
    this.device = new MappedDevice({
      ...{ name: "bench", id: 1, maxPeers: 3, vectors: 1, protocol: 0, registers, inputSections: [] },
      ...{ rwSection: undefined, outputSection: undefined, stateTable: new Uint32Array(table, 0, 3) },
      buffers: [table],
      interrupt: { descriptor, countBytes: 4 },
      fallbackPollMs,
      gone: () => this.gone,
      release: () => {
        this.released.push(
          `table of ${table.byteLength} bytes`,
          `registers ${isMapped(() => readRegister(registers, 0))}`,
        );
        closeDescriptor(descriptor);
      },
    });
  }

  /** An interrupt as uio_ivshmem gives it: the running total of the device. */
  interrupt(total: number): void {
    writeSync(this.#line, Uint32Array.of(total));
  }

  /** The device goes away below its opener. */
  unplug(): void {
    if (this.#line >= 0) closeDescriptor(this.#line);
    this.#line = -1;
  }

  close(): void {
    this.device.close();
    this.unplug();
    unmapMemory(this.states.buffer);
    unmapMemory(this.registers.buffer);
    rmSync(this.#folder, { recursive: true });
  }
}

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

describe("MappedDevice", () => {
  test("arms the interrupt and leaves the state register alone when it is made", () => {
    expect([bench.registers[Register.INT_CONTROL / 4], bench.registers[Register.STATE / 4]]).toEqual([1, 0]);
  });

  test("counts the interrupts of a running total, over its wrap too", async () => {
    const counts: unknown[] = [];
    for (const total of [0xfffffffe, 0xffffffff, 4, 5]) {
      const interrupt = heard(bench.device, "interrupt");
      bench.interrupt(total);
      counts.push(...(await interrupt));
    }
    // The first total says that there was one at least.
    expect(counts).toEqual([1, 1, 5, 1]);
  });

  test("re-arms before it emits interrupt", async () => {
    bench.registers[Register.INT_CONTROL / 4] = 0;
    const armed = new Promise((resolve) => {
      bench.device.events.once("interrupt", () => resolve(bench.registers[Register.INT_CONTROL / 4]));
    });
    bench.interrupt(1);
    expect(await armed).toBe(1);
  });

  test("emits the state changes of a wake-up before its interrupt", async () => {
    const order: string[] = [];
    bench.device.events.on("state", (peer) => order.push(`state ${peer}`));
    bench.device.events.on("interrupt", () => order.push("interrupt"));
    bench.states.set([7, 0, 8]);
    const interrupt = heard(bench.device, "interrupt");
    bench.interrupt(1);
    await interrupt;
    expect(order).toEqual(["state 0", "state 2", "interrupt"]);
  });

  test("emits state for the own id when another opener zeroed the own word", () => {
    const events = recordStates(bench.device);
    bench.device.setState(6);
    bench.states[1] = 6;
    bench.device.rearm();
    expect(events).toEqual([]);
    bench.states[1] = 0;
    bench.device.rearm();
    expect(events).toEqual([[1, 0, 6]]);
  });

  test("writes IntControl with each fallback poll and looks at the state table before it emits poll", async () => {
    bench.close();
    bench = new Bench(1);
    const order: string[] = [];
    bench.device.events.on("state", () => order.push("state"));
    bench.registers[Register.INT_CONTROL / 4] = 0;
    bench.states[0] = 1;
    await heard(bench.device, "poll");
    order.push("poll");
    expect(order).toEqual(["state", "poll"]);
    expect(bench.registers[Register.INT_CONTROL / 4]).toBe(1);
  });

  test("close() writes state 0, unmaps, and only then closes", () => {
    bench.device.setState(9);
    bench.device.close();
    expect(bench.registers[Register.STATE / 4]).toBe(0);
    expect(bench.released).toEqual(["table of 0 bytes", "registers false"]);
  });

  test("fails with the cause and touches no register when its descriptor is gone", async () => {
    bench.device.setState(9);
    const events: unknown[] = [];
    bench.device.events.on("error", (error) => events.push(error));
    const closed = new Promise<void>((resolve) => {
      bench.device.events.on("close", () => {
        events.push("close");
        resolve();
      });
    });
    bench.unplug();
    await closed;
    expect(events).toEqual([expect.objectContaining({ syscall: "read", path: "bench" }), "close"]);
    expect(bench.registers[Register.STATE / 4]).toBe(9);
    expect(bench.released).toEqual(["table of 0 bytes", "registers false"]);
    bench.device.fail(new Error("again"));
    expect(events).toHaveLength(2);
  });

  describe("when it is told that it is gone", () => {
    const gone = new IntercellError(ErrorCode.CLOSED, "gone");
    let events: unknown[];

    beforeEach(() => {
      events = [];
      bench.device.setState(9);
      bench.registers[Register.INT_CONTROL / 4] = 0;
      bench.device.events.on("error", (error) => events.push(error));
      bench.device.events.on("close", () => events.push("close"));
    });
    afterEach(() => {
      const untouched = [Register.INT_CONTROL, Register.DOORBELL, Register.STATE].map((at) => bench.registers[at / 4]);
      expect(untouched).toEqual([0, 0, 9]);
    });

    test.each<[string, (device: MappedDevice) => void]>([
      ["setState()", (device) => device.setState(1)],
      ["ring()", (device) => device.ring(2)],
      ["rearm()", (device) => device.rearm()],
    ])("%s fails the device and throws, and touches no register", (_, call) => {
      bench.gone = gone;
      expect(() => call(bench.device)).toThrow(gone);
      expect(events).toEqual([gone, "close"]);
      expect(() => call(bench.device)).toThrow(/is closed/);
      expect(bench.released).toEqual(["table of 0 bytes", "registers false"]);
    });

    test("close() closes without an error and touches no register", () => {
      bench.gone = gone;
      bench.device.close();
      expect(events).toEqual(["close"]);
      expect(bench.released).toEqual(["table of 0 bytes", "registers false"]);
    });
  });

  test("the fallback poll fails the device and touches no register when it is told that it is gone", async () => {
    bench.close();
    bench = new Bench(1);
    await heard(bench.device, "poll");
    const events: unknown[] = [];
    bench.device.events.on("error", (error) => events.push(error));
    bench.gone = new IntercellError(ErrorCode.CLOSED, "gone");
    bench.registers[Register.INT_CONTROL / 4] = 0;
    await new Promise<void>((resolve) => bench.device.events.on("close", resolve));
    expect(events).toEqual([bench.gone]);
    expect(bench.registers[Register.INT_CONTROL / 4]).toBe(0);
  });
});

function isMapped(access: () => unknown): boolean {
  try {
    access();
    return true;
  } catch {
    return false;
  }
}
