import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addAddress, findLinkLocalAddress, listAddresses } from "../../src/netlink/address.js";
import { createLink } from "../../src/netlink/create-link.js";
import { describeLink } from "../../src/netlink/list-links.js";
import { setLink } from "../../src/netlink/set-link.js";
import { canMakeNamespaces, NO_NAMESPACES, SINGLE, TestNamespace } from "../support/network-namespace.js";
import { skipUnless } from "../support/skip.js";

describe("IP addresses in a namespace", skipUnless(canMakeNamespaces(), NO_NAMESPACES), () => {
  let namespace: TestNamespace;

  beforeAll(() => {
    namespace = new TestNamespace();
    createLink("v0", { kind: "veth", up: true, address: "02:00:00:00:00:01", peer: { name: "v1" } });
    setLink("v1", { up: true });
    createLink("d0", { kind: SINGLE });
  });
  afterAll(() => namespace?.close());

  test("findLinkLocalAddress() gives the address that the kernel made of the MAC address once it is checked", async () => {
    await expect.poll(() => findLinkLocalAddress("v0"), { timeout: 15_000 }).toBe("fe80::ff:fe00:1");
    expect(findLinkLocalAddress("d0")).toBeUndefined();
  });

  const given: readonly [string, string, object][] = [
    ["an IPv4 address", "192.0.2.17/24", { family: 4, address: "192.0.2.17", prefixLength: 24, linkLocal: false }],
    ["an IPv6 address", "FD00:0:0::0:1/64", { family: 6, address: "fd00::1", prefixLength: 64, linkLocal: false }],
    ["one in IPv4's form", "::ffff:192.0.2.1/96", { family: 6, address: "::ffff:192.0.2.1", prefixLength: 96 }],
    ["all eight groups", "2001:db8:1:2:3:4:5:6/128", { family: 6, address: "2001:db8:1:2:3:4:5:6", prefixLength: 128 }],
  ];
  test.each(given)("listAddresses() shows what addAddress() gave when it is %s", (_, text, expected) => {
    addAddress("d0", text);
    expect(listAddresses("d0")).toContainEqual(
      expect.objectContaining({ ...expected, linkIndex: describeLink("d0").index }),
    );
    expect(listAddresses()).toEqual(expect.arrayContaining([...listAddresses("d0")]));
    expect(() => addAddress("d0", text)).toThrow(/EEXIST.*has it already/);
  });

  test("listAddresses() gives those of one interface alone", () => {
    const { index } = describeLink("v0");
    expect(new Set(listAddresses("v0").map(({ linkIndex }) => linkIndex))).toEqual(new Set([index]));
    expect(() => listAddresses("nope")).toThrow(/no network interface "nope"/);
  });

  test.each(["192.0.2.1", "192.0.2.1/33", "::1/129", "fe80::1%d0/64", "x/3", ""])("addAddress() refuses %j", (text) => {
    expect(() => addAddress("d0", text)).toThrow(TypeError);
  });
});
