export { checked } from "./native/addon.js";
export {
  describeInterface,
  type InterfaceReport,
  interfaceName,
  startHardwareTimestamps,
} from "./native/can-interface.js";
export {
  type CanReceiverCallback,
  CanSlot,
  closeCanReceiver,
  createCanReceiver,
  unrefCanReceiver,
  watchCanReceiver,
} from "./native/can-receiver.js";
export {
  bindCanSocket,
  CanProtocol,
  connectCanSocket,
  enableTimestamps,
  getSocketOption,
  MAX_SEND_FRAMES,
  openCanSocket,
  SEND_RESULT_BASE,
  sendCanFrames,
  setSocketOption,
} from "./native/can-socket.js";
export { Connection, type ConnectionHandlers, type ConnectionOptions } from "./native/connection.js";
export { closeDescriptor, createEventfd, openDescriptor, reopenReadOnly, writeEventfd } from "./native/descriptor.js";
export { type DriverInfo, readEthtool } from "./native/ethtool.js";
export { readFrames, writeFrames } from "./native/frames.js";
export {
  attachSocketFilter,
  bindIsoTpSocket,
  isIsoTpIdle,
  receiveCanMessage,
  sendIsoTpPdu,
  takeSocketError,
  takesIsoTpPdu,
} from "./native/isotp-socket.js";
export { Listener } from "./native/listener.js";
export { createMemfd, mapMemory, unmapMemory } from "./native/memory.js";
export { type NetlinkOptions, NetlinkProtocol, openNetlink, receiveNetlink, sendNetlink } from "./native/netlink.js";
export { ownProgram } from "./native/own-program.js";
export {
  openPacketSocket,
  type PacketCounts,
  type PacketSocketOptions,
  readPacketCounts,
} from "./native/packet-socket.js";
export { closePoller, createPoller, pollerRef, pollerUnref, setPollerEvents } from "./native/poller.js";
export { mapRegisters, readRegister, unmapRegisters, writeRegister } from "./native/registers.js";
export { type RecordsOptions, writeRecords } from "./native/ring.js";
export {
  createSimRegisters,
  simAttach,
  simClose,
  simDetach,
  simInitialise,
  simInspect,
  simOpen,
} from "./native/sim.js";
export { openTap, setTapCarrier, setTapMtu, setTapUp, type Tap } from "./native/tap.js";
export {
  type CanReceiver,
  type Credentials,
  type Descriptor,
  type MapMemoryOptions,
  type MapRegistersOptions,
  type Message,
  PollEvent,
  type Poller,
  type PollerCallback,
  type PollerOptions,
  type Rearm,
  type Registers,
  type SimDescriptors,
  type SimGeometry,
  type SimHypervisor,
  type SimPeerReport,
  type SimRegistersOptions,
} from "./native/types.js";
export {
  acceptUnix,
  connectUnix,
  listenUnix,
  peerCredentials,
  receiveMessage,
  receiveMessageBlocking,
  sendMessage,
} from "./native/unix-socket.js";
