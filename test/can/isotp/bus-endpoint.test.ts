import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CanBus,
  createManualClock,
  dataFrame,
  extendedAddress,
  fdFrame,
  type IsoTpEndpoint,
  type IsoTpOptions,
  type ManualClock,
  mixedAddress,
  normalAddress,
  normalFixedAddress,
  openIsoTp,
  standardId,
} from "../../../src/can/index.js";
import { turns, until } from "../../channel/until.js";
import { LoopbackBus } from "../../support/loopback-bus.js";
import { hex, pattern, shown } from "./bytes.js";
import { describeIsoTp, type PairOptions, receiveOne } from "./isotp-contract.js";

const LEFT = standardId(0x7e0);
const RIGHT = standardId(0x7e8);
const GROUP = standardId(0x7df);
const toRight = normalAddress({ tx: LEFT, rx: RIGHT, functionalTx: GROUP });
const toLeft = normalAddress({ tx: RIGHT, rx: LEFT, functionalRx: GROUP });

const addresses = {
  normal: [toRight, toLeft],
  "normal fixed": [normalFixedAddress({ target: 1, source: 2 }), normalFixedAddress({ target: 2, source: 1 })],
  extended: [
    extendedAddress({ tx: LEFT, rx: RIGHT, target: 0xf1, own: 0x10 }),
    extendedAddress({ tx: RIGHT, rx: LEFT, target: 0x10, own: 0xf1 }),
  ],
  mixed: [
    mixedAddress({ tx: LEFT, rx: RIGHT, extension: 1, rxExtension: 2 }),
    mixedAddress({ tx: RIGHT, rx: LEFT, extension: 2, rxExtension: 1 }),
  ],
} as const;

function openPair(kind: keyof typeof addresses, more: PairOptions) {
  const bus = new LoopbackBus();
  const [left, right] = addresses[kind];
  const buses = [bus.open(), bus.open()] as const;
  return {
    left: openIsoTp(buses[0], { address: left, ...more }),
    right: openIsoTp(buses[1], { address: right, ...more }),
    close: () => {
      for (const each of buses) each.close();
    },
  };
}

for (const kind of ["normal", "normal fixed", "extended", "mixed"] as const) {
  describeIsoTp(`openIsoTp (${kind} addressing)`, (more) => openPair(kind, more), 5000);
}
describeIsoTp("openIsoTp (frames of 64 bytes, blocks of 3)", (more) =>
  openPair("normal", { txDl: 64, blockSize: 3, ...more }),
);
describeIsoTp("openIsoTp (8 bytes as CAN FD, no padding)", (more) =>
  openPair("normal", { fd: true, bitRateSwitch: true, padding: "none", ...more }),
);

