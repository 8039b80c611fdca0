import { describe, expect, test } from "vitest";
import {
  extendedAddress,
  type KernelIsoTpOptions,
  normalAddress,
  openKernelIsoTp,
  standardId,
} from "../../../src/can/index.js";
import { checkKernelOptions } from "../../../src/can/isotp/kernel-options.js";

const ids = { tx: standardId(0x7e0), rx: standardId(0x7e8) };
const address = normalAddress(ids);

/** Each option of the socket by its number, in hexadecimal digits. */
const options = (more: Partial<KernelIsoTpOptions> = {}, sends = false): Record<number, string> => {
  const terms = checkKernelOptions("test", { address, ...more });
  const list = sends ? terms.broadcastOptions : terms.socketOptions;
  return Object.fromEntries(list.map(({ number, bytes }) => [number, Buffer.from(bytes).toString("hex")]));
};

/** DYN_FC_PARMS and TX_PADDING are always there by default; 50,000 ns; no address, 0xcc to send, nothing asked of the peer. */
const plain = "04200000" + "50c30000" + "00cc0000";

// struct can_isotp_options, can_isotp_fc_options, u32, u32, can_isotp_ll_options (linux/can/isotp.h), little-endian.
describe("checkKernelOptions()", () => {
  test.each<[string, Partial<KernelIsoTpOptions>, Record<number, string>]>([
    ["nothing", {}, { 1: plain, 2: "00000a", 5: "100800" }],
    ["no padding", { padding: "none" }, { 1: "00200000" + "50c30000" + "00000000" }],
    ["frames of the peer as short as can be", { rxPadding: "none" }, { 1: "14200000" + "50c30000" + "00cc0000" }],
    ["a byte that fills the peer's frames", { rxPadding: 0xaa }, { 1: "3c200000" + "50c30000" + "00ccaa00" }],
    ["half duplex", { duplex: "half" }, { 1: "44200000" + "50c30000" + "00cc0000" }],
    ["a gap of its own", { txStMinUs: 250.5 }, { 1: "84200000" + "50c30000" + "00cc0000", 3: "84d20300" }],
    ["a least gap of the peer", { rxStMinUs: 1000 }, { 1: "04210000" + "50c30000" + "00cc0000", 4: "40420f00" }],
    ["no time of a frame", { frameTimeUs: 0 }, { 1: "04200000" + "ffffffff" + "00cc0000" }],
    ["listening", { listenOnly: true }, { 1: "05200000" + "50c30000" + "00cc0000" }],
    ["no flow control", { flowControl: false }, { 1: "85200000" + "50c30000" + "00cc0000", 3: "00000000" }],
    ["blocks and gaps", { blockSize: 8, stMinUs: 300, maxWaitFrames: 3 }, { 2: "08f303" }],
    ["CAN FD", { txDl: 64, bitRateSwitch: true }, { 5: "484001" }],
    ["CAN FD of 8 bytes", { fd: true }, { 5: "480800" }],
    [
      "address bytes",
      { address: extendedAddress({ ...ids, target: 0xf1, own: 0x10 }) },
      { 1: "06220000" + "50c30000" + "f1cc0010" },
    ],
  ])("writes the structs of the kernel for %s", (_, more, expected) => {
    expect(options(more)).toMatchObject(expected);
  });

  test("has a second socket send what nobody answers, with the gap of this side", () => {
    const found = options({ flowControl: false, stMinUs: 500 }, true);
    expect(found).toMatchObject({ 1: "84300000" + "50c30000" + "00cc0000", 3: "20a10700" });
  });

  test.each<[string, Partial<KernelIsoTpOptions>, unknown]>([
    ["more than any kernel takes", { maxPduBytes: 1025 * 1024 + 1 }, RangeError],
    ["no bytes", { maxPduBytes: 0 }, RangeError],
    ["a padding of two bytes", { rxPadding: 0x100 }, RangeError],
    ["a gap of 128 ms", { txStMinUs: 128_000 }, RangeError],
    ["a negative time", { frameTimeUs: -1 }, RangeError],
    ["no receive buffer", { receiveBufferBytes: 0 }, RangeError],
    ["a word for a boolean", { listenOnly: "yes" as unknown as boolean }, TypeError],
    ["an address byte one way only", { address: { ...address, txByte: 1 } }, TypeError],
    ["an option that only openIsoTp has", { nBsMs: 100 } as Partial<KernelIsoTpOptions>, TypeError],
    ["no address", { address: undefined as unknown as typeof address }, TypeError],
  ])("refuses %s", (_, more, type) => {
    expect(() => openKernelIsoTp("can0", { address, ...more })).toThrow(type as typeof RangeError);
  });
});

test("openKernelIsoTp() says that there is no such interface", () => {
  expect(() => openKernelIsoTp("can99", { address })).toThrow(expect.objectContaining({ code: "ENODEV" }));
});
