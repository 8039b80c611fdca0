import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ALL_ERRORS,
  ALL_INTERFACES,
  type CanBusStatus,
  type CanErrorReport,
  type CanFrame,
  dataFrame,
  decodeErrorFrame,
  openSocketCan,
  type ReceivedFrame,
  standardId,
} from "../../../src/can/index.js";
import { until } from "../../channel/until.js";
import { addVcan, ip, remove, tc } from "./interfaces.js";
import { Companion } from "./process.js";

const VCAN = "vcan4";
const numbered = (number: number): CanFrame => dataFrame(standardId(0x10), [number & 0xff, number >> 8]);
const numberOf = ({ frame }: ReceivedFrame): number =>
  frame.kind === "data" ? (frame.data[0] ?? 0) + 256 * (frame.data[1] ?? 0) : -1;

beforeAll(() => addVcan(VCAN));

afterAll(() => remove(VCAN));

describe("loss", () => {
  test("droppedFrames is what the kernel counts when the receiver is stopped, and a receive buffer prevents it", async () => {
    const small = await openSocketCan(VCAN, { receiveBufferBytes: 106_496 });
    const large = await openSocketCan(VCAN);
    const told: [number, number][] = [];
    let [heard, complete] = [0, 0];
    small.events.on("dropped", (count, total) => told.push([count, total]));
    small.listen(() => heard++);
    large.listen(() => complete++);
    expect(large.receiveBufferBytes).toBe(8 * 2 ** 20);
    const before = sentOn(VCAN);
    // Nothing of this process runs meanwhile.
    execFileSync("cangen", [VCAN, "-g", "0", "-i", "-n", "2000", "-L", "8"]);
    const sent = sentOn(VCAN) - before;
    await until(() => complete === sent, "all frames are there that the large buffer held");
    const { droppedFrames, receivedFrames } = small.statistics;
    expect(sent).toBe(2000);
    expect(droppedFrames).toBeGreaterThan(0);
    expect(receivedFrames).toBe(heard);
    expect(receivedFrames + droppedFrames).toBe(sent);
    expect(told.at(-1)?.[1]).toBe(droppedFrames);
    expect(large.statistics.droppedFrames).toBe(0);
    for (const bus of [small, large]) bus.close();
  });

  test("no frame is lost or doubled where the queue of the device is full again and again", async () => {
    const receiver = await openSocketCan(VCAN);
    const sender = await openSocketCan(VCAN, { sendBufferBytes: 1 << 20, ownFrames: false });
    const numbers: number[] = [];
    receiver.listen((received) => numbers.push(numberOf(received)));
    tc(`qdisc replace dev ${VCAN} root tbf rate 64kbit burst 64 limit 160`);
    try {
      const sends = Array.from({ length: 120 }, (_, number) => sender.send(numbered(number)));
      await Promise.all(sends);
      await until(() => numbers.length >= 120, "all frames are there");
    } finally {
      tc(`qdisc del dev ${VCAN} root`);
    }
    expect(numbers).toEqual(Array.from({ length: 120 }, (_, number) => number));
    expect(sender.statistics.congestions).toBeGreaterThan(0);
    for (const bus of [sender, receiver]) bus.close();
  });
});

describe("an interface that is removed", () => {
  test("a handle says so and stays; one with reopen works again once the interface is back", async () => {
    addVcan("vcan5");
    const [plain, again] = [await openSocketCan("vcan5"), await openSocketCan("vcan5", { reopen: true })];
    const statuses: CanBusStatus[] = [];
    again.events.on("status", (status) => statuses.push(status));
    const index = again.interfaceIndex;
    const waiting = plain.receive();
    remove("vcan5");
    await until(() => plain.status === "removed" && again.status === "removed", "both know that it is gone");
    expect(() => plain.trySend(numbered(1))).toThrow(expect.objectContaining({ code: "ENODEV" }));
    await expect(again.sendConfirmed(numbered(1))).rejects.toMatchObject({ code: "ENODEV" });
    addVcan("vcan5");
    await until(() => again.status === "up", "the handle is up again");
    expect(again.interfaceIndex).not.toBe(index);
    await again.sendConfirmed(numbered(1), { timeoutMs: 10_000 });
    expect(plain.status).toBe("removed");
    expect(waiting.length).toBe(0);
    expect(statuses[0]).toBe("removed");
    expect(statuses.at(-1)).toBe("up");
    for (const bus of [plain, again]) bus.close();
    remove("vcan5");
  });

  test("a handle that is opened while the interface is down is up once the interface is", async () => {
    ip("link add vcan6 type vcan");
    const bus = await openSocketCan("vcan6");
    expect([bus.status, bus.fd]).toEqual(["down", true]);
    ip("link set vcan6 mtu 16 up");
    await until(() => bus.status === "up", "the handle is up");
    await bus.sendConfirmed(numbered(1), { timeoutMs: 10_000 });
    expect(bus.fd).toBe(false);
    bus.close();
    remove("vcan6");
  });
});

