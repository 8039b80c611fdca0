import { constants } from "node:os";
import { requireKnownKeys } from "../errors.js";
import { type Attribute, concatenate, encodeAttributes, textAttribute } from "./attribute.js";
import { encodeLinkHeader, type NetworkLink } from "./link.js";
import { encodeSettings, LINK_SETTINGS, type LinkSettings, nameAttribute } from "./link-settings.js";
import { describeLink, withRoute } from "./list-links.js";
import { type NetworkNamespace, withNamespace } from "./namespace.js";
import { LinkAttribute, LinkFlag, LinkInfo, MessageType, NetlinkFlag, PAIR_PEER } from "./numbers.js";
import { changeAdvice } from "./set-link.js";

/** Kinds that are pairs of interfaces (ip-link(8)). */
const pairs: readonly string[] = ["veth", "vxcan"];

/** One end of a pair, or the only one. */
export interface LinkEnd extends LinkSettings {
  /** The network namespace to make it in. @defaultValue that of this process */
  readonly namespace?: NetworkNamespace | undefined;
}

export interface CreateLinkOptions extends LinkEnd {
  /** What the kernel shall make, such as `vcan`, `vxcan`, `veth` or `dummy`; each is a module of the kernel's. */
  readonly kind: string;
  /** Whether it is up from the start. @defaultValue false */
  readonly up?: boolean | undefined;
  /**
   * The other end of a `veth` or `vxcan`, which is down at first: no kernel takes it up before the pair is one.
   * @defaultValue the kernel chooses a name
   */
  readonly peer?: (LinkEnd & { readonly name: string }) | undefined;
}

const END_KEYS = [...LINK_SETTINGS, "namespace"];

/**
 * Makes a network interface without hardware. Needs CAP_NET_ADMIN.
 *
 * @throws TypeError or RangeError for options that make no sense.
 * @throws IntercellError `EEXIST` if the name is taken, `ENOTSUP` if the kernel has no such kind.
 */
export function createLink(name: string, options: CreateLinkOptions): void {
  requireKnownKeys("createLink", options, [...END_KEYS, "kind", "up", "peer"]);
  const { kind, peer } = options;
  if (typeof kind !== "string" || kind === "") throw new TypeError("The kind of a link is a text such as vcan");
  if (peer !== undefined) requireKnownKeys("createLink peer", peer, [...END_KEYS, "name"]);
  if (peer !== undefined && !pairs.includes(kind)) throw new TypeError(`A link of kind ${kind} has no peer`);
  const header = options.up === true ? encodeLinkHeader(0, LinkFlag.UP, LinkFlag.UP) : encodeLinkHeader();
  const own = [nameAttribute(name), ...encodeSettings(options)];
  const other = peer === undefined ? [] : [nameAttribute(peer.name), ...encodeSettings(peer)];
  const advice = {
    ...changeAdvice,
    [constants.errno.EOPNOTSUPP]: `Load the kernel's module of this kind: modprobe ${kind}`,
    [constants.errno.EEXIST]: "Choose another name, or delete the interface that has it.",
  };
  withNamespace(options.namespace, (ownNamespace) =>
    withNamespace(peer?.namespace, (peerNamespace) => {
      const info = [textAttribute(LinkInfo.KIND, kind), ...encodePeer(peer, [...other, ...peerNamespace])];
      const attributes = [...own, ...ownNamespace, { type: LinkAttribute.LINK_INFO, value: info }];
      withRoute((route) =>
        route.request({
          type: MessageType.NEW_LINK,
          flags: NetlinkFlag.CREATE | NetlinkFlag.EXCLUSIVE,
          payload: concatenate([header, encodeAttributes(attributes)]),
          wanted: `create the ${kind} interface ${name}`,
          call: "RTM_NEWLINK",
          path: name,
          advice,
        }),
      );
    }),
  );
}

/**
 * Deletes a network interface, and the other end of a pair with it. Needs CAP_NET_ADMIN.
 *
 * @throws IntercellError `ERR_NOT_FOUND` if there is none, `ENOTSUP` if it is hardware.
 */
export function deleteLink(name: string | number): void {
  const link: NetworkLink = describeLink(name);
  const advice = { ...changeAdvice, [constants.errno.EOPNOTSUPP]: "It belongs to a device, which has to go instead." };
  withRoute((route) =>
    route.request({
      type: MessageType.DELETE_LINK,
      payload: encodeLinkHeader(link.index),
      wanted: `delete the interface ${link.name}`,
      call: "RTM_DELLINK",
      path: link.name,
      advice,
    }),
  );
}

/** The other end stands in the nest as a message of its own: a header and attributes (linux/veth.h, linux/can/vxcan.h). */
function encodePeer(peer: LinkEnd | undefined, attributes: readonly Attribute[]): readonly Attribute[] {
  if (peer === undefined) return [];
  const value = concatenate([encodeLinkHeader(), encodeAttributes(attributes)]);
  return [{ type: LinkInfo.DATA, value: [{ type: PAIR_PEER, value }] }];
}
