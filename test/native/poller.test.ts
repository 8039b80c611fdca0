import { readFileSync, writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  acceptUnix,
  closeDescriptor,
  closePoller,
  connectUnix,
  createEventfd,
  createMemfd,
  createPoller,
  type Descriptor,
  listenUnix,
  mapRegisters,
  PollEvent,
  type Poller,
  type PollerCallback,
  type PollerOptions,
  pollerRef,
  pollerUnref,
  type Registers,
  readRegister,
  receiveMessage,
  sendMessage,
  setPollerEvents,
  unmapRegisters,
  writeEventfd,
} from "../../src/native.js";
import { runFixture } from "./child.js";

const ECONNRESET = 104;
const descriptors: Descriptor[] = [];
const pollers: Poller[] = [];
let serial = 0;

function kept(fd: Descriptor | undefined): Descriptor {
  if (fd === undefined) throw new Error("Expected a descriptor, found none");
  descriptors.push(fd);
  return fd;
}

function poll(fd: Descriptor, options: PollerOptions, callback: PollerCallback): Poller {
  const poller = createPoller(fd, options, callback);
  pollers.push(poller);
  return poller;
}

/** Lets the event loop look at its descriptors a few times. */
async function turn(): Promise<void> {
  for (let index = 0; index < 5; index++) await setImmediate();
}

function connect(): [client: Descriptor, server: Descriptor] {
  serial += 1;
  const name = `intercell-poller-test-${process.pid}-${serial}`;
  const listener = kept(listenUnix(name));
  const client = kept(connectUnix(name));
  return [client, kept(acceptUnix(listener))];
}

function makePage(): Registers {
  return mapRegisters(kept(createMemfd("page", 4096)), { sizeBytes: 4096 });
}

afterEach(() => {
  for (const poller of pollers.splice(0)) closePoller(poller);
  for (const fd of descriptors.splice(0)) closeDescriptor(fd);
});

