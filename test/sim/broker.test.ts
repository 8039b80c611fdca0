import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { closeDescriptor, connectUnix, createMemfd, receiveMessage, sendMessage } from "../../src/native.js";
import { Broker } from "../../src/sim/broker.js";
import { defaultCells, defaultDevices } from "../../src/sim/geometry.js";
import { openSim } from "../../src/sim/index.js";
import { randomMachineName, socketName } from "../../src/sim/names.js";
import { ClientKind, decodeWelcome, encodeHello, MAX_MESSAGE_BYTES } from "../../src/sim/wire.js";
import { skipUnless } from "../support/skip.js";
import { programCommand } from "./program.js";

let broker: Broker;
let name: string;

beforeEach(() => {
  name = randomMachineName();
  broker = new Broker({ name, devices: defaultDevices, cells: defaultCells, ownerPid: process.pid });
});
afterEach(() => broker.close());

/** Says something to the broker; the answers until it hangs up, or until it falls silent for a whole exchange. */
async function say(...messages: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const descriptor = connectUnix(socketName(name));
  const answers: Uint8Array[] = [];
  try {
    for (const message of messages) {
      const memory = createMemfd("unasked", 0x1000);
      sendMessage(descriptor, message, [memory]);
      closeDescriptor(memory);
    }
    for (;;) {
      // Another client that is served means that the broker has been through what came before.
      (await openSim({ machine: name, peer: 2 })).close();
      const answer = receiveMessage(descriptor, MAX_MESSAGE_BYTES);
      for (const granted of answer?.descriptors ?? []) closeDescriptor(granted);
      if (answer !== undefined) answers.push(answer.bytes);
      if (answer === undefined || answer.bytes.byteLength === 0) return answers;
    }
  } finally {
    closeDescriptor(descriptor);
  }
}

const cellHello = encodeHello({ kind: ClientKind.CELL, device: 0, peer: 1 });
const controlHello = encodeHello({ kind: ClientKind.CONTROL, device: 0, peer: 0 });

describe("Broker", () => {
  test("refuses nonsense with EPROTO, hangs up and goes on", async () => {
    const older = cellHello.slice();
    older[4] = 99;
    const nonsense = [new Uint8Array([1]), new Uint8Array(32).fill(0xff), cellHello.subarray(0, 31), older];
    for (const hello of [
      ...nonsense,
      new Uint8Array([...cellHello, 0]),
      cellHello.map((byte, at) => (at === 8 ? 3 : byte)),
    ]) {
      const [answer = new Uint8Array(), end] = await say(hello);
      expect(decodeWelcome(answer).errno).toBe(constants.errno.EPROTO);
      expect(end).toHaveLength(0);
    }
  });

  test("unplugs a cell that says more than hello", async () => {
    const answers = await say(cellHello, cellHello);
    expect(answers.map(({ byteLength }) => byteLength)).toEqual([64, 0]);
    (await openSim({ machine: name, peer: 1 })).close();
  });

  test("hangs up on a management client that sends no request", async () => {
    const answers = await say(controlHello, new Uint8Array([0x7b]));
    expect(answers.at(-1)).toHaveLength(0);
  });

  test("answers a request that it does not know with an error", async () => {
    const request = new TextEncoder().encode(JSON.stringify({ id: 5, method: "reboot", parameters: {} }));
    const [, answer] = await say(controlHello, request);
    expect(JSON.parse(new TextDecoder().decode(answer))).toMatchObject({ id: 5, error: { code: "ERR_PROTOCOL" } });
  });

  test("grants a peer whose holder hung up a moment after the hello", async () => {
    const held = await openSim({ machine: name, peer: 1 });
    const descriptor = connectUnix(socketName(name));
    (await openSim({ machine: name, peer: 2 })).close();
    sendMessage(descriptor, cellHello, []);
    held.close();
    (await openSim({ machine: name, peer: 2 })).close();
    const answer = receiveMessage(descriptor, MAX_MESSAGE_BYTES);
    for (const granted of answer?.descriptors ?? []) closeDescriptor(granted);
    closeDescriptor(descriptor);
    expect(decodeWelcome(answer?.bytes ?? new Uint8Array()).errno).toBe(0);
  });

  test("throws EADDRINUSE when the machine's name is taken", () => {
    const options = { name, devices: defaultDevices, cells: defaultCells, ownerPid: process.pid };
    expect(() => new Broker(options)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
  });

  const root = skipUnless(process.getuid?.() === 0, "only root can become another user");
  test("refuses another user with EPERM and gives it no descriptor", root, async () => {
    const [node = "", program = ""] = await programCommand("rogue");
    // 65534 is "nobody" on Linux.
    const rogue = spawn(node, [program, socketName(name), "65534"], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(rogue.stdout, "data")) as [Buffer];
    expect(JSON.parse(line.toString())).toEqual([constants.errno.EPERM, 0]);
  });
});