describe("openIsoTp()", () => {
  let clock: ManualClock;
  let wire: LoopbackBus;
  let bus: CanBus;
  let raw: CanBus;
  let heard: string[];

  beforeEach(() => {
    clock = createManualClock();
    wire = new LoopbackBus();
    bus = wire.open();
    raw = wire.open();
    heard = [];
    raw.listen(({ frame }) => {
      if (frame.kind === "data" || frame.kind === "fd") heard.push(shown(frame.data));
    });
  });

  afterEach(() => {
    bus.close();
    raw.close();
  });

  const open = (more: Partial<IsoTpOptions> = {}): IsoTpEndpoint =>
    openIsoTp(bus, { address: toRight, clock, padding: "none", ...more });
  const say = (text: string) => raw.send(dataFrame(RIGHT, hex(text)));

  /** Has a PDU of 10 bytes begun and gives its end. */
  async function begin(endpoint: IsoTpEndpoint): Promise<{ readonly end: Promise<unknown> }> {
    const end = endpoint.send(pattern(10)).then(
      () => "sent",
      (error: unknown) => error,
    );
    await until(() => heard.length === 1, "the first frame is there");
    await turns();
    return { end };
  }

  test("speaks the frames of the standard", async () => {
    const endpoint = open();
    const sent = endpoint.send(pattern(10));
    await until(() => heard.length === 1, "the first frame is there");
    await say("30 00 00");
    await sent;
    expect(heard).toEqual(["10 0A 00 01 02 03 04 05", "21 06 07 08 09"]);
    await say("10 0A 00 01 02 03 04 05");
    await until(() => heard.length === 3, "the answer is there");
    expect(heard[2]).toBe("30 00 00");
    await say("21 06 07 08 09 CC CC CC");
    expect(await receiveOne(endpoint)).toEqual(pattern(10));
  });

  test("sends functional PDUs by their own id, which are heard as those of the peer", async () => {
    const endpoint = open();
    const peer = openIsoTp(raw, { address: toLeft });
    await endpoint.send(Uint8Array.of(0x3e, 0x80), { functional: true });
    expect(await receiveOne(peer)).toEqual(Uint8Array.of(0x3e, 0x80));
    await expect(endpoint.send(pattern(8), { functional: true })).rejects.toThrow(RangeError);
    await expect(peer.send(pattern(1), { functional: true })).rejects.toThrow(TypeError);
    await raw.send(dataFrame(GROUP, hex("10 0A 00 01 02 03 04 05")));
    await turns();
    expect(peer.statistics.receivedPdus).toBe(1);
  });

  test("needs nobody who answers without flow control", async () => {
    const endpoint = openIsoTp(bus, { address: toRight, flowControl: false });
    const peer = openIsoTp(raw, { address: toLeft, flowControl: false });
    await endpoint.send(pattern(500));
    expect(await receiveOne(peer)).toEqual(pattern(500));
    expect(peer.statistics.sentPdus).toBe(0);
    expect(heard.filter((frame) => frame.startsWith("3"))).toEqual([]);
  });

  test("hears nothing of the peer while it sends when the connection is half duplex", async () => {
    const endpoint = open({ duplex: "half" });
    const sent = endpoint.send(pattern(10));
    await until(() => heard.length === 1, "the first frame is there");
    await say("01 55");
    await say("30 00 00");
    await sent;
    expect(endpoint.statistics.receivedPdus).toBe(0);
    await say("10 0A 00 01 02 03 04 05");
    await until(() => heard.length === 3, "the answer is there");
    const next = endpoint.send(pattern(3));
    await turns();
    expect(heard).toHaveLength(3);
    await say("21 06 07 08 09");
    await next;
    expect(heard.at(-1)).toBe("03 00 01 02");
  });

  test("lets frames of one byte go, and counts them, when no reader has room", async () => {
    const endpoint = open({ queuePdus: 2 });
    const totals: number[] = [];
    endpoint.events.on("dropped", (total) => totals.push(total));
    for (let index = 0; index < 5; index++) await say(`01 0${index}`);
    await until(() => totals.length === 3, "three were let go");
    expect(totals).toEqual([1, 2, 3]);
    expect(endpoint.statistics).toMatchObject({ receivedPdus: 2, droppedPdus: 3 });
  });

  describe("rejects send() with", () => {
    test.each([
      ["N_BUFFER_OVFLW", "32 00 00", "ERR_ISOTP_BUFFER_OVFLW"],
      ["N_INVALID_FS", "3A 00 00", "ERR_ISOTP_INVALID_FS"],
    ])("%s when the peer says so", async (name, flow, code) => {
      const endpoint = open();
      const { end } = await begin(endpoint);
      await say(flow);
      expect(await end).toMatchObject({ code, message: expect.stringContaining(name) });
      expect(endpoint.statistics).toMatchObject({ failedSends: 1, sentPdus: 0 });
      await endpoint.send(pattern(2));
    });

    test("N_WFT_OVRN when the peer asks to wait too often", async () => {
      const endpoint = open({ maxWaitFramesOfPeer: 1 });
      const { end } = await begin(endpoint);
      await say("31 00 00");
      await say("31 00 00");
      expect(await end).toMatchObject({ code: "ERR_ISOTP_WFT_OVRN" });
    });

    test("N_TIMEOUT_BS when the peer says nothing", async () => {
      const { end } = await begin(open({ nBsMs: 50 }));
      await clock.advance(49);
      expect(heard).toHaveLength(1);
      await clock.advance(1);
      expect(await end).toMatchObject({ code: "ERR_ISOTP_TIMEOUT_BS" });
    });

    test("N_TIMEOUT_A when the wire is held up, and the frame is not sent later", async () => {
      wire.hold();
      const endpoint = open({ nAMs: 70 });
      const end = expect(endpoint.send(pattern(3))).rejects.toMatchObject({ code: "ERR_ISOTP_TIMEOUT_A" });
      await clock.advance(70);
      await end;
    });

    test("N_ERROR and the cause when the interface is down", async () => {
      wire.setUp(false);
      const error = { code: "ERR_ISOTP_ERROR", cause: expect.objectContaining({ code: "ENETDOWN" }) };
      await expect(open().send(pattern(3))).rejects.toMatchObject(error);
    });

    test("ERR_TIMEOUT when its time is over, and ERR_QUEUE_FULL beyond its queue", async () => {
      const endpoint = open({ sendQueuePdus: 1 });
      const late = expect(endpoint.send(pattern(10), { timeoutMs: 1 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
      const next = endpoint.send(pattern(2));
      await expect(endpoint.send(pattern(2))).rejects.toMatchObject({ code: "ERR_QUEUE_FULL" });
      await late;
      await next;
      expect(heard.at(-1)).toBe("02 00 01");
    });
  });

  describe("emits aborted with", () => {
    test.each([
      ["N_WRONG_SN", ["10 14 00 01 02 03 04 05", "23 06 07 08 09 0A 0B 0C"], "ERR_ISOTP_WRONG_SN"],
      ["N_UNEXP_PDU", ["10 14 00 01 02 03 04 05", "01 00"], "ERR_ISOTP_UNEXP_PDU"],
      ["N_BUFFER_OVFLW", ["10 00 FF FF FF FF 00 01"], "ERR_ISOTP_BUFFER_OVFLW"],
      ["N_ERROR", ["10 14 00 01 02 03 04 05", "21 06"], "ERR_ISOTP_ERROR"],
    ])("%s", async (name, frames, code) => {
      const errors: unknown[] = [];
      const endpoint = open();
      endpoint.events.on("aborted", (error) => errors.push(error));
      for (const text of frames) await say(text);
      await until(() => errors.length > 0, "it is told");
      expect(errors).toEqual([expect.objectContaining({ code, message: expect.stringContaining(name) })]);
      expect(endpoint.statistics.abortedReceptions).toBe(1);
    });

    test("N_TIMEOUT_CR when the peer falls silent", async () => {
      const errors: unknown[] = [];
      open().events.on("aborted", (error) => errors.push(error));
      await say("10 14 00 01 02 03 04 05");
      await until(() => heard.length === 1, "the answer is there");
      await turns();
      await clock.advance(999);
      expect(errors).toEqual([]);
      await clock.advance(1);
      expect(errors).toEqual([expect.objectContaining({ code: "ERR_ISOTP_TIMEOUT_CR" })]);
    });

    test("N_WFT_OVRN when no reader has room for too long", async () => {
      const errors: unknown[] = [];
      const endpoint = open({ queuePdus: 1, maxWaitFrames: 1, waitIntervalMs: 100 });
      endpoint.events.on("aborted", (error) => errors.push(error));
      await say("01 00");
      await say("10 14 00 01 02 03 04 05");
      await until(() => heard.length === 1, "it is asked to wait");
      expect(heard).toEqual(["31 00 00"]);
      await turns();
      await clock.advance(100);
      expect(errors).toEqual([expect.objectContaining({ code: "ERR_ISOTP_WFT_OVRN" })]);
    });
  });

  test("closes with its bus and fails what waits", async () => {
    const endpoint = open();
    const sent = expect(endpoint.send(pattern(10))).rejects.toMatchObject({ code: "ERR_CLOSED" });
    bus.close();
    await sent;
    expect(endpoint.closed).toBe(true);
    expect(() => endpoint.listen(() => {})).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });

  test("takes any frame from anybody", async () => {
    const endpoint = open({ queuePdus: 65_536 });
    let state = 12_345;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 16;
    };
    for (let index = 0; index < 2000; index++) {
      const bytes = Uint8Array.from({ length: random() % 65 }, () => random() & (random() & 1 ? 0x3f : 0xff));
      await raw.send(bytes.length <= 8 ? dataFrame(RIGHT, bytes) : fdFrame(RIGHT, bytes));
    }
    await turns();
    await clock.advance(5000);
    await endpoint.send(pattern(3));
  });

  test.each<[string, Partial<IsoTpOptions>, unknown]>([
    ["a width that does not exist", { txDl: 10 }, RangeError],
    ["long classic frames", { txDl: 64, fd: false }, RangeError],
    ["a padding of two bytes", { padding: 0x100 }, RangeError],
    ["a block of 256", { blockSize: 256 }, RangeError],
    ["a gap of 128 ms", { stMinUs: 128_000 }, RangeError],
    ["no time at all", { nBsMs: 0 }, RangeError],
    ["no queue", { queuePdus: 0 }, RangeError],
    ["a third duplex", { duplex: "both" as "half" }, TypeError],
    ["no address", { address: undefined as unknown as typeof toRight }, TypeError],
    ["an unknown option", { speed: 1 } as Partial<IsoTpOptions>, TypeError],
  ])("refuses %s", (_, more, type) => {
    expect(() => open(more)).toThrow(type as typeof RangeError);
  });
});
