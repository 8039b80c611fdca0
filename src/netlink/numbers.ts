/** Flags of a message's header (linux/netlink.h). */
export const NetlinkFlag = {
  REQUEST: 0x1,
  ACK: 0x4,
  /** In an answer: what was listed changed meanwhile. */
  DUMP_INTERRUPTED: 0x10,
  /** In an acknowledgement: the request's payload is not repeated. */
  CAPPED: 0x100,
  /** In an acknowledgement: attributes with the reason follow. */
  ACK_TLVS: 0x200,
  DUMP: 0x300,
  EXCLUSIVE: 0x200,
  CREATE: 0x400,
} as const;

/** Types of messages: those of every family (linux/netlink.h), and of rtnetlink (linux/rtnetlink.h). */
export const MessageType = {
  ERROR: 2,
  DONE: 3,
  OVERRUN: 4,
  NEW_LINK: 16,
  DELETE_LINK: 17,
  GET_LINK: 18,
  NEW_ADDRESS: 20,
  GET_ADDRESS: 22,
} as const;

/** Multicast groups of rtnetlink, as a mask (linux/rtnetlink.h, RTMGRP_*). */
export const RouteGroup = { LINK: 0x1 } as const;

/** Flags of an interface (linux/if.h, IFF_*). */
export const LinkFlag = { UP: 0x1, RUNNING: 0x40, LOWER_UP: 0x10000 } as const;

/** Attributes of a link (linux/if_link.h, IFLA_*). */
export const LinkAttribute = {
  ADDRESS: 1,
  NAME: 3,
  MTU: 4,
  LINK: 5,
  TX_QUEUE_LENGTH: 13,
  OPER_STATE: 16,
  LINK_INFO: 18,
  NAMESPACE_PID: 19,
  ALIAS: 20,
  STATISTICS: 23,
  NAMESPACE_DESCRIPTOR: 28,
  CARRIER_CHANGES: 35,
  LINK_NAMESPACE: 37,
  MIN_MTU: 50,
  MAX_MTU: 51,
  PARENT_DEVICE: 56,
  PARENT_BUS: 57,
} as const;

/** Attributes in the nest `LINK_INFO` (linux/if_link.h, IFLA_INFO_*). */
export const LinkInfo = { KIND: 1, DATA: 2, STATISTICS: 3 } as const;

/** The one attribute of `LinkInfo.DATA` of a pair (linux/veth.h VETH_INFO_PEER, linux/can/vxcan.h VXCAN_INFO_PEER). */
export const PAIR_PEER = 1;

/** Attributes of an address (linux/if_addr.h, IFA_*). */
export const AddressAttribute = { ADDRESS: 1, LOCAL: 2, FLAGS: 8 } as const;

/** Longest name of an interface in bytes: IFNAMSIZ without the NUL (linux/if.h). */
export const MAX_LINK_NAME_BYTES = 15;
