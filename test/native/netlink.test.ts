import { readdirSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import {
  closeDescriptor,
  type Descriptor,
  NetlinkProtocol,
  openNetlink,
  readEthtool,
  receiveNetlink,
  sendNetlink,
} from "../../src/native.js";

const open: Descriptor[] = [];

function opened(options?: Parameters<typeof openNetlink>[1]): Descriptor {
  const fd = openNetlink(NetlinkProtocol.ROUTE, options);
  open.push(fd);
  return fd;
}

afterEach(() => {
  for (const fd of open.splice(0)) closeDescriptor(fd);
});

describe("openNetlink()", () => {
  test("openNetlink() gives a socket with nothing to receive", () => {
    expect(receiveNetlink(opened({ groups: 1, receiveBufferBytes: 1 << 20 }), new Uint8Array(100))).toBeUndefined();
  });

  test("openNetlink() leaves no descriptor open when it fails", () => {
    const before = readdirSync("/proc/self/fd").length;
    expect(() => openNetlink(200)).toThrow(expect.objectContaining({ code: "EPROTONOSUPPORT", syscall: "socket" }));
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
  });

  const refused: readonly [string, () => void][] = [
    ["a protocol above 255", () => openNetlink(256)],
    ["negative groups", () => openNetlink(0, { groups: -1 })],
    ["a buffer of half a byte", () => openNetlink(0, { receiveBufferBytes: 0.5 })],
    ["nothing to send", () => sendNetlink(opened(), new Uint8Array())],
    ["no room to receive into", () => receiveNetlink(opened(), new Uint8Array())],
    ["an interface without a name", () => readEthtool("")],
    ["a name of 16 bytes", () => readEthtool("a".repeat(16))],
  ];
  test.each(refused)("openNetlink() and its kin refuse %s", (_, action) => {
    expect(action).toThrow(RangeError);
  });
});

describe("sendNetlink() and receiveNetlink()", () => {
  /** RTM_GETLINK for index 1, with NLM_F_REQUEST and NLM_F_ACK (linux/rtnetlink.h). */
  const request = new Uint8Array(32);
  const view = new DataView(request.buffer);
  view.setUint32(0, 32, true);
  view.setUint16(4, 18, true);
  view.setUint16(6, 5, true);
  view.setUint32(8, 77, true);
  view.setInt32(20, 1, true);

  test("receiveNetlink() gives the answer right after the request was sent, and then its acknowledgement", () => {
    const fd = opened();
    const buffer = new Uint8Array(8192);
    const answer = new DataView(buffer.buffer);
    sendNetlink(fd, request);
    const length = receiveNetlink(fd, buffer) ?? 0;
    expect([answer.getUint32(0, true), answer.getUint16(4, true), answer.getUint32(8, true)]).toEqual([length, 16, 77]);
    expect(receiveNetlink(fd, buffer)).toBe(36);
    expect([answer.getUint16(4, true), answer.getUint32(8, true), answer.getInt32(16, true)]).toEqual([2, 77, 0]);
    expect(receiveNetlink(fd, buffer)).toBeUndefined();
  });

  test("receiveNetlink() tells the length of a datagram when the buffer is too small for it", () => {
    const fd = opened();
    sendNetlink(fd, request);
    expect(receiveNetlink(fd, new Uint8Array(16))).toBeGreaterThan(100);
  });
});
