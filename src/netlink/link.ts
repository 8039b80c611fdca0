import { ErrorCode, IntercellError } from "../errors.js";
import { type AttributeSet, AttributeSet as Attributes, malformed, viewOf } from "./attribute.js";
import { type LinkStatistics, parseStatistics } from "./link-statistics.js";
import { formatMacAddress } from "./mac-address.js";
import { LinkAttribute, LinkFlag, LinkInfo } from "./numbers.js";

/*
 *  0        1     2           4               8           12
 * +--------+-----+-----------+---------------+-----------+-----------+------------+
 * | family | pad | type, u16 | index, i32    | flags     | change    | attributes |
 * +--------+-----+-----------+---------------+-----------+-----------+------------+
 * (linux/rtnetlink.h, struct ifinfomsg)
 */

const HEADER_BYTES = 16;

/** States of RFC 2863, by the kernel's numbers (linux/if.h, IF_OPER_*). */
export const operStates = ["unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"] as const;

export type OperState = (typeof operStates)[number];

/** A network interface as the kernel describes it by rtnetlink. */
export interface NetworkLink {
  /** Its number in this network namespace. */
  readonly index: number;
  readonly name: string;
  /** What made it, such as `veth`, `vcan` or `can`; most drivers of hardware do not say. */
  readonly kind: string | undefined;
  /** Kind of hardware: 1 Ethernet, 280 CAN (linux/if_arp.h). */
  readonly type: number;
  /** `IFF_*` of linux/if.h. */
  readonly flags: number;
  /** Whether it is meant to run. */
  readonly up: boolean;
  /** Whether it is up and something is at the other end, as far as the driver knows. */
  readonly carrier: boolean;
  readonly operState: OperState;
  readonly mtu: number;
  /** What the driver allows; undefined where it does not say. */
  readonly minMtu: number | undefined;
  readonly maxMtu: number | undefined;
  readonly txQueueLength: number;
  /** MAC address, such as `02:00:00:00:00:01`; undefined for one without, as on CAN. */
  readonly address: string | undefined;
  readonly alias: string | undefined;
  /** Index of the interface that this one belongs to, or is the pair of; in another namespace if `linkNamespace` is there. */
  readonly linkIndex: number | undefined;
  readonly linkNamespace: number | undefined;
  /** Times that carrier came or went. */
  readonly carrierChanges: number | undefined;
  /** The device below, such as `0001:00:01.0` on the bus `pci` (from Linux 5.14 on). */
  readonly parentDevice: string | undefined;
  readonly parentBus: string | undefined;
  readonly statistics: LinkStatistics | undefined;
  /** @internal What the kind has to say (IFLA_INFO_DATA), and counts (IFLA_INFO_XSTATS). */
  readonly kindData: Uint8Array | undefined;
  /** @internal */
  readonly kindStatistics: Uint8Array | undefined;
}

/** Head of a message about links; without an index it is about all. */
export function encodeLinkHeader(index = 0, flags = 0, change = 0): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = viewOf(bytes);
  view.setInt32(4, index, true);
  view.setUint32(8, flags >>> 0, true);
  view.setUint32(12, change >>> 0, true);
  return bytes;
}

/**
 * Reads a message about a link; undefined if it is another family's word about it, such as a bridge's about its port.
 *
 * @throws IntercellError `ERR_DECODE` if it makes no sense.
 */
export function parseLink(payload: Uint8Array): NetworkLink | undefined {
  if (payload.length < HEADER_BYTES) throw malformed(`a link message of ${payload.length} bytes`);
  const view = viewOf(payload);
  if (view.getUint8(0) !== 0) return undefined;
  const attributes = new Attributes(payload.subarray(HEADER_BYTES));
  const flags = view.getUint32(8, true);
  const info = attributes.nest(LinkAttribute.LINK_INFO);
  const statistics = attributes.bytes(LinkAttribute.STATISTICS);
  return {
    index: view.getInt32(4, true),
    name: attributes.text(LinkAttribute.NAME) ?? "",
    kind: info?.text(LinkInfo.KIND),
    type: view.getUint16(2, true),
    flags,
    up: (flags & LinkFlag.UP) !== 0,
    carrier: (flags & LinkFlag.LOWER_UP) !== 0,
    operState: operStates[attributes.u8(LinkAttribute.OPER_STATE) ?? 0] ?? "unknown",
    ...readSizes(attributes),
    address: readAddress(attributes),
    alias: attributes.text(LinkAttribute.ALIAS),
    linkIndex: attributes.u32(LinkAttribute.LINK),
    linkNamespace: attributes.u32(LinkAttribute.LINK_NAMESPACE),
    carrierChanges: attributes.u32(LinkAttribute.CARRIER_CHANGES),
    parentDevice: attributes.text(LinkAttribute.PARENT_DEVICE),
    parentBus: attributes.text(LinkAttribute.PARENT_BUS),
    statistics: statistics === undefined ? undefined : parseStatistics(statistics),
    kindData: info?.bytes(LinkInfo.DATA)?.slice(),
    kindStatistics: info?.bytes(LinkInfo.STATISTICS)?.slice(),
  };
}

function readSizes(attributes: AttributeSet): Pick<NetworkLink, "mtu" | "minMtu" | "maxMtu" | "txQueueLength"> {
  return {
    mtu: attributes.u32(LinkAttribute.MTU) ?? 0,
    // 0 stands for "not said" (Linux, include/linux/netdevice.h, min_mtu and max_mtu).
    minMtu: attributes.u32(LinkAttribute.MIN_MTU) || undefined,
    maxMtu: attributes.u32(LinkAttribute.MAX_MTU) || undefined,
    txQueueLength: attributes.u32(LinkAttribute.TX_QUEUE_LENGTH) ?? 0,
  };
}

function readAddress(attributes: AttributeSet): string | undefined {
  const address = attributes.bytes(LinkAttribute.ADDRESS);
  return address === undefined || address.length === 0 ? undefined : formatMacAddress(address);
}

/** Whether two descriptions of one link differ in anything but what it counted. */
export function isSameLink(one: NetworkLink, other: NetworkLink): boolean {
  return comparable(one) === comparable(other);
}

function comparable(link: NetworkLink): string {
  const kindData = link.kindData === undefined ? undefined : Buffer.from(link.kindData).toString("hex");
  return JSON.stringify({ ...link, statistics: undefined, kindStatistics: undefined, kindData });
}

/** @internal */
export function noSuchLink(name: string | number): IntercellError {
  const what = typeof name === "number" ? `with index ${name}` : JSON.stringify(name);
  return new IntercellError(
    ErrorCode.NOT_FOUND,
    `There is no network interface ${what} in this network namespace: ip link shows those there are`,
    { path: String(name) },
  );
}
