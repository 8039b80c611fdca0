import { constants } from "node:fs";
import { closeDescriptor, openDescriptor } from "../native.js";
import { type Attribute, u32Attribute } from "./attribute.js";
import { LinkAttribute } from "./numbers.js";

/** A network namespace: that of a process, or the one of a file such as `/run/netns/cell1` (ip-netns(8)). */
export type NetworkNamespace = { readonly pid: number } | { readonly path: string };

/** Runs `action` with the attributes that put a link into a namespace: none if it stays. */
export function withNamespace<T>(
  namespace: NetworkNamespace | undefined,
  action: (attributes: readonly Attribute[]) => T,
): T {
  if (namespace === undefined) return action([]);
  if ("pid" in namespace) {
    if (!Number.isInteger(namespace.pid) || namespace.pid < 1) {
      throw new RangeError(`A namespace's pid must be a positive integer, not ${namespace.pid}`);
    }
    return action([u32Attribute(LinkAttribute.NAMESPACE_PID, namespace.pid)]);
  }
  if (typeof namespace.path !== "string") throw new TypeError("A namespace has either a pid or a path");
  const fd = openDescriptor(namespace.path, constants.O_RDONLY);
  try {
    return action([u32Attribute(LinkAttribute.NAMESPACE_DESCRIPTOR, fd)]);
  } finally {
    closeDescriptor(fd);
  }
}
