import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CanBus, type CanNodeOptions, openCan, openSocketCan } from "../../../src/can/index.js";
import { openSocketHandle } from "../../../src/can/socket-can.js";
import { openChannel } from "../../../src/channel/index.js";
import { CanNodePair } from "../../can/link/node-pair.js";
import { describeChannelOver } from "../../channel/channel-contract.js";
import { Jitter } from "../../channel/jitter.js";
import { describeLink } from "../../channel/link-contract.js";
import { describeBody } from "../../channel/one-body.js";
import { until } from "../../channel/until.js";
import { addVcan, remove } from "./interfaces.js";

const VCAN = "vcan7";
const limits = { noSpin: true };

const pair = (options: Omit<CanNodeOptions, "node">) => new CanNodePair(() => openSocketHandle(VCAN, {}), options);

/** Small, so that it fills up; and with a peer that is soon missed, but not by an emulated machine that pauses. */
const small = { windowBytes: 4096, heartbeatMs: 50, stallMs: 500 };
const wide = { txDl: 64, bitRateSwitch: true };

beforeAll(() => addVcan(VCAN));

afterAll(() => remove(VCAN));

describe("on vcan", () => {
  const kinds = [
    ["the package's ISO-TP", {}],
    ["the kernel's ISO-TP", { segmentation: "kernel" }],
    ["the kernel's ISO-TP with frames of 64 bytes", { segmentation: "kernel", isoTp: wide }],
  ] as const;
  for (const [name, options] of kinds) {
    describeBody(`vcan by ${name}`, () => pair(options));
    describeLink(`CanLink by ${name}`, () => pair({ ...small, ...options }), limits);
    describeChannelOver(`CanLink by ${name}`, () => pair({ ...small, ...options }), limits);
  }

  test("nodes whose links the kernel carries find no conflict in what it sends, and one in another with their address", async () => {
    const [near, far, third] = await Promise.all([1, 2, 3].map(() => openSocketCan(VCAN)));
    const node = (bus: CanBus | undefined, number: number) =>
      openCan(bus as CanBus, { node: number, segmentation: "kernel", heartbeatMs: 50 });
    const nodes = [node(near, 1), node(far, 2)] as const;
    const conflicts: string[] = [];
    for (const { events } of nodes) events.on("conflict", ({ message }) => conflicts.push(message));
    const channels = [openChannel(nodes[0].link(2), Jitter), openChannel(nodes[1].link(1), Jitter)] as const;
    channels[1].handle("reset", () => ({ count: 7, worstNs: 0 }));
    for (let count = 0; count < 20; count++) await channels[0].request("reset", { hard: true });
    expect(conflicts).toEqual([]);
    const other = node(third, 2);
    other.link(1);
    await until(() => conflicts.length > 0, "the conflict is told");
    expect(conflicts).toEqual([expect.stringContaining("has the address 2 as well")]);
    for (const each of [...nodes, other]) each.close();
    for (const bus of [near, far, third]) bus?.close();
  });

  test("a link that the kernel carries ends with its interface, though its bus waits for another", async () => {
    addVcan("vcan8");
    const bus = await openSocketCan("vcan8", { reopen: true });
    const node = openCan(bus, { node: 1, segmentation: "kernel" });
    const link = node.link(2);
    remove("vcan8");
    await until(() => link.status === "closed", "the link is closed");
    addVcan("vcan8");
    await until(() => bus.status === "up", "the bus is up again");
    expect(node.link(2).status).toBe("connecting");
    node.close();
    bus.close();
    remove("vcan8");
  });
});
