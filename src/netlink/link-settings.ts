import { type Attribute, textAttribute, u32Attribute } from "./attribute.js";
import { requireLinkName } from "./list-links.js";
import { parseMacAddress } from "./mac-address.js";
import { LinkAttribute } from "./numbers.js";

/** What any network interface can be set to. What is not given stays as it is. */
export interface LinkSettings {
  /** Bytes; many drivers, `ivshmem-net` and CAN among them, take it only while the interface is down. */
  readonly mtu?: number | undefined;
  /** MAC address, such as `02:00:00:00:00:01`. */
  readonly address?: string | undefined;
  /** Packets that may wait to be sent (txqueuelen). */
  readonly txQueueLength?: number | undefined;
  /** A text for people; empty to remove it. */
  readonly alias?: string | undefined;
}

/** @internal */
export const LINK_SETTINGS: readonly string[] = ["mtu", "address", "txQueueLength", "alias"];

/** Longest alias in bytes (linux/if.h, IFALIASZ). */
const MAX_ALIAS_BYTES = 255;

/**
 * The attributes for settings.
 *
 * @throws TypeError or RangeError for a value that no interface can have.
 */
export function encodeSettings({ mtu, address, txQueueLength, alias }: LinkSettings): readonly Attribute[] {
  const attributes: Attribute[] = [];
  if (address !== undefined) attributes.push({ type: LinkAttribute.ADDRESS, value: parseMacAddress(address) });
  if (mtu !== undefined) attributes.push(u32Attribute(LinkAttribute.MTU, requireCount("mtu", mtu)));
  if (txQueueLength !== undefined) {
    attributes.push(u32Attribute(LinkAttribute.TX_QUEUE_LENGTH, requireCount("txQueueLength", txQueueLength)));
  }
  if (alias !== undefined) {
    if (typeof alias !== "string") throw new TypeError("alias must be a text");
    const { length } = new TextEncoder().encode(alias);
    if (length > MAX_ALIAS_BYTES) throw new RangeError(`alias has ${MAX_ALIAS_BYTES} bytes at most, not ${length}`);
    attributes.push(textAttribute(LinkAttribute.ALIAS, alias));
  }
  return attributes;
}

/** The attribute that gives a link its name. */
export function nameAttribute(name: string): Attribute {
  return textAttribute(LinkAttribute.NAME, requireLinkName(name));
}

function requireCount(name: string, value: number): number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number`);
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw new RangeError(`${name} must be an integer from 0 to 4294967295, not ${value}`);
}
