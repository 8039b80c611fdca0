import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CanNodeOptions, openCan, openSocketCan } from "../../../src/can/index.js";
import { openSocketHandle } from "../../../src/can/socket-can.js";
import { CanNodePair } from "../../can/link/node-pair.js";
import { describeChannelOver } from "../../channel/channel-contract.js";
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
