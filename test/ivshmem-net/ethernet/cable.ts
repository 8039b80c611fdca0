import { writeFileSync } from "node:fs";
import { findLinkLocalAddress } from "../../../src/netlink/address.js";
import { createLink, deleteLink } from "../../../src/netlink/create-link.js";
import { findLink } from "../../../src/netlink/list-links.js";
import { setLink } from "../../../src/netlink/set-link.js";
import { until } from "../../channel/until.js";
import { canMakeNamespaces, NO_NAMESPACES, TestNamespace } from "../../support/network-namespace.js";
import { type SkipOptions, skipUnless } from "../../support/skip.js";

/** What a {@link TestCable} needs of a machine. */
export const needsCable: SkipOptions = skipUnless(canMakeNamespaces(), NO_NAMESPACES);

/** A cable between two network namespaces: what two interfaces of ivshmem-net are between two cells. */
export class TestCable implements Disposable {
  readonly namespaces: readonly [TestNamespace, TestNamespace];
  /** Names of the ends, one in each namespace. */
  readonly names = ["left", "right"] as const;

  constructor({ mtu = 1500 }: { readonly mtu?: number } = {}) {
    // Each is entered as it is made, and left before the next, so that all return to where the test began.
    const make = () => {
      const namespace = new TestNamespace();
      namespace.leave();
      return namespace;
    };
    this.namespaces = [make(), make()];
    this.within(0, () => {
      const peer = { name: this.names[1], mtu, namespace: { path: this.namespaces[1].path } };
      createLink(this.names[0], { kind: "veth", mtu, peer });
    });
    for (const end of [0, 1] as const) {
      // Its address is its own at once; otherwise the kernel asks around for a second or two whether somebody has it.
      this.within(end, () => writeFileSync(`/proc/sys/net/ipv6/conf/${this.names[end]}/accept_dad`, "0"));
      this.setUp(end);
    }
  }

  /** Runs something in the namespace of one end. */
  within<T>(end: 0 | 1, action: () => T): T {
    const namespace = this.namespaces[end];
    namespace.enter();
    try {
      return action();
    } finally {
      namespace.leave();
    }
  }

  /** Resolves once both kernels have an IPv6 address on it: they take their time even if they do not ask around. */
  async ready(): Promise<this> {
    const address = (end: 0 | 1) => this.within(end, () => findLinkLocalAddress(this.names[end]));
    await until(() => address(0) !== undefined && address(1) !== undefined, "both kernels have an address");
    return this;
  }

  setUp(end: 0 | 1, up = true): void {
    this.within(end, () => setLink(this.names[end], { up }));
  }

  /** Takes the cable away with both ends. */
  cut(): void {
    this.within(0, () => {
      if (findLink(this.names[0]) !== undefined) deleteLink(this.names[0]);
    });
  }

  close(): void {
    this.cut();
    for (const namespace of this.namespaces) namespace.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