describe("what an interface does not have", () => {
  test("openSocketCan() refuses what is not there", async () => {
    await expect(openSocketCan("can77")).rejects.toMatchObject({ code: "ENODEV" });
    await expect(openSocketCan("lo")).rejects.toMatchObject({ code: "ERR_CONFIG" });
    await expect(openSocketCan("can0", { fd: true })).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    await expect(openSocketCan(VCAN, { xl: true })).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    await expect(openSocketCan(VCAN, { hardwareTimestamps: true })).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
  });

  test("a handle on all interfaces hears each, names them, and does not send", async () => {
    addVcan("vcan7");
    const [any, first, second] = [
      await openSocketCan(ALL_INTERFACES),
      await openSocketCan(VCAN),
      await openSocketCan("vcan7"),
    ];
    const names: string[] = [];
    any.listen(({ interfaceName }) => names.push(interfaceName));
    await first.send(numbered(1));
    await second.send(numbered(2));
    await until(() => names.length === 2, "both frames are there");
    expect(names).toEqual([VCAN, "vcan7"]);
    expect(() => any.trySend(numbered(1))).toThrow(expect.objectContaining({ code: "ERR_UNSUPPORTED" }));
    for (const bus of [any, first, second]) bus.close();
    remove("vcan7");
  });

  test("without loopback nobody on this machine hears a frame, and none is confirmed", async () => {
    const [silent, other] = [await openSocketCan(VCAN, { loopback: false }), await openSocketCan(VCAN)];
    await expect(silent.sendConfirmed(numbered(1))).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    await silent.send(numbered(1));
    await other.sendConfirmed(numbered(2));
    expect(other.statistics.receivedFrames).toBe(0);
    for (const bus of [silent, other]) bus.close();
  });
});

describe("a controller that goes bus-off", () => {
  test("its error frames tell the way there and back, with the counters", async () => {
    const program = fileURLToPath(new URL("./programs/slcan.py", import.meta.url));
    const adapter = new Companion("/usr/bin/python3", [program]);
    await adapter.line();
    const name = adapter.lines[0] as string;
    const bus = await openSocketCan(name);
    const reports: CanErrorReport[] = [];
    const listening = { errorMask: ALL_ERRORS, filters: [] };
    bus.listen(({ frame }) => {
      if (frame.kind === "error") reports.push(decodeErrorFrame(frame));
    }, listening);
    for (const line of ["sw000096", "sp000128", "sb000255", "sa000000"]) {
      const before = reports.length;
      adapter.write(`${line}\n`);
      await until(() => reports.length > before, `the kernel tells of ${line}`);
    }
    expect(reports[0]).toMatchObject({ counters: { tx: 96, rx: 0 } });
    expect(reports[0]?.controller).toContain("tx-warning");
    expect(reports[1]?.controller).toContain("tx-passive");
    expect(reports[2]).toMatchObject({ busOff: true });
    expect(reports[3]?.controller).toContain("active");
    expect(bus.statistics.errorFrames).toBe(4);
    await adapter.stop();
    await until(() => bus.status === "removed", "the interface is gone with its adapter");
    bus.close();
  });
});

function sentOn(name: string): number {
  return Number(readFileSync(`/sys/class/net/${name}/statistics/tx_packets`, "utf8"));
}
