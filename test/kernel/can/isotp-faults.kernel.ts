import { readdirSync, readlinkSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type CanBus,
  dataFrame,
  type IsoTpEndpoint,
  type KernelIsoTpOptions,
  normalAddress,
  openIsoTp,
  openKernelIsoTp,
  openSocketCan,
  standardId,
} from "../../../src/can/index.js";
import { hex, pattern, shown } from "../../can/isotp/bytes.js";
import { receiveOne } from "../../can/isotp/isotp-contract.js";
import { turns, until } from "../../channel/until.js";
import { startControllers, stopControllers } from "./controllers.js";
import { addVcan, ip, plug, remove, removePlug } from "./interfaces.js";

const VCAN = "vcan5";
const OWN = standardId(0x7e0);
const PEER = standardId(0x7e8);
const GROUP = standardId(0x7df);
const address = normalAddress({ tx: OWN, rx: PEER, functionalTx: GROUP });
const peerAddress = normalAddress({ tx: PEER, rx: OWN, functionalRx: GROUP });

let raw: CanBus;
let heard: string[];
const endpoints: IsoTpEndpoint[] = [];

const open = (more: Partial<KernelIsoTpOptions> = {}, on = VCAN): IsoTpEndpoint => {
  const endpoint = openKernelIsoTp(on, { address, padding: "none", ...more });
  endpoints.push(endpoint);
  return endpoint;
};
const say = (text: string) => raw.send(dataFrame(PEER, hex(text)));
const outcome = (sent: Promise<void>): Promise<unknown> =>
  sent.then(
    () => "sent",
    (error: unknown) => error,
  );
/** Sockets that this process has. */
const sockets = (): number =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;

/** Has a PDU of 10 bytes begun and gives its end. */
async function begin(endpoint: IsoTpEndpoint): Promise<{ readonly end: Promise<unknown> }> {
  const end = outcome(endpoint.send(pattern(10)));
  await until(() => heard.includes("10 0A 00 01 02 03 04 05"), "the first frame is there");
  return { end };
}

function abortsOf(endpoint: IsoTpEndpoint): unknown[] {
  const errors: unknown[] = [];
  endpoint.events.on("aborted", (error) => errors.push(error));
  return errors;
}

beforeAll(() => addVcan(VCAN));

afterAll(() => remove(VCAN));

beforeEach(async () => {
  raw = await openSocketCan(VCAN);
  heard = [];
  raw.listen(({ frame }) => {
    if (frame.kind === "data" && frame.id !== PEER) heard.push(shown(frame.data));
  });
});

afterEach(() => {
  for (const endpoint of endpoints.splice(0)) endpoint.close();
  raw.close();
});

describe("openKernelIsoTp() rejects send() with", () => {
  test.each([
    ["N_BUFFER_OVFLW", "32 00 00", "ERR_ISOTP_BUFFER_OVFLW"],
    ["N_INVALID_FS", "3A 00 00", "ERR_ISOTP_INVALID_FS"],
    ["N_ERROR", "30 00", "ERR_ISOTP_ERROR"],
  ])("%s when the peer answers %s, and goes on", async (_, flow, code) => {
    const endpoint = open();
    const { end } = await begin(endpoint);
    await say(flow);
    expect(await end).toMatchObject({ code });
    expect(endpoint.statistics).toMatchObject({ failedSends: 1, sentPdus: 0, abortedReceptions: 0 });
    await endpoint.send(pattern(2));
    expect(heard.at(-1)).toBe("02 00 01");
  });

  test("N_TIMEOUT_BS when the peer says nothing", async () => {
    const { end } = await begin(open());
    expect(await end).toMatchObject({ code: "ERR_ISOTP_TIMEOUT_BS" });
  });

  test("N_ERROR when a FlowControl is not filled as it must be", async () => {
    const { end } = await begin(open({ rxPadding: 0xaa }));
    await say("30 00 00 CC CC CC CC CC");
    expect(await end).toMatchObject({ code: "ERR_ISOTP_ERROR", cause: expect.objectContaining({ code: "EBADMSG" }) });
  });

  test("N_ERROR and the cause while the interface is down, and sends again once it is up", async () => {
    const endpoint = open();
    ip(`link set ${VCAN} down`);
    const cause = expect.objectContaining({ code: "ENETDOWN" });
    await expect(endpoint.send(pattern(3))).rejects.toMatchObject({ code: "ERR_ISOTP_ERROR", cause });
    const opened = open({ address: normalAddress({ tx: standardId(1), rx: standardId(2) }) });
    ip(`link set ${VCAN} up`);
    for (const each of [endpoint, opened]) await each.send(pattern(3));
    expect(endpoint.statistics).toMatchObject({ sentPdus: 1, failedSends: 1 });
  });

  test("N_ERROR when the interface goes down in the middle of a PDU", async () => {
    const endpoint = open();
    const { end } = await begin(endpoint);
    ip(`link set ${VCAN} down`);
    expect(await end).toMatchObject({ code: "ERR_ISOTP_ERROR", cause: expect.objectContaining({ code: "ENETDOWN" }) });
    ip(`link set ${VCAN} up`);
    await endpoint.send(pattern(3));
  });

  test("N_TIMEOUT_A when the frame does not get to the bus", async () => {
    startControllers();
    plug("can0");
    const stuck = open({ address: normalAddress({ tx: OWN, rx: PEER }) }, "can0");
    expect(await outcome(stuck.send(pattern(3)))).toMatchObject({ code: "ERR_ISOTP_TIMEOUT_A" });
    removePlug("can0");
    stopControllers();
  });
});

