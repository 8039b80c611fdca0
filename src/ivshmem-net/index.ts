export type { DriverInfo } from "../native.js";
export { addAddress, findLinkLocalAddress, type LinkAddress, listAddresses } from "../netlink/address.js";
export { type CaptureOptions, captureNet, type NetCapture } from "./capture.js";
export {
  type IvshmemNet,
  type IvshmemNetEvents,
  type IvshmemNetOptions,
  type NetDownReason,
  openIvshmemNet,
} from "./endpoint.js";
export { EtherType } from "./ethernet/frame.js";
export type { FramePort, FramePortEvents } from "./ethernet/frame-port.js";
export {
  openPacketSocket,
  type PacketSocket,
  type PacketSocketEvents,
  type PacketSocketOptions,
  type PacketSocketStatistics,
} from "./ethernet/packet-socket.js";
export type { EthernetLink, EthernetLinkStatistics } from "./ethernet-link/link.js";
export { openEthernetLink } from "./ethernet-link/open.js";
export type { EthernetLinkOptions } from "./ethernet-link/options.js";
export type { FrameBatch } from "./frame-batch.js";
export type { FrameReader, FramesOptions } from "./frame-reader.js";
export { type NetGeometry, netGeometry } from "./geometry.js";
export type { FrameListener } from "./inbox.js";
export {
  describeNetInterface,
  listNetInterfaces,
  type NetInterface,
  type NetInterfaceOptions,
  readNetStatistics,
} from "./interface.js";
export { configureNetInterface, type NetInterfaceSettings } from "./interface-settings.js";
export {
  type NetInterfaceState,
  type NetInterfaceWatcher,
  type NetInterfaceWatcherEvents,
  type NetInterfaceWatcherOptions,
  openNetInterfaceWatcher,
} from "./interface-watcher.js";
export type { NetLink } from "./link/link.js";
export { openNetLink } from "./link/open.js";
export { DEFAULT_PORT as DEFAULT_NET_LINK_PORT, type NetLinkOptions, type NetRole } from "./link/options.js";
export type { NetLinkStatistics } from "./link/statistics.js";
export type { FrameObserver } from "./observers.js";
export { maxPingBytes, type PingEcho, type PingOptions, type PingStation, pingPeer } from "./ping/ping.js";
export type { PingReport } from "./ping/report.js";
export type { RoundTripSummary } from "./ping/round-trip-times.js";
export type { SessionStatistics } from "./reliable/statistics.js";
export { NET_PROTOCOL } from "./rings.js";
export { NetState, netStateName } from "./state.js";
export type { IvshmemNetStatistics } from "./statistics.js";
export { type AttachTapOptions, attachTap, type TapAttachment, type TapEvents, type TapStatistics } from "./tap.js";
export { waitForPeer } from "./wait-for-peer.js";
