import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fstatSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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
  mapMemory,
  PollEvent,
  peerCredentials,
  receiveMessage,
  receiveMessageBlocking,
  sendMessage,
  unmapMemory,
} from "../../src/native.js";
import { fixture } from "./child.js";

const MAX_DESCRIPTORS = 32;
const open: Descriptor[] = [];
let name: string;
let serial = 0;

function kept(fd: Descriptor | undefined): Descriptor {
  if (fd === undefined) throw new Error("Expected a descriptor, found none");
  open.push(fd);
  return fd;
}

function countDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** The two ends of a connection. */
function connect(): [client: Descriptor, server: Descriptor] {
  const listener = kept(listenUnix(name));
  const client = kept(connectUnix(name));
  return [client, kept(acceptUnix(listener))];
}

beforeEach(() => {
  serial += 1;
  name = `intercell-socket-test-${process.pid}-${serial}`;
});

afterEach(() => {
  for (const fd of open.splice(0)) closeDescriptor(fd);
});

describe("listenUnix() and connectUnix()", () => {
  test("listenUnix() leaves nothing on disk when it listens", () => {
    kept(listenUnix(name));
    expect(readFileSync("/proc/net/unix", "utf8")).toContain(`@${name}\n`);
  });

  test("listenUnix() throws EADDRINUSE when the name is taken", () => {
    kept(listenUnix(name));
    const before = countDescriptors();
    expect(() => listenUnix(name)).toThrow(expect.objectContaining({ code: "EADDRINUSE", path: `@${name}` }));
    expect(countDescriptors()).toBe(before);
  });

  test("connectUnix() throws ECONNREFUSED when nobody listens", () => {
    const before = countDescriptors();
    expect(() => connectUnix(name)).toThrow(expect.objectContaining({ code: "ECONNREFUSED", path: `@${name}` }));
    expect(countDescriptors()).toBe(before);
  });

  test.each<[unknown, ErrorConstructor]>([
    ["", RangeError],
    ["x".repeat(108), RangeError],
    ["a\0b", TypeError],
    [7, TypeError],
  ])("listenUnix() and connectUnix() refuse the name %j", (bad, type) => {
    expect(() => listenUnix(bad as string)).toThrow(type);
    expect(() => connectUnix(bad as string)).toThrow(type);
  });

  test("listenUnix() takes the longest name that fits", () => {
    const longest = name.padEnd(107, "x");
    kept(listenUnix(longest));
    kept(connectUnix(longest));
  });
});

describe("acceptUnix()", () => {
  test("acceptUnix() returns undefined when nobody waits", () => {
    expect(acceptUnix(kept(listenUnix(name)))).toBe(undefined);
  });

  test("acceptUnix() throws when the descriptor does not listen", () => {
    expect(() => acceptUnix(kept(createEventfd()))).toThrow(expect.objectContaining({ code: "ENOTSOCK" }));
  });
});

