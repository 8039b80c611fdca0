export {
  attributeDefinition,
  attributeValue,
  cycleTimeMs,
  frameFormat,
  hasBitRateSwitch,
  isFdMessage,
  isJ1939Message,
  startValue,
} from "./attribute.js";
export { createMessageCodec, type MessageCodec, type Physical } from "./codec.js";
export {
  type AnyMessages,
  type CanDatabase,
  createDatabase,
  type DatabaseOptions,
  type DatabaseTypes,
  type DecodedMessage,
  type MessageTypes,
} from "./database.js";
export type { DbcFinding, DbcSeverity } from "./finding.js";
export { encodeDbc, type FormatDbcOptions, formatDbc } from "./format.js";
export { lintDbc } from "./lint.js";
export type {
  Dbc,
  DbcAttributeDefinition,
  DbcAttributes,
  DbcAttributeType,
  DbcAttributeValue,
  DbcEncoding,
  DbcEnvironmentVariable,
  DbcMessage,
  DbcMultiplexing,
  DbcNode,
  DbcObject,
  DbcObjectKind,
  DbcRange,
  DbcRelation,
  DbcRelationKind,
  DbcSignal,
  DbcSignalGroup,
  DbcSignalType,
  DbcValueNames,
  DbcValueTable,
} from "./model.js";
export type { DbcNumber } from "./number.js";
export type { CodecOptions, LenientPolicy, RangePolicy } from "./options.js";
export { MAX_DBC_BYTES, type ParseDbcOptions, parseDbc, readDbc } from "./parse.js";
export { pgnOf } from "./pgn.js";
export { type ValueTypes, valueTypes } from "./plan.js";
export type { SignalValue } from "./to-raw.js";
