import { expect, test } from "vitest";
import { openBroadcastManager, openSocketCan } from "../../src/can/index.js";

// What a kernel with CAN does is tested in test/kernel/can.
test("openSocketCan() names what is missing, and a way out when the kernel has no CAN", async () => {
  const error = await openSocketCan("no-such-can").catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: "IntercellError", code: expect.stringMatching(/^(EAFNOSUPPORT|ENODEV)$/) });
  const { code, message } = error as Error & { code: string };
  const advice = code === "ENODEV" ? /ip link add no-such-can type vcan/ : /modprobe can can-raw.*openVirtualCan/;
  expect(message).toMatch(advice);
});

test("openBroadcastManager() names an interface that is missing", async () => {
  await expect(openBroadcastManager("no-such-can")).rejects.toMatchObject({ code: "ENODEV" });
});

test.each<[string, object, RegExp]>([
  ["an unknown option", { speed: 1 }, /speed/],
  ["fd that is no boolean", { fd: 1 }, /fd/],
  ["xl without fd", { xl: true, fd: false }, /xl/],
  ["loopback that is no boolean", { loopback: "on" }, /loopback/],
  ["a receive buffer of 0", { receiveBufferBytes: 0 }, /receiveBufferBytes/],
  ["a send buffer beyond 1 GiB", { sendBufferBytes: 2 ** 31 }, /sendBufferBytes/],
  ["a time to gather of two seconds", { gatherMs: 2000 }, /gatherMs/],
  ["a time to gather that is no whole number", { gatherMs: 0.5 }, /gatherMs/],
  ["reopen that is no boolean", { reopen: 1 }, /reopen/],
  ["too many filters", { filters: new Array(513).fill({ id: 0, mask: 0, inverted: false }) }, /512/],
])("openSocketCan() refuses %s", async (_, options, message) => {
  await expect(openSocketCan("can0", options as never)).rejects.toThrow(message);
});

test("openSocketCan() refuses a name that is none", async () => {
  await expect(openSocketCan("")).rejects.toThrow(TypeError);
});