describe("sendMessage() and receiveMessage()", () => {
  test("receiveMessage() gives each message whole when any bytes are sent", () => {
    const [client, server] = connect();
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 512 }), { maxLength: 8 }), (messages) => {
        for (const bytes of messages) expect(sendMessage(client, bytes, [])).toBe(bytes.length);
        for (const bytes of messages) expect(receiveMessage(server, 512)).toEqual({ bytes, descriptors: [] });
        expect(receiveMessage(server, 512)).toBe(undefined);
      }),
    );
  });

  test("sendMessage() sends the part of a buffer that a view shows when the view has an offset", () => {
    const [client, server] = connect();
    sendMessage(client, Uint8Array.of(1, 2, 3, 4).subarray(1, 3), []);
    expect(receiveMessage(server, 16)?.bytes).toEqual(Uint8Array.of(2, 3));
  });

  test("receiveMessage() brings descriptors with close-on-exec when they were sent", () => {
    const [client, server] = connect();
    const sent = Array.from({ length: MAX_DESCRIPTORS }, () => kept(createMemfd("passed", 4096)));
    expect(sendMessage(client, Uint8Array.of(1), sent)).toBe(1);
    const { descriptors } = receiveMessage(server, 16) ?? { descriptors: [] };
    expect(descriptors.map((fd) => fstatSync(kept(fd)).ino)).toEqual(sent.map((fd) => fstatSync(fd).ino));
    for (const fd of descriptors) expect(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")).toMatch(/flags:\s*02\d{6}/);
  });

  test("receiveMessage() throws EMSGSIZE and closes the descriptors when the message is too long", () => {
    const [client, server] = connect();
    sendMessage(client, new Uint8Array(17), [client, server]);
    const before = countDescriptors();
    expect(() => receiveMessage(server, 16)).toThrow(expect.objectContaining({ code: "EMSGSIZE" }));
    expect(countDescriptors()).toBe(before);
    expect(receiveMessage(server, 16)).toBe(undefined);
  });

  test("receiveMessage() gives no bytes when the other end has closed", () => {
    const listener = kept(listenUnix(name));
    const client = connectUnix(name);
    const server = kept(acceptUnix(listener));
    sendMessage(client, Uint8Array.of(9), []);
    closeDescriptor(client);
    expect(receiveMessage(server, 16)?.bytes.length).toBe(1);
    expect(receiveMessage(server, 16)).toEqual({ bytes: new Uint8Array(0), descriptors: [] });
    expect(sendMessage(server, Uint8Array.of(1), [])).toBe(-32);
  });

  test("sendMessage() returns -EAGAIN when the socket is full", () => {
    const [client, server] = connect();
    const message = new Uint8Array(4096);
    let sent = 0;
    let result = 0;
    while (result >= 0) {
      result = sendMessage(client, message, []);
      if (result > 0) sent += 1;
    }
    expect(result).toBe(-11);
    for (let index = 0; index < sent; index++) expect(receiveMessage(server, 4096)?.bytes.length).toBe(4096);
    expect(receiveMessage(server, 4096)).toBe(undefined);
  });

  test.each<[string, unknown, unknown, ErrorConstructor]>([
    ["bytes are empty", new Uint8Array(0), [], RangeError],
    ["bytes are words", new Uint32Array(1), [], TypeError],
    ["bytes are a string", "x", [], TypeError],
    ["descriptors are no array", new Uint8Array(1), 3, TypeError],
    ["a descriptor is negative", new Uint8Array(1), [-1], RangeError],
    ["a descriptor is a string", new Uint8Array(1), ["3"], TypeError],
    ["there are too many descriptors", new Uint8Array(1), new Array(MAX_DESCRIPTORS + 1).fill(0), RangeError],
  ])("sendMessage() refuses when %s", (_, bytes, descriptors, type) => {
    const [client] = connect();
    expect(() => sendMessage(client, bytes as Uint8Array, descriptors as number[])).toThrow(type);
  });

  test("sendMessage() returns -EBADF when a descriptor is not open", () => {
    const [client] = connect();
    expect(sendMessage(client, Uint8Array.of(1), [1_000_000])).toBe(-9);
  });

  test.each([0, -1, 2 ** 30, 0.5])("receiveMessage() refuses %d as the largest size", (maxBytes) => {
    const [client] = connect();
    expect(() => receiveMessage(client, maxBytes)).toThrow(RangeError);
  });
});

describe("receiveMessageBlocking()", () => {
  test("receiveMessageBlocking() returns undefined when the time has passed", () => {
    const [client] = connect();
    expect(receiveMessageBlocking(client, 16, 5)).toBe(undefined);
    expect(receiveMessageBlocking(client, 16, 0)).toBe(undefined);
  });

  test("receiveMessageBlocking() returns a message that waits when the time is 0", () => {
    const [client, server] = connect();
    sendMessage(server, Uint8Array.of(5), []);
    expect(receiveMessageBlocking(client, 16, 0)?.bytes).toEqual(Uint8Array.of(5));
  });

  test.each([-1, 0.5, Number.POSITIVE_INFINITY])("receiveMessageBlocking() refuses a time of %d", (timeoutMs) => {
    const [client] = connect();
    expect(() => receiveMessageBlocking(client, 16, timeoutMs)).toThrow(RangeError);
  });
});

describe("peerCredentials()", () => {
  test("peerCredentials() names this process when it talks to itself", () => {
    const [client] = connect();
    const { pid, getuid, getgid } = process;
    expect(peerCredentials(client)).toEqual({ pid, uid: getuid?.(), gid: getgid?.() });
  });

  test("peerCredentials() throws when the descriptor is no socket", () => {
    expect(() => peerCredentials(kept(createEventfd()))).toThrow(expect.objectContaining({ code: "ENOTSOCK" }));
  });
});

describe("two processes", () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill("SIGKILL"));

  test("receiveMessage() lets another process map the memory when its descriptor was sent", async () => {
    const listener = kept(listenUnix(name));
    const accepted = nextReadable(listener, () => acceptUnix(listener));
    child = spawn(process.execPath, [fixture("pass-descriptor.mjs"), name], { stdio: "inherit" });
    const exited = once(child, "exit");
    const server = kept(await accepted);
    expect(peerCredentials(server).pid).toBe(child.pid);
    const memory = kept(createMemfd("passed", 4096));
    const words = new Uint32Array(mapMemory(memory, { sizeBytes: 4096, writable: true }));
    words[0] = 41;
    sendMessage(server, Uint8Array.of(1, 2, 3), [memory, kept(createEventfd())]);
    const answer = await nextReadable(server, () => receiveMessage(server, 16));
    expect(answer?.bytes).toEqual(Uint8Array.of(3, 2, 1));
    expect(words[0]).toBe(42);
    expect(await exited).toEqual([0, null]);
    unmapMemory(words.buffer);
  });
});

function nextReadable<T>(fd: Descriptor, take: () => T): Promise<T> {
  return new Promise((resolve) => {
    const poller = createPoller(fd, { countBytes: 0, events: PollEvent.READABLE }, () => {
      closePoller(poller);
      resolve(take());
    });
  });
}
