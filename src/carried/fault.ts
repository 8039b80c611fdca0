/** Why a peer is refused (docs/can-wire.md, section 6). */
export const LinkFault = {
  /** A frame of another version, or of a type that does not exist. */
  version: 1,
  /** The windows of the two sides differ. */
  window: 2,
  /** More than the window, or what was never sent. */
  cursor: 3,
  /** A record or a PDU that cannot be taken apart. */
  record: 4,
  /** A channel announced twice, one that never was, or a name that is none. */
  announce: 5,
  /** A latest value of no topic, or longer than that. */
  latest: 6,
} as const;
export type LinkFault = (typeof LinkFault)[keyof typeof LinkFault];

/** A peer broke the protocol of the link. Stays within the link, which refuses the peer. */
export class LinkBreach extends Error {
  readonly fault: LinkFault;

  constructor(fault: LinkFault, message: string) {
    super(message);
    this.name = "LinkBreach";
    this.fault = fault;
  }
}

export function linkFaultName(fault: number): string {
  const name = Object.entries(LinkFault).find(([, value]) => value === fault)?.[0];
  return name ?? `fault ${fault}`;
}
