import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openNetLink } from "../../../src/ivshmem-net/index.js";
import { describeChannelOver } from "../../channel/channel-contract.js";
import { describeLink } from "../../channel/link-contract.js";
import { attach, commitBytes } from "../../channel/link-pair.js";
import { describeBody } from "../../channel/one-body.js";
import { until } from "../../channel/until.js";
import { TestNamespace } from "../../support/network-namespace.js";
import { NetLinkPair, type Place, small } from "./net-link-pair.js";
import { needsVeth } from "./netns.js";
import { expectReadyToSay } from "./ready-message.js";

const place: Place = { interfaceName: "left0", address: "fe80::1" };

const ip = (...parameters: readonly string[]) => execFileSync("ip", [...parameters], { stdio: "inherit" });

describe("with a link-local address", needsVeth, () => {
  let namespace: TestNamespace;

  beforeAll(() => {
    namespace = new TestNamespace();
    ip("link", "add", "left0", "type", "veth", "peer", "name", "right0");
    for (const name of ["lo", "left0", "right0"]) ip("link", "set", name, "up");
    ip("address", "add", "fe80::1/64", "dev", "left0", "nodad");
  });

  afterAll(() => namespace.close());

  const name = "NetLink over an IPv6 link-local address";
  describeLink(name, () => NetLinkPair.open(place, "connect", small), { noSpin: true });
  describeChannelOver(name, () => NetLinkPair.open(place, "listen", small), { noSpin: true });
  describeBody(name, () => NetLinkPair.open(place, "connect"));

  test("finds the side that listens, and again after that has closed and opened", async () => {
    const { interfaceName, address: localAddress } = place;
    const options = { localAddress, heartbeatMs: 20 };
    const connecting = openNetLink(interfaceName, { ...options, role: "connect" });
    onTestFinished(() => connecting.close());
    const own = attach(connecting);
    for (let round = 1; round <= 2; round++) {
      const listening = openNetLink(interfaceName, { ...options, role: "listen" });
      const other = attach(listening);
      await until(() => own.port.open && other.port.open, "both ports are open");
      commitBytes(own.port, [round]);
      await until(() => other.seen.records.length === 1, "the record is there");
      expect(other.seen.records[0]?.bytes).toEqual([round]);
      listening.close();
      await until(() => !own.port.open, "the end is told");
    }
  });

  test("ready() says that nobody answered when nobody listens", async () => {
    const link = openNetLink(place.interfaceName, { localAddress: place.address, role: "connect", port: 5000 });
    onTestFinished(() => link.close());
    await expectReadyToSay(link, /nobody on left0 says that it listens on port 5000/);
  });
});
