import { constants } from "node:os";
import { requireKnownKeys } from "../errors.js";
import { type Attribute, concatenate, encodeAttributes } from "./attribute.js";
import { encodeLinkHeader, type NetworkLink } from "./link.js";
import { encodeSettings, LINK_SETTINGS, type LinkSettings, nameAttribute } from "./link-settings.js";
import { describeLink, withRoute } from "./list-links.js";
import { type NetworkNamespace, withNamespace } from "./namespace.js";
import { LinkAttribute, LinkFlag, LinkInfo, MessageType } from "./numbers.js";

/** What to change of a network interface. */
export interface LinkChange extends LinkSettings {
  /** Takes it down before, or up after all else is set. */
  readonly up?: boolean | undefined;
  /** Its new name. An interface that is up may refuse. */
  readonly name?: string | undefined;
  /** The network namespace to move it into, where it is down at first. Any other change is made there. */
  readonly namespace?: NetworkNamespace | undefined;
}

const LINK_CHANGES = [...LINK_SETTINGS, "up", "name", "namespace"];

/** What may go wrong with a change, and what to do. */
export const changeAdvice: Readonly<Record<number, string>> = {
  [constants.errno.EPERM]: "Run as root, or give this process CAP_NET_ADMIN.",
  [constants.errno.EBUSY]: "Take the interface down first.",
};

/**
 * Changes a network interface. Needs CAP_NET_ADMIN.
 *
 * @param name - Its name or index.
 * @throws TypeError or RangeError for a change that makes no sense.
 * @throws IntercellError `ERR_NOT_FOUND`, or the errno's name: what the kernel had set before stays set.
 */
export function setLink(name: string | number, change: LinkChange): void {
  requireKnownKeys("setLink", change, LINK_CHANGES);
  const renamed = change.name === undefined ? [] : [nameAttribute(change.name)];
  const attributes = [...encodeSettings(change), ...renamed];
  const link = describeLink(name);
  if (change.up === false) changeLink(link, [], false, `take ${link.name} down`);
  const up = change.up === true ? true : undefined;
  withNamespace(change.namespace, (moved) => {
    const all = [...moved, ...attributes];
    if (all.length === 0 && up === undefined) return;
    const wanted = all.length === 0 ? `take ${link.name} up` : `change ${describeChange(change)} of ${link.name}`;
    // One request, in which the kernel moves first and takes up last (Linux, net/core/rtnetlink.c, do_setlink).
    changeLink(link, all, up, wanted);
  });
}

/** @internal Sets what only the link's kind knows (IFLA_INFO_DATA). */
export function setKindData(
  link: NetworkLink,
  data: readonly Attribute[],
  wanted: string,
  advice = changeAdvice,
): void {
  const info = [
    { type: LinkInfo.KIND, value: new TextEncoder().encode(link.kind ?? "") },
    { type: LinkInfo.DATA, value: data },
  ];
  changeLink(link, [{ type: LinkAttribute.LINK_INFO, value: info }], undefined, wanted, advice);
}

function changeLink(
  link: NetworkLink,
  attributes: readonly Attribute[],
  up: boolean | undefined,
  wanted: string,
  advice = changeAdvice,
): void {
  const header = encodeLinkHeader(link.index, up === true ? LinkFlag.UP : 0, up === undefined ? 0 : LinkFlag.UP);
  const payload = concatenate([header, encodeAttributes(attributes)]);
  const call = "RTM_NEWLINK";
  withRoute((route) => route.request({ type: MessageType.NEW_LINK, payload, wanted, call, path: link.name, advice }));
}

function describeChange(change: LinkChange): string {
  const words: Readonly<Record<string, string>> = { txQueueLength: "txqueuelen", address: "MAC address", mtu: "MTU" };
  const given = Object.entries(change).filter(([key, value]) => key !== "up" && value !== undefined);
  return given.map(([key, value]) => `${words[key] ?? key} ${describeValue(value)}`).join(", ");
}

function describeValue(value: unknown): string {
  return typeof value === "object" ? `to ${JSON.stringify(value)}` : `to ${String(value)}`;
}