describe("openKernelIsoTp() emits aborted with", () => {
  test("N_WRONG_SN when a frame is missing, and goes on", async () => {
    const endpoint = open();
    const errors = abortsOf(endpoint);
    await say("10 14 00 01 02 03 04 05");
    await say("23 06 07 08 09 0A 0B 0C");
    await until(() => errors.length > 0, "it is told");
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_ISOTP_WRONG_SN" })]);
    await say("02 07 08");
    expect(await receiveOne(endpoint)).toEqual(Uint8Array.of(7, 8));
    expect(endpoint.statistics).toMatchObject({ abortedReceptions: 1, receivedPdus: 1 });
  });

  test("N_TIMEOUT_CR when the peer falls silent", async () => {
    const errors = abortsOf(open());
    await say("10 14 00 01 02 03 04 05");
    await until(() => errors.length > 0, "it is told");
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_ISOTP_TIMEOUT_CR" })]);
  });

  test.each([
    ["fills frames with another byte", 0xaa, "02 07 08 CC CC CC CC CC"],
    ["fills frames that must be short", "none", "02 07 08 00"],
  ] as const)("N_ERROR when the peer %s", async (_, rxPadding, frame) => {
    const errors = abortsOf(open({ rxPadding }));
    await say(frame);
    await until(() => errors.length > 0, "it is told");
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_ISOTP_ERROR" })]);
  });

  test("N_BUFFER_OVFLW when a PDU is longer than this side wants", async () => {
    const endpoint = open({ maxPduBytes: 5 });
    const errors = abortsOf(endpoint);
    await say("07 01 02 03 04 05 06 07");
    await until(() => errors.length > 0, "it is told");
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_ISOTP_BUFFER_OVFLW" })]);
  });
});

