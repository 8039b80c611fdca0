import { isIntercellError } from "../errors.js";
import { NetlinkProtocol } from "../native.js";
import { concatenate, encodeAttributes, textAttribute } from "./attribute.js";
import { NetlinkConnection } from "./connection.js";
import { encodeLinkHeader, type NetworkLink, noSuchLink, parseLink } from "./link.js";
import type { NetlinkMessage } from "./message.js";
import { LinkAttribute, MAX_LINK_NAME_BYTES, MessageType } from "./numbers.js";

/** All network interfaces of this process's network namespace, by index. */
export function listLinks(): readonly NetworkLink[] {
  return withRoute((route) =>
    readLinks(
      route.dump({
        type: MessageType.GET_LINK,
        payload: encodeLinkHeader(),
        wanted: "list the network interfaces",
        call: "RTM_GETLINK",
      }),
    ),
  );
}

/**
 * The network interface of a name or index.
 *
 * @throws IntercellError `ERR_NOT_FOUND` if there is none.
 */
export function describeLink(name: string | number): NetworkLink {
  const link = findLink(name);
  if (link === undefined) throw noSuchLink(name);
  return link;
}

/** The network interface of a name or index, if there is one. */
export function findLink(name: string | number): NetworkLink | undefined {
  const header = typeof name === "number" ? encodeLinkHeader(requireIndex(name)) : encodeLinkHeader();
  const named = typeof name === "number" ? [] : [textAttribute(LinkAttribute.NAME, requireLinkName(name))];
  try {
    const [link] = withRoute((route) =>
      readLinks(
        route.request({
          type: MessageType.GET_LINK,
          payload: concatenate([header, encodeAttributes(named)]),
          wanted: `describe the network interface ${name}`,
          call: "RTM_GETLINK",
        }),
      ),
    );
    return link;
  } catch (error) {
    if (isIntercellError(error, "ENODEV")) return undefined;
    throw error;
  }
}

/**
 * Holds a name against what the kernel takes.
 *
 * @throws TypeError if it is not a text, is empty, or has a character that a name may not have.
 * @throws RangeError if it is too long.
 */
export function requireLinkName(name: string): string {
  // As dev_valid_name() of the kernel (net/core/dev.c).
  if (typeof name !== "string" || name === "" || name === "." || name === ".." || /[\s/:\0]/.test(name)) {
    throw new TypeError(`${JSON.stringify(name)} is no name of a network interface`);
  }
  const length = new TextEncoder().encode(name).length;
  if (length > MAX_LINK_NAME_BYTES) {
    throw new RangeError(
      `The name of a network interface has ${MAX_LINK_NAME_BYTES} bytes at most, not ${length}: ${name}`,
    );
  }
  return name;
}

/** @internal Runs `action` with a connection to rtnetlink, which is closed afterwards. */
export function withRoute<T>(action: (route: NetlinkConnection) => T): T {
  const route = NetlinkConnection.open(NetlinkProtocol.ROUTE);
  try {
    return action(route);
  } finally {
    route.close();
  }
}

function requireIndex(index: number): number {
  if (Number.isInteger(index) && index > 0 && index <= 0x7fff_ffff) return index;
  throw new RangeError(`The index of a network interface is from 1 to 2147483647, not ${index}`);
}

function readLinks(messages: readonly NetlinkMessage[]): NetworkLink[] {
  const links = messages
    .filter(({ type }) => type === MessageType.NEW_LINK)
    .map(({ payload }) => parseLink(payload))
    .filter((link) => link !== undefined);
  return links.sort((one, other) => one.index - other.index);
}
