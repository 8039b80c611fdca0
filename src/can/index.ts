export { LinkFault as CanLinkFault, linkFaultName as canLinkFaultName } from "../carried/fault.js";
export type { CarriedLinkStatistics as CanLinkStatistics } from "../carried/statistics.js";
export { arbitrationKey } from "./arbitration.js";
export {
  type BitLength,
  type BitRates,
  classicBitBounds,
  frameBits,
  type TimedFrame,
  wireTimeNs,
} from "./bit-length.js";
export {
  type BroadcastManager,
  type BroadcastManagerEvents,
  type BroadcastStatistics,
  type ContentWatch,
  type ContentWatchEvents,
  type CyclicTransmission,
  type CyclicTransmissionEvents,
  MAX_CYCLE_FRAMES,
  MAX_PERIOD_MS,
  type MultiplexPage,
  type TransmitOptions,
  type UpdateOptions,
  type WatchOptions,
} from "./broadcast/broadcast.js";
export { openBroadcastManager } from "./broadcast/manager.js";
export type {
  CanBus,
  CanBusEvents,
  CanBusOptions,
  CanBusStatistics,
  CanBusStatus,
  CanListenOptions,
  CanReceiveOptions,
  CanSendOptions,
  CanSubscription,
  FrameOrigin,
  ReceivedFrame,
  Timestamp,
} from "./bus.js";
export { type CanClock, type ClockTimer, systemClock } from "./clock.js";
export {
  fdDlcOfLength,
  fdLengthOfDlc,
  MAX_CLASSIC_LENGTH,
  MAX_DLC,
  MAX_FD_LENGTH,
  MAX_XL_LENGTH,
} from "./dlc.js";
export {
  ALL_ERRORS,
  type ControllerProblem,
  controllerProblems,
  ErrorClass,
  ErrorThreshold,
  type ProtocolLocation,
  type ProtocolViolation,
  protocolLocations,
  protocolViolations,
  type WireFault,
  wireFaults,
} from "./error-class.js";
export {
  type CanErrorReport,
  decodeErrorFrame,
  describeErrorFrame,
  emptyErrorReport,
  encodeErrorFrame,
  type ProtocolReport,
  type TransceiverReport,
} from "./error-report.js";
export {
  type CanFilter,
  type CheckedFilterSet,
  createMatcher,
  decodeFilters,
  encodeFilters,
  exactFilter,
  type FilterSet,
  invertFilter,
  MAX_FILTERS,
  maskFilter,
  passAll,
  remoteFilter,
} from "./filter.js";
export { parseFilters } from "./filter-text.js";
export {
  type CanFrame,
  type DataFrame,
  dataFrame,
  type ErrorFrame,
  errorFrame,
  type FdFrame,
  type FdFrameOptions,
  type FrameBytes,
  fdFrame,
  type RemoteFrame,
  remoteFrame,
  type XlFrame,
  type XlFrameOptions,
  xlFrame,
} from "./frame.js";
export {
  type CanId,
  type ExtendedId,
  extendedId,
  formatId,
  idBits,
  isCanId,
  isExtended,
  MAX_EXTENDED_ID,
  MAX_STANDARD_ID,
  parseId,
  type StandardId,
  standardId,
} from "./id.js";
export type { BitTiming, BitTimingLimits, Range } from "./interface/bit-timing.js";
export {
  type CalculateBitTimingOptions,
  calculateBitTiming,
  recommendedSamplePoint,
} from "./interface/calculate-bit-timing.js";
export { type CanSettings, configureCanInterface, restartCanInterface } from "./interface/configure.js";
export type {
  CanController,
  CanControllerStatistics,
  CanDelayCompensation,
  CanErrorCounters,
  CanState,
} from "./interface/controller.js";
export { type CanMode, canModes } from "./interface/controller-mode.js";
export {
  type CreateVcanOptions,
  type CreateVxcanOptions,
  createVcan,
  createVxcan,
  deleteCanInterface,
} from "./interface/create.js";
export { type CanInterface, describeCanInterface, listCanInterfaces } from "./interface/interface.js";
export {
  type CanInterfaceWatcher,
  type CanInterfaceWatcherEvents,
  type CanInterfaceWatcherOptions,
  openCanInterfaceWatcher,
} from "./interface/watcher.js";
export {
  type ExtendedPair,
  extendedAddress,
  type FixedPair,
  type IdPair,
  type IsoTpAddress,
  type MixedFixedPair,
  type MixedPair,
  mixedAddress,
  mixedFixedAddress,
  normalAddress,
  normalFixedAddress,
} from "./isotp/address.js";
export { openIsoTp } from "./isotp/bus-endpoint.js";
export type {
  IsoTpEndpoint,
  IsoTpEvents,
  IsoTpSendOptions,
  IsoTpStatistics,
  IsoTpSubscription,
} from "./isotp/endpoint.js";
export { openKernelIsoTp } from "./isotp/kernel-endpoint.js";
export type { KernelIsoTpOptions } from "./isotp/kernel-options.js";
export type { IsoTpCommonOptions, IsoTpOptions } from "./isotp/options.js";
export { IsoTpReason } from "./isotp/reason.js";
export { decodeFrame, encodeFrame, FrameBytesOf, frameSizeBytes, idWord, MAX_FRAME_BYTES } from "./layout.js";
export type { CanLink } from "./link/link.js";
export { type CanNode, type CanNodeEvents, type CanNodeOptions, openCan } from "./link/node.js";
export { type AscOptions, type AscReadOptions, type AscWriteOptions, readAscLog, writeAscLog } from "./log/asc.js";
export type { AscTimeZone } from "./log/asc-date.js";
export {
  type CandumpLogOptions,
  formatCandumpLine,
  parseCandumpLine,
  readCandumpLog,
  writeCandumpLog,
} from "./log/candump.js";
export { LogReader, type LogReadOptions, type LogReadStatistics, type LogSource } from "./log/reader.js";
export { type LogDirection, type LogRecord, logRecordOf } from "./log/record.js";
export {
  createReplay,
  type Replay,
  type ReplayOptions,
  type ReplayReport,
  type ReplaySource,
  type ReplayTarget,
} from "./log/replay.js";
export { createManualClock, type ManualClock } from "./manual-clock.js";
export {
  type MappedReceiver,
  type MappedReceiverEvents,
  type MappedReceiverStatistics,
  type MappedStatus,
  openMappedReceiver,
  type WithheldReason,
} from "./mapped/mapped-receiver.js";
export {
  type MappedSender,
  type MappedSenderStatistics,
  openMappedSender,
} from "./mapped/mapped-sender.js";
export { type MappedLayout, type MappedMessage, type SendMode, structLayout } from "./mapped/message.js";
export type { CycleTiming, MappedOptions, MappedSenderOptions } from "./mapped/options.js";
export {
  autosarProfile1,
  autosarProfile2,
  type J1850Options,
  j1850Checksum,
  type Profile1Options,
  type Protection,
} from "./mapped/protection.js";
export { ALL_INTERFACES, openSocketCan, type SocketCanBus } from "./socket-can.js";
export type { SocketCanOptions } from "./socket-options.js";
export { formatFrame, MAX_FRAME_TEXT, parseFrame } from "./text.js";
export { addNs, elapsedNs, type FractionDigits, formatTimestamp } from "./timestamp.js";
export { createVirtualBus, type LocalBusOptions, type VirtualBus } from "./virtual/bus.js";
export type { VirtualCan } from "./virtual/can.js";
export type { FateOf, FrameFate, VirtualFaults } from "./virtual/faults.js";
export type { VirtualBusStatistics } from "./virtual/medium.js";
export type { ControllerState, NodeReport } from "./virtual/node.js";
export { openVirtualCan, type VirtualCanOptions } from "./virtual/open.js";
export type { VirtualBusOptions, VirtualHandleOptions } from "./virtual/options.js";