describe("openKernelIsoTp()", () => {
  test("takes the PDUs that the kernel takes, and refuses to promise longer ones", () => {
    expect(open().maxPduBytes).toBe(66_000);
    expect(() => open({ maxPduBytes: 66_001 })).toThrow(
      expect.objectContaining({ code: "ERR_UNSUPPORTED", message: expect.stringContaining("max_pdu_size=66001") }),
    );
  });

  test("a PDU that its caller gave up is sent to the end, and the next one follows it", async () => {
    const endpoint = open();
    const sent = endpoint.send(pattern(10), { timeoutMs: 20 });
    const next = endpoint.send(pattern(3));
    await expect(sent).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    await say("30 00 00");
    await next;
    expect(heard).toEqual(["10 0A 00 01 02 03 04 05", "21 06 07 08 09", "03 00 01 02"]);
    expect(endpoint.statistics).toMatchObject({ sentPdus: 1, failedSends: 0 });
  });

  test("close() in the middle of a PDU leaves it to the kernel, and its sockets go when that is done", async () => {
    const before = sockets();
    const endpoint = open();
    const { end } = await begin(endpoint);
    endpoint.close();
    expect(await end).toMatchObject({ code: "ERR_CLOSED" });
    expect(sockets()).toBe(before + 1);
    await say("30 00 00");
    await until(() => sockets() === before, "the socket is gone");
    expect(heard.at(-1)).toBe("21 06 07 08 09");
  });

  test("fails with its interface", async () => {
    addVcan("vcan6");
    const endpoint = open({}, "vcan6");
    const codes: string[] = [];
    endpoint.events.on("error", ({ code }) => codes.push(code));
    const end = outcome(endpoint.send(pattern(10)));
    remove("vcan6");
    expect(await end).toMatchObject({ code: "ERR_CLOSED" });
    expect(codes).toEqual(["ENODEV"]);
    expect(endpoint.closed).toBe(true);
  });

  test("counts the PDUs that the kernel had no room for", async () => {
    const endpoint = open({ receiveBufferBytes: 1, queuePdus: 1 });
    const totals: number[] = [];
    endpoint.events.on("dropped", (total) => totals.push(total));
    for (let index = 0; index < 50; index++) await say(`01 0${index % 10}`);
    await turns();
    expect(endpoint.statistics.droppedPdus).toBeGreaterThan(0);
    let got = 0;
    endpoint.listen(() => got++);
    await until(() => got + endpoint.statistics.droppedPdus === 50, "each PDU is accounted for");
    expect(totals.at(-1)).toBe(endpoint.statistics.droppedPdus);
  });

  test("sends and hears functional requests of one frame", async () => {
    const endpoint = open();
    const kernelPeer = open({ address: peerAddress });
    const packagePeer = openIsoTp(raw, { address: peerAddress });
    await endpoint.send(Uint8Array.of(0x3e, 0x80), { functional: true });
    for (const peer of [kernelPeer, packagePeer]) expect(await receiveOne(peer)).toEqual(Uint8Array.of(0x3e, 0x80));
    await expect(endpoint.send(pattern(8), { functional: true })).rejects.toThrow(RangeError);
    await expect(kernelPeer.send(pattern(1), { functional: true })).rejects.toThrow(TypeError);
    expect(endpoint.statistics).toMatchObject({ sentPdus: 1 });
  });

  test("needs nobody who answers without flow control, and answers nobody", async () => {
    const endpoint = open({ flowControl: false, stMinUs: 500 });
    const kernelPeer = open({ address: peerAddress, flowControl: false });
    const packagePeer = openIsoTp(raw, { address: peerAddress, flowControl: false });
    await endpoint.send(pattern(500));
    for (const peer of [kernelPeer, packagePeer]) expect(await receiveOne(peer)).toEqual(pattern(500));
    await kernelPeer.send(pattern(300));
    expect(await receiveOne(endpoint)).toEqual(pattern(300));
    expect(heard.filter((frame) => frame.startsWith("3"))).toEqual([]);
  });

  test("reads along without a word when it only listens", async () => {
    const reader = open({ listenOnly: true });
    const other = open({ address: peerAddress });
    const endpoint = open();
    await other.send(pattern(100));
    for (const each of [reader, endpoint]) expect(await receiveOne(each)).toEqual(pattern(100));
    expect(heard.filter((frame) => frame.startsWith("30"))).toHaveLength(1);
  });

  test("asks for block size and gap, and leaves the gap that it is told to instead of the peer's", async () => {
    const endpoint = open({ blockSize: 2, stMinUs: 300, txStMinUs: 0, frameTimeUs: 0 });
    await say("10 14 00 01 02 03 04 05");
    await until(() => heard.length === 1, "the answer is there");
    expect(heard).toEqual(["30 02 F3"]);
    const sent = endpoint.send(pattern(100));
    await until(() => heard.length === 2, "the first frame is there");
    // 127 ms between frames are 13 of them, beyond the time of this test if they counted.
    await say("30 00 7F");
    await sent;
    expect(heard).toHaveLength(2 + 14);
  });

  test.each([
    ["an interface that is not there", "can77", {}, { code: "ENODEV" }],
    ["one of another kind", "lo", {}, { code: "ERR_CONFIG" }],
  ])("refuses %s", (_, name, more, error) => {
    expect(() => open(more, name)).toThrow(expect.objectContaining(error));
  });

  test("refuses CAN FD on an interface of classic frames", () => {
    ip(`link set ${VCAN} down`);
    ip(`link set ${VCAN} mtu 16 up`);
    expect(() => open({ txDl: 64 })).toThrow(expect.objectContaining({ code: "ERR_UNSUPPORTED" }));
    ip(`link set ${VCAN} down`);
    ip(`link set ${VCAN} mtu 72 up`);
  });
});