describe("createPoller() on an eventfd", () => {
  test("createPoller() calls back once with the whole count when several came in", async () => {
    const fd = kept(createEventfd());
    const callback = vi.fn();
    poll(fd, { countBytes: 8 }, callback);
    for (let index = 0; index < 3; index++) writeEventfd(fd);
    await turn();
    expect(callback.mock.calls).toEqual([[PollEvent.READABLE, 3]]);
    expect(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")).toMatch(/eventfd-count:\s*0\n/);
  });

  test("createPoller() calls back again when more comes in", async () => {
    const fd = kept(createEventfd());
    const counts: number[] = [];
    await new Promise<void>((resolve) => {
      poll(fd, { countBytes: 8 }, (_, count) => {
        counts.push(count);
        if (counts.length === 20) resolve();
        else writeEventfd(fd);
      });
      writeEventfd(fd);
    });
    expect(counts).toEqual(new Array(20).fill(1));
  });

  test("createPoller() reports a positive count when the eventfd held its largest", async () => {
    const fd = kept(createEventfd());
    const callback = vi.fn();
    poll(fd, { countBytes: 8 }, callback);
    writeSync(fd, new BigUint64Array([0xffff_ffff_ffff_fffen]));
    await turn();
    expect(callback.mock.calls).toEqual([[PollEvent.READABLE, 2 ** 63]]);
  });

  test("createPoller() stays quiet when nothing comes in", async () => {
    const callback = vi.fn();
    poll(kept(createEventfd()), { countBytes: 8 }, callback);
    await turn();
    expect(callback).not.toHaveBeenCalled();
  });

  test("createPoller() stops with a negative count when the read fails", async () => {
    const fd = kept(createEventfd());
    const callback = vi.fn();
    // An eventfd gives 8 bytes or EINVAL, so 4 is the wrong size for it.
    poll(fd, { countBytes: 4 }, callback);
    writeEventfd(fd);
    await turn();
    expect(callback.mock.calls).toEqual([[PollEvent.READABLE | PollEvent.ERROR, -22]]);
  });
});

describe("createPoller() on a counter of 4 bytes", () => {
  test("createPoller() gives the running count, as UIO does, when one is read", async () => {
    const [client, server] = connect();
    const counts: number[] = [];
    poll(server, { countBytes: 4 }, (_, count) => counts.push(count));
    const running = [1, 7, 0xffff_ffff, 0];
    for (const count of running) sendMessage(client, new Uint8Array(Uint32Array.of(count).buffer), []);
    while (counts.length < running.length) await setImmediate();
    expect(counts).toEqual(running);
  });

  test("createPoller() stops with -EIO when the read ends short", async () => {
    const [client, server] = connect();
    const callback = vi.fn();
    poll(server, { countBytes: 4 }, callback);
    for (let index = 0; index < 2; index++) sendMessage(client, Uint8Array.of(1), []);
    await turn();
    expect(callback.mock.calls).toEqual([[PollEvent.READABLE | PollEvent.ERROR, -5]]);
  });
});

describe("createPoller() with rearm", () => {
  test("createPoller() has written the register when it calls back", async () => {
    const fd = kept(createEventfd());
    const registers = makePage();
    const seen: number[] = [];
    poll(fd, { countBytes: 8, rearm: { registers, offsetBytes: 8, value: 0x8000_0001 } }, () => {
      seen.push(readRegister(registers, 8));
    });
    expect(readRegister(registers, 8)).toBe(0);
    writeEventfd(fd);
    await turn();
    expect(seen).toEqual([0x8000_0001]);
    unmapRegisters(registers);
  });

  test("createPoller() goes on without the write when the registers are unmapped", async () => {
    const fd = kept(createEventfd());
    const registers = makePage();
    const callback = vi.fn();
    poll(fd, { countBytes: 8, rearm: { registers, offsetBytes: 8, value: 1 } }, callback);
    unmapRegisters(registers);
    writeEventfd(fd);
    await turn();
    expect(callback.mock.calls).toEqual([[PollEvent.READABLE, 1]]);
  });
});

describe("createPoller() on a socket", () => {
  test("createPoller() reads nothing itself when countBytes is 0", async () => {
    const [client, server] = connect();
    const received: unknown[] = [];
    poll(server, { countBytes: 0 }, (events, count) =>
      received.push([events, count, receiveMessage(server, 8)?.bytes]),
    );
    sendMessage(client, Uint8Array.of(4), []);
    await turn();
    expect(received).toEqual([[PollEvent.READABLE, 0, Uint8Array.of(4)]]);
  });

  test("createPoller() stops with -ECONNRESET when the other end has closed, and the data remains", async () => {
    const [client, server] = connect();
    const callback = vi.fn();
    poll(server, { countBytes: 0, events: PollEvent.READABLE | PollEvent.HANGUP }, callback);
    sendMessage(client, Uint8Array.of(4), []);
    closeDescriptor(client);
    descriptors.splice(descriptors.indexOf(client), 1);
    await turn();
    expect(callback.mock.calls).toEqual([[PollEvent.READABLE | PollEvent.HANGUP, -ECONNRESET]]);
    expect(receiveMessage(server, 8)?.bytes).toEqual(Uint8Array.of(4));
    expect(receiveMessage(server, 8)?.bytes).toEqual(new Uint8Array(0));
  });

  test("createPoller() stops with the socket's error when the kernel reports one", async () => {
    const [client, server] = connect();
    const callback = vi.fn();
    poll(client, { countBytes: 0 }, callback);
    // Closing a Unix socket that still holds a message resets the other end.
    sendMessage(client, Uint8Array.of(4), []);
    closeDescriptor(server);
    descriptors.splice(descriptors.indexOf(server), 1);
    await turn();
    expect(callback).toHaveBeenCalledTimes(1);
    const [events, count] = callback.mock.calls[0] ?? [];
    expect([events & PollEvent.ERROR, count]).toEqual([PollEvent.ERROR, -ECONNRESET]);
  });

  test("setPollerEvents() changes what is watched when it is called", async () => {
    const [client] = connect();
    const callback = vi.fn();
    const poller = poll(client, { countBytes: 0 }, callback);
    await turn();
    expect(callback).not.toHaveBeenCalled();
    callback.mockImplementation(() => setPollerEvents(poller, PollEvent.READABLE));
    setPollerEvents(poller, PollEvent.WRITABLE);
    await turn();
    expect(callback.mock.calls).toEqual([[PollEvent.WRITABLE, 0]]);
  });

  test("setPollerEvents() throws EBADF when the poller is closed", () => {
    const poller = poll(kept(createEventfd()), { countBytes: 8 }, () => {});
    closePoller(poller);
    expect(() => setPollerEvents(poller, 1)).toThrow(expect.objectContaining({ code: "EBADF" }));
  });
});

describe("closePoller()", () => {
  test("closePoller() lets no callback run when an event is pending", async () => {
    const fd = kept(createEventfd());
    const callback = vi.fn();
    const poller = poll(fd, { countBytes: 8 }, callback);
    writeEventfd(fd);
    closePoller(poller);
    closePoller(poller);
    await turn();
    expect(callback).not.toHaveBeenCalled();
  });

  test("closePoller() holds when called inside the callback, of this and of another poller", async () => {
    const first = kept(createEventfd());
    const second = kept(createEventfd());
    let calls = 0;
    const closeBoth = (): void => {
      calls += 1;
      for (const poller of pollers) closePoller(poller);
    };
    poll(first, { countBytes: 8 }, closeBoth);
    poll(second, { countBytes: 8 }, closeBoth);
    writeEventfd(first);
    writeEventfd(second);
    await turn();
    expect(calls).toBe(1);
  });

  test("closePoller() frees the descriptor for another poller when it has run", async () => {
    const fd = kept(createEventfd());
    const callback = vi.fn();
    for (let round = 0; round < 100; round++) closePoller(createPoller(fd, { countBytes: 8 }, callback));
    poll(fd, { countBytes: 8 }, callback);
    writeEventfd(fd);
    await turn();
    expect(callback.mock.calls).toEqual([[PollEvent.READABLE, 1]]);
  });

  test("pollerRef() and pollerUnref() do nothing when the poller is closed", () => {
    const poller = poll(kept(createEventfd()), { countBytes: 8 }, () => {});
    pollerUnref(poller);
    pollerRef(poller);
    closePoller(poller);
    pollerUnref(poller);
    pollerRef(poller);
  });
});

describe("createPoller() arguments", () => {
  test("createPoller() throws EEXIST when the descriptor is watched already", () => {
    const fd = kept(createEventfd());
    poll(fd, { countBytes: 8 }, () => {});
    expect(() => createPoller(fd, { countBytes: 8 }, () => {})).toThrow(expect.objectContaining({ code: "EEXIST" }));
  });

  test("createPoller() throws when the descriptor cannot be polled", () => {
    const file = kept(createMemfd("file", 4096));
    expect(() => createPoller(file, { countBytes: 0 }, () => {})).toThrow(expect.objectContaining({ code: "EPERM" }));
    expect(() => createPoller(1_000_000, { countBytes: 0 }, () => {})).toThrow(
      expect.objectContaining({ code: "EBADF" }),
    );
  });

  test.each<[string, object, ErrorConstructor]>([
    ["countBytes is missing", {}, TypeError],
    ["countBytes is 2", { countBytes: 2 }, RangeError],
    ["an option is unknown", { countBytes: 8, count: 1 }, TypeError],
    ["events are none", { countBytes: 0, events: 0 }, RangeError],
    ["events are unknown", { countBytes: 0, events: 8 }, RangeError],
    ["a counter is to be watched for writing", { countBytes: 8, events: PollEvent.WRITABLE }, RangeError],
    ["rearm has no registers", { countBytes: 8, rearm: { registers: {}, offsetBytes: 8, value: 1 } }, TypeError],
    ["rearm has an unknown key", { countBytes: 8, rearm: { offset: 8 } }, TypeError],
  ])("createPoller() refuses when %s", (_, options, type) => {
    const fd = kept(createEventfd());
    expect(() => createPoller(fd, options as PollerOptions, () => {})).toThrow(type);
    // The refusal has left nothing behind that would watch the descriptor.
    closePoller(createPoller(fd, { countBytes: 8 }, () => {}));
  });

  test.each([
    { offsetBytes: 6, value: 1 },
    { offsetBytes: 4096, value: 1 },
    { offsetBytes: 8, value: -1 },
  ])("createPoller() throws RangeError when rearm is %j", (rearm) => {
    const registers = makePage();
    expect(() =>
      createPoller(kept(createEventfd()), { countBytes: 8, rearm: { registers, ...rearm } }, () => {}),
    ).toThrow(RangeError);
    unmapRegisters(registers);
  });

  test("createPoller() refuses what is no function as callback", () => {
    expect(() => createPoller(kept(createEventfd()), { countBytes: 8 }, undefined as never)).toThrow(TypeError);
  });

  test.each([undefined, {}, null])("closePoller() refuses %s", (value) => {
    expect(() => closePoller(value as never)).toThrow(TypeError);
  });

  test("closePoller() refuses registers as a poller", () => {
    const registers = makePage();
    expect(() => closePoller(registers as never)).toThrow(TypeError);
    unmapRegisters(registers);
  });
});

describe("processes", () => {
  test("createPoller() makes an uncaught exception of what the callback throws", () => {
    const child = runFixture("poll-throw.mjs");
    expect(child.stdout).toBe("caught call 1\n");
    expect(child.stderr).toMatch(/Error: call 2\n/);
    expect(child.status).toBe(1);
  });

  test("createPoller() does not hold up process.exit() when pollers and mappings are open", () => {
    const child = runFixture("poll-exit.mjs");
    expect(child.stderr).toBe("");
    expect(child.stdout).toBe("exit with 4096 bytes mapped\n");
    expect([child.status, child.signal]).toEqual([7, null]);
  });

  test("createPoller() keeps polling when its handle is forgotten, and closePoller() lets go of the callback", () => {
    const child = runFixture("poll-forgotten.mjs");
    expect([child.stdout, child.stderr]).toEqual(["count 2, held 0\n", ""]);
    expect(child.status).toBe(0);
  });

  test("worker threads leak and crash nothing when terminated with everything open", () => {
    const child = runFixture("worker-churn.mjs", "50");
    expect(child.stderr).toBe("");
    expect([child.status, child.signal]).toEqual([0, null]);
    const { before, after } = JSON.parse(child.stdout);
    expect(after).toEqual(before);
  });
});
