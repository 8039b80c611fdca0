import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  extendedAddress,
  extendedId,
  type IsoTpAddress,
  type IsoTpEndpoint,
  normalAddress,
  openIsoTp,
  openKernelIsoTp,
  type SocketCanBus,
  standardId,
} from "../../../src/can/index.js";
import { openSocketHandle } from "../../../src/can/socket-can.js";
import { pattern } from "../../can/isotp/bytes.js";
import { receiveOne } from "../../can/isotp/isotp-contract.js";
import { until } from "../../channel/until.js";
import { addVcan, remove } from "./interfaces.js";
import { Companion } from "./process.js";

const VCAN = "vcan6";

/** Each way of speaking, with the parameters that isotpsend and isotprecv take for the other end. */
const ways = [
  {
    name: "classic frames",
    address: normalAddress({ tx: standardId(0x123), rx: standardId(0x321) }),
    options: {},
    words: ["-s", "321", "-d", "123", "-p", "CC:CC", "-P", "a"],
  },
  {
    name: "extended addressing without padding",
    address: extendedAddress({ tx: extendedId(0x123), rx: extendedId(0x321), target: 0xf1, own: 0x10 }),
    options: { padding: "none", blockSize: 5, stMinUs: 100 },
    words: ["-s", "00000321", "-d", "00000123", "-x", "10:F1"],
  },
  {
    name: "CAN FD frames of 64 bytes",
    address: normalAddress({ tx: standardId(0x123), rx: standardId(0x321) }),
    options: { txDl: 64, bitRateSwitch: true },
    words: ["-s", "321", "-d", "123", "-L", "72:64:1"],
  },
] as const;

/** A single frame, a short and a long one; the tools take 5000 bytes at most, and lengths beyond 4095 in escape form. */
const lengths = [3, 7, 8, 60, 500, 4095, 4999];

let endpoint: IsoTpEndpoint | undefined;
let bus: SocketCanBus | undefined;

function open(by: "kernel" | "package", address: IsoTpAddress, options: object): IsoTpEndpoint {
  if (by === "kernel") endpoint = openKernelIsoTp(VCAN, { address, ...options });
  else {
    bus = openSocketHandle(VCAN, {});
    endpoint = openIsoTp(bus, { address, ...options });
  }
  return endpoint;
}

/** Sockets of the kernel's ISO-TP, of all programs. */
const listeners = (): number => {
  const lists = ["rcvlist_sff", "rcvlist_eff", "rcvlist_fil"];
  return lists
    .map((name) => readFileSync(`/proc/net/can/${name}`, "utf8").split("isotp").length)
    .reduce((a, b) => a + b);
};

const text = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

beforeAll(() => addVcan(VCAN));

afterAll(() => remove(VCAN));

afterEach(() => {
  endpoint?.close();
  bus?.close();
});

for (const by of ["kernel", "package"] as const) {
  describe(`an endpoint of the ${by}`, () => {
    test.each(ways)("is understood by isotprecv with $name", async ({ address, options, words }) => {
      const sender = open(by, address, options);
      const before = listeners();
      const receiver = new Companion("stdbuf", ["-oL", "isotprecv", ...words, "-b", "8", "-l", VCAN]);
      await until(() => listeners() > before, "isotprecv listens");
      for (const length of lengths) await sender.send(pattern(length));
      await until(() => receiver.lines.length === lengths.length, "isotprecv has them all");
      await receiver.stop();
      expect(receiver.lines.map((line) => line.trim().toLowerCase())).toEqual(
        lengths.map((length) => text(pattern(length))),
      );
    });

    test.each(ways)("understands isotpsend with $name", async ({ address, options, words }) => {
      const receiver = open(by, address, options);
      for (const length of lengths) {
        const tool = spawn("isotpsend", [...words, "-b", VCAN], { stdio: ["pipe", "inherit", "inherit"] });
        tool.stdin.end(text(pattern(length)));
        const [pdu] = await Promise.all([receiveOne(receiver), once(tool, "close")]);
        expect(pdu).toEqual(pattern(length));
      }
      expect(receiver.statistics).toMatchObject({ receivedPdus: lengths.length, abortedReceptions: 0, droppedPdus: 0 });
    });
  });
}
