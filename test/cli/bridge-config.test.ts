import { dirname, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { readBridgeConfig } from "../../src/cli/bridge-config.js";
import { jitterModule, writeTemporary } from "./bridge-files.js";

const links = {
  inmate: { kind: "sim", machine: "rig", cell: 0, peer: 1 },
  "pi-b": { kind: "can", interface: "can0", node: 1, peer: 2 },
};
const channel = {
  module: jitterModule,
  between: ["inmate", "pi-b"],
  messages: { measurement: { to: "pi-b", maxPerSecond: 5, queue: 1, overflow: "drop-oldest" } },
  requests: { reset: { to: "inmate", timeoutMs: 1000 } },
};
const config = { links, channels: [channel] };

/** The configuration with another channel or link in the place of the first. */
const withChannel = (change: object) => ({ links, channels: [{ ...channel, ...change }] });
const withLink = (link: unknown) => ({ ...config, links: { ...links, inmate: link } });

describe("readBridgeConfig()", () => {
  test("readBridgeConfig() puts sides in the place of names and loads the protocol", async () => {
    const read = await readBridgeConfig(writeTemporary("bridge.json", config));
    expect([...read.links.keys()]).toEqual(["inmate", "pi-b"]);
    expect(read.links.get("pi-b")).toEqual({ ...links["pi-b"], fd: false, windowBytes: undefined });
    expect(read.channels).toHaveLength(1);
    expect(read.channels[0]).toMatchObject({ between: ["inmate", "pi-b"], protocol: { name: "jitter" } });
    expect(read.channels[0]?.rules).toMatchObject({
      messages: { measurement: { to: "right", maxPerSecond: 5, queue: 1, overflow: "drop-oldest" } },
      requests: { reset: { to: "left", timeoutMs: 1000 } },
    });
  });

  test("readBridgeConfig() looks for modules from the folder of the configuration", async () => {
    const path = writeTemporary("bridge.json", "");
    const module = relative(dirname(path), jitterModule);
    const { channels } = await readBridgeConfig(writeTemporary("bridge.json", withChannel({ module })));
    expect(channels[0]?.protocol.name).toBe("jitter");
  });

  test.each<[string, unknown, RegExp]>([
    ["no JSON", "{", /it is not JSON: /],
    ["an array", [], /it must be an object, not \[\]/],
    ["an unknown key", { ...config, link: {} }, /"link" is not known: the keys are links, channels/],
    ["no links", { channels: [channel] }, /links must be an object, but it is missing/],
    ["no channels", { links }, /channels must be an array, but it is missing/],
    ["channels of none", { links, channels: [] }, /channels must be an array with at least one channel, not \[\]/],
    ["a link that is none", withLink(7), /links\.inmate must be an object, not 7/],
    [
      "a link without a kind",
      withLink({ peer: 1 }),
      /links\.inmate\.kind must be "uio", "sim" or "can", but it is missing/,
    ],
    ["a link of another kind", withLink({ kind: "tcp" }), /links\.inmate\.kind must be .* not "tcp"/],
    [
      "a link with a key of another kind",
      withLink({ kind: "uio", peer: 1, node: 2 }),
      /"node" in links\.inmate is not known/,
    ],
    ["a link without a peer", withLink({ kind: "uio" }), /links\.inmate\.peer must be an integer .* missing/],
    ["a peer in words", withLink({ kind: "sim", peer: "one" }), /links\.inmate\.peer must be an integer .* not "one"/],
    ["a CAN link without a node", withLink({ kind: "can", interface: "can0", peer: 1 }), /links\.inmate\.node must be/],
    [
      "a CAN link to nobody",
      withLink({ kind: "can", interface: "can0", node: 1, peer: 255 }),
      /peer must be an integer from 0 to 254/,
    ],
    [
      "a CAN link without an interface",
      withLink({ kind: "can", node: 1, peer: 2 }),
      /links\.inmate\.interface must be the name/,
    ],
    [
      "a CAN link with half FD",
      withLink({ kind: "can", interface: "c", node: 1, peer: 2, fd: 1 }),
      /fd must be true or false, not 1/,
    ],
    [
      "a link that nobody uses",
      { ...config, links: { ...links, spare: links["pi-b"] } },
      /no channel uses the link "spare"/,
    ],
    ["a channel without links", withChannel({ between: undefined }), /channels\[0\]\.between must be an array/],
    [
      "a channel with one link",
      withChannel({ between: ["inmate"] }),
      /channels\[0\]\.between must be the names of two links/,
    ],
    [
      "a channel in a circle",
      withChannel({ between: ["inmate", "inmate"] }),
      /must be the names of two different links/,
    ],
    [
      "a channel to an unknown link",
      withChannel({ between: ["inmate", "pi-c"] }),
      /between\[1\] must be "inmate" or "pi-b", not "pi-c"/,
    ],
    [
      "a channel without a module",
      withChannel({ module: undefined }),
      /channels\[0\]\.module must be the path of a module/,
    ],
    ["an export that is none", withChannel({ export: "nothing" }), /channels\[0\]\.export: .*exports jitterProtocol/],
    [
      "a rule that is none",
      withChannel({ messages: { measurement: 5 } }),
      /messages\.measurement must be an object, not 5/,
    ],
    [
      "a rule without a direction",
      withChannel({ messages: { measurement: {} } }),
      /messages\.measurement\.to must be "inmate", "pi-b" or "both", but it is missing/,
    ],
    [
      "a rule to nowhere",
      withChannel({ messages: { measurement: { to: "left" } } }),
      /measurement\.to must be "inmate", "pi-b" or "both", not "left"/,
    ],
    [
      "a rule for nothing",
      withChannel({ topics: { level: { to: "both" } } }),
      /channels\[0\]: There is no "level" among the topics/,
    ],
    [
      "a rule with a wrong rate",
      withChannel({ messages: { measurement: { to: "both", maxPerSecond: -1 } } }),
      /channels\[0\]: maxPerSecond/,
    ],
    [
      "a rule with a wrong key",
      withChannel({ requests: { reset: { to: "both", queue: 1 } } }),
      /channels\[0\]: Unknown option "queue"/,
    ],
    [
      "a channel without a rule",
      withChannel({ messages: {}, requests: undefined }),
      /channels\[0\]: .*carries nothing/,
    ],
  ])("readBridgeConfig() refuses %s", async (_, content, message) => {
    const path = writeTemporary("bridge.json", content);
    const error = await readBridgeConfig(path).catch((found: unknown) => found);
    expect(error).toMatchObject({ code: "ERR_CONFIG", path, message: expect.stringMatching(message) as string });
    expect((error as Error).message.startsWith(`${path}: `)).toBe(true);
  });

  test("readBridgeConfig() refuses a module that is not there or exports no protocol", async () => {
    const missing = writeTemporary("bridge.json", withChannel({ module: "./missing.mjs" }));
    await expect(readBridgeConfig(missing)).rejects.toMatchObject({ code: "ERR_CONFIG" });
    const module = writeTemporary("empty.mjs", "export const nothing = 1;");
    await expect(readBridgeConfig(writeTemporary("bridge.json", withChannel({ module })))).rejects.toThrow(
      /exports no protocol/,
    );
  });

  test("readBridgeConfig() says which file is not there", async () => {
    await expect(readBridgeConfig("/nowhere/bridge.json")).rejects.toMatchObject({
      ...{ code: "ENOENT", message: expect.stringContaining("/nowhere/bridge.json") as string },
    });
  });
});
